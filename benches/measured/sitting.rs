//! A measurement from start to end: as root if that can be had, within a limit, and judged.

use std::env;
use std::process::{Command, ExitCode};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Set in the run that has become root of a user namespace.
const MAPPED: &str = "TCPTUNE_BENCH_MAPPED";

/// Only root can make network namespaces, be it root of a user namespace: runs this program again as
/// such where that is possible. Reading costs the same there.
pub(crate) fn as_mapped_root(arguments: &[String]) -> Option<ExitCode> {
    if rustix::process::geteuid().is_root() || env::var_os(MAPPED).is_some() {
        return None;
    }
    let way = ["--user", "--map-root-user"];
    let probe = Command::new("unshare").args(way).arg("true").output();
    if !probe.is_ok_and(|output| output.status.success()) {
        return None;
    }
    let mut again = Command::new("unshare");
    again
        .args(way)
        .arg(env::current_exe().ok()?)
        .args(arguments);
    let status = again.env(MAPPED, "1").status().ok()?;
    Some(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What `task` gives, unless it takes longer than it may: then it hangs, and ends with this program.
pub(crate) fn within<T: Send + 'static>(
    limit: Duration,
    task: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(task()));
    receiver
        .recv_timeout(limit)
        .unwrap_or_else(|_| Err(format!("not done after {} s", limit.as_secs())))
}

/// Missed goals are an error only where somebody asks for that.
pub(crate) fn judged(is_missed: bool) -> ExitCode {
    let enforced = env::var_os("TCPTUNE_BENCH_ENFORCE").is_some_and(|value| value == "1");
    if enforced && is_missed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

pub(crate) fn told(result: Result<(), String>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("the measurement failed: {error}");
            ExitCode::FAILURE
        }
    }
}
