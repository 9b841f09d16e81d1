//! Connection attempts that nobody answers.

use std::net::TcpStream;
use std::time::Instant;

use crate::judge::look;
use crate::kernel::{Counters, SYN_SENT, in_state};
use crate::load::connect_all;
use crate::net::Undo;
use crate::notes::note;
use crate::pair::{Pair, lose, nobody};
use crate::wait::until;

const RETRIES: &str = "net.ipv4.tcp_syn_retries";
const ATTEMPTS: usize = 30;

/// Attempts towards a dead destination pile up in `SYN_SENT`. The lever is there (with one retry each
/// ends after 3 s, with the default 6 none has), but the fault is the destination's, or that of an
/// application without a time-out of its own.
#[test]
fn syn_sent_pileup() {
    let rule = "syn-sent-pileup";
    for (family, pair) in Pair::for_each_family() {
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
    }
}

/// A socket whose attempt has ended is in no table any more, and not connected.
fn timed_out(attempts: &[TcpStream]) -> bool {
    let over = |stream: &TcpStream| {
        let poll = stream.peek(&mut [0]);
        poll.is_err_and(|error| error.kind() != std::io::ErrorKind::WouldBlock)
    };
    attempts.iter().all(over)
}
