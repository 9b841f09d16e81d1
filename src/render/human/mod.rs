//! `--format human`: the report as a page for a person at a terminal.
//!
//! Laid out for 80 columns and for a reader without colour: one label column, what is wrong first,
//! then what was seen, who can act, what to change and how to take it back. What could not be judged
//! is always on the page. Every text goes through one type, `Page`, which escapes it.

mod apply;
mod change;
mod closing;
mod explain;
mod explanation;
mod facts;
mod finding;
mod fleet;
mod header;
mod history;
mod instances;
mod linted;
mod page;
mod rest;
mod rules;
mod why;

use std::io;

use super::apply::{ApplyReport, HistoryReport};
use super::explain::Explanation;
use super::fleet::Fleet;
use super::lint::Linted;
use super::report::{Finding, Report};
use super::rules::{LintReport, RuleList, TestReport};
use super::shell;
use super::why::Why;
use page::Page;

/// Where the report's host is, seen from the reader's shell: a command must act there and nowhere
/// else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach<'a> {
    /// This host, this network namespace.
    Here,
    /// The network namespace of a process of this host.
    Pid(u32),
    /// A network namespace of this host, by name (`ip netns`) or path.
    Netns(&'a str),
    /// Somewhere else: the report was made from a file.
    Elsewhere,
}

impl Reach<'_> {
    /// The command that leads there, to stand before another one; `None` when none does.
    pub(super) fn through(self) -> Option<String> {
        match self {
            Self::Here => Some(String::new()),
            Self::Pid(pid) => Some(format!("nsenter -t {pid} -n")),
            Self::Netns(path) if path.contains('/') => {
                shell::word(path).map(|path| format!("nsenter --net={path}"))
            }
            Self::Netns(name) if name.starts_with('-') => None,
            Self::Netns(name) => shell::word(name).map(|name| format!("ip netns exec {name}")),
            Self::Elsewhere => None,
        }
    }
}

/// How the page is to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HumanOptions<'a> {
    /// Whether to write colours; whoever owns the terminal decides.
    pub color: bool,
    /// Evidence, explanations, sources, and the names of all rules that did not fire.
    pub verbose: bool,
    /// Headlines only, one line for each finding nobody waived; no line at all without one.
    pub quiet: bool,
    /// The width of the page in terminal cells, from [`Self::NARROWEST`] to [`Self::WIDEST`].
    pub width: usize,
    /// Where commands have to act.
    pub reach: Reach<'a>,
    /// The command that makes the changes, as it is to be typed; `None` to offer none.
    pub apply: Option<&'a str>,
}

impl HumanOptions<'_> {
    /// The narrowest page, in terminal cells; below it labels eat the text.
    pub const NARROWEST: usize = 60;
    /// The widest page, in terminal cells; longer lines are hard to read.
    pub const WIDEST: usize = 100;
}

impl Default for HumanOptions<'_> {
    fn default() -> Self {
        Self {
            color: false,
            verbose: false,
            quiet: false,
            width: 80,
            reach: Reach::Here,
            apply: Some("sudo tcptune check --apply"),
        }
    }
}

/// Writes the explanation of a topic as a page.
pub fn human_explain(
    answer: &Explanation,
    options: &HumanOptions<'_>,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let mut page = Page::new(options);
    explain::explain(&mut page, answer);
    out.write_all(page.text().as_bytes())
}

/// Writes an answer to `why` as a page.
pub fn human_why(
    answer: &Why,
    options: &HumanOptions<'_>,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let mut page = Page::new(options);
    why::why(&mut page, answer);
    out.write_all(page.text().as_bytes())
}

/// Writes what became of an apply, or a plan, as a page.
pub fn human_apply(
    report: &ApplyReport,
    options: &HumanOptions<'_>,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let mut page = Page::new(options);
    apply::apply(&mut page, report);
    out.write_all(page.text().trim_end().as_bytes())?;
    out.write_all(b"\n")
}

/// Writes the list of all applies as a page.
pub fn human_history(
    report: &HistoryReport,
    options: &HumanOptions<'_>,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let mut page = Page::new(options);
    history::history(&mut page, report);
    out.write_all(page.text().as_bytes())
}

/// Writes what many snapshots came to as a page.
pub fn human_fleet(
    fleet: &Fleet,
    options: &HumanOptions<'_>,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let mut page = Page::new(options);
    if options.quiet {
        fleet::rows(&mut page, fleet);
    } else {
        fleet::fleet(&mut page, fleet, options.verbose);
    }
    out.write_all(page.text().as_bytes())
}

/// Writes the list of the rules.
pub fn human_rules(list: &RuleList, out: &mut impl io::Write) -> io::Result<()> {
    out.write_all(rules::list(list).as_bytes())
}

/// Writes what came of the cases of rules.
pub fn human_tests(report: &TestReport, out: &mut impl io::Write) -> io::Result<()> {
    out.write_all(rules::tested(report).as_bytes())
}

/// Writes what lint found.
pub fn human_lint(report: &LintReport, out: &mut impl io::Write) -> io::Result<()> {
    out.write_all(rules::linted(report).as_bytes())
}

/// Writes what was found in files as a page.
pub fn human_linted(
    linted: &Linted,
    options: &HumanOptions<'_>,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let mut page = Page::new(options);
    linted::linted(&mut page, linted);
    out.write_all(page.text().as_bytes())
}

/// The options that lead a command into a network namespace, a blank in front; empty for this one, and where
/// a name cannot be written safely.
pub fn reach_options(netns: Option<&str>, pid: Option<u32>) -> String {
    match (netns.and_then(shell::word), pid) {
        (Some(name), _) => format!(" --netns {name}"),
        (None, Some(pid)) => format!(" --pid {pid}"),
        (None, None) => String::new(),
    }
}

/// The command that makes the changes of a report, in its namespace and by its rules; `None` when it cannot
/// be written safely.
pub fn apply_command(
    netns: Option<&str>,
    pid: Option<u32>,
    options: &[(&str, &std::ffi::OsStr)],
) -> Option<String> {
    let mut command = "sudo tcptune check --apply".to_owned();
    if netns.is_some_and(|name| name.starts_with('-') || shell::word(name).is_none()) {
        return None;
    }
    command.push_str(&reach_options(netns, pid));
    for (option, value) in options {
        command.extend([" ", option, " "]);
        command.push_str(&shell::word(value.to_str()?)?);
    }
    Some(command)
}

/// Writes a report as a page.
pub fn human(
    report: &Report,
    options: &HumanOptions<'_>,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let mut page = Page::new(options);
    let mut findings: Vec<&Finding> = report.findings.iter().collect();
    findings.sort_by_key(|finding| finding.rank());

    if options.quiet {
        findings.retain(|finding| finding.waived.is_none());
        finding::headlines(&mut page, &findings);
    } else {
        header::header(&mut page, report, options.verbose);
        let mut offered = finding::findings(&mut page, &findings, options.verbose);
        finding::role(&mut page, report, &mut offered);
        rest::rest(&mut page, report, options.verbose);
        closing::closing(&mut page, &findings, &report.wanted);
    }
    out.write_all(page.text().as_bytes())
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn the_command_that_is_offered_judges_by_the_same_rules() {
        let options = [
            ("--config", OsStr::new("/srv/it's ours")),
            ("--select", OsStr::new("high")),
        ];
        assert_eq!(
            apply_command(Some("blue"), None, &options).as_deref(),
            Some(
                r"sudo tcptune check --apply --netns blue --config '/srv/it'\''s ours' --select high"
            )
        );
    }
}
