//! Whose the suspicious sockets are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::process::{self, Ended, Holder, Owners, Wanted};
use crate::fact::Sample;
use crate::fact::Unit;
use crate::fact::socket::{Listener, Ranked, Sockets, TcpState};
use crate::rule::expr::{ExprType, Outcome, Quantity, format_value};

/// How many descriptors are looked at to find the owners of suspicious sockets: about half a second on a
/// slow machine.
pub const BUDGET: usize = 250_000;

/// So many sockets that have been in `CLOSE_WAIT` for a minute are suspicious, if they are also more than one
/// for so many open connections: half of what `close-wait-leak` asks for, so that a stricter rule has the
/// owner too.
const LEAK: u64 = 20;
const OPEN: u64 = 10;

/// The sockets that are worth the search for their owners, which costs more than all the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flagged {
    /// Listeners, by inode.
    pub listeners: BTreeSet<u64>,
    /// Those in `CLOSE_WAIT`.
    pub close_wait: bool,
}

impl Flagged {
    /// Listeners that are full, or dropped something since an earlier look (since they were made,
    /// without one), and `CLOSE_WAIT` sockets of an age and a number at which they may be leaked: neither
    /// a moment of half-closed connections nor the odd forgotten one of a large server starts a search.
    pub fn since(earlier: Option<&Sample>, found: &Sockets) -> Self {
        let before = earlier.and_then(|sample| sample.sockets.as_ref());
        let dropped = |one: &Listener| {
            let old = before.and_then(|sockets| sockets.listener(one));
            match (one.drops, old.and_then(|old| old.drops)) {
                (Some(now), Some(then)) => now > then,
                (Some(now), None) => now > 0,
                _ => false,
            }
        };
        let full =
            |one: &Listener| one.queue > 0 && one.bound.is_none_or(|bound| one.queue >= bound);
        let listeners = found.listeners.iter();
        let (ages, open) = (
            found.summary.close_wait_ages.as_ref(),
            found.summary.count(TcpState::Established),
        );
        Self {
            listeners: listeners
                .filter(|one| dropped(one) || full(one))
                .map(|one| one.inode)
                .collect(),
            close_wait: ages
                .is_some_and(|ages| ages.older_60s >= LEAK && ages.older_60s > open / OPEN),
        }
    }

    /// All listeners and all in `CLOSE_WAIT`.
    pub fn all(found: &Sockets) -> Self {
        Self {
            listeners: found.listeners.iter().map(|one| one.inode).collect(),
            close_wait: true,
        }
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.listeners.is_empty() && !self.close_wait
    }
}

/// Names the processes behind flagged sockets, by a search of at most `budget` descriptors below a process
/// tree such as `/proc`, and those behind other listeners that it comes across. Says how far it came.
pub fn attribute(
    sockets: &mut Sockets,
    flagged: &Flagged,
    proc_root: &Path,
    budget: usize,
) -> Owners {
    let many: &[u64] = if flagged.close_wait {
        &sockets.close_wait_inodes
    } else {
        &[]
    };
    let wanted = Wanted::each(flagged.listeners.iter().copied())
        .and_most_of(many)
        .and_aside(sockets.listeners.iter().map(|listener| listener.inode));
    let owners = process::owners(proc_root, wanted, budget);
    for listener in &mut sockets.listeners {
        if let Holder::Known(owner) = owners.holder(listener.inode) {
            listener.process = Some(owner.to_string());
        }
    }
    let mut holders = BTreeMap::new();
    for inode in many {
        if let Holder::Known(owner) = owners.holder(*inode) {
            *holders.entry(owner).or_insert(0) += 1;
        }
    }
    // Among equals the lowest process number; `max_by_key` takes the last one.
    sockets.summary.close_wait_owner = holders
        .into_iter()
        .rev()
        .max_by_key(|(_, count)| *count)
        .map(|(owner, count)| Ranked {
            name: owner.to_string(),
            count,
        });
    owners
}

/// How many of the sockets have an owner with a name, and why the others have none; nothing where all have.
pub fn coverage(owners: &Owners, sockets: &Sockets, flagged: &Flagged) -> Option<String> {
    let all = sockets.summary.count(TcpState::CloseWait);
    let searched = sockets.close_wait_inodes.len() as u64;
    let is_part = flagged.close_wait && all > searched;
    if owners.named == owners.wanted && !is_part {
        return None;
    }
    let (named, wanted) = (count(owners.named as u64), count(owners.wanted as u64));
    let of_all = if is_part {
        format!(", a part of {} in CLOSE_WAIT", count(all))
    } else {
        String::new()
    };
    let text = format!("owners named for {named} of {wanted} sockets{of_all}");
    if owners.named == owners.wanted {
        return Some(text);
    }
    let why = match owners.ended {
        Ended::Budget => "the search ends after so many descriptors",
        Ended::Stopped => "stopped by a signal",
        Ended::FewLeft => "the search ends when the last few do not turn up",
        // Root of a container lacks it, and so does root where a process is guarded.
        Ended::AllSeen | Ended::AllFound if owners.hidden > 0 => {
            if rustix::process::geteuid().is_root() {
                "the rest is not visible: needs CAP_SYS_PTRACE"
            } else {
                "the rest is not visible: needs root"
            }
        }
        Ended::AllSeen | Ended::AllFound => "no process seen from here holds the rest",
    };
    Some(format!("{text}; {why}"))
}

/// A number as messages show counts.
fn count(number: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let number = Outcome::Number(number as f64);
    format_value(&number, ExprType::Number(Quantity::of(Unit::Count)))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;
    use crate::fact::socket::CloseWaitAges;
    use crate::host::sockets::{CollectOptions, collect};

    fn line(state: &str, remote: &str, inode: u64) -> String {
        format!(
            " 0: 0100007F:01BB {remote} {state} 00000000:00000000 00:00000000 00000000 \
             0 0 {inode} 1 0000000000000000 100 0 0 10 0\n"
        )
    }

    /// A listener on 443 with inode 1, and `CLOSE_WAIT` with inodes 2 to 4.
    fn tree() -> TempDir {
        let tree = tempfile::tempdir().unwrap();
        let mut table = "header\n".to_owned() + &line("0A", "00000000:0000", 1);
        for inode in 2..=4 {
            table += &line("08", "0100007F:C350", inode);
        }
        fs::write(tree.path().join("tcp"), table).unwrap();
        tree
    }

    #[test]
    fn the_process_with_the_most_close_wait_is_named() {
        let tree = tree();
        let options = CollectOptions::recorded((32_768, 60_999), tree.path());
        let mut sockets = collect(&options).unwrap();
        for (pid, comm, inodes) in [(1, "init", &[2_u64][..]), (812, "nginx", &[1, 3, 4])] {
            let process = tree.path().join("proc").join(pid.to_string());
            fs::create_dir_all(process.join("fd")).unwrap();
            fs::write(process.join("comm"), comm).unwrap();
            for inode in inodes {
                let link = process.join("fd").join(inode.to_string());
                std::os::unix::fs::symlink(format!("socket:[{inode}]"), link).unwrap();
            }
        }
        let flagged = Flagged::all(&sockets);
        let owners = attribute(&mut sockets, &flagged, &tree.path().join("proc"), 100);
        assert_eq!((owners.wanted, owners.named), (4, 4));
        assert_eq!(coverage(&owners, &sockets, &flagged), None);
        let owner = sockets.summary.close_wait_owner.unwrap();
        assert_eq!((owner.name.as_str(), owner.count), ("nginx (pid 812)", 2));
        assert_eq!(
            sockets.listeners[0].process.as_deref(),
            Some("nginx (pid 812)")
        );
    }

    /// The sentence of a search in a tree with one process that holds these sockets.
    fn said(held: &[u64], pid: u32, budget: usize) -> Option<String> {
        let tree = tree();
        let options = CollectOptions::recorded((32_768, 60_999), tree.path());
        let mut sockets = collect(&options).unwrap();
        let process = tree.path().join("proc").join(pid.to_string());
        fs::create_dir_all(process.join("fd")).unwrap();
        for inode in held {
            let link = process.join("fd").join(inode.to_string());
            std::os::unix::fs::symlink(format!("socket:[{inode}]"), link).unwrap();
        }
        let flagged = Flagged::all(&sockets);
        let owners = attribute(&mut sockets, &flagged, &tree.path().join("proc"), budget);
        coverage(&owners, &sockets, &flagged)
    }

    #[test]
    fn what_has_no_name_is_counted_with_the_reason() {
        assert_eq!(said(&[1, 2, 3, 4], 1, 100), None);
        let said = |held, pid, budget| said(held, pid, budget).unwrap();
        assert_eq!(
            said(&[2, 3, 4], 1, 100),
            "owners named for 3 of 4 sockets; no process seen from here holds the rest"
        );
        // Without the first process there are others that are hidden.
        let text = said(&[2, 3, 4], 9, 100);
        let hidden = "owners named for 3 of 4 sockets; the rest is not visible: needs ";
        assert!(text.starts_with(hidden), "{text}");
        assert_eq!(
            said(&[1, 2, 3, 4], 1, 2),
            "owners named for 2 of 4 sockets; the search ends after so many descriptors"
        );
    }

    #[test]
    fn only_many_old_close_wait_sockets_are_flagged() {
        let tree = tree();
        let options = CollectOptions::recorded((32_768, 60_999), tree.path());
        let mut sockets = collect(&options).unwrap();
        let mut flagged = |old: u64, open: u64| {
            sockets.summary.close_wait_ages = Some(CloseWaitAges {
                older_10s: 5_000,
                older_60s: old,
                ..CloseWaitAges::default()
            });
            sockets.summary.ipv4.add(TcpState::Established, open);
            Flagged::since(None, &sockets).close_wait
        };
        assert!(!flagged(19, 0));
        assert!(flagged(20, 0));
        assert!(flagged(20, 199));
        assert!(!flagged(20, 10), "209 are open by now");
        assert!(flagged(21, 0));
    }

    #[test]
    fn only_what_is_flagged_is_looked_for() {
        let tree = tree();
        let options = CollectOptions::recorded((32_768, 60_999), tree.path());
        let mut sockets = collect(&options).unwrap();
        let none = Flagged::since(None, &sockets);
        assert!(none.is_empty(), "a tree tells no bounds, drops and ages");
        let listener = Flagged {
            listeners: BTreeSet::from([1]),
            close_wait: false,
        };
        let owners = attribute(&mut sockets, &listener, tree.path(), 100);
        assert_eq!((owners.wanted, owners.named), (1, 0));
        sockets.listeners[0].queue = 5;
        let full = Flagged::since(None, &sockets);
        assert_eq!(full, listener, "one that waits, and nobody tells the bound");
    }
}
