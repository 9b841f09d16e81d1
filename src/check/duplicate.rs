//! Lines that set one key for one host, and which of them counts.

use std::collections::BTreeMap;

use crate::fact::assigned::{Assigned, Assignments};

/// The line that takes the effect of another one away.
#[derive(Clone, Copy, Debug)]
pub(super) struct Duplicate<'a> {
    /// That line.
    pub(super) line: &'a Assigned,
    /// Only for a loader that reads sysctl.conf, and behind the other files: `sysctl --system` does, and
    /// systemd-sysctl reads it by a link in sysctl.d or not at all (sysctl(8), sysctl.d(5)).
    pub(super) by_loader: bool,
}

/// The last lines that set each key, by where they stand.
#[derive(Debug, Default)]
pub(super) struct LastLines<'a> {
    lines: &'a [Assigned],
    /// Of any text.
    any: BTreeMap<&'a str, usize>,
    /// Of the files that every loader reads, and of sysctl.conf; what a template may leave out is no such line.
    files: BTreeMap<(&'a str, bool), usize>,
    /// Of one file, between two tags of its template.
    branches: BTreeMap<(&'a str, &'a str, Option<u32>), usize>,
}

impl<'a> LastLines<'a> {
    /// Of lines in the order in which they act.
    pub(super) fn of(all: &'a Assignments) -> Self {
        let mut last = Self {
            lines: &all.lines,
            ..Self::default()
        };
        for (at, one) in all
            .lines
            .iter()
            .enumerate()
            .filter(|(_, one)| !one.commented)
        {
            let key = one.key.as_str();
            last.any.insert(key, at);
            if one.loaded {
                last.branches.insert((key, &one.file, one.branch), at);
                if one.branch.is_none() {
                    last.files.insert((key, one.is_in_sysctl_conf()), at);
                }
            }
        }
        last
    }

    /// Whether no later line sets the key of the line at a place.
    pub(super) fn is_last(&self, at: usize, one: &Assigned) -> bool {
        one.commented
            || self
                .any
                .get(one.key.as_str())
                .is_none_or(|last| *last <= at)
    }

    /// The later line that counts in place of the line at a place, where a loader reads both.
    pub(super) fn duplicate(&self, at: usize, one: &'a Assigned) -> Option<Duplicate<'a>> {
        if one.commented || !one.loaded {
            return None;
        }
        let key = one.key.as_str();
        let last_of = |conf| self.files.get(&(key, conf)).copied();
        let conf = one.is_in_sysctl_conf();
        let near = self.branches.get(&(key, one.file.as_str(), one.branch));
        let surely = near.copied().max(last_of(conf)).filter(|last| *last > at);
        let maybe = || last_of(true).filter(|last| *last > at && !conf);
        let (last, by_loader) = match surely {
            Some(last) => (last, false),
            None => (maybe()?, true),
        };
        Some(Duplicate {
            line: self.lines.get(last)?,
            by_loader,
        })
    }
}
