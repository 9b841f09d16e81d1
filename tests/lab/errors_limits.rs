//! Calls that may not wait, and limits that are reached: descriptors, small buffers, long datagrams.

use std::env;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::process::Command;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, retry_on_intr};
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::sockopt::{
    Ipv4PathMtuDiscovery, Timeout, set_ip_add_membership, set_ip_mtu_discover,
    set_socket_recv_buffer_size,
};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, accept, bind,
    eth, listen, recv, recvfrom, send, sendto, socket_with,
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::calls::{
    connect, connection, ends, error_of, open, read, read_now, tcp, udp, unblock, waits, write,
};
use crate::kernel::Counters;
use crate::load;
use crate::notes::note;
use crate::pair::{Family, Pair, host, peer};

const PORT: u16 = 8080;
/// `MSG_FASTOPEN`
const FASTOPEN: SendFlags = SendFlags::from_bits_retain(0x2000_0000);
const SOON: Duration = Duration::from_millis(100);

/// EAGAIN ends a call that would wait, at once or after its time-out, and harms nothing. A non-blocking
/// connect of TCP is EINPROGRESS, then 0, then EISCONN.
#[test]
fn a_call_that_may_not_wait_says_try_again() {
    let Some(pair) = Pair::open() else { return };
    for family in pair.families() {
        let listener = load::listen(&pair.peer, peer(family, PORT), 16);
        waits(&listener, Timeout::Recv, SOON);
        assert_eq!(
            retry_on_intr(|| accept(&listener)).err(),
            Some(Errno::AGAIN),
            "SO_RCVTIMEO ends accept() with EAGAIN"
        );
        let (client, server) = connection(&pair.host, &listener);
        waits(&client, Timeout::Recv, SOON);
        assert_eq!(
            (read(&client), read_now(&client)),
            (Err(Errno::AGAIN), Err(Errno::AGAIN)),
            "recv() with nothing there gives EAGAIN, after SO_RCVTIMEO or at once"
        );
        let queue = recv(&client, &mut [0; 1], RecvFlags::ERRQUEUE);
        assert_eq!(
            queue.err(),
            Some(Errno::AGAIN),
            "an empty error queue gives EAGAIN"
        );
        waits(&client, Timeout::Send, SOON);
        let much = vec![0; 64 << 20];
        let send_much = || retry_on_intr(|| send(&client, &much, SendFlags::NOSIGNAL));
        let some = send_much().expect("some of it is taken");
        assert!(some < much.len(), "a full send buffer gives a short count");
        // What the peer's kernel acknowledges meanwhile makes room for more, up to its receive buffer.
        let end = (0..100).find_map(|_| send_much().err());
        assert_eq!(
            end,
            Some(Errno::AGAIN),
            "and when nothing could be taken within SO_SNDTIMEO, EAGAIN"
        );
        assert_eq!(error_of(&client), Ok(()), "the connection is as it was");
        assert_eq!(write(&server), Ok(1));
        waits(&client, Timeout::Recv, Duration::from_secs(10));
        assert_eq!(read(&client), Ok(1), "and goes on");

        let to = host(family, PORT);
        let own = load::listen(&pair.host, to, 16);
        let client = tcp(&pair.host, family);
        unblock(&client);
        let first = connect(&client, &to);
        ends(&client);
        assert_eq!(
            [first, connect(&client, &to), connect(&client, &to)],
            [Err(Errno::INPROGRESS), Ok(()), Err(Errno::ISCONN)],
            "a non-blocking connect() gives EINPROGRESS, 0 when it is done, then EISCONN; within one host, too"
        );
        let early = tcp(&pair.host, family);
        unblock(&early);
        assert_eq!(
            sendto(&early, b"x", FASTOPEN, &to),
            Err(Errno::INPROGRESS),
            "and so does sendto() with MSG_FASTOPEN without a cookie"
        );
        drop(own);
    }
    let full = SocketAddrUnix::new_abstract_name(b"full").expect("a short name");
    let unix = || open(&pair.host, AddressFamily::UNIX, SocketType::STREAM);
    let service = unix();
    bind(&service, &full).expect("the name is free");
    listen(&service, 0).expect("it listens");
    let first = unix();
    assert_eq!(connect(&first, &full), Ok(()));
    let [hasty, limited] = [unix(), unix()];
    unblock(&hasty);
    waits(&limited, Timeout::Send, SOON);
    assert_eq!(
        (connect(&hasty, &full), connect(&limited, &full)),
        (Err(Errno::AGAIN), Err(Errno::AGAIN)),
        "a full backlog of AF_UNIX gives EAGAIN, at once or after SO_SNDTIMEO"
    );
}

const FEW: &str = "TCPTUNE_LAB_FEW_DESCRIPTORS";

/// Without a free descriptor a connection stays in the accept queue, and the listener readable. The limit is
/// that of a process, so this starts itself once more.
#[test]
fn a_process_runs_out_of_descriptors() {
    if env::var_os(FEW).is_some() {
        return out_of_descriptors();
    }
    let Some(pair) = Pair::open() else { return };
    let output = pair.host.enter(|| {
        let own = env::current_exe().expect("a program knows itself");
        let name = "errors_limits::a_process_runs_out_of_descriptors";
        Command::new(own)
            .args(["--exact", name])
            .env(FEW, "1")
            .output()
    });
    let output = output.expect("it starts once more");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}"
    );
}

fn out_of_descriptors() {
    let at = (Ipv4Addr::LOCALHOST, 0);
    let listener = TcpListener::bind(at).expect("loopback is there");
    let to = listener.local_addr().expect("it has an address");
    let _client = TcpStream::connect(to).expect("it listens");
    let maximum = getrlimit(Resource::Nofile).maximum;
    let few = Rlimit {
        current: Some(64),
        maximum,
    };
    setrlimit(Resource::Nofile, few).expect("a limit can be lowered");
    let make = || {
        let flags = SocketFlags::CLOEXEC;
        socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)
    };
    let mut held = Vec::new();
    let end = loop {
        match make() {
            Ok(fd) if held.len() < 64 => held.push(fd),
            other => break other,
        }
    };
    assert_eq!(
        end.err(),
        Some(Errno::MFILE),
        "socket() without a free descriptor gives EMFILE"
    );
    let accepted = || accept(&listener).map(drop);
    let readable = || {
        let mut ready = [PollFd::new(&listener, PollFlags::IN)];
        poll(&mut ready, Some(&Timespec::default())) == Ok(1)
    };
    assert_eq!(
        accepted(),
        Err(Errno::MFILE),
        "accept() without a free descriptor gives EMFILE"
    );
    assert_eq!(
        File::open("/")
            .map(drop)
            .map_err(|error| error.raw_os_error()),
        Err(Some(Errno::MFILE.raw_os_error())),
        "it is not a limit of sockets"
    );
    assert!(readable(), "the connection stays in the accept queue");
    drop(held.pop());
    assert_eq!(accepted(), Ok(()), "one close() later accept() succeeds");
    assert!(!readable(), "that was it");
}

/// Small kernel limits give ENOBUFS; a full socket buffer does not.
#[test]
fn a_small_limit_says_no_buffer_space() {
    let Some(pair) = Pair::open() else { return };
    let net = &pair.host;
    let member = udp(net, Family::V4);
    let join = |last| {
        let (group, at) = (Ipv4Addr::new(239, 1, 1, last), Ipv4Addr::new(10, 77, 0, 1));
        set_ip_add_membership(&member, &group, &at)
    };
    net.write("net.ipv4.igmp_max_memberships", "20");
    for last in 1..=20 {
        assert_eq!(join(last), Ok(()));
    }
    assert_eq!(
        join(21),
        Err(Errno::NOBUFS),
        "one group more than igmp_max_memberships"
    );

    let watcher = open(net, AddressFamily::NETLINK, SocketType::RAW);
    set_socket_recv_buffer_size(&watcher, 1).expect("an option is set");
    // RTMGRP_IPV4_IFADDR
    bind(&watcher, &SocketAddrNetlink::new(0, 0x10)).expect("a group is joined");
    let lines = (1..=40).map(|last| format!("address add 10.79.0.{last}/32 dev lo\n"));
    net.ip(&lines.collect::<String>());
    let heard = (0..=40).find_map(|_| read_now(&watcher).err());
    assert_eq!(
        heard,
        Some(Errno::NOBUFS),
        "recv() of a netlink socket that has lost messages"
    );

    let receiver = udp(net, Family::V4);
    set_socket_recv_buffer_size(&receiver, 1).expect("an option is set");
    let at = host(Family::V4, PORT);
    bind(&receiver, &at).expect("UDP binds");
    let counters = Counters::of(net);
    let sender = udp(net, Family::V4);
    for _ in 0..40 {
        let sent = sendto(&sender, &[0; 1000], SendFlags::empty(), &at);
        assert_eq!(sent, Ok(1000), "the sender is not told of a full receiver");
    }
    let lost = counters.risen(net, "Udp.RcvbufErrors");
    assert!(lost > 0, "a full receive buffer drops");
    assert_eq!(
        error_of(&receiver),
        Ok(()),
        "the receiver is not told either"
    );
    full_interface(&pair);
}

/// A full queue of the interface: `AF_PACKET` is told, UDP is only counted.
fn full_interface(pair: &Pair) {
    let net = &pair.host;
    let made = net.enter(|| {
        let flags = SocketFlags::CLOEXEC;
        socket_with(
            AddressFamily::PACKET,
            SocketType::DGRAM,
            flags,
            Some(eth::IP),
        )
    });
    let packets = made.expect("a packet socket is made");
    waits(&packets, Timeout::Recv, Duration::from_secs(10));
    assert_eq!(
        write(&packets),
        Err(Errno::NXIO),
        "AF_PACKET without an interface gives ENXIO"
    );
    let from_peer = udp(&pair.peer, Family::V4);
    assert_eq!(
        sendto(from_peer, b"x", SendFlags::empty(), &host(Family::V4, PORT)),
        Ok(1)
    );
    let sender = loop {
        let (_, length, from) =
            retry_on_intr(|| recvfrom(&packets, &mut [0; 100], RecvFlags::empty()))
                .expect("a packet arrives");
        if length == 29 {
            break from.expect("a packet has a sender");
        }
    };
    let words = "qdisc add dev cable root tbf rate 8kbit burst 2k limit 3k";
    let card = net.enter(|| Command::new("tc").args(words.split(' ')).output());
    if !card.is_ok_and(|output| output.status.success()) {
        return note("this kernel has no tbf");
    }
    let counters = Counters::of(net);
    let plain = udp(net, Family::V4);
    for _ in 0..20 {
        let sent = sendto(&plain, &[0; 1000], SendFlags::empty(), &peer(Family::V4, 9));
        assert_eq!(
            sent,
            Ok(1000),
            "UDP without IP_RECVERR is not told of a drop in the queue of the interface"
        );
    }
    assert!(
        counters.risen(net, "Udp.SndbufErrors") > 0,
        "it is counted in Udp.SndbufErrors"
    );
    // A packet may leave meanwhile, and make room for one more.
    let send = |_| sendto(&packets, &[0; 1000], SendFlags::empty(), &sender).err();
    assert_eq!(
        (0..20).find_map(send),
        Some(Errno::NOBUFS),
        "AF_PACKET is told of it"
    );
    net.ip("link set cable down\n");
    assert_eq!(
        send(0),
        Some(Errno::NETDOWN),
        "AF_PACKET is told that the interface is down"
    );
}

/// Datagrams that do not fit are refused when they are sent, and cut when they are received.
#[test]
fn a_datagram_is_too_long() {
    let Some(pair) = Pair::open() else { return };
    let receiver = udp(&pair.host, Family::V4);
    let at = host(Family::V4, PORT);
    bind(&receiver, &at).expect("UDP binds");
    let sender = udp(&pair.host, Family::V4);
    let sends = |fd: &OwnedFd, length, to: SocketAddr| {
        sendto(fd, &vec![0; length], SendFlags::empty(), &to).map(drop)
    };
    assert_eq!(
        (sends(&sender, 65_507, at), sends(&sender, 65_508, at)),
        (Ok(()), Err(Errno::MSGSIZE)),
        "65507 bytes are the longest datagram of IPv4"
    );
    let far = peer(Family::V4, PORT);
    assert_eq!(sends(&sender, 1473, far), Ok(()), "it is sent in fragments");
    set_ip_mtu_discover(&sender, Ipv4PathMtuDiscovery::DO).expect("an option is set");
    assert_eq!(
        (sends(&sender, 1472, far), sends(&sender, 1473, far)),
        (Ok(()), Err(Errno::MSGSIZE)),
        "one byte more than the MTU of 1500, with fragments forbidden"
    );
    let first = recv(&receiver, &mut [0; 10], RecvFlags::empty());
    assert_eq!(
        (first.map(|(_, length)| length), read_now(&receiver)),
        (Ok(10), Err(Errno::AGAIN)),
        "a small receive buffer cuts the datagram, and the rest is gone"
    );
}
