//! Data that nobody acknowledges.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use rustix::net::sockopt::set_tcp_user_timeout;

use crate::evidence::proved;
use crate::flow::{Flow, with_reno};
use crate::judge::look;
use crate::kernel::{Counters, ESTABLISHED, sockets};
use crate::load::{Manner, Server, connect_each};
use crate::net::{Net, Undo};
use crate::notes::note;
use crate::pair::{Family, Pair, find, lose, peer};
use crate::wait::until;
use crate::wire::{Shape, Wire};

const PORT: u16 = 8080;
const RETRIES2: &str = "net.ipv4.tcp_retries2";
const COUNT: usize = 10;

/// Connections with one message that was not acknowledged, to a peer that vanishes: with the kernel's
/// default they wait for a quarter of an hour. With a time-out of the application's own they end.
#[test]
fn dead_peer_unacked() {
    let rule = "dead-peer-unacked";
    let mut shown = None;
    for (family, pair) in Pair::for_each_family() {
        let before = pair.host.settings();
        let (plain, timed) = (peer(family, PORT), peer(family, PORT + 1));
        let _servers = [plain, timed].map(|at| Server::start(&pair.peer, at, Manner::Hold));
        let mut waiting = connect_each(&pair.host, plain, COUNT);
        look(&pair.host, 1).holds(rule).is_quiet();

        lose(&pair.host, plain);
        say(&mut waiting);
        until("each has sent its data again three times", 20, || {
            retransmitting(&pair.host, plain, 3) == COUNT
        });
        look(&pair.host, 1)
            .fires_without_change(rule)
            .says(rule, &plain.to_string());
        find(&pair.host, plain);
        until("each message is acknowledged", 30, || {
            retransmitting(&pair.host, plain, 1) == 0
        });
        look(&pair.host, 1).holds(rule);

        // What the finding advises: the application says how long data may stay unanswered.
        let mut careful = connect_each(&pair.host, timed, COUNT);
        for stream in &careful {
            set_tcp_user_timeout(stream, 3000).expect("an option is set");
        }
        let counters = Counters::of(&pair.host);
        lose(&pair.host, timed);
        say(&mut careful);
        say(&mut waiting);
        until("the careful ones have given up", 30, || {
            towards(&pair.host, timed) == 0
        });
        let still = towards(&pair.host, plain);
        assert_eq!(still, COUNT);
        assert_eq!(counters.risen(&pair.host, "TcpExt.TCPAbortOnTimeout"), 10);
        drop(waiting);
        look(&pair.host, 1).holds(rule);
        note(&format!(
            "dead_peer_unacked {family:?}: {still} of 10 wait on, 0 of 10 with TCP_USER_TIMEOUT"
        ));
        pair.host.has_settings(&before);
        shown = Some(still);
    }
    if let Some(still) = shown {
        let symptom = "connections of 10 that wait for a vanished peer, after 3 s";
        proved(rule, symptom, still as f64, 0.0);
    }
}

/// An outage that ends before the default gives up, and after a small number has.
#[test]
fn retries2_too_low() {
    outage(
        "retries2-too-low",
        (RETRIES2, "3", "15"),
        "3 s",
        Duration::from_secs(10),
    );
}

/// The same by the longest pause, with the default number.
#[test]
fn rto_max_too_low() {
    let key = "net.ipv4.tcp_rto_max_ms";
    outage(
        "rto-max-too-low",
        (key, "1000", "120000"),
        "100 s",
        Duration::ZERO,
    );
}

/// Ten connections through an outage that lasts until all have given up under the key's first value, then
/// through one as long, and at least this long, under the second.
fn outage(rule: &str, (key, low, enough): (&str, &str, &str), words: &str, least: Duration) {
    let Some(pair) = Pair::open() else { return };
    let family = Family::V4;
    let to = peer(family, PORT);
    let server = Server::start(&pair.peer, to, Manner::Hold);
    let sick = Undo::write(&pair.host, [(key, low)]);
    let before = pair.host.settings();
    look(&pair.host, 0)
        .fires_without_change(rule)
        .says(rule, words);

    let mut hasty = connect_each(&pair.host, to, COUNT);
    until("all are accepted", 10, || server.accepted() == COUNT);
    let counters = Counters::of(&pair.host);
    lose(&pair.host, to);
    let started = Instant::now();
    say(&mut hasty);
    until("each has given up", 60, || towards(&pair.host, to) == 0);
    let outage = started.elapsed();
    find(&pair.host, to);
    let lost = counters.risen(&pair.host, "TcpExt.TCPAbortOnTimeout");
    assert_eq!(lost, 10);

    // The same outage with what the finding advises.
    let cure = Undo::write(&pair.host, [(key, enough)]);
    look(&pair.host, 0).holds(rule);
    let mut patient = connect_each(&pair.host, to, COUNT);
    until("all are accepted", 10, || server.accepted() == 2 * COUNT);
    lose(&pair.host, to);
    let started = Instant::now();
    say(&mut patient);
    until("the outage has lasted as long", 90, || {
        started.elapsed() > outage.max(least)
    });
    assert_eq!(towards(&pair.host, to), COUNT);
    find(&pair.host, to);
    until("each message is acknowledged", 60, || {
        retransmitting(&pair.host, to, 1) == 0
    });
    assert_eq!(towards(&pair.host, to), COUNT);
    assert_eq!(counters.risen(&pair.host, "TcpExt.TCPAbortOnTimeout"), lost);
    note(&format!(
        "{rule}: {lost} of 10 lost after {:.1} s at {low}, none at {enough}",
        outage.as_secs_f32()
    ));
    cure.take_back(&pair.host);
    pair.host.has_settings(&before);
    sick.take_back(&pair.host);
    let symptom = "connections of 10 lost in an outage of seconds";
    proved(rule, symptom, lost as f64, 0.0);
}

/// One message on each.
fn say(streams: &mut [TcpStream]) {
    for stream in streams {
        stream.write_all(b"ping").expect("there is room");
    }
}

/// Established sockets towards `to`.
fn towards(net: &Net, to: SocketAddr) -> usize {
    let rows = sockets(net).into_iter();
    rows.filter(|row| row.state == ESTABLISHED && row.remote_port() == to.port())
        .count()
}

/// Those of them that have sent the same data again at least so often.
fn retransmitting(net: &Net, to: SocketAddr, times: u64) -> usize {
    let rows = sockets(net).into_iter();
    rows.filter(|row| row.state == ESTABLISHED && row.remote_port() == to.port())
        .filter(|row| row.retransmits >= times)
        .count()
}

/// Each tenth long packet is lost.
const BAD: Shape = Shape {
    lost: |number| number % 10 == 0,
    ..Shape::of(4).limited(20, u64::MAX)
};

/// Each hundredth.
const ORDINARY: Shape = Shape {
    lost: |number| number % 100 == 0,
    ..BAD
};

/// A path that loses a tenth, and the same path after it was repaired.
#[test]
fn retransmission_rate_high() {
    let rule = "retransmission-rate-high";
    let Some(wire) = Wire::open(BAD) else { return };
    prepare(&wire);
    let host = &wire.pair.host;
    let before = host.settings();
    wire.lossy(true);
    let load = load(&wire);
    let counters = Counters::of(host);
    look(host, 2).fires_without_change(rule);
    let bad = share(&counters, host);
    assert!((5.0..50.0).contains(&bad), "{bad} %");
    drop(load);

    wire.lossy(false);
    let load = self::load(&wire);
    let counters = Counters::of(host);
    look(host, 2).holds(rule);
    let repaired = share(&counters, host);
    drop(load);
    note(&format!(
        "retransmission_rate_high: {bad:.1} % -> {repaired:.1} % sent again"
    ));
    host.has_settings(&before);
    let symptom = "% of the segments that are sent again";
    proved(rule, symptom, bad, repaired);
}

/// One percent is lost every day somewhere.
#[test]
fn ordinary_loss_is_quiet() {
    let Some(wire) = Wire::open(ORDINARY) else {
        return;
    };
    prepare(&wire);
    wire.lossy(true);
    let _load = load(&wire);
    let counters = Counters::of(&wire.pair.host);
    let judged = look(&wire.pair.host, 2);
    judged.holds("retransmission-rate-high").is_quiet();
    let share = share(&counters, &wire.pair.host);
    assert!(share > 0.1, "{share} %");
    note(&format!("ordinary_loss_is_quiet: {share:.1} % sent again"));
}

/// Small windows, so that no queue builds up and nothing else is lost.
fn prepare(wire: &Wire) {
    with_reno(&wire.pair);
    wire.pair
        .peer
        .write("net.ipv4.tcp_rmem", "4096 65536 65536");
}

/// Several transfers that have begun.
fn load(wire: &Wire) -> Vec<Flow> {
    let (host, to) = (&wire.pair.host, &wire.pair.peer);
    let start = |number| Flow::start(host, to, peer(Family::V4, PORT + number));
    let flows: Vec<_> = (0..16).map(start).collect();
    for flow in &flows {
        flow.rate_of(20_000);
    }
    flows
}

/// Percent of the segments since `counters` that were sent again.
fn share(counters: &Counters, net: &Net) -> f64 {
    let again = counters.risen(net, "Tcp.RetransSegs") as f64;
    let first = counters.risen(net, "Tcp.OutSegs") as f64;
    note(&format!("{first} segments, {again} again"));
    assert!(first >= 1000.0, "only {first} segments");
    100.0 * again / (first + again)
}
