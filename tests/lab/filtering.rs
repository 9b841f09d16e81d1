//! Packets that the host refuses because an answer would leave elsewhere.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::thread::sleep;
use std::time::Duration;

use crate::evidence::proved;
use crate::judge::{look, look_while};
use crate::kernel::Counters;
use crate::net::Undo;
use crate::notes::note;
use crate::pair::{Family, Pair, host};
use crate::wait::until;

const FILTERED: &str = "TcpExt.IPReversePathFilter";
const ALL: &str = "net.ipv4.conf.all.rp_filter";
const CABLE: &str = "net.ipv4.conf.cable.rp_filter";
const BURST: i64 = 100;

/// A host whose way to 10.88.0.0/24 is another interface than the one its packets come in by, and who
/// sends and who receives them. The filter exists for IPv4 only.
struct Detour {
    pair: Pair,
    from: UdpSocket,
    to: UdpSocket,
}

impl Detour {
    fn open() -> Option<Self> {
        let pair = Pair::open()?;
        pair.host.ip("link add other type veth peer name beyond
             link set other up
             link set beyond up
             route add 10.88.0.0/24 dev other\n");
        pair.peer.ip("address add 10.88.0.2/32 dev cable\n");
        let source = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 88, 0, 2)), 9000);
        let from = pair.peer.enter(|| UdpSocket::bind(source));
        let to = pair.host.enter(|| UdpSocket::bind(host(Family::V4, 9000)));
        let (from, to) = (from.expect("UDP binds"), to.expect("UDP binds"));
        to.set_nonblocking(true).expect("a mode is set");
        Some(Self { pair, from, to })
    }

    /// The filter of everything off, but for the cable.
    fn filter(&self, cable: &str) -> Undo {
        let others =
            ["lo", "other", "beyond"].map(|name| format!("net.ipv4.conf.{name}.rp_filter"));
        let off = others.iter().map(|key| (key.as_str(), "0"));
        Undo::write(&self.pair.host, off.chain([(ALL, "0"), (CABLE, cable)]))
    }

    fn send(&self, count: i64) {
        for _ in 0..count {
            self.from
                .send_to(b"hello", host(Family::V4, 9000))
                .expect("a datagram is sent");
        }
    }

    /// How many of a burst arrive.
    fn arrived(&self) -> i64 {
        while self.to.recv(&mut [0; 8]).is_ok() {}
        let before = Counters::of(&self.pair.host);
        self.send(BURST);
        let mut arrived = 0;
        until("each datagram has arrived or was filtered", 10, || {
            while self.to.recv(&mut [0; 8]).is_ok() {
                arrived += 1;
            }
            arrived + before.risen(&self.pair.host, FILTERED) == BURST
        });
        arrived
    }
}

/// `conf.all` 0 turns nothing off: the interface's 1 is the larger one. The interface's 0 does.
#[test]
fn rp_filter_max_rule() {
    let rule = "rp-filter-max-rule";
    let Some(detour) = Detour::open() else { return };
    let net = &detour.pair.host;
    let sick = detour.filter("1");
    let before = net.settings();
    let passed = detour.arrived();
    assert_eq!(passed, 0, "conf.all is {}", net.read(ALL));
    look(net, 1)
        .fires_without_change(rule)
        .says(rule, "cable")
        .is_quiet();
    // A loose one beside it has the larger number, and drops nothing.
    let loose = Undo::write(net, [("net.ipv4.conf.other.rp_filter", "2")]);
    look(net, 1).says(rule, "cable has rp_filter 1");
    loose.take_back(net);

    let cure = Undo::write(net, [(CABLE, "0")]);
    let cured = detour.arrived();
    assert_eq!(cured, BURST);
    look(net, 1).holds(rule);
    note(&format!(
        "rp_filter_max_rule: conf.all 0, interface 1 -> 0: {passed} -> {cured} of {BURST} pass"
    ));
    cure.take_back(net);
    net.has_settings(&before);
    sick.take_back(net);
    proved(
        rule,
        "datagrams of 100 that pass with conf.all at 0, by the interface's value",
        0.0,
        100.0,
    );
}

/// What is dropped is counted, and ends when the answer's way is that of the packet, or the filter is
/// loose.
#[test]
fn reverse_path_drops() {
    let rule = "reverse-path-drops";
    let Some(detour) = Detour::open() else { return };
    let net = &detour.pair.host;
    let sick = detour.filter("1");
    let before = net.settings();
    let round = || {
        detour.send(20);
        sleep(Duration::from_millis(20));
    };
    let passed = detour.arrived();
    assert_eq!(passed, 0);
    look_while(net, 1, round).fires_without_change(rule);

    let loose = Undo::write(net, [(CABLE, "2")]);
    assert_eq!(detour.arrived(), BURST, "there is a way to the source");
    look_while(net, 1, round).holds(rule);
    loose.take_back(net);
    assert_eq!(detour.arrived(), 0);
    net.ip("route replace 10.88.0.0/24 dev cable\n");
    let counters = Counters::of(net);
    assert_eq!(detour.arrived(), BURST, "the answer leaves by the same way");
    look_while(net, 1, round).holds(rule);
    assert_eq!(counters.risen(net, FILTERED), 0);
    note("reverse_path_drops: strict 0 of 100, loose 100, strict with the right route 100");
    net.has_settings(&before);
    sick.take_back(net);
    proved(rule, "datagrams of 100 lost without a word", 100.0, 0.0);
}
