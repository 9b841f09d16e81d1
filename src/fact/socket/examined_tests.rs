//! What connections look like one by one.

use super::super::{Family, TcpState};
use super::*;

const INFO: TcpInfo = TcpInfo {
    rto: 200_000,
    send_mss: 1448,
    last_data_sent: 0,
    last_data_received: 0,
    last_ack_received: 0,
    receive_window: 500_000,
    congestion_window: 10,
    bytes_acked: Some(1),
    bytes_received: Some(1),
    min_rtt: Some(100_000),
    busy: Some(1),
    send_buffer_limited: Some(1),
    times_are_set: true,
};

const LIMITS: BufferLimits = BufferLimits {
    receive: Some(1_000_000),
    send: Some(1_000_000),
};

fn row(remote: &str, timer: Timer) -> SocketRow {
    SocketRow {
        family: Family::Ipv4,
        state: TcpState::Established,
        local: ([10, 0, 0, 1], 40_000).into(),
        remote: remote.parse().unwrap(),
        timer: Some(timer),
        retransmits: Some(0),
        receive_queue: 0,
        send_queue: 0,
        inode: 1,
    }
}

fn look(all: &[(SocketRow, TcpInfo)]) -> Examined {
    let mut examination = Examination::new(LIMITS);
    let memory = SocketMemory {
        receive_buffer: 1,
        send_buffer: 1,
        drops: None,
    };
    for (row, info) in all {
        assert!(examination.observe(row, Some(info), Some(memory)));
    }
    examination.finish()
}

#[test]
fn a_connection_is_quiet_since_its_last_data_in_either_direction() {
    let quiet = |sent, received| TcpInfo {
        last_data_sent: sent,
        last_data_received: received,
        last_ack_received: 1,
        ..INFO
    };
    let armed = || row("10.0.3.9:80", Timer::Keepalive);
    let bare = || row("10.0.3.9:80", Timer::Off);
    let found = look(&[
        (bare(), quiet(59_999, u32::MAX)),
        (bare(), quiet(u32::MAX, 60_000)),
        (armed(), quiet(599_999, 599_999)),
        (armed(), quiet(600_000, 600_000)),
        (bare(), quiet(3_600_000, u32::MAX)),
    ]);
    let all = QuietTimes {
        for_60s: 4,
        for_600s: 2,
        for_3600s: 1,
    };
    let unarmed = QuietTimes {
        for_60s: 2,
        for_600s: 1,
        for_3600s: 1,
    };
    assert_eq!((found.quiet, found.quiet_unarmed), (all, unarmed));
    assert_eq!((found.looked_at, found.cut), (5, false));
}

#[test]
fn a_grown_window_that_pauses_on_a_far_path_is_lost() {
    let pausing = TcpInfo {
        last_data_sent: 201,
        congestion_window: 31,
        min_rtt: Some(20_000),
        ..INFO
    };
    let one = |remote: &str, info| (row(remote, Timer::Off), info);
    let found = look(&[
        one("10.0.3.9:80", pausing),
        one("10.0.3.9:80", pausing),
        one("10.0.3.8:80", pausing),
        // It sent a moment ago, it never grew, it is near.
        one(
            "10.0.3.7:80",
            TcpInfo {
                last_data_sent: 200,
                ..pausing
            },
        ),
        one(
            "10.0.3.7:80",
            TcpInfo {
                congestion_window: 30,
                ..pausing
            },
        ),
        one(
            "10.0.3.7:80",
            TcpInfo {
                min_rtt: Some(19_999),
                ..pausing
            },
        ),
    ]);
    assert_eq!(found.idle_window, Some(3));
    let top = found.idle_window_top.unwrap();
    assert_eq!((top.name.as_str(), top.count), ("10.0.3.9:80", 2));
}

#[test]
fn where_the_kernel_does_not_tell_the_round_trip_the_rest_stays_known() {
    let old = TcpInfo {
        min_rtt: None,
        busy: None,
        last_data_sent: 70_000,
        last_data_received: 70_000,
        ..INFO
    };
    let found = look(&[
        (row("10.0.3.9:80", Timer::Off), old),
        (row("10.0.3.9:80", Timer::Off), INFO),
    ]);
    assert_eq!(found.idle_window, None);
    assert_eq!((found.receiving, found.sending), (None, None));
    assert_eq!(found.quiet.for_60s, 1);
}

/// A connection after so many time-outs of a full segment; the first was 200 ms.
fn stuck(remote: &str, retransmits: u8) -> (SocketRow, TcpInfo) {
    let row = SocketRow {
        retransmits: Some(retransmits),
        send_queue: 20_000,
        ..row(remote, Timer::Retransmit)
    };
    let info = TcpInfo {
        rto: 200_000 << retransmits,
        last_ack_received: 30_000,
        last_data_received: 30_000,
        ..INFO
    };
    (row, info)
}

/// Another one whose peer was heard so many milliseconds ago.
fn heard(remote: &str, ago: u32) -> (SocketRow, TcpInfo) {
    let info = TcpInfo {
        last_ack_received: ago,
        last_data_received: ago + 1000,
        ..INFO
    };
    (row(remote, Timer::Off), info)
}

#[test]
fn a_stuck_connection_to_a_peer_that_answers_others_is_suspicious() {
    // 200 + 400 + 800 ms have passed at least, the first of which may have brought late answers.
    let found = look(&[stuck("10.0.3.9:80", 3), heard("10.0.3.9:22", 1199)]);
    assert_eq!(found.pmtu_suspects, 1);
    let top = found.pmtu_suspects_top.unwrap();
    assert_eq!((top.name.as_str(), top.count), ("10.0.3.9:80", 1));
    let late = look(&[stuck("10.0.3.9:80", 3), heard("10.0.3.9:22", 1200)]);
    assert_eq!(late.pmtu_suspects, 0);
    assert_eq!(late.pmtu_suspects_top, None);
    let long = look(&[heard("10.0.3.9:22", 1200), stuck("10.0.3.9:80", 4)]);
    assert_eq!(long.pmtu_suspects, 1, "the order does not matter");
}

/// The same connection with another local port.
fn on(port: u16, (mut row, info): (SocketRow, TcpInfo)) -> (SocketRow, TcpInfo) {
    row.local.set_port(port);
    (row, info)
}

#[test]
fn another_service_of_the_same_peer_proves_nothing() {
    let suspects = |one, other| look(&[one, other]).pmtu_suspects;
    let opened = on(50_001, stuck("10.0.3.9:80", 3));
    let same = on(50_002, heard("10.0.3.9:80", 100));
    let other = on(50_002, heard("10.0.3.9:22", 100));
    assert_eq!(suspects(opened.clone(), same), 1);
    assert_eq!(suspects(opened, other), 0);
    // The same service of ours, seen from the same client.
    let came_in = on(443, stuck("10.0.3.9:50001", 3));
    let same = on(443, heard("10.0.3.9:50002", 100));
    let other = on(22, heard("10.0.3.9:50002", 100));
    assert_eq!(suspects(came_in.clone(), same), 1);
    assert_eq!(suspects(came_in, other), 0);
}

#[test]
fn a_peer_on_this_machine_needs_no_keepalive() {
    let quiet = TcpInfo {
        last_data_sent: 70_000,
        last_data_received: 70_000,
        ..INFO
    };
    for near in ["127.0.0.1:5432", "[::1]:5432"] {
        let found = look(&[(row(near, Timer::Off), quiet)]);
        assert_eq!((found.quiet.for_60s, found.quiet_unarmed.for_60s), (1, 0));
    }
}

#[test]
fn a_peer_that_is_dead_for_all_its_connections_is_no_suspect() {
    // Each was heard at another time before the peer died; all are stuck since.
    let dead: Vec<_> = (0..20)
        .map(|at| {
            let (row, info) = stuck("10.0.3.9:80", 5);
            let last = 6_500 + 10_000 * at;
            let info = TcpInfo {
                last_ack_received: last,
                last_data_received: last,
                ..info
            };
            (row, info)
        })
        .collect();
    assert_eq!(look(&dead).pmtu_suspects, 0);
    let alone = look(&[stuck("10.0.3.9:80", 6)]);
    assert_eq!(alone.pmtu_suspects, 0);
    let elsewhere = look(&[stuck("10.0.3.9:80", 6), heard("10.0.3.8:80", 0)]);
    assert_eq!(elsewhere.pmtu_suspects, 0, "another peer says nothing");
}

#[test]
fn a_peer_that_goes_on_sending_is_alive() {
    let (row, info) = stuck("10.0.3.9:80", 3);
    let info = TcpInfo {
        last_data_received: 100,
        ..info
    };
    assert_eq!(look(&[(row, info)]).pmtu_suspects, 1);
}

#[test]
fn a_small_segment_fits_every_path() {
    let small = |change: fn(&mut SocketRow, &mut TcpInfo)| {
        let (mut row, mut info) = stuck("10.0.3.9:80", 3);
        change(&mut row, &mut info);
        look(&[(row, info), heard("10.0.3.9:22", 0)]).pmtu_suspects
    };
    assert_eq!(small(|_, _| {}), 1);
    assert_eq!(small(|row, _| row.send_queue = 1447), 0);
    assert_eq!(small(|_, info| info.send_mss = 1200), 0);
    assert_eq!(small(|row, _| row.retransmits = Some(2)), 0);
    assert_eq!(small(|row, _| row.timer = Some(Timer::ZeroWindow)), 0);
}

#[test]
fn beyond_the_limit_nothing_is_counted_but_that_there_is_more() {
    let mut examination = Examination::new(LIMITS);
    let quiet = TcpInfo {
        last_data_sent: 70_000,
        last_data_received: 70_000,
        ..INFO
    };
    for _ in 0..=Examined::LIMIT {
        examination.observe(&row("10.0.3.9:80", Timer::Off), Some(&quiet), None);
    }
    let found = examination.finish();
    assert_eq!(found.looked_at, Examined::LIMIT);
    assert_eq!(found.quiet.for_60s, Examined::LIMIT);
    assert!(found.cut);
}

#[test]
fn a_connection_without_information_is_said() {
    let mut examination = Examination::new(LIMITS);
    assert!(!examination.observe(&row("10.0.3.9:80", Timer::Off), None, None));
    assert_eq!(examination.finish().looked_at, 0);
}

#[test]
fn limits_that_cannot_be_read_leave_the_buffers_unknown() {
    let limits = BufferLimits {
        receive: None,
        send: Some(5),
    };
    let found = Examination::new(limits).finish();
    assert_eq!(found.receiving, None);
    assert_eq!(found.sending, Some(Bulk::new()));
    assert_eq!(found.idle_window, Some(0));
}

#[test]
fn what_was_found_survives_its_snapshot() {
    let (row, _) = heard("[2001:db8::2]:80", 0);
    let mut examination = Examination::new(LIMITS);
    let memory = SocketMemory {
        receive_buffer: 1_000_000,
        send_buffer: 1_000_000,
        drops: None,
    };
    let row = SocketRow {
        send_queue: 9,
        ..row
    };
    examination.observe(&row, Some(&INFO), Some(memory));
    let found = examination.finish();
    assert_eq!(found.receiving.as_ref().unwrap().len(), 1);
    assert_eq!(found.sending.as_ref().unwrap().len(), 1);
    let json = serde_json::to_string(&found).unwrap();
    assert_eq!(serde_json::from_str::<Examined>(&json).unwrap(), found);
}
