//! Counts that were worked out from a part of the sockets, and how far they may be off.
//!
//! The kernel lists connections in the order of a hash with a secret key (`inet_ehashfn`), so of those
//! that share a local port the first ones of a list are a uniform sample.

use serde::{Deserialize, Serialize};

/// How far a count that was worked out from a sample may be off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Margin {
    /// How many sockets were looked at.
    pub looked_at: u64,
    /// How many there are.
    pub of: u64,
    /// How far the true count may be away: in 95 of 100 samples it is no farther.
    pub error: u64,
}

/// The sockets of one state, of which some were looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// How many were looked at.
    pub looked_at: u64,
    /// How many there are.
    pub of: u64,
}

impl Part {
    /// Whether every one was looked at.
    pub const fn is_whole(self) -> bool {
        self.looked_at >= self.of
    }

    /// How many of all have what `seen` of those looked at have; `None` when nothing can be said, as
    /// none was looked at. A margin comes with it unless all were looked at.
    pub fn estimate(self, seen: u64) -> Option<(u64, Option<Margin>)> {
        if self.is_whole() {
            return Some((seen, None));
        }
        if self.looked_at == 0 {
            return None;
        }
        let scaled = seen as f64 * (self.of as f64 / self.looked_at as f64);
        let error = if seen == 0 || seen >= self.looked_at {
            // The rule of three: with a share of 3/n, a sample of n misses it once in twenty.
            3.0 * (self.of - self.looked_at) as f64 / self.looked_at as f64
        } else {
            self.half_interval(seen)
        };
        let margin = Margin {
            looked_at: self.looked_at,
            of: self.of,
            error: whole(error.ceil()).min(self.of),
        };
        Some((whole(scaled.round()).min(self.of), Some(margin)))
    }

    /// How far the farther end of Wilson's interval of 95 % is from the estimate. It stays true for few
    /// seen ones, where that of the normal distribution promises too much.
    fn half_interval(self, seen: u64) -> f64 {
        const Z: f64 = 1.96;
        let (looked_at, of) = (self.looked_at as f64, self.of as f64);
        let share = seen as f64 / looked_at;
        let shrink = 1.0 + Z * Z / looked_at;
        let centre = (share + Z * Z / (2.0 * looked_at)) / shrink;
        let spread = share * (1.0 - share) / looked_at + (Z / (2.0 * looked_at)).powi(2);
        let half = Z * spread.sqrt() / shrink;
        of * ((centre - share).abs() + half) * self.unseen().sqrt()
    }

    /// The share of those that were not looked at: a sample of nearly all is nearly certain.
    fn unseen(self) -> f64 {
        let (looked_at, of) = (self.looked_at as f64, self.of as f64);
        (of - looked_at) / (of - 1.0).max(1.0)
    }
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn margin(looked_at: u64, of: u64, error: u64) -> Option<Margin> {
        Some(Margin {
            looked_at,
            of,
            error,
        })
    }

    #[test]
    fn a_share_of_a_sample_is_scaled_to_all() {
        let part = Part {
            looked_at: 20_000,
            of: 512_000,
        };
        let expected = (128_000, margin(20_000, 512_000, 3036));
        assert_eq!(part.estimate(5_000), Some(expected));
    }

    #[test]
    fn what_was_not_seen_may_still_be_three_in_a_sample() {
        let part = Part {
            looked_at: 20_000,
            of: 500_000,
        };
        let expected = (0, margin(20_000, 500_000, 72));
        assert_eq!(part.estimate(0), Some(expected));
        let expected = (500_000, margin(20_000, 500_000, 72));
        assert_eq!(part.estimate(20_000), Some(expected));
    }

    #[test]
    fn a_sample_of_all_is_a_count() {
        for (looked_at, of) in [(0, 0), (700, 700), (701, 700)] {
            let part = Part { looked_at, of };
            assert_eq!(part.estimate(33), Some((33, None)));
        }
    }

    #[test]
    fn without_a_sample_nothing_is_known() {
        let part = Part {
            looked_at: 0,
            of: 30_000,
        };
        assert_eq!(part.estimate(0), None);
    }

    /// The next of a sequence that looks random and is the same in every run (`SplitMix64`).
    fn next(state: &mut u64) -> u64 {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    #[test]
    fn the_margin_holds_the_truth_in_nineteen_samples_of_twenty() {
        const SAMPLES: u32 = 1000;
        let mut state = 1;
        for (with, of, looked_at) in [
            (25_000_u64, 100_000_u64, 2_000_u64),
            (2_000, 100_000, 2_000),
            (100, 100_000, 2_000),
            (99_000, 100_000, 2_000),
            (500, 3_000, 2_000),
        ] {
            let mut held = 0;
            for _ in 0..SAMPLES {
                // Draws without putting back.
                let (mut left, mut left_with, mut seen) = (of, with, 0);
                for _ in 0..looked_at {
                    if next(&mut state) % left < left_with {
                        left_with -= 1;
                        seen += 1;
                    }
                    left -= 1;
                }
                let (count, margin) = Part { looked_at, of }.estimate(seen).unwrap();
                held += u32::from(count.abs_diff(with) <= margin.unwrap().error);
            }
            assert!(held >= SAMPLES * 94 / 100, "{with} of {of}: {held}");
        }
    }

    proptest! {
        #[test]
        fn an_estimate_never_leaves_the_sockets_there_are(
            looked_at in any::<u64>(), of in any::<u64>(), seen in any::<u64>()
        ) {
            let part = Part { looked_at, of };
            if let Some((count, Some(margin))) = part.estimate(seen.min(looked_at)) {
                prop_assert!(count <= of && margin.error <= of);
            }
        }
    }
}
