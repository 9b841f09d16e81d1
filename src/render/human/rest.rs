//! Below the findings: what could not be judged, what holds, and the notes.

use std::collections::BTreeMap;

use super::page::{MARGIN, Page};
use crate::render::escape;
use crate::render::report::{Report, Verdict};
use crate::render::wrap::wrap;

/// How many lines the unknown rules may take on a page that is not verbose.
const UNKNOWN_LINES: usize = 6;

/// Writes the part below the findings.
pub(super) fn rest(page: &mut Page, report: &Report, verbose: bool) {
    page.gap();
    let limit = if verbose { usize::MAX } else { UNKNOWN_LINES };
    causes(page, "unknown", report, Verdict::Unknown, limit);
    if verbose {
        causes(page, "n/a", report, Verdict::NotApplicable, limit);
        let names = names(report, Verdict::Holds);
        if !names.is_empty() {
            let lines = list("", &names, page.room(MARGIN), usize::MAX);
            page.margin_lines("holds", &lines);
        }
    }
    for note in &report.notes {
        page.margin("note", note);
    }
}

/// The ids of the rules that ended in one way, in order.
pub(super) fn names(report: &Report, verdict: Verdict) -> Vec<String> {
    let rules = report.not_fired.iter();
    let rules = rules.filter(|rule| rule.verdict == verdict);
    let mut names: Vec<_> = rules.map(|rule| escape::line(&rule.rule)).collect();
    names.sort();
    names
}

/// `lead` and the names, separated by commas, on at most `limit` lines; the names that find no room
/// are counted.
pub(super) fn list(lead: &str, names: &[String], width: usize, limit: usize) -> Vec<String> {
    let full = wrap(&format!("{lead}{}", names.join(", ")), width);
    if full.len() <= limit {
        return full;
    }
    let fits = |kept: usize| {
        let hidden = names.len() - kept;
        let shown = names.get(..kept).unwrap_or_default().join(", ");
        let lines = wrap(&format!("{lead}{shown}, {hidden} more"), width);
        (lines.len() <= limit).then_some(lines)
    };
    let shortest = || wrap(&format!("{lead}{} rules", names.len()), width);
    // A name and its comma take two cells at least, so that no more of them can find room.
    let most = names.len().min(limit.saturating_mul(width) / 2);
    (1..most).rev().find_map(fits).unwrap_or_else(shortest)
}

/// Rules of one verdict grouped by cause, the commonest cause first, on about `limit` lines.
fn causes(page: &mut Page, label: &str, report: &Report, verdict: Verdict, limit: usize) {
    let mut groups: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for rule in report
        .not_fired
        .iter()
        .filter(|rule| rule.verdict == verdict)
    {
        let reason = rule.reason.as_deref().unwrap_or("no reason given");
        groups
            .entry(reason)
            .or_default()
            .push(escape::line(&rule.rule));
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, names)| std::cmp::Reverse(names.len()));

    let each = if limit == usize::MAX { limit } else { 2 };
    let mut lines = Vec::new();
    let mut left = groups.len();
    for (reason, mut names) in groups.iter().cloned() {
        names.sort();
        let reason = escape::line(reason);
        let lead = format!("{reason}: ");
        let group = list(&lead, &names, page.room(MARGIN), each);
        // The last line is kept for what is left out, unless nothing is.
        let spare = usize::from(left > 1);
        if !lines.is_empty() && lines.len() + group.len() + spare > limit {
            break;
        }
        lines.extend(group);
        left -= 1;
    }
    if left > 0 {
        let hidden = groups.iter().rev().take(left);
        let rules: usize = hidden.map(|(_, names)| names.len()).sum();
        let noun = if rules == 1 { "rule" } else { "rules" };
        lines.push(format!("{rules} more {noun} for other reasons: --verbose"));
    }
    page.margin_lines(label, &lines);
}
