//! SYNs with forged sources, as a flood sends them: nobody ever answers the SYN-ACK.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use rustix::net::{
    AddressFamily, SendFlags, SocketFlags, SocketType, ipproto, sendto, socket_with,
};

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
        send(&pair.peer, to, first..last);
        until("the forged SYNs have arrived", 10, || {
            before.risen(&pair.host, "Tcp.InSegs") >= i64::from(last - first)
        });
    }
}

fn send(from: &Net, to: SocketAddr, numbers: std::ops::Range<u32>) {
    from.enter(|| {
        let family = match to {
            SocketAddr::V4(_) => AddressFamily::INET,
            SocketAddr::V6(_) => AddressFamily::INET6,
        };
        let raw = Some(ipproto::RAW);
        let fd = socket_with(family, SocketType::RAW, SocketFlags::CLOEXEC, raw)
            .expect("a raw socket is made");
        for number in numbers {
            let sent = match to.ip() {
                IpAddr::V4(ip) => sendto(&fd, &packet_v4(number, ip, to.port()), NO_FLAGS, &to),
                IpAddr::V6(ip) => {
                    // A raw IPv6 socket reads the port as a protocol number.
                    let plain = SocketAddrV6::new(ip, 0, 0, 0);
                    sendto(&fd, &packet_v6(number, ip, to.port()), NO_FLAGS, &plain)
                }
            };
            sent.expect("a SYN is sent");
        }
    });
}

const NO_FLAGS: SendFlags = SendFlags::empty();

fn packet_v4(number: u32, to: Ipv4Addr, port: u16) -> Vec<u8> {
    let from = Ipv4Addr::from(u32::from(Ipv4Addr::new(198, 18, 1, 0)) + number);
    let mut pseudo = [from.octets(), to.octets()].concat();
    pseudo.extend([0, 6, 0, 20]);
    let segment = segment(number, port, &pseudo);
    // The kernel fills in the length, the identification and the checksum.
    let mut packet = vec![0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0];
    packet.extend([from.octets(), to.octets()].concat());
    packet.extend(segment);
    packet
}

fn packet_v6(number: u32, to: Ipv6Addr, port: u16) -> Vec<u8> {
    let from =
        Ipv6Addr::from(u128::from(Ipv6Addr::new(0xfd99, 0, 0, 0, 0, 0, 1, 0)) + u128::from(number));
    let mut pseudo = [from.octets(), to.octets()].concat();
    pseudo.extend([0, 0, 0, 20, 0, 0, 0, 6]);
    let segment = segment(number, port, &pseudo);
    let mut packet = vec![0x60, 0, 0, 0, 0, 20, 6, 64];
    packet.extend([from.octets(), to.octets()].concat());
    packet.extend(segment);
    packet
}

/// A bare SYN of 20 bytes, without options.
fn segment(number: u32, port: u16, pseudo: &[u8]) -> Vec<u8> {
    let source = 1024 + (number % 60_000) as u16;
    let mut segment = Vec::new();
    segment.extend(source.to_be_bytes());
    segment.extend(port.to_be_bytes());
    segment.extend(number.to_be_bytes());
    segment.extend([0, 0, 0, 0, 0x50, 0x02, 0xff, 0xff, 0, 0, 0, 0]);
    let sum = checksum(pseudo.iter().chain(&segment).copied());
    segment[16..18].copy_from_slice(&sum.to_be_bytes());
    segment
}

/// The Internet checksum (RFC 1071).
fn checksum(bytes: impl Iterator<Item = u8>) -> u16 {
    let bytes: Vec<u8> = bytes.collect();
    let word = |pair: &[u8]| u32::from(pair[0]) << 8 | u32::from(pair[1]);
    let sum: u32 = bytes.chunks_exact(2).map(word).sum();
    let sum = (sum & 0xffff) + (sum >> 16);
    let sum = (sum & 0xffff) + (sum >> 16);
    !u16::try_from(sum).expect("a folded sum has 16 bits")
}
