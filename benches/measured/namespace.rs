//! A network namespace without a name, which ends with the process that holds it.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// Brings up loopback, says so, and waits until standard input ends, as it does when this program
/// dies, in whatever way.
const HOLDER: &str = "ip link set lo up && echo ready && exec cat";

/// Runs `task` on a thread inside a new network namespace. `Err`: no namespace could be had, and why.
pub(crate) fn inside<T: Send>(task: impl FnOnce() -> T + Send) -> Result<T, String> {
    let mut holder = Command::new("unshare")
        .args(["--net", "sh", "-c", HOLDER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("unshare: {error}"))?;
    let done = ready(&mut holder)
        .then(|| thread::scope(|scope| scope.spawn(|| entered(&holder, task)).join()));
    drop(holder.stdin.take());
    let ended = holder.wait();
    match done {
        Some(Ok(done)) => done,
        Some(Err(_)) => Err("a thread panicked".to_owned()),
        None => Err(format!("`unshare --net` with a loopback: {ended:?}")),
    }
}

fn ready(holder: &mut Child) -> bool {
    let mut line = String::new();
    let Some(output) = holder.stdout.take() else {
        return false;
    };
    BufReader::new(output).read_line(&mut line).is_ok() && line == "ready\n"
}

fn entered<T>(holder: &Child, task: impl FnOnce() -> T) -> Result<T, String> {
    let path = PathBuf::from(format!("/proc/{}/ns/net", holder.id()));
    let own = fs::read_link("/proc/thread-self/ns/net").map_err(|error| error.to_string())?;
    let file = File::open(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))
        .map_err(|error| format!("{}: {error}", path.display()))?;
    // Settings are written from here on, so this is made sure of.
    if fs::read_link("/proc/thread-self/ns/net").is_ok_and(|now| now != own) {
        Ok(task())
    } else {
        Err("the namespace is not a new one".to_owned())
    }
}

/// Writes settings below `net`, `ipv4/tcp_tw_reuse`, in the namespace of the calling thread, which must
/// be one of our own.
pub(crate) fn set(settings: &[(&str, &str)]) -> Result<(), String> {
    for (key, value) in settings {
        let path = format!("/proc/sys/net/{key}");
        fs::write(&path, value).map_err(|error| format!("{path}: {error}"))?;
    }
    Ok(())
}
