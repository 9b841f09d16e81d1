//! What `tcptune explain` says of the sockets of a state, held against `ss`.

use std::process::Command;

use serde_json::Value;

use crate::kernel::{CLOSE_WAIT, in_state};
use crate::load::{accept_waiting, connect_each, listen};
use crate::net::Net;
use crate::pair::{Pair, host};
use crate::wait::until;

const PER_FAMILY: usize = 7;

fn explain(net: &Net, words: &[&str]) -> String {
    let out = Command::new(env!("CARGO_BIN_EXE_tcptune"))
        .arg("explain")
        .args(words)
        .args(["--pid", &net.pid().to_string()])
        .output()
        .expect("the program starts");
    assert!(out.status.success(), "{out:?}");
    String::from_utf8(out.stdout).expect("UTF-8")
}

/// The number of sockets in a state, as the page of all states tells it.
fn told(net: &Net, fact: &str) -> Option<u64> {
    let json = explain(net, &["states", "--format", "json"]);
    let answer: Value = serde_json::from_str(&json).expect("JSON");
    let values = answer["values"].as_array()?.iter();
    let mut own = values.filter(|one| one["name"] == fact);
    own.next()?["value"].as_str()?.parse().ok()
}

/// Each state is counted as `ss` counts it, and the page of one names the process that holds its sockets and
/// the service they belong to.
#[test]
fn explain_counts_sockets_and_names_their_holders() {
    let Some(pair) = Pair::open() else { return };
    let mut held = Vec::new();
    let mut listeners = Vec::new();
    let mut clients = Vec::new();
    for family in pair.families() {
        let at = host(family, 8080);
        let listener = listen(&pair.host, at, 128);
        let gone = connect_each(&pair.peer, at, PER_FAMILY);
        let had = held.len();
        until("each client is accepted", 10, || {
            held.extend(accept_waiting(&listener));
            held.len() == had + PER_FAMILY
        });
        drop(gone);
        clients.extend(connect_each(&pair.peer, at, 2));
        listeners.push(listener);
    }
    let families = pair.families().len();
    until("each FIN has arrived", 10, || {
        in_state(&pair.host, CLOSE_WAIT) == held.len()
    });
    for (state, fact, expected) in [
        ("close-wait", "socket.close_wait", PER_FAMILY * families),
        ("established", "socket.established", 2 * families),
        ("listening", "socket.listening", families),
    ] {
        let listed = pair.host.ss(&["-Htn", "state", state]).lines().count();
        assert_eq!(listed, expected, "{state}, by ss");
        assert_eq!(
            told(&pair.host, fact),
            u64::try_from(expected).ok(),
            "{state}"
        );
    }
    let page = explain(&pair.host, &["CLOSE-WAIT"]);
    let owner = format!("(pid {})", std::process::id());
    assert!(page.contains(&owner), "{page}");
    assert!(page.contains("on :8080"), "{page}");
    // Connections that nobody has accepted yet are of no process.
    let page = explain(&pair.host, &["ESTAB"]);
    assert!(page.contains("of no process"), "{page}");
}
