//! Windows and buffers, over a path of 40 Mbit/s with a round trip of 60 ms: 300 kB fill it.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use crate::evidence::proved;
use crate::flow::{Flow, with_reno};
use crate::judge::{Judgement, look};
use crate::net::{Net, Undo, allowed};
use crate::notes::note;
use crate::pair::{Family, host, peer};
use crate::wait::until;
use crate::wire::{Shape, Wire};

const PORT: u16 = 8080;
const PATH: Shape = Shape::of(60).limited(40, u64::MAX);
/// Loses what does not fit, so that the congestion window is the limit in the end.
const SHORT_QUEUE: Shape = Shape::of(60).limited(40, 1_000_000);
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
fn proves(
    rule: &str,
    (shape, way): (Shape, Way),
    sick: (&str, &str),
    judge: fn(&Wire) -> Judgement,
) {
    let mut shown = None;
    for (family, wire) in Wire::for_each_family(shape) {
        with_reno(&wire.pair);
        if matches!(way, Way::Out) && !slow_card(&wire.pair.host) {
            return;
        }
        let sick = Undo::write(&wire.pair.host, [sick]);
        let before = wire.pair.host.settings();
        let flow = way.start(&wire, family);
        let slow = rate(&flow);
        let judged = judge(&wire);
        judged.fires(rule);
        drop(flow);

        let cure = judged.cure(&wire.pair.host, rule);
        let fast = rate_above(&wire, family, way, 2.0 * slow);
        assert!(fast > 2.0 * slow, "{slow} -> {fast} Mbit/s");
        note(&format!("{rule} {family:?}: {slow:.1} -> {fast:.1} Mbit/s"));
        let flow = way.start(&wire, family);
        rate(&flow);
        judge(&wire).holds(rule);
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

/// Gives the device of `net` the speed of a network card, 50 Mbit/s: what TCP hands down waits there. A
/// device that takes everything at once hides from the kernel that a send buffer is full.
fn slow_card(net: &Net) -> bool {
    let words = "qdisc add dev cable root tbf rate 50mbit burst 20k limit 4m";
    let output = net.enter(|| Command::new("tc").args(words.split(' ')).output());
    allowed(&match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!(
            "no tbf: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )),
        Err(error) => Err(format!("tc (iproute2) cannot be started: {error}")),
    })
}

fn at_once(wire: &Wire) -> Judgement {
    look(&wire.pair.host, 0)
}

fn over_time(wire: &Wire) -> Judgement {
    look(&wire.pair.host, 2)
}

/// Without the option both ends are held to 64 KiB in flight, for the connection's whole life.
#[test]
fn window_scaling_off() {
    proves(
        "window-scaling-off",
        (PATH, Way::Out),
        (SCALING, "0"),
        at_once,
    );
}

/// Without it the receive buffer keeps the size it starts with.
#[test]
fn moderate_rcvbuf_off() {
    proves(
        "moderate-rcvbuf-off",
        (PATH, Way::In),
        (MODERATE, "0"),
        at_once,
    );
}

/// The largest buffer a socket may have is too small for the path.
#[test]
fn receive_buffer_cap() {
    let small = (RECEIVE, "4096 65536 131072");
    proves("receive-buffer-cap", (PATH, Way::In), small, over_time);
}

/// The same for the data that waits for its ACK.
#[test]
fn send_buffer_cap() {
    let small = (SEND, "4096 16384 65536");
    proves("send-buffer-cap", (SHORT_QUEUE, Way::Out), small, over_time);
}

/// The buffer of an open connection grows to a larger limit as soon as it needs it: nothing has to be
/// restarted.
#[test]
fn an_open_connection_uses_a_larger_send_limit() {
    let Some(wire) = Wire::open(SHORT_QUEUE) else {
        return;
    };
    with_reno(&wire.pair);
    let net = &wire.pair.host;
    if !slow_card(net) {
        return;
    }
    let small = Undo::write(net, [(SEND, "4096 16384 65536")]);
    let flow = Way::Out.start(&wire, Family::V4);
    until("the buffer is at its limit", 30, || {
        send_buffer(net) == Some(65_536)
    });
    let larger = Undo::write(net, [(SEND, "4096 16384 4194304")]);
    until("the buffer of the same socket has grown", 30, || {
        send_buffer(net).is_some_and(|bytes| bytes > 65_536)
    });
    drop(flow);
    larger.take_back(net);
    small.take_back(net);
}

/// The send buffer of the only connection, as `ss` shows it.
fn send_buffer(net: &Net) -> Option<u64> {
    let text = net.ss(&["-Htmn", "state", "established"]);
    let (_, rest) = text.split_once(",tb")?;
    rest.split(',').next()?.parse().ok()
}

/// A full buffer is no cap where the reader is the slow one, or the path.
#[test]
fn slow_readers_and_slow_paths_are_no_cap() {
    let rule = "receive-buffer-cap";
    // 16 KiB in 40 ms are 3.3 Mbit/s; 64 KiB or so in 60 ms would be three times as much.
    for (shape, rest) in [
        (PATH, Duration::from_millis(40)),
        (Shape::of(60).limited(3, u64::MAX), Duration::ZERO),
    ] {
        let Some(wire) = Wire::open(shape) else {
            return;
        };
        with_reno(&wire.pair);
        let (net, peer) = (&wire.pair.host, &wire.pair.peer);
        // At its limit from the start, whatever the reader does.
        let small = Undo::write(net, [(RECEIVE, "4096 131072 131072")]);
        let flow = Flow::read_slowly(peer, net, host(Family::V4, PORT), rest);
        flow.rate_of(200_000);
        let text = net.ss(&["-Htmn", "state", "established"]);
        assert!(text.contains("rb131072,"), "{text}");
        look(net, 2).holds(rule);
        drop(flow);
        small.take_back(net);
    }
}

/// A sender fills a deep queue on the path up to its buffer: a larger one would only make it longer.
#[test]
fn a_deep_queue_is_no_cap() {
    let Some(wire) = Wire::open(PATH) else { return };
    with_reno(&wire.pair);
    let net = &wire.pair.host;
    if !slow_card(net) {
        return;
    }
    // More than three times what the path holds.
    let large = Undo::write(net, [(SEND, "4096 16384 1048576")]);
    let flow = Way::Out.start(&wire, Family::V4);
    until("the queue is as deep as the buffer lets it be", 30, || {
        let text = net.ss(&["-Htmni", "state", "established"]);
        text.contains("tb1048576,") && text.contains("sndbuf_limited")
    });
    look(net, 2).holds("send-buffer-cap");
    drop(flow);
    large.take_back(net);
}
