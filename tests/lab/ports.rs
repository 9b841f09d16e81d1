//! Local ports for outgoing connections: how they run out, and what brings them back.

use std::net::SocketAddr;

use crate::evidence::proved;
use crate::judge::look;
use crate::kernel::{Counters, TIME_WAIT, sockets};
use crate::load::{Manner, Server, Short, short};
use crate::net::{Net, Undo};
use crate::notes::note;
use crate::pair::{Pair, peer};
use crate::wait::until;

pub(crate) const RANGE: &str = "net.ipv4.ip_local_port_range";
pub(crate) const REUSE: &str = "net.ipv4.tcp_tw_reuse";
pub(crate) const TIMESTAMPS: &str = "net.ipv4.tcp_timestamps";

/// Ports taken over by 900 connections; the rest found one whose `TIME_WAIT` an RST had ended.
pub(crate) const ENOUGH: i64 = 500;

/// A thousand ports, so that they run out in a moment.
pub(crate) const THOUSAND: &str = "20000 20999";

/// Connects until not one of five hundred attempts in a row finds a port.
///
/// That takes a little more than a thousand connections: on two CPUs the ACK and the FIN of the peer
/// may change places, the late ACK is answered, and the answer's RST ends that `TIME_WAIT` (RFC 1337).
pub(crate) fn exhaust(net: &Net, to: SocketAddr) -> usize {
    let (mut made, mut failures) = (0, 0);
    until("no local port is left", 30, || {
        let seen = short(net, to, 100);
        assert_eq!(seen.done + seen.no_port, 100, "{seen:?}");
        made += seen.done;
        failures = if seen.done == 0 { failures + 100 } else { 0 };
        failures == 500
    });
    assert!(
        made >= 1000,
        "only {made} connections used a thousand ports"
    );
    until("every port stands in TIME_WAIT", 10, || {
        waiting(net, to).count() == 1000
    });
    made
}

/// Hundredths of a second that each `TIME_WAIT` towards `to` has still to live.
pub(crate) fn waiting(net: &Net, to: SocketAddr) -> impl Iterator<Item = u64> {
    let rows = sockets(net).into_iter();
    rows.filter(move |row| row.state == TIME_WAIT && row.remote_port() == to.port())
        .map(|row| row.due)
}

/// Waits until the youngest `TIME_WAIT` is 1.5 s old: past `tcp_tw_reuse_delay`, 1 s where it exists
/// and before that a fixed 1 s.
pub(crate) fn age(net: &Net, to: SocketAddr) {
    until("every TIME_WAIT is 1.5 s old", 10, || {
        waiting(net, to).all(|due| due < 5850)
    });
}

/// `TIME_WAIT` towards one destination holds every port: a wider range has free ones at once, and
/// `tcp_tw_reuse` takes over those older than a second.
#[test]
fn ports_exhausted() {
    let rule = "ports-exhausted";
    for (family, pair) in Pair::for_each_family() {
        let sick = Undo::write(&pair.host, [(RANGE, THOUSAND), (REUSE, "2")]);
        let before = pair.host.settings();
        let to = peer(family, 8080);
        let _server = Server::start(&pair.peer, to, Manner::Follow);
        let made = exhaust(&pair.host, to);
        let judged = look(&pair.host, 1);
        judged.fires(rule).says(rule, &to.to_string());
        let refused = no_port(&pair.host, to, 500);

        let cure = judged.cure(&pair.host, rule);
        let left = no_port(&pair.host, to, 500);
        assert_eq!(short(&pair.host, to, 1000), all(1000));
        look(&pair.host, 1).holds(rule);
        cure.take_back(&pair.host);
        pair.host.has_settings(&before);

        // The second step. 2, the default, is for loopback, and 0 for nobody.
        age(&pair.host, to);
        for nothing in ["2", "0"] {
            let other = Undo::write(&pair.host, [(REUSE, nothing)]);
            assert_eq!(short(&pair.host, to, 100).no_port, 100);
            other.take_back(&pair.host);
        }
        let cure = Undo::write(&pair.host, [(REUSE, "1")]);
        let counters = Counters::of(&pair.host);
        assert_eq!(short(&pair.host, to, 900), all(900));
        let recycled = counters.risen(&pair.host, "TcpExt.TWRecycled");
        assert!(recycled >= ENOUGH, "{recycled} taken over");
        // The range is as full as before, and nobody is refused.
        look(&pair.host, 1).holds(rule);
        note(&format!(
            "ports_exhausted {family:?}: none left after {made} connections -> wider range 1500 of 1500; reuse 900 of 900, {recycled} taken over"
        ));
        cure.take_back(&pair.host);
        pair.host.has_settings(&before);
        sick.take_back(&pair.host);
        proved(
            rule,
            "connects that found no local port, of 500",
            refused,
            left,
        );
    }
}

/// How many of `count` connects found no port; the others were made.
fn no_port(net: &Net, to: SocketAddr, count: usize) -> f64 {
    let seen = short(net, to, count);
    assert_eq!(seen.done + seen.no_port, count, "{seen:?}");
    f64::from(u32::try_from(seen.no_port).expect("a few connects"))
}

pub(crate) fn all(count: usize) -> Short {
    Short {
        done: count,
        ..Short::default()
    }
}

/// `tcp_tw_reuse = 1` does nothing while timestamps are off, and works once they are on.
#[test]
fn tw_reuse_without_timestamps() {
    let rule = "tw-reuse-without-timestamps";
    for (family, pair) in Pair::for_each_family() {
        let sick = [(RANGE, THOUSAND), (REUSE, "1"), (TIMESTAMPS, "0")];
        let sick = Undo::write(&pair.host, sick);
        let before = pair.host.settings();
        let (old, new) = (peer(family, 8080), peer(family, 8081));
        let _old = Server::start(&pair.peer, old, Manner::Follow);
        let _new = Server::start(&pair.peer, new, Manner::Follow);

        let made = exhaust(&pair.host, old);
        age(&pair.host, old);
        let counters = Counters::of(&pair.host);
        let refused = no_port(&pair.host, old, 100);
        assert!(refused > 99.0, "{refused}");
        assert_eq!(counters.risen(&pair.host, "TcpExt.TWRecycled"), 0);
        let judged = look(&pair.host, 1);
        judged.fires(rule);

        // What closed without timestamps stays as it is: a destination that has none of those.
        let cure = judged.cure(&pair.host, rule);
        assert_eq!(short(&pair.host, new, 1000), all(1000));
        age(&pair.host, new);
        let left = no_port(&pair.host, new, 100);
        assert_eq!(short(&pair.host, new, 800), all(800));
        let recycled = counters.risen(&pair.host, "TcpExt.TWRecycled");
        assert!(recycled >= ENOUGH, "{recycled} taken over");
        note(&format!(
            "tw_reuse_without_timestamps {family:?}: none left after {made}, 0 of 100 with reuse -> 900 of 900, {recycled} taken over"
        ));
        look(&pair.host, 1).holds(rule);
        cure.take_back(&pair.host);
        pair.host.has_settings(&before);
        sick.take_back(&pair.host);
        let symptom = "connects that reuse did not help to a port, of 100";
        proved(rule, symptom, refused, left);
    }
}
