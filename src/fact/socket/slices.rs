//! A choice of local ports that stands for all of them.
//!
//! Since Linux 6.15 the hash of a connection is its local port on top of a hash of the rest
//! (`inet_ehashfn`, so that `connect` finds a free port faster). Connections to one destination lie side
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

/// How many slices the range of automatic ports has at least, as far as it has room for them. The ports
/// towards one destination are mostly neighbours (`__inet_hash_connect`), so one slice would find all or
/// nothing.
const IN_RANGE: u32 = 28;

/// Ports below are for services.
const LOWEST: u16 = 1024;

/// Slices are this far apart at least where they stand for all ports: the kernel runs a program over
/// them, which must not grow.
const APART: u32 = 512;

impl Slices {
    /// A choice that holds about one in `parts` of the connections with automatic local ports.
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
        let parts = u32::try_from(parts).unwrap_or(u32::MAX).max(1);
        let width = even(apart.div_ceil(parts)).min(apart);
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
        let slices = Slices::new((32_768, 60_999), 50);
        assert!(slices.stand_for(1024) && slices.stand_for(65_535));
        assert!(!slices.stand_for(443));
        let inside = |(low, high): &&(u16, u16)| *low >= 32_768 && *high <= 60_999;
        assert!(slices.ranges().iter().filter(inside).count() >= 27);
        assert!((45.0..52.0).contains(&slices.scale()), "{}", slices.scale());
    }

    #[test]
    fn a_narrow_range_is_stood_for_alone() {
        let slices = Slices::new((40_000, 40_399), 8);
        assert!(!slices.stand_for(39_999) && !slices.stand_for(40_400));
        assert!(slices.ranges().len() >= 25, "{:?}", slices.ranges());
        assert!((6.0..9.0).contains(&slices.scale()), "{}", slices.scale());
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
                    prop_assert!(low <= high && last.is_none_or(|end| end < *low));
                    prop_assert!(slices.stand_for(*low) && slices.stand_for(*high));
                    last = Some(*high);
                }
                prop_assert!(slices.ranges().len() <= 200 && !slices.ranges().is_empty());
                prop_assert!(slices.scale() >= 1.0);
            }
        }
    }
}
