//! Running commands: for their time, their text, and their memory.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read as _, Write as _, pipe};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

/// No command takes longer, unless it hangs.
const PATIENCE: Timespec = Timespec {
    tv_sec: 100,
    tv_nsec: 0,
};

/// A command line, as it is shown and run.
#[derive(Clone, Copy)]
pub(crate) struct Line {
    pub(crate) shown: &'static str,
    pub(crate) program: &'static str,
    pub(crate) arguments: &'static [&'static str],
    /// Programs that must be there.
    pub(crate) needs: &'static [&'static str],
}

/// The program under measure.
pub(crate) const TCPTUNE: &str = env!("CARGO_BIN_EXE_tcptune");

/// The program under measure, with one sample, so that it does not wait for a second one.
pub(crate) const CHECK: Line = Line {
    shown: "tcptune check --interval 0",
    program: TCPTUNE,
    arguments: &["check", "--interval", "0"],
    needs: &[],
};

/// Reads the settings, as people do who look for the one to turn.
pub(crate) const SYSCTL: Line = Line {
    shown: "sysctl -a -r net.ipv4",
    program: "sysctl",
    arguments: &["-a", "-r", "net.ipv4"],
    needs: &["sysctl"],
};

/// Counts sockets by state, as people do.
pub(crate) const SS: Line = Line {
    shown: "sh -c \"ss -tan | awk '{print $1}' | sort | uniq -c\"",
    program: "sh",
    arguments: &["-c", "ss -tan | awk '{print $1}' | sort | uniq -c"],
    needs: &["ss", "awk", "sort", "uniq"],
};

impl Line {
    /// The first program that is needed and not there.
    pub(crate) fn missing(&self) -> Option<&'static str> {
        let path = path();
        let there = |name: &str| env::split_paths(&path).any(|folder| folder.join(name).is_file());
        self.needs.iter().copied().find(|name| !there(name))
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = command(self.program, self.arguments);
        // With all that it starts, so that a limit can end all of it.
        command.process_group(0);
        command.stdin(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// The time from start to end, in milliseconds.
    pub(crate) fn time(&self) -> Result<f64, String> {
        let mut command = self.command();
        command.stdout(Stdio::null());
        let start = Instant::now();
        let child = command.spawn().map_err(|error| self.fault(&error))?;
        let status = ended(child).map_err(|error| self.fault(&error))?;
        let time = start.elapsed();
        // 1 and 3 tell of findings; the peers end with 0.
        if status.code().is_some_and(|code| [0, 1, 3].contains(&code)) {
            Ok(time.as_secs_f64() * 1e3)
        } else {
            Err(self.fault(&status))
        }
    }

    pub(crate) fn fault(&self, what: &dyn std::fmt::Display) -> String {
        format!("`{}`: {what}", self.shown)
    }
}

/// System programs are not on everyone's path.
fn path() -> OsString {
    let mut path = env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin:/sbin");
    path
}

/// Waits for the end of a child that leads a process group, and sees to it that there is one.
fn ended(mut child: Child) -> io::Result<ExitStatus> {
    let pid = Pid::from_child(&child);
    let end = pidfd_open(pid, PidfdFlags::empty())?;
    if poll(&mut [PollFd::new(&end, PollFlags::IN)], Some(&PATIENCE)) == Ok(0) {
        kill_process_group(pid, Signal::KILL)?;
        child.wait()?;
        let limit = PATIENCE.tv_sec;
        return Err(io::Error::other(format!("not done after {limit} s")));
    }
    child.wait()
}

/// A program of the system or of this package.
pub(crate) fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).env("PATH", path());
    command
}

/// What a program says.
pub(crate) fn output(program: &str, arguments: &[&str]) -> Result<Output, String> {
    let output = command(program, arguments).output();
    output.map_err(|error| format!("{program}: {error}"))
}

pub(crate) fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The most memory a command has had in use when it gives its result, in bytes.
///
/// The kernel forgets it with the process, and `getrusage` counts what the starter used before `exec`
/// with it. So the command writes into a pipe that is full, waits there, and is looked at.
pub(crate) fn peak_memory(line: &Line) -> Result<u64, String> {
    let fault = |error: io::Error| line.fault(&error);
    let (mut reader, mut writer) = pipe().map_err(fault)?;
    rustix::io::ioctl_fionbio(&writer, true).map_err(|errno| fault(errno.into()))?;
    while writer.write(&[b' '; 4096]).is_ok() {}
    // The same open pipe goes to the command, for which it must block.
    rustix::io::ioctl_fionbio(&writer, false).map_err(|errno| fault(errno.into()))?;
    let child = line.command().stdout(writer).spawn();
    let mut child = child.map_err(fault)?;
    let status = format!("/proc/{}/status", child.id());
    let (mut peak, mut asleep) = (0, 0);
    for _ in 0..30_000 {
        let Ok(text) = fs::read_to_string(&status) else {
            break;
        };
        peak = peak.max(field(&text, "VmHWM:").unwrap_or(0));
        // With one sample there is nothing else to wait for.
        asleep = if text.contains("State:\tS") {
            asleep + 1
        } else {
            0
        };
        if asleep == 20 {
            break;
        }
        sleep(Duration::from_millis(1));
    }
    let read = reader.read_to_end(&mut Vec::new());
    child.wait().map_err(fault)?;
    read.map_err(fault)?;
    match peak {
        0 => Err(line.fault(&"it did not wait")),
        kibibytes => Ok(kibibytes * 1024),
    }
}

pub(crate) fn field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}
