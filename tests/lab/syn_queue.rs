//! Half-open requests, and what a flood of them does to real clients.

use std::net::{SocketAddr, TcpListener};

use crate::flood;
use crate::judge::{look, look_while};
use crate::kernel::{Counters, SYN_RECV, in_state};
use crate::load::{accept_waiting, connect_all, connected, listen};
use crate::net::Undo;
use crate::notes::note;
use crate::pair::{Family, Pair, host};
use crate::wait::until;

const COOKIES: &str = "net.ipv4.tcp_syncookies";
const CLIENTS: usize = 20;
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
        shut_out(&pair, at);
        let judged = look_while(&pair.host, 2, || flood::syns(&pair, at, 200));
        judged.fires(rule);

        let cure = judged.cure(&pair.host, rule);
        flood::syns(&pair, at, 1000);
        let_in(&pair, at, &listener);
        look_while(&pair.host, 2, || flood::syns(&pair, at, 200)).holds(rule);
        cure.take_back(&pair.host);
        pair.host.has_settings(&before);
        sick.take_back(&pair.host);
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
    shut_out(&pair, at);

    let cure = judged.cure(&pair.host, rule);
    look(&pair.host, 1).holds(rule);
    flood::syns(&pair, at, 200);
    let_in(&pair, at, &listener);
    cure.take_back(&pair.host);
    pair.host.has_settings(&before);
    sick.take_back(&pair.host);
}

fn open(pair: &Pair, family: Family) -> (SocketAddr, TcpListener) {
    flood::prepare(pair, family);
    let at = host(family, 443);
    (at, listen(&pair.host, at, BACKLOG))
}

/// Each real client's SYN is dropped, and none connects.
fn shut_out(pair: &Pair, at: SocketAddr) {
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
}

/// Each real client connects, through the same full queue.
fn let_in(pair: &Pair, at: SocketAddr, listener: &TcpListener) {
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
}
