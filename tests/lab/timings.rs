//! The times that `tcptune explain timings` works out, beside what this kernel does: connections that are
//! being opened, and open ones.
//!
//! Here the time is the symptom itself, so it is asserted: [`ended_at`] and [`ended_between`] say how closely.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::sockopt::set_socket_keepalive;

use crate::explained::{Explained, ended_at, ended_between};
use crate::kernel::{Counters, KEEPALIVE_TIMER, LISTEN, SYN_RECV, in_state, sockets};
use crate::load::{Manner, Server, connect_all, connect_each, listen};
use crate::net::{Net, Undo};
use crate::notes::note;
use crate::pair::{Family, Pair, host, lose, nobody, peer};
use crate::wait::until;

const SYN_RETRIES: &str = "net.ipv4.tcp_syn_retries";
const LINEAR: &str = "net.ipv4.tcp_syn_linear_timeouts";
const SYNACK_RETRIES: &str = "net.ipv4.tcp_synack_retries";
const RETRIES1: &str = "net.ipv4.tcp_retries1";
const RETRIES2: &str = "net.ipv4.tcp_retries2";
pub(crate) const RTO_MAX: &str = "net.ipv4.tcp_rto_max_ms";
const TIME: &str = "net.ipv4.tcp_keepalive_time";
const INTERVAL: &str = "net.ipv4.tcp_keepalive_intvl";
const PROBES: &str = "net.ipv4.tcp_keepalive_probes";
const MTU_PROBING: &str = "net.ipv4.tcp_mtu_probing";

/// Longest that anything here is waited for, in seconds.
const PATIENCE: u64 = 60;
/// How often a table is looked at: a tenth of a second is exact enough, and little work.
const STEP: Duration = Duration::from_millis(100);

/// Values of a namespace.
pub(crate) type Values = &'static [(&'static str, &'static str)];

/// Runs an experiment with each set of values, in namespaces of its own, all at once: they only wait.
/// Values that this kernel has no key for are left out.
pub(crate) fn beside(cases: &[Values], experiment: impl Fn(&Pair, &Explained) + Sync) {
    let experiment = &experiment;
    scope(|scope| {
        for values in cases {
            let Some(pair) = Pair::open() else { return };
            if let Some((key, _)) = values.iter().find(|(key, _)| !pair.host.has(key)) {
                note(&format!("{values:?} left out: this kernel has no {key}"));
                continue;
            }
            scope.spawn(move || {
                let written = Undo::write(&pair.host, values.iter().copied());
                let told = Explained::of(&pair.host, "timings");
                experiment(&pair, &told);
                written.take_back(&pair.host);
            });
        }
    });
}

/// Does something with each family at once.
fn with_each(pair: &Pair, work: impl Fn(Family) + Sync) {
    let work = &work;
    scope(|scope| {
        for family in pair.families() {
            scope.spawn(move || work(family));
        }
    });
}

/// A port of its own for each family, so that a row of the table tells which it is.
pub(crate) fn port(family: Family) -> u16 {
    match family {
        Family::V4 => 8080,
        Family::V6 => 8086,
    }
}

/// When the last socket of each port (but its listener) left the table, counted from `since`.
pub(crate) fn gone(net: &Net, families: &[Family], since: Instant) -> Vec<(Family, Duration)> {
    let mut ends = Vec::new();
    until("no socket is left", PATIENCE, || {
        sleep(STEP);
        let rows = sockets(net);
        let left = |port| {
            let mut rows = rows.iter().filter(|row| row.state != LISTEN);
            rows.any(|row| row.local_port() == port || row.remote_port() == port)
        };
        for family in families {
            let known = ends.iter().any(|(known, _)| known == family);
            if !known && !left(port(*family)) {
                ends.push((*family, since.elapsed()));
            }
        }
        ends.len() == families.len()
    });
    ends
}

/// Nobody answers. With few retries the linear time-outs count only until the time of the doubling ones is
/// over: L + 2^(n+1) - 1 s would be 7, 11, 3, 17 and 19 s.
#[test]
fn connect_ends() {
    let cases: [Values; 5] = [
        &[(SYN_RETRIES, "1"), (LINEAR, "4")],
        &[(SYN_RETRIES, "2"), (LINEAR, "4")],
        &[(SYN_RETRIES, "1"), (LINEAR, "0")],
        &[(SYN_RETRIES, "3"), (LINEAR, "2"), (RTO_MAX, "2000")],
        &[(SYN_RETRIES, "3"), (LINEAR, "4")],
    ];
    beside(&cases, |pair, told| {
        let end = told.exact("connect");
        let counters = Counters::of(&pair.host);
        with_each(pair, |family| {
            let to = nobody(family, 80);
            lose(&pair.host, to);
            let (seen, outcome) = pair.host.enter(|| {
                let started = Instant::now();
                let outcome = TcpStream::connect(to);
                (started.elapsed(), outcome)
            });
            let error = outcome.expect_err("nobody answers").raw_os_error();
            assert_eq!(error, Some(Errno::TIMEDOUT.raw_os_error()));
            ended_at(&format!("connect_ends {family:?}"), end, seen);
        });
        let again = told.sent_again("connect") * pair.families().len();
        for counter in ["TcpExt.TCPSynRetrans", "Tcp.RetransSegs"] {
            let sent = counters.risen(&pair.host, counter);
            assert_eq!(usize::try_from(sent), Ok(again), "{counter}");
        }
    });
}

/// A SYN whose answers all get lost, of a client that is gone: the request is kept for as long as told.
#[test]
fn syn_ack_ends() {
    let cases: [Values; 4] = [
        &[(SYNACK_RETRIES, "0")],
        &[(SYNACK_RETRIES, "1")],
        &[(SYNACK_RETRIES, "2")],
        // What it is here depends on the release.
        &[(SYNACK_RETRIES, "2"), (RTO_MAX, "1000")],
    ];
    beside(&cases, |pair, told| {
        let end = told.exact("syn-ack");
        let families = pair.families();
        let at = |family: &Family| host(*family, port(*family));
        let listeners: Vec<_> = families
            .iter()
            .map(|family| {
                lose(&pair.host, peer(*family, 0));
                listen(&pair.host, at(family), 16)
            })
            .collect();
        let counters = Counters::of(&pair.host);
        let since = Instant::now();
        let clients: Vec<_> = families
            .iter()
            .flat_map(|family| connect_all(&pair.peer, at(family), 1))
            .collect();
        until("each request is half open", 10, || {
            in_state(&pair.host, SYN_RECV) == families.len()
        });
        // A client that went on would send its SYN again, and each of those starts the wait anew.
        drop(clients);
        for (family, seen) in gone(&pair.host, &families, since) {
            ended_at(&format!("syn_ack_ends {family:?}"), end, seen);
        }
        let again = told.sent_again("syn-ack") * families.len();
        let sent = counters.risen(&pair.host, "TcpExt.TCPSynRetrans");
        assert_eq!(usize::try_from(sent), Ok(again));
        drop(listeners);
    });
}

/// Retries of three, with the default longest time-out and with one of a second.
const RETRIES: [Values; 2] = [&[(RETRIES2, "3")], &[(RETRIES2, "3"), (RTO_MAX, "1000")]];

/// Data that nobody acknowledges: not given up before the bound, but at the next expiry, with ETIMEDOUT.
#[test]
fn dead_peer_is_given_up() {
    beside(&RETRIES, |pair, told| {
        let end = told.at_least("dead-peer");
        with_each(pair, |family| {
            let (_server, mut stream) = connection(pair, family);
            let since = say_to_nobody(pair, &mut stream);
            let (seen, error) = ends(stream, since);
            assert_eq!(error, Some(Errno::TIMEDOUT.raw_os_error()));
            let what = format!("dead_peer_is_given_up {family:?}");
            ended_between(&what, end, next_expiry(pair, end), seen);
        });
    });
}

/// The same clock with `tcp_retries1`: no error tells of it, but with `tcp_mtu_probing` at 2 the first doubt
/// halves the segments.
#[test]
fn route_is_doubted() {
    let cases: [Values; 3] = [
        &[(RETRIES1, "3"), (MTU_PROBING, "2")],
        &[(RETRIES1, "3"), (MTU_PROBING, "2"), (RTO_MAX, "1000")],
        &[(RETRIES1, "2"), (MTU_PROBING, "2")],
    ];
    beside(&cases, |pair, told| {
        let end = told.at_least("route-doubt");
        let (_server, mut stream) = connection(pair, Family::V4);
        let before = segment(&pair.host);
        let since = say_to_nobody(pair, &mut stream);
        until("the segments are smaller", PATIENCE, || {
            sleep(STEP);
            segment(&pair.host) < before
        });
        let seen = since.elapsed();
        ended_between("route_is_doubted", end, next_expiry(pair, end), seen);
    });
}

/// A peer that vanishes is noticed by the socket with `SO_KEEPALIVE` and by no other. Without probes the
/// connection ends although the peer is there.
#[test]
fn dead_idle_peer_is_noticed() {
    let cases: [Values; 2] = [
        &[(TIME, "2"), (INTERVAL, "1"), (PROBES, "3")],
        &[(TIME, "2"), (INTERVAL, "1"), (PROBES, "0")],
    ];
    beside(&cases, |pair, told| {
        let end = told.exact("dead-idle-peer");
        let asks = pair.host.read(PROBES) != "0";
        with_each(pair, |family| {
            let unarmed = connection(pair, family);
            let to = peer(family, port(family));
            let since = Instant::now();
            let mut armed = connect_each(&pair.host, to, 1);
            let armed = armed.pop().expect("one connection");
            set_socket_keepalive(&armed, true).expect("an option is set");
            if asks {
                lose(&pair.host, to);
            }
            let (seen, error) = ends(armed, since);
            assert_eq!(error, Some(Errno::TIMEDOUT.raw_os_error()));
            ended_at(&format!("dead_idle_peer_is_noticed {family:?}"), end, seen);
            let rows = sockets(&pair.host);
            let left = rows.iter().filter(|row| row.remote_port() == to.port());
            assert_eq!(left.count(), 1, "the socket without SO_KEEPALIVE is there");
            drop(unarmed);
        });
    });
}

/// `armed` counts the sockets with `SO_KEEPALIVE` of the namespace, of both families, and those only.
#[test]
fn armed_sockets_are_counted() {
    const COUNTED: &str = "socket.established_keepalive";
    let Some(pair) = Pair::open() else { return };
    let armed = |net: &Net| Explained::of(net, "dead-idle-peer").number(COUNTED);
    let (mut open, mut streams) = (0_u32, Vec::new());
    let mut servers = Vec::new();
    for family in pair.families() {
        let to = peer(family, port(family));
        servers.push(Server::start(&pair.peer, to, Manner::Hold));
        streams.extend(connect_each(&pair.host, to, 9));
        open += 9;
    }
    is("none", armed(&pair.host), 0);
    for (number, stream) in (1..).zip(streams.iter().take(13)) {
        set_socket_keepalive(stream, true).expect("an option is set");
        if number % 6 == 1 {
            is("armed by the program", armed(&pair.host), number);
        }
    }
    let last = streams.first().expect("a connection");
    set_socket_keepalive(last, false).expect("an option is set");
    let left = u32::try_from(streams.len().min(13)).expect("a few") - 1;
    is("all but one", armed(&pair.host), left);
    // The one timer that the table shows of a socket is then another.
    let mut busy = streams.get(1).expect("a connection");
    lose(
        &pair.host,
        busy.peer_addr().expect("a connection has a peer"),
    );
    busy.write_all(b"anybody?").expect("the kernel takes it");
    is(
        "all but one that waits for an answer",
        armed(&pair.host),
        left - 1,
    );
    // The other end of each has it on, in its own namespace.
    until("the server has armed each", 10, || {
        let rows = sockets(&pair.peer);
        let armed = rows.iter().filter(|row| row.timer == KEEPALIVE_TIMER);
        u32::try_from(armed.count()) == Ok(open)
    });
    is("the other end", armed(&pair.peer), open);
    let every = Explained::of(&pair.host, "timings");
    is("on the page of all times", every.number(COUNTED), left - 1);
    note(&format!(
        "armed_sockets_are_counted: {left} of {open}, one less with data under way, {open} at the other end"
    ));
}

fn is(what: &str, seen: f64, expected: u32) {
    assert!(
        (seen - f64::from(expected)).abs() < 1e-9,
        "{what}: {seen}, not {expected}"
    );
}

/// A server that holds, and one connection to it.
fn connection(pair: &Pair, family: Family) -> (Server, TcpStream) {
    let to = peer(family, port(family));
    let server = Server::start(&pair.peer, to, Manner::Hold);
    let mut streams = connect_each(&pair.host, to, 1);
    until("the server has it", 10, || server.accepted() == 1);
    (server, streams.pop().expect("one connection"))
}

/// Sends a word that gets lost, and says when.
fn say_to_nobody(pair: &Pair, stream: &mut TcpStream) -> Instant {
    let to: SocketAddr = stream.peer_addr().expect("a connection has a peer");
    lose(&pair.host, to);
    let since = Instant::now();
    stream.write_all(b"anybody?").expect("the kernel takes it");
    since
}

/// When the connection ends, counted from `since`, and with which error.
fn ends(mut stream: TcpStream, since: Instant) -> (Duration, Option<i32>) {
    let patience = Some(Duration::from_secs(PATIENCE));
    stream
        .set_read_timeout(patience)
        .expect("a time-out is set");
    let outcome = stream.read(&mut [0]);
    let error = outcome.err().and_then(|error| error.raw_os_error());
    (since.elapsed(), error)
}

/// The latest that a bound on unanswered data is acted on, in seconds after that data.
///
/// Nothing ends between two expiries. The waits double, so the next expiry after the bound is at most as
/// far away as the bound itself, or the longest time-out. The clock starts with the first retransmission:
/// one time-out later, and another where a tail loss probe comes first. Half a second each is twice
/// what a short cable makes of them.
pub(crate) fn next_expiry(pair: &Pair, bound: f64) -> f64 {
    let largest = if pair.host.has(RTO_MAX) {
        let milliseconds: f64 = pair.host.read(RTO_MAX).parse().expect("a number");
        milliseconds / 1000.0
    } else {
        120.0
    };
    bound + bound.min(largest) + 1.0
}

/// The longest segment of the one connection of the namespace.
fn segment(net: &Net) -> u32 {
    let text = net.ss(&["-Htin", "state", "established"]);
    let mut words = text.split_whitespace();
    let size = words.find_map(|word| word.strip_prefix("mss:")?.parse().ok());
    size.unwrap_or_else(|| panic!("no segment size in {text:?}"))
}
