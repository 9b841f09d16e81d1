//! SYNs with forged sources, as a flood sends them: nobody ever answers the SYN-ACK.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::OwnedFd;

use rustix::net::{
    AddressFamily, SendFlags, SocketFlags, SocketType, ipproto, sendto, socket_with,
};

/// The network of the sources. The way back to it must be the loopback device, which drops what is not
/// for this host.
pub(crate) const SOURCES: &str = "10.0.0.0/8";

const SYN: u8 = 0x02;
const RST: u8 = 0x04;

/// What sends packets with whatever source.
pub(crate) struct Flood {
    raw: OwnedFd,
    services: Vec<SocketAddrV4>,
    count: u32,
}

impl Flood {
    /// `count` SYNs, spread over `services`.
    pub(crate) fn new(services: Vec<SocketAddrV4>, count: u32) -> Result<Self, String> {
        let (family, kind) = (AddressFamily::INET, SocketType::RAW);
        let raw = socket_with(family, kind, SocketFlags::CLOEXEC, Some(ipproto::RAW));
        let raw = raw.map_err(|errno| format!("a raw socket: {errno}"))?;
        Ok(Self {
            raw,
            services,
            count,
        })
    }

    /// Sends all. Those that have arrived before are taken for the same again.
    pub(crate) fn send(&self) -> Result<(), String> {
        self.packets(SYN, 0)
    }

    /// The clients give up: half-open connections outlast their listener otherwise.
    pub(crate) fn take_back(&self) -> Result<(), String> {
        self.packets(RST, 1)
    }

    fn packets(&self, flags: u8, offset: u32) -> Result<(), String> {
        for (number, service) in (0..self.count).zip(self.services.iter().cycle()) {
            let packet = packet(number, *service, flags, offset);
            let to = SocketAddr::V4(*service);
            sendto(&self.raw, &packet, SendFlags::empty(), &to)
                .map_err(|errno| format!("a forged packet: {errno}"))?;
        }
        Ok(())
    }
}

/// An IPv4 packet with a bare TCP header of 20 bytes. The kernel fills in the length, the
/// identification and the first checksum.
fn packet(number: u32, to: SocketAddrV4, flags: u8, offset: u32) -> Vec<u8> {
    let from = Ipv4Addr::from(u32::from(Ipv4Addr::new(10, 1, 0, 0)) + number);
    let addresses = [from.octets(), to.ip().octets()].concat();
    let [low, high] = [number.to_be_bytes()[3], number.to_be_bytes()[2]];
    let mut segment = Vec::with_capacity(20);
    // Any port above the well-known ones.
    segment.extend([0x40 | (high & 0x3f), low]);
    segment.extend(to.port().to_be_bytes());
    segment.extend((number + offset).to_be_bytes());
    segment.extend([0, 0, 0, 0, 0x50, flags, 0xff, 0xff]);
    let sum = checksum(&[&addresses[..], &[0, 6, 0, 20], &segment].concat());
    segment.extend(sum.to_be_bytes());
    segment.extend([0, 0]);
    let mut packet = vec![0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0];
    packet.extend(addresses);
    packet.extend(segment);
    packet
}

/// The Internet checksum (RFC 1071) of an even number of bytes.
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks_exact(2).map(|pair| match *pair {
        [high, low] => u32::from(u16::from_be_bytes([high, low])),
        _ => 0,
    });
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(u16::MAX)
}
