//! The sockets whose holders are looked for.

use std::collections::HashMap;

/// Inodes, and how much each of them matters.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    kinds: HashMap<u64, Kind>,
}

/// How much a socket matters to the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Named where it is met, but nobody goes on for it.
    Aside,
    /// One of many: the search ends without the last few.
    OfMany,
    /// Looked for until it is found.
    Each,
}

impl Wanted {
    /// So many of a multitude tell whose it is; more of them would make the search no better.
    pub const MANY: usize = 4096;

    /// Each of these sockets.
    pub fn each(inodes: impl IntoIterator<Item = u64>) -> Self {
        let mut wanted = Self::default();
        wanted.add(inodes, Kind::Each);
        wanted
    }

    /// These too, as a multitude: where there are more than [`Self::MANY`], an even part of them.
    #[must_use]
    pub fn and_most_of(mut self, inodes: &[u64]) -> Self {
        let count = inodes.len().min(Self::MANY);
        let part = (0..count).filter_map(|at| inodes.get(at * inodes.len() / count).copied());
        self.add(part, Kind::OfMany);
        self
    }

    /// These too, as far as the search for the others comes across them.
    #[must_use]
    pub fn and_aside(mut self, inodes: impl IntoIterator<Item = u64>) -> Self {
        self.add(inodes, Kind::Aside);
        self
    }

    /// A socket without an inode has no holder: the kernel keeps it alone.
    fn add(&mut self, inodes: impl IntoIterator<Item = u64>, kind: Kind) {
        for inode in inodes.into_iter().filter(|inode| *inode != 0) {
            let known = self.kinds.entry(inode).or_insert(kind);
            *known = kind.max(*known);
        }
    }

    pub(super) fn count(&self, kind: Kind) -> usize {
        self.kinds.values().filter(|one| **one == kind).count()
    }

    /// Takes a socket out that has been found.
    pub(super) fn take(&mut self, inode: u64) -> Option<Kind> {
        self.kinds.remove(&inode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_multitude_an_even_part_is_wanted() {
        let inodes: Vec<u64> = (1..=10_000).collect();
        let wanted = Wanted::default().and_most_of(&inodes);
        assert_eq!(wanted.count(Kind::OfMany), Wanted::MANY);
        let late = inodes.iter().skip(5_000);
        let late = late.filter(|inode| wanted.kinds.contains_key(inode));
        assert_eq!(late.count(), Wanted::MANY / 2);
    }

    #[test]
    fn a_socket_counts_once_and_by_what_matters_most() {
        let wanted = Wanted::each([1, 0])
            .and_most_of(&[1, 2, 0])
            .and_aside([1, 2, 3, 0]);
        let counts = [Kind::Each, Kind::OfMany, Kind::Aside].map(|kind| wanted.count(kind));
        assert_eq!(counts, [1, 1, 1]);
        assert_eq!(Wanted::default().and_most_of(&[]).kinds.len(), 0);
    }
}
