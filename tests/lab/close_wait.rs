//! Connections the other side has closed, and this side has not.

use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

use crate::evidence::proved;
use crate::judge::look;
use crate::kernel::{CLOSE_WAIT, in_state};
use crate::load::{accept_waiting, connect_each, listen};
use crate::net::{Net, Undo};
use crate::notes::note;
use crate::pair::{Pair, host};
use crate::wait::until;

const PER_FAMILY: usize = 20;

/// Everything an old recipe would turn.
const TUNED: [(&str, &str); 6] = [
    ("net.ipv4.tcp_fin_timeout", "5"),
    ("net.ipv4.tcp_tw_reuse", "1"),
    ("net.ipv4.tcp_keepalive_time", "5"),
    ("net.ipv4.tcp_keepalive_intvl", "1"),
    ("net.ipv4.tcp_keepalive_probes", "2"),
    ("net.ipv4.tcp_orphan_retries", "1"),
];

/// Sixty seconds after the clients left, under every setting there is, each socket is still there;
/// it goes when the program closes it.
#[test]
fn close_wait_leak() {
    let Some(pair) = Pair::open() else { return };
    let rule = "close-wait-leak";
    let before = pair.host.settings();
    let leaked = leak(&pair);
    let all = leaked.len();
    let tuned = Undo::write(&pair.host, TUNED);

    look(&pair.host, 1).holds(rule);
    until("each socket has been silent for 60 s", 90, || {
        // A minute of waiting: one look a second is enough.
        sleep(Duration::from_secs(1));
        silent_for(&pair.host, 60_000) == all
    });
    assert_eq!(in_state(&pair.host, CLOSE_WAIT), all);
    note(&format!(
        "close_wait_leak: {all} of {all} still there after 60 s, everything tuned"
    ));
    let judged = look(&pair.host, 1);
    let owner = format!("pid {}", std::process::id());
    judged.fires_without_change(rule).says(rule, &owner);

    drop(leaked);
    until("no CLOSE_WAIT is left", 10, || {
        in_state(&pair.host, CLOSE_WAIT) == 0
    });
    look(&pair.host, 1).holds(rule);
    tuned.take_back(&pair.host);
    pair.host.has_settings(&before);
    let kept = u32::try_from(all).expect("a few sockets");
    let symptom = "sockets in CLOSE_WAIT a minute after their clients left";
    proved(rule, symptom, f64::from(kept), 0.0);
}

/// Accepted connections whose clients are gone, held by this process.
fn leak(pair: &Pair) -> Vec<TcpStream> {
    let mut leaked = Vec::new();
    for family in pair.families() {
        let at = host(family, 8080);
        let listener = listen(&pair.host, at, 128);
        let clients = connect_each(&pair.peer, at, PER_FAMILY);
        let had = leaked.len();
        until("each client is accepted", 10, || {
            leaked.extend(accept_waiting(&listener));
            leaked.len() == had + PER_FAMILY
        });
        drop(clients);
    }
    until("each client's FIN has arrived", 10, || {
        in_state(&pair.host, CLOSE_WAIT) == leaked.len()
    });
    leaked
}

/// `CLOSE_WAIT` sockets whose last ACK came at least this many milliseconds ago.
fn silent_for(net: &Net, milliseconds: u64) -> usize {
    let text = net.ss(&["-Htni", "state", "close-wait"]);
    let ages = text
        .split_whitespace()
        .filter_map(|word| word.strip_prefix("lastack:"));
    let ages = ages.filter_map(|age| age.parse::<u64>().ok());
    ages.filter(|age| *age >= milliseconds).count()
}
