//! The times that `tcptune explain timings` works out, beside what this kernel does: closed sockets, their
//! ports, and the pages of the keys. How long `TIME-WAIT` lasts is seen in `fin_wait.rs`, which waits for it
//! anyway.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::explained::{Explained, ended_at, ended_between};
use crate::kernel::Counters;
use crate::load::{Manner, Server, connect_each, keep_time_wait, short};
use crate::net::Undo;
use crate::notes::note;
use crate::pair::{Family, Pair, lose, peer};
use crate::ports::{RANGE, REUSE, TIMESTAMPS, waiting};
use crate::timings::{RTO_MAX, Values, beside, gone, next_expiry, port};
use crate::wait::until;
use crate::wire::{Shape, Wire};

const ORPHAN_RETRIES: &str = "net.ipv4.tcp_orphan_retries";
const FIN_TIMEOUT: &str = "net.ipv4.tcp_fin_timeout";
/// Without tail loss probes: they would come before the first retransmission.
const EARLY: &str = "net.ipv4.tcp_early_retrans";
const RESERVED: &str = "net.ipv4.ip_local_reserved_ports";
const DELAY: &str = "net.ipv4.tcp_tw_reuse_delay";

/// Closed towards a peer that is gone: the FIN is sent again until the bound, and then the socket is dropped.
/// 0 stands for 8, unless the longest time-out is reached first.
#[test]
fn orphan_is_dropped() {
    let cases: [Values; 3] = [
        &[(ORPHAN_RETRIES, "2")],
        &[(ORPHAN_RETRIES, "2"), (RTO_MAX, "1000")],
        &[(ORPHAN_RETRIES, "0"), (RTO_MAX, "1000")],
    ];
    beside(&cases, |pair, told| {
        let end = told.at_least("orphan");
        let families = pair.families();
        let counters = Counters::of(&pair.host);
        let (servers, streams) = connections(pair, &families);
        for family in &families {
            lose(&pair.host, peer(*family, 0));
        }
        let since = Instant::now();
        drop(streams);
        for (family, seen) in gone(&pair.host, &families, since) {
            let what = format!("orphan_is_dropped {family:?}");
            ended_between(&what, end, next_expiry(pair, end), seen);
        }
        let aborted = counters.risen(&pair.host, "TcpExt.TCPAbortOnTimeout");
        assert_eq!(usize::try_from(aborted), Ok(families.len()));
        drop(servers);
    });
}

/// On a long path the time-out starts high: the largest, after which 0 stands for nothing, comes with the
/// second expiry.
#[test]
fn orphan_on_a_long_path_is_dropped() {
    // A round trip of 0.2 s: the first time-out is three times that.
    let Some(wire) = Wire::open(Shape::of(200)) else {
        return;
    };
    let pair = &wire.pair;
    if !pair.host.has(RTO_MAX) {
        return;
    }
    let values = [(ORPHAN_RETRIES, "0"), (RTO_MAX, "1000"), (EARLY, "0")];
    let written = Undo::write(&pair.host, values);
    let end = Explained::of(&pair.host, "timings").at_least("orphan");
    let families = pair.families();
    let (servers, streams) = connections(pair, &families);
    wire.cut(true);
    let since = Instant::now();
    drop(streams);
    for (family, seen) in gone(&pair.host, &families, since) {
        let what = format!("orphan_on_a_long_path_is_dropped {family:?}");
        ended_between(&what, end, next_expiry(pair, end), seen);
    }
    drop(servers);
    written.take_back(&pair.host);
}

/// Closed towards a peer that acknowledges and keeps its side open. Above 60 s what is above counts, twice.
#[test]
fn fin_wait2_ends() {
    let cases: [Values; 3] = [
        &[(FIN_TIMEOUT, "3")],
        &[(FIN_TIMEOUT, "0")],
        &[(FIN_TIMEOUT, "62")],
    ];
    beside(&cases, |pair, told| {
        let is_zero = pair.host.read(FIN_TIMEOUT) == "0";
        let families = pair.families();
        let (servers, streams) = connections(pair, &families);
        let since = Instant::now();
        drop(streams);
        for (family, seen) in gone(&pair.host, &families, since) {
            let what = format!("fin_wait2_ends {family:?}");
            if is_zero {
                let end = told.at_least("fin-wait-2");
                // Three and a half times a time-out of 0.2 s and what the path adds to it.
                ended_between(&what, end, end * 1.5, seen);
            } else {
                let end = told.exact("fin-wait-2");
                ended_at(&what, end, seen);
            }
        }
        drop(servers);
    });
}

/// Ten ports, two of them reserved.
const USABLE: usize = 8;
const TEN: (&str, &str) = (RANGE, "20000 20009");
const TWO: (&str, &str) = (RESERVED, "20003,20008");

/// As many connections as ports within a delay of `tcp_tw_reuse`, never one more.
#[test]
fn connect_rate_with_reuse() {
    const ROUNDS: usize = 4;
    let cases: [Values; 1] = [&[TEN, TWO, (REUSE, "1"), (DELAY, "2000"), (TIMESTAMPS, "1")]];
    beside(&cases, |pair, told| {
        let rate = told.at_most("connect-rate");
        assert!((rate - 4.0).abs() < 1e-6, "{rate} told");
        let rest = USABLE as f64 / rate;
        let to = peer(Family::V4, 8080);
        let _server = Server::start(&pair.peer, to, Manner::Follow);
        let kept = keep_time_wait(&pair.host);
        let counters = Counters::of(&pair.host);
        let (mut made, mut refused) = (Vec::new(), 0);
        until("each port was used four times", 60, || {
            let started = Instant::now();
            let seen = short(&pair.host, to, 1);
            assert_eq!(seen.done + seen.no_port, 1, "{seen:?}");
            if seen.done == 1 {
                made.push((started, Instant::now()));
            } else {
                assert!(made.len() >= USABLE, "refused after {}", made.len());
                refused += 1;
            }
            made.len() == USABLE * ROUNDS
        });
        assert!(refused > 0, "no port was ever lacking");
        // More connections than ports: one of the ports rested in between.
        for (earlier, later) in made.iter().zip(made.iter().skip(USABLE)) {
            let took = (later.1 - earlier.0).as_secs_f64();
            assert!(took >= rest, "{USABLE} ports used again within {took:.3} s");
        }
        let (first, last) = (made.first(), made.last());
        let (first, last) = first.zip(last).expect("connections were made");
        let took = last.1 - first.0;
        ended_at("connect_rate_with_reuse", rest * (ROUNDS - 1) as f64, took);
        let recycled = counters.risen(&pair.host, "TcpExt.TWRecycled");
        assert_eq!(usize::try_from(recycled), Ok(USABLE * (ROUNDS - 1)));
        kept.take_back(&pair.host);
    });
}

/// Without reuse there are as many connections as ports, and no other for the length of TIME-WAIT, of which
/// the kernel's own timers tell.
#[test]
fn connect_rate_without_reuse() {
    // On without timestamps is off.
    let cases: [Values; 2] = [
        &[TEN, TWO, (REUSE, "0")],
        &[TEN, TWO, (REUSE, "1"), (TIMESTAMPS, "0")],
    ];
    beside(&cases, |pair, told| {
        let rate = told.at_most("connect-rate");
        let length = told.exact("time-wait");
        let told = rate * length;
        assert!((told - USABLE as f64).abs() < 1e-3, "{told} in {length} s");
        let to = peer(Family::V4, 8080);
        let _server = Server::start(&pair.peer, to, Manner::Follow);
        let kept = keep_time_wait(&pair.host);
        let started = Instant::now();
        let seen = short(&pair.host, to, USABLE + 5);
        assert_eq!((seen.done, seen.no_port), (USABLE, 5), "{seen:?}");
        until("every port stands in TIME-WAIT", 10, || {
            waiting(&pair.host, to).count() == USABLE
        });
        // What is left now and what has passed make the whole length.
        let left = waiting(&pair.host, to).min().unwrap_or(0);
        let left = Duration::from_millis(left * 10);
        ended_at(
            "connect_rate_without_reuse",
            length,
            started.elapsed() + left,
        );
        until("every entry is 3 s old", 20, || {
            waiting(&pair.host, to).all(|due| due < 5700)
        });
        let later = short(&pair.host, to, 5);
        assert_eq!((later.done, later.no_port), (0, 5), "{later:?}");
        note(&format!(
            "connect_rate_without_reuse: {USABLE} in {length} s told, {} seen, refused at once and after 3 s",
            seen.done
        ));
        kept.take_back(&pair.host);
    });
}

/// The page of a key says the same number as the page of all times.
#[test]
fn keys_tell_the_same_times() {
    let cases: [Values; 1] = [&[
        ("net.ipv4.tcp_syn_retries", "3"),
        ("net.ipv4.tcp_retries2", "5"),
        ("net.ipv4.tcp_keepalive_time", "33"),
        (FIN_TIMEOUT, "7"),
        (ORPHAN_RETRIES, "2"),
    ]];
    beside(&cases, |pair, told| {
        // A namespace with the defaults, where each number is another.
        let default = Explained::of(&pair.peer, "timings");
        for (key, id) in [
            ("tcp_syn_retries", "connect"),
            ("tcp_retries2", "dead-peer"),
            ("tcp_keepalive_time", "dead-idle-peer"),
            ("tcp_fin_timeout", "fin-wait-2"),
            ("tcp_orphan_retries", "orphan"),
        ] {
            let name = format!("timing.{id}");
            let expected = told.number(&name);
            assert!((expected - default.number(&name)).abs() > 0.1, "{id}");
            let page = Explained::of(&pair.host, key);
            let seen = page.number(&name);
            assert!(
                (seen - expected).abs() < 1e-9,
                "{key}: {seen}, not {expected}"
            );
            let answer = told.row(&format!("{id}: "), "answer");
            let answer = answer.expect("the page of all times has the answer");
            let row = page.row("What follows from the settings", id);
            assert!(
                row.is_some_and(|row| row.contains(answer)),
                "{key}: {row:?}"
            );
            note(&format!("keys_tell_the_same_times {key}: {answer}"));
        }
    });
}

/// A server that holds and one connection to it, for each family.
fn connections(pair: &Pair, families: &[Family]) -> (Vec<Server>, Vec<TcpStream>) {
    let start = |family: &Family| {
        let to = peer(*family, port(*family));
        let server = Server::start(&pair.peer, to, Manner::Hold);
        let streams = connect_each(&pair.host, to, 1);
        until("the server has it", 10, || server.accepted() == 1);
        (server, streams)
    };
    let (servers, streams): (Vec<_>, Vec<_>) = families.iter().map(start).unzip();
    (servers, streams.into_iter().flatten().collect())
}
