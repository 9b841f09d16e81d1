//! Answers, byte by byte. Nothing here trusts a length.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use rustix::io::Errno;

use super::request::{IPV4, IPV6, SEQUENCE};
use super::{DiagError, DiagSocket, DumpNote};
use crate::fact::parse;
use crate::fact::socket::{Family, SocketRow, TcpState, Timer};

/// Attributes of an answer (`linux/inet_diag.h`).
pub(super) const INFO: u16 = 2;
pub(super) const SKMEMINFO: u16 = 7;
const SHUTDOWN: u16 = 8;

const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLMSG_OVERRUN: u16 = 4;
const NLM_F_DUMP_INTR: u16 = 0x10;

/// `struct nlmsghdr` and `struct inet_diag_msg`.
const HEADER: usize = 16;
const MESSAGE: usize = 72;

/// Whether more answers follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Batch {
    More,
    Last,
}

/// Reads what one `recv` gave. Messages that answer another request are passed over.
pub(super) fn read_batch(
    bytes: &[u8],
    kind: u16,
    note: &mut DumpNote,
    each: &mut impl FnMut(&DiagSocket),
) -> Result<Batch, DiagError> {
    let mut rest = bytes;
    if rest.is_empty() {
        return Err(DiagError::Malformed("an answer is empty"));
    }
    while !rest.is_empty() {
        let header = Header::read(rest).ok_or(DiagError::Malformed("a header is cut short"))?;
        let message = rest
            .get(HEADER..header.length)
            .ok_or(DiagError::Malformed("a length points outside the answer"))?;
        rest = rest.get(align(header.length)..).unwrap_or_default();
        if header.sequence != SEQUENCE {
            continue;
        }
        note.interrupted |= header.flags & NLM_F_DUMP_INTR != 0;
        match header.kind {
            NLMSG_DONE => return done(message).map(|()| Batch::Last),
            NLMSG_ERROR if message.len() < 4 => {
                return Err(DiagError::Malformed("an error without its number"));
            }
            // Number 0 acknowledges; nobody asked for that, and it ends nothing.
            NLMSG_ERROR => done(message)?,
            NLMSG_OVERRUN => return Err(DiagError::Malformed("answers were lost")),
            other if other == kind => match socket(message) {
                Some(socket) => {
                    note.sockets += 1;
                    each(&socket);
                }
                None => note.unreadable += 1,
            },
            _ => {}
        }
    }
    Ok(Batch::More)
}

/// The end of a dump carries the error that ended it, if one did.
fn done(message: &[u8]) -> Result<(), DiagError> {
    match number(message, 0).map(i32::from_ne_bytes) {
        Some(code) if code < 0 => {
            let errno = code.checked_neg().unwrap_or(i32::MAX);
            // Larger ones are none, and `Errno` would not hold them.
            let errno = if errno < 4096 {
                errno
            } else {
                Errno::IO.raw_os_error()
            };
            Err(DiagError::Refused(Errno::from_raw_os_error(errno)))
        }
        _ => Ok(()),
    }
}

struct Header {
    length: usize,
    kind: u16,
    flags: u16,
    sequence: u32,
}

impl Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        let length = u32::from_ne_bytes(number(bytes, 0)?);
        number::<4>(bytes, 12)?;
        Some(Self {
            length: usize::try_from(length).ok()?,
            kind: u16::from_ne_bytes(number(bytes, 4)?),
            flags: u16::from_ne_bytes(number(bytes, 6)?),
            sequence: u32::from_ne_bytes(number(bytes, 8)?),
        })
    }
}

/// `struct inet_diag_msg` and its attributes; `None` for what is cut short or of an unknown kind.
fn socket(message: &[u8]) -> Option<DiagSocket> {
    let [family, state, timer, retransmits] = number(message, 0)?;
    let family = match family {
        IPV4 => Family::Ipv4,
        IPV6 => Family::Ipv6,
        _ => return None,
    };
    let attributes = Attributes::read(message.get(MESSAGE..)?);
    Some(DiagSocket {
        row: SocketRow {
            family,
            state: TcpState::from_number(state)?,
            local: end(message, family, 4, 8)?,
            remote: end(message, family, 6, 24)?,
            timer: Some(Timer::from_number(timer)),
            retransmits: Some(retransmits),
            receive_queue: u32::from_ne_bytes(number(message, 56)?),
            send_queue: u32::from_ne_bytes(number(message, 60)?),
            inode: u64::from(u32::from_ne_bytes(number(message, 68)?)),
        },
        info: attributes.info.and_then(parse::tcp_info),
        memory: attributes.memory.and_then(parse::socket_memory),
        is_whole: attributes.info.is_some() || attributes.shutdown,
    })
}

/// One end of a connection; ports and addresses are in network order.
fn end(message: &[u8], family: Family, port_at: usize, address_at: usize) -> Option<SocketAddr> {
    let port = u16::from_be_bytes(number(message, port_at)?);
    let address = match family {
        Family::Ipv4 => IpAddr::from(Ipv4Addr::from(number::<4>(message, address_at)?)),
        Family::Ipv6 => Ipv6Addr::from(number::<16>(message, address_at)?).to_canonical(),
    };
    Some(SocketAddr::new(address, port))
}

/// The attributes that were asked for, where they are there and whole.
#[derive(Default)]
struct Attributes<'m> {
    info: Option<&'m [u8]>,
    memory: Option<&'m [u8]>,
    shutdown: bool,
}

impl<'m> Attributes<'m> {
    /// Reads up to the first length that contradicts the message.
    fn read(bytes: &'m [u8]) -> Self {
        let mut found = Self::default();
        let mut rest = bytes;
        while let Some((kind, payload, length)) = attribute(rest) {
            match kind {
                INFO => found.info = found.info.or(Some(payload)),
                SKMEMINFO => found.memory = found.memory.or(Some(payload)),
                SHUTDOWN => found.shutdown = true,
                _ => {}
            }
            rest = rest.get(align(length)..).unwrap_or_default();
        }
        found
    }
}

/// Kind, contents and whole length of the first attribute.
fn attribute(bytes: &[u8]) -> Option<(u16, &[u8], usize)> {
    // The two upper bits are flags.
    const KIND: u16 = 0x3fff;
    let length = usize::from(u16::from_ne_bytes(number(bytes, 0)?));
    let kind = u16::from_ne_bytes(number(bytes, 2)?) & KIND;
    Some((kind, bytes.get(4..length)?, length))
}

const fn align(length: usize) -> usize {
    length.saturating_add(3) & !3
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
