//! What cannot be reached: silent neighbours, routes that refuse, and reports of routers.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::io::{Errno, retry_on_intr};
use rustix::net::sockopt::{
    Timeout, set_socket_broadcast, set_socket_keepalive, set_tcp_user_timeout,
};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind, eth, ipproto, recv, sendto,
    socket_with,
};

use crate::calls::{
    Call, answer, call, connect, connect_new, connection, read, read_now, tcp, told, udp, unblock,
    waits, write,
};
use crate::kernel::Counters;
use crate::load::listen;
use crate::net::Net;
use crate::notes::note;
use crate::pair::{Family, Pair, host, nobody, peer};
use crate::wait::until;
use crate::wire::{Shape, Wire};

const PORT: u16 = 8080;

/// A next hop that does not answer ends a connect with EHOSTUNREACH once the neighbour requests are used
/// up, if the attempt lasts so long.
#[test]
fn a_silent_neighbour_is_unreachable() {
    Pair::with_each_family(|family, pair| {
        let to = nobody(family, PORT);
        let hasty = tcp(&pair.host, family);
        unblock(&hasty);
        set_tcp_user_timeout(&hasty, 500).expect("an option is set");
        assert_eq!(connect(&hasty, &to), Err(Errno::INPROGRESS));
        let started = Instant::now();
        assert_eq!(
            connect_new(&pair.host, to),
            Err(Errno::HOSTUNREACH),
            "a silent neighbour gives EHOSTUNREACH"
        );
        let by_default = started.elapsed();
        assert_eq!(
            told(&hasty),
            Errno::TIMEDOUT,
            "an attempt that ends before the neighbour is given up has timed out"
        );
        let started = Instant::now();
        quick_neighbours(&pair.host, family);
        pair.host.ip("neighbour flush dev cable\n");
        assert_eq!(
            connect_new(&pair.host, to),
            Err(Errno::HOSTUNREACH),
            "one neighbour request is enough for EHOSTUNREACH"
        );
        note(&format!(
            "a_silent_neighbour_is_unreachable {family:?}: after {:.1} s by default, {:.1} s with one request",
            by_default.as_secs_f32(),
            started.elapsed().as_secs_f32()
        ));
    });
}

/// Requests for a neighbour come one after the other, 100 ms apart, and only one is sent.
fn quick_neighbours(net: &Net, family: Family) {
    let of = if family == Family::V4 { "ipv4" } else { "ipv6" };
    net.write(&format!("net.{of}.neigh.cable.mcast_solicit"), "1");
    net.write(&format!("net.{of}.neigh.cable.ucast_solicit"), "1");
    net.write(&format!("net.{of}.neigh.cable.retrans_time_ms"), "100");
}

/// Data in flight when the carrier goes: EHOSTUNREACH, at the end of `tcp_retries2` and not before.
#[test]
fn a_lost_carrier_is_unreachable_at_the_end() {
    let Some(pair) = Pair::open() else { return };
    quick_neighbours(&pair.host, Family::V4);
    let listener = listen(&pair.peer, peer(Family::V4, PORT), 16);
    let (sending, _server) = connection(&pair.host, &listener);
    let counters = Counters::of(&pair.host);
    pair.peer.ip("link set cable down\n");
    assert_eq!(write(&sending), Ok(1), "the route is still there");
    // The kernel notes the carrier up to a second later, and looks for the neighbour again after that.
    until("the neighbour is not found any more", 10, || {
        counters.risen(&pair.host, "Icmp.InDestUnreachs") >= 1
    });
    assert_eq!(
        read_now(&sending),
        Err(Errno::AGAIN),
        "a lost carrier does not end a connection"
    );
    pair.host.write("net.ipv4.tcp_retries2", "1");
    assert_eq!(
        read(&sending),
        Err(Errno::HOSTUNREACH),
        "the end of tcp_retries2 gives EHOSTUNREACH where the carrier is gone"
    );
}

/// An address behind the peer.
fn beyond(family: Family, last: u8, port: u16) -> SocketAddr {
    match family {
        Family::V4 => (Ipv4Addr::new(10, 78, 0, last), port).into(),
        Family::V6 => (Ipv6Addr::new(0xfd78, 0, 0, 0, 0, 0, 0, last.into()), port).into(),
    }
}

/// What the routing table of this host refuses fails at once, and no packet leaves.
#[test]
fn a_route_refuses_at_once() {
    let Some(pair) = Pair::open() else { return };
    let types = [
        ("unreachable", Errno::HOSTUNREACH),
        ("prohibit", Errno::ACCESS),
        ("blackhole", Errno::INVAL),
        ("throw", Errno::NETUNREACH),
        ("no", Errno::NETUNREACH),
    ];
    let counters = Counters::of(&pair.host);
    for family in pair.families() {
        for (last, (kind, error)) in (1..).zip(types) {
            let to = beyond(family, last, PORT);
            if kind != "no" {
                pair.host.ip(&format!("route add {kind} {}\n", to.ip()));
            }
            assert_eq!(
                connect_new(&pair.host, to),
                Err(error),
                "connect() with {kind} route to {to}"
            );
            assert_eq!(
                datagram(&pair.host, family, to),
                Err(error),
                "sendto() with {kind} route to {to}"
            );
        }
    }
    pair.host.ip("route add 224.0.0.0/4 dev cable\n");
    for address in ["224.0.0.251:80", "10.77.0.255:80", "255.255.255.255:80"] {
        let to: SocketAddr = address.parse().expect("an address");
        assert_eq!(
            connect_new(&pair.host, to),
            Err(Errno::NETUNREACH),
            "TCP has no connection to {to}"
        );
    }
    let all: SocketAddr = "10.77.0.255:80".parse().expect("an address");
    let loud = udp(&pair.host, Family::V4);
    let send = || sendto(&loud, b"x", SendFlags::empty(), &all);
    assert_eq!(
        send(),
        Err(Errno::ACCESS),
        "a broadcast without SO_BROADCAST gives EACCES"
    );
    assert_eq!(
        connect(udp(&pair.host, Family::V4), &all),
        Err(Errno::ACCESS),
        "and so does connect()"
    );
    set_socket_broadcast(&loud, true).expect("an option is set");
    assert_eq!(send(), Ok(1), "and with it is sent");

    let orphan = tcp(&pair.host, Family::V4);
    pair.host.ip("address add 10.77.0.5/24 dev cable\n");
    let mine: SocketAddr = "10.77.0.5:0".parse().expect("an address");
    bind(&orphan, &mine).expect("the address is here");
    pair.host.ip("address del 10.77.0.5/24 dev cable\n");
    assert_eq!(
        connect(&orphan, &peer(Family::V4, PORT)),
        Err(Errno::NETUNREACH),
        "an address that was taken away gives ENETUNREACH"
    );
    pair.host.ip("link set cable down\n");
    let to = peer(Family::V4, PORT);
    assert_eq!(
        (
            connect_new(&pair.host, to),
            datagram(&pair.host, Family::V4, to)
        ),
        (Err(Errno::NETUNREACH), Err(Errno::NETUNREACH)),
        "an interface that is down has no routes, so it is not ENETDOWN"
    );
    assert_eq!(counters.risen(&pair.host, "Tcp.OutSegs"), 0, "no SYN left");

    // The addresses of this host keep their routes, which lead through loopback.
    assert_eq!(
        connect_new(&pair.host, host(Family::V4, PORT)),
        Err(Errno::CONNREFUSED),
        "an address of an interface that is down is still this host's"
    );
    pair.host.ip("link set lo down\n");
    let to = (Ipv4Addr::LOCALHOST, PORT).into();
    let silent = tcp(&pair.host, Family::V4);
    unblock(&silent);
    assert_eq!(
        (connect(&silent, &to), datagram(&pair.host, Family::V4, to)),
        (Err(Errno::INPROGRESS), Ok(1)),
        "a loopback that was taken down swallows"
    );
}

fn datagram(net: &Net, family: Family, to: SocketAddr) -> Call<usize> {
    sendto(udp(net, family), b"x", SendFlags::empty(), &to)
}

/// A router that swallows what goes beyond it, and can report about each packet as it likes.
struct Router {
    wire: Wire,
    arrivals: OwnedFd,
    reports: OwnedFd,
}

impl Router {
    fn open() -> Option<Self> {
        // The report comes when the call that sent the packet has let go of the socket.
        let wire = Wire::open(Shape::of(20))?;
        let Pair { host, peer } = &wire.pair;
        host.ip("route add 10.78.0.0/24 via 10.77.0.2\n");
        peer.write("net.ipv4.ip_forward", "0");
        let special = |family, kind, protocol| {
            let made = peer.enter(|| socket_with(family, kind, SocketFlags::CLOEXEC, protocol));
            let fd = made.expect("a socket is made");
            waits(&fd, Timeout::Recv, Duration::from_secs(10));
            fd
        };
        let arrivals = special(AddressFamily::PACKET, SocketType::DGRAM, Some(eth::IP));
        let reports = special(AddressFamily::INET, SocketType::RAW, Some(ipproto::ICMP));
        Some(Self {
            wire,
            arrivals,
            reports,
        })
    }

    /// Overlooks what has come so far.
    fn forget(&self) {
        while recv(&self.arrivals, &mut [0; 1], RecvFlags::DONTWAIT).is_ok() {}
    }

    /// Reports about the next packet for `port`.
    fn report(&self, port: u16, (kind, code): (u8, u8)) {
        let packet = loop {
            let mut room = [0; 2000];
            let (_, length) = retry_on_intr(|| recv(&self.arrivals, &mut room, RecvFlags::empty()))
                .expect("a packet arrives at the router");
            // No options: ports after 20 bytes.
            if length >= 28 && room[22..24] == port.to_be_bytes() {
                break room[..28].to_vec();
            }
        };
        let mut message = vec![kind, code, 0, 0, 0, 0, 0, 0];
        message.extend(packet);
        let words = message.chunks_exact(2);
        let sum: u32 = words
            .map(|word| u32::from(u16::from_be_bytes([word[0], word[1]])))
            .sum();
        // Few words: what is carried fits, once folded in twice.
        let sum = (sum & 0xffff) + (sum >> 16);
        let sum = !u16::try_from((sum & 0xffff) + (sum >> 16)).expect("it is folded");
        message[2..4].copy_from_slice(&sum.to_be_bytes());
        let to = host(Family::V4, 0);
        sendto(&self.reports, &message, SendFlags::empty(), &to).expect("a report is sent");
    }
}

/// Each ICMP report: its type and code, the error it stands for, and whether a connected UDP socket is told.
const REPORTS: [((u8, u8), Errno, bool); 17] = [
    ((3, 0), Errno::NETUNREACH, false),
    ((3, 1), Errno::HOSTUNREACH, false),
    ((3, 2), Errno::NOPROTOOPT, true),
    ((3, 3), Errno::CONNREFUSED, true),
    ((3, 5), Errno::OPNOTSUPP, false),
    ((3, 6), Errno::NETUNREACH, true),
    ((3, 7), Errno::HOSTDOWN, true),
    ((3, 8), Errno::NONET, true),
    ((3, 9), Errno::NETUNREACH, true),
    ((3, 10), Errno::HOSTUNREACH, true),
    ((3, 11), Errno::NETUNREACH, false),
    ((3, 12), Errno::HOSTUNREACH, false),
    ((3, 13), Errno::HOSTUNREACH, true),
    ((3, 14), Errno::HOSTUNREACH, true),
    ((3, 15), Errno::HOSTUNREACH, true),
    ((11, 0), Errno::HOSTUNREACH, false),
    ((12, 0), Errno::PROTO, true),
];

/// One report ends a connect. A connected UDP socket is told of those that will not pass.
#[test]
fn a_report_ends_a_connect() {
    let Some(router) = Router::open() else { return };
    let net = &router.wire.pair.host;
    for (port, (report, error, is_hard)) in (2000..).zip(REPORTS) {
        let to = beyond(Family::V4, 1, port);
        let client = tcp(net, Family::V4);
        unblock(&client);
        assert_eq!(connect(&client, &to), Err(Errno::INPROGRESS));
        router.report(port, report);
        assert_eq!(told(&client), error, "connect() ended by ICMP {report:?}");

        let datagrams = udp(net, Family::V4);
        connect(&datagrams, &to).expect("a UDP socket connects without a packet");
        let counters = Counters::of(net);
        router.forget();
        assert_eq!(write(&datagrams), Ok(1));
        router.report(port, report);
        if is_hard {
            assert_eq!(
                read(&datagrams),
                Err(error),
                "recv() of a connected UDP socket after ICMP {report:?}"
            );
        } else {
            until("the report arrives", 10, || {
                counters.risen(net, "Icmp.InMsgs") >= 1
            });
            assert_eq!(
                read_now(&datagrams),
                Err(Errno::AGAIN),
                "a connected UDP socket is not told of ICMP {report:?}"
            );
        }
    }
    // A connect goes on with smaller segments; only UDP, whose datagrams are not cut to fit, is told.
    let (to, too_long) = (beyond(Family::V4, 1, 3000), (3, 4));
    let datagrams = udp(net, Family::V4);
    connect(&datagrams, &to).expect("a UDP socket connects without a packet");
    assert_eq!(write(&datagrams), Ok(1));
    router.report(3000, too_long);
    assert_eq!(
        read(&datagrams),
        Err(Errno::MSGSIZE),
        "recv() of a connected UDP socket after ICMP {too_long:?}"
    );
}

/// A connection keeps the report, goes on, and gives it as the error when its time-outs have run out. What
/// is reported about a keepalive probe is not taken for its own.
#[test]
fn a_report_waits_for_the_end_of_a_connection() {
    let Some(router) = Router::open() else { return };
    let Pair { host, peer } = &router.wire.pair;
    host.write("net.ipv4.tcp_keepalive_time", "1");
    host.write("net.ipv4.tcp_keepalive_intvl", "1");
    host.write("net.ipv4.tcp_keepalive_probes", "2");
    peer.ip("address add 10.78.0.9/32 dev lo\n");
    let cases = [
        (2000, (3, 1), Errno::HOSTUNREACH),
        (2001, (3, 0), Errno::NETUNREACH),
        (2002, (11, 0), Errno::HOSTUNREACH),
    ];
    let reach = |port| {
        let listener = listen(peer, beyond(Family::V4, 9, port), 16);
        let client = call(host, &listener);
        let server = answer(&listener);
        (client, server, listener)
    };
    let open = cases.map(|(port, ..)| reach(port));
    let (asked, ..) = &reach(2003);
    peer.ip("address del 10.78.0.9/32 dev lo\n");

    router.forget();
    let counters = Counters::of(host);
    for ((sending, ..), (port, report, _)) in open.iter().zip(cases) {
        assert_eq!(write(sending), Ok(1));
        router.report(port, report);
    }
    until("the reports arrive", 10, || {
        counters.risen(host, "Icmp.InMsgs") >= 3
    });
    for (sending, ..) in &open {
        assert_eq!(
            read_now(sending),
            Err(Errno::AGAIN),
            "a report does not end a connection"
        );
    }
    let counters = Counters::of(host);
    set_socket_keepalive(asked, true).expect("an option is set");
    router.report(2003, (3, 1));
    until("the report is out of the window", 10, || {
        counters.risen(host, "TcpExt.OutOfWindowIcmps") >= 1
    });
    host.write("net.ipv4.tcp_retries2", "2");
    for ((sending, ..), (_, report, error)) in open.iter().zip(cases) {
        assert_eq!(
            read(sending),
            Err(error),
            "the end of tcp_retries2 after ICMP {report:?}"
        );
    }
    assert_eq!(
        read(asked),
        Err(Errno::TIMEDOUT),
        "a report about a keepalive probe does not become its error"
    );
}
