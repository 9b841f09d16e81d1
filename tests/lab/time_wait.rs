//! The limit on `TIME_WAIT` entries.

use std::net::SocketAddr;

use crate::judge::look_while;
use crate::kernel::{Counters, TIME_WAIT, sockets};
use crate::load::{Manner, Server, short};
use crate::net::Undo;
use crate::notes::note;
use crate::pair::{Pair, peer};
use crate::wait::until;

const BUCKETS: &str = "net.ipv4.tcp_max_tw_buckets";
const OVERFLOW: &str = "TcpExt.TCPTimeWaitOverflow";

/// With room for 500, three of four closes leave no `TIME_WAIT` behind; a live raise is enough.
#[test]
fn time_wait_overflow() {
    let rule = "time-wait-overflow";
    for (family, pair) in Pair::for_each_family() {
        let to = peer(family, 8080);
        let _server = Server::start(&pair.peer, to, Manner::Follow);
        let sick = Undo::write(&pair.host, [(BUCKETS, "500")]);
        let before = pair.host.settings();

        // 1500 but for a few whose entry an RST ended early (RFC 1337), which made room for another.
        let skipped = closes(&pair, to, 2000);
        assert!((1000..=1501).contains(&skipped), "{skipped} skipped");
        let judged = look_while(&pair.host, 2, || {
            short(&pair.host, to, 100);
        });
        judged.fires(rule);

        let cure = judged.cure(&pair.host, rule);
        assert_eq!(closes(&pair, to, 2000), 0);
        note(&format!(
            "time_wait_overflow {family:?}: {skipped} of 2000 skipped -> 0"
        ));
        look_while(&pair.host, 1, || {
            short(&pair.host, to, 10);
        })
        .holds(rule);
        cure.take_back(&pair.host);
        pair.host.has_settings(&before);
        sick.take_back(&pair.host);
    }
}

/// How many of `count` closes left no `TIME_WAIT`.
fn closes(pair: &Pair, to: SocketAddr, count: usize) -> i64 {
    let before = Counters::of(&pair.host);
    assert_eq!(short(&pair.host, to, count).done, count);
    // The last FIN is answered by another thread.
    until("every close is over", 10, || in_flight(pair, to) == 0);
    before.risen(&pair.host, OVERFLOW)
}

fn in_flight(pair: &Pair, to: SocketAddr) -> usize {
    let rows = sockets(&pair.host);
    let live = rows.iter().filter(|row| row.state != TIME_WAIT);
    live.filter(|row| row.remote_port() == to.port()).count()
}
