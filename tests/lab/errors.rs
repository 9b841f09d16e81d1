//! The errors of connections that are not answered, or answered with a refusal or a report.

use std::time::Duration;

use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_keepalive, set_tcp_user_timeout};
use rustix::net::{AddressFamily, SendFlags, SocketAddrUnix, SocketType, bind, sendto};

use crate::calls::{
    connect, connect_new, connection, ends, error_of, fails, open, read, read_now, tcp, told, udp,
    unblock, waits, write,
};
use crate::kernel::{Counters, SYN_SENT, accept_queue, in_state};
use crate::load::listen;
use crate::pair::{Family, Pair, lose, peer};
use crate::wait::until;

const PORT: u16 = 8080;

/// ECONNREFUSED is an answer: it needs a host that is up and a port without a listener.
#[test]
fn a_closed_port_refuses_at_once() {
    let Some(pair) = Pair::open() else { return };
    for family in pair.families() {
        let to = peer(family, PORT);
        let counters = Counters::of(&pair.host);
        let client = tcp(&pair.host, family);
        assert_eq!(
            connect(&client, &to),
            Err(Errno::CONNREFUSED),
            "connect() to a closed port is refused"
        );
        assert_eq!(
            counters.risen(&pair.host, "TcpExt.TCPSynRetrans"),
            0,
            "by the answer to the first SYN"
        );
        let listener = listen(&pair.peer, to, 0);
        assert_eq!(
            connect(&client, &to),
            Ok(()),
            "the refused socket connects once a listener is there"
        );
        assert_eq!(
            connect_new(&pair.host, peer(family, 0)),
            Err(Errno::CONNREFUSED),
            "port 0 of another host is a closed port for TCP"
        );

        until("the accept queue is full", 10, || {
            accept_queue(&pair.peer, PORT) == 1
        });
        let counters = Counters::of(&pair.peer);
        let waiting = tcp(&pair.host, family);
        waits(&waiting, Timeout::Send, Duration::from_millis(300));
        assert_eq!(
            connect(&waiting, &to),
            Err(Errno::INPROGRESS),
            "a full accept queue refuses nobody"
        );
        let dropped = counters.risen(&pair.peer, "TcpExt.ListenOverflows");
        assert!(dropped >= 1, "a full accept queue drops the SYN");
        drop(listener);
        datagrams_are_refused(&pair, family);
    }
    let folder = tempfile::tempdir().expect("a folder is made");
    let path = folder.path().join("socket");
    let left = SocketAddrUnix::new(&path).expect("a short path");
    let silent = open(&pair.host, AddressFamily::UNIX, SocketType::STREAM);
    bind(&silent, &left).expect("a socket file is made");
    let client = open(&pair.host, AddressFamily::UNIX, SocketType::STREAM);
    assert_eq!(
        connect(&client, &left),
        Err(Errno::CONNREFUSED),
        "a socket file without a listener refuses"
    );
}

/// The ICMP port unreachable comes after the send has succeeded, and is told once to connected sockets.
fn datagrams_are_refused(pair: &Pair, family: Family) {
    let to = peer(family, PORT);
    let connected = udp(&pair.host, family);
    connect(&connected, &to).expect("a UDP socket connects without a packet");
    assert_eq!(write(&connected), Ok(1), "the first datagram is sent");
    assert_eq!(
        read(&connected),
        Err(Errno::CONNREFUSED),
        "a connected UDP socket gets ECONNREFUSED from the next recv()"
    );
    assert_eq!(
        read_now(&connected),
        Err(Errno::AGAIN),
        "the error is told once"
    );
    assert_eq!(write(&connected), Ok(1), "the socket goes on");
    fails(&connected);
    assert_eq!(
        write(&connected),
        Err(Errno::CONNREFUSED),
        "or from the next send()"
    );
    assert_eq!(write(&connected), Ok(1), "the send() after it succeeds");

    let free = udp(&pair.host, family);
    assert_eq!(
        sendto(&free, b"x", SendFlags::empty(), &peer(family, 0)),
        Err(Errno::INVAL),
        "port 0 is no destination for UDP"
    );
    if family == Family::V4 {
        let counters = Counters::of(&pair.host);
        assert_eq!(sendto(&free, b"x", SendFlags::empty(), &to), Ok(1));
        until("the report arrives", 10, || {
            counters.risen(&pair.host, "Icmp.InDestUnreachs") >= 1
        });
        assert_eq!(
            read_now(&free),
            Err(Errno::AGAIN),
            "an unconnected UDP socket is told nothing"
        );
    }
}

/// Without an answer a connect ends with ETIMEDOUT, when the SYNs or `TCP_USER_TIMEOUT` have run out. A
/// time-out of the call ends only the call.
#[test]
fn a_connect_without_an_answer_times_out() {
    Pair::with_each_family(|family, pair| {
        pair.host.write("net.ipv4.tcp_syn_retries", "6");
        let to = peer(family, PORT);
        lose(&pair.host, to);
        let counters = Counters::of(&pair.host);
        let plain = tcp(&pair.host, family);
        unblock(&plain);
        assert_eq!(
            connect(&plain, &to),
            Err(Errno::INPROGRESS),
            "a non-blocking connect() gives EINPROGRESS, not EAGAIN"
        );
        assert_eq!(
            connect(&plain, &to),
            Err(Errno::ALREADY),
            "called again meanwhile it gives EALREADY"
        );
        let hasty = tcp(&pair.host, family);
        unblock(&hasty);
        set_tcp_user_timeout(&hasty, 500).expect("an option is set");
        assert_eq!(connect(&hasty, &to), Err(Errno::INPROGRESS));
        let limited = tcp(&pair.host, family);
        waits(&limited, Timeout::Send, Duration::from_millis(200));
        assert_eq!(
            connect(&limited, &to),
            Err(Errno::INPROGRESS),
            "SO_SNDTIMEO ends connect() with EINPROGRESS"
        );
        assert_eq!(
            connect(&limited, &to),
            Err(Errno::ALREADY),
            "the kernel goes on after SO_SNDTIMEO"
        );
        assert_eq!(
            told(&hasty),
            Errno::TIMEDOUT,
            "TCP_USER_TIMEOUT ends connect() with ETIMEDOUT"
        );
        assert_eq!(
            in_state(&pair.host, SYN_SENT),
            2,
            "and before the SYNs run out"
        );
        pair.host.write("net.ipv4.tcp_syn_retries", "1");
        let patient = tcp(&pair.host, family);
        waits(&patient, Timeout::Recv, Duration::from_millis(100));
        assert_eq!(
            connect(&patient, &to),
            Err(Errno::TIMEDOUT),
            "SO_RCVTIMEO does not limit connect(), unanswered SYNs do"
        );
        ends(&limited);
        assert_eq!(
            told(&plain),
            Errno::TIMEDOUT,
            "SO_ERROR tells how a non-blocking connect() ended"
        );
        assert_eq!(error_of(&plain), Ok(()), "SO_ERROR tells it once");
        assert_eq!(
            connect(&plain, &to),
            Err(Errno::CONNABORTED),
            "connect() after SO_ERROR finds an attempt without a result"
        );
        assert_eq!(counters.risen(&pair.host, "TcpExt.TCPAbortOnTimeout"), 4);
    });
}

/// An established connection ends with ETIMEDOUT when `TCP_USER_TIMEOUT`, `tcp_retries2` or the keepalive
/// probes run out; without data and without keepalive it never notices.
#[test]
fn an_unanswered_connection_times_out() {
    Pair::with_each_family(|family, pair| {
        pair.host.write("net.ipv4.tcp_keepalive_time", "1");
        pair.host.write("net.ipv4.tcp_keepalive_intvl", "1");
        pair.host.write("net.ipv4.tcp_keepalive_probes", "2");
        let to = peer(family, PORT);
        let listener = listen(&pair.peer, to, 16);
        let opened = [(); 4].map(|()| connection(&pair.host, &listener));
        let [(limited, _), (sending, _), (asked, _), (idle, _)] = &opened;
        set_tcp_user_timeout(limited, 300).expect("an option is set");
        set_socket_keepalive(asked, true).expect("an option is set");
        let counters = Counters::of(&pair.host);
        lose(&pair.host, to);
        assert_eq!((write(limited), write(sending)), (Ok(1), Ok(1)));
        assert_eq!(
            read(limited),
            Err(Errno::TIMEDOUT),
            "unacknowledged data ends with ETIMEDOUT after TCP_USER_TIMEOUT"
        );
        assert_eq!(
            (read(limited), write(limited)),
            (Ok(0), Err(Errno::PIPE)),
            "once; then recv() gives 0 and send() EPIPE"
        );
        assert_eq!(
            read_now(sending),
            Err(Errno::AGAIN),
            "tcp_retries2 is not used up"
        );
        pair.host.write("net.ipv4.tcp_retries2", "1");
        fails(sending);
        assert_eq!(
            write(sending),
            Err(Errno::TIMEDOUT),
            "unacknowledged data ends with ETIMEDOUT after tcp_retries2"
        );
        assert_eq!(write(sending), Err(Errno::PIPE), "the send() after it");
        assert_eq!(
            read(asked),
            Err(Errno::TIMEDOUT),
            "keepalive probes without an answer end with ETIMEDOUT"
        );
        assert_eq!(
            read_now(idle),
            Err(Errno::AGAIN),
            "an idle connection without keepalive notices nothing"
        );
        assert_eq!(counters.risen(&pair.host, "TcpExt.TCPAbortOnTimeout"), 3);
    });
}
