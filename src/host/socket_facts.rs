//! The sockets of a sample, and the facts that rules read from them.

use crate::fact::socket::{Family, Listener, PortOccupancy, SocketSource, Sockets, TcpState};
use crate::fact::{FactClass, Reading, Sample, Value, vocabulary};

use super::collect::{Moment, Source};
use super::sockets::{self, CollectOptions};

/// How many descriptors are looked at to find the owners of suspicious sockets: about a third of a
/// second on a slow machine.
const OWNER_BUDGET: usize = 200_000;

/// The kernel's default range, for when the setting cannot be read.
const DEFAULT_RANGE: (u16, u16) = (32_768, 60_999);

/// Reads all TCP sockets into the sample; at the end of a window the owners of suspicious ones too.
pub(super) fn collect(source: &Source, moment: Moment<'_>, sample: &mut Sample) {
    let range = match sample
        .readings
        .get("sysctl.net.ipv4.ip_local_port_range")
        .and_then(Reading::value)
    {
        Some(Value::Range([low, high])) => match (u16::try_from(*low), u16::try_from(*high)) {
            (Ok(low), Ok(high)) => (low, high),
            _ => DEFAULT_RANGE,
        },
        _ => DEFAULT_RANGE,
    };
    let options = if source.is_recorded() {
        CollectOptions::recorded(range, &source.net())
    } else {
        CollectOptions::live(range)
    };
    let mut found = match sockets::collect(&options) {
        Ok(found) => found,
        Err(error) => {
            sample
                .notes
                .push(format!("sockets cannot be read: {error}"));
            return;
        }
    };
    sample.notes.append(&mut found.notes);
    if found.source == SocketSource::ProcTables && !source.is_recorded() {
        let note =
            "sock_diag is refused here: timers, queue bounds and ages of sockets are unknown";
        sample.notes.push(note.to_owned());
    }
    if let Moment::End(earlier) = moment
        && !source.is_recorded()
        && is_suspicious(&found, earlier)
    {
        let search = sockets::attribute(&mut found, source.proc(), OWNER_BUDGET);
        if search.found.len() < search.wanted && search.hidden > 0 {
            // Root of a container lacks it, and so does root where a process is guarded.
            let why = if rustix::process::geteuid().is_root() {
                "needs CAP_SYS_PTRACE"
            } else {
                "needs root"
            };
            let unseen = search.wanted - search.found.len();
            let note = format!("owners of {unseen} socket(s) are not visible: {why}");
            sample.notes.push(note);
        }
        if search.budget_spent {
            sample.notes.push(format!(
                "owners named for {} of {} sockets",
                search.found.len(),
                search.wanted
            ));
        }
    }
    facts(&found, range, sample);
    sample.sockets = Some(found);
}

/// Whether some socket is worth the search for its owner: a full or dropping listener, or CLOSE-WAIT
/// sockets of an age at which they may be leaked. The search costs about three times as much as all
/// the rest, so a moment of half-closed connections does not start it.
fn is_suspicious(found: &Sockets, earlier: Option<&Sample>) -> bool {
    let before = earlier.and_then(|sample| sample.sockets.as_ref());
    let dropped = |one: &Listener| {
        let old = before.and_then(|sockets| sockets.listener(one));
        match (one.drops, old.and_then(|old| old.drops)) {
            (Some(now), Some(then)) => now > then,
            (Some(now), None) => now > 0,
            _ => false,
        }
    };
    let full = |one: &Listener| one.queue > 0 && one.bound.is_none_or(|bound| one.queue >= bound);
    let leaking = found
        .summary
        .close_wait_ages
        .as_ref()
        .is_some_and(|ages| ages.older_60s > 0);
    leaking || found.listeners.iter().any(|one| dropped(one) || full(one))
}

fn facts(found: &Sockets, range: (u16, u16), sample: &mut Sample) {
    let summary = &found.summary;
    let mut put = |name: String, reading: Reading<Value>| {
        sample.readings.insert(format!("socket.{name}"), reading);
    };
    for state in TcpState::ALL {
        let name = state.name();
        put(name.to_owned(), known(summary.count(state)));
        put(
            format!("ipv4.{name}"),
            known(summary.of(Family::Ipv4).get(state)),
        );
        put(
            format!("ipv6.{name}"),
            known(summary.of(Family::Ipv6).get(state)),
        );
    }
    let timers = [
        ("established_keepalive", summary.established_keepalive),
        ("established_backoff", summary.established_backoff),
        ("fin_wait_1_backoff", summary.fin_wait_1_backoff),
        ("established_stuck", summary.established_stuck),
        ("last_ack_backoff", summary.last_ack_backoff),
        ("closing_backoff", summary.closing_backoff),
        ("syn_sent_backoff", summary.syn_sent_backoff),
        ("syn_recv_backoff", summary.syn_recv_backoff),
    ];
    for (name, count) in timers {
        put(name.to_owned(), told(count));
    }
    for (name, count) in [
        ("incoming", summary.incoming),
        ("outgoing", summary.outgoing),
        ("fin_wait_1_orphaned", summary.fin_wait_1_orphaned),
        ("fin_wait_2_orphaned", summary.fin_wait_2_orphaned),
    ] {
        put(name.to_owned(), known(count));
    }
    let ages = summary.close_wait_ages.as_ref();
    let older = [
        ("close_wait_older_10s", ages.map(|ages| ages.older_10s)),
        ("close_wait_older_60s", ages.map(|ages| ages.older_60s)),
        ("close_wait_older_600s", ages.map(|ages| ages.older_600s)),
        ("close_wait_older_3600s", ages.map(|ages| ages.older_3600s)),
    ];
    for (name, count) in older {
        put(name.to_owned(), told(count));
    }
    let stuck_is_told = summary.established_stuck.is_some();
    for (name, ranked, is_told) in [
        ("close_wait_owner", &summary.close_wait_owner, true),
        ("syn_sent_top", &summary.syn_sent_top, true),
        (
            "established_stuck_top",
            &summary.established_stuck_top,
            stuck_is_told,
        ),
    ] {
        let (text, count) = match ranked {
            _ if !is_told => (told(None), told(None)),
            Some(ranked) => (
                Reading::Known(Value::Text(ranked.name.clone())),
                known(ranked.count),
            ),
            None => (Reading::Absent, Reading::Absent),
        };
        put(name.to_owned(), text);
        put(format!("{name}_count"), count);
    }
    let info = vocabulary().filter(|spec| spec.class == FactClass::Stored);
    for spec in info.filter(|spec| spec.source == "sock_diag, tcp_info") {
        let unread = Reading::Denied("tcp_info is not read".to_owned());
        sample.readings.insert(spec.name.to_owned(), unread);
    }
    ports(&found.ports, range, sample);
}

/// The services that a wider range would take in. Those on reserved ports are safe from it; where the
/// list cannot be read, all of them count.
fn ports(held: &PortOccupancy, (low, high): (u16, u16), sample: &mut Sample) {
    let list = sample
        .readings
        .get("sysctl.net.ipv4.ip_local_reserved_ports")
        .and_then(Reading::value);
    let reserved = match list {
        Some(Value::Ports(ranges)) => ranges.as_slice(),
        _ => &[],
    };
    let count = |low, high| {
        let refused = || Reading::Denied("UDP ports cannot be read".to_owned());
        held.held(low, high, reserved).map_or_else(refused, known)
    };
    let below = if low > FLOOR {
        count(FLOOR, low - 1)
    } else {
        known(0)
    };
    let above = if high < u16::MAX {
        count(high + 1, u16::MAX)
    } else {
        known(0)
    };
    for (fact, reading) in [("below", below), ("above", above)] {
        let fact = format!("port.listeners_{fact}");
        sample.readings.insert(fact, reading);
    }
}

/// The lowest port that is ever recommended for automatic choice.
const FLOOR: u16 = 16_384;

fn known(count: u64) -> Reading<Value> {
    Reading::Known(Value::Int(i64::try_from(count).unwrap_or(i64::MAX)))
}

/// A count the source may not be able to tell; then it is refused, not zero.
fn told(count: Option<u64>) -> Reading<Value> {
    count.map_or_else(|| Reading::Denied("needs sock_diag".to_owned()), known)
}
