//! Peers that vanish without a word.

use std::io::Write as _;
use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::net::sockopt::{
    set_socket_keepalive, set_tcp_keepcnt, set_tcp_keepidle, set_tcp_keepintvl,
};
use tempfile::NamedTempFile;

use crate::evidence::proved;
use crate::judge::{look, look_with};
use crate::kernel::{Counters, ESTABLISHED, KEEPALIVE_TIMER, Row, sockets};
use crate::load::{Manner, Server, connect_each};
use crate::net::{Net, Undo};
use crate::notes::note;
use crate::pair::{Pair, lose, peer};
use crate::wait::until;

const PORT: u16 = 8080;
const QUICK: [(&str, &str); 3] = [
    ("net.ipv4.tcp_keepalive_time", "1"),
    ("net.ipv4.tcp_keepalive_intvl", "1"),
    ("net.ipv4.tcp_keepalive_probes", "2"),
];

/// Who notices a vanished peer: sockets with `SO_KEEPALIVE` whose timer was armed after the change, and
/// those with times of their own. Timers armed before keep their two hours, and a socket without the
/// option never notices.
#[test]
fn keepalive_slow_detection() {
    let rule = "keepalive-slow-detection";
    let mut open = (0.0, 0.0);
    for (family, pair) in Pair::for_each_family() {
        let before = pair.host.settings();
        let to = |number| peer(family, PORT + number);
        let servers =
            [0, 1, 2, 3].map(|number| Server::start(&pair.peer, to(number), Manner::Hold));
        let plain = connect_each(&pair.host, to(0), 20);
        let old = arm(connect_each(&pair.host, to(1), 500));
        let own = arm(connect_each(&pair.host, to(3), 20));
        for stream in &own {
            let second = Duration::from_secs(1);
            set_tcp_keepidle(stream, second).expect("an option is set");
            set_tcp_keepintvl(stream, second).expect("an option is set");
            set_tcp_keepcnt(stream, 2).expect("an option is set");
        }
        assert_eq!(armed(&pair.host, PORT), 0);
        assert_eq!(armed(&pair.host, PORT + 1), 500);
        let judged = look(&pair.host, 1);
        judged.fires_without_change(rule).is_quiet();

        let quick = Undo::write(&pair.host, QUICK);
        look(&pair.host, 1).holds(rule);
        let new = arm(connect_each(&pair.host, to(2), 20));
        let all = [20, 500, 20, 20];
        until("the servers have them all", 10, || {
            servers.iter().map(Server::accepted).eq(all)
        });
        let counters = Counters::of(&pair.host);
        lose(&pair.host, to(0));
        let vanished = Instant::now();
        until("the newly armed sockets have noticed", 20, || {
            towards(&pair.host, PORT + 2).is_empty() && towards(&pair.host, PORT + 3).is_empty()
        });
        let noticed = vanished.elapsed().as_secs_f32();
        assert!(counters.risen(&pair.host, "TcpExt.TCPKeepAlive") >= 80);
        assert_eq!(counters.risen(&pair.host, "TcpExt.TCPAbortOnTimeout"), 40);
        assert_eq!(towards(&pair.host, PORT).len(), 20);
        let kept = towards(&pair.host, PORT + 1);
        assert_eq!(kept.len(), 500);
        assert!(kept.iter().all(|row| row.due > 100 * 60 * 100), "{kept:?}");
        open = (
            100.0 * share(kept.len(), 500),
            100.0 * share(towards(&pair.host, PORT + 2).len(), 20),
        );
        note(&format!(
            "keepalive_slow_detection {family:?}: newly armed 20 -> 0 and with times of their own 20 -> 0 after {noticed:.1} s, armed before 500 -> 500, without 20 -> 20"
        ));
        quick.take_back(&pair.host);
        pair.host.has_settings(&before);
        drop((plain, old, new, own));
    }
    if open != (0.0, 0.0) {
        proved(
            rule,
            "% of armed connections still open, their peer gone and two probes later",
            open.0,
            open.1,
        );
    }
}

/// No probes allowed means: ended at `tcp_keepalive_time` without being asked, alive or not.
#[test]
fn keepalive_invalid() {
    let rule = "keepalive-invalid";
    let mut ended = None;
    for (family, pair) in Pair::for_each_family() {
        let sick = [QUICK[0], QUICK[1], ("net.ipv4.tcp_keepalive_probes", "0")];
        let sick = Undo::write(&pair.host, sick);
        let before = pair.host.settings();
        let to = |number| peer(family, PORT + number);
        let _servers = [0, 1].map(|number| Server::start(&pair.peer, to(number), Manner::Hold));
        let counters = Counters::of(&pair.host);
        let _killed = arm(connect_each(&pair.host, to(0), 20));
        until("each healthy connection is ended", 20, || {
            counters.risen(&pair.host, "TcpExt.TCPAbortOnTimeout") == 20
        });
        assert_eq!(towards(&pair.host, PORT).len(), 0);
        assert_eq!(counters.risen(&pair.host, "TcpExt.TCPKeepAlive"), 0);
        let judged = look(&pair.host, 1);
        judged.fires(rule);

        let cure = judged.cure(&pair.host, rule);
        assert_eq!(
            pair.host.read("net.ipv4.tcp_keepalive_time"),
            "1",
            "it is short, and legal"
        );
        let counters = Counters::of(&pair.host);
        let _kept = arm(connect_each(&pair.host, to(1), 20));
        until("each was asked three times", 20, || {
            counters.risen(&pair.host, "TcpExt.TCPKeepAlive") >= 60
        });
        assert_eq!(towards(&pair.host, PORT + 1).len(), 20);
        let killed = counters.risen(&pair.host, "TcpExt.TCPAbortOnTimeout");
        assert_eq!(killed, 0);
        look(&pair.host, 1).holds(rule);
        note(&format!(
            "keepalive_invalid {family:?}: ended 20 of 20, unasked -> 0 of 20, asked three times"
        ));
        ended = Some(killed);
        cure.take_back(&pair.host);
        pair.host.has_settings(&before);
        sick.take_back(&pair.host);
    }
    if ended.is_some() {
        proved(rule, "healthy connections ended, of 20", 20.0, 0.0);
    }
}

/// The keepalive settings do nothing for sockets without `SO_KEEPALIVE`: they outlive their peer for a
/// minute at 1 s and two probes, and are gone seconds after the program has turned the option on.
#[test]
fn keepalive_not_armed() {
    let rule = "keepalive-not-armed";
    let profile = profile(60);
    // Both families at once: the minute is waited for, not worked for.
    let pairs: Vec<_> = Pair::for_each_family().collect();
    let mut ready = Vec::new();
    for (family, pair) in &pairs {
        let before = pair.host.settings();
        let quick = Undo::write(&pair.host, QUICK);
        let to = peer(*family, PORT);
        let server = Server::start(&pair.peer, to, Manner::Hold);
        let streams = connect_each(&pair.host, to, 25);
        until("the server has them all", 10, || server.accepted() == 25);
        lose(&pair.host, to);
        ready.push((pair, before, quick, streams, server));
    }
    if ready.is_empty() {
        return;
    }
    sleep(Duration::from_secs(60));
    for (pair, before, quick, streams, _server) in ready {
        until("each is quiet for a minute", 10, || {
            quiet(&pair.host, 60_000) == 25
        });
        assert_eq!(
            (towards(&pair.host, PORT).len(), armed(&pair.host, PORT)),
            (25, 0)
        );
        let arguments = ["--profile", profile.path().to_str().expect("a plain path")];
        look_with(&pair.host, 1, &arguments).fires_without_change(rule);

        let counters = Counters::of(&pair.host);
        let _streams = arm(streams);
        until("the armed sockets have noticed", 20, || {
            towards(&pair.host, PORT).is_empty()
        });
        assert_eq!(counters.risen(&pair.host, "TcpExt.TCPAbortOnTimeout"), 25);
        look_with(&pair.host, 1, &arguments).holds(rule);
        quick.take_back(&pair.host);
        pair.host.has_settings(&before);
    }
    proved(
        rule,
        "connections open of 25 after their peer vanished, keepalive set to 1 s",
        25.0,
        0.0,
    );
}

/// Behind a device that forgets after 30 s the first probe of the default comes two hours later. With the
/// proposed time it comes in time, and the peer answers.
#[test]
fn keepalive_beyond_idle_timeout() {
    const LIMIT: u64 = 30;
    let rule = "keepalive-beyond-idle-timeout";
    let profile = profile(LIMIT);
    let arguments = ["--profile", profile.path().to_str().expect("a plain path")];
    let pairs: Vec<_> = Pair::for_each_family().collect();
    let mut ready = Vec::new();
    for (family, pair) in &pairs {
        let before = pair.host.settings();
        let to = |number| peer(*family, PORT + number);
        let servers = [0, 1].map(|number| Server::start(&pair.peer, to(number), Manner::Hold));
        let old = arm(connect_each(&pair.host, to(0), 10));
        assert_eq!(asked_within(&pair.host, PORT, LIMIT), 0);
        let judged = look_with(&pair.host, 1, &arguments);
        judged.fires(rule);

        let cure = judged.cure(&pair.host, rule);
        look_with(&pair.host, 1, &arguments).holds(rule);
        let counters = Counters::of(&pair.host);
        let new = arm(connect_each(&pair.host, to(1), 10));
        assert_eq!(asked_within(&pair.host, PORT + 1, LIMIT), 10);
        ready.push((pair, before, cure, counters, servers, old, new));
    }
    if ready.is_empty() {
        return;
    }
    sleep(Duration::from_secs(LIMIT * 7 / 10));
    for (pair, before, cure, counters, _servers, _old, _new) in ready {
        until("each new connection was asked", 30, || {
            counters.risen(&pair.host, "TcpExt.TCPKeepAlive") >= 10
        });
        assert_eq!(
            towards(&pair.host, PORT + 1).len(),
            10,
            "the peer has answered"
        );
        assert_eq!(
            asked_within(&pair.host, PORT, LIMIT),
            0,
            "armed before the change"
        );
        cure.take_back(&pair.host);
        pair.host.has_settings(&before);
    }
    proved(
        rule,
        "idle connections asked within the limit of 30 s, of 10",
        0.0,
        10.0,
    );
}

/// A profile that names what the path allows.
fn profile(idle_limit: u64) -> NamedTempFile {
    let mut file = tempfile::Builder::new()
        .suffix(".yaml")
        .tempfile()
        .expect("a file is made");
    let text = format!("profile: lab\nparams: {{ idle_limit: {idle_limit} }}\n");
    file.write_all(text.as_bytes()).expect("a file is written");
    file
}

/// Established connections that received nothing for so many milliseconds.
fn quiet(net: &Net, milliseconds: u64) -> usize {
    let text = net.ss(&["-HOtni", "state", "established"]);
    let lastrcv = |line: &str| {
        let words = line.split_whitespace();
        words
            .filter_map(|word| word.strip_prefix("lastrcv:")?.parse::<u64>().ok())
            .next()
    };
    text.lines()
        .filter_map(lastrcv)
        .filter(|quiet| *quiet >= milliseconds)
        .count()
}

/// Connections towards `port` whose keepalive timer fires within so many seconds.
fn asked_within(net: &Net, port: u16, seconds: u64) -> usize {
    let rows = towards(net, port);
    rows.iter()
        .filter(|row| row.timer == KEEPALIVE_TIMER && row.due <= seconds * 100)
        .count()
}

fn share(part: usize, whole: u32) -> f64 {
    f64::from(u32::try_from(part).expect("few")) / f64::from(whole)
}

fn arm(streams: Vec<TcpStream>) -> Vec<TcpStream> {
    for stream in &streams {
        set_socket_keepalive(stream, true).expect("an option is set");
    }
    streams
}

fn towards(net: &Net, port: u16) -> Vec<Row> {
    let rows = sockets(net).into_iter();
    rows.filter(|row| row.state == ESTABLISHED && row.remote_port() == port)
        .collect()
}

/// Established sockets towards `port` with the keepalive timer armed.
fn armed(net: &Net, port: u16) -> usize {
    let rows = towards(net, port);
    rows.iter()
        .filter(|row| row.timer == KEEPALIVE_TIMER)
        .count()
}
