//! The rules as columns, and what their cases and lint say, line by line.

use crate::render::escape;
use crate::render::rules::{LintReport, RuleList, RuleRow, TestReport};
use crate::render::wrap::{cells, pad};

/// Widths that leave room for the rest.
const COLUMNS: usize = 80;

/// The list: id, severity, kind, maturity, mechanism, origin, state. A state, or the path of a file, may
/// run over the edge; nothing stands behind it.
pub(super) fn list(list: &RuleList) -> String {
    let rows: Vec<[String; 7]> = list.rules.iter().map(columns).collect();
    let width = |at: usize| {
        let cells = rows
            .iter()
            .map(|row| row.get(at).map_or(0, |one| cells(one)));
        cells.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..5).map(width).collect();
    let built_in = cells("built in");
    let blanks = |gap: usize| widths.iter().map(|one| one + gap).sum::<usize>() + built_in;
    let gap = if blanks(2) <= COLUMNS { 2 } else { 1 };
    let mut page = String::new();
    for row in &rows {
        let mut line = String::new();
        for (text, width) in row.iter().zip(&widths) {
            line.push_str(&pad(text, width + gap));
        }
        let [.., origin, state] = row;
        if state.is_empty() {
            line.push_str(origin);
        } else {
            line.push_str(&pad(origin, built_in));
            line.push_str(&" ".repeat(gap));
            line.push_str(state);
        }
        page.push_str(line.trim_end());
        page.push('\n');
    }
    page
}

fn columns(rule: &RuleRow) -> [String; 7] {
    use crate::render::finding::{Kind, Maturity, Severity};
    let severity = match rule.severity {
        Severity::High => "high",
        Severity::Medium => "medium",
        Severity::Low => "low",
        Severity::Info => "info",
    };
    let kind = match rule.kind {
        Kind::Symptom => "symptom",
        Kind::Setting => "setting",
    };
    let maturity = match rule.maturity {
        Maturity::Stable => "stable",
        Maturity::Preview => "preview",
    };
    let origin = if rule.built_in {
        "built in"
    } else {
        &rule.file
    };
    [
        &rule.id,
        severity,
        kind,
        maturity,
        &rule.mechanism,
        origin,
        &state(rule),
    ]
    .map(escape::line)
}

/// What is not as usual about a rule.
fn state(rule: &RuleRow) -> String {
    let mut said = Vec::new();
    if let Some(file) = &rule.disabled_by {
        said.push(format!("disabled by {file}"));
    }
    if rule.replaces {
        said.push("replaced".to_owned());
    }
    for waiver in &rule.waivers {
        let key = waiver.key.as_ref();
        let key = key.map_or_else(String::new, |key| format!(" for {key}"));
        said.push(if waiver.expired {
            format!("waiver{key} ended {}", waiver.until)
        } else {
            format!("waived{key} until {}", waiver.until)
        });
    }
    said.join("; ")
}

/// What did not come out as written, and the count.
pub(super) fn tested(report: &TestReport) -> String {
    let mut lines = Vec::new();
    for rule in &report.rules {
        if rule.built_in {
            lines.push(format!(
                "note {}: judges the built-in rule {}",
                rule.file, rule.rule
            ));
        }
        if rule.cases.is_empty() {
            lines.push(format!("FAIL {}: no cases beside it", rule.rule));
        }
        for case in &rule.cases {
            for fault in &case.faults {
                let place = format!("{}:{}", rule.file, case.line);
                lines.push(format!("FAIL {place}: {}: {fault}", case.name));
            }
        }
    }
    lines.push(format!(
        "{} passed, {} failed",
        report.passed, report.failed
    ));
    joined(&lines)
}

/// Each finding at its place, and the count.
pub(super) fn linted(report: &LintReport) -> String {
    let mut lines = Vec::new();
    for one in &report.findings {
        let place = match (one.line, one.column) {
            (Some(line), Some(column)) => format!("{}:{line}:{column}", one.file),
            _ => one.file.clone(),
        };
        lines.push(format!("{place}: {}: {}", one.code, one.message));
        lines.extend(one.help.iter().map(|help| format!("  help: {help}")));
    }
    let plural = |count: u64, noun: &str| {
        let s = if count == 1 { "" } else { "s" };
        format!("{count} {noun}{s}")
    };
    let found = u64::try_from(report.findings.len()).unwrap_or(u64::MAX);
    let rules = plural(report.rules, "rule");
    lines.push(match found {
        0 => format!("{rules}, nothing found"),
        some => format!("{rules}, {} found", plural(some, "fault")),
    });
    joined(&lines)
}

fn joined(lines: &[String]) -> String {
    let shown = lines.iter().map(|line| escape::line(line) + "\n");
    shown.collect()
}
