//! The local ports in use towards each service.

use std::cmp::Reverse;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::frequent::Frequent;
use super::{Destination, PortView, SocketRow, SocketSummary, TcpState};

/// From how many standard deviations below its threshold on a destination is worth an exact count.
const DEVIATIONS: f64 = 4.0;

/// A counting of destinations, in bounded memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Destinations {
    /// Sockets that were counted by their state too; those in `TIME_WAIT` are marked.
    counted: Frequent<Ends>,
    /// Those of a sample, which are not among the counted.
    noted: Frequent<Ends>,
}

/// A local address, and a remote address with its port. IPv4 is mapped, which halves the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Ends {
    source: [u8; 16],
    address: [u8; 16],
    port: u16,
}

/// What a sample, or a table that could not hold all, says of the destinations that may use many ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspects {
    /// Those that may use so many, the largest first: local and remote address. At most
    /// [`SocketSummary::DESTINATIONS`].
    pub foremost: Vec<(IpAddr, SocketAddr)>,
    /// How many more there are.
    pub more: usize,
    /// Whether any other may, too, as there are too many destinations for so few ports.
    pub any: bool,
}

impl Destinations {
    /// Counts a socket that was counted by its state too.
    pub(super) fn add(&mut self, row: &SocketRow) {
        let rests = row.state == TcpState::TimeWait;
        self.counted.add(Ends::of(row), rests);
    }

    /// Notes a socket of a sample.
    pub(super) fn note(&mut self, row: &SocketRow) {
        self.noted.add(Ends::of(row), false);
    }

    /// Takes over the sockets of a sample that another counting noted.
    pub(super) fn absorb(&mut self, other: Self) {
        self.noted.absorb(other.noted);
    }

    /// Whether there were more than can be counted exactly.
    pub(super) const fn is_truncated(&self) -> bool {
        self.counted.lost() > 0 || self.noted.lost() > 0
    }

    /// The destinations with most ports in use of those that were counted.
    pub(super) fn foremost(&self) -> Vec<Destination> {
        let counted = self.counted.counts().map(|(ends, count)| {
            let (source, address) = ends.shown();
            Destination {
                source,
                address,
                used: count.all.into(),
                time_wait: count.marked.into(),
            }
        });
        foremost(counted.collect())
    }

    /// The destinations that may use `threshold` ports or more, where each one of the sample stands for
    /// `scale`.
    pub(super) fn suspects(&self, threshold: u64, scale: f64) -> Suspects {
        // The most that there may be of so many counted and so many seen ones.
        let most = |counted: u32, seen: u32| {
            let seen = f64::from(seen.saturating_add(self.noted.lost()));
            let used = f64::from(counted.saturating_add(self.counted.lost())) + seen * scale;
            // By chance, and two more so that few seen ones do not look certain.
            let deviation = scale * ((seen + 2.0) * (1.0 - 1.0 / scale)).sqrt();
            (used, used + DEVIATIONS * deviation)
        };
        let counted = self.counted.counts();
        let counted = counted.map(|(ends, count)| (*ends, count.all, self.noted.count(ends).all));
        let noted = self.noted.counts();
        let noted = noted.map(|(ends, seen)| (*ends, self.counted.count(ends).all, seen.all));
        let only_noted = noted.filter(|(_, counted, _)| *counted == 0);
        let mut found: Vec<(u64, Ends)> = Vec::new();
        for (ends, counted, seen) in counted.chain(only_noted) {
            let (used, most) = most(counted, seen);
            if most >= threshold as f64 {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a number of sockets, for the order alone"
                )]
                found.push((used as u64, ends));
            }
        }
        found.sort_by_key(|(used, ends)| (Reverse(*used), ends.shown()));
        let kept = found.len().min(SocketSummary::DESTINATIONS);
        Suspects {
            more: found.len() - kept,
            foremost: found
                .into_iter()
                .take(kept)
                .map(|(_, ends)| ends.shown())
                .collect(),
            any: self.is_truncated() && most(0, 0).1 >= threshold as f64,
        }
    }
}

impl Ends {
    fn of(row: &SocketRow) -> Self {
        Self {
            source: mapped(row.local.ip()),
            address: mapped(row.remote.ip()),
            port: row.remote.port(),
        }
    }

    fn shown(&self) -> (IpAddr, SocketAddr) {
        let shown = |address: [u8; 16]| Ipv6Addr::from(address).to_canonical();
        let address = SocketAddr::new(shown(self.address), self.port);
        (shown(self.source), address)
    }
}

fn mapped(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}

/// Counts the ports towards a few destinations, and no others.
#[derive(Clone, Debug)]
pub struct DestinationTally {
    view: PortView,
    counted: Vec<Destination>,
}

impl DestinationTally {
    /// Nothing counted yet towards these: local and remote addresses.
    pub fn new(view: PortView, wanted: &[(IpAddr, SocketAddr)]) -> Self {
        let counted = wanted.iter().map(|(source, address)| Destination {
            source: *source,
            address: *address,
            used: 0,
            time_wait: 0,
        });
        Self {
            view,
            counted: counted.collect(),
        }
    }

    /// Counts a socket if it leads to one of them.
    pub fn observe(&mut self, row: &SocketRow) {
        if !is_counted(&self.view, row) {
            return;
        }
        let (source, address) = (row.local.ip(), row.remote);
        let one = self
            .counted
            .iter_mut()
            .find(|one| one.address == address && one.source == source);
        if let Some(one) = one {
            one.used += 1;
            one.time_wait += u64::from(row.state == TcpState::TimeWait);
        }
    }

    /// The destinations, those with most ports in use first.
    pub fn finish(self) -> Vec<Destination> {
        foremost(self.counted)
    }
}

/// Whether a socket takes a local port towards a destination.
pub(super) fn is_counted(view: &PortView, row: &SocketRow) -> bool {
    let connected = row.state != TcpState::Listening && row.remote.port() != 0;
    connected && view.is_ephemeral(row.local.port())
}

fn foremost(mut destinations: Vec<Destination>) -> Vec<Destination> {
    destinations.sort_by_key(|found| (Reverse(found.used), found.source, found.address));
    destinations.truncate(SocketSummary::DESTINATIONS);
    destinations.shrink_to_fit();
    destinations
}
