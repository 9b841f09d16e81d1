//! A state of TCP sockets.

use super::{Now, Row, Section, Told, key, timing};
use crate::fact::socket::{Ranked, TcpState};
use crate::render::quantity::count;
use crate::topic::{State, Topic};

/// The whole explanation.
pub(super) fn sections(
    topic: &Topic,
    text: &State,
    now: &Now<'_>,
    values: &mut Vec<Told>,
) -> Vec<Section> {
    let here =
        TcpState::of_ss_name(&topic.name).map_or_else(Vec::new, |state| here(state, now, values));
    [
        Section::text("", Some(&text.means)),
        Section::rows(&now.place(), here),
        Section::text("Who must act next", Some(&text.next)),
        Section::text("Whose they are", Some(&text.whose)),
        Section::text("How long it lasts", Some(&text.lasts)),
        timing::section(&text.timings, now, values),
        Section::text("When many are a fault", Some(&text.fault)),
        Section::text("What helps", Some(&text.helps)),
        Section::list("How a socket comes here", text.enter.clone()),
        Section::list("How it leaves", text.leave.clone()),
        Section::list("Said about it, and wrong", key::wrong(topic)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Where a state stands in the life of a connection.
pub(super) fn order(name: &str) -> Option<usize> {
    const LIFE: [TcpState; 11] = [
        TcpState::Closed,
        TcpState::Listening,
        TcpState::SynSent,
        TcpState::SynRecv,
        TcpState::Established,
        TcpState::FinWait1,
        TcpState::FinWait2,
        TcpState::Closing,
        TcpState::TimeWait,
        TcpState::CloseWait,
        TcpState::LastAck,
    ];
    LIFE.iter().position(|state| state.ss_name() == name)
}

/// How many, and whose.
fn here(state: TcpState, now: &Now<'_>, values: &mut Vec<Told>) -> Vec<Row> {
    let fact = format!("socket.{}", state.name());
    let Some(total) = now.count(&fact) else {
        return Vec::new();
    };
    values.push(Told::known(fact, total.to_string(), Some("sockets")));
    let of = |family: &str| now.count(&format!("socket.{family}.{}", state.name()));
    let sampled = &now.snapshot.now.sampled;
    let margin = sampled.get(&format!("socket.ipv6.{}", state.name()));
    let families = match (of("ipv4"), of("ipv6"), margin) {
        (Some(four), Some(six), None) if total > 0 => {
            format!(" ({} on IPv4 sockets, {} on IPv6)", count(four), count(six))
        }
        // The kernel tells the number of those in TIME_WAIT, not of each family.
        (Some(four), Some(six), Some(margin)) if total > 0 => format!(
            " (~{} on IPv4 sockets, ~{} on IPv6; sampled {}, ±{})",
            count(four),
            count(six),
            count(margin.looked_at),
            count(margin.error)
        ),
        _ => String::new(),
    };
    let mut rows = vec![Row::new("now", format!("{}{families}", count(total)))];
    let Some(holding) = now.holding.filter(|_| total > 0) else {
        return rows;
    };
    let mut held: Vec<String> = named(&holding.processes);
    if holding.unseen > 0 {
        held.push(format!(
            "{} of processes not visible here",
            count(holding.unseen)
        ));
    }
    if holding.kernel > 0 {
        held.push(format!(
            "{} of no process: the kernel ends them",
            count(holding.kernel)
        ));
    }
    if !held.is_empty() {
        rows.push(Row::new("held by", held.join("; ")));
    }
    if !holding.ends.is_empty() {
        rows.push(Row::new("most", named(&holding.ends).join("; ")));
    }
    if holding.looked_at < holding.of {
        let text = format!(
            "{} of {} looked at, an even part",
            count(holding.looked_at),
            count(holding.of)
        );
        rows.push(Row::new("sampled", text));
    }
    rows
}

fn named(groups: &[Ranked]) -> Vec<String> {
    let named = groups.iter();
    named
        .map(|group| format!("{} {}", count(group.count), group.name))
        .collect()
}
