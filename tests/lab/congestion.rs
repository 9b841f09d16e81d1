//! How much is sent at once, and by which algorithm.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;

use crate::boot_files::{judged, write};
use crate::evidence::proved;
use crate::flow::{connections, with_reno};
use crate::judge::look;
use crate::net::{Net, usable};
use crate::notes::note;
use crate::pair::peer;
use crate::wait::until;
use crate::wire::{Shape, Wire};

const PORT: u16 = 8080;
const COUNT: usize = 10;
const ROUND_TRIP: u64 = 100;
const BURST: usize = 150_000;
const ALGORITHM: &str = "net.ipv4.tcp_congestion_control";

/// After a pause the window is small again, and a burst that would fit into one round trip takes
/// several.
#[test]
fn slow_start_after_idle() {
    let rule = "slow-start-after-idle";
    let mut shown = None;
    for (family, wire) in Wire::for_each_family(Shape::of(ROUND_TRIP)) {
        with_reno(&wire.pair);
        let host = &wire.pair.host;
        let before = host.settings();
        let mut links = Links::open(&wire, peer(family, PORT));
        links.widen();
        let slow = links.burst_after_pause(host);
        links.widen();
        pause(host);
        let judged = look(host, 0);
        judged.fires(rule);

        let cure = judged.cure(host, rule);
        // A busy machine makes a burst slower than the path, never faster.
        let mut fast = links.burst_after_pause(host);
        for _ in 0..2 {
            if fast < slow / 2.0 {
                break;
            }
            fast = fast.min(links.burst_after_pause(host));
        }
        note(&format!(
            "slow_start_after_idle {family:?}: {slow:.0} ms -> {fast:.0} ms"
        ));
        // Three round trips at least: 10, 20 and 40 segments are not enough for 104.
        assert!(slow > 3.0 * ROUND_TRIP as f64, "{slow} ms");
        assert!(fast < slow / 2.0, "{slow} -> {fast} ms");
        pause(host);
        look(host, 0).holds(rule);
        cure.take_back(host);
        host.has_settings(&before);
        shown = Some((slow, fast));
    }
    if let Some((slow, fast)) = shown {
        let symptom = "ms for 150 kB after a pause, round trip 100 ms";
        proved(rule, symptom, slow, fast);
    }
}

/// As many connections as the rule asks for: (near end, far end).
struct Links(Vec<(TcpStream, TcpStream)>);

impl Links {
    fn open(wire: &Wire, at: SocketAddr) -> Self {
        Self(connections(&wire.pair.host, &wire.pair.peer, at, COUNT))
    }

    /// One burst on each, all at once; the milliseconds of the quickest.
    fn burst(&mut self) -> f64 {
        thread::scope(|scope| {
            let runs = self.0.iter_mut();
            let runs: Vec<_> = runs
                .map(|(near, far)| scope.spawn(|| burst(near, far)))
                .collect();
            let times = runs.into_iter().map(|run| run.join().expect("it arrives"));
            times.fold(f64::INFINITY, f64::min)
        })
    }

    /// Opens each window from 10 segments to more than a burst has.
    fn widen(&mut self) {
        for _ in 0..8 {
            self.burst();
        }
    }

    fn burst_after_pause(&mut self, net: &Net) -> f64 {
        pause(net);
        self.burst()
    }
}

/// Milliseconds until the far end has all of it.
fn burst(near: &mut TcpStream, far: &mut TcpStream) -> f64 {
    let block = vec![0x55; BURST];
    let mut room = vec![0; BURST];
    let started = Instant::now();
    near.write_all(&block).expect("there is room");
    far.read_exact(&mut room).expect("it arrives");
    started.elapsed().as_secs_f64() * 1e3
}

/// Waits until nothing was sent for nine time-outs: each but the first halves the window, and eight halves
/// of any window of these bursts are no more than the first ten segments.
fn pause(net: &Net) {
    until("nine time-outs without data", 60, || {
        // Each look starts a program.
        thread::sleep(Duration::from_millis(200));
        let text = net.ss(&["-HOtni", "state", "established"]);
        text.lines().all(|line| {
            let (idle, rto) = (word(line, "lastsnd:"), word(line, "rto:"));
            matches!((idle, rto), (Some(idle), Some(rto)) if idle > 9.0 * rto)
        })
    });
}

/// A number of a line that `ss` prints.
fn word(line: &str, name: &str) -> Option<f64> {
    let mut words = line.split_whitespace();
    let value = words.find_map(|word| word.strip_prefix(name));
    value.and_then(|value| value.parse().ok())
}

/// What the kernel does with a line for an algorithm that it does not have, or does not allow here.
#[test]
fn congestion_control_not_allowed() {
    if !usable() {
        return;
    }
    let rule = "congestion-control-not-allowed";
    let net = Net::open().expect("namespaces were there a moment ago");
    let before = net.settings();
    let available = net.read("net.ipv4.tcp_available_congestion_control");
    let allowed = net.read("net.ipv4.tcp_allowed_congestion_control");
    let judge = |value: &str, expect: &str| {
        judged(
            rule,
            &format!(
                "facts: {{ sysctl.net.ipv4.tcp_available_congestion_control: {available}, \
                 sysctl.net.ipv4.tcp_allowed_congestion_control: {allowed}, \
                 sysctl.{ALGORITHM}: {}, host.initial_netns: false }}, \
                 definitions: [{{ place: '/etc/sysctl.d/50-net.conf:1', key: {ALGORITHM}, value: {value} }}], \
                 expect: {expect}",
                net.read(ALGORITHM)
            ),
        );
    };
    let was = net.read(ALGORITHM);
    let refused = |value: &str| {
        let error = write(&net, ALGORITHM, value).expect_err("it is refused");
        assert_eq!(net.read(ALGORITHM), was, "a refused write changes nothing");
        error.raw_os_error()
    };
    assert_eq!(refused("nosuchalgo"), Some(Errno::NOENT.raw_os_error()));
    judge("nosuchalgo", "fires");
    let locked = available
        .split(' ')
        .find(|name| !allowed.split(' ').any(|one| one == *name));
    if let Some(name) = locked {
        assert_eq!(refused(name), Some(Errno::PERM.raw_os_error()));
        judge(name, "fires");
    }
    // `reno` is always there and always allowed.
    write(&net, ALGORITHM, "reno").expect("it is taken");
    assert_eq!(net.read(ALGORITHM), "reno");
    judge("reno", "holds");
    note(&format!(
        "congestion_control_not_allowed: nosuchalgo ENOENT, {locked:?} EPERM, reno taken; available {available}, allowed {allowed}"
    ));
    write(&net, ALGORITHM, &was).expect("what was there is allowed");
    net.has_settings(&before);
    proved(rule, "refused writes of the algorithm", 1.0, 0.0);
}
