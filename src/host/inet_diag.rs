//! The kernel's socket diagnostics (`NETLINK_SOCK_DIAG`), read message by message.
//!
//! The request is the old one, `TCPDIAG_GETSOCK`: it lists IPv4 and IPv6 in one walk of the
//! kernel's table, where the newer `SOCK_DIAG_BY_FAMILY` needs two; the newer one is the way out
//! where the old one is refused. The socket belongs to the network namespace of the calling thread.

mod request;
mod wire;

use std::collections::BTreeSet;
use std::fmt;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::io::{Errno, retry_on_intr};
use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with,
};

use self::request::Request;
use super::errno;
use crate::fact::socket::{SocketRow, TcpState};

/// The most the kernel puts into one answer (`NLMSG_GOODSIZE` is less, dumps grow up to this).
const BUFFER: usize = 32 * 1024;

/// Answers come while `recv` runs; a kernel that gives none for so long never will.
const PATIENCE: Duration = Duration::from_secs(10);

/// A set of states to list, one bit each (`idiag_states`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateMask(u32);

impl StateMask {
    /// Listening sockets; they have a small table of their own.
    pub const LISTENING: Self = Self(1 << 10);
    /// All states that `ss` knows, without the listening ones. Bit 13 is left out: it would show
    /// sockets that are bound and idle as closed ones.
    pub const CONNECTIONS: Self = Self(0x1ffe & !(1 << 10));
    /// Every bit, for UDP.
    const ANY: Self = Self(u32::MAX);

    /// One state.
    pub const fn only(state: TcpState) -> Self {
        match state {
            // The request sockets of half-open connections have a number of their own.
            TcpState::SynRecv => Self(1 << 3 | 1 << 12),
            _ => Self(1 << state.number()),
        }
    }

    const fn bits(self) -> u32 {
        self.0
    }
}

/// What to ask for beside the fixed part of an answer (`idiag_ext`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ext {
    /// Nothing.
    Plain,
    /// Memory and drops of each socket (`INET_DIAG_SKMEMINFO`).
    Memory,
    /// `tcp_info` of each socket (`INET_DIAG_INFO`).
    Info,
}

impl Ext {
    const fn bits(self) -> u8 {
        match self {
            Self::Plain => 0,
            Self::Memory => 1 << (wire::SKMEMINFO - 1),
            Self::Info => 1 << (wire::INFO - 1),
        }
    }
}

/// One socket of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiagSocket {
    /// The socket.
    pub row: SocketRow,
    /// Packets thrown away at this socket (`sk_drops`), if asked for with [`Ext::Memory`]; kernels
    /// before 4.7 do not send it.
    pub drops: Option<u64>,
    /// Milliseconds since the last acknowledgement came in (`tcpi_last_ack_recv`), if asked for
    /// with [`Ext::Info`].
    pub last_ack_recv: Option<u32>,
}

/// What a reader of a dump should know about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DumpNote {
    /// Sockets given.
    pub sockets: u64,
    /// The tables changed while they were listed (`NLM_F_DUMP_INTR`): some sockets may be missing
    /// or there twice.
    pub interrupted: bool,
    /// Sockets of a family or state that this program does not know.
    pub unreadable: u64,
    /// The old request was refused, and each family was asked for on its own.
    pub by_family: bool,
    /// IPv6 was refused, so that only IPv4 was listed.
    pub ipv6_refused: bool,
}

/// Why there is no dump, or only a part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiagError {
    /// No socket for the request: no netlink here, or a filter forbids it.
    Unavailable(Errno),
    /// The kernel answered with an error: no `tcp_diag`, or not permitted.
    Refused(Errno),
    /// Sending or receiving failed.
    Broken(Errno),
    /// An answer did not fit the buffer, or its lengths contradict each other.
    Malformed(&'static str),
}

impl fmt::Display for DiagError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(error) => write!(
                f,
                "socket diagnostics are not available ({})",
                errno::name(*error)
            ),
            Self::Refused(error) => {
                write!(
                    f,
                    "socket diagnostics were refused ({})",
                    errno::name(*error)
                )
            }
            Self::Broken(error) => {
                write!(f, "socket diagnostics broke off ({})", errno::name(*error))
            }
            Self::Malformed(why) => write!(f, "socket diagnostics made no sense: {why}"),
        }
    }
}

impl std::error::Error for DiagError {}

/// Shows the TCP sockets in the given states to `each`, IPv4 and IPv6.
///
/// After an error, `each` may have seen a part of the sockets.
pub fn dump(
    states: StateMask,
    ext: Ext,
    mut each: impl FnMut(&DiagSocket),
) -> Result<DumpNote, DiagError> {
    let mut note = DumpNote::default();
    match exchange(&Request::legacy_tcp(states, ext), &mut note, &mut each) {
        Err(DiagError::Refused(_)) if note.sockets == 0 => {
            note.by_family = true;
            dump_by_family(request::TCP, states, ext, &mut note, &mut each)?;
        }
        done => done?,
    }
    Ok(note)
}

/// The TCP part of [`dump`] with the newer request, as if the old one had been refused.
pub fn dump_each_family(
    states: StateMask,
    ext: Ext,
    mut each: impl FnMut(&DiagSocket),
) -> Result<DumpNote, DiagError> {
    let mut note = DumpNote {
        by_family: true,
        ..DumpNote::default()
    };
    dump_by_family(request::TCP, states, ext, &mut note, &mut each)?;
    Ok(note)
}

/// The local ports of UDP sockets, IPv4 and IPv6.
pub fn udp_ports() -> Result<BTreeSet<u16>, DiagError> {
    let mut ports = BTreeSet::new();
    let mut note = DumpNote::default();
    let mut each = |socket: &DiagSocket| {
        ports.insert(socket.row.local.port());
    };
    dump_by_family(
        request::UDP,
        StateMask::ANY,
        Ext::Plain,
        &mut note,
        &mut each,
    )?;
    ports.remove(&0);
    Ok(ports)
}

fn dump_by_family(
    protocol: u8,
    states: StateMask,
    ext: Ext,
    note: &mut DumpNote,
    each: &mut impl FnMut(&DiagSocket),
) -> Result<(), DiagError> {
    let ipv4 = Request::by_family(request::IPV4, protocol, states, ext);
    exchange(&ipv4, note, each)?;
    let before = note.sockets;
    let ipv6 = Request::by_family(request::IPV6, protocol, states, ext);
    match exchange(&ipv6, note, each) {
        Err(DiagError::Refused(_)) if note.sockets == before => {
            note.ipv6_refused = true;
            Ok(())
        }
        done => done,
    }
}

/// Sends one request and reads its answers to the end.
fn exchange(
    request: &Request,
    note: &mut DumpNote,
    each: &mut impl FnMut(&DiagSocket),
) -> Result<(), DiagError> {
    let socket = open().map_err(DiagError::Unavailable)?;
    let kernel = SocketAddrNetlink::new(0, 0);
    retry_on_intr(|| sendto(&socket, request.bytes(), SendFlags::empty(), &kernel))
        .map_err(DiagError::Broken)?;
    let mut buffer = vec![0_u8; BUFFER];
    loop {
        // TRUNC makes the kernel say the whole length of an answer that did not fit.
        let (_, length) = retry_on_intr(|| recv(&socket, &mut *buffer, RecvFlags::TRUNC))
            .map_err(DiagError::Broken)?;
        let batch = buffer
            .get(..length)
            .ok_or(DiagError::Malformed("an answer is larger than the buffer"))?;
        if wire::read_batch(batch, request.kind(), note, each)? == wire::Batch::Last {
            return Ok(());
        }
    }
}

fn open() -> Result<OwnedFd, Errno> {
    let socket = socket_with(
        AddressFamily::NETLINK,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC,
        Some(netlink::SOCK_DIAG),
    )?;
    set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE))?;
    Ok(socket)
}
