//! Commands that take turns.

use std::io;
use std::process::Stdio;
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use crate::measured::command::{command, field, median, peak_memory};
use crate::tools::{Memory, Tool};

/// A watched command that is not done by then hangs.
const PATIENCE: Duration = Duration::from_secs(100);

/// The times of commands that took turns, and their memory.
pub(crate) struct Rounds {
    measured: Vec<Measured>,
    done: usize,
    /// Programs that are not there.
    pub(crate) missing: Vec<(Tool, &'static str)>,
}

struct Measured {
    tool: Tool,
    times: Vec<f64>,
    peak: Option<u64>,
}

impl Rounds {
    pub(crate) fn of(tools: &[Tool]) -> Self {
        let mut rounds = Self {
            measured: Vec::new(),
            done: 0,
            missing: Vec::new(),
        };
        for tool in tools {
            match tool.line.missing() {
                Some(program) => rounds.missing.push((*tool, program)),
                None => rounds.measured.push(Measured {
                    tool: *tool,
                    times: Vec::new(),
                    peak: None,
                }),
            }
        }
        rounds
    }

    pub(crate) const fn done(&self) -> usize {
        self.done
    }

    /// Runs each once for its memory, which warms it up as well.
    pub(crate) fn look_at_memory(&mut self) -> Result<(), String> {
        for measured in &mut self.measured {
            measured.peak = match measured.tool.memory {
                Memory::AtTheEnd => Some(peak_memory(&measured.tool.line)?),
                Memory::Watched(program, arguments) => Some(watched(program, arguments)?),
                Memory::Unasked => None,
            };
        }
        Ok(())
    }

    /// Runs each once for its time; another one begins in every round. The times count only if the
    /// sockets are still the same afterwards.
    pub(crate) fn round(&mut self, is_still: impl Fn() -> bool) -> Result<bool, String> {
        let all = self.measured.len();
        let mut times = vec![0.0; all];
        for turn in 0..all {
            let next = (turn + self.done) % all;
            if let (Some(measured), Some(time)) = (self.measured.get(next), times.get_mut(next)) {
                *time = measured.tool.line.time()?;
            }
        }
        let counts = is_still();
        if counts {
            self.done += 1;
            for (measured, time) in self.measured.iter_mut().zip(times) {
                measured.times.push(time);
            }
        }
        Ok(counts)
    }

    /// So many rounds among sockets that stay.
    pub(crate) fn all(&mut self, rounds: usize, is_still: impl Fn() -> bool) -> Result<(), String> {
        self.look_at_memory()?;
        while self.done < rounds {
            if !self.round(&is_still)? {
                return Err("the sockets did not stay".to_owned());
            }
        }
        Ok(())
    }

    /// The median time in milliseconds.
    pub(crate) fn time(&self, tool: &Tool) -> Option<f64> {
        self.find(tool).map(|found| median(found.times.clone()))
    }

    /// The most memory, in bytes.
    pub(crate) fn peak(&self, tool: &Tool) -> Option<u64> {
        self.find(tool)?.peak
    }

    fn find(&self, tool: &Tool) -> Option<&Measured> {
        let mut all = self.measured.iter();
        all.find(|measured| measured.tool.name == tool.name)
    }
}

/// The most memory of a command that writes as it reads, in bytes: the last of many looks.
fn watched(program: &str, arguments: &[&str]) -> Result<u64, String> {
    let fault = |error: io::Error| format!("{program}: {error}");
    let mut child = command(program, arguments);
    child.stdin(Stdio::null()).stderr(Stdio::null());
    let mut child = child.stdout(Stdio::piped()).spawn().map_err(fault)?;
    let status = format!("/proc/{}/status", child.id());
    let reader = child.stdout.take().map(|mut output| {
        // What it says is not asked for, only that it goes on.
        thread::spawn(move || io::copy(&mut output, &mut io::sink()))
    });
    let start = Instant::now();
    let mut peak = 0;
    while child.try_wait().map_err(fault)?.is_none() {
        if start.elapsed() > PATIENCE {
            child.kill().map_err(fault)?;
            child.wait().map_err(fault)?;
            return Err(format!("{program}: not done after {PATIENCE:?}"));
        }
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        peak = peak.max(field(&text, "VmHWM:").unwrap_or(0));
        sleep(Duration::from_millis(1));
    }
    if let Some(reader) = reader {
        let _ = reader.join();
    }
    Ok(peak * 1024)
}
