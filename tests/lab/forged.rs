//! TCP packets with forged sources. The bench of very many sockets uses this file as well.

use std::net::{IpAddr, SocketAddr};

/// The flags of a TCP header (RFC 9293, section 3.1).
pub(crate) const SYN: u8 = 0x02;

/// A packet with a bare TCP header, without options. Of an IPv4 header the kernel fills in the length, the
/// identification and the checksum (`raw_send_hdrinc`). `None` for ends of two families.
pub(crate) fn packet(
    from: SocketAddr,
    to: SocketAddr,
    sequence: u32,
    flags: u8,
) -> Option<Vec<u8>> {
    let (addresses, header) = match (from.ip(), to.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => (
            [from.octets(), to.octets()].concat(),
            vec![0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0],
        ),
        (IpAddr::V6(from), IpAddr::V6(to)) => (
            [from.octets(), to.octets()].concat(),
            vec![0x60, 0, 0, 0, 0, 20, 6, 64],
        ),
        _ => return None,
    };
    let mut segment = Vec::with_capacity(20);
    segment.extend(from.port().to_be_bytes());
    segment.extend(to.port().to_be_bytes());
    segment.extend(sequence.to_be_bytes());
    segment.extend([0, 0, 0, 0, 0x50, flags, 0xff, 0xff]);
    // Protocol and length of the pseudo-header: a sum does not ask for their order.
    let sum = checksum(&[&addresses[..], &[0, 6, 0, 20], &segment].concat());
    segment.extend(sum.to_be_bytes());
    segment.extend([0, 0]);
    Some([header, addresses, segment].concat())
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
