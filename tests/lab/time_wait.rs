//! The limit on `TIME_WAIT` entries.

use std::fs;
use std::net::SocketAddr;

use crate::evidence::proved;
use crate::judge::{look, look_while};
use crate::kernel::{Counters, TIME_WAIT, in_state, sockets};
use crate::load::{Manner, Server, keep_time_wait, short, short_following};
use crate::net::Undo;
use crate::notes::note;
use crate::pair::{Family, Pair, host, peer};
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
        let left = closes(&pair, to, 2000);
        assert_eq!(left, 0);
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
        proved(rule, UNGUARDED, number(skipped), number(left));
    }
}

/// What the experiments about the limit count.
const UNGUARDED: &str = "closes that left no TIME_WAIT, of 2,000";

fn number(closes: i64) -> f64 {
    f64::from(i32::try_from(closes).expect("a few thousand"))
}

/// The limit of old recipes, scaled down: nothing is freed below it, and at it `TIME_WAIT` is skipped; with
/// the kernel's own limit none is.
#[test]
fn tw_buckets_lowered() {
    let Some(pair) = Pair::open() else { return };
    let rule = "tw-buckets-lowered";
    let to = peer(Family::V4, 8080);
    let _server = Server::start(&pair.peer, to, Manner::Follow);
    let kept = keep_time_wait(&pair.host);
    look(&pair.host, 1).holds(rule);
    let before = pair.host.settings();
    assert_eq!(closes(&pair, to, 600), 0);
    let entries = in_state(&pair.host, TIME_WAIT);
    assert_eq!(entries, 600);

    let sick = Undo::write(&pair.host, [(BUCKETS, "500")]);
    look(&pair.host, 1).fires_without_change(rule);
    // Lowering ends no entry, not even those above the new limit.
    assert_eq!(in_state(&pair.host, TIME_WAIT), entries);
    let skipped = closes(&pair, to, 2000);
    assert_eq!(skipped, 2000);
    look_while(&pair.host, 2, || {
        short(&pair.host, to, 100);
    })
    .fires("time-wait-overflow")
    .holds(rule);

    sick.take_back(&pair.host);
    let left = closes(&pair, to, 2000);
    assert_eq!(left, 0);
    look(&pair.host, 1).holds(rule);
    note(&format!(
        "tw_buckets_lowered: {entries} entries stay when the limit falls to 500; {skipped} of 2000 skipped -> {left}"
    ));
    pair.host.has_settings(&before);
    kept.take_back(&pair.host);
    proved(rule, UNGUARDED, number(skipped), number(left));
}

/// Ten thousand entries on a server's port: no client is turned away, the server's own connections find
/// ports as before, and an entry takes a small part of the memory of the connection that it was.
#[test]
fn time_wait_harmless() {
    let Some(pair) = Pair::open() else { return };
    let rule = "time-wait-harmless";
    let (at, to) = (host(Family::V4, 8080), peer(Family::V4, 8081));
    let _server = Server::start(&pair.host, at, Manner::Lead);
    let _other = Server::start(&pair.peer, to, Manner::Follow);
    let kept = keep_time_wait(&pair.host);
    let before = pair.host.settings();
    look(&pair.host, 1).holds(rule);
    until("ten thousand closes have left their entry", 45, || {
        assert_eq!(short_following(&pair.peer, at, 1000).done, 1000);
        in_state(&pair.host, TIME_WAIT) >= 10_000
    });
    look_while(&pair.host, 2, || {
        assert_eq!(short_following(&pair.peer, at, 100).done, 100);
    })
    .fires_without_change(rule)
    .is_quiet();
    assert_eq!(short(&pair.host, to, 300).done, 300);
    pair.host.has_settings(&before);
    kept.take_back(&pair.host);
    let Some((open, entry)) = object_size("TCP").zip(object_size("tw_sock_TCP")) else {
        return note("time_wait_harmless: the sizes are for root only (/proc/slabinfo)");
    };
    note(&format!(
        "time_wait_harmless: 10000 entries, no client turned away; {open} bytes a connection -> {entry} bytes an entry"
    ));
    let symptom = "bytes of kernel memory: an open connection, then its TIME_WAIT";
    proved(rule, symptom, f64::from(open), f64::from(entry));
}

/// The bytes of one object of a kernel cache: a constant of the kernel, though the file that tells it is
/// about the whole machine.
fn object_size(cache: &str) -> Option<u32> {
    let text = fs::read_to_string("/proc/slabinfo").ok()?;
    let mut rows = text.lines().map(str::split_whitespace);
    let mut row = rows.find_map(|mut row| (row.next() == Some(cache)).then_some(row))?;
    row.nth(2)?.parse().ok()
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
