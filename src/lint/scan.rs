//! What one file holds: its assignments, each with its line, and its comments that take findings back.

use crate::assign::{self, Assignment, FileKind, Syntax};
use crate::catalog;
use crate::fact::assigned::Assigned;

use super::branch::Branches;
use super::claim;
use super::group::host_of;
use super::ignore::{self, Ignore};
use super::pod::Pods;

/// The most characters of a line that are kept to be shown.
const SHOWN: usize = 400;

/// At most this many assignments of one file are kept, and as many comments that take findings back. Nobody writes
/// more by hand; the rest of a generated file is counted and said to be unjudged, as each costs a pass of all rules.
pub(super) const KEPT: usize = 20_000;

/// What stands in place of a secret.
pub(super) const SECRET: &str = "(not shown)";

/// What one file holds.
#[derive(Clone, Debug)]
pub struct Scanned {
    pub(super) file: String,
    /// The host whose files it belongs to; files of one host are judged together.
    pub(super) host: String,
    pub(super) found: Vec<Found>,
    pub(super) ignores: Vec<Ignore>,
    /// What of it was not kept.
    pub(super) skipped: Option<String>,
}

/// One assignment.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) line: Assigned,
    pub(super) column: usize,
    pub(super) value_line: usize,
    /// The line on which its command begins, where that goes on over several.
    pub(super) first_line: usize,
    pub(super) syntax: Syntax,
    pub(super) source: String,
}

impl Scanned {
    /// Whether there is nothing to judge or to tell.
    pub const fn is_empty(&self) -> bool {
        self.found.is_empty() && self.ignores.is_empty()
    }
}

/// Looks a file over. Its text is not needed any more afterwards.
pub fn scan(name: &str, text: &str) -> Scanned {
    let mut found = assign::find(name, text);
    let (all, ignores) = (found.len(), ignore::find(text, KEPT));
    found.truncate(KEPT);
    let mut lines: Vec<&str> = Vec::new();
    let loaded = !found.is_empty() && FileKind::of(name, text) == FileKind::Conf;
    if !found.is_empty() {
        lines.extend(text.lines());
    }
    let mut pods = Pods::new(&lines);
    let first_lines = first_lines(&lines);
    let branches = if loaded {
        Branches::of(&lines)
    } else {
        Branches::default()
    };
    let mut list = Vec::with_capacity(found.len());
    for one in found {
        let branch = branches.at(&lines, one.line, one.column);
        let mut one = of_assignment(name, one, &mut pods, loaded);
        one.line.branch = branch;
        let is_command = one.syntax != Syntax::Conf;
        if let Some(first) = first_lines.get(one.line.line).filter(|_| is_command) {
            one.first_line = *first;
        }
        list.push(one);
    }
    let skipped = [
        left_off(all, "assignments"),
        left_off(ignores.all, "comments that take findings back"),
    ];
    let skipped: Vec<String> = skipped.into_iter().flatten().collect();
    Scanned {
        file: name.to_owned(),
        host: host_of(name, loaded),
        found: list,
        ignores: ignores.kept,
        skipped: (!skipped.is_empty()).then(|| skipped.join(", and ")),
    }
}

/// By the number of a line the one on which its command begins: `\` at the end of a line goes on with it.
fn first_lines(lines: &[&str]) -> Vec<usize> {
    let mut first_lines = vec![0];
    let (mut first, mut goes_on) = (1, false);
    for (at, line) in lines.iter().enumerate() {
        if !goes_on {
            first = at + 1;
        }
        first_lines.push(first);
        goes_on = line.trim_end().ends_with('\\');
    }
    first_lines
}

/// What is said of things of which there are too many.
fn left_off(all: usize, what: &str) -> Option<String> {
    let many = all > KEPT;
    many.then(|| format!("all but the first {KEPT} of {all} {what}"))
}

fn of_assignment(name: &str, one: Assignment, pods: &mut Pods<'_>, loaded: bool) -> Found {
    let secret = catalog::find(&one.key).is_some_and(|spec| spec.secret);
    let line = one.line.checked_sub(1).and_then(|at| pods.lines.get(at));
    let source = if secret {
        format!("{} {SECRET}", one.key)
    } else {
        line.map_or_else(String::new, |line| line.chars().take(SHOWN).collect())
    };
    let above = one.line.checked_sub(2).and_then(|at| pods.lines.get(at));
    let stated_default = line
        .and_then(|line| claim::stated(line, one.column))
        .or_else(|| claim::stated_above(above?));
    let pod = one.syntax == Syntax::Yaml && pods.holds(one.line);
    let value = (!one.value.is_empty() || one.flaw.is_none()).then_some(one.value);
    Found {
        line: Assigned {
            file: name.to_owned(),
            line: one.line,
            key: one.key,
            value: value.map(|value| with_comment(value, one.flaw, one.trail)),
            syntax: one.syntax.word(),
            flaw: one.flaw.map(assign::Flaw::word),
            commented: one.commented,
            dynamic: one.dynamic,
            pod,
            stated_default,
            loaded: loaded && one.syntax == Syntax::Conf,
            branch: None,
        },
        column: one.column,
        value_line: one.value_line,
        first_line: one.line,
        syntax: one.syntax,
        source,
    }
}

/// The value as it reaches the kernel, should a comment that a loader takes for a part of it be kept apart.
fn with_comment(value: String, flaw: Option<assign::Flaw>, trail: Option<String>) -> String {
    match trail {
        Some(trail)
            if flaw == Some(assign::Flaw::TrailingComment) && !value.contains(['#', ';']) =>
        {
            format!("{value} {trail}")
        }
        _ => value,
    }
}
