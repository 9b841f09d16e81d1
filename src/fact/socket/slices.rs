//! A choice of local ports that stands for all of them.
//!
//! Since Linux 6.15 the hash of a connection is its local port on top of a hash of the rest
//! (`inet_ehashfn`; up to 6.14 the port went into the hash). Connections to one destination lie side
//! by side in the kernel's table since then, and the first sockets of a list are a sample of those that
//! came in, which share a local port, but not of those that went out. A sample of those takes some local
//! ports of the whole table.

/// Slices of local ports, equally wide and equally far apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slices {
    /// The ports that they stand for, both ends included.
    zone: (u16, u16),
    slices: Vec<(u16, u16)>,
}

/// How many slices the range of automatic ports has, as far as it has room for them. The ports towards one
/// destination are mostly neighbours (`__inet_hash_connect`), so few wide slices would find all of them or
/// none.
const IN_RANGE: u32 = 56;

/// Slices are this far apart at least where they stand for all ports. The kernel searches them for each
/// socket: among 128 it takes as long as the walk without a filter, among 512 twice as long.
const APART: u32 = 500;

/// The least parts of which slices hold one: wider ones would hold whole groups of neighbours.
const PARTS: u64 = 16;

/// Ports below are for services.
const LOWEST: u16 = 1024;

impl Slices {
    /// A choice that holds about one in `parts` of the connections with automatic local ports, as far as a
    /// choice of single ports can.
    pub fn new(range: (u16, u16), parts: u64) -> Self {
        let (low, high) = (range.0.min(range.1), range.0.max(range.1));
        let size = u32::from(high - low) + 1;
        // Even, as `connect` prefers the even ports and `bind` the odd ones.
        let apart = even(size / IN_RANGE);
        let zone = if apart >= APART {
            (LOWEST.min(low), u16::MAX)
        } else {
            (low, high)
        };
        let parts = u32::try_from(parts.max(PARTS)).unwrap_or(u32::MAX);
        let width = even(apart.div_ceil(parts));
        if width >= apart {
            return Self {
                zone,
                slices: vec![zone],
            };
        }
        let mut slices = Vec::new();
        // From the middle of the first, so that neither end is nearer than the others.
        let mut start = u32::from(zone.0) + (apart - width) / 2;
        while start <= u32::from(zone.1) {
            let end = (start + width - 1).min(u32::from(zone.1));
            if let (Ok(start), Ok(end)) = (u16::try_from(start), u16::try_from(end)) {
                slices.push((start, end));
            }
            start += apart;
        }
        Self { zone, slices }
    }

    /// The number of the slice that holds a port.
    pub(super) fn slice(&self, port: u16) -> Option<usize> {
        let at = self.slices.partition_point(|(_, high)| *high < port);
        let (low, _) = self.slices.get(at)?;
        (*low <= port).then_some(at)
    }

    /// The ports of each slice, both ends included, in order.
    pub fn ranges(&self) -> &[(u16, u16)] {
        &self.slices
    }

    /// Whether the slices stand for a local port.
    pub fn stand_for(&self, port: u16) -> bool {
        (self.zone.0..=self.zone.1).contains(&port)
    }

    /// For how many ports each of theirs stands.
    pub fn scale(&self) -> f64 {
        let size = |(low, high): (u16, u16)| f64::from(high - low) + 1.0;
        let all: f64 = self.slices.iter().copied().map(size).sum();
        size(self.zone) / all.max(1.0)
    }
}

/// The next even number, 2 at least.
fn even(number: u32) -> u32 {
    number.max(1).next_multiple_of(2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_usual_range_has_many_slices_and_all_ports_are_stood_for() {
        for (parts, scale) in [
            (1, 15.75),
            (16, 15.75),
            (36, 36.0),
            (50, 42.0),
            (500, 252.0),
        ] {
            let slices = Slices::new((32_768, 60_999), parts);
            assert!(slices.stand_for(1024) && slices.stand_for(65_535));
            assert!(!slices.stand_for(443));
            let inside = |(low, high): &&(u16, u16)| *low >= 32_768 && *high <= 60_999;
            assert!(slices.ranges().iter().filter(inside).count() >= 55);
            assert!((slices.scale() - scale).abs() < 0.5, "{}", slices.scale());
        }
    }

    #[test]
    fn a_narrow_range_is_stood_for_alone_and_a_very_narrow_one_is_taken_whole() {
        let slices = Slices::new((40_000, 49_999), 100);
        assert!(!slices.stand_for(39_999) && !slices.stand_for(50_000));
        assert!((88.0..90.0).contains(&slices.scale()), "{}", slices.scale());
        let slices = Slices::new((40_000, 40_099), 8);
        assert_eq!(slices.ranges(), [(40_000, 40_099)]);
        assert!((slices.scale() - 1.0).abs() < 0.01);
    }

    proptest! {
        #[test]
        fn slices_stay_apart_within_their_zone(
            range in any::<(u16, u16)>(), parts in any::<u64>(), few in 1_u64..100
        ) {
            for parts in [parts, few] {
                let slices = Slices::new(range, parts);
                let mut last = None;
                for (low, high) in slices.ranges() {
                    prop_assert!(low <= high && last.is_none_or(|end: u16| end.saturating_add(1) < *low));
                    prop_assert!(slices.stand_for(*low) && slices.stand_for(*high));
                    last = Some(*high);
                }
                // What a filter of the kernel holds.
                prop_assert!(slices.ranges().len() <= 512 && !slices.ranges().is_empty());
                for (at, (low, high)) in slices.ranges().iter().enumerate() {
                    prop_assert_eq!(slices.slice(*low), Some(at));
                    prop_assert_eq!(slices.slice(*high), Some(at));
                }
                prop_assert!(slices.scale() >= 1.0);
            }
        }
    }
}
