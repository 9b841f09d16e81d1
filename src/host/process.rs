//! Which process holds a socket: a search through `/proc/PID/fd`.
//!
//! The kernel keeps no way back from a socket to its holders, so the descriptors of all processes are
//! looked at until the wanted ones are found. Processes with many descriptors come first, since a
//! pile of sockets lies in one of them.

mod descriptors;
mod search;
mod wanted;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use rustix::fs::{PROC_SUPER_MAGIC, statfs};
use rustix::io::Errno;

use self::search::Search;
use super::interrupt;

pub use self::wanted::Wanted;

/// A process that holds a socket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    /// Its number in the process namespace of the tree.
    pub pid: u32,
    /// Its name (`/proc/PID/comm`), with control bytes escaped.
    pub comm: String,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (pid {})", self.comm, self.pid)
    }
}

/// What came of the search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owners {
    processes: Vec<Owner>,
    /// The first process found for each inode, by its place in the list; a socket may have more.
    found: BTreeMap<u64, usize>,
    /// How many sockets were looked for.
    pub wanted: usize,
    /// How many of these were found.
    pub named: usize,
    /// Processes whose descriptors this user may not see; a kind of blindness that only root is
    /// free of.
    pub hidden: usize,
    /// Why the search ended.
    pub ended: Ended,
}

/// Why a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Every wanted socket was found.
    AllFound,
    /// Every descriptor that is visible was looked at.
    AllSeen,
    /// So many descriptors were looked at as were allowed.
    Budget,
    /// All but a few of many were found, and no more for a long time.
    FewLeft,
    /// Somebody asked to stop ([`interrupt::asked`]).
    Stopped,
}

/// What is known about the holder of one socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder<'o> {
    /// This process.
    Known(&'o Owner),
    /// Perhaps one of those that may not be looked into: needs root.
    NotVisible,
    /// The search was stopped before the end.
    NotReached,
    /// All processes were searched, and none holds it.
    Nobody,
}

impl Owners {
    /// Who holds a socket.
    pub fn holder(&self, inode: u64) -> Holder<'_> {
        match (self.owner(inode), self.ended) {
            (Some(owner), _) => Holder::Known(owner),
            (None, Ended::AllSeen) if self.hidden > 0 => Holder::NotVisible,
            (None, Ended::AllSeen) => Holder::Nobody,
            (None, _) => Holder::NotReached,
        }
    }

    /// The process that was found to hold a socket.
    pub fn owner(&self, inode: u64) -> Option<&Owner> {
        self.processes.get(*self.found.get(&inode)?)
    }
}

/// Looks for the holders of sockets in a process tree, such as `/proc`, with at most `budget`
/// descriptors looked at.
///
/// Of several processes that hold a socket, as after `fork`, the one with the most descriptors is named,
/// of equals the one with the lowest number. A descriptor or process that vanishes under the search
/// loses nothing but itself.
pub fn owners(proc_root: &Path, wanted: Wanted, budget: usize) -> Owners {
    let mut search = Search::new(wanted, budget);
    let mut hidden = 0;
    if search.has_ended() {
        return search.finish(hidden);
    }
    for (pid, told) in by_descriptors(proc_root, &mut hidden) {
        if search.has_ended() {
            break;
        }
        search.enter(pid);
        let looked = descriptors::look(&proc_root.join(pid.to_string()), told, &mut search);
        if matches!(looked, Err(Errno::ACCESS | Errno::PERM)) {
            hidden += 1;
        }
    }
    search.finish(hidden)
}

/// All processes that have descriptors, those with the most first, and how many each has where the
/// kernel tells.
fn by_descriptors(proc_root: &Path, hidden: &mut usize) -> Vec<(u32, Option<u64>)> {
    let Ok(entries) = fs::read_dir(proc_root) else {
        *hidden += 1;
        return Vec::new();
    };
    let mut processes: Vec<(u32, Option<u64>)> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .map(|pid| (pid, told(proc_root, pid)))
        .collect();
    // Where `hidepid` is set, the processes of others are not even listed. The first one always
    // runs, so its absence tells.
    if !processes.iter().any(|(pid, _)| *pid == 1) {
        *hidden += 1;
    }
    // A folder of another file system has a size of its own.
    let is_proc = statfs(proc_root).is_ok_and(|stat| stat.f_type == PROC_SUPER_MAGIC);
    if is_proc && processes.iter().any(|(_, told)| *told > Some(0)) {
        // A thread of the kernel has none.
        processes.retain(|(_, told)| *told != Some(0));
        processes.sort_unstable_by_key(|(pid, told)| (Reverse(*told), *pid));
        return processes;
    }
    let listed = |(pid, _)| (Reverse(listed(proc_root, pid)), pid);
    let mut counted: Vec<(Reverse<usize>, u32)> = processes.into_iter().map(listed).collect();
    counted.sort_unstable();
    counted.into_iter().map(|(_, pid)| (pid, None)).collect()
}

/// The size of the folder of descriptors, which is their count since Linux 6.2 (`proc_fd_getattr`), and
/// zero before; `None` where it is not visible.
fn told(proc_root: &Path, pid: u32) -> Option<u64> {
    let folder = fs::metadata(folder(proc_root, pid)).ok()?;
    Some(folder.len())
}

/// How many descriptors a process has, by listing them.
fn listed(proc_root: &Path, pid: u32) -> usize {
    if interrupt::asked() {
        return 0;
    }
    fs::read_dir(folder(proc_root, pid)).map_or(0, Iterator::count)
}

fn folder(proc_root: &Path, pid: u32) -> PathBuf {
    proc_root.join(format!("{pid}/fd"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::*;

    const PLENTY: usize = 1000;

    fn tree(processes: &[(u32, &[u8], &[&str])]) -> TempDir {
        let tree = tempfile::tempdir().unwrap();
        for (pid, comm, targets) in processes {
            let process = tree.path().join(pid.to_string());
            fs::create_dir_all(process.join("fd")).unwrap();
            fs::write(process.join("comm"), comm).unwrap();
            for (number, target) in targets.iter().enumerate() {
                symlink(target, process.join("fd").join(number.to_string())).unwrap();
            }
        }
        tree
    }

    fn look(tree: &TempDir, wanted: &[u64], budget: usize) -> Owners {
        owners(tree.path(), Wanted::each(wanted.iter().copied()), budget)
    }

    #[test]
    fn the_holder_is_named_with_its_number() {
        let tree = tree(&[
            (
                1,
                b"init\n",
                &["/dev/null", "pipe:[4711]", "anon_inode:[eventpoll]"],
            ),
            (
                812,
                b"nginx\n",
                &["/dev/null", "socket:[4711]", "socket:[5]"],
            ),
        ]);
        let found = look(&tree, &[4711, 99], PLENTY);
        let Holder::Known(owner) = found.holder(4711) else {
            panic!("{found:?}");
        };
        assert_eq!(owner.to_string(), "nginx (pid 812)");
        assert_eq!(found.holder(99), Holder::Nobody);
        assert_eq!((found.hidden, found.ended), (0, Ended::AllSeen));
    }

    #[test]
    fn a_process_that_has_vanished_does_not_lose_the_others() {
        let tree = tree(&[(1, b"init\n", &[]), (7, b"here\n", &["socket:[7]"])]);
        fs::create_dir(tree.path().join("5")).unwrap();
        fs::write(tree.path().join("6"), "no directory").unwrap();
        fs::remove_file(tree.path().join("7/comm")).unwrap();
        let found = look(&tree, &[7], PLENTY);
        let unnamed = Owner {
            pid: 7,
            comm: "?".to_owned(),
        };
        assert_eq!(found.holder(7), Holder::Known(&unnamed));
    }

    #[test]
    fn a_descriptor_that_is_no_link_does_not_lose_the_others() {
        let tree = tree(&[(1, b"init\n", &["/", "socket:[x]", "socket:[", "socket:[7]"])]);
        fs::write(tree.path().join("1/fd/gone"), "").unwrap();
        assert!(matches!(
            look(&tree, &[7], PLENTY).holder(7),
            Holder::Known(_)
        ));
    }

    #[test]
    fn a_spent_budget_is_said_and_leaves_the_holder_open() {
        let tree = tree(&[(1, b"init\n", &["/a", "/b", "/c", "/d"])]);
        let found = look(&tree, &[7], 3);
        assert_eq!(found.ended, Ended::Budget);
        assert_eq!(found.holder(7), Holder::NotReached);
        assert_eq!(look(&tree, &[7], 4).ended, Ended::AllSeen);
    }

    #[test]
    fn processes_that_are_not_listed_make_the_holder_invisible_not_absent() {
        let tree = tree(&[(812, b"nginx\n", &["/a"])]);
        assert_eq!(look(&tree, &[7], PLENTY).holder(7), Holder::NotVisible);
        let nowhere = owners(&tree.path().join("none"), Wanted::each([7]), PLENTY);
        assert_eq!(nowhere.holder(7), Holder::NotVisible);
    }

    #[test]
    fn a_name_cannot_carry_control_bytes_into_a_report() {
        let tree = tree(&[(1, b"a\x1b[31m\nb\xff\xe2\x80\xae\n", &["socket:[7]"])]);
        let found = look(&tree, &[7], PLENTY);
        let comm = &found.owner(7).unwrap().comm;
        assert_eq!(comm, "a\\x1b[31m\\nb\u{fffd}\\u{202e}");
    }

    #[test]
    fn of_several_holders_the_one_with_the_most_descriptors_is_named_and_then_the_lowest() {
        let shared = "socket:[7]";
        let tree = tree(&[
            (1, b"init\n", &["/a"]),
            (20, b"few\n", &[shared, "/b"]),
            (31, b"late\n", &[shared, "socket:[8]", "/c"]),
            (30, b"early\n", &["/d", "/e", shared]),
        ]);
        let found = look(&tree, &[7, 8], PLENTY);
        let names = [7, 8].map(|inode| found.owner(inode).unwrap().to_string());
        assert_eq!(names, ["early (pid 30)", "late (pid 31)"]);
    }

    #[test]
    fn the_search_ends_where_the_last_is_found() {
        let tree = tree(&[
            (1, b"init\n", &["/a"]),
            (812, b"nginx\n", &["socket:[7]", "socket:[7]"]),
        ]);
        // Whoever has not been looked into is not known to be hidden either.
        fs::create_dir_all(tree.path().join("900/fd")).unwrap();
        let found = look(&tree, &[7], 2);
        assert_eq!((found.ended, found.named), (Ended::AllFound, 1));
        assert_eq!(look(&tree, &[], 0).ended, Ended::AllFound);
    }

    #[test]
    fn this_very_process_is_found_in_the_real_tree() {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let inode = rustix::fs::fstat(&socket).unwrap().st_ino;
        let found = owners(Path::new("/proc"), Wanted::each([inode]), usize::MAX);
        assert_eq!(found.owner(inode).unwrap().pid, std::process::id());
    }
}
