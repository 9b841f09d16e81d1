//! States, families and timers of TCP sockets.

use serde::{Deserialize, Serialize};

/// The state of a TCP socket, with the kernel's number (`include/net/tcp_states.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum TcpState {
    /// Data may flow both ways.
    Established = 1,
    /// A SYN was sent, nothing came back yet.
    SynSent = 2,
    /// A SYN was answered; the final ACK of the handshake is missing.
    SynRecv = 3,
    /// Closed here; the FIN is not acknowledged yet.
    #[serde(rename = "fin_wait_1")]
    FinWait1 = 4,
    /// Closed here and acknowledged; the peer has not closed.
    #[serde(rename = "fin_wait_2")]
    FinWait2 = 5,
    /// Both sides closed; the port pair rests for 60 s.
    TimeWait = 6,
    /// Neither connected nor listening.
    Closed = 7,
    /// The peer closed; the program here has not.
    CloseWait = 8,
    /// Closed after the peer; the FIN is not acknowledged yet.
    LastAck = 9,
    /// Waits for connections.
    Listening = 10,
    /// Both sides closed at once; the FIN is not acknowledged yet.
    Closing = 11,
}

impl TcpState {
    /// All states, in the order of the kernel's numbers.
    pub const ALL: [Self; 11] = [
        Self::Established,
        Self::SynSent,
        Self::SynRecv,
        Self::FinWait1,
        Self::FinWait2,
        Self::TimeWait,
        Self::Closed,
        Self::CloseWait,
        Self::LastAck,
        Self::Listening,
        Self::Closing,
    ];

    /// The state with the kernel's number. 12 (`TCP_NEW_SYN_RECV`, a request socket) is a
    /// half-open connection like any other; 13 (`TCP_BOUND_INACTIVE`) is no state of a connection.
    pub const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Established,
            2 => Self::SynSent,
            3 | 12 => Self::SynRecv,
            4 => Self::FinWait1,
            5 => Self::FinWait2,
            6 => Self::TimeWait,
            7 => Self::Closed,
            8 => Self::CloseWait,
            9 => Self::LastAck,
            10 => Self::Listening,
            11 => Self::Closing,
            _ => return None,
        })
    }

    /// The kernel's number, 1 to 11.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The name as it stands in fact names: `socket.time_wait`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Established => "established",
            Self::SynSent => "syn_sent",
            Self::SynRecv => "syn_recv",
            Self::FinWait1 => "fin_wait_1",
            Self::FinWait2 => "fin_wait_2",
            Self::TimeWait => "time_wait",
            Self::Closed => "closed",
            Self::CloseWait => "close_wait",
            Self::LastAck => "last_ack",
            Self::Listening => "listening",
            Self::Closing => "closing",
        }
    }

    /// The state that `ss` prints so.
    pub fn of_ss_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.ss_name() == name)
    }

    /// The name as `ss` prints it.
    pub const fn ss_name(self) -> &'static str {
        match self {
            Self::Established => "ESTAB",
            Self::SynSent => "SYN-SENT",
            Self::SynRecv => "SYN-RECV",
            Self::FinWait1 => "FIN-WAIT-1",
            Self::FinWait2 => "FIN-WAIT-2",
            Self::TimeWait => "TIME-WAIT",
            Self::Closed => "UNCONN",
            Self::CloseWait => "CLOSE-WAIT",
            Self::LastAck => "LAST-ACK",
            Self::Listening => "LISTEN",
            Self::Closing => "CLOSING",
        }
    }
}

/// The address family of a socket. An `AF_INET6` socket may carry IPv4 traffic; it stays `Ipv6`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// `AF_INET`.
    Ipv4,
    /// `AF_INET6`.
    Ipv6,
}

/// The timer that is armed on a socket (`idiag_timer`, set in `inet_sk_diag_fill`).
///
/// The kernel names one: a pending retransmission hides the keepalive timer behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timer {
    /// No timer.
    Off,
    /// Retransmission, tail loss probe or reordering.
    Retransmit,
    /// Keepalive; on an orphan in `FIN_WAIT2`, its time-out.
    Keepalive,
    /// `TIME_WAIT`, also of a `FIN_WAIT2` mini-socket.
    TimeWait,
    /// Zero-window probe.
    ZeroWindow,
    /// A number this program does not know.
    Unknown,
}

impl Timer {
    /// The timer with the kernel's number.
    pub const fn from_number(number: u8) -> Self {
        match number {
            0 => Self::Off,
            1 => Self::Retransmit,
            2 => Self::Keepalive,
            3 => Self::TimeWait,
            4 => Self::ZeroWindow,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_keeps_its_number_and_its_name() {
        for (at, state) in TcpState::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(state.number()), at + 1);
            assert_eq!(TcpState::from_number(state.number()), Some(state));
            let json = serde_json::to_string(&state).unwrap();
            assert_eq!(json, format!("\"{}\"", state.name()));
        }
    }

    #[test]
    fn a_request_socket_counts_as_half_open_and_other_numbers_as_nothing() {
        assert_eq!(TcpState::from_number(12), Some(TcpState::SynRecv));
        for number in [0, 13, 14, 255] {
            assert_eq!(TcpState::from_number(number), None, "{number}");
        }
    }

    #[test]
    fn a_timer_of_the_future_is_unknown_not_off() {
        assert_eq!(Timer::from_number(0), Timer::Off);
        assert_eq!(Timer::from_number(5), Timer::Unknown);
    }
}
