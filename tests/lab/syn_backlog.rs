//! What decides how many half-open requests a listener keeps, and what cookies keep of a connection.

use std::net::SocketAddr;

use crate::evidence::proved;
use crate::flood;
use crate::judge::look;
use crate::kernel::{Counters, SYN_RECV, in_state};
use crate::load::{Manner, Server, connect_each, listen};
use crate::net::{Net, Undo};
use crate::notes::note;
use crate::pair::{Pair, host};

const COOKIES: &str = "net.ipv4.tcp_syncookies";
const BACKLOG: &str = "net.ipv4.tcp_max_syn_backlog";
const TIMESTAMPS: &str = "net.ipv4.tcp_timestamps";
const SYNS: usize = 500;

/// With cookies on, a listener with backlog 64 keeps about as many requests whatever
/// `tcp_max_syn_backlog` says, and one with backlog 1024 keeps all five hundred while it says 8.
#[test]
fn max_syn_backlog_ignored() {
    let rule = "max-syn-backlog-ignored";
    for (family, pair) in Pair::for_each_family() {
        flood::prepare(&pair, family);
        look(&pair.host, 1).holds(rule);
        let sick = Undo::write(&pair.host, [(COOKIES, "1"), (BACKLOG, "65536")]);
        let before = pair.host.settings();
        look(&pair.host, 1).fires_without_change(rule);
        let short = kept(&pair, host(family, 443), 64);
        assert!((64..=65).contains(&short), "{short} kept");

        let eight = Undo::write(&pair.host, [(BACKLOG, "8")]);
        look(&pair.host, 1).holds(rule);
        let same = kept(&pair, host(family, 444), 64);
        assert_eq!(same, short);
        let long = kept(&pair, host(family, 445), 1024);
        assert_eq!(long, SYNS);
        note(&format!(
            "max_syn_backlog_ignored {family:?}: backlog 64 keeps {short} with 65536 and {same} with 8; backlog 1024 keeps {long} with 8"
        ));
        eight.take_back(&pair.host);
        pair.host.has_settings(&before);
        sick.take_back(&pair.host);
        let symptom = "half-open requests that find no place, of 500";
        proved(rule, symptom, missing(short), missing(long));
    }
}

/// How many of five hundred forged requests a listener with this backlog keeps.
fn kept(pair: &Pair, at: SocketAddr, backlog: i32) -> usize {
    let had = in_state(&pair.host, SYN_RECV);
    let _listener = listen(&pair.host, at, backlog);
    flood::syns(pair, at, 500);
    in_state(&pair.host, SYN_RECV) - had
}

fn missing(kept: usize) -> f64 {
    f64::from(u32::try_from(SYNS - kept).expect("a few requests"))
}

const CLIENTS: usize = 10;

/// Every handshake goes through a cookie: nothing is kept, and without timestamps every connection loses
/// what a cookie has no room for, though no queue is full.
#[test]
fn syncookies_always() {
    let rule = "syncookies-always";
    for (family, pair) in Pair::for_each_family() {
        flood::prepare(&pair, family);
        let at = host(family, 8080);
        let _server = Server::start(&pair.host, at, Manner::Hold);
        let sick = Undo::write(&pair.host, [(COOKIES, "2"), (TIMESTAMPS, "0")]);
        let before = pair.host.settings();
        let judged = look(&pair.host, 1);
        judged.fires(rule);
        let counters = Counters::of(&pair.host);
        flood::syns(&pair, at, 100);
        assert_eq!(in_state(&pair.host, SYN_RECV), 0);
        assert_eq!(counters.risen(&pair.host, "TcpExt.SyncookiesSent"), 100);
        let clients = connect_each(&pair.peer, at, CLIENTS);
        let poor = without_options(&pair.host);
        assert_eq!(poor, CLIENTS);
        drop(clients);

        let cure = judged.cure(&pair.host, rule);
        look(&pair.host, 1).holds(rule);
        flood::syns(&pair, at, 100);
        let half = in_state(&pair.host, SYN_RECV);
        assert_eq!(half, 100);
        let clients = connect_each(&pair.peer, at, CLIENTS);
        let left = without_options(&pair.host);
        assert_eq!(left, poor - CLIENTS);
        note(&format!(
            "syncookies_always {family:?}: 0 of 100 requests kept, {poor} of {CLIENTS} connections without window scaling and SACK -> {half} kept, {left} without"
        ));
        drop(clients);
        cure.take_back(&pair.host);
        pair.host.has_settings(&before);
        sick.take_back(&pair.host);
        proved(
            rule,
            "connections without window scaling and SACK, of 10",
            10.0,
            0.0,
        );
    }
}

/// Established connections that have neither window scaling nor SACK.
fn without_options(net: &Net) -> usize {
    let text = net.ss(&["-Htin", "state", "established"]);
    // Two lines for each: the addresses, and what tcp_info says.
    let details = text.lines().filter(|line| line.starts_with([' ', '\t']));
    let poor =
        |line: &&str| !line.contains("wscale:") && !line.split(' ').any(|word| word == "sack");
    details
        .filter(|line| line.contains("cwnd:"))
        .filter(poor)
        .count()
}
