//! Connections that a buffer held up over the window.

use crate::fact::socket::{Bulk, Capped, Examined, TcpState, receive_capped, send_capped};
use crate::fact::{Sample, Snapshot, Value};
use crate::rule::expr::{Lookup, Missing, Why};

/// The number of such connections, the peer of the fastest, or the largest buffer among them; `None` for
/// any other fact.
pub(super) fn capped(snapshot: &Snapshot, fact: &str) -> Option<Lookup> {
    let (found, part) = if let Some(part) = fact.strip_prefix("socket.receive_capped") {
        (receiving(snapshot), part)
    } else {
        (sending(snapshot), fact.strip_prefix("socket.send_capped")?)
    };
    let part: fn(Capped) -> Option<Value> = match part {
        "" => |found| Some(Value::Int(i64::try_from(found.count).unwrap_or(i64::MAX))),
        "_top" => |found| found.top.map(|peer| Value::Text(peer.to_string())),
        "_buffer" => |found| found.buffer.map(|size| Value::Int(i64::from(size))),
        _ => return None,
    };
    let value = found.and_then(|found| part(found).ok_or(Why::Absent));
    let missing = |why| Lookup::Missing(Missing::new(fact, why));
    Some(value.map_or_else(missing, Lookup::Value))
}

fn receiving(snapshot: &Snapshot) -> Result<Capped, Why> {
    over(
        snapshot,
        "socket.receive_capped",
        |examined| examined.receiving.as_ref(),
        receive_capped,
    )
}

fn sending(snapshot: &Snapshot) -> Result<Capped, Why> {
    over(
        snapshot,
        "socket.send_capped",
        |examined| examined.sending.as_ref(),
        send_capped,
    )
}

fn over<T>(
    snapshot: &Snapshot,
    fact: &str,
    kept: impl Fn(&Examined) -> Option<&Bulk<T>>,
    compare: impl Fn(&Bulk<T>, &Bulk<T>, f64) -> Capped,
) -> Result<Capped, Why> {
    let earlier = snapshot.earlier.as_ref().ok_or(Why::OneSample)?;
    let seconds = snapshot.window_seconds().ok_or(Why::OneSample)?;
    let before = of(earlier, fact, &kept)?;
    let now = of(&snapshot.now, fact, &kept)?;
    let found = compare(before, now, seconds);
    // Of a part of the connections that none is held up says nothing of the others.
    for sample in [earlier, &snapshot.now] {
        if let Some(sockets) = &sample.sockets
            && let Some(examined) = &sockets.summary.examined
            && let Some(why) = examined.says_too_little(
                found.count,
                1,
                sockets.summary.count(TcpState::Established),
            )
        {
            return Err(Why::Denied(why));
        }
    }
    Ok(found)
}

fn of<'s, T>(
    sample: &'s Sample,
    fact: &str,
    kept: impl Fn(&'s Examined) -> Option<&'s Bulk<T>>,
) -> Result<&'s Bulk<T>, Why> {
    let unread = |what: &str| Why::NotCollected(what.to_owned());
    let sockets = sample.sockets.as_ref();
    let sockets = sockets.ok_or_else(|| unread("sockets could not be read"))?;
    if let Some(why) = sockets.why_unread(fact) {
        return Err(Why::Denied(why.to_owned()));
    }
    let examined = sockets.summary.examined.as_ref();
    let examined = examined.ok_or_else(|| unread("needs sock_diag"))?;
    kept(examined).ok_or_else(|| unread("buffers of connections could not be read"))
}
