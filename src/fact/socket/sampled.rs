//! A summary of sockets of which some were looked at.

use std::collections::BTreeMap;

use super::{Family, Margin, Part, SocketSummary, TcpState};

/// A summary, and how well its numbers are known. Names are those of facts.
#[derive(Clone, Debug, PartialEq)]
pub struct Summed {
    /// The summary; what was worked out from a sample is scaled to all.
    pub summary: SocketSummary,
    /// What was worked out from a sample, and how far it may be off.
    pub sampled: BTreeMap<String, Margin>,
    /// What the sample could not tell, and why.
    pub unread: BTreeMap<String, String>,
}

/// What was drawn of the two states that may be too many to look at.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Drawn {
    pub(super) established: u64,
    pub(super) time_wait: u64,
    pub(super) time_wait_ipv6: u64,
    /// How many there are; `None` where they were counted one by one.
    pub(super) of_established: Option<u64>,
    pub(super) of_time_wait: Option<u64>,
    pub(super) destinations_are_set: bool,
}

impl Drawn {
    pub(super) fn part(&self, state: TcpState) -> Part {
        let (looked_at, of) = match state {
            TcpState::Established => (self.established, self.of_established),
            TcpState::TimeWait => (self.time_wait, self.of_time_wait),
            _ => (0, None),
        };
        of.map_or_else(Part::default, |of| Part { looked_at, of })
    }

    /// Scales what was counted in the sample to all.
    pub(super) fn scale(&self, summary: SocketSummary) -> Summed {
        let mut summed = Summed {
            summary,
            sampled: BTreeMap::new(),
            unread: BTreeMap::new(),
        };
        if self.of_established.is_some() {
            summed.scale_established(self.part(TcpState::Established));
        }
        if let Some(all) = self.of_time_wait {
            summed.split_time_wait(all, self.time_wait_ipv6, self.part(TcpState::TimeWait));
        }
        summed
    }
}

impl Summed {
    fn scale_established(&mut self, part: Part) {
        if let Some(armed) = self.summary.established_keepalive {
            self.summary.established_keepalive =
                Some(self.share("socket.established_keepalive", armed, part));
        }
        let outgoing = self.summary.outgoing;
        self.summary.incoming = self.share("socket.incoming", self.summary.incoming, part);
        // The two are all there are.
        self.summary.outgoing = if part.is_whole() {
            outgoing
        } else {
            self.share("socket.outgoing", outgoing, part);
            part.of.saturating_sub(self.summary.incoming)
        };
        self.summary.established_backoff = self.rare(
            "socket.established_backoff",
            self.summary.established_backoff,
            part,
        );
        let fact = "socket.established_stuck";
        self.summary.established_stuck = self.rare(fact, self.summary.established_stuck, part);
        if let Some(mut top) = self.summary.established_stuck_top.take() {
            top.count = self.share("socket.established_stuck_top_count", top.count, part);
            self.summary.established_stuck_top = Some(top);
        }
    }

    /// The families of sockets in `TIME_WAIT`, of which the kernel tells the number only for both
    /// together.
    fn split_time_wait(&mut self, all: u64, ipv6: u64, part: Part) {
        let scaled = self.share("socket.ipv6.time_wait", ipv6, part);
        // Where some went or came meanwhile, the sample is the newer count.
        let all = if part.is_whole() { part.of } else { all };
        let ipv6 = scaled.min(all);
        if let Some(margin) = self.sampled.get("socket.ipv6.time_wait").copied() {
            let fact = "socket.ipv4.time_wait".to_owned();
            self.sampled.insert(fact, margin);
        }
        if let Some(why) = self.unread.get("socket.ipv6.time_wait").cloned() {
            self.unread.insert("socket.ipv4.time_wait".to_owned(), why);
        }
        let of = |family| {
            if family == Family::Ipv6 {
                ipv6
            } else {
                all - ipv6
            }
        };
        for family in [Family::Ipv4, Family::Ipv6] {
            let counts = self.summary.of_mut(family);
            counts.set(TcpState::TimeWait, of(family));
        }
    }

    /// A count that is worth an estimate, whatever the sample holds.
    fn share(&mut self, fact: &str, seen: u64, part: Part) -> u64 {
        match part.estimate(seen) {
            Some((count, margin)) => {
                if let Some(margin) = margin {
                    self.sampled.insert(fact.to_owned(), margin);
                }
                count
            }
            None => {
                self.unread.insert(fact.to_owned(), looked(part));
                0
            }
        }
    }

    /// A count of what is rare: that a sample holds none does not mean that there is none.
    fn rare(&mut self, fact: &str, seen: Option<u64>, part: Part) -> Option<u64> {
        let seen = seen?;
        if seen == 0 && !part.is_whole() {
            self.unread.insert(fact.to_owned(), looked(part));
            return None;
        }
        Some(self.share(fact, seen, part))
    }
}

/// Why a sample does not tell something.
fn looked(part: Part) -> String {
    let Part { looked_at, of } = part;
    format!("{looked_at} of {of} looked at; --exact looks at all")
}

#[cfg(test)]
#[path = "sampled_tests.rs"]
mod tests;
