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
        let many = count(holding.kernel);
        held.push(match state {
            // `sk_socket` is set by `accept`; until then there is no inode (`sock_i_ino`).
            TcpState::Established | TcpState::CloseWait => {
                format!("{many} of no process yet: they wait in an accept queue, or belong to the kernel")
            }
            _ => format!("{many} of no process: the kernel ends them"),
        });
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

#[cfg(test)]
mod tests {
    use super::super::Basis;
    use super::*;
    use crate::fact::socket::Holding;
    use crate::fact::{Reading, Sample, Snapshot, Value};

    /// What is said of 9,000 sockets in a state, of which some were looked at and none is held.
    fn said(state: TcpState, looked_at: u64) -> Vec<String> {
        let mut sample = Sample::default();
        let all = Reading::Known(Value::Int(9000));
        let fact = format!("socket.{}", state.name());
        sample.readings.insert(fact, all);
        let snapshot = Snapshot::new(None, sample);
        let holding = Holding {
            looked_at,
            of: 9000,
            kernel: looked_at,
            ..Holding::default()
        };
        let now = Now {
            basis: Basis::Host,
            snapshot: &snapshot,
            kernel: None,
            no_files: None,
            holding: Some(&holding),
        };
        let rows = here(state, &now, &mut Vec::new());
        rows.into_iter().map(|row| row.text).collect()
    }

    #[test]
    fn what_waits_to_be_accepted_is_not_called_the_kernels() {
        for state in [TcpState::Established, TcpState::CloseWait] {
            let held = &said(state, 9000)[1];
            assert!(held.contains("wait in an accept queue"), "{held}");
            assert!(!held.contains("ends them"), "{held}");
        }
        let held = &said(TcpState::FinWait2, 9000)[1];
        assert_eq!(held, "9,000 of no process: the kernel ends them");
    }

    #[test]
    fn a_part_that_was_looked_at_is_said_to_be_one() {
        let rows = said(TcpState::FinWait2, 4096);
        assert_eq!(rows[2], "4,096 of 9,000 looked at, an even part");
        assert_eq!(said(TcpState::FinWait2, 9000).len(), 2);
    }
}
