//! Ports that are taken, ports that have run out, and addresses that are not here.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::net::sockopt::{
    set_ip_add_membership, set_ip_freebind, set_ipv6_v6only, set_socket_reuseaddr,
    set_socket_reuseport,
};
use rustix::net::{
    AddressFamily, SendFlags, SocketFlags, SocketType, bind, listen, sendto, socket_with,
};
use rustix::process::Uid;
use rustix::thread::set_thread_uid;

use crate::calls::{Call, answer, call, connect, connect_new, read, tcp, udp};
use crate::kernel::{Counters, FIN_WAIT_2, TIME_WAIT, in_state};
use crate::load::{self, keep_time_wait};
use crate::net::Net;
use crate::notes::note;
use crate::pair::{Family, Pair, host, peer};
use crate::wait::until;

/// With whom a socket shares its port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Share {
    Nobody,
    /// `SO_REUSEADDR`.
    Address,
    /// `SO_REUSEPORT`.
    Port,
}

/// A TCP socket that is bound to `at`.
fn bound(net: &Net, at: SocketAddr, share: Share) -> Call<OwnedFd> {
    let family = if at.is_ipv4() { Family::V4 } else { Family::V6 };
    let fd = tcp(net, family);
    match share {
        Share::Nobody => Ok(()),
        Share::Address => set_socket_reuseaddr(&fd, true),
        Share::Port => set_socket_reuseport(&fd, true),
    }
    .expect("an option is set");
    bind(&fd, &at).map(|()| fd)
}

/// How binding fails, if it does.
fn refusal(net: &Net, at: SocketAddr, share: Share) -> Option<Errno> {
    bound(net, at, share).err()
}

/// The same, once nobody has `at` any more. A program that is being started elsewhere may hold, for a
/// moment, copies of the descriptors that were closed here.
fn bound_when_free(net: &Net, at: SocketAddr, share: Share) -> OwnedFd {
    let mut got = None;
    until("the port is free", 10, || {
        got = bound(net, at, share).ok();
        got.is_some()
    });
    got.expect("it is bound")
}

fn any(family: Family, port: u16) -> SocketAddr {
    match family {
        Family::V4 => (Ipv4Addr::UNSPECIFIED, port).into(),
        Family::V6 => (Ipv6Addr::UNSPECIFIED, port).into(),
    }
}

const IN_USE: Option<Errno> = Some(Errno::ADDRINUSE);

/// A listener has its port for itself, with `SO_REUSEADDR` too. Sockets that do not listen share it if all
/// have the option; listeners if all have `SO_REUSEPORT` and one owner.
#[test]
fn a_listener_keeps_its_port() {
    let Some(pair) = Pair::open() else { return };
    let net = &pair.host;
    for family in pair.families() {
        let at = host(family, 8080);
        let service = bound(net, at, Share::Address).expect("the port is free");
        listen(&service, 16).expect("it listens");
        for at in [at, any(family, 8080)] {
            for share in [Share::Nobody, Share::Address, Share::Port] {
                assert_eq!(
                    refusal(net, at, share),
                    IN_USE,
                    "a listener is there: bind() to {at} sharing with {share:?}"
                );
            }
        }
        let inherited = service.try_clone().expect("a descriptor is doubled");
        drop(service);
        assert_eq!(
            refusal(net, at, Share::Address),
            IN_USE,
            "a listener stays until its last descriptor is closed"
        );
        drop(inherited);

        let one = bound_when_free(net, at, Share::Address);
        let other = bound(net, at, Share::Address).expect("SO_REUSEADDR shares a port");
        assert_eq!(
            (listen(&one, 16), listen(&other, 16)),
            (Ok(()), Err(Errno::ADDRINUSE)),
            "two sockets with SO_REUSEADDR share a port, but only one of them may listen"
        );
        drop((one, other));

        let one = bound_when_free(net, at, Share::Port);
        let other = bound(net, at, Share::Port).expect("SO_REUSEPORT shares a port");
        assert_eq!(
            (listen(&one, 16), listen(&other, 16)),
            (Ok(()), Ok(())),
            "two sockets with SO_REUSEPORT listen"
        );
        assert_eq!(
            refusal(net, at, Share::Address),
            IN_USE,
            "and share with no other socket"
        );
        let theirs = net.enter(|| {
            let user = set_thread_uid(Uid::from_raw(65_534));
            let inet = if family == Family::V4 {
                AddressFamily::INET
            } else {
                AddressFamily::INET6
            };
            let made = socket_with(inet, SocketType::STREAM, SocketFlags::CLOEXEC, None);
            user.ok().map(|()| made.expect("a socket is made"))
        });
        let stranger = theirs.map(|fd| {
            set_socket_reuseport(&fd, true).expect("an option is set");
            bind(&fd, &at).err()
        });
        match stranger {
            Some(refusal) => assert_eq!(refusal, IN_USE, "nor with that of another user"),
            None => note("no other user here"),
        }

        let holder = udp(net, family);
        bind(&holder, &at).expect("UDP has ports of its own");
        assert_eq!(
            bind(udp(net, family), &at),
            Err(Errno::ADDRINUSE),
            "a UDP port is taken likewise"
        );
    }
    let member = udp(net, Family::V4);
    let join = || {
        let group = Ipv4Addr::new(239, 1, 1, 1);
        set_ip_add_membership(&member, &group, &Ipv4Addr::new(10, 77, 0, 1))
    };
    assert_eq!(
        (join(), join()),
        (Ok(()), Err(Errno::ADDRINUSE)),
        "a group can be joined once"
    );
}

/// A listener on all addresses of IPv6 has the port of IPv4, too, if it does not say otherwise.
#[test]
fn a_wildcard_covers_both_families() {
    let Some(pair) = Pair::open() else { return };
    let net = &pair.host;
    if !pair.families().contains(&Family::V6) {
        return;
    }
    let service = bound(net, any(Family::V6, 8081), Share::Nobody).expect("the port is free");
    assert_eq!(
        refusal(net, any(Family::V4, 8081), Share::Nobody),
        IN_USE,
        "the IPv6 wildcard covers IPv4"
    );
    drop(service);
    let service = tcp(net, Family::V6);
    set_ipv6_v6only(&service, true).expect("an option is set");
    until("the port is free", 10, || {
        bind(&service, &any(Family::V6, 8081)).is_ok()
    });
    assert_eq!(
        refusal(net, any(Family::V4, 8081), Share::Nobody),
        None,
        "unless IPV6_V6ONLY says otherwise"
    );
}

/// What a stopped service leaves behind holds its port, unless the old and the new socket have
/// `SO_REUSEADDR`. The settings for `TIME_WAIT` of outgoing connections have no part in that.
#[test]
fn rests_of_connections_hold_the_port() {
    let Some(pair) = Pair::open() else { return };
    let net = &pair.host;
    let _ = keep_time_wait(net);
    net.write("net.ipv4.tcp_tw_reuse", "1");
    for family in pair.families() {
        for (port, old) in [(8080, Share::Nobody), (8081, Share::Address)] {
            let at = host(family, port);
            let listener = bound(net, at, old).expect("the port is free");
            listen(&listener, 16).expect("it listens");
            let client = tcp(&pair.peer, family);
            connect(&client, &at).expect("a connection is made");
            let server = answer(&listener);
            drop(listener);
            let both = || [Share::Nobody, Share::Address].map(|new| refusal(net, at, new));
            let expected = [IN_USE, (old == Share::Nobody).then_some(Errno::ADDRINUSE)];
            assert_eq!(
                both(),
                expected,
                "a connection of a socket sharing with {old:?} is left: bind() sharing with nobody, SO_REUSEADDR"
            );
            net.write("net.ipv4.tcp_fin_timeout", "60");
            close_in_turn(net, server, client);
            net.write("net.ipv4.tcp_fin_timeout", "1");
            assert_eq!(
                both(),
                expected,
                "a TIME-WAIT of a socket sharing with {old:?} is left: bind() sharing with nobody, SO_REUSEADDR"
            );
        }
    }
}

/// Closes `first`, which is of `net`, so that it is in `TIME_WAIT` when `second` is closed, too.
fn close_in_turn(net: &Net, first: OwnedFd, second: OwnedFd) {
    let before = in_state(net, TIME_WAIT);
    drop(first);
    assert_eq!(read(&second), Ok(0), "the first end closes");
    until("the FIN is acknowledged", 10, || {
        in_state(net, FIN_WAIT_2) == 1
    });
    drop(second);
    until("the first end is in TIME-WAIT", 10, || {
        in_state(net, TIME_WAIT) == before + 1
    });
}

const RANGE: &str = "net.ipv4.ip_local_port_range";

/// Two ports: two connections to one destination. The third connect has EADDRNOTAVAIL, also when the first
/// two are in `TIME_WAIT`; other destinations have both ports still. `bind()` has EADDRINUSE, UDP EAGAIN.
#[test]
fn ports_run_out() {
    for (family, pair) in Pair::for_each_family() {
        let net = &pair.host;
        let _ = keep_time_wait(net);
        net.write(RANGE, "20000 20001");
        net.write("net.ipv4.tcp_tw_reuse", "0");
        let servers = [8080, 8081].map(|port| load::listen(&pair.peer, peer(family, port), 16));
        let to = peer(family, 8080);
        let taken = [(); 2].map(|()| call(net, &servers[0]));
        assert_eq!(
            connect_new(net, to),
            Err(Errno::ADDRNOTAVAIL),
            "all ports towards a destination are taken"
        );
        let _other = [(); 2].map(|()| call(net, &servers[1]));
        assert_eq!(
            connect_new(net, peer(family, 8081)),
            Err(Errno::ADDRNOTAVAIL),
            "each destination has them all for itself"
        );
        assert_eq!(
            refusal(net, host(family, 0), Share::Nobody),
            IN_USE,
            "bind() to port 0 wants one that is free for all destinations"
        );
        assert_eq!(
            listen(tcp(net, family), 16),
            Err(Errno::ADDRINUSE),
            "and so does listen() on an unbound socket"
        );

        for client in taken {
            let server = answer(&servers[0]);
            close_in_turn(net, client, server);
        }
        assert_eq!(
            connect_new(net, to),
            Err(Errno::ADDRNOTAVAIL),
            "TIME-WAIT holds the ports"
        );
        net.write("net.ipv4.tcp_tw_reuse", "1");
        let counters = Counters::of(net);
        until("tcp_tw_reuse lets connect() have them", 10, || {
            connect_new(net, to) == Ok(())
        });
        assert_eq!(counters.risen(net, "TcpExt.TWRecycled"), 1);

        let twins = [(); 2].map(|()| {
            let fd = bound(net, host(family, 30_000), Share::Address);
            fd.expect("they share the port")
        });
        let to = peer(family, 8081);
        assert_eq!(
            twins.each_ref().map(|fd| connect(fd, &to)),
            [Ok(()), Err(Errno::ADDRNOTAVAIL)],
            "two connections do not have the same four-tuple"
        );
    }
    let Some(pair) = Pair::open() else { return };
    for family in pair.families() {
        let net = &pair.host;
        net.write(RANGE, "20000 20001");
        let _taken = [(); 2].map(|()| {
            let fd = udp(net, family);
            bind(&fd, &any(family, 0)).expect("a port is free");
            fd
        });
        let to = peer(family, 9);
        assert_eq!(
            (
                sendto(udp(net, family), b"x", SendFlags::empty(), &to),
                connect(udp(net, family), &to),
                bind(udp(net, family), &host(family, 0))
            ),
            (Err(Errno::AGAIN), Err(Errno::AGAIN), Err(Errno::ADDRINUSE)),
            "without a free UDP port sendto() and connect() give EAGAIN, bind() EADDRINUSE"
        );
    }
}

/// A socket has only addresses of this host, those that are ready.
#[test]
fn an_address_is_not_here() {
    let Some(pair) = Pair::open() else { return };
    let net = &pair.host;
    let gone = Some(Errno::ADDRNOTAVAIL);
    for family in pair.families() {
        let at = peer(family, 8080);
        assert_eq!(
            refusal(net, at, Share::Nobody),
            gone,
            "the address of another host"
        );
        let early = tcp(net, family);
        set_ip_freebind(&early, true).expect("an option is set");
        assert_eq!(bind(&early, &at), Ok(()), "IP_FREEBIND allows it");
        let of = if family == Family::V4 { "ipv4" } else { "ipv6" };
        net.write(&format!("net.{of}.ip_nonlocal_bind"), "1");
        let at = peer(family, 8081);
        assert_eq!(
            refusal(net, at, Share::Nobody),
            None,
            "ip_nonlocal_bind allows it"
        );
        net.write(&format!("net.{of}.ip_nonlocal_bind"), "0");
    }
    if pair.families().contains(&Family::V6) {
        let pause = "net.ipv6.neigh.cable.retrans_time_ms";
        // The first is asked about for as long as this experiment lasts, the second for a moment.
        net.write(pause, "100000");
        net.ip("address add fd77::5/64 dev cable\n");
        let slow: SocketAddr = "[fd77::5]:8080".parse().expect("an address");
        assert_eq!(
            refusal(net, slow, Share::Nobody),
            gone,
            "a tentative address can not be bound"
        );
        net.write(pause, "100");
        net.ip("address add fd77::6/64 dev cable\n");
        let quick: SocketAddr = "[fd77::6]:8080".parse().expect("an address");
        until("the address is ready", 10, || {
            refusal(net, quick, Share::Nobody).is_none()
        });
        let own = (Ipv6Addr::LOCALHOST, 8080).into();
        let _listener = load::listen(net, own, 16);
        assert_eq!(connect_new(net, own), Ok(()));
        net.write("net.ipv6.conf.cable.disable_ipv6", "1");
        assert_eq!(
            (
                refusal(net, host(Family::V6, 8080), Share::Nobody),
                connect_new(net, peer(Family::V6, 8080)),
                connect_new(net, own),
            ),
            (gone, Err(Errno::NETUNREACH), Ok(())),
            "IPv6 is disabled on one interface: bind() there, connect() there, connect() elsewhere"
        );
        net.write("net.ipv6.conf.all.disable_ipv6", "1");
        assert_eq!(
            (
                refusal(net, (Ipv6Addr::LOCALHOST, 8082).into(), Share::Nobody),
                connect_new(net, own),
                connect_new(net, peer(Family::V6, 8080)),
            ),
            (gone, Err(Errno::ADDRNOTAVAIL), Err(Errno::ADDRNOTAVAIL)),
            "IPv6 is disabled on all interfaces"
        );
    }
}
