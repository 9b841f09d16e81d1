//! The kernel's socket diagnostics (`NETLINK_SOCK_DIAG`), read message by message.
//!
//! The request is the old one, `TCPDIAG_GETSOCK`: it lists IPv4 and IPv6 in one walk of the
//! kernel's table, where the newer `SOCK_DIAG_BY_FAMILY` needs two; the newer one is the way out
//! where the old one is refused. The socket belongs to the network namespace of the calling thread.

mod filter;
mod request;
mod wire;

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::io::{Errno, retry_on_intr};
use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with,
};

use self::filter::Filter;
use self::request::Request;
use super::{errno, interrupt};
use crate::fact::parse::{SocketMemory, TcpInfo};
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

    /// These states without others.
    #[must_use]
    pub const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
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
    /// Both.
    InfoAndMemory,
}

impl Ext {
    const fn bits(self) -> u8 {
        match self {
            Self::Plain => 0,
            Self::Memory => 1 << (wire::SKMEMINFO - 1),
            Self::Info => 1 << (wire::INFO - 1),
            Self::InfoAndMemory => Self::Info.bits() | Self::Memory.bits(),
        }
    }
}

/// One socket of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiagSocket {
    /// The socket.
    pub row: SocketRow,
    /// `tcp_info`, if asked for with [`Ext::Info`].
    pub info: Option<TcpInfo>,
    /// Memory and drops, if asked for with [`Ext::Memory`].
    pub memory: Option<SocketMemory>,
    /// Whether it is a whole socket, as `inuse` of `sockstat` counts them, not what is left of one
    /// (`TIME_WAIT`, mostly `FIN_WAIT2` too) nor a request for one (`SYN_RECV`). The kernel tells of a
    /// whole socket how far it is shut down (`inet_diag_msg_attrs_fill`, Linux 3.8) and, if asked, its
    /// `tcp_info`; of the others neither.
    pub is_whole: bool,
}

impl DiagSocket {
    /// Packets thrown away at this socket (`sk_drops`), if asked for with [`Ext::Memory`]; kernels
    /// before 4.7 do not send it.
    pub fn drops(&self) -> Option<u64> {
        self.memory?.drops.map(u64::from)
    }

    /// Milliseconds since the last acknowledgement came in, if asked for with [`Ext::Info`].
    pub fn last_ack_received(&self) -> Option<u32> {
        self.info.map(|info| info.last_ack_received)
    }
}

/// What a reader of a dump should know about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DumpNote {
    /// Sockets read.
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
    /// Somebody asked to stop before the end ([`interrupt::asked`]).
    Stopped,
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
            Self::Stopped => f.write_str("stopped before all sockets were read"),
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
    each: impl FnMut(&DiagSocket),
) -> Result<DumpNote, DiagError> {
    dump_some(states, ext, u64::MAX, each)
}

/// Like [`dump`], with so many sockets at most: the kernel is not asked for the rest. Where there are
/// more, the note counts more than that.
pub fn dump_some(
    states: StateMask,
    ext: Ext,
    limit: u64,
    mut each: impl FnMut(&DiagSocket),
) -> Result<DumpNote, DiagError> {
    let mut given = 0;
    let each = |socket: &DiagSocket| {
        if given < limit {
            given += 1;
            each(socket);
        }
    };
    dump_asked(Asked::new(states, ext, limit, None), each)
}

/// Shows the TCP sockets in the given states that are connected to one of these destinations; IPv4 traffic
/// on IPv6 sockets included. The kernel picks them, unless it refuses to or they are too many for it.
pub fn dump_towards(
    states: StateMask,
    destinations: &[SocketAddr],
    mut each: impl FnMut(&DiagSocket),
) -> Result<DumpNote, DiagError> {
    let wanted: BTreeSet<SocketAddr> = destinations.iter().copied().collect();
    let mut each = |socket: &DiagSocket| {
        if wanted.contains(&socket.row.remote) {
            each(socket);
        }
    };
    let all: Vec<SocketAddr> = wanted.iter().copied().collect();
    if let Some(filter) = Filter::towards(&all) {
        let asked = Asked::new(states, Ext::Plain, u64::MAX, Some(&filter));
        match dump_asked(asked, &mut each) {
            Err(DiagError::Refused(_)) => {}
            done => return done,
        }
    }
    dump(states, Ext::Plain, each)
}

/// Shows the TCP sockets in the given states whose local port lies in one of these ranges, which are in
/// order and apart. The kernel picks them, unless it refuses to or they are too many for it.
pub fn dump_on_ports(
    states: StateMask,
    ranges: &[(u16, u16)],
    mut each: impl FnMut(&DiagSocket),
) -> Result<DumpNote, DiagError> {
    let mut each = |socket: &DiagSocket| {
        let port = socket.row.local.port();
        if ranges
            .iter()
            .any(|(low, high)| (*low..=*high).contains(&port))
        {
            each(socket);
        }
    };
    if let Some(filter) = Filter::on_ports(ranges) {
        let asked = Asked::new(states, Ext::Plain, u64::MAX, Some(&filter));
        match dump_asked(asked, &mut each) {
            Err(DiagError::Refused(_)) => {}
            done => return done,
        }
    }
    dump(states, Ext::Plain, each)
}

fn dump_asked(asked: Asked<'_>, mut each: impl FnMut(&DiagSocket)) -> Result<DumpNote, DiagError> {
    let mut note = DumpNote::default();
    let legacy = Request::legacy_tcp(asked.states, asked.ext, asked.filter);
    match exchange(&legacy, asked.limit, &mut note, &mut each) {
        Err(DiagError::Refused(_)) if note.sockets == 0 => {
            note.by_family = true;
            dump_by_family(request::TCP, asked, &mut note, &mut each)?;
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
    let asked = Asked::new(states, ext, u64::MAX, None);
    dump_by_family(request::TCP, asked, &mut note, &mut each)?;
    Ok(note)
}

/// The local ports of UDP sockets, IPv4 and IPv6.
pub fn udp_ports() -> Result<BTreeSet<u16>, DiagError> {
    let mut ports = BTreeSet::new();
    let mut note = DumpNote::default();
    let mut each = |socket: &DiagSocket| {
        ports.insert(socket.row.local.port());
    };
    let asked = Asked::new(StateMask::ANY, Ext::Plain, u64::MAX, None);
    dump_by_family(request::UDP, asked, &mut note, &mut each)?;
    ports.remove(&0);
    Ok(ports)
}

/// What a dump is asked for.
#[derive(Clone, Copy)]
struct Asked<'f> {
    states: StateMask,
    ext: Ext,
    limit: u64,
    filter: Option<&'f Filter>,
}

impl<'f> Asked<'f> {
    const fn new(states: StateMask, ext: Ext, limit: u64, filter: Option<&'f Filter>) -> Self {
        Self {
            states,
            ext,
            limit,
            filter,
        }
    }
}

fn dump_by_family(
    protocol: u8,
    asked: Asked<'_>,
    note: &mut DumpNote,
    each: &mut impl FnMut(&DiagSocket),
) -> Result<(), DiagError> {
    let Asked {
        states,
        ext,
        limit,
        filter,
    } = asked;
    let ipv4 = Request::by_family(request::IPV4, protocol, states, ext, filter);
    exchange(&ipv4, limit, note, each)?;
    let before = note.sockets;
    let ipv6 = Request::by_family(request::IPV6, protocol, states, ext, filter);
    match exchange(&ipv6, limit, note, each) {
        Err(DiagError::Refused(_)) if note.sockets == before => {
            note.ipv6_refused = true;
            Ok(())
        }
        done => done,
    }
}

/// Sends one request and reads its answers to the end, or until they have brought more than `limit`
/// sockets. The kernel makes the next answer when this one is read, and none for a closed socket.
fn exchange(
    request: &Request,
    limit: u64,
    note: &mut DumpNote,
    each: &mut impl FnMut(&DiagSocket),
) -> Result<(), DiagError> {
    let socket = open().map_err(DiagError::Unavailable)?;
    let kernel = SocketAddrNetlink::new(0, 0);
    retry_on_intr(|| sendto(&socket, request.bytes(), SendFlags::empty(), &kernel))
        .map_err(DiagError::Broken)?;
    let mut buffer = vec![0_u8; BUFFER];
    loop {
        if interrupt::asked() {
            return Err(DiagError::Stopped);
        }
        // TRUNC makes the kernel say the whole length of an answer that did not fit.
        let (_, length) = retry_on_intr(|| recv(&socket, &mut *buffer, RecvFlags::TRUNC))
            .map_err(DiagError::Broken)?;
        let batch = buffer
            .get(..length)
            .ok_or(DiagError::Malformed("an answer is larger than the buffer"))?;
        if wire::read_batch(batch, request.kind(), note, each)? == wire::Batch::Last {
            return Ok(());
        }
        if note.sockets > limit {
            return Ok(());
        }
    }
}

/// Reads answers as the kernel sends them, from bytes of any origin, and shows each TCP socket in them.
/// Says whether more were to follow.
pub fn read_answers(
    bytes: &[u8],
    note: &mut DumpNote,
    mut each: impl FnMut(&DiagSocket),
) -> Result<bool, DiagError> {
    let last = wire::read_batch(bytes, request::TCPDIAG_GETSOCK, note, &mut each)?;
    Ok(last == wire::Batch::More)
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
