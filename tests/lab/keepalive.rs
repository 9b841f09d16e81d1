//! Peers that vanish without a word.

use std::net::TcpStream;
use std::time::Instant;

use rustix::net::sockopt::set_socket_keepalive;

use crate::judge::look;
use crate::kernel::{Counters, ESTABLISHED, KEEPALIVE_TIMER, Row, sockets};
use crate::load::{Manner, Server, connect_each};
use crate::net::{Net, Undo};
use crate::notes::note;
use crate::pair::{Pair, lose, peer};
use crate::wait::until;

const PORT: u16 = 8080;
const QUICK: [(&str, &str); 3] = [
    ("net.ipv4.tcp_keepalive_time", "1"),
    ("net.ipv4.tcp_keepalive_intvl", "1"),
    ("net.ipv4.tcp_keepalive_probes", "2"),
];

/// Who notices a vanished peer: sockets with `SO_KEEPALIVE` whose timer was armed after the change.
/// Timers armed before keep their two hours, and a socket without the option never notices.
#[test]
fn keepalive_slow_detection() {
    for (family, pair) in Pair::for_each_family() {
        let before = pair.host.settings();
        let to = |number| peer(family, PORT + number);
        let servers = [0, 1, 2].map(|number| Server::start(&pair.peer, to(number), Manner::Hold));
        let plain = connect_each(&pair.host, to(0), 10);
        let old = arm(connect_each(&pair.host, to(1), 10));
        assert_eq!(armed(&pair.host, PORT), 0);
        assert_eq!(armed(&pair.host, PORT + 1), 10);
        look(&pair.host, 1).is_quiet();

        let quick = Undo::write(&pair.host, QUICK);
        let new = arm(connect_each(&pair.host, to(2), 10));
        until("the servers have them all", 10, || {
            servers.iter().all(|server| server.accepted() == 10)
        });
        let counters = Counters::of(&pair.host);
        lose(&pair.host, to(0));
        let vanished = Instant::now();
        until("the newly armed sockets have noticed", 20, || {
            towards(&pair.host, PORT + 2).is_empty()
        });
        let noticed = vanished.elapsed().as_secs_f32();
        assert!(counters.risen(&pair.host, "TcpExt.TCPKeepAlive") >= 20);
        assert_eq!(counters.risen(&pair.host, "TcpExt.TCPAbortOnTimeout"), 10);
        assert_eq!(towards(&pair.host, PORT).len(), 10);
        let kept = towards(&pair.host, PORT + 1);
        assert_eq!(kept.len(), 10);
        assert!(kept.iter().all(|row| row.due > 100 * 60 * 100), "{kept:?}");
        note(&format!(
            "keepalive_slow_detection {family:?}: newly armed 10 -> 0 after {noticed:.1} s, armed before 10 -> 10, without 10 -> 10"
        ));
        quick.take_back(&pair.host);
        pair.host.has_settings(&before);
        drop((plain, old, new));
    }
}

fn arm(streams: Vec<TcpStream>) -> Vec<TcpStream> {
    for stream in &streams {
        set_socket_keepalive(stream, true).expect("an option is set");
    }
    streams
}

fn towards(net: &Net, port: u16) -> Vec<Row> {
    let rows = sockets(net).into_iter();
    rows.filter(|row| row.state == ESTABLISHED && row.remote_port() == port)
        .collect()
}

/// Established sockets towards `port` with the keepalive timer armed.
fn armed(net: &Net, port: u16) -> usize {
    let rows = towards(net, port);
    rows.iter()
        .filter(|row| row.timer == KEEPALIVE_TIMER)
        .count()
}
