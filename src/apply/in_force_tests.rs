//! What goes on with an older value.

use super::*;
use crate::apply::step;
use crate::catalog;
use crate::fact::Sample;
use crate::fact::socket::{Family, Listener, PortOccupancy, SocketSource};

fn snapshot() -> Snapshot {
    let listener = |port: u16, bound, process: Option<&str>| Listener {
        family: Family::Ipv4,
        address: ([0, 0, 0, 0], port).into(),
        queue: 0,
        bound: Some(bound),
        drops: Some(0),
        inode: 1,
        process: process.map(str::to_owned),
    };
    let mut summary = SocketSummary {
        established_keepalive: Some(7),
        ..SocketSummary::default()
    };
    summary.ipv4.add(Established, 1);
    let sockets = Sockets {
        source: SocketSource::Diagnostics,
        summary,
        listeners: vec![
            listener(443, 128, Some("nginx (pid 812)")),
            listener(80, 128, None),
            listener(22, 5, Some("sshd (pid 9)")),
        ],
        ports: PortOccupancy::default(),
        close_wait_inodes: Vec::new(),
        unread: [].into(),
        notes: Vec::new(),
    };
    let sample = Sample {
        sockets: Some(sockets),
        ..Sample::default()
    };
    Snapshot::new(None, sample)
}

fn told(key: &str, before: &str, after: &str) -> Vec<String> {
    let steps = [step(key, before.to_owned(), after.to_owned(), Vec::new())];
    let lags = not_in_force(&steps, &snapshot());
    lags.into_iter().map(|lag| lag.what).collect()
}

#[test]
fn every_key_of_the_table_is_in_the_catalogue() {
    for (key, _) in TABLE {
        assert!(
            catalog::find(key).is_some_and(|spec| spec.key == key),
            "{key}"
        );
    }
}

#[test]
fn a_listener_that_was_cut_to_the_old_bound_is_named_and_one_that_asked_for_less_is_not() {
    assert_eq!(
        told("net.core.somaxconn", "128", "4096"),
        [
            "nginx (pid 812) on 0.0.0.0:443 queues at most 128 until it is restarted",
            "the listener on 0.0.0.0:80 queues at most 128 until it is restarted",
        ]
    );
}

#[test]
fn sockets_are_counted_and_none_are_not_mentioned() {
    let one = told("net.ipv4.tcp_timestamps", "0", "1");
    assert!(one[0].starts_with("1 connection in ESTAB"), "{one:?}");
    let timers = told("net.ipv4.tcp_keepalive_time", "7200", "600");
    assert!(
        timers[0].starts_with("7 connections with a keepalive timer"),
        "{timers:?}"
    );
    assert_eq!(told("net.ipv4.tcp_max_tw_buckets", "1", "2"), [""; 0]);
    assert_eq!(told("net.ipv4.tcp_syncookies", "0", "1"), [""; 0]);
    assert_eq!(told("net.core.default_qdisc", "pfifo_fast", "fq").len(), 1);
}
