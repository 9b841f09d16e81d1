//! What a buffer at its limit must do to count.

use super::super::{Family, TcpState, Timer};
use super::*;

fn row(port: u16) -> SocketRow {
    SocketRow {
        family: Family::Ipv4,
        state: TcpState::Established,
        local: ([10, 0, 0, 1], port).into(),
        remote: ([10, 0, 3, 9], 80).into(),
        timer: Some(Timer::Retransmit),
        retransmits: Some(0),
        receive_queue: 0,
        send_queue: 1,
        inode: 1,
    }
}

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

const LIMIT: u64 = 1_000_000;

fn memory(buffer: u32) -> SocketMemory {
    SocketMemory {
        receive_buffer: buffer,
        send_buffer: buffer,
        drops: None,
    }
}

fn receives(info: &TcpInfo, buffer: u32) -> Result<bool, Untold> {
    Receiving::of(&row(1), info, memory(buffer), LIMIT).map(|one| one.is_some())
}

fn sends(queue: u32, info: &TcpInfo, buffer: u32) -> Result<bool, Untold> {
    let row = SocketRow {
        send_queue: queue,
        ..row(1)
    };
    Sending::of(&row, info, memory(buffer), LIMIT).map(|one| one.is_some())
}

#[test]
fn a_buffer_below_its_limit_or_fixed_at_another_size_is_none_of_them() {
    for (buffer, is_one) in [
        (949_999, false),
        (950_000, true),
        (1_000_000, true),
        (1_050_000, true),
        (1_050_001, false),
        (8_000_000, false),
    ] {
        assert_eq!(receives(&INFO, buffer), Ok(is_one), "{buffer}");
        assert_eq!(sends(1, &INFO, buffer), Ok(is_one), "{buffer}");
    }
}

#[test]
fn a_near_peer_needs_no_window_and_an_idle_connection_is_not_held_up() {
    let near = TcpInfo {
        min_rtt: Some(4_999),
        ..INFO
    };
    let never_measured = TcpInfo {
        min_rtt: Some(u32::MAX),
        ..INFO
    };
    let idle = TcpInfo {
        last_data_received: 1_001,
        ..INFO
    };
    for info in [near, never_measured, idle] {
        assert_eq!(receives(&info, 1_000_000), Ok(false));
    }
    assert_eq!(sends(1, &never_measured, 1_000_000), Ok(false));
    assert_eq!(sends(0, &INFO, 1_000_000), Ok(false), "nothing to send");
}

#[test]
fn a_kernel_that_lacks_a_number_cannot_tell() {
    let no_rtt = TcpInfo {
        min_rtt: None,
        ..INFO
    };
    let no_times = TcpInfo {
        send_buffer_limited: None,
        ..INFO
    };
    assert_eq!(receives(&no_rtt, 5), Err(Untold));
    assert_eq!(sends(1, &no_times, 5), Err(Untold));
}

fn receiving(bytes: u64) -> Receiving {
    Receiving {
        peer: row(1).remote,
        bytes,
        min_rtt: 100_000,
        window: 500_000,
        buffer: 1_000_000,
    }
}

#[test]
fn a_receiver_is_held_up_where_a_round_trip_brings_nearly_the_whole_window() {
    // In 2 s of round trips of 100 ms, 20 windows fit.
    let held_up = |bytes: u64| receiving(7 + bytes).held_up(&receiving(7), 2.0).is_some();
    assert!(held_up(8_600_000));
    assert!(!held_up(8_400_000));
    assert!(!held_up(0));
    let shrunk = Receiving {
        window: 0,
        ..receiving(9_000_000)
    };
    assert_eq!(shrunk.held_up(&receiving(0), 2.0), None);
    let went_backwards = receiving(5).held_up(&receiving(6), 2.0);
    assert_eq!(went_backwards, None);
}

fn sending(bytes: u64, busy: u64, limited: u64) -> Sending {
    Sending {
        peer: row(1).remote,
        bytes,
        busy,
        limited,
        min_rtt: 100_000,
        buffer: 1_000_000,
    }
}

#[test]
fn a_sender_is_held_up_where_it_is_busy_and_waits_for_room() {
    // Half of the buffer in each of the 20 round trips that 2 s have.
    const HALF: u64 = 10_000_000;
    let start = sending(100, 1_000_000, 900_000);
    let held_up = |busy: u64, limited: u64| {
        let now = sending(100 + HALF, 1_000_000 + busy, 900_000 + limited);
        now.held_up(&start, 2.0)
    };
    assert_eq!(held_up(1_000_000, 300_001), Some(HALF));
    assert_eq!(held_up(1_000_000, 300_000), None, "it waits too little");
    assert_eq!(held_up(600_000, 600_000), Some(HALF));
    assert_eq!(held_up(599_999, 599_999), None, "it is hardly busy");
    assert_eq!(held_up(0, 0), None);
    assert_eq!(sending(99, 2_000_000, 2_000_000).held_up(&start, 2.0), None);
    let went_backwards = sending(100 + HALF, 999_999, 900_000);
    assert_eq!(went_backwards.held_up(&start, 2.0), None);
}

#[test]
fn a_sender_that_fills_a_deep_queue_is_not_held_up_by_its_buffer() {
    let start = sending(0, 0, 0);
    // A shortest round trip brings this much of the buffer; the rest waits in the queue.
    let held_up = |hundredths: u64| {
        let now = sending(20 * hundredths * 10_000, 2_000_000, 1_900_000);
        now.held_up(&start, 2.0).is_some()
    };
    assert!(held_up(36));
    assert!(!held_up(35));
    assert!(!held_up(10));
}

#[test]
fn only_the_same_connections_are_compared_and_the_fastest_is_named() {
    let of = |rows: &[(u64, u8, u64)]| -> Bulk<Receiving> {
        let one = |(connection, last, bytes): &(u64, u8, u64)| {
            let peer = ([10, 0, 3, *last], 80).into();
            let one = Receiving {
                peer,
                buffer: 1_000_000 + u32::from(*last),
                ..receiving(*bytes)
            };
            (*connection, one)
        };
        rows.iter().map(one).collect()
    };
    let earlier = of(&[(1, 1, 0), (2, 2, 0), (3, 3, 0)]);
    let now = of(&[
        (1, 1, 9_000_000),
        (2, 2, 9_500_000),
        (3, 3, 1_000),
        (4, 4, 99_000_000),
    ]);
    let found = receive_capped(&earlier, &now, 2.0);
    assert_eq!(found.count, 2);
    assert_eq!(found.top, Some(([10, 0, 3, 2], 80).into()));
    assert_eq!(found.buffer, Some(1_000_002), "the others do not count");
    let none = receive_capped(&of(&[]), &now, 2.0);
    assert_eq!((none.count, none.top, none.buffer), (0, None, None));
}

#[test]
fn no_more_are_kept_than_fit_and_those_are_the_same_ones_in_both_looks() {
    let look = |ports: std::ops::Range<u16>| {
        let mut kept = Bulk::new();
        for port in ports {
            keep(&mut kept, &row(port), receiving(0));
        }
        kept
    };
    let (earlier, now) = (look(1000..3000), look(1100..3100));
    assert_eq!((earlier.len(), now.len()), (64, 64));
    let both = now.keys().filter(|one| earlier.contains_key(one)).count();
    assert!(both > 50, "{both}");
}
