//! Handshakes whose last step is lost.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use crate::evidence::proved;
use crate::judge::look;
use crate::kernel::{SYN_RECV, in_state, sockets};
use crate::load::{accept_waiting, connect_all, connected, listen};
use crate::net::{Net, Undo};
use crate::notes::note;
use crate::pair::{Family, Pair, find, host, lose, peer};
use crate::wait::until;

const RETRIES: &str = "net.ipv4.tcp_synack_retries";
const CLIENTS: usize = 40;

/// SYNs come in and the answers get lost: requests pile up. When the way back is there again, all
/// clients connect.
#[test]
fn syn_recv_pileup() {
    let rule = "syn-recv-pileup";
    Pair::with_each_family(|family, pair| {
        let before = pair.host.settings();
        let (at, client) = (host(family, 443), peer(family, 0));
        let listener = listen(&pair.host, at, 128);
        look(&pair.host, 1).holds(rule);
        lose(&pair.host, client);
        let clients = connect_all(&pair.peer, at, CLIENTS);
        until("each SYN-ACK was sent again", 20, || {
            repeated(&pair.host) == CLIENTS
        });
        assert_eq!(connected(&clients), 0);
        look(&pair.host, 1).fires_without_change(rule);

        find(&pair.host, client);
        let mut served = Vec::new();
        until("each client is accepted", 60, || {
            served.extend(accept_waiting(&listener));
            served.len() == CLIENTS
        });
        until("no request is half open", 10, || {
            in_state(&pair.host, SYN_RECV) == 0
        });
        look(&pair.host, 1).holds(rule);
        note(&format!(
            "syn_recv_pileup {family:?}: 0 of {CLIENTS} connected -> {}",
            connected(&clients)
        ));
        pair.host.has_settings(&before);
        proved(
            rule,
            "half-open connections of clients without a way back",
            40.0,
            0.0,
        );
    });
}

/// Half-open requests whose SYN-ACK was sent at least twice.
fn repeated(net: &Net) -> usize {
    let rows = sockets(net);
    let half = rows.iter().filter(|row| row.state == SYN_RECV);
    half.filter(|row| row.retransmits > 0).count()
}

const SPOKEN: usize = 20;

/// The last ACK of each client is lost, and the path comes back when a request with one retry is
/// forgotten: then each client is reset at its first word. With the default all are served.
#[test]
fn synack_retries_extreme() {
    let rule = "synack-retries-extreme";
    Pair::with_each_family(|family, pair| {
        let at = host(family, 8080);
        let listener = listen(&pair.host, at, 128);
        let sick = Undo::write(&pair.host, [(RETRIES, "1")]);
        let before = pair.host.settings();
        look(&pair.host, 1).fires_without_change(rule);
        let clients = half_open(&pair, family, at);
        until("the host has forgotten each request", 20, || {
            in_state(&pair.host, SYN_RECV) == 0
        });
        find(&pair.peer, at);
        let served = speak(&clients, &listener);
        assert_eq!(served, 0);

        let cure = Undo::write(&pair.host, [(RETRIES, "5")]);
        look(&pair.host, 1).holds(rule);
        let clients = half_open(&pair, family, at);
        until(
            "each request is older than it was with one retry",
            20,
            || {
                let rows = sockets(&pair.host);
                let half: Vec<_> = rows.iter().filter(|row| row.state == SYN_RECV).collect();
                half.len() == SPOKEN && half.iter().all(|row| row.retransmits >= 2)
            },
        );
        find(&pair.peer, at);
        let saved = speak(&clients, &listener);
        assert_eq!(saved, SPOKEN);
        note(&format!(
            "synack_retries_extreme {family:?}: {served} of {SPOKEN} served -> {saved}"
        ));
        cure.take_back(&pair.host);
        pair.host.has_settings(&before);
        sick.take_back(&pair.host);
        proved(rule, "clients reset after a lost ACK, of 20", 20.0, 0.0);
    });
}

/// Clients that are connected in their own eyes, while the host waits for the ACK of each: first the
/// SYN-ACKs are lost, then everything that the clients send.
fn half_open(pair: &Pair, family: Family, at: SocketAddr) -> Vec<TcpStream> {
    let client = peer(family, 0);
    lose(&pair.host, client);
    let clients = connect_all(&pair.peer, at, SPOKEN);
    until("each request is half open", 10, || {
        in_state(&pair.host, SYN_RECV) == SPOKEN
    });
    lose(&pair.peer, at);
    find(&pair.host, client);
    until("each client has its SYN-ACK", 20, || {
        connected(&clients) == SPOKEN
    });
    assert_eq!(in_state(&pair.host, SYN_RECV), SPOKEN);
    clients
}

/// Each client says a word; how many get it back.
fn speak(clients: &[TcpStream], listener: &TcpListener) -> usize {
    let mut served = Vec::new();
    for mut client in clients {
        let _ = client.write_all(b"x");
    }
    let mut answered = vec![None; clients.len()];
    until("each client has an answer or a reset", 60, || {
        served.extend(accept_waiting(listener));
        for stream in &mut served {
            let _ = stream.set_nonblocking(true);
            if stream.read(&mut [0; 1]).is_ok_and(|length| length == 1) {
                let _ = stream.write_all(b"y");
            }
        }
        for (client, answer) in clients.iter().zip(&mut answered) {
            let mut client = client;
            match client.read(&mut [0; 1]) {
                Ok(length) => *answer = answer.or(Some(length == 1)),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => *answer = answer.or(Some(false)),
            }
        }
        answered.iter().all(Option::is_some)
    });
    answered
        .iter()
        .filter(|answer| **answer == Some(true))
        .count()
}
