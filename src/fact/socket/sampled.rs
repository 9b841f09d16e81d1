//! A summary of sockets of which some were looked at.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;

use super::frequent::ROOM;
use super::{
    Family, Margin, Part, PortView, Ranked, Slices, SocketRow, SocketSummary, TcpState, Timer,
};

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
#[derive(Clone, Debug, Default)]
pub(super) struct Drawn {
    pub(super) established: Draw,
    pub(super) time_wait: Draw,
    /// Peers of stuck connections, with how many of each sample.
    stuck: HashMap<SocketAddr, Shares>,
    slices: Option<Slices>,
    pub(super) destinations_are_set: bool,
}

/// What was drawn of one state, by where it comes from.
#[derive(Clone, Debug, Default)]
pub(super) struct Draw {
    /// How many sockets there are; `None` where they were counted one by one.
    pub(super) of: Option<u64>,
    /// Whether the first sockets of the list were all.
    pub(super) is_whole: bool,
    shares: Shares<Seen>,
    /// Those in slices once more, by slice.
    slices: Vec<Seen>,
}

/// The sockets of a state in three heaps.
#[derive(Clone, Copy, Debug, Default)]
struct Shares<T = u64> {
    /// In slices of local ports.
    sliced: T,
    /// Among the first of the list, with a local port that slices stand for.
    zone: T,
    /// Among the first of the list, with any other.
    rest: T,
}

/// What was seen in one heap.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    count: u64,
    ipv6: u64,
    incoming: u64,
    armed: u64,
    backoff: u64,
    stuck: u64,
}

impl Seen {
    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.ipv6 += other.ipv6;
        self.incoming += other.incoming;
        self.armed += other.armed;
        self.backoff += other.backoff;
        self.stuck += other.stuck;
    }

    fn observe(&mut self, row: &SocketRow, came_in: bool) {
        let stuck = row.was_sent_again(SocketSummary::STUCK) == Some(true);
        self.count += 1;
        self.ipv6 += u64::from(row.family == Family::Ipv6);
        self.incoming += u64::from(came_in);
        self.armed += u64::from(row.timer == Some(Timer::Keepalive));
        self.backoff += u64::from(row.backs_off() == Some(true));
        self.stuck += u64::from(stuck);
    }
}

impl Draw {
    fn absorb(&mut self, other: &Self) {
        self.is_whole |= other.is_whole;
        let Shares { sliced, zone, rest } = &mut self.shares;
        sliced.add(&other.shares.sliced);
        zone.add(&other.shares.zone);
        rest.add(&other.shares.rest);
        for (one, more) in self.slices.iter_mut().zip(&other.slices) {
            one.add(more);
        }
    }
}

/// A number that was worked out, and how far it may be off.
#[derive(Clone, Copy, Debug)]
struct Estimate {
    count: f64,
    /// 0 for a count.
    error: f64,
}

impl Drawn {
    /// Sets the slices that sockets of a sample are in.
    pub(super) fn set_slices(&mut self, slices: Slices) {
        let none = vec![Seen::default(); slices.ranges().len()];
        self.established.slices.clone_from(&none);
        self.time_wait.slices = none;
        self.slices = Some(slices);
    }

    /// The same slices, with nothing drawn yet.
    pub(super) fn beside(&self) -> Self {
        let mut other = Self::default();
        if let Some(slices) = &self.slices {
            other.set_slices(slices.clone());
        }
        other
    }

    /// Takes over what was drawn beside this.
    pub(super) fn absorb(&mut self, other: Self) {
        self.established.absorb(&other.established);
        self.time_wait.absorb(&other.time_wait);
        for (peer, seen) in other.stuck {
            if let Some(shares) = self.stuck_at(peer) {
                shares.sliced += seen.sliced;
                shares.zone += seen.zone;
                shares.rest += seen.rest;
            }
        }
    }

    /// The entry for the peer of a stuck connection, made if there is room for it.
    fn stuck_at(&mut self, peer: SocketAddr) -> Option<&mut Shares> {
        let has_room = self.stuck.len() < ROOM || self.stuck.contains_key(&peer);
        has_room.then(|| self.stuck.entry(peer).or_default())
    }

    /// For how many sockets each of the slices stands.
    pub(super) fn scale(&self) -> f64 {
        self.slices.as_ref().map_or(1.0, Slices::scale)
    }

    fn draw(&mut self, state: TcpState) -> Option<&mut Draw> {
        match state {
            TcpState::Established => Some(&mut self.established),
            TcpState::TimeWait => Some(&mut self.time_wait),
            _ => None,
        }
    }

    /// Looks at one of the first sockets of a list.
    pub(super) fn observe_first(&mut self, row: &SocketRow, view: &PortView) {
        let is_rest = self.is_rest(row, view);
        self.observe(row, view, |shares| {
            if is_rest {
                &mut shares.rest
            } else {
                &mut shares.zone
            }
        });
        self.note_stuck(row, |shares| {
            if is_rest {
                &mut shares.rest
            } else {
                &mut shares.zone
            }
        });
    }

    /// Looks at a socket with a local port of a slice; false if it came in.
    pub(super) fn observe_sliced(&mut self, row: &SocketRow, view: &PortView) -> bool {
        if self.is_rest(row, view) {
            return false;
        }
        self.observe(row, view, |shares| &mut shares.sliced);
        let slice = self.slices.as_ref();
        let slice = slice.and_then(|slices| slices.slice(row.local.port()));
        if let (Some(at), Some(draw)) = (slice, self.draw(row.state))
            && let Some(seen) = draw.slices.get_mut(at)
        {
            seen.observe(row, false);
        }
        self.note_stuck(row, |shares| &mut shares.sliced);
        true
    }

    /// Whether slices do not stand for a socket.
    fn is_rest(&self, row: &SocketRow, view: &PortView) -> bool {
        let port = row.local.port();
        let slices = self.slices.as_ref();
        view.came_in(port) || !slices.is_some_and(|slices| slices.stand_for(port))
    }

    fn observe(
        &mut self,
        row: &SocketRow,
        view: &PortView,
        pick: impl Fn(&mut Shares<Seen>) -> &mut Seen,
    ) {
        let came_in = view.came_in(row.local.port());
        if let Some(draw) = self.draw(row.state) {
            pick(&mut draw.shares).observe(row, came_in);
        }
    }

    fn note_stuck(&mut self, row: &SocketRow, pick: impl Fn(&mut Shares) -> &mut u64) {
        let is_open = row.state == TcpState::Established;
        if is_open
            && row.was_sent_again(SocketSummary::STUCK) == Some(true)
            && let Some(shares) = self.stuck_at(row.remote)
        {
            *pick(shares) += 1;
        }
    }

    /// Scales what was counted in the samples to all.
    pub(super) fn summed(self, summary: SocketSummary) -> Summed {
        let mut summed = Summed {
            summary,
            sampled: BTreeMap::new(),
            unread: BTreeMap::new(),
        };
        let scale = self.scale();
        if let Some(of) = self.established.of {
            let mut tops: Vec<_> = self.stuck.into_iter().collect();
            tops.sort_by_key(|(peer, _)| *peer);
            summed.scale_established(&Known::new(self.established, of, scale), &tops);
        }
        if let Some(of) = self.time_wait.of {
            summed.split_time_wait(&Known::new(self.time_wait, of, scale));
        }
        summed
    }
}

/// What is known of one state by its samples.
struct Known {
    draw: Draw,
    of: u64,
    scale: f64,
    /// How many the slices stand for.
    zone: Estimate,
}

impl Known {
    fn new(draw: Draw, of: u64, scale: f64) -> Self {
        let Shares { zone, rest, .. } = draw.shares;
        let of = if draw.is_whole {
            zone.count + rest.count
        } else {
            of
        };
        let mut known = Self {
            draw,
            of,
            scale,
            zone: Estimate {
                count: 0.0,
                error: 0.0,
            },
        };
        let zone = known.zone(|seen| seen.count);
        known.zone = Estimate {
            count: zone.count.min(of as f64),
            ..zone
        };
        // What is known to be too many is too many of each kind.
        if zone.count > of as f64 {
            known.scale *= of as f64 / zone.count;
        }
        known
    }

    fn looked_at(&self) -> u64 {
        if self.draw.is_whole {
            return self.of;
        }
        self.draw.shares.sliced.count + self.draw.shares.rest.count
    }

    /// How many were seen that are no part of what slices stand for twice.
    fn seen(&self, pick: fn(&Seen) -> u64) -> u64 {
        let Shares { sliced, zone, rest } = &self.draw.shares;
        let other = if self.draw.is_whole { zone } else { sliced };
        pick(other) + pick(rest)
    }

    /// How many of all there are of a kind.
    fn estimate(&self, pick: fn(&Seen) -> u64) -> Estimate {
        if self.draw.is_whole {
            return Estimate {
                count: self.seen(pick) as f64,
                error: 0.0,
            };
        }
        self.zone(pick).and(self.rest(pick(&self.draw.shares.rest)))
    }

    /// The same of a kind that slices do not stand for.
    fn estimate_of_rest(&self, pick: fn(&Seen) -> u64) -> Estimate {
        if self.draw.is_whole {
            return self.estimate(pick);
        }
        self.rest(pick(&self.draw.shares.rest))
    }

    /// The same of those with one peer.
    fn estimate_of_peer(&self, seen: Shares) -> Estimate {
        if self.draw.is_whole {
            return Estimate {
                count: (seen.zone + seen.rest) as f64,
                error: 0.0,
            };
        }
        sliced(seen.sliced, 0.0, self.scale).and(self.rest(seen.rest))
    }

    /// How many there are of a kind in what slices stand for. How far it may be off shows in how much each
    /// slice differs from the one before it: connections that were opened together have neighbouring
    /// ports, and of ports outside the automatic range few are in use.
    fn zone(&self, pick: fn(&Seen) -> u64) -> Estimate {
        let slices = &self.draw.slices;
        let steps = slices.iter().zip(slices.iter().skip(1));
        let squares: f64 = steps
            .map(|(one, next)| (pick(one) as f64 - pick(next) as f64).powi(2))
            .sum();
        let each = squares / (2.0 * slices.len().saturating_sub(1).max(1) as f64);
        let seen = pick(&self.draw.shares.sliced);
        sliced(seen, slices.len() as f64 * each, self.scale)
    }

    /// How many there are of a kind in all the rest, by those among the first of the list.
    fn rest(&self, seen: u64) -> Estimate {
        let part = Part {
            looked_at: self.draw.shares.rest.count,
            of: whole(self.of as f64 - self.zone.count),
        };
        if part.looked_at == 0 {
            // None was among the first of the list, where those of the rest stand by chance.
            let first = self.draw.shares.zone.count;
            return Estimate {
                count: 0.0,
                error: 3.0 * self.of as f64 / first.max(1) as f64,
            };
        }
        let share = seen as f64 / part.looked_at as f64;
        // How many there are is known as well as how many are not.
        let of = share * self.zone.error;
        let (count, margin) = part.estimate(seen).unwrap_or_default();
        Estimate {
            count: count as f64,
            error: both(of, margin.map_or(0.0, |margin| margin.error as f64)),
        }
    }

    fn margin(&self, estimate: Estimate) -> Option<Margin> {
        (!self.draw.is_whole).then(|| Margin {
            looked_at: self.looked_at(),
            of: self.of,
            error: whole(estimate.error.ceil()).min(self.of),
        })
    }
}

impl Estimate {
    /// Both together, each off by itself.
    fn and(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            error: both(self.error, other.error),
        }
    }
}

/// What two errors come to that have nothing to do with each other.
fn both(one: f64, other: f64) -> f64 {
    // `hypot`, which is the same for numbers of sockets, would load another library at every start.
    (one * one + other * other).sqrt()
}

/// How many there are of a kind of which so many were in slices. The variance of their number is at least
/// that of a choice by chance.
fn sliced(seen: u64, variance: f64, scale: f64) -> Estimate {
    const TWO_SIDED: f64 = 1.96;
    let variance = variance.max(seen as f64 + 1.0) * (1.0 - 1.0 / scale).max(0.0);
    Estimate {
        count: seen as f64 * scale,
        error: if seen == 0 {
            // The rule of three.
            3.0 * (scale - 1.0).max(0.0)
        } else {
            TWO_SIDED * scale * variance.sqrt()
        },
    }
}

impl Summed {
    fn scale_established(&mut self, known: &Known, tops: &[(SocketAddr, Shares)]) {
        let armed = known.estimate(|seen| seen.armed);
        let summary = &mut self.summary;
        summary.established_keepalive = None;
        (summary.incoming, summary.outgoing) = (0, 0);
        let armed = self.put("socket.established_keepalive", known, armed);
        self.summary.established_keepalive = armed;
        let incoming = known.estimate_of_rest(|seen| seen.incoming);
        let outgoing = Estimate {
            count: known.of as f64 - incoming.count,
            ..incoming
        };
        let incoming = self.put("socket.incoming", known, incoming);
        self.summary.incoming = incoming.unwrap_or(0);
        let outgoing = self.put("socket.outgoing", known, outgoing);
        self.summary.outgoing = outgoing.unwrap_or(0);
        self.summary.established_backoff =
            self.rare("socket.established_backoff", known, |seen| seen.backoff);
        self.summary.established_stuck =
            self.rare("socket.established_stuck", known, |seen| seen.stuck);
        let top = tops
            .iter()
            .map(|(peer, seen)| (peer, known.estimate_of_peer(*seen)))
            // Of equals the first one, which has the lowest address.
            .reduce(|one, other| {
                if other.1.count > one.1.count {
                    other
                } else {
                    one
                }
            });
        self.summary.established_stuck_top = top.and_then(|(peer, estimate)| {
            let count = self.put("socket.established_stuck_top_count", known, estimate)?;
            Some(Ranked {
                name: peer.to_string(),
                count,
            })
        });
    }

    /// The families of sockets in `TIME_WAIT`, of which the kernel tells the number only for both
    /// together.
    fn split_time_wait(&mut self, known: &Known) {
        let estimate = known.estimate(|seen| seen.ipv6);
        let ipv6 = self.put("socket.ipv6.time_wait", known, estimate);
        self.put("socket.ipv4.time_wait", known, estimate);
        let ipv6 = ipv6.unwrap_or(0);
        self.summary.ipv6.set(TcpState::TimeWait, ipv6);
        self.summary.ipv4.set(TcpState::TimeWait, known.of - ipv6);
    }

    /// An estimate as a count, with its margin noted; `None` where nothing was looked at.
    fn put(&mut self, fact: &str, known: &Known, estimate: Estimate) -> Option<u64> {
        if known.looked_at() == 0 && known.of > 0 {
            self.unread.insert(fact.to_owned(), looked(known));
            return None;
        }
        if let Some(margin) = known.margin(estimate) {
            self.sampled.insert(fact.to_owned(), margin);
        }
        Some(whole(estimate.count.round()).min(known.of))
    }

    /// A count of what is rare: that a sample holds none does not mean that there is none.
    fn rare(&mut self, fact: &str, known: &Known, pick: fn(&Seen) -> u64) -> Option<u64> {
        if known.seen(pick) == 0 && !known.draw.is_whole {
            self.unread.insert(fact.to_owned(), looked(known));
            return None;
        }
        self.put(fact, known, known.estimate(pick))
    }
}

/// Why a sample does not tell something.
fn looked(known: &Known) -> String {
    let (looked_at, of) = (known.looked_at(), known.of);
    format!("{looked_at} of {of} looked at; --exact looks at all")
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float is cut to what the number can hold"
)]
fn whole(number: f64) -> u64 {
    number as u64
}

#[cfg(test)]
#[path = "sampled_tests.rs"]
mod tests;
