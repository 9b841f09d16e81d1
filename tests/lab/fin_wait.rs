//! Connections this side has closed, and the other has not.

use std::collections::BTreeSet;
use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::evidence::proved;
use crate::explained::{Explained, ended_at};
use crate::judge::look;
use crate::kernel::{FIN_WAIT_2, TIME_WAIT, in_state, sockets};
use crate::load::{Manner, Server, connect_each, keep_time_wait, short};
use crate::net::{Net, Undo};
use crate::notes::note;
use crate::pair::{Pair, peer};
use crate::wait::until;

const FIN_TIMEOUT: &str = "net.ipv4.tcp_fin_timeout";
const PILE: usize = 150;
/// The piles before the cure, and those after it.
const PORTS: [u16; 2] = [8080, 8081];
const CURED: [u16; 2] = [8090, 8091];

/// Orphans wait `tcp_fin_timeout` for a FIN that never comes: at 60 s they pile up, shorter they go
/// sooner. Those already waiting keep their time.
#[test]
fn fin_wait2_pileup() {
    let Some(pair) = Pair::open() else { return };
    let rule = "fin-wait2-pileup";
    let sick = Undo::write(&pair.host, [(FIN_TIMEOUT, "60")]);
    let before = pair.host.settings();
    let first = PORTS.map(|port| pile(&pair, port));
    let piled = [0, 1].map(|n| orphans(&pair.host, PORTS[n]));
    let judged = look(&pair.host, 1);
    judged.fires(rule);

    let cure = judged.cure(&pair.host, rule);
    let seconds: u64 = pair.host.read(FIN_TIMEOUT).parse().expect("a number");
    assert!(seconds <= 30, "{seconds} s is no cure");
    let second = CURED.map(|port| pile(&pair, port));
    let waits = CURED.map(|port| longest(&orphans(&pair.host, port)));
    assert!(waits.iter().all(|due| *due <= seconds * 100), "{waits:?}");
    until(
        "the orphans of the cured host are gone",
        seconds + 15,
        || {
            CURED
                .iter()
                .all(|port| orphans(&pair.host, *port).is_empty())
        },
    );
    // Not by chance: those from before, with 60 s to wait, are all still there.
    for (port, before) in PORTS.into_iter().zip(&piled) {
        assert_eq!(names(&orphans(&pair.host, port)), names(before));
    }
    let before_cure = piled.each_ref().map(longest);
    note(&format!(
        "fin_wait2_pileup: {} orphans, longest wait {before_cure:?} -> {waits:?} hundredths",
        piled.iter().map(BTreeSet::len).sum::<usize>()
    ));
    let kept: usize = piled.iter().map(BTreeSet::len).sum();
    drop((first, second));
    cure.take_back(&pair.host);
    pair.host.has_settings(&before);
    sick.take_back(&pair.host);
    let kept = u32::try_from(kept).expect("a few hundred");
    let symptom = "closed sockets left in FIN_WAIT2 half a minute later, of 300";
    proved(rule, symptom, f64::from(kept), 0.0);
}

/// `tcp_fin_timeout` ends orphans in `FIN_WAIT2` and no `TIME_WAIT`: with 3 s for the one, the other lasts
/// its minute.
#[test]
fn fin_timeout_does_not_shorten_time_wait() {
    Pair::with_each_family(|family, pair| {
        let (follow, hold) = (peer(family, 8080), peer(family, 8081));
        let _following = Server::start(&pair.peer, follow, Manner::Follow);
        let _holding = Server::start(&pair.peer, hold, Manner::Hold);
        let kept = keep_time_wait(&pair.host);
        let recipe = Undo::write(&pair.host, [(FIN_TIMEOUT, "3")]);
        let told = Explained::of(&pair.host, "timings");
        let started = Instant::now();
        assert_eq!(short(&pair.host, follow, 50).done, 50);
        until("all closes with an answer are in TIME_WAIT", 10, || {
            in_state(&pair.host, TIME_WAIT) == 50
        });
        drop(connect_each(&pair.host, hold, 50));
        until(
            "all closes without one were in FIN_WAIT2 and are gone",
            30,
            || {
                let rows = sockets(&pair.host);
                !rows.iter().any(|row| row.remote_port() == hold.port())
            },
        );
        let orphans = started.elapsed();
        assert_eq!(in_state(&pair.host, TIME_WAIT), 50);
        until("TIME_WAIT is over", 120, || {
            // A minute of waiting: a few looks a second are enough.
            sleep(Duration::from_millis(200));
            in_state(&pair.host, TIME_WAIT) < 50
        });
        let first = started.elapsed();
        note(&format!(
            "fin_timeout_does_not_shorten_time_wait {family:?}: FIN_WAIT2 gone after {:.1} s, the first TIME_WAIT after {:.1} s",
            orphans.as_secs_f32(),
            first.as_secs_f32()
        ));
        let what = format!("TIME_WAIT {family:?}");
        ended_at(&what, told.exact("time-wait"), first);
        until("all TIME_WAIT are over", 30, || {
            sleep(Duration::from_millis(200));
            in_state(&pair.host, TIME_WAIT) == 0
        });
        recipe.take_back(&pair.host);
        kept.take_back(&pair.host);
    });
}

/// Connects to a server that keeps its side open, and closes first.
fn pile(pair: &Pair, port: u16) -> Server {
    // An even port for IPv4; odd for IPv6, or for IPv4 again where there is none.
    let families = pair.families();
    let family = families[usize::from(port % 2) % families.len()];
    let to = peer(family, port);
    let server = Server::start(&pair.peer, to, Manner::Hold);
    let clients: Vec<TcpStream> = connect_each(&pair.host, to, PILE);
    until("the server has them all", 10, || server.accepted() == PILE);
    drop(clients);
    until("each FIN is acknowledged", 10, || {
        orphans(&pair.host, port).len() == PILE
    });
    server
}

/// (local address, hundredths of a second left) of each `FIN_WAIT2` towards `port` that no process holds.
fn orphans(net: &Net, port: u16) -> BTreeSet<(String, u64)> {
    let rows = sockets(net).into_iter();
    rows.filter(|row| row.state == FIN_WAIT_2 && row.inode == 0)
        .filter(|row| row.remote_port() == port)
        .map(|row| (row.local, row.due))
        .collect()
}

fn names(orphans: &BTreeSet<(String, u64)>) -> Vec<&str> {
    orphans.iter().map(|(name, _)| name.as_str()).collect()
}

fn longest(orphans: &BTreeSet<(String, u64)>) -> u64 {
    orphans.iter().map(|(_, due)| *due).max().unwrap_or(0)
}
