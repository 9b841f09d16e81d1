//! Limits of the whole machine, and buffers.

use std::fs;
use std::io::Write as _;
use std::net::{SocketAddr, UdpSocket};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use rustix::net::sockopt::{
    set_socket_recv_buffer_size, set_socket_recv_buffer_size_force, socket_recv_buffer_size,
};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, ipproto, recv, sendto,
    socket_with,
};

use crate::evidence::proved;
use crate::judge::{look, look_at_machine_while, look_while};
use crate::kernel::Counters;
use crate::load::{connect_all, connect_each, connected, listen};
use crate::machine::{Borrowed, allowed};
use crate::net::{Net, Undo, usable};
use crate::notes::note;
use crate::pair::{Family, Pair, host};
use crate::wait::{reached, until};

const LOST: &str = "Udp.RcvbufErrors";
const BURST: i64 = 200;
/// What every kernel grants: the smallest default of `rmem_max`.
const ASKED: usize = 212_992;

/// A burst into a socket that nobody reads meanwhile: lost with a small buffer, whole with a larger one
/// that the program asks for. No setting is touched.
#[test]
fn udp_receive_buffer() {
    let rule = "udp-receive-buffer";
    let Some(pair) = Pair::open() else { return };
    let before = pair.host.settings();
    let from = pair
        .peer
        .enter(|| UdpSocket::bind("0.0.0.0:0"))
        .expect("UDP binds");
    let socket = |port, size| {
        let bound = pair.host.enter(|| UdpSocket::bind(host(Family::V4, port)));
        let socket = bound.expect("UDP binds");
        socket.set_nonblocking(true).expect("a mode is set");
        set_socket_recv_buffer_size(&socket, size).expect("an option is set");
        socket
    };
    let (small, large) = (socket(9000, 4096), socket(9001, ASKED));
    let granted = socket_recv_buffer_size(&large).expect("an option is read");
    if granted < 2 * ASKED {
        return note(&format!(
            "udp_receive_buffer: {granted} bytes granted, not tried"
        ));
    }
    // (read, lost) of one burst.
    let burst = |to: &UdpSocket| {
        let counters = Counters::of(&pair.host);
        let at = to.local_addr().expect("it is bound");
        for _ in 0..BURST {
            from.send_to(&[7; 64], at).expect("a datagram is sent");
        }
        // Only once all have come: reading meanwhile would make room.
        until("the burst has come", 10, || {
            counters.risen(&pair.host, "Ip.InDelivers") >= BURST
        });
        let (mut read, mut lost) = (0, 0);
        until("each datagram was read or lost", 10, || {
            lost = counters.risen(&pair.host, LOST);
            while to.recv(&mut [0; 64]).is_ok() {
                read += 1;
            }
            read + lost == BURST
        });
        (read, lost)
    };
    let (_, lost) = burst(&small);
    assert!(lost >= 150, "{lost} lost");
    let pause = || sleep(Duration::from_millis(20));
    look_while(&pair.host, 1, || {
        burst(&small);
        pause();
    })
    .fires_without_change(rule)
    .says(rule, "9000");

    let cured = burst(&large);
    assert_eq!(cured, (BURST, 0));
    look_while(&pair.host, 1, || {
        burst(&large);
        pause();
    })
    .holds(rule);
    note(&format!(
        "udp_receive_buffer: {lost} -> {} of {BURST} lost",
        cured.1
    ));
    pair.host.has_settings(&before);
    let lost = f64::from(i32::try_from(lost).expect("few"));
    proved(rule, "datagrams lost of a burst of 200", lost, 0.0);
}

/// Answers of 167 fragments, which the kernel itself sends in one go, against a backlog of 150 packets: each
/// loses one at least, and with it the answer. (Some kernels send no more of it after that.) A longer
/// backlog takes them all.
#[test]
fn softnet_drops() {
    const BACKLOG: &str = "net.core.netdev_max_backlog";
    const PINGS: i64 = 150;
    let rule = "softnet-drops";
    let Some(_machine) = allowed() else {
        return;
    };
    let Some(pair) = Pair::open() else { return };
    // 48 bytes of an answer fit into a packet; unfinished answers are forgotten after a second.
    for net in [&pair.host, &pair.peer] {
        net.ip("link set cable mtu 68\n");
    }
    let undo = Undo::write(
        &pair.peer,
        [
            ("net.ipv4.ipfrag_time", "1"),
            ("net.ipv4.ping_group_range", "0 0"),
        ],
    );
    let before = pair.host.settings();
    let socket = pair.peer.enter(|| {
        let icmp = Some(ipproto::ICMP);
        let (family, datagrams) = (AddressFamily::INET, SocketType::DGRAM);
        socket_with(family, datagrams, SocketFlags::CLOEXEC, icmp)
    });
    let socket = socket.expect("a socket for pings is made");
    // Each fragment of an answer is charged, and all answers may come before the first is read.
    set_socket_recv_buffer_size_force(&socket, 1 << 26).expect("an option is set");
    let ping = || {
        let mut message = vec![7; 8 + 8000];
        // Echo request; the kernel fills in the identifier and the checksum.
        message[..8].copy_from_slice(&[8, 0, 0, 0, 0, 0, 0, 1]);
        sendto(&socket, &message, SendFlags::empty(), &host(Family::V4, 0))
            .expect("a ping is sent");
    };
    let answers = || {
        let answer = || recv(&socket, &mut [0_u8; 16][..], RecvFlags::DONTWAIT).ok();
        std::iter::from_fn(answer).count()
    };
    // How many of some pings were answered, and what the machine dropped meanwhile.
    let answered = || {
        let (counters, dropped) = (Counters::of(&pair.host), dropped());
        for _ in 0..PINGS {
            ping();
        }
        until("each ping has come and its answer was sent", 20, || {
            counters.risen(&pair.host, "Icmp.InEchos") == PINGS
                && counters.risen(&pair.host, "Icmp.OutEchoReps") == PINGS
        });
        (answers(), self::dropped() - dropped)
    };
    let backlog = Borrowed::of(BACKLOG);
    backlog.write("150");
    let (whole, lost) = answered();
    assert_eq!(whole, 0);
    assert!(lost >= PINGS, "{lost} packets dropped");
    let judged = look_at_machine_while(1, || {
        (0..30).for_each(|_| ping());
        answers();
        sleep(Duration::from_millis(20));
    });
    judged.fires(rule).proposes(rule, BACKLOG, "10000");

    backlog.write("10000");
    // What the unfinished answers take of the peer's memory for fragments is free again.
    until("the peer has forgotten the unfinished answers", 20, || {
        let text = fs::read_to_string(format!("/proc/{}/net/sockstat", pair.peer.pid()));
        text.is_ok_and(|text| text.contains("FRAG: inuse 0 memory 0"))
    });
    answers();
    let (cured, still) = answered();
    assert_eq!((cured, still), (150, 0));
    look_at_machine_while(1, || {
        (0..30).for_each(|_| ping());
        answers();
        sleep(Duration::from_millis(20));
    })
    .holds(rule);
    note(&format!(
        "softnet_drops: {whole} of 150 answered, {lost} packets dropped -> {cured} of 150, {still} dropped"
    ));
    drop(backlog);
    undo.take_back(&pair.peer);
    pair.host.has_settings(&before);
    proved(rule, "answered of 150 large pings", 0.0, 150.0);
}

/// Packets that the CPUs of the machine have dropped.
fn dropped() -> i64 {
    let text = fs::read_to_string("/proc/net/softnet_stat").expect("it is readable");
    let second = |line: &str| line.split_whitespace().nth(1).map(str::to_owned);
    text.lines()
        .filter_map(second)
        .map(|hex| i64::from_str_radix(&hex, 16).expect("it is hexadecimal"))
        .sum()
}

/// A table of 64 entries, filled with connections that have an entry each: the next ones get none, until
/// there is room.
#[test]
fn conntrack_full() {
    const MAX: &str = "net.netfilter.nf_conntrack_max";
    const RULES: &str = "table inet watch {
        chain in { type filter hook input priority 0; policy accept; ct state new,established accept; }
    }";
    let rule = "conntrack-full";
    let Some(_machine) = allowed() else {
        return;
    };
    let Some(pair) = Pair::open() else { return };
    let nft = pair.host.enter(|| {
        let mut nft = Command::new("nft")
            .args(["-f", "-"])
            .stdin(Stdio::piped())
            .spawn()?;
        let mut input = nft.stdin.take().expect("nft has a standard input");
        input.write_all(RULES.as_bytes())?;
        drop(input);
        nft.wait()
    });
    if !nft.is_ok_and(|status| status.success()) {
        return note("conntrack_full: nft cannot be used here, not tried");
    }
    let before = pair.host.settings();
    let at = host(Family::V4, 8080);
    let _listener = listen(&pair.host, at, 4096);
    let limit = Borrowed::of(MAX);
    limit.write("64");
    let _filling = connect_each(&pair.peer, at, 64);
    assert_eq!(pair.host.read("net.netfilter.nf_conntrack_count"), "64");
    let refused = connect_all(&pair.peer, at, 40);
    until("each SYN was dropped", 10, || {
        conntrack_drops(&pair.host) >= 40
    });
    assert_eq!(connected(&refused), 0);
    let judged = look(&pair.host, 1);
    judged.fires(rule).proposes(rule, MAX, "131072");
    drop(refused);

    limit.write("131072");
    let dropped = conntrack_drops(&pair.host);
    let clients = connect_all(&pair.peer, at, 40);
    until("each client is connected", 20, || connected(&clients) == 40);
    assert_eq!(conntrack_drops(&pair.host), dropped);
    look(&pair.host, 1).holds(rule);
    note(&format!(
        "conntrack_full: 0 of 40 with a full table, {dropped} dropped -> 40 of 40"
    ));
    drop(limit);
    pair.host.has_settings(&before);
    proved(rule, "new connections of 40", 0.0, 40.0);
}

/// What the table of the namespace had no room for.
fn conntrack_drops(net: &Net) -> i64 {
    let path = format!("/proc/{}/net/stat/nf_conntrack", net.pid());
    let text = fs::read_to_string(path).expect("connection tracking has statistics");
    let mut lines = text
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    let names = lines.next().expect("it has a head");
    let at = names
        .iter()
        .position(|name| *name == "drop")
        .expect("it has the column");
    lines
        .map(|line| i64::from_str_radix(line[at], 16).expect("it is hexadecimal"))
        .sum()
}

/// Connections that their program has closed and their peer has not: above the limit each further one is
/// reset at once; with room for them they stay.
#[test]
fn orphan_limit() {
    const LIMIT: &str = "net.ipv4.tcp_max_orphans";
    const ABORTED: &str = "TcpExt.TCPAbortOnMemory";
    let rule = "orphan-limit";
    let Some(_machine) = allowed() else {
        return;
    };
    if !usable() {
        return;
    }
    // Those that an earlier experiment has left would end half-way, and make room below the limit.
    if !reached(20, || orphans() == 0) {
        return note("orphan_limit: the machine has orphans of its own, not tried");
    }
    let machine = Net::machine();
    let listener = listen(&machine, SocketAddr::from(([127, 0, 0, 1], 0)), 4096);
    let at = listener.local_addr().expect("it is bound");
    let leave = |count| drop(connect_each(&machine, at, count));
    // Beyond 60 s an orphan in FIN_WAIT2 stays a whole socket, and no timer looks at it for a minute.
    let patience = Borrowed::of("net.ipv4.tcp_fin_timeout");
    patience.write("120");
    let limit = Borrowed::of(LIMIT);
    limit.write("100");
    leave(120);
    let counters = Counters::of(&machine);
    // The kernel looks at its own sum every tenth of a second.
    until("the next ones are reset", 10, || {
        leave(1);
        counters.risen(&machine, ABORTED) > 0
    });
    let counters = Counters::of(&machine);
    leave(50);
    let reset = counters.risen(&machine, ABORTED);
    assert_eq!(reset, 50);
    let judged = look_at_machine_while(1, || {
        leave(10);
        sleep(Duration::from_millis(100));
    });
    judged.fires(rule).proposes(rule, LIMIT, "32768");

    limit.write("32768");
    let counters = Counters::of(&machine);
    let before = orphans();
    leave(50);
    assert_eq!(counters.risen(&machine, ABORTED), 0);
    assert!(orphans() >= before + 50, "they stay");
    look_at_machine_while(1, || {
        leave(10);
        sleep(Duration::from_millis(100));
    })
    .holds(rule);
    note(&format!("orphan_limit: {reset} of 50 reset -> 0 of 50"));
    // Whoever waits for them is gone, and so are they.
    drop(listener);
    until("no orphan is left", 20, || orphans() <= 20);
    drop((limit, patience));
    proved(rule, "closed connections reset, of 50", 50.0, 0.0);
}

/// Connections of the machine that no program holds.
fn orphans() -> u64 {
    let text = fs::read_to_string("/proc/net/sockstat").expect("it is readable");
    let (_, rest) = text.split_once("orphan ").expect("it has the field");
    let digits = rest.split_whitespace().next().expect("a number follows");
    digits.parse().expect("it is a number")
}
