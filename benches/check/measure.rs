//! Running commands: for their time, their text, and their memory.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{Read as _, Write as _, pipe};
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A command line, as it is shown and run.
#[derive(Clone, Copy)]
pub(crate) struct Line {
    pub(crate) shown: &'static str,
    program: &'static str,
    arguments: &'static [&'static str],
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

    fn command(&self) -> Command {
        let mut command = Command::new(self.program);
        command.args(self.arguments).env("PATH", path());
        command.stdin(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// The time from start to end, in milliseconds.
    fn time(&self) -> Result<f64, String> {
        let mut command = self.command();
        command.stdout(Stdio::null());
        let start = Instant::now();
        let status = command.status().map_err(|error| self.fault(&error))?;
        let time = start.elapsed();
        // 1 and 3 tell of findings; the peers end with 0.
        if status.code().is_some_and(|code| [0, 1, 3].contains(&code)) {
            Ok(time.as_secs_f64() * 1e3)
        } else {
            Err(self.fault(&status))
        }
    }

    fn fault(&self, what: &dyn std::fmt::Display) -> String {
        format!("`{}`: {what}", self.shown)
    }
}

/// System programs are not on everyone's path.
fn path() -> OsString {
    let mut path = env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin:/sbin");
    path
}

/// What a program says.
pub(crate) fn output(program: &str, arguments: &[&str]) -> Result<Output, String> {
    let mut command = Command::new(program);
    command.args(arguments).env("PATH", path());
    command
        .output()
        .map_err(|error| format!("{program}: {error}"))
}

/// Medians of two commands that took turns, in milliseconds.
#[derive(Clone, Copy)]
pub(crate) struct Duel {
    pub(crate) own: f64,
    pub(crate) peer: f64,
}

/// Lets two commands take turns, each being first in every other round.
pub(crate) fn duel(own: &Line, peer: &Line, rounds: usize) -> Result<Duel, String> {
    own.time()?;
    peer.time()?;
    let (mut owns, mut peers) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        if round % 2 == 0 {
            owns.push(own.time()?);
            peers.push(peer.time()?);
        } else {
            peers.push(peer.time()?);
            owns.push(own.time()?);
        }
    }
    Ok(Duel {
        own: median(owns),
        peer: median(peers),
    })
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The most memory a command has had in use when it gives its result, in bytes.
///
/// The kernel forgets it with the process, and `getrusage` counts what the starter used before `exec`
/// with it. So the command writes into a pipe that is full, waits there, and is looked at.
pub(crate) fn peak_memory(line: &Line) -> Result<u64, String> {
    let fault = |error: std::io::Error| line.fault(&error);
    let (mut reader, mut writer) = pipe().map_err(fault)?;
    rustix::io::ioctl_fionbio(&writer, true).map_err(|errno| fault(errno.into()))?;
    while writer.write(&[b' '; 4096]).is_ok() {}
    // The same open pipe goes to the command, for which it must block.
    rustix::io::ioctl_fionbio(&writer, false).map_err(|errno| fault(errno.into()))?;
    let child = line.command().stdout(writer).spawn();
    let mut child = child.map_err(fault)?;
    let status = format!("/proc/{}/status", child.id());
    let (mut peak, mut asleep) = (0, 0);
    for _ in 0..3000 {
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

fn field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}
