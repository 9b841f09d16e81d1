//! Hosts that are well: nothing at or above low may be said about them.

use std::net::UdpSocket;
use std::thread::sleep;
use std::time::Duration;

use rustix::net::sockopt::set_socket_keepalive;

use crate::judge::{look, look_while};
use crate::kernel::{Counters, ESTABLISHED, KEEPALIVE_TIMER, TIME_WAIT, in_state, sockets};
use crate::load::{Manner, Server, Short, connect_each, keep_time_wait, short, short_following};
use crate::net::Undo;
use crate::pair::{Family, Pair, host, peer};
use crate::wait::until;

/// A namespace in which nothing happens.
#[test]
fn an_idle_host_is_quiet() {
    let Some(pair) = Pair::open() else { return };
    look(&pair.host, 1).is_quiet();
}

/// Many short outgoing connections to two services, well under the limits; a few are refused.
#[test]
fn a_busy_client_is_quiet() {
    for (family, pair) in Pair::for_each_family() {
        let services = [peer(family, 8080), peer(family, 8081)];
        let kept = keep_time_wait(&pair.host);
        let _servers = services.map(|at| Server::start(&pair.peer, at, Manner::Follow));
        let closed = peer(family, 8082);
        let round = |count| {
            for to in services {
                assert_eq!(short(&pair.host, to, count).done, count);
            }
            let refused = short(&pair.host, closed, 5);
            assert_eq!(
                refused,
                Short {
                    refused: 5,
                    ..Short::default()
                }
            );
        };
        round(300);
        // The server closes when its thread comes to it; until then the client's side is in FIN_WAIT.
        until("the client has the TIME_WAIT", 10, || {
            in_state(&pair.host, TIME_WAIT) == 600
        });
        look_while(&pair.host, 2, || round(20)).is_quiet();
        kept.take_back(&pair.host);
    }
}

/// Hundreds of accepted connections with keepalive, and short ones that the server closes first.
#[test]
fn a_busy_server_is_quiet() {
    for (family, pair) in Pair::for_each_family() {
        let (long, brief) = (host(family, 8080), host(family, 8081));
        let holding = Server::start(&pair.host, long, Manner::Hold);
        let _leading = Server::start(&pair.host, brief, Manner::Lead);
        let kept = keep_time_wait(&pair.host);
        let before = Counters::of(&pair.host);
        let _clients = connect_each(&pair.peer, long, 300);
        assert_eq!(short_following(&pair.peer, brief, 500).done, 500);
        until("all are accepted", 10, || holding.accepted() == 300);
        assert!(in_state(&pair.host, ESTABLISHED) >= 300);
        until("the server has the TIME_WAIT", 10, || {
            in_state(&pair.host, TIME_WAIT) == 500
        });
        assert_eq!(before.risen(&pair.host, "TcpExt.ListenOverflows"), 0);
        let round = || {
            short_following(&pair.peer, brief, 20);
        };
        look_while(&pair.host, 2, round).is_quiet();
        kept.take_back(&pair.host);
    }
}

/// A pool of connections that wait for work, without keepalive.
#[test]
fn an_idle_pool_is_quiet() {
    for (family, pair) in Pair::for_each_family() {
        let to = peer(family, 5432);
        let _server = Server::start(&pair.peer, to, Manner::Hold);
        let _pool = connect_each(&pair.host, to, 100);
        assert_eq!(in_state(&pair.host, ESTABLISHED), 100);
        look(&pair.host, 1).is_quiet();
    }
}

/// The same with keepalive, as most drivers have it.
#[test]
fn an_idle_pool_with_keepalive_is_quiet() {
    for (family, pair) in Pair::for_each_family() {
        let to = peer(family, 5432);
        let _server = Server::start(&pair.peer, to, Manner::Hold);
        let pool = connect_each(&pair.host, to, 100);
        for stream in &pool {
            set_socket_keepalive(stream, true).expect("an option is set");
        }
        let rows = sockets(&pair.host);
        let armed = rows.iter().filter(|row| row.timer == KEEPALIVE_TIMER);
        assert_eq!(armed.count(), 100);
        look(&pair.host, 1)
            .holds("keepalive-slow-detection")
            .is_quiet();
    }
}

/// Questions and answers over UDP, none of them lost.
#[test]
fn udp_without_loss_is_quiet() {
    for (family, pair) in Pair::for_each_family() {
        let bound = |net: &crate::net::Net, at| {
            let socket = net.enter(|| UdpSocket::bind(at)).expect("UDP binds");
            let patience = Some(Duration::from_secs(10));
            socket
                .set_read_timeout(patience)
                .expect("a time-out is set");
            socket
        };
        let (server, client) = (host(family, 5353), peer(family, 5354));
        let (serving, asking) = (bound(&pair.host, server), bound(&pair.peer, client));
        let before = Counters::of(&pair.host);
        let round = || {
            for _ in 0..100 {
                asking.send_to(b"question", server).expect("it is sent");
                serving.recv(&mut [0; 16]).expect("it has come");
                serving.send_to(b"answer", client).expect("it is sent");
                asking.recv(&mut [0; 16]).expect("it has come");
            }
            sleep(Duration::from_millis(20));
        };
        round();
        look_while(&pair.host, 1, round)
            .holds("udp-receive-buffer")
            .is_quiet();
        assert_eq!(before.risen(&pair.host, "Udp.RcvbufErrors"), 0);
    }
}

/// A host without any IPv4 address but loopback's.
#[test]
fn a_host_that_speaks_ipv6_only_is_quiet() {
    let Some(pair) = Pair::open() else { return };
    if !pair.families().contains(&Family::V6) {
        return;
    }
    pair.host.ip("address delete 10.77.0.1/24 dev cable\n");
    let (long, brief) = (host(Family::V6, 8080), host(Family::V6, 8081));
    let holding = Server::start(&pair.host, long, Manner::Hold);
    let _leading = Server::start(&pair.host, brief, Manner::Lead);
    let _clients = connect_each(&pair.peer, long, 100);
    until("all are accepted", 10, || holding.accepted() == 100);
    let round = || {
        assert_eq!(short_following(&pair.peer, brief, 20).done, 20);
    };
    look_while(&pair.host, 1, round).is_quiet();
}

/// Settings that somebody has chosen with care, and traffic both ways.
#[test]
fn a_host_tuned_with_care_is_quiet() {
    const TUNED: [(&str, &str); 11] = [
        ("net.core.somaxconn", "16384"),
        ("net.ipv4.ip_local_port_range", "16384 60999"),
        ("net.ipv4.ip_local_reserved_ports", "20000-20010,30000"),
        ("net.ipv4.tcp_fin_timeout", "30"),
        ("net.ipv4.tcp_keepalive_intvl", "60"),
        ("net.ipv4.tcp_keepalive_probes", "10"),
        ("net.ipv4.tcp_keepalive_time", "600"),
        ("net.ipv4.tcp_max_syn_backlog", "16384"),
        ("net.ipv4.tcp_mtu_probing", "1"),
        ("net.ipv4.tcp_rmem", "4096 131072 67108864"),
        ("net.ipv4.tcp_wmem", "4096 65536 67108864"),
    ];
    for (family, pair) in Pair::for_each_family() {
        let tuned = Undo::write(&pair.host, TUNED);
        let (here, there) = (host(family, 8080), peer(family, 8081));
        let _serving = Server::start(&pair.host, here, Manner::Hold);
        let _elsewhere = Server::start(&pair.peer, there, Manner::Follow);
        let _clients = connect_each(&pair.peer, here, 100);
        let round = || {
            assert_eq!(short(&pair.host, there, 20).done, 20);
        };
        look_while(&pair.host, 1, round).is_quiet();
        tuned.take_back(&pair.host);
    }
}
