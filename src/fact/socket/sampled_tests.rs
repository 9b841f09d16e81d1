//! What a tally makes of a part of the sockets.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use super::super::{SocketTally, Timer};
use super::*;

fn view() -> PortView {
    PortView {
        range: (32_768, 60_999),
        listening: BTreeSet::from([443]),
    }
}

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

fn open(local_port: u16, remote: &str) -> SocketRow {
    row(
        TcpState::Established,
        &format!("10.0.1.7:{local_port}"),
        remote,
    )
}

/// Slices that hold one port in 36.
fn slices() -> Slices {
    Slices::new((32_768, 60_999), 36)
}

/// 70,000 open connections. 36,000 of them went out, of which the slices hold 1,000: every fourth with
/// keepalive, and so many stuck ones. Of the others 2,000 were looked at: half of them with keepalive.
fn drawn(stuck: u64) -> Summed {
    let mut tally = SocketTally::new(view());
    tally.observe(&row(TcpState::CloseWait, "10.0.1.7:443", "10.0.9.9:5"));
    tally.set_established(60_000, 10_000);
    tally.set_slices(slices());
    for at in 0..1000 {
        let mut one = open(sliced_port(at / 4), "10.0.9.9:80");
        if at % 4 == 0 {
            one.timer = Some(Timer::Keepalive);
        } else if at < 4 * stuck && at % 4 == 1 {
            one.timer = Some(Timer::Retransmit);
            one.retransmits = Some(5);
        }
        tally.observe_sliced(&one);
    }
    for at in 0..3000 {
        // Those that went out are side by side in the list, and what this part of it has of them says
        // nothing.
        let mut one = open(if at < 1000 { 50_000 } else { 443 }, "10.0.9.9:50000");
        if at % 2 == 0 {
            one.timer = Some(Timer::Keepalive);
        }
        tally.observe_first(&one);
    }
    tally.finish_drawn()
}

/// One local port of a slice after the other.
fn sliced_port(at: u64) -> u16 {
    let slices = slices();
    let inside = |(low, high): &&(u16, u16)| *low >= 32_768 && *high <= 60_999;
    let inside = slices.ranges().iter().filter(inside);
    let ports: Vec<u16> = inside.map(|(low, _)| *low).collect();
    ports[usize::try_from(at).unwrap() % ports.len()]
}

fn about(count: u64, expected: u64) -> bool {
    count.abs_diff(expected) <= expected / 50
}

#[test]
fn shares_are_scaled_and_exact_counts_stay() {
    let found = drawn(0);
    let summary = &found.summary;
    assert_eq!(summary.count(TcpState::Established), 70_000);
    assert_eq!(summary.ipv6.get(TcpState::Established), 10_000);
    assert_eq!(summary.count(TcpState::CloseWait), 1);
    let armed = summary.established_keepalive.unwrap();
    // A quarter of 36,000 and half of 34,000.
    assert!(about(armed, 26_000), "{armed}");
    assert!(about(summary.outgoing, 36_000), "{}", summary.outgoing);
    assert_eq!(summary.incoming + summary.outgoing, 70_000);
    for fact in [
        "socket.established_keepalive",
        "socket.incoming",
        "socket.outgoing",
    ] {
        let margin = found.sampled[fact];
        assert_eq!((margin.looked_at, margin.of), (3_000, 70_000), "{fact}");
        assert!((800..3_000).contains(&margin.error), "{fact} {margin:?}");
    }
}

#[test]
fn where_all_went_out_no_more_went_out_than_there_are() {
    let mut tally = SocketTally::new(view());
    tally.set_established(30_000, 0);
    tally.set_slices(slices());
    for at in 0..1000 {
        let mut one = open(sliced_port(at / 4), "10.0.9.9:80");
        if at % 4 == 0 {
            one.timer = Some(Timer::Keepalive);
        }
        tally.observe_sliced(&one);
        tally.observe_first(&open(50_000, "10.0.9.9:80"));
    }
    let found = tally.finish_drawn();
    // 36,000 by the slices, which would be 9,000 with keepalive.
    assert_eq!(
        (found.summary.incoming, found.summary.outgoing),
        (0, 30_000)
    );
    assert_eq!(found.summary.established_keepalive, Some(7_500));
    assert_eq!(found.sampled["socket.incoming"].error, 90);
}

#[test]
fn none_of_what_is_rare_in_a_sample_is_unknown_not_zero() {
    let found = drawn(0);
    assert_eq!(found.summary.established_stuck, None);
    assert_eq!(found.summary.established_backoff, None);
    let why = "3000 of 70000 looked at; --exact looks at all";
    assert_eq!(found.unread["socket.established_stuck"], why);
    assert_eq!(found.unread["socket.established_backoff"], why);
}

#[test]
fn some_of_what_is_rare_is_an_estimate() {
    let found = drawn(3);
    assert!(found.unread.is_empty());
    let stuck = found.summary.established_stuck.unwrap();
    assert!(stuck.abs_diff(108) <= 2, "{stuck}");
    let top = found.summary.established_stuck_top.unwrap();
    assert_eq!((top.name.as_str(), top.count), ("10.0.9.9:80", stuck));
    for fact in [
        "socket.established_stuck",
        "socket.established_backoff",
        "socket.established_stuck_top_count",
    ] {
        assert!(found.sampled[fact].error > 108, "{fact}");
    }
}

#[test]
fn first_ones_that_are_all_are_a_count() {
    let mut tally = SocketTally::new(view());
    tally.set_established(9, 1);
    tally.set_time_wait(5);
    tally.set_slices(slices());
    tally.observe_first(&open(443, "10.0.9.9:50000"));
    tally.observe_first(&open(50_000, "10.0.9.9:80"));
    tally.observe_sliced(&open(50_000, "10.0.9.9:80"));
    tally.observe_first(&row(TcpState::TimeWait, "[::1]:443", "[::1]:50000"));
    tally.saw_all(TcpState::Established);
    tally.saw_all(TcpState::TimeWait);
    let found = tally.finish_drawn();
    assert!(found.sampled.is_empty() && found.unread.is_empty());
    assert_eq!(found.summary.established_stuck, Some(0));
    assert_eq!((found.summary.incoming, found.summary.outgoing), (1, 1));
    assert_eq!(found.summary.count(TcpState::TimeWait), 1);
}

#[test]
fn where_nothing_was_looked_at_nothing_is_known() {
    let mut tally = SocketTally::new(view());
    tally.set_established(30_000, 0);
    tally.set_time_wait(40_000);
    let found = tally.finish_drawn();
    assert!(found.sampled.is_empty());
    for fact in [
        "socket.established_keepalive",
        "socket.incoming",
        "socket.outgoing",
        "socket.established_stuck",
        "socket.ipv4.time_wait",
        "socket.ipv6.time_wait",
    ] {
        assert!(found.unread.contains_key(fact), "{fact}");
    }
    assert_eq!(found.summary.count(TcpState::TimeWait), 40_000);
    assert_eq!(found.summary.count(TcpState::Established), 30_000);
}

#[test]
fn the_families_of_time_wait_make_up_the_whole() {
    let mut tally = SocketTally::new(view());
    tally.set_time_wait(70_001);
    tally.set_slices(slices());
    for at in 0..300 {
        let local = if at % 3 == 0 {
            "[::1]:443"
        } else {
            "10.0.1.7:443"
        };
        tally.observe_first(&row(TcpState::TimeWait, local, "10.0.9.9:50000"));
    }
    let found = tally.finish_drawn();
    assert_eq!(found.summary.ipv6.get(TcpState::TimeWait), 23_334);
    assert_eq!(found.summary.ipv4.get(TcpState::TimeWait), 46_667);
    let margin = |fact: &str| found.sampled[fact];
    assert_eq!(
        margin("socket.ipv4.time_wait"),
        margin("socket.ipv6.time_wait")
    );
}

/// A sample of one in 36, of which every fifth leads to one service, and 400 counted ones in `CLOSE_WAIT`
/// towards that.
fn towards_many() -> SocketTally {
    let mut tally = SocketTally::new(view());
    for port in 0..400 {
        let local = format!("10.0.1.7:{}", 33_000 + port);
        tally.observe(&row(TcpState::CloseWait, &local, "10.0.3.9:80"));
    }
    tally.set_established(50_000, 0);
    tally.set_slices(slices());
    for at in 0..2_000 {
        let remote = if at % 5 == 0 {
            "10.0.3.9:80".to_owned()
        } else {
            format!("10.0.4.{}:80", at % 251)
        };
        tally.observe_sliced(&open(sliced_port(at), &remote));
    }
    tally
}

#[test]
fn a_destination_is_suspected_by_the_sample_and_the_count_together() {
    let tally = towards_many();
    // 14,400 by the sample, give or take 4 times 712, and 400 more.
    for (threshold, expected) in [(9_000, 1), (17_000, 1), (18_500, 0)] {
        let found = tally.suspects(threshold);
        assert_eq!(found.foremost.len(), expected, "{threshold}");
        assert_eq!(found.more, 0);
    }
    let found = tally.suspects(9_000).foremost[0];
    let expected = ("10.0.1.7".parse().unwrap(), "10.0.3.9:80".parse().unwrap());
    assert_eq!(found, expected);
    let many = tally.suspects(100);
    assert_eq!(many.foremost.len(), SocketSummary::DESTINATIONS);
    assert_eq!(many.foremost[0], expected, "the largest comes first");
    assert!(many.more > 100);
}

#[test]
fn nothing_of_a_sample_is_listed_as_a_destination() {
    let mut tally = towards_many();
    let found = tally.clone().finish();
    assert_eq!(found.destinations.len(), 1);
    assert_eq!(found.destinations[0].used, 400);
    tally.set_destinations(Vec::new());
    assert_eq!(tally.finish().destinations, []);
}

#[test]
fn what_was_drawn_beside_counts_as_if_it_had_been_drawn_in_turn() {
    let stuck = |at: u64| {
        let remote = format!("10.0.9.{}:80", at % 5);
        let mut one = open(sliced_port(at), &remote);
        (one.timer, one.retransmits) = (
            Some(Timer::Retransmit),
            Some(5 * u8::from(at.is_multiple_of(3))),
        );
        one
    };
    let begun = || {
        let mut tally = SocketTally::new(view());
        tally.set_established(60_000, 0);
        tally.set_time_wait(3_000);
        tally.set_slices(slices());
        tally
    };
    let first = |tally: &mut SocketTally| {
        for at in 0..500 {
            tally.observe(&row(TcpState::CloseWait, "10.0.1.7:50000", "10.0.9.1:80"));
            tally.observe_first(&stuck(at));
        }
    };
    let sliced = |tally: &mut SocketTally| {
        for at in 0..2_000 {
            let mut one = stuck(at);
            if at.is_multiple_of(7) {
                one.state = TcpState::TimeWait;
            }
            tally.observe_sliced(&one);
        }
    };
    let mut in_turn = begun();
    first(&mut in_turn);
    sliced(&mut in_turn);
    let mut both = begun();
    let mut beside = both.beside();
    sliced(&mut beside);
    first(&mut both);
    both.absorb(beside);
    for threshold in [1, 2_000, 20_000, 1_000_000] {
        assert_eq!(both.suspects(threshold), in_turn.suspects(threshold));
    }
    let (one, other) = (both.finish_drawn(), in_turn.finish_drawn());
    assert!(one.summary.established_stuck_top.is_some());
    assert_eq!(one, other);
}
