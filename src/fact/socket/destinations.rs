//! The local ports in use towards each service.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::{Destination, PortView, SocketRow, SocketSummary, TcpState};

/// Distinct destinations that are counted at most: what fits into a table of 16,384 places. One that
/// holds a good part of the port range is met long before the table is full, as the kernel lists sockets
/// in the order of a keyed hash.
pub(super) const MAX_DESTINATIONS: usize = 14_336;

/// From how many standard deviations below its threshold on a destination is worth an exact count.
const DEVIATIONS: f64 = 4.0;

/// A counting of destinations, in bounded memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Destinations {
    table: HashMap<Ends, Ports>,
    /// Whether there were more than can be counted.
    pub(super) truncated: bool,
}

/// A local address, and a remote address with its port. IPv4 is mapped, which halves the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Ends {
    source: [u8; 16],
    address: [u8; 16],
    port: u16,
}

#[derive(Clone, Copy, Debug, Default)]
struct Ports {
    /// All that were counted.
    used: u32,
    /// How many of those are in `TIME_WAIT`.
    time_wait: u32,
    /// Those of a sample, which are not among the counted.
    seen: u32,
}

/// What a sample says of the destinations that may use many ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspects {
    /// Those that may use so many, the largest first: local and remote address. At most
    /// [`SocketSummary::DESTINATIONS`].
    pub foremost: Vec<(IpAddr, SocketAddr)>,
    /// How many more there are.
    pub more: usize,
}

impl Destinations {
    /// Counts a socket that was counted by its state too.
    pub(super) fn add(&mut self, row: &SocketRow) {
        if let Some(ports) = self.entry(row) {
            ports.used = ports.used.saturating_add(1);
            let rests = u32::from(row.state == TcpState::TimeWait);
            ports.time_wait = ports.time_wait.saturating_add(rests);
        }
    }

    /// Notes a socket of a sample.
    pub(super) fn note(&mut self, row: &SocketRow) {
        if let Some(ports) = self.entry(row) {
            ports.seen = ports.seen.saturating_add(1);
        }
    }

    /// Takes over the sockets of a sample that another counting noted. Where there is no room for all, the
    /// destinations with most of them come first.
    pub(super) fn absorb(&mut self, other: Self) {
        self.truncated |= other.truncated;
        if self.table.len() + other.table.len() <= MAX_DESTINATIONS {
            for (ends, ports) in other.table {
                self.add_seen(ends, ports.seen);
            }
            return;
        }
        let mut noted: Vec<(Ends, Ports)> = other.table.into_iter().collect();
        noted.sort_by_key(|(_, ports)| Reverse(ports.seen));
        for (ends, ports) in noted {
            self.add_seen(ends, ports.seen);
        }
    }

    fn add_seen(&mut self, ends: Ends, seen: u32) {
        if let Some(ports) = self.entry_of(ends) {
            ports.seen = ports.seen.saturating_add(seen);
        }
    }

    /// The entry for a socket, made if there is room for it.
    fn entry(&mut self, row: &SocketRow) -> Option<&mut Ports> {
        self.entry_of(Ends::of(row))
    }

    fn entry_of(&mut self, ends: Ends) -> Option<&mut Ports> {
        if self.table.len() >= MAX_DESTINATIONS && !self.table.contains_key(&ends) {
            self.truncated = true;
            return None;
        }
        Some(self.table.entry(ends).or_default())
    }

    /// The destinations with most ports in use of those that were counted.
    pub(super) fn foremost(&self) -> Vec<Destination> {
        let counted = self.table.iter().filter(|(_, ports)| ports.used > 0);
        let counted = counted.map(|(ends, ports)| {
            let (source, address) = ends.shown();
            Destination {
                source,
                address,
                used: ports.used.into(),
                time_wait: ports.time_wait.into(),
            }
        });
        foremost(counted.collect())
    }

    /// The destinations that may use `threshold` ports or more, where each one of the sample stands for
    /// `scale`.
    pub(super) fn suspects(&self, threshold: u64, scale: f64) -> Suspects {
        let mut found: Vec<(u64, Ends)> = Vec::new();
        for (ends, ports) in &self.table {
            let seen = f64::from(ports.seen);
            let used = f64::from(ports.used) + seen * scale;
            // By chance, and two more so that few seen ones do not look certain.
            let deviation = scale * ((seen + 2.0) * (1.0 - 1.0 / scale)).sqrt();
            if used + DEVIATIONS * deviation >= threshold as f64 {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a number of sockets, for the order alone"
                )]
                found.push((used as u64, *ends));
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
