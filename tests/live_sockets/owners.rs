//! The search for holders among processes that hold a known number of descriptors, in a process
//! namespace of their own, so that nobody else's processes are searched.

use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::UdpSocket;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::fd::AsFd;
use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};
use tcptune::host::process::{Ended, Holder, Owners, Wanted, owners};

use crate::namespace::skip;

const INSIDE: &str = "TCPTUNE_INSIDE_PROCESS_NAMESPACE";
const HOLD: &str = "TCPTUNE_HOLD";

/// Runs the calling test again with processes of its own; true if this is that run.
fn inside(test: &str) -> bool {
    if let Ok(numbers) = env::var(HOLD) {
        hold(&numbers);
        return false;
    }
    if env::var_os(INSIDE).is_some() {
        return true;
    }
    let ways: [&[&str]; 2] = [
        &["--net", "--pid", "--fork", "--mount-proc"],
        &[
            "--map-root-user",
            "--net",
            "--pid",
            "--fork",
            "--mount-proc",
        ],
    ];
    let usable = |way: &&&[&str]| {
        let probe = Command::new("unshare").args(**way).arg("true").output();
        probe.is_ok_and(|output| output.status.success())
    };
    let Some(way) = ways.iter().find(usable) else {
        skip("process namespaces cannot be made here");
        return false;
    };
    let output = Command::new("unshare")
        .args(*way)
        .arg(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complained}");
    assert!(said.contains("1 passed"), "the test was not found: {said}");
    false
}

/// A process that holds sockets at given numbers, "20 21 40", until it is dropped.
struct Holding {
    child: Child,
    inodes: Vec<u64>,
}

impl Holding {
    fn at(test: &str, numbers: impl IntoIterator<Item = u32>) -> Self {
        let numbers: Vec<String> = numbers
            .into_iter()
            .map(|number| number.to_string())
            .collect();
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture"])
            .env(HOLD, numbers.join(" "))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // The harness says something before.
        let inodes = lines
            .map(Result::unwrap)
            .find_map(|line| Some(line.split_once("holds:")?.1.to_owned()))
            .unwrap();
        let inodes = inodes
            .split_whitespace()
            .map(|inode| inode.parse().unwrap());
        Self {
            inodes: inodes.collect(),
            child,
        }
    }

    /// How many descriptors it has, by the kernel's list.
    fn descriptors(&self) -> usize {
        let folder = format!("/proc/{}/fd", self.child.id());
        fs::read_dir(folder).unwrap().count()
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
    }
}

/// What such a process does.
#[expect(clippy::print_stdout, reason = "the parent reads it")]
fn hold(numbers: &str) {
    let mut held: Vec<OwnedFd> = Vec::new();
    let mut inodes: Vec<String> = Vec::new();
    for number in numbers.split_whitespace() {
        let socket = UdpSocket::bind("127.0.0.1:0").or_else(|_| UdpSocket::bind("[::]:0"));
        let socket = socket.unwrap();
        let inode = rustix::fs::fstat(&socket).unwrap().st_ino;
        // The lowest free number from this one on, which is this one.
        held.push(fcntl_dupfd_cloexec(&socket, number.parse().unwrap()).unwrap());
        inodes.push(inode.to_string());
    }
    println!("\nholds: {}", inodes.join(" "));
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    drop(held);
}

fn look(wanted: &[u64], budget: usize) -> Owners {
    let wanted = Wanted::each(wanted.iter().copied());
    owners(Path::new("/proc"), wanted, budget)
}

fn pid(owners: &Owners, inode: u64) -> Option<u32> {
    match owners.holder(inode) {
        Holder::Known(owner) => Some(owner.pid),
        _ => None,
    }
}

#[test]
fn the_process_with_the_most_descriptors_is_searched_first_and_the_search_ends_with_the_last_find()
{
    const NAME: &str = "owners::the_process_with_the_most_descriptors_is_searched_first_and_the_search_ends_with_the_last_find";
    if !inside(NAME) {
        return;
    }
    let few = Holding::at(NAME, 20..25);
    let many = Holding::at(NAME, 20..320);
    let all = many.descriptors();
    let found = look(&many.inodes, all + 64);
    assert_eq!((found.ended, found.named), (Ended::AllFound, 300));
    assert_eq!(pid(&found, many.inodes[299]), Some(many.child.id()));
    // The smaller one comes after the larger one, for which this is just enough.
    let found = look(&few.inodes, all);
    assert_eq!((found.ended, found.named), (Ended::Budget, 0));
    assert_eq!(found.holder(few.inodes[0]), Holder::NotReached);
    let found = look(&few.inodes, usize::MAX);
    assert_eq!((found.ended, found.named), (Ended::AllFound, 5));
    assert_eq!(pid(&found, few.inodes[4]), Some(few.child.id()));
}

#[test]
fn gaps_between_descriptors_hide_none() {
    const NAME: &str = "owners::gaps_between_descriptors_hide_none";
    if !inside(NAME) {
        return;
    }
    let numbers = [30, 93, 94, 300, 511]
        .into_iter()
        .chain((600..900).step_by(3));
    let held = Holding::at(NAME, numbers);
    let found = look(&held.inodes, usize::MAX);
    assert_eq!((found.ended, found.named), (Ended::AllFound, 105));
    for inode in &held.inodes {
        assert_eq!(pid(&found, *inode), Some(held.child.id()));
    }
}

#[test]
fn what_nobody_holds_is_nobodys_after_every_descriptor_was_seen() {
    const NAME: &str = "owners::what_nobody_holds_is_nobodys_after_every_descriptor_was_seen";
    if !inside(NAME) {
        return;
    }
    let held = Holding::at(NAME, 20..30);
    let gone = Holding::at(NAME, 20..30);
    let lost = gone.inodes.clone();
    drop(gone);
    let found = look(&[held.inodes[3], lost[3]], usize::MAX);
    assert_eq!(
        (found.ended, found.named, found.hidden),
        (Ended::AllSeen, 1, 0)
    );
    assert_eq!(found.holder(lost[3]), Holder::Nobody);
}

#[test]
fn of_processes_that_share_a_socket_the_largest_is_named_and_then_the_lowest() {
    const NAME: &str =
        "owners::of_processes_that_share_a_socket_the_largest_is_named_and_then_the_lowest";
    if !inside(NAME) {
        return;
    }
    let socket = UdpSocket::bind("[::]:0").unwrap();
    let inode = rustix::fs::fstat(&socket).unwrap().st_ino;
    // Every child inherits it.
    fcntl_setfd(socket.as_fd(), FdFlags::empty()).unwrap();
    let first = Holding::at(NAME, 50..60);
    let second = Holding::at(NAME, 50..60);
    assert_eq!(first.descriptors(), second.descriptors());
    let lowest = first.child.id().min(second.child.id());
    assert_eq!(pid(&look(&[inode], usize::MAX), inode), Some(lowest));
    let largest = Holding::at(NAME, 50..61);
    let found = look(&[inode], usize::MAX);
    assert_eq!(pid(&found, inode), Some(largest.child.id()));
}
