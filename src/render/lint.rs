//! What `tcptune lint` tells, as other programs read it: `tcptune.lint/1`.
//!
//! Like the report, these types are frozen on their own: within version 1 fields are only added.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::report::Tool;

mod github;
mod junit;
mod sarif;

pub use github::github;
pub use junit::junit;
pub use sarif::sarif;

/// The value of `schema` in every result of this version.
pub const LINT_SCHEMA: &str = "tcptune.lint/1";

/// The result of a run over files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "tcptune lint, version 1")]
pub struct Linted {
    /// Name and version of this format: `tcptune.lint/1`.
    pub schema: String,
    /// The program that wrote it.
    pub tool: Tool,
    /// How many files were read.
    pub files: u64,
    /// Files that were not read, or not as a whole, and why. Binary files and such beyond the limit are among them
    /// where they were named or a loader reads them (sysctl.conf, sysctl.d/*.conf); any others are only counted.
    pub skipped: Vec<SkippedFile>,
    /// How many other binary or oversized files were passed over.
    pub passed_over: u64,
    /// The kernels the files are judged for: "RHEL 9 (5.14)".
    pub kernels: Vec<String>,
    /// The Kubernetes release pods are judged for.
    pub kubernetes: Option<String>,
    /// Findings by file and line.
    pub findings: Vec<LintedLine>,
    /// How many findings an inline comment took back.
    pub ignored: u64,
    /// Every assignment, where that was asked for.
    pub assignments: Option<Vec<FoundAssignment>>,
}

/// A file that was not read, or not as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SkippedFile {
    /// Its path.
    pub file: String,
    /// Why, or what of it: the errno by name, or a phrase.
    pub why: String,
    /// It was read, and a part of it was not judged.
    #[serde(default)]
    pub partly: bool,
}

impl SkippedFile {
    /// What became of it, in words.
    pub(super) const fn fate(&self) -> &'static str {
        if self.partly { "in part" } else { "not read" }
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LintedLine {
    /// The file's path as it was given or found.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// The column of the key, in characters from 1.
    pub column: u64,
    /// The key, dotted.
    pub key: String,
    /// The value as the text has it.
    pub value: String,
    /// The rule's id.
    pub rule: String,
    /// `high`, `medium`, `low` or `info`.
    pub severity: String,
    /// The rule's headline.
    pub title: String,
    /// What is wrong here, in one or two sentences.
    pub message: String,
    /// What to write instead, or that the line is to be deleted; null where there is no such advice.
    pub replacement: Option<String>,
    /// The kernels of the run it is true for.
    pub kernels: Vec<String>,
    /// The line of the file, cut short where it is very long; a secret is not shown.
    pub source: String,
    /// A page to read on.
    pub url: Option<String>,
}

/// An assignment that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FoundAssignment {
    /// The file's path.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// The key, dotted.
    pub key: String,
    /// The value.
    pub value: String,
    /// The line sets nothing, and would without its comment mark.
    pub commented: bool,
    /// Key or value hold a variable or template.
    pub dynamic: bool,
    /// How it is written.
    pub syntax: String,
    /// Why it does not do what it means to do.
    pub flaw: Option<String>,
}

/// The JSON Schema of the result.
pub fn schema() -> String {
    super::rules::schema::<Linted>("urn:tcptune:lint:1", LINT_SCHEMA)
}

impl Linted {
    /// How many files were read, in words.
    fn files_in_words(&self) -> String {
        counted(self.files, "file")
    }

    /// How many findings there are of each severity, in words: `1 high, 2 low`; `nothing` without any.
    pub(super) fn found_in_words(&self) -> String {
        let words = ["high", "medium", "low", "info"].into_iter();
        let counts = words.filter_map(|word| {
            let all = self.findings.iter();
            let count = all.filter(|one| one.severity == word).count();
            (count > 0).then(|| format!("{} {word}", super::quantity::count(count as u64)))
        });
        let counts: Vec<String> = counts.collect();
        if counts.is_empty() {
            "nothing".to_owned()
        } else {
            counts.join(", ")
        }
    }

    /// The whole run in one line.
    pub(super) fn summary(&self) -> String {
        let mut line = format!("{} in {}", self.found_in_words(), self.files_in_words());
        let mut also = |count: u64, words: &str| {
            if count > 0 {
                line.push_str("; ");
                line.push_str(&super::quantity::count(count));
                line.push(' ');
                line.push_str(words);
            }
        };
        also(self.ignored, "ignored by comments");
        also(self.passed_over, "binary or too large");
        let partly = self.skipped.iter().filter(|one| one.partly).count();
        also((self.skipped.len() - partly) as u64, "not read");
        also(partly as u64, "judged in part");
        line
    }
}

/// A number and what is counted.
fn counted(count: u64, noun: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{} {noun}{s}", super::quantity::count(count))
}

impl LintedLine {
    /// What is wrong, and what to write instead.
    fn advice(&self) -> String {
        match &self.replacement {
            Some(replacement) => format!("{} Instead: {replacement}", self.message),
            None => self.message.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_judged_in_part_was_read() {
        let skipped = |partly| SkippedFile {
            file: "x.conf".to_owned(),
            why: "so".to_owned(),
            partly,
        };
        let linted = Linted {
            schema: LINT_SCHEMA.to_owned(),
            tool: super::super::tool(),
            files: 1,
            skipped: vec![skipped(true)],
            passed_over: 0,
            kernels: Vec::new(),
            kubernetes: None,
            findings: Vec::new(),
            ignored: 0,
            assignments: None,
        };
        assert_eq!(linted.summary(), "nothing in 1 file; 1 judged in part");
        let linted = Linted {
            skipped: vec![skipped(true), skipped(false), skipped(false)],
            ..linted
        };
        let summary = "nothing in 1 file; 2 not read; 1 judged in part";
        assert_eq!(linted.summary(), summary);
    }
}
