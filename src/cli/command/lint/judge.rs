//! Where texts are handed to the judge and its words come back.

use std::path::Path;

use crate::catalog;
use crate::cli::args::Lint;
use crate::cli::error::Error;
use crate::lint::{self, Finding, Listed, Settings};
use crate::render::lint::{FoundAssignment, LintedLine, SkippedFile};
use crate::rule::Rulebook;

pub(super) use crate::lint::Scanned;

/// What was found in all files.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// By file and line.
    pub(super) findings: Vec<LintedLine>,
    /// How many findings a comment took back.
    pub(super) ignored: u64,
    /// Files that were judged in part, and what was left off.
    pub(super) skipped: Vec<SkippedFile>,
    /// Every assignment.
    pub(super) assignments: Vec<FoundAssignment>,
}

/// Looks a text over; `None` where there is nothing to judge.
pub(super) fn scan(path: &Path, text: &str) -> Option<Scanned> {
    if !may_set(text) {
        return None;
    }
    let scanned = lint::scan(&path.to_string_lossy(), text);
    (!scanned.is_empty()).then_some(scanned)
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
pub(super) struct Judge {
    settings: Settings,
    book: Rulebook,
}

impl Judge {
    /// The kernels and rules that were asked for.
    pub(super) fn of(args: &Lint) -> Result<Self, Error> {
        let book = Rulebook::lint();
        let book = book
            .chosen(&args.choice.select, &args.choice.ignore)
            .map_err(Error::NoSuchWord)?;
        if book.rules().len() == 0 && !args.assignments {
            return Err(Error::NothingChosen);
        }
        let mut settings = Settings {
            include_commented: args.include_commented,
            ..Settings::default()
        };
        if let Some(written) = &args.kernel {
            settings.targets = lint::targets(written).map_err(|why| {
                Error::Usage(why, "leave --kernel away for the supported distributions")
            })?;
        }
        if let Some(written) = &args.kubernetes {
            let release = lint::kubernetes(written);
            let help = "leave --kubernetes away for the newest";
            settings.kubernetes = Some(release.map_err(|why| Error::Usage(why, help))?);
        }
        Ok(Self { settings, book })
    }

    /// The kernels, by name.
    pub(super) fn kernels(&self) -> Vec<String> {
        self.settings.kernels()
    }

    /// The release of Kubernetes that was asked for.
    pub(super) fn kubernetes(&self) -> Option<String> {
        let (major, minor) = self.settings.kubernetes?;
        Some(format!("{major}.{minor}"))
    }

    /// Judges what was found in all files.
    pub(super) fn judge(&self, files: Vec<Scanned>) -> Judged {
        let judged = lint::judge(files, &self.settings, &self.book);
        Judged {
            findings: judged.findings.into_iter().map(line).collect(),
            ignored: judged.ignored,
            skipped: judged.skipped.into_iter().map(skipped).collect(),
            assignments: judged.assignments.into_iter().map(assignment).collect(),
        }
    }

    /// Whether a line does nothing on any of the kernels, so that it may be commented out.
    pub(super) fn is_dead(&self, one: &LintedLine) -> bool {
        let Some(spec) = catalog::find(&one.key).filter(|_| DEAD.contains(&one.rule.as_str()))
        else {
            return false;
        };
        // The finding of tcp_tw_recycle is true of kernels that act on it, and all the more so.
        self.settings.targets.iter().all(|target| {
            let since = [spec.removed_in, spec.noop_since];
            let mut since = since.into_iter().flatten();
            since.any(|release| release.is_in(&target.kernel))
        })
    }
}

/// The rules of lines that do nothing.
const DEAD: [&str; 3] = ["lint-tw-recycle", "lint-removed-key", "lint-no-op-key"];

fn line(one: Finding) -> LintedLine {
    LintedLine {
        file: one.file,
        line: one.line as u64,
        column: one.column as u64,
        key: one.key,
        value: one.value,
        rule: one.rule,
        severity: one.severity.word().to_owned(),
        title: one.title,
        message: one.message,
        replacement: one.replacement,
        kernels: one.kernels,
        source: one.source,
        url: one.url,
    }
}

fn skipped((file, why): (String, String)) -> SkippedFile {
    SkippedFile {
        file,
        why,
        partly: true,
    }
}

fn assignment(one: Listed) -> FoundAssignment {
    FoundAssignment {
        file: one.file,
        line: one.line as u64,
        key: one.key,
        value: one.value,
        commented: one.commented,
        dynamic: one.dynamic,
        syntax: one.syntax.to_owned(),
        flaw: one.flaw.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_without_a_key_is_told_at_a_glance() {
        for text in [
            "net.ipv4.x",
            "x: {net: {ipv4",
            "\"net/core/x\"",
            "s/net\\.ipv4/",
            "# tcptune: ignore",
        ] {
            assert!(may_set(text), "{text}");
        }
        for text in [
            "",
            "internet",
            "network",
            "subnet.id",
            "ipv4",
            "dotnet.sdk",
            "NET",
        ] {
            assert!(!may_set(text), "{text}");
        }
    }

    #[test]
    fn every_rule_of_dead_lines_is_one() {
        let book = Rulebook::lint();
        for id in DEAD {
            assert!(book.rule(id).is_some(), "{id}");
        }
    }
}
