//! What a tally makes of rows.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use super::super::{PortView, SocketRow, SocketSummary, TcpState, Timer, Tracked};
use super::*;

fn row(state: TcpState, local: &str, remote: &str) -> SocketRow {
    let local: SocketAddr = local.parse().unwrap();
    SocketRow {
        family: if local.is_ipv4() {
            Family::Ipv4
        } else {
            Family::Ipv6
        },
        state,
        local,
        remote: remote.parse().unwrap(),
        timer: Some(Timer::Off),
        retransmits: Some(0),
        receive_queue: 0,
        send_queue: 0,
        inode: 1,
    }
}

fn established(timer: Option<Timer>, retransmits: Option<u8>) -> SocketRow {
    SocketRow {
        timer,
        retransmits,
        ..row(TcpState::Established, "10.0.1.7:443", "10.0.9.9:50000")
    }
}

fn tally(rows: &[SocketRow]) -> SocketSummary {
    let mut tally = SocketTally::new(PortView {
        range: (32_768, 60_999),
        listening: BTreeSet::from([443, 40_000]),
    });
    for row in rows {
        tally.observe(row);
    }
    tally.finish()
}

#[test]
fn states_are_counted_by_the_family_of_the_socket() {
    let mut mapped = row(TcpState::CloseWait, "10.0.0.1:443", "10.0.0.2:5");
    mapped.family = Family::Ipv6;
    let summary = tally(&[
        mapped,
        row(TcpState::CloseWait, "10.0.0.1:443", "10.0.0.3:5"),
        row(TcpState::SynRecv, "[::1]:443", "[::1]:5"),
    ]);
    assert_eq!(summary.of(Family::Ipv6).get(TcpState::CloseWait), 1);
    assert_eq!(summary.of(Family::Ipv4).get(TcpState::CloseWait), 1);
    assert_eq!(summary.count(TcpState::CloseWait), 2);
    assert_eq!(summary.of(Family::Ipv6).get(TcpState::SynRecv), 1);
}

#[test]
fn a_retransmission_timer_counts_as_backoff_only_after_a_retransmission() {
    let summary = tally(&[
        established(Some(Timer::Retransmit), Some(0)),
        established(Some(Timer::Retransmit), Some(3)),
        established(Some(Timer::ZeroWindow), Some(3)),
        established(Some(Timer::Keepalive), Some(1)),
    ]);
    assert_eq!(summary.established_backoff, Some(1));
    assert_eq!(summary.established_keepalive, Some(1));
}

#[test]
fn one_row_that_cannot_tell_its_timer_makes_the_count_unknown() {
    let summary = tally(&[
        established(Some(Timer::Keepalive), Some(0)),
        established(None, None),
    ]);
    assert_eq!(summary.established_keepalive, None);
    assert_eq!(summary.established_backoff, None);
    assert_eq!(summary.syn_sent_backoff, Some(0), "no such socket, so none");
    assert_eq!(summary.close_wait_ages, None);
}

#[test]
fn an_open_connection_came_in_if_something_listens_on_its_port() {
    let summary = tally(&[
        row(TcpState::Established, "10.0.1.7:443", "10.0.9.9:50000"),
        row(TcpState::Established, "10.0.1.7:40000", "10.0.9.9:443"),
        row(TcpState::Established, "10.0.1.7:50000", "10.0.9.9:443"),
        row(TcpState::CloseWait, "10.0.1.7:443", "10.0.9.9:50001"),
    ]);
    assert_eq!((summary.incoming, summary.outgoing), (2, 1));
}

#[test]
fn a_connection_is_stuck_from_the_third_retransmission_on() {
    let stuck = |remote: &str, timer, retransmits| SocketRow {
        timer: Some(timer),
        retransmits: Some(retransmits),
        ..row(TcpState::Established, "10.0.1.7:50000", remote)
    };
    let summary = tally(&[
        stuck("10.0.9.9:443", Timer::Retransmit, 2),
        stuck("10.0.9.9:443", Timer::Retransmit, 3),
        stuck("10.0.9.7:443", Timer::Retransmit, 15),
        stuck("10.0.9.7:443", Timer::Retransmit, 4),
        stuck("10.0.9.9:443", Timer::ZeroWindow, 9),
        stuck("10.0.9.9:443", Timer::Keepalive, 9),
    ]);
    assert_eq!(summary.established_stuck, Some(3));
    assert_eq!(summary.established_backoff, Some(4));
    let top = summary.established_stuck_top.unwrap();
    assert_eq!((top.name.as_str(), top.count), ("10.0.9.7:443", 2));
    let untold = tally(&[established(None, None)]);
    assert_eq!(untold.established_stuck, None);
    assert_eq!(untold.established_stuck_top, None);
}

#[test]
fn every_closing_state_and_a_half_open_one_tell_their_retransmissions() {
    let in_state = |state, retransmits| SocketRow {
        timer: Some(Timer::Retransmit),
        retransmits: Some(retransmits),
        ..row(state, "10.0.1.7:443", "10.0.9.9:50000")
    };
    let states = [TcpState::LastAck, TcpState::Closing, TcpState::SynRecv];
    let mut rows = Vec::new();
    for (at, state) in (1..).zip(states) {
        rows.push(in_state(state, 0));
        rows.extend((0..at).map(|_| in_state(state, 1)));
    }
    let summary = tally(&rows);
    assert_eq!(summary.last_ack_backoff, Some(1));
    assert_eq!(summary.closing_backoff, Some(2));
    assert_eq!(summary.syn_recv_backoff, Some(3));
}

#[test]
fn fin_wait_1_is_orphaned_when_nobody_holds_it() {
    let held = row(TcpState::FinWait1, "10.0.0.1:443", "10.0.0.2:5");
    let orphan = SocketRow {
        inode: 0,
        ..held.clone()
    };
    let summary = tally(&[held, orphan.clone(), orphan]);
    assert_eq!(summary.fin_wait_1_orphaned, 2);
}

#[test]
fn a_summary_of_an_older_release_is_read() {
    let mut json = serde_json::to_value(tally(&[])).unwrap();
    let fields = json.as_object_mut().unwrap();
    for new in [
        "incoming",
        "outgoing",
        "established_stuck",
        "established_stuck_top",
        "fin_wait_1_orphaned",
        "last_ack_backoff",
        "closing_backoff",
        "syn_recv_backoff",
        "examined",
    ] {
        assert!(fields.remove(new).is_some(), "{new}");
    }
    let old: SocketSummary = serde_json::from_value(json).unwrap();
    assert_eq!(old.established_stuck, None);
}

#[test]
fn fin_wait_2_is_orphaned_when_nobody_holds_it() {
    let held = row(TcpState::FinWait2, "10.0.0.1:443", "10.0.0.2:5");
    let mut orphan = row(TcpState::FinWait2, "10.0.0.1:443", "10.0.0.2:6");
    orphan.inode = 0;
    let summary = tally(&[held, orphan.clone()]);
    assert_eq!(summary.count(TcpState::FinWait2), 2);
    assert_eq!(summary.fin_wait_2_orphaned, 1);
    let later = tally(&[orphan]);
    let both = Tracked::persisting(&summary.fin_wait_2_tracked, &later.fin_wait_2_tracked);
    assert_eq!(both.count, 1);
}

#[test]
fn the_destination_that_most_syns_were_sent_again_to_comes_first() {
    let waits = |port: u16, remote: &str, retransmits| SocketRow {
        timer: Some(Timer::Retransmit),
        retransmits,
        ..row(TcpState::SynSent, &format!("10.0.0.1:{port}"), remote)
    };
    let mut rows = vec![waits(40_001, "10.0.3.8:80", Some(2))];
    rows.extend((40_002..40_004).map(|port| waits(port, "10.0.3.9:80", Some(1))));
    // Sent once: these may be a round trip old, and their destination well.
    rows.extend((40_004..40_024).map(|port| waits(port, "203.0.113.9:443", Some(0))));
    let summary = tally(&rows);
    let top = summary.syn_sent_top.unwrap();
    assert_eq!((top.name.as_str(), top.count), ("10.0.3.9:80", 2));
    assert_eq!(summary.syn_sent_backoff, Some(3));
    assert_eq!(tally(&rows[3..]).syn_sent_top, None);
}

#[test]
fn a_destination_counts_outgoing_ports_only() {
    let to = "10.0.3.9:8080";
    let summary = tally(&[
        row(TcpState::TimeWait, "10.0.1.7:33000", to),
        row(TcpState::Established, "10.0.1.7:33001", to),
        row(TcpState::TimeWait, "10.0.1.7:443", to),
        row(TcpState::TimeWait, "10.0.1.7:40000", to),
        row(TcpState::TimeWait, "10.0.1.7:1024", to),
        row(TcpState::Closed, "10.0.1.7:33002", "0.0.0.0:0"),
        row(TcpState::Listening, "10.0.1.7:33003", "0.0.0.0:0"),
    ]);
    let expected = Destination {
        source: "10.0.1.7".parse().unwrap(),
        address: to.parse().unwrap(),
        used: 2,
        time_wait: 1,
    };
    assert_eq!(summary.destinations, [expected]);
    assert!(!summary.destinations_truncated);
}

#[test]
fn only_the_foremost_destinations_are_kept() {
    let mut rows = Vec::new();
    for service in 1..=40_u16 {
        for port in 0..service {
            let local = format!("10.0.1.7:{}", 33_000 + port);
            rows.push(row(
                TcpState::TimeWait,
                &local,
                &format!("10.0.3.9:{service}"),
            ));
        }
    }
    let summary = tally(&rows);
    let used: Vec<u64> = summary
        .destinations
        .iter()
        .map(|found| found.used)
        .collect();
    assert_eq!(used, (25..=40).rev().collect::<Vec<u64>>());
}

/// A tally of 70,000 silent destinations with a socket each, and of one with `many`, as first or last of the
/// list.
fn crowded(many: u16, comes_last: bool) -> SocketTally {
    let mut tally = SocketTally::new(PortView {
        range: (32_768, 60_999),
        listening: BTreeSet::new(),
    });
    let again = |local: &str, remote: &str| SocketRow {
        timer: Some(Timer::Retransmit),
        retransmits: Some(1),
        ..row(TcpState::SynSent, local, remote)
    };
    let mut one = again("10.0.1.7:33000", "10.0.0.0:80");
    let mut others = |tally: &mut SocketTally| {
        for at in 0..70_000_u32 {
            one.remote = SocketAddr::from((std::net::Ipv4Addr::from(0x0a0a_0000 + at), 80));
            tally.observe(&one);
        }
    };
    if comes_last {
        others(&mut tally);
    }
    for port in 0..many {
        let local = format!("10.0.1.7:{}", 33_000 + port);
        tally.observe(&again(&local, "10.0.3.9:80"));
    }
    if !comes_last {
        others(&mut tally);
    }
    tally
}

#[test]
fn of_more_destinations_than_fit_those_with_many_ports_are_suspected_in_any_order() {
    let large = ("10.0.1.7".parse().unwrap(), "10.0.3.9:80".parse().unwrap());
    for comes_last in [true, false] {
        let tally = crowded(8000, comes_last);
        assert!(tally.has_too_many_destinations());
        let suspects = tally.suspects(8000);
        assert_eq!(suspects.foremost, [large], "{comes_last}");
        assert!(!suspects.any && suspects.more == 0);
        // For so few ports every destination is one.
        assert!(tally.suspects(4).any);
    }
}

#[test]
fn of_more_destinations_than_fit_nothing_is_told_unless_they_are_counted_apart() {
    let untold = crowded(8000, true).finish_drawn();
    assert_eq!(untold.summary.destinations, []);
    assert!(untold.summary.destinations_truncated);
    assert!(untold.unread.contains_key("destination."));
    let mut tally = crowded(8000, true);
    tally.set_destinations(Vec::new());
    assert!(tally.finish_drawn().unread.is_empty());
}

#[test]
fn the_peer_that_most_connects_wait_for_is_found_in_any_order_and_said_to_be_near() {
    for comes_last in [true, false] {
        let told = crowded(8000, comes_last).finish_drawn();
        let top = told.summary.syn_sent_top.unwrap();
        assert_eq!(top.name, "10.0.3.9:80");
        let margin = told.sampled["socket.syn_sent_top_count"];
        assert!(margin.error > 0 && margin.error < 20, "{margin:?}");
        assert!((top.count..=top.count + margin.error).contains(&8000));
    }
}

#[test]
fn a_summary_survives_its_snapshot() {
    let summary = tally(&[
        row(TcpState::SynSent, "[2001:db8::1]:40001", "[2001:db8::2]:80"),
        established(None, None),
    ]);
    let json = serde_json::to_string(&summary).unwrap();
    assert_eq!(
        serde_json::from_str::<SocketSummary>(&json).unwrap(),
        summary
    );
}
