//! What an expression gets to see.

use super::*;
use crate::fact::Host;
use crate::fact::socket::{
    Examined, Family, PortOccupancy, Receiving, SocketSource, Sockets, TcpState,
};

const DROPS: &str = "listener.drops";
const PERSISTING: &str = "socket.syn_sent_persisting";

fn sockets(listeners: Vec<Listener>) -> Sockets {
    Sockets {
        source: SocketSource::Diagnostics,
        summary: SocketSummary::default(),
        listeners,
        ports: PortOccupancy::default(),
        close_wait_inodes: Vec::new(),
        unread: [].into(),
        notes: Vec::new(),
    }
}

fn listener(inode: u64, drops: Option<u64>) -> Listener {
    Listener {
        family: Family::Ipv6,
        address: "[::]:443".parse().unwrap(),
        queue: 3,
        bound: None,
        drops,
        inode,
        process: None,
    }
}

fn sample(readings: &[(&str, Value)], sockets: Option<Sockets>) -> Sample {
    Sample {
        uptime_seconds: Some(100.0),
        host: Host::default(),
        readings: readings
            .iter()
            .map(|(fact, value)| ((*fact).to_owned(), Reading::Known(value.clone())))
            .collect(),
        sockets,
        boot: None,
        sampled: [].into(),
        notes: Vec::new(),
    }
}

fn window(earlier: Sample, now: Sample) -> Snapshot {
    let earlier = Sample {
        uptime_seconds: Some(90.0),
        ..earlier
    };
    Snapshot::new(Some(earlier), now)
}

fn int(lookup: &Lookup) -> Option<i64> {
    match lookup {
        Lookup::Value(Value::Int(number)) => Some(*number),
        _ => None,
    }
}

fn why(lookup: Lookup) -> Why {
    match lookup {
        Lookup::Missing(missing) => missing.why,
        Lookup::Value(value) => panic!("{value:?}"),
    }
}

/// The drops over the window of the only listener there is now.
fn dropped(earlier: Option<Sockets>, now: Listener) -> Lookup {
    let snapshot = window(sample(&[], earlier), sample(&[], Some(sockets(vec![now]))));
    let view = View::new(&snapshot);
    let subject = view.listeners().unwrap()[0];
    view.of(subject).delta(DROPS)
}

#[test]
fn a_counter_that_went_backwards_is_unknown_not_zero() {
    let of = |number| sample(&[("counter.Tcp.OutSegs", Value::Int(number))], None);
    let delta = |before, now| View::new(&window(of(before), of(now))).delta("counter.Tcp.OutSegs");
    assert_eq!(int(&delta(5, 12)), Some(7));
    assert_eq!(int(&delta(5, 5)), Some(0));
    assert_eq!(
        why(delta(4_294_967_290, 3)),
        Why::Other("went backwards".to_owned())
    );
    assert_eq!(int(&delta(i64::MIN, i64::MAX)), Some(i64::MAX));
}

#[test]
fn with_one_sample_there_is_a_total_and_no_difference() {
    let snapshot = Snapshot::new(
        None,
        sample(&[("counter.Tcp.OutSegs", Value::Int(9))], None),
    );
    let view = View::new(&snapshot);
    assert_eq!(why(view.delta("counter.Tcp.OutSegs")), Why::OneSample);
    assert_eq!(int(&view.total("counter.Tcp.OutSegs")), Some(9));
    assert_eq!(view.window_seconds(), None);
}

#[test]
fn since_boot_the_difference_is_the_total_over_the_uptime() {
    let of = |number| sample(&[("counter.Tcp.OutSegs", Value::Int(number))], None);
    let snapshot = window(of(5), of(12));
    let view = View::new(&snapshot).over(Period::SinceBoot);
    assert_eq!(int(&view.delta("counter.Tcp.OutSegs")), Some(12));
    assert_eq!(view.window_seconds(), Some(100.0));
    assert_eq!(View::new(&snapshot).window_seconds(), Some(10.0));
}

#[test]
fn a_listener_is_told_from_another_one_on_its_address() {
    // SO_REUSEPORT: two sockets on one address; the wrong one would show 90 drops.
    let earlier = sockets(vec![listener(7, Some(10)), listener(8, Some(100))]);
    let found = dropped(Some(earlier.clone()), listener(8, Some(100)));
    assert_eq!(int(&found), Some(0));
    // A server that was restarted in the window listens anew.
    assert_eq!(int(&dropped(Some(earlier), listener(9, Some(4)))), Some(4));
}

#[test]
fn drops_are_unknown_where_either_end_of_the_window_cannot_tell_them() {
    let tables = sockets(vec![listener(7, None)]);
    let needs_diag = Why::NotCollected("needs sock_diag".to_owned());
    let now = listener(7, Some(50));
    assert_eq!(why(dropped(Some(tables), now.clone())), needs_diag);
    let told = sockets(vec![listener(7, Some(2))]);
    assert_eq!(why(dropped(Some(told), listener(7, None))), needs_diag);
    let unread = Why::NotCollected("sockets could not be read".to_owned());
    assert_eq!(why(dropped(None, now)), unread);
    // 32 bits in the kernel: they start again at zero.
    let wrapped = dropped(
        Some(sockets(vec![listener(7, Some(50))])),
        listener(7, Some(1)),
    );
    assert_eq!(why(wrapped), Why::Other("went backwards".to_owned()));
}

#[test]
fn the_queue_of_a_listener_is_the_longer_of_both_samples() {
    let full = Listener {
        queue: 129,
        ..listener(7, None)
    };
    let snapshot = window(
        sample(&[], Some(sockets(vec![full]))),
        sample(&[], Some(sockets(vec![listener(7, None)]))),
    );
    let view = View::new(&snapshot);
    let view = view.of(view.listeners().unwrap()[0]);
    assert_eq!(int(&view.value("listener.queue")), Some(129));
    let address = Value::Text("[::]:443".to_owned());
    assert_eq!(view.value("listener.address"), Lookup::Value(address));
    assert!(matches!(view.value("destination.used"), Lookup::Missing(_)));
}

#[test]
fn only_connections_in_both_samples_persist() {
    let dialling = |ports: std::ops::Range<u16>| {
        let mut found = sockets(Vec::new());
        for port in ports {
            let local = ([10, 0, 0, 1], port).into();
            let remote = ([10, 0, 3, 9], 80).into();
            found.summary.syn_sent_tracked.insert(local, remote);
        }
        sample(&[], Some(found))
    };
    let snapshot = window(dialling(100..200), dialling(150..300));
    assert_eq!(int(&View::new(&snapshot).value(PERSISTING)), Some(50));
    let single = Snapshot::new(None, dialling(0..5));
    assert_eq!(why(View::new(&single).value(PERSISTING)), Why::OneSample);
    let unread = Why::NotCollected("sockets could not be read".to_owned());
    let blind = window(sample(&[], None), dialling(0..5));
    assert_eq!(why(View::new(&blind).value(PERSISTING)), unread);
}

const CAPPED: &str = "socket.receive_capped";

/// A sample with a connection that has received so many bytes.
fn receiving(bytes: Option<u64>) -> Sample {
    let mut found = sockets(Vec::new());
    let one = Receiving {
        peer: "10.0.3.9:80".parse().unwrap(),
        bytes: bytes.unwrap_or(0),
        min_rtt: 100_000,
        window: 500_000,
        buffer: 6_291_456,
    };
    found.summary.examined = Some(Examined {
        receiving: bytes.map(|_| [(7, one)].into()),
        ..Examined::default()
    });
    sample(&[], Some(found))
}

#[test]
fn a_buffer_holds_a_connection_up_between_two_samples() {
    let value = |earlier, now, fact: &str| View::new(&window(earlier, now)).value(fact);
    let top = "socket.receive_capped_top";
    // 100 windows fit into 10 s.
    let (start, full) = (receiving(Some(0)), receiving(Some(49_000_000)));
    assert_eq!(int(&value(start.clone(), full.clone(), CAPPED)), Some(1));
    let peer = Value::Text("10.0.3.9:80".to_owned());
    assert_eq!(value(start.clone(), full.clone(), top), Lookup::Value(peer));
    let buffer = "socket.receive_capped_buffer";
    let found = value(start.clone(), full.clone(), buffer);
    assert_eq!(int(&found), Some(6_291_456));
    assert_eq!(
        why(value(start.clone(), start.clone(), buffer)),
        Why::Absent
    );
    let half = receiving(Some(25_000_000));
    assert_eq!(int(&value(start.clone(), half.clone(), CAPPED)), Some(0));
    assert_eq!(why(value(start, half, top)), Why::Absent);
    let single = Snapshot::new(None, full);
    assert_eq!(why(View::new(&single).value(CAPPED)), Why::OneSample);
}

#[test]
fn buffers_that_were_not_looked_at_are_unknown_not_zero() {
    let value = |earlier: &Sample, now: &Sample, fact: &str| {
        why(View::new(&window(earlier.clone(), now.clone())).value(fact))
    };
    let seen = receiving(Some(0));
    let not_collected = |what: &str| Why::NotCollected(what.to_owned());
    let unread = not_collected("sockets could not be read");
    assert_eq!(value(&sample(&[], None), &seen, CAPPED), unread);
    // A snapshot of an older release, or the tables of /proc/net.
    let plain = sample(&[], Some(sockets(Vec::new())));
    assert_eq!(
        value(&plain, &seen, CAPPED),
        not_collected("needs sock_diag")
    );
    assert_eq!(
        value(&seen, &plain, CAPPED),
        not_collected("needs sock_diag")
    );
    let unknown = not_collected("buffers of connections could not be read");
    assert_eq!(value(&seen, &receiving(None), CAPPED), unknown);
    assert_eq!(value(&seen, &seen, "socket.send_capped_top"), unknown);
}

#[test]
fn none_in_a_part_of_the_connections_is_unknown_and_one_is_one() {
    let part = |bytes| {
        let mut sample = receiving(Some(bytes));
        let summary = &mut sample.sockets.as_mut().unwrap().summary;
        summary.ipv4.add(TcpState::Established, 30_000);
        let examined = summary.examined.as_mut().unwrap();
        (examined.looked_at, examined.cut) = (20_000, true);
        sample
    };
    let denied = Why::Denied("20000 of 30000 looked at".to_owned());
    let value = |earlier, now, fact: &str| View::new(&window(earlier, now)).value(fact);
    for fact in [CAPPED, "socket.receive_capped_top"] {
        assert_eq!(why(value(part(0), part(0), fact)), denied);
        assert_eq!(why(value(part(0), receiving(Some(0)), fact)), denied);
    }
    assert_eq!(int(&value(part(0), part(49_000_000), CAPPED)), Some(1));
}

#[test]
fn usable_ports_are_those_of_the_range_without_the_reserved_ones() {
    let range = (
        "sysctl.net.ipv4.ip_local_port_range",
        Value::Range([1000, 1999]),
    );
    let list = "sysctl.net.ipv4.ip_local_reserved_ports";
    let usable = |now: Sample| View::new(&Snapshot::new(None, now)).value("port.usable");
    let reserved = (
        list,
        Value::Ports(vec![(1, 1009), (1990, 3000), (5000, 5001)]),
    );
    let both = sample(&[range.clone(), reserved], None);
    assert_eq!(int(&usable(both.clone())), Some(980));
    let mut hidden = both.clone();
    let denied = Reading::Denied("EACCES".to_owned());
    hidden.readings.insert(list.to_owned(), denied);
    assert_eq!(why(usable(hidden)), Why::Denied("EACCES".to_owned()));
    assert_eq!(int(&usable(sample(&[range], None))), Some(1000));
    assert!(matches!(usable(sample(&[], None)), Lookup::Missing(_)));

    let snapshot = Snapshot::new(None, both);
    let wider = (
        "net.ipv4.ip_local_port_range".to_owned(),
        Value::Range([1000, 2999]),
    );
    let tried = View::new(&snapshot).with([wider]);
    assert_eq!(
        int(&tried.value("port.usable")),
        Some(980),
        "it follows what is tried"
    );
}

const RANGE: &str = "sysctl.net.ipv4.ip_local_port_range";
const RESERVED: &str = "sysctl.net.ipv4.ip_local_reserved_ports";

fn at(address: &str) -> Listener {
    Listener {
        address: address.parse().unwrap(),
        ..listener(1, None)
    }
}

/// A sample with listeners, the range 32768 to 60999, and some reserved ports.
fn serving(addresses: &[&str], reserved: &[(u16, u16)]) -> Sample {
    let readings = [
        (RANGE, Value::Range([32_768, 60_999])),
        (RESERVED, Value::Ports(reserved.to_vec())),
    ];
    let listeners = addresses.iter().map(|address| at(address)).collect();
    sample(&readings, Some(sockets(listeners)))
}

fn reserved_and_services(sample: Sample) -> Lookup {
    View::new(&Snapshot::new(None, sample)).value("port.reserved_and_services")
}

#[test]
fn services_in_the_range_join_the_reserved_ports() {
    let found = reserved_and_services(serving(
        &[
            "0.0.0.0:443",
            "10.0.0.1:32768",
            "[::]:60999",
            "0.0.0.0:61000",
            "0.0.0.0:40001",
            "[::]:40001",
            "0.0.0.0:40011",
            "127.0.0.1:50000",
            "127.8.8.8:50001",
            "[::1]:50002",
        ],
        &[(40_002, 40_010), (8080, 8080)],
    ));
    let expected = vec![
        (8080, 8080),
        (32_768, 32_768),
        (40_001, 40_011),
        (60_999, 60_999),
    ];
    assert_eq!(found, Lookup::Value(Value::Ports(expected)));
}

#[test]
fn without_a_service_in_the_range_the_reserved_ports_stay_as_they_are() {
    let list = vec![(1, 5), (9, 9)];
    let found = reserved_and_services(serving(&["0.0.0.0:443"], &list));
    assert_eq!(found, Lookup::Value(Value::Ports(list)));
    let none = reserved_and_services(serving(&[], &[]));
    assert_eq!(none, Lookup::Value(Value::Ports(Vec::new())));
}

#[test]
fn reserved_ports_and_services_follow_a_range_that_is_tried_out() {
    let snapshot = Snapshot::new(
        None,
        serving(&["0.0.0.0:20000", "0.0.0.0:40000"], &[(7, 7)]),
    );
    let view = View::new(&snapshot);
    let ports = |view: &View<'_>| view.value("port.reserved_and_services");
    let of = |ranges: &[(u16, u16)]| Lookup::Value(Value::Ports(ranges.to_vec()));
    assert_eq!(ports(&view), of(&[(7, 7), (40_000, 40_000)]));
    let lower = (
        "net.ipv4.ip_local_port_range".to_owned(),
        Value::Range([16_384, 32_767]),
    );
    assert_eq!(ports(&view.with([lower])), of(&[(7, 7), (20_000, 20_000)]));
    let list = (
        "net.ipv4.ip_local_reserved_ports".to_owned(),
        Value::Ports(vec![(40_000, 40_001)]),
    );
    assert_eq!(ports(&view.with([list])), of(&[(40_000, 40_001)]));
}

#[test]
fn a_list_that_cannot_be_read_is_never_replaced() {
    let mut hidden = serving(&["0.0.0.0:40000"], &[]);
    let denied = Reading::Denied("EACCES".to_owned());
    hidden.readings.insert(RESERVED.to_owned(), denied);
    let found = reserved_and_services(hidden.clone());
    assert_eq!(why(found), Why::Denied("EACCES".to_owned()));
    hidden.readings.remove(RESERVED);
    assert!(matches!(reserved_and_services(hidden), Lookup::Missing(_)));
    let mut blind = serving(&[], &[]);
    blind.sockets = None;
    let unread = Why::NotCollected("sockets could not be read".to_owned());
    assert_eq!(why(reserved_and_services(blind)), unread);
}

#[test]
fn a_listener_tells_whether_it_is_in_reach_and_in_the_range() {
    let addresses = [
        "127.0.0.1:40000",
        "[::]:443",
        "0.0.0.0:40001",
        "[::1]:50000",
    ];
    let snapshot = Snapshot::new(None, serving(&addresses, &[(40_001, 40_001)]));
    let view = View::new(&snapshot);
    let told: Vec<_> = view
        .listeners()
        .unwrap()
        .into_iter()
        .map(|subject| {
            let view = view.of(subject);
            let flag = |fact: &str| view.value(fact) == Lookup::Value(Value::Bool(true));
            (flag("listener.loopback"), flag("listener.in_range"))
        })
        .collect();
    // One that is reserved is not given to anybody.
    let expected = [(true, true), (false, false), (false, false), (true, true)];
    assert_eq!(told, expected);
    let wider = (
        "net.ipv4.ip_local_port_range".to_owned(),
        Value::Range([400, 60_999]),
    );
    let tried = view.with([wider]).of(view.listeners().unwrap()[1]);
    let in_range = tried.value("listener.in_range");
    assert_eq!(in_range, Lookup::Value(Value::Bool(true)));
}

#[test]
fn a_parameter_is_its_default_until_a_profile_names_it() {
    let mut named = sample(&[("param.idle_limit", Value::Int(350))], None);
    let limit = |now: &Sample| {
        let snapshot = Snapshot::new(None, now.clone());
        int(&View::new(&snapshot).value("param.idle_limit"))
    };
    assert_eq!(limit(&named), Some(350));
    named.readings.clear();
    assert_eq!(limit(&named), Some(0));
}

#[test]
fn numbers_that_no_kernel_has_do_not_fall_over() {
    for ends in [[i64::MIN, i64::MAX], [i64::MAX, i64::MIN], [0, -1]] {
        let range = ("sysctl.net.ipv4.ip_local_port_range", Value::Range(ends));
        let list = (
            "sysctl.net.ipv4.ip_local_reserved_ports",
            Value::Ports(vec![(9, 3)]),
        );
        let snapshot = Snapshot::new(None, sample(&[range, list], None));
        let usable = int(&View::new(&snapshot).value("port.usable")).unwrap();
        assert!((0..=65_536).contains(&usable), "{ends:?}: {usable}");
    }
}
