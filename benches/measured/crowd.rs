//! Processes of this program that hold sockets.

use std::env;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};

use rustix::process::{
    Resource, Rlimit, Signal, getppid, getrlimit, set_parent_process_death_signal, setrlimit,
};

use super::connections::{Held, Share};

/// The first argument of a process that holds sockets; behind it stand the starter and the shares.
pub(crate) const HOLD: &str = "--hold-sockets";

/// The processes; the sockets last as long as this value.
pub(crate) struct Crowd {
    pub(crate) holders: Vec<Child>,
}

impl Crowd {
    /// Fills the network namespace of the calling thread, which must be one of our own, by one process
    /// for each list of shares.
    pub(crate) fn gather(all: &[Vec<Share>]) -> Result<Self, String> {
        let program = env::current_exe().map_err(|error| error.to_string())?;
        let own = std::process::id().to_string();
        let mut crowd = Self {
            holders: Vec::new(),
        };
        for shares in all {
            let child = Command::new(&program)
                .args([HOLD, &own])
                .args(shares.iter().map(ToString::to_string))
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .map_err(|error| error.to_string())?;
            crowd.holders.push(child);
        }
        for child in &mut crowd.holders {
            let mut line = String::new();
            if let Some(output) = child.stdout.take() {
                let read = BufReader::new(output).read_line(&mut line);
                read.map_err(|error| error.to_string())?;
            }
            if line != "ready\n" {
                return Err(format!("the sockets could not be made: {}", line.trim()));
            }
        }
        Ok(crowd)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        // All are told before any is waited for: closing takes its time as well.
        for child in &mut self.holders {
            drop(child.stdin.take());
        }
        for child in &mut self.holders {
            // There is nobody to tell, and the process ends with its input in any case.
            let _ = child.wait();
        }
    }
}

/// Makes the sockets of one process and holds them until standard input ends.
pub(crate) fn hold(arguments: &[String]) -> Result<(), String> {
    let (starter, shares) = arguments
        .split_first()
        .ok_or_else(|| format!("{HOLD} needs a starter"))?;
    end_with(starter)?;
    raise_limit().map_err(|error| error.to_string())?;
    let mut held = Held::default();
    for share in shares {
        let made = held.fill(&share.parse()?);
        made.map_err(|error| format!("{share}: {error}"))?;
    }
    println!("ready");
    let end = io::stdin().read_to_end(&mut Vec::new());
    end.map(drop).map_err(|error| error.to_string())
}

/// A starter that is killed closes the input, which nobody looks at while there are sockets to make.
fn end_with(starter: &str) -> Result<(), String> {
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(|errno| errno.to_string())?;
    let parent = getppid().map(|pid| pid.as_raw_nonzero().to_string());
    if parent.as_deref() == Some(starter) {
        Ok(())
    } else {
        Err("the starter has ended".to_owned())
    }
}

/// The soft limit on open files is often 1024.
fn raise_limit() -> io::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    Ok(setrlimit(Resource::Nofile, raised)?)
}
