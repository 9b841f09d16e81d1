//! Texts × rules → findings: what a team's configuration, scripts and pages say about sysctls, judged for
//! kernels and without a host.
//!
//! Pure: texts in, findings out, in one order whatever the order of the files. A file is looked over on its
//! own ([`scan()`]), and what was found is judged together ([`judge()`]), since some faults lie between two lines
//! or two files of one host.
//!
//! ```
//! use tcptune::lint::{Settings, lint};
//! use tcptune::rule::Rulebook;
//!
//! let book = Rulebook::lint();
//! let files = [("tune.sh".to_owned(), "echo hello\n".to_owned())];
//! assert!(lint(files, &Settings::default(), &book).findings.is_empty());
//! ```

mod branch;
mod claim;
mod group;
mod ignore;
mod judge;
mod pod;
mod scan;
mod target;
#[cfg(test)]
mod tests;

pub use judge::judge;
pub use scan::{Scanned, scan};
pub use target::{SUPPORTED, kubernetes, supported, targets};

use crate::fact::assigned::Target;
use crate::rule::{Rulebook, Severity};

/// The replacement of a line that does nothing, or nothing good: it is to go.
pub const DELETE: &str = "delete the line";

/// The rule of comments that should take findings back and do not: an unknown rule, or no reason.
pub const INVALID_IGNORE: &str = "lint-invalid-ignore";

/// What texts are judged for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The kernels, oldest first; see [`targets`].
    pub targets: Vec<Target>,
    /// The Kubernetes release of pods; `None`: the newest whose list of safe keys is known.
    pub kubernetes: Option<(u32, u32)>,
    /// Whether lines that are commented out are judged as well.
    pub include_commented: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            targets: supported(),
            kubernetes: None,
            include_commented: false,
        }
    }
}

impl Settings {
    /// The names of the kernels; those of a range as one name.
    pub fn kernels(&self) -> Vec<String> {
        crate::check::named(&self.targets, |_| true)
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file, as it was named.
    pub file: String,
    /// The line of the key, from 1.
    pub line: usize,
    /// Where the key begins, in characters from 1.
    pub column: usize,
    /// The key, dotted; empty where the finding is about a comment.
    pub key: String,
    /// The value as the text has it; a secret is not shown.
    pub value: String,
    /// The rule's id.
    pub rule: String,
    /// How much it hurts.
    pub severity: Severity,
    /// The headline.
    pub title: String,
    /// What is wrong, in one or two sentences.
    pub message: String,
    /// What to write instead, or [`DELETE`].
    pub replacement: Option<String>,
    /// The kernels it is true for.
    pub kernels: Vec<String>,
    /// The line of the file, cut short where it is very long.
    pub source: String,
    /// A page to read on.
    pub url: Option<String>,
}

/// An assignment that was found, judged or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The file.
    pub file: String,
    /// The line of the key, from 1.
    pub line: usize,
    /// The key, dotted.
    pub key: String,
    /// The value; a secret is not shown.
    pub value: String,
    /// The line sets nothing, and would without its comment mark.
    pub commented: bool,
    /// Key or value hold a variable.
    pub dynamic: bool,
    /// How it is written.
    pub syntax: &'static str,
    /// Why it does not do what it means to do.
    pub flaw: Option<&'static str>,
}

/// What was found in all files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Linted {
    /// By file, line and column; of one place the worst first.
    pub findings: Vec<Finding>,
    /// How many findings a comment took back.
    pub ignored: u64,
    /// Files that hold too much to be judged whole, and what was left off.
    pub skipped: Vec<(String, String)>,
    /// Every assignment, commented ones too.
    pub assignments: Vec<Listed>,
}

/// Judges files, each a name and its text.
pub fn lint(
    files: impl IntoIterator<Item = (String, String)>,
    settings: &Settings,
    book: &Rulebook,
) -> Linted {
    let scanned = files.into_iter().map(|(name, text)| scan(&name, &text));
    let scanned = scanned.filter(|one| !one.is_empty()).collect();
    judge(scanned, settings, book)
}
