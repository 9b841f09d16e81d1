//! Windows and buffers, over a path of 40 Mbit/s with a round trip of 60 ms: 300 kB fill it.

use std::net::SocketAddr;

use crate::evidence::proved;
use crate::flow::{Flow, with_reno};
use crate::judge::{Judgement, look};
use crate::net::Undo;
use crate::notes::note;
use crate::pair::{Family, host, peer};
use crate::wire::{Shape, Wire};

const PORT: u16 = 8080;
const PATH: Shape = Shape::of(60).limited(40, u64::MAX);
const SCALING: &str = "net.ipv4.tcp_window_scaling";
const MODERATE: &str = "net.ipv4.tcp_moderate_rcvbuf";
const RECEIVE: &str = "net.ipv4.tcp_rmem";
const SEND: &str = "net.ipv4.tcp_wmem";

/// Which way the data goes, seen from the host that is judged.
#[derive(Clone, Copy, Debug)]
enum Way {
    In,
    Out,
}

impl Way {
    fn start(self, wire: &Wire, family: Family) -> Flow {
        let at: fn(Family, u16) -> SocketAddr = match self {
            Self::In => host,
            Self::Out => peer,
        };
        let (host, peer) = (&wire.pair.host, &wire.pair.peer);
        match self {
            Self::In => Flow::start(peer, host, at(family, PORT)),
            Self::Out => Flow::start(host, peer, at(family, PORT)),
        }
    }
}

/// Mbit/s once the connection has left slow start.
fn rate(flow: &Flow) -> f64 {
    flow.rate_of(500_000);
    flow.rate_of(1_500_000)
}

/// The same, of new connections: up to three, since a busy machine makes one slower than the path,
/// and never faster.
fn rate_above(wire: &Wire, family: Family, way: Way, wanted: f64) -> f64 {
    let mut best: f64 = 0.0;
    for _ in 0..3 {
        best = best.max(rate(&way.start(wire, family)));
        if best > wanted {
            break;
        }
    }
    best
}

/// The path is filled to a part while the setting is wrong, and at least twice as fast after the cure.
fn proves(rule: &str, way: Way, sick: (&str, &str), judge: fn(&Wire, &str) -> Judgement) {
    let mut shown = None;
    for (family, wire) in Wire::for_each_family(PATH) {
        with_reno(&wire.pair);
        let sick = Undo::write(&wire.pair.host, [sick]);
        let before = wire.pair.host.settings();
        let flow = way.start(&wire, family);
        let slow = rate(&flow);
        let judged = judge(&wire, rule);
        judged.fires(rule);
        drop(flow);

        let cure = judged.cure(&wire.pair.host, rule);
        let fast = rate_above(&wire, family, way, 2.0 * slow);
        assert!(fast > 2.0 * slow, "{slow} -> {fast} Mbit/s");
        note(&format!("{rule} {family:?}: {slow:.1} -> {fast:.1} Mbit/s"));
        let flow = way.start(&wire, family);
        rate(&flow);
        judge(&wire, rule).holds(rule);
        drop(flow);
        cure.take_back(&wire.pair.host);
        wire.pair.host.has_settings(&before);
        sick.take_back(&wire.pair.host);
        shown.get_or_insert((slow, fast));
    }
    if let Some((slow, fast)) = shown {
        let symptom = "Mbit/s of 40, round trip 60 ms";
        proved(rule, symptom, slow, fast);
    }
}

fn at_once(wire: &Wire, _: &str) -> Judgement {
    look(&wire.pair.host, 0)
}

fn over_time(wire: &Wire, _: &str) -> Judgement {
    look(&wire.pair.host, 2)
}

/// Without the option both ends are held to 64 KiB in flight, for the connection's whole life.
#[test]
fn window_scaling_off() {
    proves("window-scaling-off", Way::Out, (SCALING, "0"), at_once);
}

/// Without it the receive buffer keeps the size it starts with.
#[test]
fn moderate_rcvbuf_off() {
    proves("moderate-rcvbuf-off", Way::In, (MODERATE, "0"), at_once);
}

/// The largest buffer a socket may have is too small for the path.
#[test]
fn receive_buffer_cap() {
    let small = (RECEIVE, "4096 65536 131072");
    proves("receive-buffer-cap", Way::In, small, over_time);
}

/// The same for the data that waits for its ACK.
#[test]
fn send_buffer_cap() {
    let small = (SEND, "4096 16384 131072");
    proves("send-buffer-cap", Way::Out, small, over_time);
}
