//! More sockets than are listed one by one: counts by subtraction, samples, and the walk to a few
//! destinations, on a kernel that also lists them all.

use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::Barrier;
use std::thread;

use rustix::net::sockopt::set_socket_keepalive;
use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType, sendto, socket_with};
use rustix::process::{Signal, getpid, kill_process};
use tcptune::fact::Reading;
use tcptune::fact::socket::{
    BufferLimits, DestinationTally, Family, PortView, Slices, Sockets, TcpState,
};
use tcptune::host::inet_diag::{self, DiagError, Ext, StateMask};
use tcptune::host::sockets::{CollectOptions, Examine, Look, Walk, collect, look};
use tcptune::host::{self, Moment, Needs, Source, interrupt};

use crate::RANGE;
use crate::far::Far;
use crate::mix::{Held, begin_connect, build, listener, pair};
use crate::namespace::{eventually, inside, run};
use crate::{as_ss, counts, ss};

/// The options of this host with so low a limit that a part of these sockets is too many.
fn few(limit: u64) -> CollectOptions {
    CollectOptions::live(RANGE).up_to(limit)
}

fn both_families(sockets: &Sockets) -> [BTreeMap<TcpState, u64>; 2] {
    [Family::Ipv4, Family::Ipv6].map(|family| counts(sockets, family))
}

/// What is held open, so that it stays in its state.
struct Crowd {
    _mix: Held,
    _streams: Vec<TcpStream>,
    _listeners: Vec<TcpListener>,
    _half_open: Vec<OwnedFd>,
    _far: Far,
}

/// The mix of the other tests, mapped addresses, half-open connections and more of the two states with
/// many.
fn crowd() -> Crowd {
    let mix = build();
    fs::write("/proc/sys/net/ipv4/tcp_tw_reuse", "0").unwrap();
    let both = listener("[::]:9005".parse().unwrap(), 64);
    let mut streams = Vec::new();
    for at in 0..60 {
        let address = if at % 3 == 0 {
            "[::1]:9005"
        } else {
            "127.0.0.1:9005"
        };
        let client = TcpStream::connect(address).unwrap();
        let (server, _) = both.accept().unwrap();
        set_socket_keepalive(&client, at % 2 == 0).unwrap();
        match at % 5 {
            0..=2 => streams.extend([client, server]),
            // Both ends held: a whole socket in FIN_WAIT2.
            3 => {
                client.shutdown(Shutdown::Write).unwrap();
                streams.extend([client, server]);
            }
            _ => {
                drop(client);
                drop(server);
            }
        }
    }
    let far = Far::open();
    let (mut listeners, half_open) = half_open(&far, &mut streams);
    listeners.push(both);
    Crowd {
        _mix: mix,
        _streams: streams,
        _listeners: listeners,
        _half_open: half_open,
        _far: far,
    }
}

/// Connections whose handshake does not end, as the answers of this end are lost: requests, and whole
/// sockets where the first segment brought data (TCP Fast Open).
fn half_open(far: &Far, streams: &mut Vec<TcpStream>) -> (Vec<TcpListener>, Vec<OwnedFd>) {
    const WITHOUT_COOKIE_OR_OPTION: &str = "1543";
    fs::write("/proc/sys/net/ipv4/tcp_fastopen", WITHOUT_COOKIE_OR_OPTION).unwrap();
    let services: Vec<TcpListener> = ["10.78.0.1:9006", "[fd78::1]:9006"]
        .iter()
        .map(|address| listener(address.parse().unwrap(), 64))
        .collect();
    for service in &services {
        // The other end learns where this one is before it hears nothing more.
        let address = service.local_addr().unwrap();
        streams.push(far.enter(|| TcpStream::connect(address).unwrap()));
        streams.push(service.accept().unwrap().0);
    }
    Far::lose();
    let mut begun = Vec::new();
    for service in &services {
        let address = service.local_addr().unwrap();
        far.enter(|| {
            fs::write("/proc/sys/net/ipv4/tcp_fastopen", WITHOUT_COOKIE_OR_OPTION).unwrap();
            for _ in 0..3 {
                begun.push(begin_connect(address));
            }
            for _ in 0..2 {
                begun.push(begin_with_data(address));
            }
        });
    }
    eventually("the connections are half open", || {
        let (mut whole, mut requests) = (0, 0);
        let states = StateMask::only(TcpState::SynRecv);
        inet_diag::dump(states, Ext::Plain, |socket| {
            *if socket.is_whole {
                &mut whole
            } else {
                &mut requests
            } += 1;
        })
        .unwrap();
        (whole, requests) == (4, 6)
    });
    (services, begun)
}

/// Begins to connect with data in the first segment.
fn begin_with_data(address: SocketAddr) -> OwnedFd {
    /// `MSG_FASTOPEN`
    const FASTOPEN: SendFlags = SendFlags::from_bits_retain(0x2000_0000);
    let family = if address.is_ipv4() {
        AddressFamily::INET
    } else {
        AddressFamily::INET6
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(family, SocketType::STREAM, flags, None).unwrap();
    assert_eq!(sendto(&socket, b"x", FASTOPEN, &address), Ok(1));
    socket
}

/// How many sockets in `CLOSE_WAIT` are older than each step.
fn ages(sockets: &Sockets) -> [u64; 4] {
    let ages = sockets.summary.close_wait_ages.as_ref().unwrap();
    [
        ages.older_10s,
        ages.older_60s,
        ages.older_600s,
        ages.older_3600s,
    ]
}

#[track_caller]
fn assert_between(earlier: &[u64; 4], found: &[u64; 4], later: &[u64; 4]) {
    for ((from, one), to) in earlier.iter().zip(found).zip(later) {
        assert!(
            (from..=to).contains(&one),
            "{earlier:?} {found:?} {later:?}"
        );
    }
}

#[test]
fn counts_by_subtraction_are_those_of_a_full_walk_and_of_ss() {
    if !inside("many::counts_by_subtraction_are_those_of_a_full_walk_and_of_ss") {
        return;
    }
    let _held = crowd();
    let full = collect(&CollectOptions::live(RANGE)).unwrap();
    let expected = both_families(&full);
    for (family, flag) in expected.iter().zip(["-4", "-6"]) {
        assert_eq!(as_ss(family), ss(flag));
    }
    assert!(full.summary.count(TcpState::FinWait2) > full.summary.fin_wait_2_orphaned);
    assert!(full.summary.fin_wait_2_orphaned > 0);
    for limit in [1, 10, 30] {
        for examine in [
            Examine::No,
            Examine::IfStuck,
            Examine::Yes(BufferLimits::default()),
        ] {
            let Look { sockets, .. } = look(&few(limit).examining(examine)).unwrap();
            assert_eq!(
                sockets
                    .notes
                    .iter()
                    .filter(|note| note.contains("went"))
                    .count(),
                0
            );
            let mut found = both_families(&sockets);
            // Of TIME_WAIT the kernel tells the number, not the family.
            let resting = |of: &[BTreeMap<TcpState, u64>; 2]| {
                of.iter()
                    .filter_map(|one| one.get(&TcpState::TimeWait))
                    .sum::<u64>()
            };
            assert_eq!(resting(&found), resting(&expected), "{limit}");
            for (found, expected) in found.iter_mut().zip(&expected) {
                found.remove(&TcpState::TimeWait);
                let mut expected = expected.clone();
                expected.remove(&TcpState::TimeWait);
                assert_eq!(*found, expected, "{limit} {examine:?}");
            }
            let (one, other) = (&sockets.summary, &full.summary);
            assert_eq!(one.fin_wait_2_orphaned, other.fin_wait_2_orphaned);
            assert_eq!(one.fin_wait_2_tracked, other.fin_wait_2_tracked);
            // Nobody waits while they are compared, and the sockets grow older.
            let later = ages(&collect(&CollectOptions::live(RANGE)).unwrap());
            assert_between(&ages(&full), &ages(&sockets), &later);
            assert_eq!(one.syn_sent_top, other.syn_sent_top);
        }
    }
}

#[test]
fn who_wants_all_exactly_gets_what_a_walk_below_the_limit_tells() {
    if !inside("many::who_wants_all_exactly_gets_what_a_walk_below_the_limit_tells") {
        return;
    }
    let _held = crowd();
    let examine = Examine::Yes(BufferLimits::default());
    let full = look(&CollectOptions::live(RANGE).examining(examine)).unwrap();
    let exact = look(&few(10).walking(Walk::Exact).examining(examine)).unwrap();
    assert!(exact.sampled.is_empty() && exact.sockets.unread.is_empty());
    let later = look(&CollectOptions::live(RANGE)).unwrap().sockets;
    assert_between(&ages(&full.sockets), &ages(&exact.sockets), &ages(&later));
    let (mut one, mut other) = (exact.sockets.summary, full.sockets.summary);
    one.close_wait_ages = other.close_wait_ages;
    let examined = one.examined.take().unwrap();
    assert_eq!((examined.looked_at, examined.cut), (10, true));
    assert!(!other.examined.take().unwrap().cut);
    one.syn_sent_backoff = other.syn_sent_backoff;
    one.syn_recv_backoff = other.syn_recv_backoff;
    assert_eq!(one, other);
}

#[test]
fn shares_of_a_sample_come_with_margins_that_hold_the_truth() {
    if !inside("many::shares_of_a_sample_come_with_margins_that_hold_the_truth") {
        return;
    }
    let _held = crowd();
    // Hundreds, as ports of connections that are opened together lie side by side.
    let service = listener("10.77.0.1:9008".parse().unwrap(), 64);
    let mut pairs = Vec::new();
    for at in 0..700 {
        let one = pair(&service);
        set_socket_keepalive(&one.0, at % 3 == 0).unwrap();
        pairs.push(one);
    }
    let full = look(&CollectOptions::live(RANGE)).unwrap();
    assert!(full.sampled.is_empty() && full.sockets.unread.is_empty());
    let sample = look(&few(40)).unwrap();
    let all = full.sockets.summary.count(TcpState::Established);
    let truth = &full.sockets.summary;
    let found = &sample.sockets.summary;
    for (fact, count, expected) in [
        (
            "socket.established_keepalive",
            found.established_keepalive.unwrap(),
            truth.established_keepalive.unwrap(),
        ),
        ("socket.incoming", found.incoming, truth.incoming),
        ("socket.outgoing", found.outgoing, truth.outgoing),
    ] {
        let margin = sample.sampled[fact];
        assert!(
            margin.looked_at > 0 && margin.of == all,
            "{fact} {margin:?}"
        );
        // The kernel's key is another in every run: five standard deviations, not two.
        let away = count.abs_diff(expected);
        assert!(
            away * 2 <= margin.error * 5,
            "{fact}: {count} for {expected}"
        );
    }
    // What is rare is unknown unless it was seen, and nothing is stuck here.
    let why = sample.sockets.why_unread("socket.established_stuck_top");
    let expected = format!(" of {all} looked at; --exact looks at all");
    assert!(why.is_some_and(|why| why.ends_with(&expected)), "{why:?}");
    assert_eq!(found.established_stuck, None);
}

#[test]
fn walks_at_the_same_time_tell_what_walks_in_turn_do() {
    if !inside("many::walks_at_the_same_time_tell_what_walks_in_turn_do") {
        return;
    }
    let _held = crowd();
    let service = listener("10.77.0.1:9008".parse().unwrap(), 64);
    let mut pairs = Vec::new();
    for at in 0..700 {
        let one = pair(&service);
        set_socket_keepalive(&one.0, at % 3 == 0).unwrap();
        pairs.push(one);
    }
    // In both states with many, in one of them, and with destinations to count.
    for limit in [5, 40, 400] {
        let together = few(limit).examining(Examine::Yes(BufferLimits::default()));
        let in_turn = CollectOptions {
            in_turn: true,
            ..together.clone()
        };
        let mut one = look(&together).unwrap();
        let mut other = look(&in_turn).unwrap();
        for found in [&mut one, &mut other] {
            assert!(!found.sampled.is_empty(), "{limit}");
            // These grow while they are compared.
            let summary = &mut found.sockets.summary;
            summary.close_wait_ages = None;
            summary.syn_sent_backoff = None;
            summary.syn_recv_backoff = None;
            summary.established_backoff = None;
            let unread = &mut found.sockets.unread;
            unread.remove("socket.established_backoff");
            found.sampled.remove("socket.established_backoff");
            found.sockets.listeners.clear();
        }
        assert_eq!(one, other, "{limit}");
    }
}

#[test]
fn closed_connections_are_listed_where_no_sample_of_open_ones_is_taken() {
    if !inside("many::closed_connections_are_listed_where_no_sample_of_open_ones_is_taken") {
        return;
    }
    fs::write("/proc/sys/net/ipv4/tcp_tw_reuse", "0").unwrap();
    for (address, count) in [("127.0.0.1:9001", 130), ("[::1]:9002", 70)] {
        let service = listener(address.parse().unwrap(), 64);
        for _ in 0..count {
            drop(pair(&service));
        }
    }
    eventually("they rest", || {
        ss("-4").get("TIME-WAIT") == Some(&130) && ss("-6").get("TIME-WAIT") == Some(&70)
    });
    let found = look(&few(50)).unwrap();
    let summary = &found.sockets.summary;
    assert_eq!(summary.ipv4.get(TcpState::TimeWait), 130);
    assert_eq!(summary.ipv6.get(TcpState::TimeWait), 70);
    assert!(found.sampled.is_empty() && found.sockets.unread.is_empty());
    let used: Vec<u64> = summary.destinations.iter().map(|one| one.used).collect();
    assert_eq!(used, [130, 70]);
    // Who asks for the count alone gets it by subtraction.
    let counted = CollectOptions {
        samples: false,
        ..few(50)
    };
    let found = look(&counted).unwrap().sockets;
    assert_eq!(found.summary.count(TcpState::TimeWait), 200);
    assert_eq!(
        found.why_unread("socket.ipv6.time_wait"),
        Some("nobody asks")
    );
}

#[test]
fn who_asks_to_stop_within_a_walk_ends_every_walk_with_the_answer_at_hand() {
    // An answer of 32 KiB holds some hundred sockets.
    const MANY: u64 = 1500;
    if !inside("many::who_asks_to_stop_within_a_walk_ends_every_walk_with_the_answer_at_hand") {
        return;
    }
    let service = listener("127.0.0.1:9001".parse().unwrap(), 64);
    let held: Vec<_> = (0..MANY).map(|_| pair(&service)).collect();
    interrupt::listen().unwrap();
    let states = StateMask::CONNECTIONS;
    let every_port = [(1, u16::MAX)];
    let (mut seen, mut beside) = (0, 0);
    let barrier = Barrier::new(2);
    let (own, other) = thread::scope(|scope| {
        let other = scope.spawn(|| {
            inet_diag::dump_on_ports(states, &every_port, |_| {
                if beside == 0 {
                    barrier.wait();
                    barrier.wait();
                }
                beside += 1;
            })
        });
        let own = inet_diag::dump(states, Ext::Plain, |_| {
            if seen == 0 {
                barrier.wait();
                kill_process(getpid(), Signal::INT).unwrap();
                eventually("the signal is here", interrupt::asked);
                barrier.wait();
            }
            seen += 1;
        });
        (own, other.join().unwrap())
    });
    assert_eq!(own, Err(DiagError::Stopped));
    assert_eq!(other, Err(DiagError::Stopped));
    for seen in [seen, beside] {
        assert!((1..2 * MANY).contains(&seen), "{seen}");
    }
    drop(held);
}

#[test]
fn without_a_walk_the_listeners_are_known_and_nothing_else() {
    if !inside("many::without_a_walk_the_listeners_are_known_and_nothing_else") {
        return;
    }
    let _held = build();
    let full = collect(&CollectOptions::live(RANGE)).unwrap();
    let none = collect(&CollectOptions::live(RANGE).walking(Walk::None)).unwrap();
    assert_eq!(none.listeners, full.listeners);
    assert_eq!(none.ports, full.ports);
    assert_eq!(none.summary.count(TcpState::Listening), 4);
    assert_eq!(none.summary.count(TcpState::Established), 0);
    for fact in [
        "socket.established",
        "socket.syn_sent_persisting",
        "destination.",
    ] {
        assert_eq!(none.why_unread(fact), Some("--no-walk"));
    }
    assert_eq!(none.notes, Vec::<String>::new());
}

#[test]
fn who_asks_to_stop_waits_for_no_tables_and_gets_no_part_as_the_whole() {
    if !inside("many::who_asks_to_stop_waits_for_no_tables_and_gets_no_part_as_the_whole") {
        return;
    }
    let _held = build();
    interrupt::listen().unwrap();
    kill_process(getpid(), Signal::INT).unwrap();
    eventually("the signal is here", interrupt::asked);
    let error = collect(&CollectOptions::live(RANGE)).unwrap_err();
    assert_eq!(error.diagnostics, Some(DiagError::Stopped));
    assert_eq!(error.tables, None, "nobody read them");
    let needs = Needs::Facts(["socket.established".to_owned()].into());
    let sample = host::collect(&Source::live(), &needs, Moment::End(None));
    let expected = Reading::Denied("stopped".to_owned());
    assert_eq!(sample.readings["socket.established"], expected);
    assert_eq!(sample.readings["socket.listening"], expected);
    let said = "sockets cannot be read: stopped before all sockets were read";
    assert_eq!(sample.notes.last().unwrap(), said);
}

/// The destinations in use, counted one by one.
fn by_hand() -> BTreeMap<(IpAddr, SocketAddr), (u64, u64)> {
    let mut found = BTreeMap::new();
    inet_diag::dump(StateMask::CONNECTIONS, Ext::Plain, |socket| {
        let row = &socket.row;
        if (RANGE.0..=RANGE.1).contains(&row.local.port()) && row.remote.port() < 10_000 {
            let (used, rest) = found
                .entry((row.local.ip(), row.remote))
                .or_insert((0_u64, 0_u64));
            *used += 1;
            *rest += u64::from(row.state == TcpState::TimeWait);
        }
    })
    .unwrap();
    found
}

#[test]
fn a_walk_to_some_destinations_counts_as_a_walk_to_all() {
    if !inside("many::a_walk_to_some_destinations_counts_as_a_walk_to_all") {
        return;
    }
    let _held = crowd();
    run("ip", &["address", "add", "127.0.0.2/8", "dev", "lo"]);
    // IPv4 over IPv6 sockets at the end that connects.
    let service = listener("[::]:9007".parse().unwrap(), 64);
    let mut held = Vec::new();
    for at in 0..9_u16 {
        let address: SocketAddr = "[::ffff:127.0.0.1]:9007".parse().unwrap();
        held.push(TcpStream::connect(address).unwrap());
        if at % 3 == 0 {
            let address: SocketAddr = "127.0.0.2:9007".parse().unwrap();
            held.push(TcpStream::connect(address).unwrap());
        }
    }
    let expected = by_hand();
    let mapped = expected.keys().find(|(_, to)| to.port() == 9007).unwrap();
    assert_eq!(expected[mapped].0, 9);
    let all: Vec<(IpAddr, SocketAddr)> = expected.keys().copied().collect();
    assert!(all.iter().any(|(_, to)| to.is_ipv6()));
    let view = PortView {
        range: RANGE,
        listening: [9001, 9002, 9005, 9006, 9007].into(),
    };
    let mut wanted: Vec<Vec<_>> = all.iter().map(|one| vec![*one]).collect();
    wanted.extend([all.clone(), all.iter().copied().step_by(2).collect()]);
    for wanted in wanted {
        let mut counted = DestinationTally::new(view.clone(), &wanted);
        let addresses: Vec<SocketAddr> = wanted.iter().map(|(_, to)| *to).collect();
        let mut told = 0;
        let note = inet_diag::dump_towards(StateMask::CONNECTIONS, &addresses, |socket| {
            told += 1;
            assert!(addresses.contains(&socket.row.remote));
            counted.observe(&socket.row);
        })
        .unwrap();
        // The kernel did the picking.
        assert_eq!(note.sockets, told);
        let counted = counted.finish();
        assert_eq!(counted.len(), wanted.len().min(16));
        for one in counted {
            let counts = expected[&(one.source, one.address)];
            assert_eq!((one.used, one.time_wait), counts, "{}", one.address);
        }
    }
    drop((service, held));
}

#[test]
fn a_walk_to_some_ports_tells_of_those_and_of_all_of_them() {
    if !inside("many::a_walk_to_some_ports_tells_of_those_and_of_all_of_them") {
        return;
    }
    let _held = crowd();
    let mut all = Vec::new();
    inet_diag::dump(StateMask::CONNECTIONS, Ext::Plain, |socket| {
        all.push((socket.row.local, socket.row.remote, socket.row.state));
    })
    .unwrap();
    all.sort_unstable();
    for parts in [1, 2, 7, 40] {
        let slices = Slices::new(RANGE, parts);
        let mut found = Vec::new();
        let note = inet_diag::dump_on_ports(StateMask::CONNECTIONS, slices.ranges(), |socket| {
            found.push((socket.row.local, socket.row.remote, socket.row.state));
        })
        .unwrap();
        assert_eq!(
            note.sockets,
            found.len() as u64,
            "the kernel did the picking"
        );
        found.sort_unstable();
        let is_in = |port: u16| {
            slices
                .ranges()
                .iter()
                .any(|(low, high)| (*low..=*high).contains(&port))
        };
        let mut expected = all.clone();
        expected.retain(|(local, ..)| is_in(local.port()));
        assert_eq!(found, expected, "{parts}");
    }
}

#[test]
fn a_destination_that_a_sample_suspects_is_counted_exactly() {
    if !inside("many::a_destination_that_a_sample_suspects_is_counted_exactly") {
        return;
    }
    fs::write("/proc/sys/net/ipv4/tcp_tw_reuse", "0").unwrap();
    // A range of 400 ports: a quarter is 100.
    let range = (40_000, 40_399);
    fs::write("/proc/sys/net/ipv4/ip_local_port_range", "40000 40399").unwrap();
    let large = listener("127.0.0.1:9001".parse().unwrap(), 64);
    let small = listener("[::1]:9002".parse().unwrap(), 64);
    let mut held: Vec<_> = (0..200).map(|_| pair(&large)).collect();
    for _ in 0..37 {
        drop(pair(&large));
    }
    held.extend((0..20).map(|_| pair(&small)));
    eventually("the closed ones rest", || {
        ss("-4").get("TIME-WAIT") == Some(&37)
    });
    let options = CollectOptions {
        port_range: range,
        ..few(50)
    };
    let found = look(&options).unwrap();
    assert_eq!(found.sockets.why_unread("destination."), None);
    let one = &found.sockets.summary.destinations[0];
    assert_eq!(one.address, large.local_addr().unwrap());
    assert_eq!((one.used, one.time_wait), (237, 37));
    // Beside it one that the sample could not rule out.
    for other in &found.sockets.summary.destinations[1..] {
        assert_eq!(other.address, small.local_addr().unwrap());
        assert_eq!((other.used, other.time_wait), (20, 0));
    }
    // Nobody asks: nobody walks.
    let unasked = CollectOptions {
        samples: false,
        ..options.clone()
    };
    assert!(collect(&unasked).unwrap().summary.destinations.is_empty());
    drop(held);
}
