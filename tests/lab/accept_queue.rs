//! Finished handshakes that wait for the program, and what happens when too many do.

use std::net::{SocketAddr, TcpListener, TcpStream};

use crate::evidence::proved;
use crate::flood;
use crate::judge::{look, look_while};
use crate::kernel::{Counters, SYN_RECV, accept_bound, accept_queue, in_state};
use crate::load::{accept_waiting, connect_all, connected, listen, listen_again};
use crate::net::Undo;
use crate::notes::note;
use crate::pair::{Family, Pair, find, host, lose, peer};
use crate::wait::until;

const PORT: u16 = 443;
const SOMAXCONN: &str = "net.core.somaxconn";
const CLIENTS: usize = 400;

/// What the experiments about a full queue count.
const REFUSED: &str = "clients that found the accept queue full, of 400";

/// What one burst of clients met while nobody accepted.
#[derive(Debug)]
struct Burst {
    queued: u64,
    overflows: i64,
    clients: Vec<TcpStream>,
}

/// `count` clients connect at once; ends when each is in the queue or has met a full one.
fn burst(pair: &Pair, to: SocketAddr, count: usize) -> Burst {
    let before = Counters::of(&pair.host);
    let had = accept_queue(&pair.host, to.port());
    let clients = connect_all(&pair.peer, to, count);
    assert_eq!(clients.len(), count, "the client itself cannot connect");
    let (mut queued, mut overflows) = (0, 0);
    until("every client has met the queue", 20, || {
        queued = accept_queue(&pair.host, to.port());
        overflows = before.risen(&pair.host, "TcpExt.ListenOverflows");
        let met = i64::try_from(queued - had).expect("a small queue") + overflows;
        usize::try_from(met).is_ok_and(|met| met >= count)
    });
    Burst {
        queued,
        overflows,
        clients,
    }
}

/// A burst into a queue of `bound`: exactly one more than that waits, and the rest is dropped.
fn overflows(pair: &Pair, to: SocketAddr, bound: u64) -> Burst {
    assert_eq!(accept_bound(&pair.host, to.port()), bound);
    let seen = burst(pair, to, CLIENTS);
    assert_eq!(seen.queued, bound + 1, "{seen:?}");
    assert!(seen.overflows >= 400 - 65, "{seen:?}");
    note(&format!(
        "accept queue of {bound}, {to}: {} of {CLIENTS} queued, {} overflows",
        seen.queued, seen.overflows
    ));
    seen
}

/// A burst that finds room for everyone; how many did not.
fn fits(pair: &Pair, to: SocketAddr) -> f64 {
    let seen = burst(pair, to, CLIENTS);
    assert_eq!(seen.overflows, 0, "{seen:?}");
    until("every client is connected", 10, || {
        connected(&seen.clients) == CLIENTS
    });
    note(&format!(
        "accept queue with room, {to}: {CLIENTS} of {CLIENTS} connected"
    ));
    number(CLIENTS - connected(&seen.clients))
}

/// Clients of a burst at a new listener that did not get into its queue.
fn turned_away(seen: &Burst) -> f64 {
    let queued = usize::try_from(seen.queued).expect("a small queue");
    number(CLIENTS - queued)
}

fn number(clients: usize) -> f64 {
    f64::from(u32::try_from(clients).expect("a few clients"))
}

/// Clients that keep coming to a full queue; those of one round leave before the next.
fn more(pair: &Pair, to: SocketAddr) {
    drop(burst(pair, to, 100));
}

fn open(pair: &Pair, family: Family, backlog: i32) -> (SocketAddr, TcpListener) {
    let at = host(family, PORT);
    (at, listen(&pair.host, at, backlog))
}

/// The listener's bound is `somaxconn`. Raising that cures, once the server has called `listen()`
/// again, and not before.
#[test]
fn accept_queue_overflow() {
    let rule = "accept-queue-overflow";
    for (family, pair) in Pair::for_each_family() {
        let sick = Undo::write(&pair.host, [(SOMAXCONN, "64")]);
        let before = pair.host.settings();
        let (at, listener) = open(&pair, family, 65_535);

        let full = overflows(&pair, at, 64);
        let refused = turned_away(&full);
        let judged = look_while(&pair.host, 2, || more(&pair, at));
        // Requests whose last ACK was ignored stay half open; their clients did answer.
        judged.fires(rule).holds("syn-recv-pileup");

        let cure = judged.cure(&pair.host, rule);
        drop((full, accept_waiting(&listener)));
        let full = overflows(&pair, at, 64);
        look_while(&pair.host, 2, || more(&pair, at))
            .holds(rule)
            .waits("accept-queue-app-bound");

        drop((full, accept_waiting(&listener)));
        listen_again(&listener, 65_535);
        let left = fits(&pair, at);
        drop(accept_waiting(&listener));
        look_while(&pair.host, 1, || fits_again(&pair, at, &listener)).holds(rule);

        cure.take_back(&pair.host);
        pair.host.has_settings(&before);
        sick.take_back(&pair.host);
        proved(rule, REFUSED, refused, left);
    }
}

fn fits_again(pair: &Pair, at: SocketAddr, listener: &TcpListener) {
    fits(pair, at);
    drop(accept_waiting(listener));
}

/// The program asked for 64 under a large `somaxconn`: no setting helps, the `backlog` does.
#[test]
fn accept_queue_app_bound() {
    let rule = "accept-queue-app-bound";
    for (family, pair) in Pair::for_each_family() {
        let before = pair.host.settings();
        let (at, listener) = open(&pair, family, 64);

        let full = overflows(&pair, at, 64);
        let refused = turned_away(&full);
        let judged = look_while(&pair.host, 2, || more(&pair, at));
        judged
            .fires_without_change(rule)
            .holds("accept-queue-overflow");

        let larger = Undo::write(&pair.host, [(SOMAXCONN, "65535")]);
        drop((full, accept_waiting(&listener)));
        listen_again(&listener, 64);
        let full = overflows(&pair, at, 64);
        larger.take_back(&pair.host);

        drop((full, accept_waiting(&listener)));
        listen_again(&listener, 1024);
        let left = fits(&pair, at);
        drop(accept_waiting(&listener));
        look(&pair.host, 1).holds(rule);
        pair.host.has_settings(&before);
        proved(rule, REFUSED, refused, left);
    }
}

/// A scan gives a healthy listener as many drops as a full one beside it, none of them overflows. Only the
/// full one is named.
#[test]
fn a_scanned_listener_is_not_blamed_for_the_overflows_of_another() {
    for (family, pair) in Pair::for_each_family() {
        let (at, _full) = open(&pair, family, 8);
        let _healthy = listen(&pair.host, host(family, 8080), 511);
        drop(burst(&pair, at, 100));
        let before = Counters::of(&pair.host);
        let judged = look_while(&pair.host, 2, || {
            flood::scan(&pair, host(family, 8080), 150);
            more(&pair, at);
        });
        assert!(before.risen(&pair.host, "TcpExt.EmbryonicRsts") >= 150);
        judged
            .fires_without_change("accept-queue-app-bound")
            .says("accept-queue-app-bound", ":443 is too small")
            .says("accept-queue-app-bound", r#""others":0"#)
            .holds("accept-queue-overflow");
    }
}

const ABORT: &str = "net.ipv4.tcp_abort_on_overflow";

/// A stall of one moment: sixteen handshakes finish while the queue has room for seven. With the
/// setting, nine clients are reset; without it the kernel waits with them, and all are served.
#[test]
fn abort_on_overflow() {
    let Some(pair) = Pair::open() else { return };
    let rule = "abort-on-overflow";
    let sick = Undo::write(&pair.host, [(ABORT, "1")]);
    let before = pair.host.settings();

    assert_eq!(stall(&pair, 8001), (7, 9));
    let judged = look(&pair.host, 1);
    judged.fires(rule);
    let cure = judged.cure(&pair.host, rule);
    assert_eq!(stall(&pair, 8002), (16, 0));
    look(&pair.host, 1).holds(rule);

    cure.take_back(&pair.host);
    pair.host.has_settings(&before);
    sick.take_back(&pair.host);
    proved(
        rule,
        "clients that were reset in a short stall, of 16",
        9.0,
        0.0,
    );
}

/// (served, reset) of sixteen clients.
///
/// Who meets the full queue is no matter of luck: the answers to all SYNs are lost at first, so that
/// sixteen half-open requests wait under a large bound; then the bound shrinks to 6 (seven places),
/// then the answers get through, and all sixteen last ACKs come in.
fn stall(pair: &Pair, port: u16) -> (usize, usize) {
    let at = host(Family::V4, port);
    let client = peer(Family::V4, 0);
    let listener = listen(&pair.host, at, 64);
    lose(&pair.host, client);
    let clients = connect_all(&pair.peer, at, 16);
    until("sixteen requests are half open", 5, || {
        in_state(&pair.host, SYN_RECV) == 16
    });
    listen_again(&listener, 6);
    let before = Counters::of(&pair.host);
    find(&pair.host, client);
    until("seven wait and nine met a full queue", 20, || {
        accept_queue(&pair.host, port) == 7
            && before.risen(&pair.host, "TcpExt.ListenOverflows") >= 9
    });
    let mut served = Vec::new();
    let mut reset = 0;
    until("each client is served or reset", 30, || {
        served.extend(accept_waiting(&listener));
        reset += failed(&clients);
        served.len() + reset == 16
    });
    let aborted = before.risen(&pair.host, "TcpExt.EmbryonicRsts");
    assert_eq!(usize::try_from(aborted), Ok(reset));
    note(&format!(
        "abort_on_overflow: {} served, {reset} reset of 16",
        served.len()
    ));
    (served.len(), reset)
}

/// How many of these have failed since they were last asked.
fn failed(clients: &[TcpStream]) -> usize {
    let error = |client: &&TcpStream| client.take_error().is_ok_and(|error| error.is_some());
    clients.iter().filter(error).count()
}
