//! Connection attempts that nobody answers.

use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::evidence::proved;
use crate::judge::look;
use crate::kernel::{Counters, SYN_SENT, in_state};
use crate::load::{Manner, Server, connect_all, connected};
use crate::net::Undo;
use crate::notes::note;
use crate::pair::{Family, Pair, find, lose, nobody, peer};
use crate::wait::until;

const RETRIES: &str = "net.ipv4.tcp_syn_retries";
const ATTEMPTS: usize = 30;

/// Attempts towards a dead destination pile up in `SYN_SENT`. The lever is there (with one retry each
/// ends after 3 s, with the default 6 none has), but the fault is the destination's, or that of an
/// application without a time-out of its own.
#[test]
fn syn_sent_pileup() {
    let rule = "syn-sent-pileup";
    Pair::with_each_family(|family, pair| {
        let before = pair.host.settings();
        let to = nobody(family, 80);
        lose(&pair.host, to);
        let counters = Counters::of(&pair.host);
        let attempts = connect_all(&pair.host, to, ATTEMPTS);
        until("each SYN was sent again", 10, || {
            counters.risen(&pair.host, "TcpExt.TCPSynRetrans") >= 30
        });
        assert_eq!(in_state(&pair.host, SYN_SENT), ATTEMPTS);
        look(&pair.host, 3).fires(rule).says(rule, &to.to_string());

        let again = counters.risen(&pair.host, "TcpExt.TCPSynRetrans");

        let started = Instant::now();
        let hasty = Undo::write(&pair.host, [(RETRIES, "1")]);
        let given_up = connect_all(&pair.host, to, ATTEMPTS);
        until("each hasty attempt has timed out", 15, || {
            timed_out(&given_up)
        });
        hasty.take_back(&pair.host);
        note(&format!(
            "syn_sent_pileup {family:?}: 30 in SYN_SENT, {again} SYNs again; with one retry over after {:.1} s",
            started.elapsed().as_secs_f32()
        ));

        // The application's own time-out: it closes.
        drop(attempts);
        assert_eq!(in_state(&pair.host, SYN_SENT), 0);
        look(&pair.host, 1).holds(rule);
        pair.host.has_settings(&before);
        let symptom = "connects that wait for a dead destination, of 30";
        proved(rule, symptom, 30.0, 0.0);
    });
}

const OUTAGE: usize = 20;

/// Through an outage of five seconds: one retry gives up after three, the default is still there when
/// the path comes back.
#[test]
fn syn_retries_extreme() {
    let rule = "syn-retries-extreme";
    Pair::with_each_family(|family, pair| {
        let to = peer(family, 8080);
        let _server = Server::start(&pair.peer, to, Manner::Hold);
        let sick = Undo::write(&pair.host, [(RETRIES, "1")]);
        let before = pair.host.settings();
        look(&pair.host, 1).fires_without_change(rule);
        let (failed, given_up) = outage(&pair, to);
        assert_eq!(failed, OUTAGE);
        // At 1 s and (with linear timeouts) 2 s, then the end at 3 s.
        assert!(given_up >= Duration::from_secs(3), "{given_up:?}");

        let cure = Undo::write(&pair.host, [(RETRIES, "6")]);
        look(&pair.host, 1).holds(rule);
        let (left, _) = outage(&pair, to);
        assert_eq!(left, 0);
        note(&format!(
            "syn_retries_extreme {family:?}: {failed} of {OUTAGE} timed out after {:.1} s -> {left}",
            given_up.as_secs_f32()
        ));
        cure.take_back(&pair.host);
        pair.host.has_settings(&before);
        sick.take_back(&pair.host);
        proved(rule, "connects lost in an outage of 5 s, of 20", 20.0, 0.0);
    });
}

/// How many connects that begin with an outage of five seconds fail, and when the last of those did.
fn outage(pair: &Pair, to: SocketAddr) -> (usize, Duration) {
    lose(&pair.host, to);
    let started = Instant::now();
    let attempts = connect_all(&pair.host, to, OUTAGE);
    let mut over = Duration::ZERO;
    until("the outage has lasted five seconds", 10, || {
        if over == Duration::ZERO && timed_out(&attempts) {
            over = started.elapsed();
        }
        started.elapsed() >= Duration::from_secs(5)
    });
    find(&pair.host, to);
    // The longest distance between two SYNs of those that are left is 4 s by then.
    until("each attempt has come to an end", 20, || {
        in_state(&pair.host, SYN_SENT) == 0
    });
    (OUTAGE - connected(&attempts), over)
}

const LINEAR: &str = "net.ipv4.tcp_syn_linear_timeouts";
const LONGEST: &str = "net.ipv4.tcp_rto_max_ms";

/// The other end: with eleven retries a connect waits for twelve minutes, with the proposed six for two.
/// Measured with the longest wait between two SYNs cut to 1 s, which makes it 12 s and 7 s.
#[test]
fn syn_retries_too_many() {
    let Some(pair) = Pair::open() else { return };
    let rule = "syn-retries-extreme";
    let before = pair.host.settings();
    let sick = Undo::write(&pair.host, [(RETRIES, "11")]);
    let judged = look(&pair.host, 1);
    judged.fires(rule);
    let many = patience(&pair);
    let cure = judged.cure(&pair.host, rule);
    look(&pair.host, 1).holds(rule);
    let few = patience(&pair);
    if let (Some(many), Some(few)) = (many, few) {
        assert!(many >= Duration::from_secs(12), "{many:?}");
        assert!(few < many, "{few:?}");
        note(&format!(
            "syn_retries_too_many, scaled: over after {:.1} s -> {:.1} s",
            many.as_secs_f32(),
            few.as_secs_f32()
        ));
    }
    cure.take_back(&pair.host);
    sick.take_back(&pair.host);
    pair.host.has_settings(&before);
}

/// How long connects to a dead destination wait, at most 1 s between two SYNs; `None` before Linux 6.15.
fn patience(pair: &Pair) -> Option<Duration> {
    if !pair
        .host
        .settings()
        .keys()
        .any(|path| path.ends_with("tcp_rto_max_ms"))
    {
        return None;
    }
    let scaled = Undo::write(&pair.host, [(LONGEST, "1000"), (LINEAR, "0")]);
    let to = nobody(Family::V4, 80);
    lose(&pair.host, to);
    let started = Instant::now();
    let attempts = connect_all(&pair.host, to, 3);
    until("each attempt has timed out", 60, || timed_out(&attempts));
    let waited = started.elapsed();
    scaled.take_back(&pair.host);
    Some(waited)
}

/// None of the attempts waits any more. The error is told once; after that the socket reads as ended.
fn timed_out(attempts: &[TcpStream]) -> bool {
    let over = |stream: &TcpStream| {
        let poll = stream.peek(&mut [0]);
        !poll.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
    };
    attempts.iter().all(over)
}
