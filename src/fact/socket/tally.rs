//! The tally: rows in, a summary out, in bounded memory.

use std::cmp::Reverse;
use std::net::SocketAddr;

use super::destinations::{Destinations, Suspects, is_counted};
use super::frequent::Frequent;
use super::sampled::{Drawn, Summed};
use super::{
    CloseWaitAges, Destination, Examined, Family, Margin, PortView, Ranked, Slices, SocketRow,
    SocketSummary, TcpState, Timer,
};

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
    destinations: Destinations,
    /// Of those whose SYN was sent again.
    syn_sent: Frequent<SocketAddr>,
    stuck: Frequent<SocketAddr>,
    /// What was drawn of states that are not counted one by one.
    drawn: Drawn,
}

/// A count that is worth something only if every row could tell.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    count: u64,
    untold: bool,
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
            destinations: Destinations::default(),
            syn_sent: Frequent::default(),
            stuck: Frequent::default(),
            drawn: Drawn::default(),
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
                // A SYN that was sent once may still be on its way.
                if row.backs_off() == Some(true) {
                    self.syn_sent.add(row.remote, false);
                }
            }
            TcpState::FinWait2 if row.inode == 0 => {
                self.summary.fin_wait_2_orphaned += 1;
                let tracked = &mut self.summary.fin_wait_2_tracked;
                tracked.insert(row.local, row.remote);
            }
            _ => {}
        }
        if is_counted(&self.view, row) {
            self.destinations.add(row);
        }
    }

    /// Sets which slices of local ports are looked at, before any socket of a sample.
    pub fn set_slices(&mut self, slices: Slices) {
        self.drawn.set_slices(slices);
    }

    /// An empty tally for a sample of the same sockets, taken while this one goes on.
    #[must_use]
    pub fn beside(&self) -> Self {
        let mut other = Self::new(self.view.clone());
        other.drawn = self.drawn.beside();
        other
    }

    /// Takes over what such a tally saw of a sample, as if this one had seen it.
    pub fn absorb(&mut self, beside: Self) {
        self.drawn.absorb(beside.drawn);
        self.destinations.absorb(beside.destinations);
    }

    /// Looks at one of the first sockets of a list, ESTABLISHED or in `TIME_WAIT`: of a state that is not
    /// counted one by one but set with [`SocketTally::set_established`] or [`SocketTally::set_time_wait`].
    pub fn observe_first(&mut self, row: &SocketRow) {
        self.drawn.observe_first(row, &self.view);
    }

    /// Looks at one socket whose local port lies in a slice, of the same states.
    pub fn observe_sliced(&mut self, row: &SocketRow) {
        if self.drawn.observe_sliced(row, &self.view) && is_counted(&self.view, row) {
            self.destinations.note(row);
        }
    }

    /// Sets how many sockets are ESTABLISHED, of each family, of which a sample is looked at.
    pub fn set_established(&mut self, ipv4: u64, ipv6: u64) {
        self.summary.ipv4.set(TcpState::Established, ipv4);
        self.summary.ipv6.set(TcpState::Established, ipv6);
        self.drawn.established.of = Some(ipv4.saturating_add(ipv6));
    }

    /// Sets how many sockets are in `TIME_WAIT`, of which a sample is looked at.
    pub fn set_time_wait(&mut self, all: u64) {
        self.summary.ipv4.set(TcpState::TimeWait, all);
        self.drawn.time_wait.of = Some(all);
    }

    /// Notes that the first sockets of a list were all there were.
    pub fn saw_all(&mut self, state: TcpState) {
        match state {
            TcpState::Established => self.drawn.established.is_whole = true,
            TcpState::TimeWait => self.drawn.time_wait.is_whole = true,
            _ => {}
        }
    }

    /// Whether there were more destinations than a tally counts exactly. Then those that may use many ports
    /// are to be counted apart ([`SocketTally::suspects`], [`SocketTally::set_destinations`]).
    pub const fn has_too_many_destinations(&self) -> bool {
        self.destinations.is_truncated()
    }

    /// The destinations that may use so many ports or more. None that does is left out, whatever the order
    /// in which sockets were seen.
    pub fn suspects(&self, threshold: u64) -> Suspects {
        self.destinations.suspects(threshold, self.drawn.scale())
    }

    /// Sets the destinations that were counted apart; without this call they are what was observed.
    pub fn set_destinations(&mut self, destinations: Vec<Destination>) {
        self.summary.destinations = destinations;
        self.drawn.destinations_are_set = true;
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
        if stuck == Some(true) {
            self.stuck.add(row.remote, false);
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
        self.finish_drawn().summary
    }

    /// The same where a part of the sockets was looked at: with what is known how well.
    pub fn finish_drawn(self) -> Summed {
        let mut summary = self.summary;
        summary.established_keepalive = self.established_keepalive.told();
        summary.established_backoff = self.established_backoff.told();
        summary.fin_wait_1_backoff = self.fin_wait_1_backoff.told();
        summary.syn_sent_backoff = self.syn_sent_backoff.told();
        summary.established_stuck = self.established_stuck.told();
        summary.last_ack_backoff = self.last_ack_backoff.told();
        summary.closing_backoff = self.closing_backoff.told();
        summary.syn_recv_backoff = self.syn_recv_backoff.told();
        summary.syn_sent_top = foremost(&self.syn_sent);
        summary.established_stuck_top = foremost(&self.stuck);
        let is_set = self.drawn.destinations_are_set;
        let is_truncated = self.destinations.is_truncated();
        if !is_set && !is_truncated {
            summary.destinations = self.destinations.foremost();
        }
        summary.destinations_truncated = is_truncated;
        let syn_sent = summary.count(TcpState::SynSent);
        let stuck = summary.established_stuck.unwrap_or(0);
        let mut summed = self.drawn.summed(summary);
        if !is_set && is_truncated {
            let why = "more destinations than can be counted".to_owned();
            summed.unread.insert("destination.".to_owned(), why);
        }
        for (fact, all, lost) in [
            ("socket.syn_sent_top_count", syn_sent, self.syn_sent.lost()),
            (
                "socket.established_stuck_top_count",
                stuck,
                self.stuck.lost(),
            ),
        ] {
            if lost > 0 {
                let margin = Margin {
                    looked_at: all,
                    of: all,
                    error: lost.into(),
                };
                summed.sampled.insert(fact.to_owned(), margin);
            }
        }
        summed
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

/// The peer with most connections; of equals the lowest address.
fn foremost(counted: &Frequent<SocketAddr>) -> Option<Ranked> {
    let counts = counted.counts();
    let most = counts.min_by_key(|(peer, count)| (Reverse(count.all), **peer));
    most.map(|(peer, count)| Ranked {
        name: peer.to_string(),
        count: count.all.into(),
    })
}

#[cfg(test)]
#[path = "tally_tests.rs"]
mod tests;
