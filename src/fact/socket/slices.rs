//! A choice of local ports that stands for all of them.
//!
//! Since Linux 6.15 the hash of a connection is its local port on top of a hash of the rest
//! (`inet_ehashfn`; up to 6.14 the port went into the hash). Connections to one destination lie side
//! by side in the kernel's table since then, and the first sockets of a list are a sample of those that
//! came in, which share a local port, but not of those that went out. A sample of those takes some local
//! ports of the whole table.

/// Slices of local ports. Each takes the same part of the ports around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slices {
    /// The ports that they stand for, both ends included.
    zone: (u16, u16),
    chosen: Vec<(u16, u16)>,
    /// How far slices of the automatic range are apart, and how wide they are.
    step: (u32, u32),
}

/// How many slices the range of automatic ports has, as far as it has room for them. The ports towards one
/// destination are mostly neighbours (`__inet_hash_connect`), so few wide slices would find all of them or
/// none.
const IN_RANGE: u32 = 56;

/// About how far slices are apart below and above that range, where few connections went out from. The
/// kernel searches all slices for each socket.
const APART: u32 = 4000;

/// The least parts of which slices hold one: wider ones would hold whole groups of neighbours, or all
/// connections to a service that has its port in one.
const PARTS: u32 = 16;

/// Ports below are for services.
const LOWEST: u16 = 1024;

impl Slices {
    /// A choice that holds about one in `parts` of the connections with automatic local ports, as far as a
    /// choice of single ports can.
    pub fn new(range: (u16, u16), parts: u64) -> Self {
        let range = (range.0.min(range.1), range.0.max(range.1));
        let size = u32::from(range.1 - range.0) + 1;
        // Even, as `connect` prefers the even ports and `bind` the odd ones.
        let apart = even(size / IN_RANGE);
        let parts = u32::try_from(parts.max(u64::from(PARTS))).unwrap_or(u32::MAX);
        let width = even(apart.div_ceil(parts));
        let mut slices = Self {
            zone: range,
            chosen: Vec::new(),
            step: (apart, width),
        };
        if width >= apart {
            slices.chosen.push(range);
            return slices;
        }
        // So narrow a range holds too few ports for slices with a sparse choice around them.
        if apart < 2 * PARTS {
            slices.add(range, apart, width);
            return slices;
        }
        let times = (APART / apart).max(1);
        let lowest = LOWEST.min(range.0);
        slices.zone = (lowest, u16::MAX);
        if let Some(below) = range.0.checked_sub(1).filter(|below| *below >= lowest) {
            slices.add((lowest, below), times * apart, times * width);
        }
        slices.add(range, apart, width);
        if let Some(above) = range.1.checked_add(1) {
            slices.add((above, u16::MAX), times * apart, times * width);
        }
        slices
    }

    /// Adds slices of a range, from the middle of the first part, so that neither end is nearer than the
    /// others.
    fn add(&mut self, (low, high): (u16, u16), apart: u32, width: u32) {
        let (low, high) = (u32::from(low), u32::from(high));
        let mut start = low + (apart - width) / 2;
        while start <= high {
            let end = (start + width - 1).min(high);
            if let (Ok(start), Ok(end)) = (u16::try_from(start), u16::try_from(end)) {
                self.chosen.push((start, end));
            }
            start += apart;
        }
    }

    /// The number of the slice that holds a port.
    pub(super) fn slice(&self, port: u16) -> Option<usize> {
        let at = self.chosen.partition_point(|(_, high)| *high < port);
        let (low, _) = self.chosen.get(at)?;
        (*low <= port).then_some(at)
    }

    /// The ports of each slice, both ends included, in order.
    pub fn ranges(&self) -> &[(u16, u16)] {
        &self.chosen
    }

    /// Whether the slices stand for a local port.
    pub fn stand_for(&self, port: u16) -> bool {
        (self.zone.0..=self.zone.1).contains(&port)
    }

    /// For how many ports each of theirs stands.
    pub fn scale(&self) -> f64 {
        let (apart, width) = self.step;
        f64::from(apart.max(width)) / f64::from(width)
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
            let count = slices.ranges().iter().filter(inside).count();
            // Few beside them, as each costs the kernel a comparison.
            let outside = slices.ranges().len() - count;
            assert!(count >= 55 && (2..20).contains(&outside), "{outside}");
            assert!((slices.scale() - scale).abs() < 0.5, "{}", slices.scale());
        }
    }

    #[test]
    fn slices_stand_for_ports_beside_a_narrow_range_and_a_very_narrow_one_is_taken_whole() {
        let slices = Slices::new((40_000, 49_999), 100);
        assert!(slices.stand_for(39_999) && slices.stand_for(50_000));
        assert!((88.0..90.0).contains(&slices.scale()), "{}", slices.scale());
        let slices = Slices::new((40_000, 40_799), 100);
        assert!(!slices.stand_for(39_999) && !slices.stand_for(40_800));
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

        #[test]
        fn slices_take_the_same_part_of_the_ports_within_a_range_and_beside_it(
            low in 1024_u16..50_000, size in 2_000_u16..15_000, parts in 16_u64..200
        ) {
            let range = (low, low + size);
            let slices = Slices::new(range, parts);
            let taken = |(from, to): (u16, u16)| -> f64 {
                let one = |(low, high): &(u16, u16)| {
                    let (low, high) = ((*low).max(from), (*high).min(to));
                    if low > high { 0.0 } else { f64::from(high - low) + 1.0 }
                };
                slices.ranges().iter().map(one).sum()
            };
            for part in [(1024, low - 1), range, (low + size + 1, u16::MAX)] {
                let ports = f64::from(part.1.saturating_sub(part.0)) + 1.0;
                // What is no whole step is rounded.
                if ports > 2.0 {
                    let stood_for = taken(part) * slices.scale();
                    let away = (stood_for - ports).abs();
                    prop_assert!(away <= f64::from(APART), "{stood_for} for {ports}");
                }
            }
        }
    }
}
