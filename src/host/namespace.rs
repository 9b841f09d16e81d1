//! Network namespaces: which one this is, and entering another.

use std::fmt;
use std::io;
use std::os::fd::AsFd as _;
use std::path::PathBuf;

use rustix::fs::{Mode, OFlags};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::errno::name;

/// Which namespace to look into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A name of `ip netns`, or a path to a namespace file.
    Netns(String),
    /// The namespace of a process.
    Pid(u32),
}

/// Why a namespace cannot be entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnterError {
    /// The namespace file.
    pub path: PathBuf,
    /// What went wrong.
    pub kind: EnterErrorKind,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnterErrorKind {
    /// The file cannot be opened; the errno by name.
    Open(String),
    /// The kernel refuses; the errno by name. `EINVAL`: it is no network namespace.
    Enter(String),
}

impl fmt::Display for EnterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.kind {
            EnterErrorKind::Open(errno) => write!(f, "cannot open namespace `{path}`: {errno}"),
            EnterErrorKind::Enter(errno) => write!(f, "cannot enter namespace `{path}`: {errno}"),
        }
    }
}

impl EnterError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match &self.kind {
            EnterErrorKind::Open(errno) if errno == "ENOENT" && self.path.starts_with("/proc") => {
                "there is no such process; give the id of a running one"
            }
            EnterErrorKind::Open(errno) if errno == "ENOENT" => {
                "list the names with `ip netns`, or give --pid"
            }
            EnterErrorKind::Open(_) => "run as root",
            EnterErrorKind::Enter(errno) if errno == "EINVAL" => {
                "give a network namespace, as /proc/PID/ns/net is"
            }
            EnterErrorKind::Enter(_) => "run as root (CAP_SYS_ADMIN over that namespace)",
        }
    }
}

impl Target {
    fn path(&self) -> PathBuf {
        match self {
            Self::Netns(name) if name.contains('/') => PathBuf::from(name),
            Self::Netns(name) => PathBuf::from("/run/netns").join(name),
            Self::Pid(pid) => PathBuf::from(format!("/proc/{pid}/ns/net")),
        }
    }

    /// Moves the calling thread into the namespace. Everything that is read later is read there:
    /// `/proc/sys/net` follows the thread, and so does `/proc/thread-self/net`.
    pub fn enter(&self) -> Result<(), EnterError> {
        let path = self.path();
        // Whatever was named instead of a namespace, a pipe too, opens at once and is refused below.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match rustix::fs::open(&path, flags, Mode::empty()) {
            Ok(file) => file,
            Err(errno) => {
                return Err(EnterError {
                    path,
                    kind: EnterErrorKind::Open(name(errno)),
                });
            }
        };
        move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network)).map_err(|errno| {
            EnterError {
                path,
                kind: EnterErrorKind::Enter(name(errno)),
            }
        })
    }
}

/// The inode number of the calling thread's network namespace.
pub(super) fn current() -> io::Result<u64> {
    use std::os::unix::fs::MetadataExt as _;
    Ok(std::fs::metadata("/proc/thread-self/ns/net")?.ino())
}

/// The inode number of the network namespace of process 1: whoever sets keys from files at boot sets them there.
pub(super) fn of_process_1() -> io::Result<u64> {
    use std::os::unix::fs::MetadataExt as _;
    Ok(std::fs::metadata("/proc/1/ns/net")?.ino())
}

/// Whether the files this process sees are not those the machine boots from, although it may share the machine's
/// network: it is in a PID namespace of its own, or process 1 is systemd and `/run/systemd/system` was not found.
/// Only worth asking where that folder is not there: inside a booted system container it is.
pub(super) fn is_beside_the_host() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    /// `PROC_PID_INIT_INO` of the kernel's `include/linux/proc_ns.h`: of the first PID namespace, since Linux 3.8.
    const FIRST: u64 = 0xEFFF_FFFC;
    // Where it cannot be asked, nothing speaks against a host.
    let processes = std::fs::metadata("/proc/self/ns/pid");
    let systemd = || std::fs::read_to_string("/proc/1/comm").is_ok_and(|comm| comm == "systemd\n");
    processes.is_ok_and(|namespace| namespace.ino() != FIRST) || systemd()
}
