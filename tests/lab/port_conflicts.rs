//! Services whose port the kernel gives away.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with, sockopt};

use crate::evidence::proved;
use crate::judge::look;
use crate::kernel::{LISTEN, in_state, sockets};
use crate::load::{Manner, Server, connect_all, connected, listen};
use crate::net::{Net, Undo};
use crate::notes::note;
use crate::pair::{Pair, host, peer};
use crate::wait::until;

const RANGE: &str = "net.ipv4.ip_local_port_range";
/// Four ports, one of which is the service's: as many connections to one destination have to take it. An
/// odd number will not do: the kernel never looks at the last port of it.
const NARROW: &str = "20000 20003";
const SERVICE: u16 = 20_001;
const RESTARTS: usize = 5;

/// While the service restarts, outgoing connections take its port and it can not come back. Once the port
/// is reserved they never do.
#[test]
fn listener_in_port_range() {
    let rule = "listener-in-port-range";
    for (family, pair) in Pair::for_each_family() {
        let sick = Undo::write(&pair.host, [(RANGE, NARROW)]);
        let before = pair.host.settings();
        let (at, to) = (host(family, SERVICE), peer(family, 8080));
        let _server = Server::start(&pair.peer, to, Manner::Hold);
        let service = listen(&pair.host, at, 16);
        let judged = look(&pair.host, 1);
        judged.fires(rule).says(rule, &at.to_string());
        drop(service);
        let failed = (0..RESTARTS).filter(|_| !restart(&pair, at, to, 4)).count();
        assert_eq!(failed, RESTARTS);

        let cure = judged.cure(&pair.host, rule);
        let left = (0..RESTARTS).filter(|_| !restart(&pair, at, to, 3)).count();
        assert_eq!(left, 0);
        let _service = listen(&pair.host, at, 16);
        look(&pair.host, 1).holds(rule);
        note(&format!(
            "listener_in_port_range {family:?}: {failed} of {RESTARTS} restarts fail with EADDRINUSE -> {left}"
        ));
        cure.take_back(&pair.host);
        pair.host.has_settings(&before);
        sick.take_back(&pair.host);
        proved(
            rule,
            "restarts of a service that find its port taken, of 5",
            5.0,
            0.0,
        );
    }
}

/// The service is down; outgoing connections take every port they are given, `ports` of them. Whether it
/// can start now.
fn restart(pair: &Pair, at: SocketAddr, to: SocketAddr, ports: usize) -> bool {
    assert_eq!(in_state(&pair.host, LISTEN), 0);
    // One more than there are ports: the last finds none.
    let clients = connect_all(&pair.host, to, 5);
    assert_eq!(clients.len(), ports);
    until("each client is connected", 10, || {
        connected(&clients) == ports
    });
    let starts = can_bind(&pair.host, at);
    let rows = sockets(&pair.host);
    let taken = rows.iter().any(|row| row.local_port() == at.port());
    assert_eq!(starts, !taken, "{rows:?}");
    for client in &clients {
        // A reset leaves no TIME_WAIT: the next round has all ports again.
        set_socket_linger(client, Some(Duration::ZERO)).expect("an option is set");
    }
    drop::<Vec<TcpStream>>(clients);
    starts
}

/// Whether a server that asks for its address again, as servers do (`SO_REUSEADDR`), gets it.
fn can_bind(net: &Net, at: SocketAddr) -> bool {
    net.enter(|| {
        let family = if at.is_ipv4() {
            AddressFamily::INET
        } else {
            AddressFamily::INET6
        };
        let fd = socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None)
            .expect("a socket is made");
        sockopt::set_socket_reuseaddr(&fd, true).expect("an option is set");
        match bind(&fd, &at) {
            Ok(()) => true,
            Err(rustix::io::Errno::ADDRINUSE) => false,
            Err(error) => panic!("bind: {error}"),
        }
    })
}

/// A program that listens on loopback for itself, inside the range, is no service.
#[test]
fn a_listener_on_loopback_is_quiet() {
    let Some(pair) = Pair::open() else { return };
    let at = (Ipv4Addr::LOCALHOST, 40_000).into();
    let _listener = listen(&pair.host, at, 16);
    look(&pair.host, 1)
        .holds("listener-in-port-range")
        .is_quiet();
}
