//! Closes that nobody acknowledges: the kernel goes on sending, and no process waits for it.

use std::net::TcpStream;

use crate::evidence::proved;
use crate::judge::look;
use crate::kernel::{CLOSE_WAIT, CLOSING, FIN_WAIT_1, FIN_WAIT_2, LAST_ACK, in_state, sockets};
use crate::load::{Manner, Server, accept_waiting, connect_each, listen};
use crate::net::{Net, Undo};
use crate::notes::note;
use crate::pair::{Family, Pair, find, host, lose, peer};
use crate::wait::until;

const RETRIES: &str = "net.ipv4.tcp_orphan_retries";
/// What the findings advise where memory is short.
const ADVISED: &str = "3";
const PILE: usize = 30;
/// A socket that has sent this often is one that the advised value would have ended.
const FIFTH: u64 = 5;
/// What is counted, before and after.
const LEFT: &str = "orphans still there when the fifth retransmission is due, of 30";

/// The peers vanish, then the program closes: with the default all orphans are there after the fifth
/// retransmission; with the advised value they have gone before it.
#[test]
fn fin_wait1_orphans() {
    let rule = "fin-wait1-orphans";
    Pair::with_each_family(|family, pair| {
        let sick = Undo::write(&pair.host, [(RETRIES, "0")]);
        let before = pair.host.settings();
        let to = peer(family, 8080);
        let server = Server::start(&pair.peer, to, Manner::Hold);
        look(&pair.host, 1).holds(rule);

        let pile = || {
            let accepted = server.accepted();
            let clients = connect_each(&pair.host, to, PILE);
            until("the server has them all", 10, || {
                server.accepted() == accepted + PILE
            });
            lose(&pair.host, to);
            drop(clients);
            until("each close is in FIN_WAIT1", 10, || {
                waiting(&pair.host, &[FIN_WAIT_1]).len() == PILE
            });
        };
        let left = outlive(&pair.host, &[FIN_WAIT_1], pile);
        assert_eq!(left, PILE);
        look(&pair.host, 1).fires_without_change(rule);

        let (kept, most) = end(&pair.host, &[FIN_WAIT_1], || {
            find(&pair.host, to);
            pile();
        });
        note(&format!(
            "fin_wait1_orphans {family:?}: {left} of {PILE} there after {FIFTH} retransmissions -> {kept}, gone after {most}"
        ));
        look(&pair.host, 1).holds(rule);
        pair.host.has_settings(&before);
        sick.take_back(&pair.host);
        proved(rule, LEFT, 30.0, 0.0);
    });
}

/// Twenty clients close first, then the server, which loses its answer; with ten more both close at once.
/// No FIN of the host is acknowledged.
#[test]
fn last_ack_pileup() {
    let rule = "last-ack-pileup";
    Pair::with_each_family(|family, pair| {
        let sick = Undo::write(&pair.host, [(RETRIES, "0")]);
        let before = pair.host.settings();
        look(&pair.host, 1).holds(rule);
        let mut ports = 8080..;
        let mut pile = || pile_last_acks(&pair, family, ports.next().expect("a port"));
        let both = [LAST_ACK, CLOSING];
        let left = outlive(&pair.host, &both, &mut pile);
        assert_eq!(left, PILE);
        look(&pair.host, 1).fires_without_change(rule);

        let (kept, most) = end(&pair.host, &both, &mut pile);
        note(&format!(
            "last_ack_pileup {family:?}: {left} of {PILE} there after {FIFTH} retransmissions -> {kept}, gone after {most}"
        ));
        look(&pair.host, 1).holds(rule);
        pair.host.has_settings(&before);
        sick.take_back(&pair.host);
        proved(rule, LEFT, 30.0, 0.0);
    });
}

/// Sockets of the host in `LAST_ACK` and `CLOSING` whose FINs are all lost.
fn pile_last_acks(pair: &Pair, family: Family, port: u16) {
    let (at, client) = (host(family, port), peer(family, 0));
    find(&pair.host, client);
    let listener = listen(&pair.host, at, 128);
    let mut clients: Vec<TcpStream> = connect_each(&pair.peer, at, PILE);
    let mut served = Vec::new();
    until("each client is accepted", 10, || {
        served.extend(accept_waiting(&listener));
        served.len() == PILE
    });
    // The last ten hear nothing of the close until they have closed themselves.
    let late = clients.split_off(20);
    let ports: Vec<u16> = late.iter().map(port_of).collect();
    let (last, first): (Vec<_>, Vec<_>) = served
        .into_iter()
        .partition(|stream| ports.contains(&peer_port_of(stream)));
    drop(clients);
    until("twenty clients have closed", 10, || {
        in_state(&pair.host, CLOSE_WAIT) == 20
    });
    lose(&pair.host, client);
    drop((first, last));
    until("the host has closed all", 10, || {
        waiting(&pair.host, &[LAST_ACK]).len() == 20
            && waiting(&pair.host, &[FIN_WAIT_1]).len() == 10
    });
    drop(late);
    until("both sides have closed at once", 10, || {
        waiting(&pair.host, &[CLOSING]).len() == 10
    });
}

fn port_of(stream: &TcpStream) -> u16 {
    stream
        .local_addr()
        .expect("a connection has an address")
        .port()
}

fn peer_port_of(stream: &TcpStream) -> u16 {
    stream.peer_addr().expect("a connection has a peer").port()
}

/// How often each orphan in one of `states` has sent again.
fn waiting(net: &Net, states: &[u8]) -> Vec<u64> {
    let rows = sockets(net).into_iter();
    rows.filter(|row| states.contains(&row.state) && row.inode == 0)
        .map(|row| row.retransmits)
        .collect()
}

/// Makes a pile; how many are left once each has sent five times again.
fn outlive(net: &Net, states: &[u8], pile: impl FnOnce()) -> usize {
    pile();
    until("each orphan has sent five times again", 60, || {
        waiting(net, states).iter().all(|times| *times >= FIFTH)
    });
    waiting(net, states).len()
}

/// Takes the advised value, makes a new pile, and waits until all are gone, the old ones too. How many of
/// the new ones were there after five retransmissions, and how many the longest of them made.
fn end(net: &Net, states: &[u8], pile: impl FnOnce()) -> (usize, u64) {
    let cure = Undo::write(net, [(RETRIES, ADVISED)]);
    // The number is asked at each timer, so those that wait already go with the next one.
    until("the old orphans are gone", 60, || {
        waiting(net, states).is_empty()
    });
    pile();
    let (mut late, mut most) = (0, 0);
    until("the new orphans are gone", 60, || {
        let times = waiting(net, states);
        most = most.max(times.iter().copied().max().unwrap_or(0));
        late = late.max(times.iter().filter(|times| **times >= FIFTH).count());
        times.is_empty()
    });
    assert_eq!(late, 0, "the advised value comes too late");
    assert_eq!(in_state(net, FIN_WAIT_2), 0);
    cure.take_back(net);
    (late, most)
}
