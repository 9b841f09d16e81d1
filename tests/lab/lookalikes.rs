//! Situations that look like a fault and are none: the program stays quiet about each.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream, UdpSocket};
use std::thread::sleep;
use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;

use crate::judge::{look, look_while};
use crate::kernel::{
    CLOSE_WAIT, Counters, ESTABLISHED, FIN_WAIT_2, SYN_SENT, TIME_WAIT, accept_queue, in_state,
    sockets,
};
use crate::load::{
    Manner, Server, Short, accept_waiting, connect_all, connect_each, connected, keep_time_wait,
    listen, short, short_following,
};
use crate::net::Undo;
use crate::pair::{Family, Pair, host, lose, nobody, peer};
use crate::wait::until;

const RANGE: &str = "net.ipv4.ip_local_port_range";
const RESERVED: &str = "net.ipv4.ip_local_reserved_ports";
const THOUSAND: &str = "20000 20999";

/// Thousands of `TIME_WAIT` on a server's own port take no local port from anybody.
#[test]
fn time_wait_on_a_server_port_is_no_exhaustion() {
    let Some(pair) = Pair::open() else { return };
    // The server's port lies inside the range, where a careless count would take it for one in use.
    let range = Undo::write(&pair.host, [(RANGE, THOUSAND)]);
    let at = host(Family::V4, 20_500);
    let kept = keep_time_wait(&pair.host);
    let _server = Server::start(&pair.host, at, Manner::Lead);
    assert_eq!(short_following(&pair.peer, at, 1500).done, 1500);
    until("the server has the TIME_WAIT", 10, || {
        in_state(&pair.host, TIME_WAIT) == 1500
    });
    let rows = sockets(&pair.host);
    let waiting = rows.iter().filter(|row| row.state == TIME_WAIT);
    assert!(waiting.into_iter().all(|row| row.local_port() == 20_500));
    look(&pair.host, 1).holds("ports-exhausted");
    // A listener inside the range is a fault of its own unless its port is reserved.
    let reserved = Undo::write(&pair.host, [(RESERVED, "20500")]);
    look(&pair.host, 1).holds("ports-exhausted").is_quiet();
    reserved.take_back(&pair.host);
    kept.take_back(&pair.host);
    range.take_back(&pair.host);
}

/// More `TIME_WAIT` than ports, over five destinations: each of them has its own thousand.
#[test]
fn time_wait_over_five_destinations_is_no_exhaustion() {
    let Some(pair) = Pair::open() else { return };
    let range = Undo::write(&pair.host, [(RANGE, THOUSAND)]);
    let kept = keep_time_wait(&pair.host);
    let services: Vec<_> = (0..5).map(|n| peer(Family::V4, 8080 + n)).collect();
    let start = |at: &_| Server::start(&pair.peer, *at, Manner::Follow);
    let _servers: Vec<_> = services.iter().map(start).collect();
    for to in &services {
        let seen = short(&pair.host, *to, 250);
        assert_eq!(
            seen,
            Short {
                done: 250,
                ..Short::default()
            }
        );
    }
    until("the client has the TIME_WAIT", 10, || {
        in_state(&pair.host, TIME_WAIT) == 1250
    });
    look(&pair.host, 1).holds("ports-exhausted").is_quiet();
    kept.take_back(&pair.host);
    range.take_back(&pair.host);
}

/// Nine of ten ports are in use by living connections: nothing that a setting could take away.
#[test]
fn ports_in_use_by_living_connections_are_no_exhaustion() {
    let Some(pair) = Pair::open() else { return };
    let range = Undo::write(&pair.host, [(RANGE, THOUSAND)]);
    let to = peer(Family::V4, 8080);
    let _server = Server::start(&pair.peer, to, Manner::Hold);
    let _clients = connect_each(&pair.host, to, 900);
    assert_eq!(in_state(&pair.host, ESTABLISHED), 900);
    look(&pair.host, 1).holds("ports-exhausted").is_quiet();
    range.take_back(&pair.host);
}

/// A storm of refused connections is a closed port at the peer.
#[test]
fn a_storm_of_refused_connections_is_quiet() {
    let Some(pair) = Pair::open() else { return };
    let to = peer(Family::V4, 8080);
    let before = Counters::of(&pair.host);
    let round = || {
        let seen = short(&pair.host, to, 200);
        assert_eq!(
            seen,
            Short {
                refused: 200,
                ..Short::default()
            }
        );
    };
    round();
    assert!(before.risen(&pair.host, "Tcp.AttemptFails") >= 200);
    look_while(&pair.host, 1, round).is_quiet();
}

/// Normal closes pass through `FIN_WAIT2`: many at any moment, never the same ones for long.
#[test]
fn passing_fin_wait2_is_no_pileup() {
    let Some(pair) = Pair::open() else { return };
    let at = peer(Family::V4, 8080);
    let listener = listen(&pair.peer, at, 4096);
    let burst = || {
        drop(connect_each(&pair.host, at, 300));
        until("the burst stands in FIN_WAIT2", 10, || {
            in_state(&pair.host, FIN_WAIT_2) == 300
        });
        drop(accept_waiting(&listener));
        until("the burst has passed", 10, || {
            in_state(&pair.host, FIN_WAIT_2) == 0
        });
    };
    burst();
    look_while(&pair.host, 1, burst)
        .holds("fin-wait2-pileup")
        .is_quiet();
}

/// Clients that end their half and still read: the server stands in `CLOSE_WAIT`, at work.
#[test]
fn half_closed_connections_are_no_leak() {
    let Some(pair) = Pair::open() else { return };
    let at = host(Family::V4, 8080);
    let listener = listen(&pair.host, at, 4096);
    let clients: Vec<TcpStream> = connect_each(&pair.peer, at, 50);
    let mut served = Vec::new();
    until("all are accepted", 10, || {
        served.extend(accept_waiting(&listener));
        served.len() == 50
    });
    for client in &clients {
        client.shutdown(Shutdown::Write).expect("a half is closed");
    }
    until("each server side has seen the end", 10, || {
        in_state(&pair.host, CLOSE_WAIT) == 50
    });
    look(&pair.host, 1).holds("close-wait-leak").is_quiet();
}

/// Four hundred clients at once, at a server with room for them.
#[test]
fn a_burst_of_real_clients_is_no_flood() {
    let Some(pair) = Pair::open() else { return };
    let at = host(Family::V4, 8080);
    let listener = listen(&pair.host, at, 4096);
    let before = Counters::of(&pair.host);
    let burst = || {
        let clients = connect_all(&pair.peer, at, 400);
        until("every client is connected", 10, || {
            connected(&clients) == 400
        });
        drop((clients, accept_waiting(&listener)));
    };
    burst();
    look_while(&pair.host, 1, burst)
        .holds("syn-flood-unprotected")
        .holds("accept-queue-overflow")
        .is_quiet();
    for name in ["ListenOverflows", "ListenDrops", "SyncookiesSent"] {
        assert_eq!(before.risen(&pair.host, &format!("TcpExt.{name}")), 0);
    }
}

/// Five thousand `TIME_WAIT` in the kernel's own range: plenty of ports are left.
#[test]
fn five_thousand_time_wait_are_no_exhaustion() {
    let Some(pair) = Pair::open() else { return };
    let to = peer(Family::V4, 8080);
    let _server = Server::start(&pair.peer, to, Manner::Follow);
    let kept = keep_time_wait(&pair.host);
    assert_eq!(short(&pair.host, to, 5000).done, 5000);
    until("the client has the TIME_WAIT", 10, || {
        in_state(&pair.host, TIME_WAIT) == 5000
    });
    look(&pair.host, 1).holds("ports-exhausted").is_quiet();
    kept.take_back(&pair.host);
}

/// Clients that end with a reset by habit (`SO_LINGER` 0), as health checks do.
#[test]
fn clients_that_reset_are_quiet() {
    let Some(pair) = Pair::open() else { return };
    let at = host(Family::V4, 8080);
    let server = Server::start(&pair.host, at, Manner::Follow);
    let before = Counters::of(&pair.host);
    let round = || {
        let taken = server.accepted();
        let clients = connect_each(&pair.peer, at, 100);
        for client in &clients {
            set_socket_linger(client, Some(Duration::ZERO)).expect("an option is set");
        }
        drop(clients);
        until("the server has served them", 10, || {
            server.accepted() == taken + 100 && in_state(&pair.host, ESTABLISHED) == 0
        });
    };
    round();
    assert!(before.risen(&pair.host, "Tcp.EstabResets") >= 100);
    look_while(&pair.host, 1, round).is_quiet();
}

/// A few attempts that nobody answers happen on any host.
#[test]
fn a_few_unanswered_attempts_are_no_pileup() {
    let Some(pair) = Pair::open() else { return };
    let to = nobody(Family::V4, 80);
    lose(&pair.host, to);
    let before = Counters::of(&pair.host);
    let _attempts = connect_all(&pair.host, to, 5);
    until("each SYN was sent again", 10, || {
        before.risen(&pair.host, "TcpExt.TCPSynRetrans") >= 5
    });
    assert_eq!(in_state(&pair.host, SYN_SENT), 5);
    look(&pair.host, 1).holds("syn-sent-pileup").is_quiet();
}

/// Clients that have ended their half and still get data: `CLOSE_WAIT` at work.
#[test]
fn half_closed_connections_at_work_are_no_leak() {
    let Some(pair) = Pair::open() else { return };
    let at = host(Family::V4, 8080);
    let listener = listen(&pair.host, at, 4096);
    let mut clients = connect_each(&pair.peer, at, 50);
    let mut served = Vec::new();
    until("all are accepted", 10, || {
        served.extend(accept_waiting(&listener));
        served.len() == 50
    });
    for client in &clients {
        client.shutdown(Shutdown::Write).expect("a half is closed");
    }
    until("each server side has seen the end", 10, || {
        in_state(&pair.host, CLOSE_WAIT) == 50
    });
    let round = || {
        for (server, client) in served.iter_mut().zip(&mut clients) {
            server
                .write_all(b"more")
                .expect("the half that is open takes data");
            client.read_exact(&mut [0; 4]).expect("it comes");
        }
        sleep(Duration::from_millis(20));
    };
    look_while(&pair.host, 1, round)
        .holds("close-wait-leak")
        .is_quiet();
}

/// Peers that do not read: their window is zero, and the kernel asks now and then. Nothing is lost, and no
/// buffer is too small.
#[test]
fn slow_readers_are_quiet() {
    let Some(pair) = Pair::open() else { return };
    let at = host(Family::V4, 8080);
    let listener = listen(&pair.host, at, 4096);
    let _clients = connect_each(&pair.peer, at, 10);
    let mut served = Vec::new();
    until("all are accepted", 10, || {
        served.extend(accept_waiting(&listener));
        served.len() == 10
    });
    for stream in &served {
        stream.set_nonblocking(true).expect("a mode is set");
    }
    let data = vec![7; 1 << 16];
    let fill = |stream: &mut TcpStream| match stream.write(&data) {
        Ok(_) => false,
        Err(error) => error.kind() == ErrorKind::WouldBlock,
    };
    until("each window is closed", 30, || {
        let full = served
            .iter_mut()
            .filter_map(|stream| fill(stream).then_some(()))
            .count();
        let text = pair.host.ss(&["-Htno", "state", "established"]);
        full == 10 && text.matches("timer:(persist").count() == 10
    });
    look(&pair.host, 1).is_quiet();
}

/// A service inside the range of outgoing connections, on a port that is reserved for it.
#[test]
fn listeners_on_reserved_ports_are_quiet() {
    let Some(pair) = Pair::open() else { return };
    let reserved = Undo::write(&pair.host, [(RESERVED, "40000-40001")]);
    let ports = [40_000, 40_001].map(|port| host(Family::V4, port));
    let _servers = ports.map(|at| Server::start(&pair.host, at, Manner::Hold));
    let _clients = ports.map(|at| connect_each(&pair.peer, at, 50));
    look(&pair.host, 1).is_quiet();
    reserved.take_back(&pair.host);
}

/// The reverse path filter is off, everywhere and on purpose.
#[test]
fn filters_that_are_off_are_quiet() {
    let Some(pair) = Pair::open() else { return };
    let keys = ["all", "cable", "lo"].map(|name| format!("net.ipv4.conf.{name}.rp_filter"));
    let off = Undo::write(&pair.host, keys.iter().map(|key| (key.as_str(), "0")));
    let to = peer(Family::V4, 8080);
    let _server = Server::start(&pair.peer, to, Manner::Follow);
    let round = || {
        assert_eq!(short(&pair.host, to, 20).done, 20);
    };
    look_while(&pair.host, 1, round)
        .holds("rp-filter-max-rule")
        .holds("reverse-path-drops")
        .is_quiet();
    off.take_back(&pair.host);
}

/// Connections that wait for a slow program, in a queue with room for them.
#[test]
fn a_queue_that_is_half_full_is_quiet() {
    let Some(pair) = Pair::open() else { return };
    let at = host(Family::V4, 8080);
    let _listener = listen(&pair.host, at, 128);
    let _clients = connect_each(&pair.peer, at, 64);
    until("they wait", 10, || accept_queue(&pair.host, 8080) == 64);
    look(&pair.host, 1)
        .holds("accept-queue-overflow")
        .holds("accept-queue-app-bound")
        .is_quiet();
}

/// Datagrams for a port where nobody listens are refused, and no buffer was full.
#[test]
fn datagrams_that_nobody_wants_are_quiet() {
    let Some(pair) = Pair::open() else { return };
    let to = host(Family::V4, 9999);
    let socket = pair
        .peer
        .enter(|| UdpSocket::bind("0.0.0.0:0"))
        .expect("UDP binds");
    let before = Counters::of(&pair.host);
    let round = || {
        for _ in 0..200 {
            // The refusal of an earlier one may be told here.
            let _ = socket.send_to(b"hello", to);
        }
        sleep(Duration::from_millis(20));
    };
    round();
    until("they were refused", 10, || {
        before.risen(&pair.host, "Udp.NoPorts") >= 200
    });
    look_while(&pair.host, 1, round)
        .holds("udp-receive-buffer")
        .is_quiet();
}
