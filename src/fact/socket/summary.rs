//! What a namespace's sockets add up to.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::{Examined, Family, StateCounts, TcpState, Tracked};

/// All sockets of a namespace, summed up. `None` means that the source could not tell.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SocketSummary {
    /// `AF_INET` sockets per state.
    pub ipv4: StateCounts,
    /// `AF_INET6` sockets per state, those with IPv4 traffic included.
    pub ipv6: StateCounts,
    /// ESTABLISHED with the keepalive timer armed. Sockets with data in flight show their
    /// retransmission timer instead, so this is a lower bound.
    pub established_keepalive: Option<u64>,
    /// ESTABLISHED whose data was sent again at least once without an answer.
    pub established_backoff: Option<u64>,
    /// ESTABLISHED whose local port has a TCP listener: they came in.
    #[serde(default)]
    pub incoming: u64,
    /// ESTABLISHED whose local port has none.
    #[serde(default)]
    pub outgoing: u64,
    /// ESTABLISHED that sent the same data again at least [`SocketSummary::STUCK`] times without an
    /// answer.
    #[serde(default)]
    pub established_stuck: Option<u64>,
    /// The peer that most of those wait for, "10.0.3.9:80".
    #[serde(default)]
    pub established_stuck_top: Option<Ranked>,
    /// `FIN_WAIT1` whose FIN (or the data before it) was sent again at least once.
    pub fin_wait_1_backoff: Option<u64>,
    /// `FIN_WAIT1` that no process holds.
    #[serde(default)]
    pub fin_wait_1_orphaned: u64,
    /// `LAST_ACK` whose FIN (or the data before it) was sent again at least once.
    #[serde(default)]
    pub last_ack_backoff: Option<u64>,
    /// `CLOSING` whose FIN was sent again at least once.
    #[serde(default)]
    pub closing_backoff: Option<u64>,
    /// `SYN_SENT` whose SYN was sent again at least once.
    pub syn_sent_backoff: Option<u64>,
    /// `SYN_RECV` whose SYN-ACK was sent again at least once, by the timer or because the client
    /// asked again (`num_retrans` of the request).
    #[serde(default)]
    pub syn_recv_backoff: Option<u64>,
    /// `FIN_WAIT2` that no process holds: mini-sockets, and orphans when `tcp_fin_timeout` is longer
    /// than 60 s.
    pub fin_wait_2_orphaned: u64,
    /// Which connections those are.
    pub fin_wait_2_tracked: Tracked,
    /// Which connections are in `SYN_SENT`.
    pub syn_sent_tracked: Tracked,
    /// The destination with the most sockets in `SYN_SENT` whose SYN was sent again, "10.0.3.9:80"; `None` if
    /// there are none, or where [`SocketSummary::syn_sent_backoff`] is unknown.
    pub syn_sent_top: Option<Ranked>,
    /// The destinations that hold the most local ports, most first, at most
    /// [`SocketSummary::DESTINATIONS`].
    pub destinations: Vec<Destination>,
    /// Whether there were more destinations than can be counted at a time: then those that use a quarter of
    /// the port range or more are listed, each counted exactly.
    pub destinations_truncated: bool,
    /// What came of looking at open connections one by one; `None` when that was not asked for or the
    /// source cannot tell.
    #[serde(default)]
    pub examined: Option<Examined>,
    /// How long connections have been in `CLOSE_WAIT`.
    pub close_wait_ages: Option<CloseWaitAges>,
    /// The process that holds the most sockets in `CLOSE_WAIT`, "nginx (pid 812)", of those whose
    /// owner was looked for and visible.
    pub close_wait_owner: Option<Ranked>,
}

/// The foremost of its kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ranked {
    /// What it is called.
    pub name: String,
    /// How many sockets it has.
    pub count: u64,
}

/// The local ports in use from one address towards one service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Destination {
    /// The local address.
    pub source: IpAddr,
    /// The remote address and port.
    pub address: SocketAddr,
    /// Sockets whose local port lies in the ephemeral range and is nobody's listening port.
    pub used: u64,
    /// How many of those are in `TIME_WAIT`.
    pub time_wait: u64,
}

/// How many sockets in `CLOSE_WAIT` have been there for so long at least.
///
/// The age is that of the last acknowledgement (`tcpi_last_ack_recv`), which the peer's FIN carries;
/// an answered keepalive probe makes a socket look younger than it is, never older.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloseWaitAges {
    /// 10 s or more.
    pub older_10s: u64,
    /// 60 s or more.
    pub older_60s: u64,
    /// 10 minutes or more.
    pub older_600s: u64,
    /// An hour or more.
    pub older_3600s: u64,
}

impl SocketSummary {
    /// How many destinations a summary keeps.
    pub const DESTINATIONS: usize = 16;

    /// From how many retransmissions in a row a connection counts as stuck. One or two are a burst of
    /// loss; with the third, some eight times the round trip have passed without a sign.
    pub const STUCK: u8 = 3;

    /// The sockets in one state, both families together.
    pub fn count(&self, state: TcpState) -> u64 {
        self.ipv4.get(state).saturating_add(self.ipv6.get(state))
    }

    /// The counts of one family.
    pub const fn of(&self, family: Family) -> &StateCounts {
        match family {
            Family::Ipv4 => &self.ipv4,
            Family::Ipv6 => &self.ipv6,
        }
    }
}

impl SocketSummary {
    pub(super) const fn of_mut(&mut self, family: Family) -> &mut StateCounts {
        match family {
            Family::Ipv4 => &mut self.ipv4,
            Family::Ipv6 => &mut self.ipv6,
        }
    }
}

impl CloseWaitAges {
    /// Counts one socket by its age in milliseconds.
    pub fn observe(&mut self, milliseconds: u32) {
        let steps = [
            (&mut self.older_10s, 10_000),
            (&mut self.older_60s, 60_000),
            (&mut self.older_600s, 600_000),
            (&mut self.older_3600s, 3_600_000),
        ];
        for (count, from) in steps {
            if milliseconds >= from {
                *count += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_counts_in_every_step_it_has_reached() {
        let mut ages = CloseWaitAges::default();
        for age in [0, 9_999, 10_000, 60_000, u32::MAX] {
            ages.observe(age);
        }
        let expected = CloseWaitAges {
            older_10s: 3,
            older_60s: 2,
            older_600s: 1,
            older_3600s: 1,
        };
        assert_eq!(ages, expected);
    }
}
