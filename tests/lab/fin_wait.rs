//! Connections this side has closed, and the other has not.

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpStream};

use crate::judge::look;
use crate::kernel::{FIN_WAIT_2, sockets};
use crate::load::{Manner, Server, connect_each};
use crate::net::{Net, Undo};
use crate::pair::{Pair, peer};
use crate::wait::until;

const FIN_TIMEOUT: &str = "net.ipv4.tcp_fin_timeout";
const PILE: usize = 300;

/// Orphans wait `tcp_fin_timeout` for a FIN that never comes: at 60 s they pile up, shorter they go
/// sooner. Those already waiting keep their time.
#[test]
fn fin_wait2_pileup() {
    let Some(pair) = Pair::open() else { return };
    let rule = "fin-wait2-pileup";
    let sick = Undo::write(&pair.host, [(FIN_TIMEOUT, "60")]);
    let before = pair.host.settings();
    for (family, port) in pair.families().into_iter().zip([8080, 8090]) {
        let old = Server::start(&pair.peer, peer(family, port), Manner::Hold);
        close_first(&pair, peer(family, port), &old);
        let first = orphans(&pair.host, port);
        assert_eq!(first.len(), PILE);
        let judged = look(&pair.host, 1);
        judged.fires(rule);

        let cure = judged.cure(&pair.host, rule, &[(FIN_TIMEOUT, "5")]);
        let seconds: u64 = pair.host.read(FIN_TIMEOUT).parse().expect("a number");
        assert!(seconds <= 30, "{seconds} s is no cure");
        let new = Server::start(&pair.peer, peer(family, port + 1), Manner::Hold);
        close_first(&pair, peer(family, port + 1), &new);
        let due = orphans(&pair.host, port + 1).into_iter();
        assert!(due.map(|(_, due)| due).all(|due| due <= seconds * 100));
        until(
            "the orphans of the cured host are gone",
            seconds + 15,
            || orphans(&pair.host, port + 1).is_empty(),
        );
        // Not by chance: those from before, with 60 s to wait, are all still there.
        assert_eq!(names(&orphans(&pair.host, port)), names(&first));
        cure.take_back(&pair.host);
        assert_eq!(pair.host.settings(), before);
    }
    sick.take_back(&pair.host);
}

/// Connects, and closes first, to a server that keeps its side open.
fn close_first(pair: &Pair, to: SocketAddr, server: &Server) {
    let clients: Vec<TcpStream> = connect_each(&pair.host, to, PILE);
    until("the server has them all", 10, || server.accepted() == PILE);
    drop(clients);
    until("each FIN is acknowledged", 10, || {
        orphans(&pair.host, to.port()).len() == PILE
    });
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
