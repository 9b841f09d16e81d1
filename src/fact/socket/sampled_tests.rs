//! What a tally makes of a part of the sockets.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use super::super::{PortView, SocketRow, SocketTally, Timer, is_telling};
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

/// Of 40,000 open connections 1,000 were looked at: 250 with keepalive, 100 that came in, and so many
/// stuck ones.
fn drawn(stuck: u64) -> Summed {
    let mut tally = SocketTally::new(view());
    tally.observe(&row(TcpState::CloseWait, "10.0.1.7:443", "10.0.9.9:5"));
    tally.set_established(30_000, 10_000);
    for at in 0..1000 {
        let port = if at < 100 { 443 } else { 40_000 };
        let mut one = open(port, "10.0.9.9:50000");
        if at % 4 == 0 {
            one.timer = Some(Timer::Keepalive);
        } else if at < 4 * stuck && at % 4 == 1 {
            one.timer = Some(Timer::Retransmit);
            one.retransmits = Some(5);
        }
        tally.observe_drawn(&one);
    }
    tally.finish_drawn()
}

#[test]
fn shares_are_scaled_and_exact_counts_stay() {
    let found = drawn(0);
    assert_eq!(found.summary.count(TcpState::Established), 40_000);
    assert_eq!(found.summary.ipv6.get(TcpState::Established), 10_000);
    assert_eq!(found.summary.count(TcpState::CloseWait), 1);
    assert_eq!(found.summary.established_keepalive, Some(10_000));
    assert_eq!(
        (found.summary.incoming, found.summary.outgoing),
        (4_000, 36_000)
    );
    let margin = found.sampled["socket.established_keepalive"];
    assert_eq!((margin.looked_at, margin.of), (1_000, 40_000));
    // 1.96 * 40,000 * sqrt(0.25 * 0.75 / 1,000), and a little more for what a sample may not show.
    assert!((1_050..1_110).contains(&margin.error), "{}", margin.error);
    assert!(found.sampled.contains_key("socket.incoming"));
    assert!(found.sampled.contains_key("socket.outgoing"));
}

#[test]
fn none_of_what_is_rare_in_a_sample_is_unknown_not_zero() {
    let found = drawn(0);
    assert_eq!(found.summary.established_stuck, None);
    assert_eq!(found.summary.established_backoff, None);
    let why = "1000 of 40000 looked at; --exact looks at all";
    assert_eq!(found.unread["socket.established_stuck"], why);
    assert_eq!(found.unread["socket.established_backoff"], why);
}

#[test]
fn some_of_what_is_rare_is_an_estimate() {
    let found = drawn(3);
    assert!(found.unread.is_empty());
    assert_eq!(found.summary.established_stuck, Some(120));
    let top = found.summary.established_stuck_top.unwrap();
    assert_eq!((top.name.as_str(), top.count), ("10.0.9.9:50000", 120));
    for fact in [
        "socket.established_stuck",
        "socket.established_backoff",
        "socket.established_stuck_top_count",
    ] {
        assert!(found.sampled[fact].error > 120, "{fact}");
    }
}

#[test]
fn a_sample_that_holds_all_is_a_count() {
    let mut tally = SocketTally::new(view());
    tally.set_established(9, 1);
    tally.set_time_wait(5);
    tally.observe_drawn(&open(443, "10.0.9.9:50000"));
    tally.observe_drawn(&row(TcpState::TimeWait, "[::1]:443", "[::1]:50000"));
    tally.drew_all(TcpState::Established);
    tally.drew_all(TcpState::TimeWait);
    let found = tally.finish_drawn();
    assert!(found.sampled.is_empty() && found.unread.is_empty());
    assert_eq!(found.summary.established_stuck, Some(0));
    assert_eq!(found.summary.incoming, 1);
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
    for at in 0..300 {
        let local = if at % 3 == 0 {
            "[::1]:443"
        } else {
            "10.0.1.7:443"
        };
        tally.observe_drawn(&row(TcpState::TimeWait, local, "10.0.9.9:50000"));
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

/// 5,000 of 50,000 open connections and 400 in `CLOSE_WAIT`, towards two services: every fifth of the
/// sample and every one in `CLOSE_WAIT` towards the large one.
fn towards_two() -> SocketTally {
    let mut tally = SocketTally::new(view());
    for port in 0..400 {
        let local = format!("10.0.1.7:{}", 33_000 + port);
        tally.observe(&row(TcpState::CloseWait, &local, "10.0.3.9:80"));
    }
    tally.set_established(50_000, 0);
    for at in 0..5_000 {
        let remote = if at % 5 == 0 {
            "10.0.3.9:80".to_owned()
        } else {
            format!("10.0.4.{}:80", at % 251)
        };
        tally.observe_drawn(&open(40_000, &remote));
    }
    tally
}

#[test]
fn a_destination_is_suspected_by_the_sample_and_the_count_together() {
    let tally = towards_two();
    // 10,000 by the sample, give or take 4 times 269, and 400 more.
    for (threshold, expected) in [(9_000, 1), (11_400, 1), (11_700, 0)] {
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
    let mut tally = towards_two();
    let found = tally.clone().finish();
    assert_eq!(found.destinations.len(), 1);
    assert_eq!(found.destinations[0].used, 400);
    tally.set_destinations(Vec::new());
    assert_eq!(tally.finish().destinations, []);
}

#[test]
fn a_sample_is_telling_if_it_cannot_miss_a_destination_that_matters() {
    let part = |looked_at, of| Part { looked_at, of };
    assert!(is_telling(part(20_000, 1_000_000), 7_058));
    assert!(is_telling(part(20_000, 28_000_000), 7_058));
    assert!(!is_telling(part(20_000, 1_000_000), 249));
    assert!(!is_telling(part(0, 1_000_000), 25));
    assert!(is_telling(part(3, 3), 1));
}
