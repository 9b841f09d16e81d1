//! Paths on which long packets vanish without a word.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::evidence::proved;
use crate::flow::{connections, with_reno};
use crate::judge::{look, look_while};
use crate::kernel::{Counters, ESTABLISHED, sockets};
use crate::load::{Manner, Server, connect_each};
use crate::net::{Net, Undo};
use crate::notes::note;
use crate::pair::{Pair, peer};
use crate::wait::until;
use crate::wire::{Shape, Wire};

const PORT: u16 = 8080;
const PROBING: &str = "net.ipv4.tcp_mtu_probing";
/// Both ends believe in 1500.
const LONGEST: usize = 1400;
const TRANSFERS: usize = 3;
const BYTES: usize = 100_000;

/// The connecting ends and the accepted ends.
struct Links {
    near: Vec<TcpStream>,
    far: Vec<TcpStream>,
}

impl Links {
    fn open(wire: &Wire, at: SocketAddr, count: usize) -> Self {
        let made = connections(&wire.pair.host, &wire.pair.peer, at, count);
        let (near, far): (Vec<_>, Vec<_>) = made.into_iter().unzip();
        for stream in &far {
            stream.set_nonblocking(true).expect("a mode is set");
        }
        Self { near, far }
    }

    /// The last connection on its own: one more of the same service.
    fn split_last(&mut self) -> Self {
        let near = self.near.pop().into_iter().collect();
        let far = self.far.pop().into_iter().collect();
        Self { near, far }
    }

    /// A long message on each; how many bytes the kernel takes at once.
    fn say(&mut self) -> usize {
        let message = vec![0x55; BYTES];
        let mut taken = 0;
        for stream in &mut self.near {
            stream.set_nonblocking(true).expect("a mode is set");
            taken += stream.write(&message).expect("there is room");
        }
        taken
    }

    /// Bytes that arrive now.
    fn arriving(&mut self) -> usize {
        let mut block = vec![0; 65_536];
        let mut sum = 0;
        for stream in &mut self.far {
            while let Ok(length @ 1..) = stream.read(&mut block) {
                sum += length;
            }
        }
        sum
    }
}

/// One connection with short messages to and fro, as a shell or a heartbeat has them.
struct Chat(Links);

impl Chat {
    fn word(&mut self) {
        let (near, far) = (&mut self.0.near[0], &mut self.0.far[0]);
        far.set_nonblocking(false).expect("a mode is set");
        far.set_read_timeout(Some(Duration::from_secs(10)))
            .expect("a time-out is set");
        near.write_all(b"word").expect("there is room");
        far.read_exact(&mut [0; 4]).expect("short messages arrive");
    }
}

/// Short packets pass, long ones vanish, and no ICMP message says so: transfers stand still beside a
/// connection that talks. With probing the kernel finds a length that passes.
#[test]
fn pmtu_black_hole() {
    let rule = "pmtu-black-hole";
    let mut shown = None;
    for (family, wire) in Wire::for_each_family(Shape::of(10)) {
        with_reno(&wire.pair);
        let host = &wire.pair.host;
        let before = host.settings();
        let mut transfers = Links::open(&wire, peer(family, PORT), TRANSFERS + 1);
        let mut chat = Chat(transfers.split_last());
        chat.word();
        wire.longest(LONGEST);
        let sent = transfers.say();
        until("each has sent its data again three times", 20, || {
            chat.word();
            stuck(host) == TRANSFERS
        });
        let lost = transfers.arriving();
        assert_eq!(lost, 0, "long packets pass");
        let counters = Counters::of(host);
        let judged = look_while(host, 1, || chat.word());
        judged.fires(rule);
        assert_eq!(transfers.arriving(), 0);

        let cure = judged.cure(host, rule);
        let mut came = 0;
        until("all has arrived", 60, || {
            came += transfers.arriving();
            came >= sent
        });
        until("nothing is stuck", 10, || stuck(host) == 0);
        assert_eq!(counters.risen(host, "TcpExt.TCPAbortOnTimeout"), 0);
        look_while(host, 1, || chat.word()).holds(rule);
        note(&format!(
            "pmtu_black_hole {family:?}: 0 of {sent} bytes -> {came}, the same connections"
        ));
        cure.take_back(host);
        host.has_settings(&before);
        shown = Some((lost as f64 / 1e3, came as f64 / 1e3));
    }
    if let Some((lost, came)) = shown {
        let symptom = "kB that arrive past a limit of 1400 bytes nobody tells about";
        proved(rule, symptom, lost, came);
    }
}

/// With 2 a connection begins with segments that every path takes, also on a path that takes more.
#[test]
fn mtu_probing_always() {
    let rule = "mtu-probing-always";
    let mut shown = None;
    for (family, pair) in Pair::for_each_family() {
        let host = &pair.host;
        let sick = Undo::write(host, [(PROBING, "2")]);
        let before = host.settings();
        let _server = Server::start(&pair.peer, peer(family, PORT), Manner::Hold);
        let small = first_segment(host, peer(family, PORT));
        look(host, 0).fires_without_change(rule);

        let cure = Undo::write(host, [(PROBING, "1")]);
        let large = first_segment(host, peer(family, PORT));
        assert!(
            small <= 1024.0 && large > 1400.0,
            "{small} -> {large} bytes"
        );
        look(host, 0).holds(rule);
        note(&format!(
            "mtu_probing_always {family:?}: {small} -> {large} bytes in a segment"
        ));
        cure.take_back(host);
        host.has_settings(&before);
        sick.take_back(host);
        shown.get_or_insert((small, large));
    }
    if let Some((small, large)) = shown {
        let symptom = "bytes in the segments of a new connection, MTU 1500";
        proved(rule, symptom, small, large);
    }
}

/// The size of full segments on a new connection.
fn first_segment(net: &Net, to: SocketAddr) -> f64 {
    let _one = connect_each(net, to, 1);
    let text = net.ss(&["-HOtni", "state", "established"]);
    let mut words = text.split_whitespace();
    let size = words.find_map(|word| word.strip_prefix("mss:"));
    let size = size.and_then(|size| size.parse().ok());
    size.unwrap_or_else(|| panic!("no segment size in {text:?}"))
}

/// A peer that is gone answers nobody, short or long.
#[test]
fn a_dead_peer_is_no_black_hole() {
    for (family, wire) in Wire::for_each_family(Shape::of(10)) {
        with_reno(&wire.pair);
        let host = &wire.pair.host;
        let mut transfers = Links::open(&wire, peer(family, PORT), TRANSFERS + 1);
        let mut chat = Chat(transfers.split_last());
        // What the peer said last, it said to the one that lives on in the black hole.
        chat.word();
        wire.cut(true);
        transfers.say();
        until("each has sent its data again three times", 20, || {
            stuck(host) == TRANSFERS
        });
        look(host, 1).holds("pmtu-black-hole");
    }
}

fn stuck(net: &Net) -> usize {
    let rows = sockets(net).into_iter();
    rows.filter(|row| row.state == ESTABLISHED && row.retransmits >= 3)
        .count()
}
