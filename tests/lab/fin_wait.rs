//! Connections this side has closed, and the other has not.

use std::collections::BTreeSet;
use std::net::TcpStream;

use crate::judge::look;
use crate::kernel::{FIN_WAIT_2, sockets};
use crate::load::{Manner, Server, connect_each};
use crate::net::{Net, Undo};
use crate::notes::note;
use crate::pair::{Pair, peer};
use crate::wait::until;

const FIN_TIMEOUT: &str = "net.ipv4.tcp_fin_timeout";
const PILE: usize = 150;
/// The piles before the cure, and those after it.
const PORTS: [u16; 2] = [8080, 8081];
const CURED: [u16; 2] = [8090, 8091];

/// Orphans wait `tcp_fin_timeout` for a FIN that never comes: at 60 s they pile up, shorter they go
/// sooner. Those already waiting keep their time.
#[test]
fn fin_wait2_pileup() {
    let Some(pair) = Pair::open() else { return };
    let rule = "fin-wait2-pileup";
    let sick = Undo::write(&pair.host, [(FIN_TIMEOUT, "60")]);
    let before = pair.host.settings();
    let first = PORTS.map(|port| pile(&pair, port));
    let piled = [0, 1].map(|n| orphans(&pair.host, PORTS[n]));
    let judged = look(&pair.host, 1);
    judged.fires(rule);

    let cure = judged.cure(&pair.host, rule);
    let seconds: u64 = pair.host.read(FIN_TIMEOUT).parse().expect("a number");
    assert!(seconds <= 30, "{seconds} s is no cure");
    let second = CURED.map(|port| pile(&pair, port));
    let waits = CURED.map(|port| longest(&orphans(&pair.host, port)));
    assert!(waits.iter().all(|due| *due <= seconds * 100), "{waits:?}");
    until(
        "the orphans of the cured host are gone",
        seconds + 15,
        || {
            CURED
                .iter()
                .all(|port| orphans(&pair.host, *port).is_empty())
        },
    );
    // Not by chance: those from before, with 60 s to wait, are all still there.
    for (port, before) in PORTS.into_iter().zip(&piled) {
        assert_eq!(names(&orphans(&pair.host, port)), names(before));
    }
    let before_cure = piled.each_ref().map(longest);
    note(&format!(
        "fin_wait2_pileup: {} orphans, longest wait {before_cure:?} -> {waits:?} hundredths",
        piled.iter().map(BTreeSet::len).sum::<usize>()
    ));
    drop((first, second));
    cure.take_back(&pair.host);
    pair.host.has_settings(&before);
    sick.take_back(&pair.host);
}

/// Connects to a server that keeps its side open, and closes first.
fn pile(pair: &Pair, port: u16) -> Server {
    // An even port for IPv4; odd for IPv6, or for IPv4 again where there is none.
    let families = pair.families();
    let family = families[usize::from(port % 2) % families.len()];
    let to = peer(family, port);
    let server = Server::start(&pair.peer, to, Manner::Hold);
    let clients: Vec<TcpStream> = connect_each(&pair.host, to, PILE);
    until("the server has them all", 10, || server.accepted() == PILE);
    drop(clients);
    until("each FIN is acknowledged", 10, || {
        orphans(&pair.host, port).len() == PILE
    });
    server
}

/// (local address, hundredths of a second left) of each `FIN_WAIT2` towards `port` that no process holds.
fn orphans(net: &Net, port: u16) -> BTreeSet<(String, u64)> {
    let rows = sockets(net).into_iter();
    rows.filter(|row| row.state == FIN_WAIT_2 && row.inode == 0)
        .filter(|row| row.remote_port() == port)
        .map(|row| (row.local, row.due))
        .collect()
}

fn names(orphans: &BTreeSet<(String, u64)>) -> Vec<&str> {
    orphans.iter().map(|(name, _)| name.as_str()).collect()
}

fn longest(orphans: &BTreeSet<(String, u64)>) -> u64 {
    orphans.iter().map(|(_, due)| *due).max().unwrap_or(0)
}
