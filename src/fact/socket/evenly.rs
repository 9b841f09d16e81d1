//! An even part of a list, whatever its order.

use std::collections::BinaryHeap;
use std::net::SocketAddr;

use super::tracked::{MARKS, fingerprint};

/// Keeps those of a list whose marks are the smallest. A mark is a hash of what is kept, so that these are an
/// even part of all and the same in every run: the kernel may list the sockets of one destination side by
/// side (`inet_ehashfn` since Linux 6.15), and the first of a list would be some whole groups.
#[derive(Clone, Debug)]
pub struct Evenly<T> {
    kept: BinaryHeap<(u64, T)>,
    room: usize,
    seen: u64,
}

impl<T: Ord> Evenly<T> {
    /// Nothing seen yet, with room for so many.
    pub const fn new(room: usize) -> Self {
        Self {
            kept: BinaryHeap::new(),
            room,
            seen: 0,
        }
    }

    /// Looks at one of the list.
    pub fn offer(&mut self, mark: u64, make: impl FnOnce() -> T) {
        self.seen += 1;
        if self.kept.len() < self.room {
            self.kept.push((mark, make()));
        } else if let Some(mut largest) = self.kept.peek_mut()
            && mark < largest.0
        {
            *largest = (mark, make());
        }
    }

    /// How many were offered.
    pub const fn seen(&self) -> u64 {
        self.seen
    }

    /// Those that were kept, by what they are.
    pub fn into_sorted(self) -> Vec<T> {
        let mut kept: Vec<T> = self.kept.into_iter().map(|(_, one)| one).collect();
        kept.sort_unstable();
        kept
    }
}

/// The mark of a socket by its inode, which no two have.
pub const fn mark_of_inode(inode: u64) -> u64 {
    let mut mark = inode.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mark = (mark ^ (mark >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mark = (mark ^ (mark >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mark ^ (mark >> 31)
}

/// The mark of a socket that may have no inode, by its ends too.
pub fn mark_of_ends(local: SocketAddr, remote: SocketAddr, inode: u64) -> u64 {
    mark_of_inode(fingerprint(local, remote) ^ inode.rotate_left(52))
}

/// A choice of connections by their ends that takes about as many of all as are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Share {
    below: u64,
}

impl Share {
    /// About `wanted` of `all`.
    pub fn new(wanted: u64, all: u64) -> Self {
        let below = u128::from(wanted) * u128::from(MARKS) / u128::from(all.max(1));
        Self {
            below: u64::try_from(below).unwrap_or(u64::MAX),
        }
    }

    /// Whether a connection is one of them. The same one is at any time.
    pub fn takes(self, local: SocketAddr, remote: SocketAddr) -> bool {
        self.below >= MARKS || fingerprint(local, remote) < self.below
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_groups_that_lie_side_by_side_each_keeps_its_share_in_any_order() {
        let kept = |inodes: &mut dyn Iterator<Item = u64>| {
            let mut some = Evenly::new(4096);
            for inode in inodes {
                some.offer(mark_of_inode(inode), || inode);
            }
            assert_eq!(some.seen(), 8800);
            some.into_sorted()
        };
        let found = kept(&mut (0..8800));
        assert_eq!(found.len(), 4096);
        assert_eq!(kept(&mut (0..8800).rev()), found);
        for group in 0..8 {
            let of_group = found.iter().filter(|inode| **inode / 1100 == group).count();
            assert!((450..575).contains(&of_group), "{group}: {of_group}");
        }
    }

    #[test]
    fn fewer_than_there_is_room_for_are_all_kept() {
        let mut some = Evenly::new(5);
        for inode in [4, 2, 2] {
            some.offer(mark_of_inode(inode), || inode);
        }
        assert_eq!(some.into_sorted(), [2, 2, 4]);
    }

    #[test]
    fn a_share_takes_the_same_part_of_each_destination() {
        let share = Share::new(20_000, 60_000);
        let local = |port| SocketAddr::from(([10, 0, 0, 1], port));
        for last in 1..=6 {
            let remote = SocketAddr::from(([10, 0, 3, last], 80));
            let taken = (10_000..20_000).filter(|port| share.takes(local(*port), remote));
            let taken = taken.count();
            assert!((3150..3500).contains(&taken), "{last}: {taken}");
        }
        for all in [0, 5, 20_000] {
            assert!(Share::new(20_000, all).takes(local(1), local(2)));
        }
    }
}
