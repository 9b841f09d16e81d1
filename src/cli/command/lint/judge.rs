//! Where texts are handed to the judge and its words come back.

use std::path::Path;

use crate::assign::{self, Assignment};
use crate::cli::args::Lint;
use crate::cli::error::Error;
use crate::render::lint::{FoundAssignment, LintedLine};

/// What one file holds.
#[derive(Clone, Debug)]
pub(super) struct Scanned {
    file: String,
    found: Vec<Assignment>,
}

/// What was found in all files.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// By file and line.
    pub(super) findings: Vec<LintedLine>,
    /// How many findings a comment took back.
    pub(super) ignored: u64,
    /// Every assignment.
    pub(super) assignments: Vec<FoundAssignment>,
}

/// Looks a text over; `None` where there is nothing to judge.
pub(super) fn scan(path: &Path, text: &str) -> Option<Scanned> {
    if !may_set(text) {
        return None;
    }
    let file = path.to_string_lossy().into_owned();
    let found = assign::find(&file, text);
    (!found.is_empty()).then_some(Scanned { file, found })
}

/// Whether a text may set a key of the network, or speak of this program: nearly none does, and this is told
/// as fast as a text can be read. Every spelling of every key has `net` in it as a word.
pub(super) fn may_set(text: &str) -> bool {
    let bytes = text.as_bytes();
    let edge = |at: Option<usize>| {
        at.and_then(|at| bytes.get(at))
            .is_none_or(|byte| !byte.is_ascii_alphanumeric())
    };
    memchr::memmem::find_iter(bytes, "net")
        .any(|at| edge(at.checked_sub(1)) && edge(at.checked_add(3)))
        || memchr::memmem::find(bytes, b"tcptune:").is_some()
}

/// What files are judged for, and by.
#[derive(Debug)]
pub(super) struct Judge {}

impl Judge {
    pub(super) fn of(_args: &Lint) -> Result<Self, Error> {
        Ok(Self {})
    }

    /// The kernels, by name.
    pub(super) fn kernels(&self) -> Vec<String> {
        Vec::new()
    }

    /// The release of Kubernetes.
    pub(super) fn kubernetes(&self) -> Option<String> {
        None
    }

    /// Judges what was found in all files.
    pub(super) fn judge(&self, files: Vec<Scanned>) -> Judged {
        let assignments = files.into_iter().flat_map(|file| {
            let name = file.file;
            file.found.into_iter().map(move |one| FoundAssignment {
                file: name.clone(),
                line: one.line as u64,
                key: one.key,
                value: one.value,
                commented: one.commented,
                dynamic: one.dynamic,
                syntax: one.syntax.word().to_owned(),
                flaw: one.flaw.map(|flaw| flaw.word().to_owned()),
            })
        });
        Judged {
            assignments: assignments.collect(),
            ..Judged::default()
        }
    }

    /// Whether a line does nothing on any of the kernels, so that it may be commented out.
    pub(super) fn is_dead(&self, one: &LintedLine) -> bool {
        one.kernels.len() == self.kernels().len() && DEAD.contains(&one.rule.as_str())
    }
}

/// The rules of lines that do nothing.
const DEAD: [&str; 3] = ["lint-tw-recycle", "lint-removed-key", "lint-no-op-key"];
