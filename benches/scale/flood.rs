//! SYNs with forged sources, as a flood sends them: nobody ever answers the SYN-ACK.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::OwnedFd;

use rustix::net::{
    AddressFamily, SendFlags, SocketFlags, SocketType, ipproto, sendto, socket_with,
};

use crate::forged;

/// The network of the sources. The way back to it must be the loopback device, which drops what is not
/// for this host.
pub(crate) const SOURCES: &str = "10.0.0.0/8";

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
        self.packets(forged::SYN, 0)
    }

    /// The clients give up: half-open connections outlast their listener otherwise.
    pub(crate) fn take_back(&self) -> Result<(), String> {
        self.packets(RST, 1)
    }

    fn packets(&self, flags: u8, offset: u32) -> Result<(), String> {
        for (number, service) in (0..self.count).zip(self.services.iter().cycle()) {
            let packet = packet(number, *service, flags, offset)?;
            let to = SocketAddr::V4(*service);
            sendto(&self.raw, &packet, SendFlags::empty(), &to)
                .map_err(|errno| format!("a forged packet: {errno}"))?;
        }
        Ok(())
    }
}

fn packet(number: u32, to: SocketAddrV4, flags: u8, offset: u32) -> Result<Vec<u8>, String> {
    let address = Ipv4Addr::from(u32::from(Ipv4Addr::new(10, 1, 0, 0)) + number);
    let [_, _, high, low] = number.to_be_bytes();
    // Any port above the well-known ones.
    let port = u16::from_be_bytes([0x40 | (high & 0x3f), low]);
    let from = SocketAddr::V4(SocketAddrV4::new(address, port));
    let packet = forged::packet(from, SocketAddr::V4(to), number + offset, flags);
    packet.ok_or_else(|| "a forged packet: two families".to_owned())
}
