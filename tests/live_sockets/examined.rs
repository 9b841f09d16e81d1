//! Open connections, looked at one by one.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread::sleep;
use std::time::Duration;

use rustix::net::sockopt::{set_socket_keepalive, set_tcp_nodelay};
use tcptune::fact::socket::{BufferLimits, Examined, QuietTimes, SocketSummary, TcpState};
use tcptune::host::sockets::{CollectOptions, Examine, collect};

use crate::RANGE;
use crate::far::Far;
use crate::mix::{build, listener, pair};
use crate::namespace::{eventually, inside, run};

const LIMITS: BufferLimits = BufferLimits {
    receive: Some(131_072),
    send: Some(16_384),
};

fn look(examine: Examine) -> SocketSummary {
    let options = CollectOptions::live(RANGE).examining(examine);
    collect(&options).unwrap().summary
}

fn examined() -> Examined {
    look(Examine::Yes(LIMITS)).examined.unwrap()
}

#[test]
fn looking_at_connections_one_by_one_changes_nothing_else() {
    if !inside("examined::looking_at_connections_one_by_one_changes_nothing_else") {
        return;
    }
    let _held = build();
    let plain = look(Examine::No);
    assert_eq!(plain.examined, None);
    assert_eq!(look(Examine::IfStuck).examined, None, "none is stuck");
    let mut summary = look(Examine::Yes(LIMITS));
    let examined = summary.examined.take().unwrap();
    assert_eq!(examined.looked_at, plain.count(TcpState::Established));
    assert_eq!(
        (examined.quiet, examined.cut),
        (QuietTimes::default(), false)
    );
    assert_eq!(examined.idle_window, Some(0), "all are near");
    // Timers come and go meanwhile.
    summary.syn_sent_backoff = plain.syn_sent_backoff;
    assert_eq!(summary, plain);
}

#[test]
fn without_open_connections_all_counts_are_zero() {
    if !inside("examined::without_open_connections_all_counts_are_zero") {
        return;
    }
    let found = examined();
    assert_eq!((found.looked_at, found.quiet), (0, QuietTimes::default()));
    assert_eq!(found.idle_window, Some(0));
    assert!(found.receiving.is_some_and(|bulk| bulk.is_empty()));
    assert!(found.sending.is_some_and(|bulk| bulk.is_empty()));
}

#[test]
fn a_minute_without_data_is_quiet_and_keepalive_probes_are_no_data() {
    if !inside("examined::a_minute_without_data_is_quiet_and_keepalive_probes_are_no_data") {
        return;
    }
    fs::write("/proc/sys/net/ipv4/tcp_keepalive_time", "20").unwrap();
    // A peer on loopback needs no timer, so this one is elsewhere by its address.
    run("ip", &["address", "add", "10.99.0.1/32", "dev", "lo"]);
    let service = listener("10.99.0.1:9001".parse().unwrap(), 5);
    // Of each pair the accepted end has no timer.
    let armed = pair(&service);
    set_socket_keepalive(&armed.0, true).unwrap();
    let bare = pair(&service);
    let mut used = pair(&service);
    let (all, unarmed) = (|| examined().quiet, || examined().quiet_unarmed);
    for _ in 0..7 {
        assert_eq!(unarmed(), QuietTimes::default());
        sleep(Duration::from_secs(8));
        used.0.write_all(b"x").unwrap();
        used.1.read_exact(&mut [0]).unwrap();
    }
    // 56 s have passed at least.
    eventually("four ends are quiet", || all().for_60s == 4);
    let expected = QuietTimes {
        for_60s: 3,
        for_600s: 0,
        for_3600s: 0,
    };
    assert_eq!(unarmed(), expected);
    drop((armed, bare, used));
}

#[test]
fn a_sender_whose_buffer_is_at_the_limit_is_kept_with_its_peer() {
    if !inside("examined::a_sender_whose_buffer_is_at_the_limit_is_kept_with_its_peer") {
        return;
    }
    fs::write("/proc/sys/net/ipv4/tcp_wmem", "4096 16384 16384").unwrap();
    fs::write("/proc/sys/net/ipv4/tcp_rmem", "4096 131072 131072").unwrap();
    let service = listener("127.0.0.1:9001".parse().unwrap(), 5);
    let idle = pair(&service);
    let (mut sender, reader) = pair(&service);
    sender.set_nonblocking(true).unwrap();
    let chunk = [0_u8; 4096];
    eventually("nothing more goes out", || sender.write(&chunk).is_err());
    let found = examined();
    let sending = found.sending.unwrap();
    assert_eq!(sending.len(), 1, "{sending:?}");
    let (_, one) = sending.first_key_value().unwrap();
    assert_eq!(one.peer, sender.peer_addr().unwrap());
    assert!(one.busy > 0);
    // The peer is near.
    assert!(found.receiving.unwrap().is_empty());
    let other = BufferLimits {
        send: Some(32_768),
        ..LIMITS
    };
    let other = look(Examine::Yes(other)).examined.unwrap();
    assert!(other.sending.unwrap().is_empty());
    drop((idle, reader));
}

/// Two connections from the other end.
fn connect(far: &Far, service: &TcpListener) -> [(TcpStream, TcpStream); 2] {
    let address = service.local_addr().unwrap();
    [(), ()].map(|()| {
        let client = far.enter(|| TcpStream::connect(address).unwrap());
        let near = service.accept().unwrap().0;
        set_tcp_nodelay(&near, true).unwrap();
        (near, client)
    })
}

#[test]
fn a_peer_that_answers_small_segments_and_no_full_ones_is_a_suspect() {
    if !inside("examined::a_peer_that_answers_small_segments_and_no_full_ones_is_a_suspect") {
        return;
    }
    let far = Far::open();
    let services = ["10.78.0.1:9001", "[fd78::1]:9001"];
    let services = services.map(|address| listener(address.parse().unwrap(), 5));
    let mut pairs = services.each_ref().map(|service| connect(&far, service));
    far.narrow(1280);
    for [large, _] in &mut pairs {
        large.0.write_all(&[0; 5000]).unwrap();
    }
    let seen = |examine| look(examine).examined.map(|found| found.pmtu_suspects);
    eventually("both are stuck", || {
        look(Examine::No).established_stuck == Some(2)
    });
    eventually("both are suspects while others are answered", || {
        for [_, small] in &mut pairs {
            small.0.write_all(b"x").unwrap();
        }
        seen(Examine::IfStuck) == Some(2)
    });
    let found = look(Examine::IfStuck);
    let top = found.examined.unwrap().pmtu_suspects_top.unwrap();
    let first = pairs[0][0].0.peer_addr().unwrap();
    assert_eq!((top.name, top.count), (first.to_string(), 1));

    far.narrow(1500);
    eventually("the full segments arrive", || {
        look(Examine::No).established_stuck == Some(0)
    });
    assert_eq!(examined().pmtu_suspects, 0);
}
