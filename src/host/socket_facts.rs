//! The sockets of a sample, and the facts that rules read from them.

use crate::fact::socket::{
    BufferLimits, Examined, Family, PortOccupancy, Ranked, SocketSource, Sockets, TcpState,
};
use crate::fact::{FactClass, Reading, Sample, Value, vocabulary};

use super::attribution::{self, Flagged, attribute};
use super::collect::{Moment, Needs, Source};
use super::sockets::{self, CollectOptions, Examine, Look};

/// The kernel's default range, for when the setting cannot be read.
const DEFAULT_RANGE: (u16, u16) = (32_768, 60_999);

/// Reads all TCP sockets into the sample; at the end of a window the owners of suspicious ones too.
pub(super) fn collect(source: &Source, needs: &Needs, moment: Moment<'_>, sample: &mut Sample) {
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
    let options = CollectOptions {
        ages: needs.any("socket.close_wait_o"),
        samples: is_end(moment) && SAMPLED.iter().any(|fact| needs.any(fact)),
        udp: is_end(moment) && SERVICES.iter().any(|fact| needs.any(fact)),
        ..options
    };
    let options = options
        .examining(examine(needs, moment, sample))
        .walking(source.walk());
    let Look { sockets, sampled } = match sockets::look(&options) {
        Ok(look) => look,
        Err(error) => {
            refuse(error.reason(), sample);
            sample
                .notes
                .push(format!("sockets cannot be read: {error}"));
            return;
        }
    };
    let mut found = sockets;
    sample.sampled = sampled;
    sample.notes.append(&mut found.notes);
    if found.source == SocketSource::ProcTables && !source.is_recorded() {
        let note =
            "sock_diag is refused here: timers, queue bounds and ages of sockets are unknown";
        sample.notes.push(note.to_owned());
    }
    if let Moment::End(earlier) = moment
        && needs.owners()
        && !source.is_recorded()
    {
        let flagged = Flagged::since(earlier, &found);
        if !flagged.is_empty() {
            let owners = attribute(&mut found, &flagged, source.proc(), attribution::BUDGET);
            let coverage = attribution::coverage(&owners, &found, &flagged);
            sample.notes.extend(coverage);
        }
    }
    facts(&found, &options, sample);
    sample.sockets = Some(found);
}

/// Facts that rest on a sample where sockets are many. Those of the start of a window are never read.
const SAMPLED: [&str; 6] = [
    "destination.",
    "socket.established_",
    "socket.incoming",
    "socket.outgoing",
    "socket.ipv4.time_wait",
    "socket.ipv6.time_wait",
];

/// Facts that rest on the local ports that services hold; those too are never read of the start.
const SERVICES: [&str; 2] = ["port.listeners", "port.reserved_and_services"];

const fn is_end(moment: Moment<'_>) -> bool {
    matches!(moment, Moment::End(_))
}

/// Notes why no fact of sockets is known.
fn refuse(why: &str, sample: &mut Sample) {
    let of_sockets = |name: &str| {
        ["socket.", "port.listeners"]
            .iter()
            .any(|one| name.starts_with(one))
    };
    for spec in vocabulary() {
        if spec.class == FactClass::Stored && of_sockets(spec.name) {
            let reading = Reading::Denied(why.to_owned());
            sample.readings.insert(spec.name.to_owned(), reading);
        }
    }
}

/// Whether somebody asks about open connections one by one. At the start of a window only those are
/// looked at that are compared with its end.
fn examine(needs: &Needs, moment: Moment<'_>, sample: &Sample) -> Examine {
    let limit = |key: &str| match sample.readings.get(key).and_then(Reading::value) {
        Some(Value::Triple([_, _, most])) => u64::try_from(*most).ok(),
        _ => None,
    };
    let is_end = is_end(moment);
    let of_now = ["socket.quiet_", "socket.idle_window"];
    if needs.any(CAPPED[0])
        || needs.any(CAPPED[1])
        || (is_end && of_now.iter().any(|prefix| needs.any(prefix)))
    {
        Examine::Yes(BufferLimits {
            receive: limit("sysctl.net.ipv4.tcp_rmem"),
            send: limit("sysctl.net.ipv4.tcp_wmem"),
        })
    } else if is_end && needs.any("socket.pmtu_suspects") {
        Examine::IfStuck
    } else {
        Examine::No
    }
}

/// How the facts begin that compare the buffers of connections with their limits.
pub(super) const CAPPED: [&str; 2] = ["socket.receive_capped", "socket.send_capped"];

/// Puts a fact into the sample; one that was not looked at is refused.
fn put(found: &Sockets, name: &str, reading: Reading<Value>, sample: &mut Sample) {
    let fact = format!("socket.{name}");
    // Those that listen have a table of their own.
    let why = (!name.ends_with("listening")).then(|| found.why_unread(&fact));
    let reading = match why.flatten() {
        Some(why) => Reading::Denied(why.to_owned()),
        None => reading,
    };
    sample.readings.insert(fact, reading);
}

fn facts(found: &Sockets, options: &CollectOptions, sample: &mut Sample) {
    let range = options.port_range;
    let summary = &found.summary;
    let mut put = |name: String, reading: Reading<Value>| {
        put(found, &name, reading, sample);
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
    let syn_sent_is_told = summary.syn_sent_backoff.is_some();
    let stuck_is_told = summary.established_stuck.is_some();
    for (name, ranked, is_told) in [
        ("close_wait_owner", &summary.close_wait_owner, true),
        ("syn_sent_top", &summary.syn_sent_top, syn_sent_is_told),
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
    examined(found, options.examine, sample);
    if options.udp {
        ports(&found.ports, range, sample);
    }
}

/// How many of a kind are enough for a rule, so that fewer in a part of the connections say nothing: what
/// `pmtu-black-hole` and `slow-start-after-idle` ask for. Of quiet ones rules ask for a share of those that
/// were looked at, of which none is too few.
const ENOUGH_PMTU: u64 = 2;
const ENOUGH_IDLE: u64 = 10;
const ENOUGH_QUIET: u64 = 1;

/// What came of looking at open connections; nothing where nobody asked.
fn examined(sockets: &Sockets, asked: Examine, sample: &mut Sample) {
    let summary = &sockets.summary;
    let mut put = |name: &str, reading: Reading<Value>| put(sockets, name, reading, sample);
    let found = summary.examined.as_ref();
    let of = summary.count(TcpState::Established);
    let seen = |found: &Examined, count: u64, enough: u64| {
        let too_few = found.says_too_little(count, enough, of);
        too_few.map_or_else(|| known(count), Reading::Denied)
    };
    let top = |ranked: &Option<Ranked>| match ranked {
        Some(ranked) => Reading::Known(Value::Text(ranked.name.clone())),
        None => Reading::Absent,
    };
    if asked != Examine::No {
        let (count, peer) = match found {
            _ if summary.established_stuck == Some(0) => (known(0), Reading::Absent),
            Some(found) => match seen(found, found.pmtu_suspects, ENOUGH_PMTU) {
                // None stands out, which `dead-peer-unacked` goes by.
                denied @ Reading::Denied(_) => (denied, Reading::Absent),
                count => (count, top(&found.pmtu_suspects_top)),
            },
            None => (told(None), told(None)),
        };
        put("pmtu_suspects", count);
        put("pmtu_suspects_top", peer);
    }
    if !matches!(asked, Examine::Yes(_)) {
        return;
    }
    let quiet = |pick: fn(&Examined) -> u64| {
        found.map_or_else(
            || told(None),
            |found| seen(found, pick(found), ENOUGH_QUIET),
        )
    };
    put("quiet_60s", quiet(|found| found.quiet.for_60s));
    put("quiet_600s", quiet(|found| found.quiet.for_600s));
    put("quiet_3600s", quiet(|found| found.quiet.for_3600s));
    let unarmed = quiet(|found| found.quiet_unarmed.for_60s);
    put("quiet_unarmed_60s", unarmed);
    let unarmed = quiet(|found| found.quiet_unarmed.for_600s);
    put("quiet_unarmed_600s", unarmed);
    let unarmed = quiet(|found| found.quiet_unarmed.for_3600s);
    put("quiet_unarmed_3600s", unarmed);
    let (count, peer) = match found {
        Some(found) => match found
            .idle_window
            .map(|count| seen(found, count, ENOUGH_IDLE))
        {
            Some(Reading::Denied(why)) => (Reading::Denied(why.clone()), Reading::Denied(why)),
            // A kernel that does not tell the round trip has no count.
            count => (
                count.unwrap_or(Reading::Absent),
                top(&found.idle_window_top),
            ),
        },
        None => (told(None), told(None)),
    };
    put("idle_window", count);
    put("idle_window_top", peer);
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::sockets::Walk;
    use super::*;
    use crate::fact::socket::{PortView, SocketTally};

    fn facts(names: &[&str]) -> Needs {
        Needs::Facts(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn connections_are_looked_at_one_by_one_only_for_those_who_ask() {
        let mut sample = Sample::default();
        let limits = Reading::Known(Value::Triple([4096, 131_072, 6_291_456]));
        sample
            .readings
            .insert("sysctl.net.ipv4.tcp_rmem".to_owned(), limits);
        let yes = Examine::Yes(BufferLimits {
            receive: Some(6_291_456),
            send: None,
        });
        let asked = |fact: &str, moment| examine(&facts(&[fact]), moment, &sample);
        for (fact, at_start, at_end) in [
            ("socket.established", Examine::No, Examine::No),
            ("socket.established_stuck", Examine::No, Examine::No),
            ("socket.pmtu_suspects", Examine::No, Examine::IfStuck),
            ("socket.pmtu_suspects_top", Examine::No, Examine::IfStuck),
            ("socket.quiet_unarmed_600s", Examine::No, yes),
            ("socket.idle_window_top", Examine::No, yes),
            ("socket.receive_capped", yes, yes),
            ("socket.send_capped_top", yes, yes),
            ("socket.send_capped_buffer", yes, yes),
        ] {
            assert_eq!(asked(fact, Moment::Start), at_start, "{fact}");
            assert_eq!(asked(fact, Moment::End(None)), at_end, "{fact}");
        }
    }

    /// The facts of a tree with such a table.
    fn of_tables(lines: &str) -> Sample {
        let tree = tempfile::tempdir().unwrap();
        fs::create_dir(tree.path().join("net")).unwrap();
        fs::write(tree.path().join("net/tcp"), format!("header\n{lines}")).unwrap();
        let mut sample = Sample::default();
        let source = Source::recorded(tree.path());
        collect(&source, &Needs::Everything, Moment::End(None), &mut sample);
        sample
    }

    const OPEN: &str = "0: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000 0 0 7 1 \
                        0000000000000000 100 0 0 10 0\n";

    #[test]
    fn what_the_tables_cannot_tell_is_denied_not_zero() {
        let sample = of_tables(OPEN);
        let denied = Reading::Denied("needs sock_diag".to_owned());
        for fact in [
            "established_stuck",
            "established_stuck_top",
            "established_stuck_top_count",
            "pmtu_suspects",
            "pmtu_suspects_top",
            "quiet_60s",
            "quiet_unarmed_3600s",
            "idle_window",
            "idle_window_top",
        ] {
            assert_eq!(sample.readings[&format!("socket.{fact}")], denied, "{fact}");
        }
        assert_eq!(sample.readings["socket.outgoing"], known(1));
        assert_eq!(sample.readings["socket.last_ack_backoff"], known(0));
    }

    /// The facts of 30,000 open connections of which 20,000 were looked at, or of as many as there are.
    fn of_part(change: fn(&mut Examined)) -> Sample {
        let mut tally = SocketTally::new(PortView {
            range: DEFAULT_RANGE,
            listening: [].into(),
        });
        tally.set_established(30_000, 0);
        let mut examined = Examined {
            looked_at: 20_000,
            cut: true,
            idle_window: Some(0),
            ..Examined::default()
        };
        change(&mut examined);
        tally.set_examined(examined);
        let mut summary = tally.finish();
        summary.established_stuck = Some(40);
        let found = Sockets {
            source: SocketSource::Diagnostics,
            summary,
            listeners: Vec::new(),
            ports: PortOccupancy::default(),
            close_wait_inodes: Vec::new(),
            notes: Vec::new(),
            unread: [].into(),
        };
        let mut sample = Sample::default();
        super::examined(&found, Examine::Yes(BufferLimits::default()), &mut sample);
        sample
    }

    #[test]
    fn few_in_a_part_of_the_connections_are_unknown_not_few() {
        let none = of_part(|_| {});
        let some = of_part(|found| {
            found.pmtu_suspects = 1;
            found.idle_window = Some(9);
        });
        let denied = Reading::Denied("20000 of 30000 looked at".to_owned());
        for sample in [&none, &some] {
            for fact in [
                "pmtu_suspects",
                "idle_window",
                "idle_window_top",
                "quiet_60s",
                "quiet_unarmed_3600s",
            ] {
                assert_eq!(sample.readings[&format!("socket.{fact}")], denied, "{fact}");
            }
        }
        let enough = of_part(|found| {
            found.pmtu_suspects = 2;
            found.idle_window = Some(10);
            found.quiet.for_60s = 1;
            found.quiet_unarmed.for_3600s = 1;
        });
        assert_eq!(enough.readings["socket.pmtu_suspects"], known(2));
        assert_eq!(enough.readings["socket.idle_window"], known(10));
        assert_eq!(enough.readings["socket.quiet_60s"], known(1));
        assert_eq!(enough.readings["socket.quiet_600s"], denied);
        assert_eq!(enough.readings["socket.quiet_unarmed_3600s"], known(1));
        let whole = of_part(|found| found.cut = false);
        assert_eq!(whole.readings["socket.pmtu_suspects"], known(0));
        assert_eq!(whole.readings["socket.quiet_60s"], known(0));
    }

    #[test]
    fn without_open_connections_the_tables_are_enough() {
        let sample = of_tables("");
        for fact in [
            "established_stuck",
            "pmtu_suspects",
            "quiet_60s",
            "idle_window",
        ] {
            let reading = &sample.readings[&format!("socket.{fact}")];
            assert_eq!(*reading, known(0), "{fact}");
        }
        for fact in [
            "established_stuck_top",
            "pmtu_suspects_top",
            "idle_window_top",
        ] {
            let reading = &sample.readings[&format!("socket.{fact}")];
            assert_eq!(*reading, Reading::Absent, "{fact}");
        }
    }

    #[test]
    fn without_a_walk_only_what_listens_is_known() {
        let tree = tempfile::tempdir().unwrap();
        fs::create_dir(tree.path().join("net")).unwrap();
        let listens = OPEN.replace(" 01 ", " 0A ");
        fs::write(
            tree.path().join("net/tcp"),
            format!("header\n{OPEN}{listens}"),
        )
        .unwrap();
        let mut sample = Sample::default();
        let source = Source::recorded(tree.path()).walking(Walk::None);
        collect(&source, &Needs::Everything, Moment::End(None), &mut sample);
        assert_eq!(sample.readings["socket.listening"], known(1));
        assert_eq!(sample.readings["socket.ipv4.listening"], known(1));
        let denied = Reading::Denied("--no-walk".to_owned());
        for fact in [
            "established",
            "ipv6.time_wait",
            "established_keepalive",
            "incoming",
            "close_wait_older_60s",
            "close_wait_owner",
            "syn_sent_top_count",
            "quiet_60s",
            "pmtu_suspects",
        ] {
            assert_eq!(sample.readings[&format!("socket.{fact}")], denied, "{fact}");
        }
        let sockets = sample.sockets.unwrap();
        assert_eq!(sockets.listeners.len(), 1);
        assert_eq!(sockets.why_unread("destination."), Some("--no-walk"));
    }
}
