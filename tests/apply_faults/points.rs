//! At which calls a run can be interrupted.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::program::{Mishap, Ran, run_with, traced};

/// Calls that change something, and calls that end or hold something.
pub(crate) const CHANGING: [&str; 13] = [
    "write",
    "pwrite64",
    "fsync",
    "fdatasync",
    "rename",
    "renameat",
    "renameat2",
    "unlinkat",
    "fchmod",
    "fchown",
    "mkdirat",
    "flock",
    "ftruncate",
];

/// Whether every error is tried at every point, and reads are not skipped over.
pub(crate) fn all() -> bool {
    std::env::var_os("TCPTUNE_FAULTS").is_some_and(|which| which == "all")
}

/// How often each call is made before the lock is opened: that is the linker's, and nothing of ours.
#[derive(Debug)]
pub(crate) struct Reference {
    lines: Vec<String>,
}

impl Reference {
    /// Runs the program untouched and writes down what it calls.
    pub(crate) fn of(words: &[&str]) -> Self {
        let mut calls = CHANGING.to_vec();
        calls.extend(["openat", "close"]);
        let (ran, lines) = traced(&calls, words);
        assert_eq!(ran.code, Some(0), "{}", ran.said);
        Self { lines }
    }

    /// The occurrence of this call that follows the opening of the lock, counted from 1.
    pub(crate) fn first(&self, call: &str) -> usize {
        self.before(call, "\"/run/tcptune\"")
    }

    /// The occurrence of this call that follows the first change of the journal.
    pub(crate) fn first_change(&self, call: &str) -> usize {
        self.before(call, ".new\"")
    }

    fn before(&self, call: &str, mark: &str) -> usize {
        let mark = self.lines.iter().position(|line| line.contains(mark));
        let mark = mark.expect("every run of these opens the lock and writes the journal");
        let own = self.lines.first().and_then(|line| line.split(' ').next());
        let call = format!(" {call}(");
        let before = self.lines.iter().take(mark);
        before
            .filter(|line| line.split(' ').next() == own && line.contains(&call))
            .count()
            + 1
    }
}

/// Lets a mishap happen at every `stride`th occurrence of a call, from one on, until a run passes untouched;
/// that run is not judged. Tells how many happened.
pub(crate) fn at_every(
    from: usize,
    stride: usize,
    mishap: impl Fn(usize) -> Mishap,
    words: &[&str],
    lay: impl Fn(),
    mut judge: impl FnMut(&str, Ran),
) -> usize {
    let mut happened = 0;
    let mut lost = 0;
    for when in (from..).step_by(stride) {
        lay();
        let mishap = mishap(when);
        let ran = run_with(mishap, words);
        if !ran.hit {
            assert_eq!(ran.code, Some(0), "untouched: {}", ran.said);
            break;
        }
        happened += 1;
        let case = format!("{} with {mishap:?}", words.join(" "));
        // What is wrong is printed by the panic; the others are tried all the same.
        let judged = catch_unwind(AssertUnwindSafe(|| judge(&case, ran)));
        lost += usize::from(judged.is_err());
    }
    assert_eq!(
        lost,
        0,
        "of {happened} cases with {:?}, see above",
        mishap(0)
    );
    happened
}
