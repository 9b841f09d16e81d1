//! `--format nagios`: one line and one of four exit codes, as the plugins of monitoring systems have them.

use std::fmt::Write as _;
use std::io;

use crate::render::escape;
use crate::render::finding::{Finding, Severity};
use crate::render::report::Report;
use crate::render::wrap::cut;

use super::{Run, counts, ranked};

/// How many rules are named on the line; agents cut it off after some kilobytes.
const NAMED: usize = 8;
/// How many cells a text of a rule may take.
const CELLS: usize = 200;

/// What a monitoring system is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing that counts was found.
    Ok,
    /// What was found counts, and is not of severity high.
    Warning,
    /// A finding of severity high counts.
    Critical,
    /// No rule could be judged, or the run was cut short; or, where that counts, some rules could not and
    /// nothing was found.
    Unknown,
}

impl State {
    /// What a report means to a monitoring system.
    pub fn of(report: &Report, run: &Run) -> Self {
        let summary = &report.summary;
        let counting = report.findings.iter().filter(|one| run.counts(one));
        let judged = summary.findings() + summary.holds;
        match counting.map(|finding| finding.severity).min() {
            Some(Severity::High) => Self::Critical,
            Some(_) => Self::Warning,
            None if run.cut_short => Self::Unknown,
            None if summary.unknown > 0 && (run.fail_on_unknown || judged == 0) => Self::Unknown,
            None => Self::Ok,
        }
    }

    /// The exit code of a plugin.
    pub const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// Writes the line, and tells the state it says.
pub fn nagios(report: &Report, run: &Run, out: &mut impl io::Write) -> io::Result<State> {
    let state = State::of(report, run);
    let text = text(&words(report, run));
    let data = performance(report, run);
    writeln!(out, "TCPTUNE {} - {text}|{data}", state.word())?;
    Ok(state)
}

/// Writes the line of a run that ended without a report.
pub fn nagios_failed(why: &str, out: &mut impl io::Write) -> io::Result<State> {
    let state = State::Unknown;
    let why = text(&cut(&escape::line(why), CELLS));
    writeln!(out, "TCPTUNE {} - {why}", state.word())?;
    Ok(state)
}

/// How many there are of what, and what counts by name.
fn words(report: &Report, run: &Run) -> String {
    let summary = &report.summary;
    let some = counts(summary);
    let mut words = if some.is_empty() {
        "no rules".to_owned()
    } else {
        some.join(", ")
    };
    if run.cut_short {
        words.push_str("; stopped by a signal");
    }
    let ranked = ranked(report);
    let mut counting: Vec<&&Finding> = ranked.iter().filter(|one| run.counts(one)).collect();
    // What makes the state stands first, also where it is past.
    counting.sort_by_key(|finding| finding.severity);
    for (at, finding) in counting.iter().take(NAMED).enumerate() {
        let before = if at == 0 { ": " } else { ", " };
        let rule = cut(&escape::line(&finding.rule), CELLS);
        let _ = write!(words, "{before}{rule}");
        if at == 0 {
            let title = cut(&escape::line(&finding.title), CELLS);
            let _ = write!(words, " ({title})");
        }
    }
    let left = counting.len().saturating_sub(NAMED);
    if left > 0 {
        let _ = write!(words, " and {left} more");
    }
    words
}

/// The counts as performance data: `'label'=value;warn;crit;min;max`. What counts is a threshold of none.
fn performance(report: &Report, run: &Run) -> String {
    let summary = &report.summary;
    let rules = summary.rules();
    let alarms = |severity| run.fail_on.is_some_and(|least| severity <= least);
    let warn = |severity| if alarms(severity) { "0" } else { "" };
    let critical = if alarms(Severity::High) { "0" } else { "" };
    let unknown = if run.fail_on_unknown { "0" } else { "" };
    let data = [
        ("high", summary.high, "", critical),
        ("medium", summary.medium, warn(Severity::Medium), ""),
        ("low", summary.low, warn(Severity::Low), ""),
        ("info", summary.info, warn(Severity::Info), ""),
        ("past", summary.past, "", ""),
        ("waived", summary.waived, "", ""),
        ("holds", summary.holds, "", ""),
        ("unknown", summary.unknown, unknown, ""),
        ("not_applicable", summary.not_applicable, "", ""),
    ];
    let data = data.map(|(label, value, warn, critical)| {
        format!("'{label}'={value};{warn};{critical};0;{rules}")
    });
    data.join(" ")
}

/// A text without what ends the text of a plugin: a line end, and the bar before the performance data.
fn text(words: &str) -> String {
    escape::line(words).replace('|', "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_one_line_without_a_bar() {
        let mut line = Vec::new();
        let why = "cannot read `a|b\n\u{1b}[2Jc`";
        let state = nagios_failed(why, &mut line).unwrap();
        let line = String::from_utf8(line).unwrap();
        assert_eq!(line, "TCPTUNE UNKNOWN - cannot read `a/b\\n\\x1b[2Jc`\n");
        assert_eq!(state.code(), 3);
    }
}
