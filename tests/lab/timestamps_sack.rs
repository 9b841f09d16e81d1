//! Two options that old recipes turn off.

use std::net::SocketAddr;
use std::time::Instant;

use crate::evidence::proved;
use crate::flow::{Flow, with_reno};
use crate::judge::look;
use crate::kernel::Counters;
use crate::load::{Manner, Server, connect_each};
use crate::net::{Net, Undo};
use crate::notes::note;
use crate::pair::{Pair, host, peer};
use crate::wire::{Shape, Wire};

const PORT: u16 = 8080;
const TIMESTAMPS: &str = "net.ipv4.tcp_timestamps";
const COOKIES: &str = "net.ipv4.tcp_syncookies";
const SACK: &str = "net.ipv4.tcp_sack";
const COUNT: usize = 10;

/// A connection made from a SYN cookie has its window scale and SACK in the timestamp, or not at all.
/// `tcp_syncookies = 2` stands in for a flood: each SYN is answered with a cookie.
#[test]
fn timestamps_off() {
    let rule = "timestamps-off";
    let mut shown = None;
    for (family, pair) in Pair::for_each_family() {
        let sick = Undo::write(&pair.host, [(TIMESTAMPS, "0"), (COOKIES, "2")]);
        let before = pair.host.settings();
        let at = host(family, PORT);
        let _server = Server::start(&pair.host, at, Manner::Hold);
        let counters = Counters::of(&pair.host);
        let first = connect_each(&pair.peer, at, COUNT);
        assert_eq!(counters.risen(&pair.host, "TcpExt.SyncookiesRecv"), 10);
        let bare = without_options(&pair.peer);
        assert_eq!(bare, COUNT);
        let judged = look(&pair.host, 0);
        judged.fires(rule);

        let cure = judged.cure(&pair.host, rule);
        drop(first);
        let _second = connect_each(&pair.peer, at, COUNT);
        assert_eq!(counters.risen(&pair.host, "TcpExt.SyncookiesRecv"), 20);
        let left = without_options(&pair.peer);
        assert_eq!(left, 0);
        note(&format!(
            "timestamps_off {family:?}: {bare} of 10 connections from cookies without window scale and SACK -> {left}"
        ));
        look(&pair.host, 0).holds(rule);
        cure.take_back(&pair.host);
        pair.host.has_settings(&before);
        sick.take_back(&pair.host);
        shown = Some((bare, left));
    }
    if let Some((bare, left)) = shown {
        let symptom = "connections of 10 from SYN cookies without window scale and SACK";
        proved(rule, symptom, bare as f64, left as f64);
    }
}

/// Established connections without window scaling and SACK.
fn without_options(net: &Net) -> usize {
    let text = net.ss(&["-HOtni", "state", "established"]);
    let bare = text
        .lines()
        .filter(|line| !line.contains(" wscale:") && !line.contains(" sack "));
    bare.count()
}

/// Forty holes in one window: of eighty packets each second one is lost, once.
const PATH: Shape = Shape {
    lost: |number| matches!(number, 300..380) && number % 2 == 0,
    ..Shape::of(40).limited(20, u64::MAX)
};

/// Several losses in one window: with SACK they are all sent again within a round trip or two,
/// without it one in each.
#[test]
fn sack_off() {
    let rule = "sack-off";
    let mut shown = None;
    for (family, wire) in Wire::for_each_family(PATH) {
        with_reno(&wire.pair);
        let sick = Undo::write(&wire.pair.host, [(SACK, "0")]);
        let before = wire.pair.host.settings();
        let to = peer(family, PORT);
        let counters = Counters::of(&wire.pair.host);
        let slow = megabyte(&wire, to);
        assert!(counters.risen(&wire.pair.host, "TcpExt.TCPRenoRecovery") > 0);
        assert_eq!(counters.risen(&wire.pair.host, "TcpExt.TCPSackRecovery"), 0);
        let judged = look(&wire.pair.host, 0);
        judged.fires(rule);

        let cure = judged.cure(&wire.pair.host, rule);
        // A busy machine makes a transfer slower than the path, never faster.
        let mut fast = megabyte(&wire, to);
        for _ in 0..2 {
            if fast < slow / 2.0 {
                break;
            }
            fast = fast.min(megabyte(&wire, to));
        }
        assert!(counters.risen(&wire.pair.host, "TcpExt.TCPSackRecovery") > 0);
        note(&format!("sack_off {family:?}: {slow:.2} -> {fast:.2} s"));
        assert!(fast < slow / 2.0, "{slow} -> {fast} s");
        look(&wire.pair.host, 0).holds(rule);
        cure.take_back(&wire.pair.host);
        wire.pair.host.has_settings(&before);
        sick.take_back(&wire.pair.host);
        shown.get_or_insert((slow, fast));
    }
    if let Some((slow, fast)) = shown {
        let symptom = "s for 1 MB with 40 losses in one window, round trip 40 ms";
        proved(rule, symptom, slow, fast);
    }
}

/// Seconds until a new connection has brought a megabyte over the losses.
fn megabyte(wire: &Wire, to: SocketAddr) -> f64 {
    wire.lossy(false);
    let flow = Flow::start(&wire.pair.host, &wire.pair.peer, to);
    wire.lossy(true);
    let started = Instant::now();
    flow.rate_of(1_000_000);
    started.elapsed().as_secs_f64()
}
