//! The tally: rows in, a summary out, in bounded memory.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, SocketAddr};

use super::examined::foremost;
use super::{
    CloseWaitAges, Destination, Examined, Family, PortView, SocketRow, SocketSummary, TcpState,
    Timer,
};

/// Distinct destinations that are counted at most. One that holds a good part of the port range is
/// met long before the table is full, as the kernel lists sockets in the order of a keyed hash.
const MAX_DESTINATIONS: usize = 65_536;

/// Sums up sockets, one at a time.
#[derive(Clone, Debug)]
pub struct SocketTally {
    view: PortView,
    summary: SocketSummary,
    established_keepalive: Known,
    established_backoff: Known,
    established_stuck: Known,
    fin_wait_1_backoff: Known,
    last_ack_backoff: Known,
    closing_backoff: Known,
    syn_sent_backoff: Known,
    syn_recv_backoff: Known,
    destinations: HashMap<(IpAddr, SocketAddr), Ports>,
    syn_sent: HashMap<SocketAddr, u64>,
    stuck: HashMap<SocketAddr, u64>,
}

/// A count that is worth something only if every row could tell.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    count: u64,
    untold: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Ports {
    used: u64,
    time_wait: u64,
}

impl SocketTally {
    /// An empty tally.
    pub fn new(view: PortView) -> Self {
        Self {
            view,
            summary: SocketSummary::default(),
            established_keepalive: Known::default(),
            established_backoff: Known::default(),
            established_stuck: Known::default(),
            fin_wait_1_backoff: Known::default(),
            last_ack_backoff: Known::default(),
            closing_backoff: Known::default(),
            syn_sent_backoff: Known::default(),
            syn_recv_backoff: Known::default(),
            destinations: HashMap::new(),
            syn_sent: HashMap::new(),
            stuck: HashMap::new(),
        }
    }

    /// Counts one socket.
    pub fn observe(&mut self, row: &SocketRow) {
        self.summary.of_mut(row.family).add(row.state, 1);
        match row.state {
            TcpState::Established => self.observe_established(row),
            TcpState::FinWait1 => {
                self.fin_wait_1_backoff.add(row.backs_off());
                self.summary.fin_wait_1_orphaned += u64::from(row.inode == 0);
            }
            TcpState::LastAck => self.last_ack_backoff.add(row.backs_off()),
            TcpState::Closing => self.closing_backoff.add(row.backs_off()),
            TcpState::SynRecv => self.syn_recv_backoff.add(row.backs_off()),
            TcpState::SynSent => {
                self.syn_sent_backoff.add(row.backs_off());
                let tracked = &mut self.summary.syn_sent_tracked;
                tracked.insert(row.local, row.remote);
                if let Some(count) = entry(&mut self.syn_sent, row.remote) {
                    *count += 1;
                }
            }
            TcpState::FinWait2 if row.inode == 0 => {
                self.summary.fin_wait_2_orphaned += 1;
                let tracked = &mut self.summary.fin_wait_2_tracked;
                tracked.insert(row.local, row.remote);
            }
            _ => {}
        }
        self.observe_port(row);
    }

    fn observe_established(&mut self, row: &SocketRow) {
        let keepalive = row.timer.map(|timer| timer == Timer::Keepalive);
        self.established_keepalive.add(keepalive);
        self.established_backoff.add(row.backs_off());
        if self.view.came_in(row.local.port()) {
            self.summary.incoming += 1;
        } else {
            self.summary.outgoing += 1;
        }
        let stuck = row.was_sent_again(SocketSummary::STUCK);
        self.established_stuck.add(stuck);
        if stuck == Some(true)
            && let Some(count) = entry(&mut self.stuck, row.remote)
        {
            *count += 1;
        }
    }

    fn observe_port(&mut self, row: &SocketRow) {
        let connected = row.state != TcpState::Listening && row.remote.port() != 0;
        if !connected || !self.view.is_ephemeral(row.local.port()) {
            return;
        }
        match entry(&mut self.destinations, (row.local.ip(), row.remote)) {
            Some(ports) => {
                ports.used += 1;
                ports.time_wait += u64::from(row.state == TcpState::TimeWait);
            }
            None => self.summary.destinations_truncated = true,
        }
    }

    /// Counts one listening socket, of which there is no row.
    pub fn add_listener(&mut self, family: Family) {
        self.summary.of_mut(family).add(TcpState::Listening, 1);
    }

    /// Sets how long sockets have been in `CLOSE_WAIT`; without this call it stays unknown.
    pub fn set_close_wait_ages(&mut self, ages: CloseWaitAges) {
        self.summary.close_wait_ages = Some(ages);
    }

    /// Sets what came of looking at open connections; without this call it stays unknown.
    pub fn set_examined(&mut self, examined: Examined) {
        self.summary.examined = Some(examined);
    }

    /// How many open connections are stuck so far; `None` when a source cannot tell.
    pub fn stuck(&self) -> Option<u64> {
        self.established_stuck.told()
    }

    /// How many sockets were seen in one state so far.
    pub fn count(&self, state: TcpState) -> u64 {
        self.summary.count(state)
    }

    /// Ends the tally: keeps the foremost destinations and drops the rest.
    pub fn finish(self) -> SocketSummary {
        let mut summary = self.summary;
        summary.established_keepalive = self.established_keepalive.told();
        summary.established_backoff = self.established_backoff.told();
        summary.fin_wait_1_backoff = self.fin_wait_1_backoff.told();
        summary.syn_sent_backoff = self.syn_sent_backoff.told();
        summary.established_stuck = self.established_stuck.told();
        summary.last_ack_backoff = self.last_ack_backoff.told();
        summary.closing_backoff = self.closing_backoff.told();
        summary.syn_recv_backoff = self.syn_recv_backoff.told();
        summary.syn_sent_top = foremost(self.syn_sent);
        summary.established_stuck_top = foremost(self.stuck);
        let mut destinations: Vec<Destination> = self
            .destinations
            .into_iter()
            .map(|((source, address), ports)| Destination {
                source,
                address,
                used: ports.used,
                time_wait: ports.time_wait,
            })
            .collect();
        destinations.sort_by_key(|found| (Reverse(found.used), found.source, found.address));
        destinations.truncate(SocketSummary::DESTINATIONS);
        destinations.shrink_to_fit();
        summary.destinations = destinations;
        summary
    }
}

impl Known {
    fn add(&mut self, counts: Option<bool>) {
        match counts {
            Some(counts) => self.count += u64::from(counts),
            None => self.untold = true,
        }
    }

    fn told(self) -> Option<u64> {
        (!self.untold).then_some(self.count)
    }
}

/// The entry for a key, made if there is room for it.
fn entry<K: Hash + Eq, V: Default>(map: &mut HashMap<K, V>, key: K) -> Option<&mut V> {
    if map.len() >= MAX_DESTINATIONS && !map.contains_key(&key) {
        return None;
    }
    Some(map.entry(key).or_default())
}

#[cfg(test)]
#[path = "tally_tests.rs"]
mod tests;
