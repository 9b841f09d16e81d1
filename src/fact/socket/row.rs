//! One socket, as a source gave it.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::{Family, TcpState, Timer};

/// One TCP socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketRow {
    /// The family of the socket itself.
    pub family: Family,
    /// Its state.
    pub state: TcpState,
    /// The local address. IPv4 traffic on an IPv6 socket is shown as IPv4.
    pub local: SocketAddr,
    /// The remote address, unmapped likewise; port 0 when there is no peer.
    pub remote: SocketAddr,
    /// The armed timer; `None` when the source cannot tell.
    pub timer: Option<Timer>,
    /// Retransmissions or probes sent in a row without an answer; `None` when the source cannot tell.
    pub retransmits: Option<u8>,
    /// Bytes not read yet; on a listener, connections that wait for `accept`.
    pub receive_queue: u32,
    /// Bytes not acknowledged yet; on a listener from the diagnostics, the bound of its queue.
    pub send_queue: u32,
    /// The inode of the socket; 0 when no process holds it (mini-sockets, orphans).
    pub inode: u64,
}

impl SocketRow {
    /// Whether a retransmission timer runs that has fired at least once; `None` when the source
    /// cannot tell.
    pub(super) fn backs_off(&self) -> Option<bool> {
        self.was_sent_again(1)
    }

    /// Whether what is unanswered was sent again so many times at least; `None` when the source cannot
    /// tell.
    ///
    /// The kernel shows one timer for retransmissions, reordering and tail loss probes, but only
    /// time-outs raise the count (`icsk_retransmits`), and an answer sets it to zero.
    pub(super) fn was_sent_again(&self, times: u8) -> Option<bool> {
        match (self.timer?, self.retransmits?) {
            (Timer::Retransmit, retransmits) => Some(retransmits >= times),
            _ => Some(false),
        }
    }
}

/// A listening socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// The family of the socket.
    pub family: Family,
    /// The address it listens on.
    pub address: SocketAddr,
    /// Connections that wait for `accept` (`sk_ack_backlog`).
    pub queue: u32,
    /// The most that may wait, `min(backlog of listen(), somaxconn at that time)`
    /// (`sk_max_ack_backlog`); `None` when the source cannot tell. The kernel admits one more.
    pub bound: Option<u32>,
    /// Packets this listener has thrown away since it listens (`sk_drops`); `None` when the source cannot
    /// tell. Raised by `tcp_listendrop`, and by `tcp_v4_rcv` for each packet to a half-open request that
    /// makes no connection: a bare ACK under `TCP_DEFER_ACCEPT`, a RST, a repeated SYN.
    pub drops: Option<u64>,
    /// The inode of the socket.
    pub inode: u64,
    /// The process that holds it, "nginx (pid 812)"; `None` when not looked for or not visible.
    pub process: Option<String>,
}

impl Listener {
    /// The same listener in another look: a process that listens anew on the address, or another
    /// one beside it (`SO_REUSEPORT`), has another inode.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.inode == other.inode && self.address == other.address
    }
}
