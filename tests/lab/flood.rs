//! SYNs with forged sources, as a flood sends them: nobody ever answers the SYN-ACK.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use rustix::net::{
    AddressFamily, SendFlags, SocketFlags, SocketType, ipproto, sendto, socket_with,
};

use crate::forged;
use crate::kernel::Counters;
use crate::net::Net;
use crate::pair::{Family, Pair, peer};
use crate::wait::until;

/// SYNs sent before waiting for the host to have seen them: a full per-CPU backlog
/// (`netdev_max_backlog`, 1000) would lose some, and count it for the whole machine.
const BATCH: u32 = 200;

/// Gives the host a way back to the forged sources, and lets the peer swallow what comes that way.
pub(crate) fn prepare(pair: &Pair, family: Family) {
    let (net, via) = match family {
        Family::V4 => ("198.18.0.0/15", peer(family, 0).ip()),
        Family::V6 => ("fd99::/16", peer(family, 0).ip()),
    };
    pair.host.ip(&format!("route replace {net} via {via}\n"));
    pair.peer.ip(&format!("route replace blackhole {net}\n"));
}

/// Sends `count` SYNs to `to` from the peer, each from a source of its own, and returns when the host
/// has taken all of them in.
pub(crate) fn syns(pair: &Pair, to: SocketAddr, count: u32) {
    for first in (0..count).step_by(BATCH as usize) {
        let last = count.min(first + BATCH);
        let before = Counters::of(&pair.host);
        send(&pair.peer, to, (first..last).map(|number| syn(number, to)));
        until("the forged SYNs have arrived", 10, || {
            before.risen(&pair.host, "Tcp.InSegs") >= i64::from(last - first)
        });
    }
}

/// A scan for open ports: SYNs from the peer's own address, of which its kernel knows nothing, so that it
/// answers each SYN-ACK with a RST. Returns when the host has taken all of that in.
pub(crate) fn scan(pair: &Pair, to: SocketAddr, count: u16) {
    let before = Counters::of(&pair.host);
    let own = match to {
        SocketAddr::V4(_) => Family::V4,
        SocketAddr::V6(_) => Family::V6,
    };
    let syns = (0..count).map(|number| {
        let from = peer(own, 1024 + number);
        let packet = forged::packet(from, to, u32::from(number), forged::SYN);
        packet.expect("both ends are of one family")
    });
    send(&pair.peer, to, syns);
    until("each SYN-ACK was answered with a RST", 10, || {
        before.risen(&pair.host, "TcpExt.EmbryonicRsts") >= i64::from(count)
    });
}

fn send(from: &Net, to: SocketAddr, packets: impl Iterator<Item = Vec<u8>> + Send) {
    from.enter(|| {
        let family = match to {
            SocketAddr::V4(_) => AddressFamily::INET,
            SocketAddr::V6(_) => AddressFamily::INET6,
        };
        let raw = Some(ipproto::RAW);
        let fd = socket_with(family, SocketType::RAW, SocketFlags::CLOEXEC, raw)
            .expect("a raw socket is made");
        for packet in packets {
            let sent = match to {
                SocketAddr::V4(_) => sendto(&fd, &packet, NO_FLAGS, &to),
                SocketAddr::V6(to) => {
                    // A raw IPv6 socket reads the port as a protocol number.
                    let plain = SocketAddrV6::new(*to.ip(), 0, 0, 0);
                    sendto(&fd, &packet, NO_FLAGS, &plain)
                }
            };
            sent.expect("a SYN is sent");
        }
    });
}

const NO_FLAGS: SendFlags = SendFlags::empty();

/// The n-th SYN, each from an address of its own.
fn syn(number: u32, to: SocketAddr) -> Vec<u8> {
    let source = 1024 + (number % 60_000) as u16;
    let from = match to {
        SocketAddr::V4(_) => {
            let first = u32::from(Ipv4Addr::new(198, 18, 1, 0));
            IpAddr::V4(Ipv4Addr::from(first + number))
        }
        SocketAddr::V6(_) => {
            let first = u128::from(Ipv6Addr::new(0xfd99, 0, 0, 0, 0, 0, 1, 0));
            IpAddr::V6(Ipv6Addr::from(first + u128::from(number)))
        }
    };
    let packet = forged::packet(SocketAddr::new(from, source), to, number, forged::SYN);
    packet.expect("both ends are of one family")
}
