//! The readers of socket tables against a real kernel, in network namespaces of their own.
//!
//! Each test runs itself again below `unshare --net`, builds a known mix of sockets, and compares
//! what is read with what was built and with what `ss` says. Where namespaces cannot be made, the
//! tests say so and pass, unless `TCPTUNE_REQUIRE_LIVE=1`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod examined;
mod far;
mod many;
mod mix;
mod namespace;
mod owners;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Command, id};
use std::thread::sleep;
use std::time::Duration;

use tcptune::fact::socket::{Family, SocketSource, Sockets, TcpState, Tracked};
use tcptune::host::attribution::{Flagged, attribute};
use tcptune::host::inet_diag::{self, Ext, StateMask};
use tcptune::host::proc_tables;
use tcptune::host::process::{Holder, Wanted, owners};
use tcptune::host::sockets::{CollectOptions, collect};

use self::far::Far;
use self::mix::{IPV4, IPV6, begin_connect, build, listener};
use self::namespace::{eventually, inside, run, skip};

const RANGE: (u16, u16) = (32_768, 60_999);

fn counts(sockets: &Sockets, family: Family) -> BTreeMap<TcpState, u64> {
    let all: BTreeMap<TcpState, u64> = (*sockets.summary.of(family)).into();
    all.into_iter().filter(|(_, count)| *count > 0).collect()
}

fn ss(family: &str) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for line in run("ss", &[family, "-tanH"]).lines() {
        let state = line.split_whitespace().next().unwrap().to_owned();
        *counts.entry(state).or_default() += 1;
    }
    counts
}

fn as_ss(counts: &BTreeMap<TcpState, u64>) -> BTreeMap<String, u64> {
    counts
        .iter()
        .map(|(state, count)| (state.ss_name().to_owned(), *count))
        .collect()
}

#[test]
fn every_state_of_both_families_agrees_with_what_was_built_and_with_ss() {
    if !inside("every_state_of_both_families_agrees_with_what_was_built_and_with_ss") {
        return;
    }
    let _held = build();
    for options in [
        CollectOptions::live(RANGE),
        CollectOptions::recorded(RANGE, Path::new("/proc/thread-self/net")),
    ] {
        let sockets = collect(&options).unwrap();
        for (family, flag, mix) in [(Family::Ipv4, "-4", IPV4), (Family::Ipv6, "-6", IPV6)] {
            let found = counts(&sockets, family);
            assert_eq!(found, mix.expected(), "{:?}", sockets.source);
            assert_eq!(as_ss(&found), ss(flag), "{:?}", sockets.source);
        }
        assert_eq!(sockets.notes, Vec::<String>::new());
    }
    let mut by_family = BTreeMap::new();
    let note = inet_diag::dump_each_family(StateMask::CONNECTIONS, Ext::Plain, |socket| {
        *by_family
            .entry((socket.row.family, socket.row.state))
            .or_insert(0_u64) += 1;
    })
    .unwrap();
    assert!(!note.ipv6_refused);
    for ((family, state), count) in by_family {
        let mix = if family == Family::Ipv4 { &IPV4 } else { &IPV6 };
        assert_eq!(
            Some(&count),
            mix.expected().get(&state),
            "{family:?} {state:?}"
        );
    }
}

#[test]
fn a_dump_of_many_answers_is_read_to_its_end() {
    // One answer holds some hundred sockets.
    const MANY: u64 = 3000;
    if !inside("a_dump_of_many_answers_is_read_to_its_end") {
        return;
    }
    // Else a port in TIME_WAIT may be taken again on loopback.
    fs::write("/proc/sys/net/ipv4/tcp_tw_reuse", "0").unwrap();
    let service = listener("127.0.0.1:9001".parse().unwrap(), 5);
    for _ in 0..MANY {
        drop(mix::pair(&service));
    }
    eventually("all sockets rest", || {
        ss("-4").get("TIME-WAIT") == Some(&MANY)
    });
    for options in [
        CollectOptions::live(RANGE),
        CollectOptions::recorded(RANGE, Path::new("/proc/thread-self/net")),
    ] {
        let summary = collect(&options).unwrap().summary;
        assert_eq!(summary.count(TcpState::TimeWait), MANY);
        let destination = &summary.destinations[0];
        assert_eq!((destination.used, destination.time_wait), (MANY, MANY));
        assert_eq!(summary.destinations.len(), 1);
    }
    let some = |limit| {
        let mut given = 0;
        let states = StateMask::CONNECTIONS;
        let note = inet_diag::dump_some(states, Ext::InfoAndMemory, limit, |_| given += 1);
        (given, note.unwrap().sockets > limit)
    };
    assert_eq!(some(10), (10, true));
    assert_eq!(some(MANY - 1), (MANY - 1, true));
    assert_eq!(some(MANY), (MANY, false));
    assert_eq!(some(u64::MAX), (MANY, false));
}

#[test]
fn timers_orphans_and_destinations_are_told_apart() {
    if !inside("timers_orphans_and_destinations_are_told_apart") {
        return;
    }
    let _held = build();
    let now = collect(&CollectOptions::live(RANGE)).unwrap();
    assert_eq!(now.source, SocketSource::Diagnostics);
    let summary = &now.summary;
    assert_eq!(summary.established_keepalive, Some(5));
    assert_eq!(summary.established_backoff, Some(0));
    assert_eq!(summary.fin_wait_1_backoff, Some(0));
    assert_eq!(summary.fin_wait_2_orphaned, 12);
    // The accepted ends and those that wait for accept(), against the ends that connected.
    assert_eq!((summary.incoming, summary.outgoing), (17, 17));
    assert_eq!(summary.established_stuck, Some(0));
    assert_eq!(summary.established_stuck_top, None);

    eventually("every SYN is sent again", || {
        let later = collect(&CollectOptions::live(RANGE)).unwrap().summary;
        let orphans = Tracked::persisting(&summary.fin_wait_2_tracked, &later.fin_wait_2_tracked);
        let waiting = Tracked::persisting(&summary.syn_sent_tracked, &later.syn_sent_tracked);
        assert_eq!((orphans.count, waiting.count), (12, 6));
        let top = later.syn_sent_top.as_ref();
        let top = top.map(|top| (top.name.as_str(), top.count));
        later.syn_sent_backoff == Some(6) && top == Some(("10.77.0.9:80", 4))
    });

    // Towards the service: connected, half closed, orphaned and resting ports.
    let service = "127.0.0.1:9001".parse().unwrap();
    let found = summary
        .destinations
        .iter()
        .find(|found| found.address == service)
        .unwrap();
    assert_eq!((found.used, found.time_wait), (27, 7));
    assert_eq!(found.source, service.ip());

    let options = CollectOptions::recorded(RANGE, Path::new("/proc/thread-self/net"));
    let tables = collect(&options).unwrap();
    assert_eq!(tables.source, SocketSource::ProcTables);
    assert_eq!(tables.summary.established_keepalive, None);
    assert_eq!(tables.summary.established_stuck, None);
    assert_eq!((tables.summary.incoming, tables.summary.outgoing), (17, 17));
    assert_eq!(tables.summary.syn_sent_backoff, None);
    assert_eq!(tables.summary.close_wait_ages, None);
    assert_eq!(
        tables.summary.fin_wait_1_backoff,
        Some(0),
        "there is no such socket"
    );
    assert_eq!(
        tables.summary.fin_wait_2_orphaned,
        summary.fin_wait_2_orphaned
    );
    assert_eq!(
        tables.summary.fin_wait_2_tracked,
        summary.fin_wait_2_tracked
    );
    assert_eq!(tables.summary.syn_sent_tracked, summary.syn_sent_tracked);
    assert_eq!(tables.summary.destinations, summary.destinations);
    assert_eq!(
        sorted(&tables.close_wait_inodes),
        sorted(&now.close_wait_inodes)
    );
}

#[test]
fn what_is_sent_again_without_an_answer_is_told_by_state() {
    if !inside("what_is_sent_again_without_an_answer_is_told_by_state") {
        return;
    }
    let far = Far::open();
    let mut held = Vec::new();
    let mut peers = Vec::new();
    for address in ["10.78.0.1:9001", "[fd78::1]:9001"] {
        let service = listener(address.parse().unwrap(), 5);
        let connect = || {
            let client = far.enter(|| TcpStream::connect(address).unwrap());
            (client, service.accept().unwrap().0)
        };
        let (near, stuck) = (connect(), connect());
        peers.push(stuck.1.peer_addr().unwrap());
        let (dropped, half) = (connect(), connect());
        half.0.shutdown(Shutdown::Write).unwrap();
        eventually("the FIN has come", || {
            let summary = collect(&CollectOptions::live(RANGE)).unwrap().summary;
            summary.count(TcpState::CloseWait) == peers.len() as u64
        });
        held.push((service, near, stuck, dropped, half));
    }
    Far::lose();
    let mut kept = Vec::new();
    for (service, near, mut stuck, mut dropped, half) in held {
        stuck.1.write_all(b"x").unwrap();
        dropped.1.write_all(b"x").unwrap();
        drop((dropped.1, half.1));
        kept.push((service, near, stuck, dropped.0, half.0));
    }
    let look = || collect(&CollectOptions::live(RANGE)).unwrap().summary;
    eventually("both are sent again three times", || {
        look().established_stuck == Some(2)
    });
    let summary = look();
    assert_eq!(summary.established_backoff, Some(2));
    let top = summary.established_stuck_top.unwrap();
    assert_eq!((top.name, top.count), (peers[0].to_string(), 1));
    assert_eq!(summary.fin_wait_1_orphaned, 2);
    assert_eq!(summary.fin_wait_1_backoff, Some(2));
    assert_eq!(summary.last_ack_backoff, Some(2));
    assert_eq!(summary.closing_backoff, Some(0));
    let tables = CollectOptions::recorded(RANGE, Path::new("/proc/thread-self/net"));
    let tables = collect(&tables).unwrap().summary;
    assert_eq!(tables.fin_wait_1_orphaned, 2);
    assert_eq!(tables.last_ack_backoff, None);
    drop(kept);
}

fn sorted(inodes: &[u64]) -> Vec<u64> {
    let mut inodes = inodes.to_vec();
    inodes.sort_unstable();
    inodes
}

#[test]
fn close_wait_has_an_age_and_an_owner() {
    if !inside("close_wait_has_an_age_and_an_owner") {
        return;
    }
    let _held = build();
    let ages = || {
        let mut ages = Vec::new();
        let states = StateMask::only(TcpState::CloseWait);
        inet_diag::dump(states, Ext::Info, |socket| {
            ages.push(socket.last_ack_received());
        })
        .unwrap();
        ages
    };
    let before = ages();
    assert_eq!(before.len(), 19);
    sleep(Duration::from_millis(1200));
    let youngest = ages().into_iter().min().unwrap().unwrap();
    assert!(youngest >= 1000, "{youngest}");

    let mut sockets = collect(&CollectOptions::live(RANGE)).unwrap();
    assert!(sockets.summary.close_wait_ages.is_some());
    let flagged = Flagged::all(&sockets);
    let owners = attribute(&mut sockets, &flagged, Path::new("/proc"), usize::MAX);
    let owner = sockets.summary.close_wait_owner.unwrap();
    assert_eq!(owner.count, 19);
    assert!(
        owner.name.ends_with(&format!(" (pid {})", id())),
        "{}",
        owner.name
    );
    for listener in &sockets.listeners {
        assert!(matches!(owners.holder(listener.inode), Holder::Known(_)));
        assert_eq!(listener.process.as_ref(), Some(&owner.name));
    }
}

#[test]
fn the_age_of_close_wait_is_that_of_the_last_acknowledgement() {
    if !inside("the_age_of_close_wait_is_that_of_the_last_acknowledgement") {
        return;
    }
    let service = listener("127.0.0.1:9001".parse().unwrap(), 5);
    let (mut client, mut server) = mix::pair(&service);
    client.write_all(b"x").unwrap();
    server.read_exact(&mut [0]).unwrap();
    // The data is older than the acknowledgement that comes with the FIN.
    sleep(Duration::from_millis(1500));
    client.shutdown(Shutdown::Write).unwrap();
    let age = || {
        let mut age = None;
        let states = StateMask::only(TcpState::CloseWait);
        inet_diag::dump(states, Ext::Info, |socket| age = socket.last_ack_received()).unwrap();
        age
    };
    eventually("the FIN has come", || age().is_some());
    let before = age().unwrap();
    let said = run("ss", &["-tinH", "state", "close-wait"]);
    let after = age().unwrap();
    let word = said
        .split_whitespace()
        .find_map(|word| word.strip_prefix("lastack:"));
    let lastack: u32 = word.map_or(0, |number| number.parse().unwrap());
    assert!(
        (before..=after).contains(&lastack),
        "{before} {lastack} {after}"
    );
}

#[test]
fn a_full_listener_shows_its_queue_its_bound_and_every_refused_connect() {
    if !inside("a_full_listener_shows_its_queue_its_bound_and_every_refused_connect") {
        return;
    }
    let _held = build();
    let full = |address: &str| {
        let address: SocketAddr = address.parse().unwrap();
        let sockets = collect(&CollectOptions::live(RANGE)).unwrap();
        let mut found = sockets.listeners.into_iter();
        found.find(|listener| listener.address == address).unwrap()
    };
    for (address, bound) in [("127.0.0.1:9002", 3), ("[::1]:9002", 2)] {
        let before = full(address);
        // The kernel admits one more than the bound.
        assert_eq!((before.queue, before.bound), (bound + 1, Some(bound)));
        let drops = before.drops.unwrap();
        for _ in 0..9 {
            // Closed at once, so that no SYN is sent again.
            drop(begin_connect(address.parse().unwrap()));
        }
        eventually("all connects are refused", || {
            full(address).drops >= Some(drops + 9)
        });
        assert_eq!(full(address).drops, Some(drops + 9));
    }
    let other = full("127.0.0.1:9001");
    assert_eq!(
        (other.queue, other.bound, other.drops),
        (0, Some(64), Some(0))
    );

    let options = CollectOptions::recorded(RANGE, Path::new("/proc/thread-self/net"));
    let tables = collect(&options).unwrap();
    let now = collect(&CollectOptions::live(RANGE)).unwrap();
    assert_eq!(tables.listeners.len(), now.listeners.len());
    for (plain, rich) in tables.listeners.iter().zip(&now.listeners) {
        assert_eq!((plain.address, plain.queue), (rich.address, rich.queue));
        assert_eq!((plain.inode, plain.family), (rich.inode, rich.family));
        assert_eq!((plain.bound, plain.drops), (None, None));
    }
}

#[test]
fn held_ports_are_those_of_tcp_listeners_and_udp_sockets() {
    if !inside("held_ports_are_those_of_tcp_listeners_and_udp_sockets") {
        return;
    }
    let _ipv4 = UdpSocket::bind("127.0.0.1:20000").unwrap();
    let _ipv6 = UdpSocket::bind("[::1]:20001").unwrap();
    let connected = UdpSocket::bind("127.0.0.1:61111").unwrap();
    connected.connect("127.0.0.1:20000").unwrap();
    let _tcp = listener("[::]:20001".parse().unwrap(), 5);
    let live = CollectOptions::live(RANGE);
    let tables = CollectOptions::recorded(RANGE, Path::new("/proc/thread-self/net"));
    for options in [live, tables] {
        let ports = collect(&options).unwrap().ports;
        assert_eq!(ports.held(16_384, 32_767, &[]), Some(2), "{ports:?}");
        assert_eq!(ports.held(61_000, 65_535, &[]), Some(1), "{ports:?}");
        assert_eq!(ports.held(1, 65_535, &[]), Some(3), "{ports:?}");
    }
}

#[test]
fn ipv4_over_an_ipv6_listener_is_an_ipv6_socket_with_ipv4_addresses() {
    if !inside("ipv4_over_an_ipv6_listener_is_an_ipv6_socket_with_ipv4_addresses") {
        return;
    }
    let both = listener("[::]:9005".parse().unwrap(), 5);
    let client = TcpStream::connect("127.0.0.1:9005").unwrap();
    let (_server, _) = both.accept().unwrap();
    let mut rows = Vec::new();
    let states = StateMask::CONNECTIONS;
    inet_diag::dump(states, Ext::Plain, |socket| rows.push(socket.row.clone())).unwrap();
    rows.sort_by_key(|row| row.family);
    let mut tables = Vec::new();
    proc_tables::tcp(Path::new("/proc/thread-self/net"), |row| {
        tables.push(row.clone());
    })
    .unwrap();
    tables.retain(|row| row.state != TcpState::Listening);
    tables.sort_by_key(|row| row.family);
    for rows in [rows, tables] {
        let families: Vec<Family> = rows.iter().map(|row| row.family).collect();
        assert_eq!(families, [Family::Ipv4, Family::Ipv6]);
        assert_eq!(rows[0].local, client.local_addr().unwrap());
        assert_eq!(
            (rows[0].local, rows[0].remote),
            (rows[1].remote, rows[1].local)
        );
    }
}

#[test]
fn the_holder_under_another_user_is_not_visible_rather_than_absent() {
    const NAME: &str = "the_holder_under_another_user_is_not_visible_rather_than_absent";
    const INODE: &str = "TCPTUNE_LOOK_FOR";
    if let Ok(inode) = env::var(INODE) {
        let inode: u64 = inode.parse().unwrap();
        let found = owners(Path::new("/proc"), Wanted::each([inode]), usize::MAX);
        assert_eq!(found.holder(inode), Holder::NotVisible);
        assert!(found.hidden > 0);
        let sockets = collect(&CollectOptions::live(RANGE)).unwrap();
        assert_eq!(
            sockets.source,
            SocketSource::Diagnostics,
            "needs no privilege"
        );
        assert_eq!(sockets.listeners.len(), 1);
        return;
    }
    if !inside(NAME) {
        return;
    }
    let held = listener("127.0.0.1:9001".parse().unwrap(), 5);
    let sockets = collect(&CollectOptions::live(RANGE)).unwrap();
    let inode = sockets.listeners[0].inode;
    let program = env::current_exe().unwrap();
    let as_nobody = || {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
        command
    };
    let probe = as_nobody().arg("test").arg("-x").arg(&program).status();
    if !probe.is_ok_and(|status| status.success()) {
        skip("this program cannot be run as another user");
        return;
    }
    let mut child = as_nobody();
    child.arg(&program).args(["--exact", NAME, "--nocapture"]);
    let output = child.env(INODE, inode.to_string()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    drop(held);
}

#[test]
fn an_empty_namespace_has_no_sockets_and_says_zero() {
    if !inside("an_empty_namespace_has_no_sockets_and_says_zero") {
        return;
    }
    let sockets = collect(&CollectOptions::live(RANGE)).unwrap();
    assert_eq!(
        sockets.summary.ipv4.total() + sockets.summary.ipv6.total(),
        0
    );
    assert_eq!(sockets.summary.established_keepalive, Some(0));
    assert!(sockets.listeners.is_empty() && sockets.ports.tcp.is_empty());
    assert_eq!(sockets.ports.udp, Some([].into()));
}
