//! The facts of single connections, summed up: retransmissions, quiet, buffers.

use super::{COUNT, DIAG, DIAG_ONLY, FactClass, FactKind, FactSpec, of, stored};
use crate::fact::Unit;

/// Facts that rest on `tcp_info`, which the kernel fills under the lock of each socket. They are looked
/// at for so many ESTABLISHED sockets at most.
const INFO: &str = "sock_diag, tcp_info";

const TEXT: FactKind = FactKind::Text;

#[rustfmt::skip]
pub(super) const CONNECTION: [FactSpec; 27] = [
    stored("socket.incoming", COUNT, DIAG, "ESTABLISHED sockets whose local port has a listener"),
    stored("socket.outgoing", COUNT, DIAG, "ESTABLISHED sockets whose local port has none"),
    stored("socket.syn_recv_backoff", COUNT, DIAG_ONLY, "SYN-RECV requests whose SYN-ACK was sent again"),
    stored("socket.fin_wait_1_orphaned", COUNT, DIAG, "FIN-WAIT-1 sockets no process holds"),
    stored("socket.last_ack_backoff", COUNT, DIAG_ONLY, "LAST-ACK sockets that are retransmitting"),
    stored("socket.closing_backoff", COUNT, DIAG_ONLY, "CLOSING sockets that are retransmitting"),
    stored("socket.established_stuck", COUNT, DIAG_ONLY, "ESTABLISHED sockets that sent the same data again 3 times or more"),
    stored("socket.established_stuck_top", TEXT, DIAG_ONLY, "the peer most of them wait for"),
    stored("socket.established_stuck_top_count", COUNT, DIAG_ONLY, "how many wait for it"),
    stored("socket.pmtu_suspects", COUNT, INFO, "stuck sockets with a full segment queued, whose service answers on other connections"),
    stored("socket.pmtu_suspects_top", TEXT, INFO, "the peer of most of them"),
    stored("socket.quiet_60s", COUNT, INFO, "ESTABLISHED sockets without data for at least 60 s"),
    stored("socket.quiet_600s", COUNT, INFO, "ESTABLISHED sockets without data for at least 10 min"),
    stored("socket.quiet_3600s", COUNT, INFO, "ESTABLISHED sockets without data for at least 1 h"),
    stored("socket.quiet_unarmed_60s", COUNT, INFO, "the same for 60 s, with no keepalive timer and a peer elsewhere"),
    stored("socket.quiet_unarmed_600s", COUNT, INFO, "the same for 10 min, with no keepalive timer and a peer elsewhere"),
    stored("socket.quiet_unarmed_3600s", COUNT, INFO, "the same for 1 h, with no keepalive timer and a peer elsewhere"),
    stored("socket.idle_window", COUNT, INFO, "far ESTABLISHED sockets (20 ms) that pause longer than their RTO with a window above 30 segments"),
    stored("socket.idle_window_top", TEXT, INFO, "the peer of most of them"),
    of(FactClass::Derived, "socket.receive_capped", COUNT, INFO, "ESTABLISHED sockets that receive as much as tcp_rmem lets them, over the window"),
    of(FactClass::Derived, "socket.receive_capped_top", TEXT, INFO, "the peer of the fastest of them"),
    of(FactClass::Derived, "socket.receive_capped_buffer", FactKind::Number(Unit::Bytes), INFO, "the largest receive buffer among them"),
    of(FactClass::Derived, "socket.send_capped", COUNT, INFO, "ESTABLISHED sockets that wait for room in a send buffer at its limit, over the window"),
    of(FactClass::Derived, "socket.send_capped_top", TEXT, INFO, "the peer of the fastest of them"),
    of(FactClass::Derived, "socket.send_capped_buffer", FactKind::Number(Unit::Bytes), INFO, "the largest send buffer among them"),
    stored("udp.drops_top", TEXT, "/proc/net/udp, udp6", "the UDP socket that dropped most since it was made"),
    stored("udp.drops_top_count", COUNT, "/proc/net/udp, udp6", "how many datagrams it dropped"),
];
