//! Which process holds a socket: a search through `/proc/PID/fd`.
//!
//! The kernel keeps no way back from a socket to its holders, so every descriptor of every process
//! is looked at until all wanted ones are found. Processes with many descriptors come first, since a
//! pile of sockets lies in one of them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::io::Read;
use std::path::Path;

use rustix::fs::{Dir, Mode, OFlags, open, readlinkat_raw};
use rustix::io::Errno;

use super::file;
use crate::fact::inert;

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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owners {
    /// The first process found for each inode; a socket may have more.
    pub found: BTreeMap<u64, Owner>,
    /// How many inodes were looked for.
    pub wanted: usize,
    /// Processes whose descriptors this user may not see; a kind of blindness that only root is
    /// free of.
    pub hidden: usize,
    /// Whether the search stopped at its budget before it had seen everything.
    pub budget_spent: bool,
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
        match self.found.get(&inode) {
            Some(owner) => Holder::Known(owner),
            None if self.budget_spent => Holder::NotReached,
            None if self.hidden > 0 => Holder::NotVisible,
            None => Holder::Nobody,
        }
    }
}

/// Looks for the holders of sockets in a process tree, such as `/proc`, with at most `budget`
/// descriptors looked at.
///
/// A descriptor or process that vanishes under the search loses nothing but itself.
pub fn owners(proc_root: &Path, wanted: &BTreeSet<u64>, budget: usize) -> Owners {
    let mut owners = Owners {
        wanted: wanted.len(),
        ..Owners::default()
    };
    let mut left = budget;
    if wanted.is_empty() {
        return owners;
    }
    for pid in by_descriptors(proc_root, &mut owners.hidden) {
        let ended = search(proc_root, pid, wanted, &mut left, &mut owners);
        if matches!(ended, Some(Errno::ACCESS | Errno::PERM)) {
            owners.hidden += 1;
        }
        if owners.found.len() == owners.wanted || owners.budget_spent {
            break;
        }
    }
    owners
}

/// All processes, those with the most descriptors first.
fn by_descriptors(proc_root: &Path, hidden: &mut usize) -> Vec<u32> {
    let Ok(entries) = fs::read_dir(proc_root) else {
        *hidden += 1;
        return Vec::new();
    };
    let mut processes: Vec<(Reverse<u64>, u32)> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .map(|pid: u32| (Reverse(descriptors(proc_root, pid)), pid))
        .collect();
    // Where `hidepid` is set, the processes of others are not even listed. The first one always
    // runs, so its absence tells.
    if !processes.iter().any(|(_, pid)| *pid == 1) {
        *hidden += 1;
    }
    processes.sort_unstable();
    processes.into_iter().map(|(_, pid)| pid).collect()
}

/// How many descriptors a process has: the size of the directory since Linux 6.2, which is zero
/// before.
fn descriptors(proc_root: &Path, pid: u32) -> u64 {
    let path = proc_root.join(pid.to_string()).join("fd");
    match fs::metadata(&path).map_or(0, |directory| directory.len()) {
        0 => fs::read_dir(path).map_or(0, |entries| entries.count() as u64),
        size => size,
    }
}

/// Searches one process; gives the error that ended the search early, if one did.
fn search(
    proc_root: &Path,
    pid: u32,
    wanted: &BTreeSet<u64>,
    left: &mut usize,
    owners: &mut Owners,
) -> Option<Errno> {
    let process = proc_root.join(pid.to_string());
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = match open(process.join("fd"), flags, Mode::empty()) {
        Ok(directory) => directory,
        Err(error) => return Some(error),
    };
    let entries = match Dir::read_from(&directory) {
        Ok(entries) => entries,
        Err(error) => return Some(error),
    };
    let mut owner: Option<Owner> = None;
    let mut target = [0_u8; 64];
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => return Some(error),
        };
        if entry.file_name().to_bytes().starts_with(b".") {
            continue;
        }
        let Some(remaining) = left.checked_sub(1) else {
            owners.budget_spent = true;
            return None;
        };
        *left = remaining;
        let length = match readlinkat_raw(&directory, entry.file_name(), &mut target) {
            Ok(length) => length,
            Err(Errno::ACCESS) => return Some(Errno::ACCESS),
            Err(_) => continue,
        };
        let inode = target.get(..length).and_then(socket_inode);
        let Some(inode) = inode.filter(|inode| wanted.contains(inode)) else {
            continue;
        };
        let owner = owner.get_or_insert_with(|| Owner {
            pid,
            comm: comm(&process),
        });
        owners.found.entry(inode).or_insert_with(|| owner.clone());
        if owners.found.len() == owners.wanted {
            return None;
        }
    }
    None
}

/// The number in `socket:[4711]`.
fn socket_inode(target: &[u8]) -> Option<u64> {
    let number = target.strip_prefix(b"socket:[")?.strip_suffix(b"]")?;
    std::str::from_utf8(number).ok()?.parse().ok()
}

/// The name of a process, which it may set to any bytes.
fn comm(process: &Path) -> String {
    let mut bytes = Vec::new();
    let read = file::open(&process.join("comm")).and_then(|file| {
        // The kernel keeps 15 bytes, for kernel threads some more.
        file.take(64).read_to_end(&mut bytes)
    });
    if read.is_err() {
        return "?".to_owned();
    }
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    inert(&String::from_utf8_lossy(bytes)).into_owned()
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
        owners(tree.path(), &wanted.iter().copied().collect(), budget)
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
        assert_eq!((found.hidden, found.budget_spent), (0, false));
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
        assert!(found.budget_spent);
        assert_eq!(found.holder(7), Holder::NotReached);
        assert!(!look(&tree, &[7], 4).budget_spent);
    }

    #[test]
    fn processes_that_are_not_listed_make_the_holder_invisible_not_absent() {
        let tree = tree(&[(812, b"nginx\n", &["/a"])]);
        assert_eq!(look(&tree, &[7], PLENTY).holder(7), Holder::NotVisible);
        let nowhere = owners(&tree.path().join("none"), &BTreeSet::from([7]), PLENTY);
        assert_eq!(nowhere.holder(7), Holder::NotVisible);
    }

    #[test]
    fn a_name_cannot_carry_control_bytes_into_a_report() {
        let tree = tree(&[(1, b"a\x1b[31m\nb\xff\xe2\x80\xae\n", &["socket:[7]"])]);
        let found = look(&tree, &[7], PLENTY);
        let comm = &found.found[&7].comm;
        assert_eq!(comm, "a\\x1b[31m\\nb\u{fffd}\\u{202e}");
    }

    #[test]
    fn this_very_process_is_found_in_the_real_tree() {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let inode = rustix::fs::fstat(&socket).unwrap().st_ino;
        let found = owners(Path::new("/proc"), &BTreeSet::from([inode]), usize::MAX);
        assert_eq!(found.found[&inode].pid, std::process::id());
    }
}
