//! A known mix of sockets.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;

use rustix::net::sockopt::{set_socket_keepalive, set_socket_reuseaddr};
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, listen, socket_with};
use tcptune::fact::socket::{Family, TcpState};
use tcptune::host::sockets::{CollectOptions, collect};

use crate::namespace::{eventually, run};
use crate::{RANGE, counts};

pub(crate) fn listener(address: SocketAddr, backlog: i32) -> TcpListener {
    let family = if address.is_ipv4() {
        AddressFamily::INET
    } else {
        AddressFamily::INET6
    };
    let socket = socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap();
    set_socket_reuseaddr(&socket, true).unwrap();
    bind(&socket, &address).unwrap();
    listen(&socket, backlog).unwrap();
    TcpListener::from(socket)
}

/// Begins to connect and does not wait for the answer.
pub(crate) fn begin_connect(address: SocketAddr) -> OwnedFd {
    let family = if address.is_ipv4() {
        AddressFamily::INET
    } else {
        AddressFamily::INET6
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(family, SocketType::STREAM, flags, None).unwrap();
    let begun = connect(&socket, &address);
    assert_eq!(begun, Err(rustix::io::Errno::INPROGRESS));
    socket
}

pub(crate) fn pair(listener: &TcpListener) -> (TcpStream, TcpStream) {
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    (client, server)
}

fn fin_timeout(seconds: u32) {
    fs::write("/proc/sys/net/ipv4/tcp_fin_timeout", seconds.to_string()).unwrap();
}

/// What is held open, so that it stays in its state.
#[derive(Default)]
pub(crate) struct Held {
    listeners: Vec<TcpListener>,
    streams: Vec<TcpStream>,
    sockets: Vec<OwnedFd>,
}

/// How many of each to build.
pub(crate) struct Mix {
    keepalive: usize,
    silent: usize,
    half_closed: usize,
    orphaned: usize,
    orphaned_long: usize,
    time_wait: usize,
    syn_sent: usize,
    waiting: usize,
}

impl Mix {
    fn assemble(&self, service: SocketAddr, full: SocketAddr, nobody: SocketAddr, held: &mut Held) {
        let main = listener(service, 64);
        for at in 0..self.keepalive + self.silent {
            let (client, server) = pair(&main);
            set_socket_keepalive(&client, at < self.keepalive).unwrap();
            held.streams.extend([client, server]);
        }
        for _ in 0..self.half_closed {
            let (client, server) = pair(&main);
            client.shutdown(Shutdown::Write).unwrap();
            held.streams.extend([client, server]);
        }
        for at in 0..self.orphaned + self.orphaned_long {
            fin_timeout(if at < self.orphaned { 60 } else { 120 });
            let (client, server) = pair(&main);
            drop(client);
            held.streams.push(server);
        }
        for _ in 0..self.time_wait {
            let (client, server) = pair(&main);
            drop(client);
            drop(server);
        }
        for _ in 0..self.syn_sent {
            held.sockets.push(begin_connect(nobody));
        }
        let backlog = i32::try_from(self.waiting).unwrap() - 1;
        let stuck = listener(full, backlog);
        for _ in 0..self.waiting {
            held.streams.push(TcpStream::connect(full).unwrap());
        }
        held.listeners.extend([main, stuck]);
    }

    pub(crate) fn expected(&self) -> BTreeMap<TcpState, u64> {
        let orphans = self.orphaned + self.orphaned_long;
        [
            (
                TcpState::Established,
                2 * (self.keepalive + self.silent + self.waiting),
            ),
            (TcpState::CloseWait, self.half_closed + orphans),
            (TcpState::FinWait2, self.half_closed + orphans),
            (TcpState::TimeWait, self.time_wait),
            (TcpState::SynSent, self.syn_sent),
            (TcpState::Listening, 2),
        ]
        .into_iter()
        .map(|(state, count)| (state, count as u64))
        .collect()
    }
}

pub(crate) const IPV4: Mix = Mix {
    keepalive: 3,
    silent: 4,
    half_closed: 5,
    orphaned: 6,
    orphaned_long: 2,
    time_wait: 7,
    syn_sent: 4,
    waiting: 4,
};

pub(crate) const IPV6: Mix = Mix {
    keepalive: 2,
    silent: 1,
    half_closed: 2,
    orphaned: 3,
    orphaned_long: 1,
    time_wait: 4,
    syn_sent: 2,
    waiting: 3,
};

/// Two addresses behind a link where nobody answers.
fn silent_link() -> (SocketAddr, SocketAddr) {
    run(
        "ip",
        &[
            "link", "add", "quiet0", "type", "veth", "peer", "name", "quiet1",
        ],
    );
    run("ip", &["addr", "add", "10.77.0.1/24", "dev", "quiet0"]);
    run(
        "ip",
        &["addr", "add", "fd77::1/64", "dev", "quiet0", "nodad"],
    );
    run("ip", &["link", "set", "quiet0", "up"]);
    run("ip", &["link", "set", "quiet1", "up"]);
    for address in ["10.77.0.9", "fd77::9"] {
        let elsewhere = [
            "lladdr",
            "02:00:00:00:00:99",
            "dev",
            "quiet0",
            "nud",
            "permanent",
        ];
        let mut arguments = vec!["neigh", "add", address];
        arguments.extend(elsewhere);
        run("ip", &arguments);
    }
    (
        "10.77.0.9:80".parse().unwrap(),
        "[fd77::9]:80".parse().unwrap(),
    )
}

pub(crate) fn build() -> Held {
    let (nobody4, nobody6) = silent_link();
    let mut held = Held::default();
    // Bound and idle: in no state that counts.
    let idle = socket_with(
        AddressFamily::INET,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    );
    let idle = idle.unwrap();
    bind(&idle, &SocketAddr::from(([127, 0, 0, 1], 9003))).unwrap();
    held.sockets.push(idle);
    let at = |address: &str| address.parse::<SocketAddr>().unwrap();
    IPV4.assemble(
        at("127.0.0.1:9001"),
        at("127.0.0.1:9002"),
        nobody4,
        &mut held,
    );
    IPV6.assemble(at("[::1]:9001"), at("[::1]:9002"), nobody6, &mut held);
    eventually("the mix is complete", || {
        let sockets = collect(&CollectOptions::live(RANGE)).unwrap();
        counts(&sockets, Family::Ipv4) == IPV4.expected()
            && counts(&sockets, Family::Ipv6) == IPV6.expected()
    });
    held
}
