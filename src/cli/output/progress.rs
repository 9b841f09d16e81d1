//! How far a long run is, for a person who waits at a terminal.

use std::io::{self, IsTerminal as _};
use std::time::{Duration, Instant};

use super::Output;

/// Often enough to be seen moving, seldom enough to cost nothing.
const EVERY: Duration = Duration::from_millis(100);

/// The cells of the bar.
const BAR: usize = 20;

/// How many of many things are done.
pub(in crate::cli) struct Progress {
    all: usize,
    done: usize,
    told: Option<Instant>,
    /// Nobody looks, or the result goes over the same screen.
    quiet: bool,
}

impl Progress {
    /// None of so many is done; `over` says that the result is written to standard output meanwhile.
    pub(in crate::cli) fn new(all: usize, over: bool) -> Self {
        Self {
            all,
            done: 0,
            told: None,
            quiet: over && io::stdout().is_terminal(),
        }
    }

    /// One more is done.
    pub(in crate::cli) fn step(&mut self, output: &Output) {
        self.done += 1;
        let lately = self.told.is_some_and(|told| told.elapsed() < EVERY);
        if self.quiet || lately {
            return;
        }
        self.told = Some(Instant::now());
        output.progress(&self.line());
    }

    /// Takes the line away.
    pub(in crate::cli) fn away(&self, output: &Output) {
        if !self.quiet {
            output.progress("");
        }
    }

    fn line(&self) -> String {
        let filled = self.done.saturating_mul(BAR) / self.all.max(1);
        let bar = format!(
            "{}{}",
            "#".repeat(filled),
            ".".repeat(BAR.saturating_sub(filled))
        );
        format!("[{bar}] {} of {} snapshots", self.done, self.all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_is_as_full_as_the_work_is_done() {
        let mut progress = Progress::new(10_000, false);
        assert_eq!(
            progress.line(),
            "[....................] 0 of 10000 snapshots"
        );
        progress.done = 5_000;
        assert_eq!(
            progress.line(),
            "[##########..........] 5000 of 10000 snapshots"
        );
        progress.done = 10_000;
        assert_eq!(
            progress.line(),
            "[####################] 10000 of 10000 snapshots"
        );
    }
}
