//! The guard of an apply that waits for a confirmation: a process that outlives whoever started it, and takes
//! the change back when nobody confirms it.
//!
//! It is the same program, in a session of its own: neither the end of the terminal (`SIGHUP`) nor `kill -9`
//! of the run that started it ends it. It starts in the network and mount namespaces of the *thread* that
//! starts it, as every child does, and stays there: what it writes back is the setting that was changed. A
//! service manager that stops a whole control group ends it too; then the journal tells the next run.

mod watch;

use std::ffi::OsString;
use std::fmt;
use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{getpid, getsid, setsid};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout, stdout};

use super::errno::{io_name, name};
use super::places::Environment;

pub use watch::{Watched, watch};

/// What a guard says when nothing that happens to its starter reaches it any more.
const READY: &[u8] = b"ready\n";

/// Why there is no guard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GuardError {
    /// The program cannot be started; the errno by name.
    Start(String),
    /// It was started, and ended before it was ready.
    Ended,
}

impl fmt::Display for GuardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(errno) => write!(f, "cannot start a guard: {errno}"),
            Self::Ended => f.write_str("the guard ended before it was ready"),
        }
    }
}

impl GuardError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Start(_) => {
                "a guard is this program once more: /proc and /dev/null have to be there"
            }
            Self::Ended => {
                "without a guard nobody would take the change back; leave --confirm away"
            }
        }
    }
}

/// Starts a guard with these arguments, and returns its process number when it is ready: from then on it
/// survives this process, its terminal and its session.
///
/// Take the [lock](super::Lock) first, and start the guard before the first write: a guard that finds
/// neither a record nor a holder of the lock has nothing to guard, and ends.
pub fn start_guard(arguments: &[OsString], environment: &Environment) -> Result<u32, GuardError> {
    // Pipes and locks that this process was given are not the guard's to hold open: a shell's
    // `exec 9>lock; flock 9` would stay locked, and who waits for the end of a pipe would wait on.
    close_fds::set_fds_cloexec_threadsafe(3, &[]);
    // Not the path of the program: that may be another version by now, or gone.
    let mut child = Command::new("/proc/self/exe")
        .arg0("tcptune")
        .args(arguments)
        .env_clear()
        .envs(environment.variables())
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| GuardError::Start(io_name(&error)))?;
    let mut said = Vec::new();
    if let Some(pipe) = child.stdout.take() {
        // The pipe ends when the guard lets go of it, or dies.
        let _ = pipe.take(4096).read_to_end(&mut said);
    }
    if said.ends_with(READY) {
        Ok(child.id())
    } else {
        let _ = child.kill();
        let _ = child.wait();
        Err(GuardError::Ended)
    }
}

/// Makes this process a guard: leaves the session it was started in, and lets go of the starter's streams.
/// The first thing a guard does.
pub fn become_guard() -> Result<(), GuardError> {
    let start = |errno: Errno| GuardError::Start(name(errno));
    match setsid() {
        Ok(_) => {}
        // It leads a session already: somebody started it by hand with setsid(1).
        Err(Errno::PERM) if getsid(None) == Ok(getpid()) => {}
        Err(errno) => return Err(start(errno)),
    }
    // For ps(1), which would show `exe`.
    let _ = rustix::thread::set_name(c"tcptune-guard");
    let flags = OFlags::RDWR | OFlags::CLOEXEC;
    let null = rustix::fs::open("/dev/null", flags, Mode::empty()).map_err(start)?;
    dup2_stdin(&null).map_err(start)?;
    dup2_stderr(&null).map_err(start)?;
    // Should the starter be gone by now, it is a guard all the same.
    let _ = rustix::io::write(stdout(), READY);
    dup2_stdout(&null).map_err(start)
}
