//! `tcptune lint --fix`: dead lines of files that are loaded at boot become comments.
//!
//! Only there: what a line of a script or a template does is more than what it sets. A file is read anew, and
//! a line is touched only where it still sets the key that was judged.

use std::collections::BTreeMap;
use std::path::Path;

use super::diff::{Dead, commented_out, unified};
use super::judge::Judge;
use crate::assign::{self, Assignment};
use crate::catalog;
use crate::fact::inert;
use crate::host;
use crate::render::lint::LintedLine;

/// What was mended.
#[derive(Debug, Default)]
pub(super) struct Fixed {
    /// How many files.
    pub(super) files: usize,
    /// The changes of all files, as `diff -u` shows them.
    pub(super) diff: Vec<String>,
    /// Files that stay as they are, and why.
    pub(super) left: Vec<String>,
}

/// Comments out every dead line.
pub(super) fn fix(findings: &[LintedLine], judge: &Judge, limit: u64) -> Fixed {
    let mut files: BTreeMap<&str, Vec<&LintedLine>> = BTreeMap::new();
    for one in findings {
        if host::is_loaded(Path::new(&one.file)) && judge.is_dead(one) {
            files.entry(&one.file).or_default().push(one);
        }
    }
    let mut fixed = Fixed::default();
    for (file, findings) in files {
        match of_file(file, &findings, limit) {
            Ok(diff) if diff.is_empty() => {}
            Ok(diff) => {
                fixed.files += 1;
                fixed.diff.extend(diff);
            }
            Err(why) => fixed.left.push(format!("{file}: {why}")),
        }
    }
    fixed
}

fn of_file(file: &str, findings: &[&LintedLine], limit: u64) -> Result<Vec<String>, String> {
    let path = Path::new(file);
    let old = host::read_to_fix(path, limit)?;
    let text = String::from_utf8_lossy(&old);
    let found = assign::find(file, &text);
    let dead = dead(&found, findings);
    if dead.is_empty() {
        return Ok(Vec::new());
    }
    host::write_fixed(path, &old, &commented_out(&old, &dead))?;
    Ok(unified(file, &shown(&text, &found), &dead))
}

/// The lines that still set what was judged, in order.
fn dead(found: &[Assignment], findings: &[&LintedLine]) -> Vec<Dead> {
    let mut dead: Vec<Dead> = Vec::new();
    for one in found.iter().filter(|one| !one.commented) {
        let judged = findings
            .iter()
            .find(|finding| finding.line == one.line as u64 && finding.key == one.key);
        if let Some(finding) = judged
            && dead.last().is_none_or(|last| last.line < one.line)
        {
            let reason = format!("{}: {}", finding.rule, finding.message);
            dead.push(Dead {
                line: one.line,
                reason: inert(&reason).into_owned(),
            });
        }
    }
    dead
}

/// The lines as they may be shown: without secrets.
fn shown(text: &str, found: &[Assignment]) -> Vec<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for one in found {
        let secret = catalog::find(&one.key).is_some_and(|spec| spec.secret);
        let line = one.line.checked_sub(1).and_then(|at| lines.get_mut(at));
        if let (true, Some(line)) = (secret, line) {
            *line = format!("{} (not shown)", one.key);
        }
    }
    lines
}
