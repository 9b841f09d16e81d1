//! Half-open requests, and what a flood of them does to real clients.

use std::net::{SocketAddr, TcpListener, TcpStream};

use crate::evidence::proved;
use crate::flood;
use crate::judge::{look, look_while};
use crate::kernel::{Counters, ESTABLISHED, SYN_RECV, in_state};
use crate::load::{accept_waiting, connect_all, connected, listen};
use crate::net::Undo;
use crate::notes::note;
use crate::pair::{Family, Pair, host};
use crate::wait::until;

const COOKIES: &str = "net.ipv4.tcp_syncookies";
const CLIENTS: usize = 20;
/// What the experiments count.
const SHUT_OUT: &str = "real clients kept out by forged SYNs, of 20";
/// Enough for every real client and for the few that a flood leaves room for.
const BACKLOG: i32 = 128;

/// Without cookies the flood fills the SYN queue and not one real client gets through; with cookies
/// all do.
#[test]
fn syn_flood_unprotected() {
    let rule = "syn-flood-unprotected";
    for (family, pair) in Pair::for_each_family() {
        let (at, listener) = open(&pair, family);
        let sick = Undo::write(&pair.host, [(COOKIES, "0")]);
        let before = pair.host.settings();

        flood::syns(&pair, at, 1000);
        let out = shut_out(&pair, at);
        let judged = look_while(&pair.host, 2, || flood::syns(&pair, at, 200));
        judged.fires(rule).holds("syn-recv-pileup");

        let cure = judged.cure(&pair.host, rule);
        flood::syns(&pair, at, 1000);
        let still_out = let_in(&pair, at, &listener);
        look_while(&pair.host, 2, || flood::syns(&pair, at, 200)).holds(rule);
        cure.take_back(&pair.host);
        pair.host.has_settings(&before);
        sick.take_back(&pair.host);
        proved(rule, SHUT_OUT, out, still_out);
    }
}

/// The setting alone, before any flood: a short burst is enough to shut real clients out.
#[test]
fn syncookies_off() {
    let Some(pair) = Pair::open() else { return };
    let rule = "syncookies-off";
    let (at, listener) = open(&pair, Family::V4);
    let sick = Undo::write(&pair.host, [(COOKIES, "0")]);
    let before = pair.host.settings();

    let judged = look(&pair.host, 1);
    judged.fires(rule);
    flood::syns(&pair, at, 200);
    let out = shut_out(&pair, at);

    let cure = judged.cure(&pair.host, rule);
    look(&pair.host, 1).holds(rule);
    flood::syns(&pair, at, 200);
    let still_out = let_in(&pair, at, &listener);
    cure.take_back(&pair.host);
    pair.host.has_settings(&before);
    sick.take_back(&pair.host);
    proved(rule, SHUT_OUT, out, still_out);
}

/// Nine in ten forged SYNs are answered with a cookie that nobody brings back, and real clients connect
/// all the same. The look-alike: real clients who find the same full queue bring theirs back.
#[test]
fn syn_flood_absorbed() {
    let rule = "syn-flood-absorbed";
    for (family, pair) in Pair::for_each_family() {
        let (at, listener) = open(&pair, family);
        let on = Undo::write(&pair.host, [(COOKIES, "1")]);
        let before = pair.host.settings();
        let counters = Counters::of(&pair.host);
        flood::syns(&pair, at, 1000);
        let all = counters.risen(&pair.host, "TcpExt.SyncookiesSent");
        let forged = in_vain(&counters, &pair);
        assert!(forged >= 800, "{forged} cookies in vain");
        let_in(&pair, at, &listener);
        look_while(&pair.host, 2, || flood::syns(&pair, at, 200))
            .fires_without_change(rule)
            .holds("syn-recv-pileup");

        let round = || {
            let clients = connect_all(&pair.peer, at, 100);
            until(
                "each real client connects through the full queue",
                10,
                || connected(&clients) == 100,
            );
            until("each is accepted", 10, || {
                drop(accept_waiting(&listener));
                in_state(&pair.host, ESTABLISHED) == 0
            });
        };
        let counters = Counters::of(&pair.host);
        look_while(&pair.host, 2, round).holds(rule);
        let sent = counters.risen(&pair.host, "TcpExt.SyncookiesSent");
        assert!(sent >= 100, "{sent} cookies for real clients");
        let real = in_vain(&counters, &pair);
        note(&format!(
            "syn_flood_absorbed {family:?}: {forged} of 1000 cookies in vain; of real clients {real} of {sent}"
        ));
        pair.host.has_settings(&before);
        on.take_back(&pair.host);
        let share = |vain: i64, sent: i64| f64::from(u32::try_from(100 * vain / sent).unwrap_or(0));
        let symptom = "SYN cookies that nobody brings back, of 100";
        proved(rule, symptom, share(forged, all), share(real, sent));
    }
}

/// Cookies sent since then that did not come back.
fn in_vain(counters: &Counters, pair: &Pair) -> i64 {
    let of = |name| counters.risen(&pair.host, name);
    of("TcpExt.SyncookiesSent") - of("TcpExt.SyncookiesRecv")
}

fn open(pair: &Pair, family: Family) -> (SocketAddr, TcpListener) {
    flood::prepare(pair, family);
    let at = host(family, 443);
    (at, listen(&pair.host, at, BACKLOG))
}

/// Each real client's SYN is dropped, and none connects; how many did not.
fn shut_out(pair: &Pair, at: SocketAddr) -> f64 {
    assert!(in_state(&pair.host, SYN_RECV) >= 64);
    let before = Counters::of(&pair.host);
    let clients = connect_all(&pair.peer, at, CLIENTS);
    until("each client's SYN is dropped", 10, || {
        before.risen(&pair.host, "TcpExt.TCPReqQFullDrop") >= 20
    });
    assert_eq!(connected(&clients), 0);
    assert_eq!(before.risen(&pair.host, "TcpExt.ListenOverflows"), 0);
    assert!(before.risen(&pair.host, "TcpExt.ListenDrops") >= 20);
    assert_eq!(before.risen(&pair.host, "TcpExt.SyncookiesSent"), 0);
    let half = in_state(&pair.host, SYN_RECV);
    note(&format!(
        "no cookies, {at}: 0 of {CLIENTS} connected, {half} half open"
    ));
    missing(&clients)
}

/// Those of the clients that are not connected.
fn missing(clients: &[TcpStream]) -> f64 {
    let missing = CLIENTS - connected(clients);
    f64::from(u32::try_from(missing).expect("a few clients"))
}

/// Each real client connects, through the same full queue; how many did not.
fn let_in(pair: &Pair, at: SocketAddr, listener: &TcpListener) -> f64 {
    assert!(in_state(&pair.host, SYN_RECV) >= 64);
    let before = Counters::of(&pair.host);
    let clients = connect_all(&pair.peer, at, CLIENTS);
    let mut taken = Vec::new();
    until("each client is accepted", 10, || {
        taken.extend(accept_waiting(listener));
        taken.len() == CLIENTS
    });
    assert_eq!(connected(&clients), CLIENTS);
    assert!(before.risen(&pair.host, "TcpExt.SyncookiesRecv") >= 20);
    assert_eq!(before.risen(&pair.host, "TcpExt.TCPReqQFullDrop"), 0);
    note(&format!("cookies, {at}: {CLIENTS} of {CLIENTS} connected"));
    missing(&clients)
}
