//! One search: what is still missing, and when to end.

use std::collections::BTreeMap;

use super::wanted::{Kind, Wanted};
use super::{Ended, Owner, Owners};
use crate::host::interrupt;

/// Of many sockets a search may leave one in so many unfound.
const FEW: usize = 32;

/// A search ends without the last few when it has found nothing for so many descriptors, and for as
/// many as all finds together took.
const IN_VAIN: usize = 4096;

/// A search under way.
pub(super) struct Search {
    missing: Wanted,
    each: usize,
    of_many: usize,
    wanted: usize,
    budget: usize,
    looked: usize,
    last_find: usize,
    pid: u32,
    owner: Option<usize>,
    processes: Vec<Owner>,
    found: BTreeMap<u64, usize>,
    ended: Option<Ended>,
}

impl Search {
    /// Looks at so many descriptors at most.
    pub(super) fn new(wanted: Wanted, budget: usize) -> Self {
        let (each, of_many) = (wanted.count(Kind::Each), wanted.count(Kind::OfMany));
        Self {
            missing: wanted,
            each,
            of_many,
            wanted: each + of_many,
            budget,
            looked: 0,
            last_find: 0,
            pid: 0,
            owner: None,
            processes: Vec::new(),
            found: BTreeMap::new(),
            ended: None,
        }
    }

    /// Whether another descriptor is worth a look, which is then counted.
    pub(super) fn goes_on(&mut self) -> bool {
        if self.ended.is_none() {
            self.ended = self.end();
        }
        let goes_on = self.ended.is_none();
        self.looked += usize::from(goes_on);
        goes_on
    }

    /// Why to end here, if there is a reason.
    fn end(&self) -> Option<Ended> {
        let missing = self.each + self.of_many;
        if missing == 0 {
            Some(Ended::AllFound)
        } else if interrupt::asked() {
            Some(Ended::Stopped)
        } else if self.looked >= self.budget {
            Some(Ended::Budget)
        } else if self.each == 0
            && missing * FEW <= self.wanted
            && self.looked - self.last_find > self.last_find.max(IN_VAIN)
        {
            Some(Ended::FewLeft)
        } else {
            None
        }
    }

    /// Whether there is a reason to end, before a process is looked into at all.
    pub(super) fn has_ended(&mut self) -> bool {
        if self.ended.is_none() {
            self.ended = self.end().filter(|ended| *ended != Ended::Budget);
        }
        self.ended.is_some()
    }

    /// What follows are descriptors of this process.
    pub(super) fn enter(&mut self, pid: u32) {
        self.pid = pid;
        self.owner = None;
    }

    /// A descriptor leads to this socket; `name` tells what the process calls itself.
    pub(super) fn meets(&mut self, inode: u64, name: impl FnOnce() -> String) {
        let Some(kind) = self.missing.take(inode) else {
            return;
        };
        match kind {
            Kind::Each => self.each -= 1,
            Kind::OfMany => self.of_many -= 1,
            Kind::Aside => {}
        }
        self.last_find = self.looked;
        let pid = self.pid;
        let processes = &mut self.processes;
        let owner = *self.owner.get_or_insert_with(|| {
            processes.push(Owner { pid, comm: name() });
            processes.len() - 1
        });
        self.found.insert(inode, owner);
    }

    pub(super) fn finish(self, hidden: usize) -> Owners {
        let missing = self.each + self.of_many;
        Owners {
            processes: self.processes,
            found: self.found,
            wanted: self.wanted,
            named: self.wanted - missing,
            hidden,
            ended: match self.ended {
                None if missing == 0 => Ended::AllFound,
                ended => ended.unwrap_or(Ended::AllSeen),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> String {
        "worker".to_owned()
    }

    /// Descriptors that lead to these sockets, looked at until the search ends.
    fn ran(wanted: Wanted, sockets: impl IntoIterator<Item = u64>) -> (Owners, usize) {
        let mut search = Search::new(wanted, 1_000_000);
        search.enter(7);
        for inode in sockets {
            if !search.goes_on() {
                break;
            }
            search.meets(inode, name);
        }
        let looked = search.looked;
        (search.finish(0), looked)
    }

    #[test]
    fn a_few_that_nobody_holds_do_not_keep_the_search_going() {
        let inodes: Vec<u64> = (1..=100).collect();
        let wanted = || Wanted::default().and_most_of(&inodes);
        // Three of a hundred are held by nobody.
        let (owners, looked) = ran(wanted(), (4..=100).chain(1_000..100_000));
        assert_eq!((owners.ended, owners.named), (Ended::FewLeft, 97));
        assert_eq!(looked, 97 + 1 + IN_VAIN);
        // Four are more than a few.
        let (owners, looked) = ran(wanted(), (5..=100).chain(1_000..100_000));
        assert_eq!((owners.ended, owners.named), (Ended::AllSeen, 96));
        assert_eq!(looked, 96 + 99_000);
    }

    #[test]
    fn what_took_long_to_find_is_waited_for_as_long_again() {
        let inodes: Vec<u64> = (1..=100).collect();
        let wanted = Wanted::default().and_most_of(&inodes);
        let (owners, looked) = ran(wanted, (1_000..11_000).chain(4..=100).chain(20_000..90_000));
        assert_eq!(owners.ended, Ended::FewLeft);
        assert_eq!(looked, 2 * (10_000 + 97) + 1);
    }

    #[test]
    fn a_socket_that_matters_is_looked_for_to_the_end() {
        let inodes: Vec<u64> = (1..=100).collect();
        let wanted = Wanted::each([500]).and_most_of(&inodes);
        let sockets = (1..=100).chain(1_000..50_000).chain([500, 600]);
        let (owners, looked) = ran(wanted, sockets);
        assert_eq!((owners.ended, owners.named), (Ended::AllFound, 101));
        assert_eq!(looked, 100 + 49_000 + 1);
    }

    #[test]
    fn nobody_goes_on_for_what_is_only_named_in_passing() {
        let wanted = Wanted::each([2]).and_aside([1, 3]);
        let (owners, looked) = ran(wanted, [1, 2, 3]);
        assert_eq!((owners.ended, owners.wanted), (Ended::AllFound, 1));
        assert_eq!(looked, 2);
        let names = [1, 2, 3].map(|inode| owners.owner(inode).is_some());
        assert_eq!(names, [true, true, false]);
    }
}
