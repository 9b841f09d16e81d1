//! Counting by key in bounded memory, so that no frequent key is lost.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::Hash;

/// How many keys are counted at a time: what fits into a table of 16,384 places.
pub(super) const ROOM: usize = 14_336;

/// Counts of keys. Up to [`ROOM`] keys every count is exact. Where there are more, all counts are made
/// smaller by their median and those that end at nothing make room (Misra and Gries, "Finding repeated
/// elements", 1982). Each time takes as much from half of the keys at least, so that a count is too low by
/// one in [`ROOM`] / 2 of all that was counted at most, whatever the order: by 139 of a million.
#[derive(Clone, Debug)]
pub(super) struct Frequent<K> {
    table: HashMap<K, Count>,
    lost: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    /// How often the key was counted; with [`Frequent::lost`] the most that it can have been.
    pub(super) all: u32,
    /// How many of those are marked. As much too low at most.
    pub(super) marked: u32,
}

impl<K> Default for Frequent<K> {
    fn default() -> Self {
        Self {
            table: HashMap::new(),
            lost: 0,
        }
    }
}

impl<K: Copy + Eq + Hash + Ord> Frequent<K> {
    /// Counts a key once more.
    pub(super) fn add(&mut self, key: K, is_marked: bool) {
        let marked = u32::from(is_marked);
        self.add_many(key, Count { all: 1, marked });
    }

    /// By how much a count may be too low at most; a key without one was counted as often at most.
    pub(super) const fn lost(&self) -> u32 {
        self.lost
    }

    /// Every key that has a count, in no order.
    pub(super) fn counts(&self) -> impl Iterator<Item = (&K, Count)> {
        self.table.iter().map(|(key, count)| (key, *count))
    }

    /// The count of a key.
    pub(super) fn count(&self, key: &K) -> Count {
        self.table.get(key).copied().unwrap_or_default()
    }

    /// Takes over what another counted, as if it had been counted here.
    pub(super) fn absorb(&mut self, other: Self) {
        self.lost = self.lost.saturating_add(other.lost);
        if self.table.is_empty() {
            self.table = other.table;
            return;
        }
        let mut counts: Vec<(K, Count)> = other.table.into_iter().collect();
        // In an order that is the same in every run.
        counts.sort_unstable_by_key(|(key, count)| (Reverse(count.all), *key));
        for (key, count) in counts {
            self.add_many(key, count);
        }
    }

    fn add_many(&mut self, key: K, mut more: Count) {
        if self.table.len() >= ROOM && !self.table.contains_key(&key) {
            more = more.less(self.make_room());
            if more.all == 0 {
                return;
            }
        }
        let count = self.table.entry(key).or_default();
        count.all = count.all.saturating_add(more.all);
        count.marked = count.marked.saturating_add(more.marked);
    }

    /// Makes all counts smaller by their median, and says by how much.
    fn make_room(&mut self) -> u32 {
        let mut counts: Vec<u32> = self.table.values().map(|count| count.all).collect();
        let middle = counts.len() / 2;
        // At least half of them are as large, and more than half no larger.
        let (_, median, _) = counts.select_nth_unstable(middle);
        let taken = *median;
        self.lost = self.lost.saturating_add(taken);
        let left: Vec<(K, Count)> = self
            .table
            .drain()
            .map(|(key, count)| (key, count.less(taken)))
            .filter(|(_, count)| count.all > 0)
            .collect();
        // Filled anew: a place that is freed in a full table may stay lost to it, so that it would grow.
        self.table.extend(left);
        taken
    }
}

impl Count {
    const fn less(self, taken: u32) -> Self {
        Self {
            all: self.all.saturating_sub(taken),
            marked: self.marked.saturating_sub(taken),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// How often a key was counted lies within what a count of it says.
    fn holds(counted: &Frequent<u32>, key: u32, truth: u32) -> bool {
        let count = counted.count(&key).all;
        count <= truth && truth <= count + counted.lost()
    }

    fn counted(keys: impl Iterator<Item = u32>) -> Frequent<u32> {
        let mut counted = Frequent::default();
        for key in keys {
            counted.add(key, key % 2 == 0);
        }
        counted
    }

    #[test]
    fn as_many_keys_as_there_is_room_for_are_counted_exactly() {
        let all = 0..u32::try_from(ROOM).unwrap();
        let counted = counted(all.clone().chain(all.clone()));
        assert_eq!(counted.lost(), 0);
        let expected = |key| Count {
            all: 2,
            marked: u32::from(key % 2 == 0) * 2,
        };
        assert!(all.clone().all(|key| counted.count(&key) == expected(key)));
    }

    #[test]
    fn a_frequent_key_is_kept_wherever_it_stands() {
        const KEY: u32 = 2_000_000;
        let others = || 0..1_000_000;
        let key = || std::iter::repeat_n(KEY, 1000);
        for (order, counted) in [
            ("first", counted(key().chain(others()))),
            ("last", counted(others().chain(key()))),
            (
                "among them",
                counted(others().flat_map(|at| {
                    [at, KEY]
                        .into_iter()
                        .take(if at % 1000 == 0 { 2 } else { 1 })
                })),
            ),
        ] {
            let lost = counted.lost();
            assert!((1..=139).contains(&lost), "{order}: {lost}");
            assert!(holds(&counted, KEY, 1000), "{order}");
            assert!(counted.count(&KEY).marked >= 1000 - lost, "{order}");
        }
    }

    #[test]
    fn the_table_never_grows_beyond_its_room() {
        let counted = counted((0..400_000).map(|at| at / (1 + at % 3)));
        assert!(counted.lost() > 0 && counted.table.len() <= ROOM);
        assert!(
            counted.table.capacity() <= ROOM,
            "{}",
            counted.table.capacity()
        );
    }

    #[test]
    fn what_two_counted_is_what_one_would_have() {
        let mut one = counted(0..10_000);
        one.absorb(counted(10_000..14_336));
        assert_eq!((one.lost(), one.table.len()), (0, ROOM));
        one.absorb(counted((0..20_000).chain(std::iter::repeat_n(7, 500))));
        assert!(holds(&one, 7, 502) && holds(&one, 19_999, 1));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn a_count_is_never_too_high_and_never_too_low_by_more_than_is_said(
            step in 1_u32..40, few in 1_u32..50, often in 1_u32..3000
        ) {
            let keys = || (0..60_000_u32).map(|at| {
                if at % few == 0 { at % 7 } else { at.wrapping_mul(step) % 50_000 }
            }).chain(std::iter::repeat_n(60_001, often as usize));
            let counted = counted(keys());
            let mut truth: HashMap<u32, u32> = HashMap::new();
            for key in keys() {
                *truth.entry(key).or_default() += 1;
            }
            for (key, times) in truth {
                prop_assert!(holds(&counted, key, times), "{key}");
            }
            prop_assert!(u64::from(counted.lost()) * 7168 <= 60_000 + u64::from(often));
        }
    }
}
