//! What was found in files: each finding under its place, as compilers show it, and a count.

use std::ops::Range;

use anstyle::Style;

use super::page::Page;
use crate::render::escape;
use crate::render::lint::{FoundAssignment, Linted, LintedLine};
use crate::render::problem::{Excerpt, Place};
use crate::render::wrap::{cells, cut};

/// A longer row of the list of assignments is cut; JSON has all of it.
const WIDEST: usize = 200;

pub(super) fn linted(page: &mut Page, linted: &Linted) {
    if let Some(all) = &linted.assignments {
        for one in all {
            page.row(&[(Style::new(), &row(one))]);
        }
        page.gap();
    }
    for one in &linted.findings {
        finding(page, one, linted.kernels.len());
        page.gap();
    }
    page.margin("found", &linted.summary());
    let mut targets = linted.kernels.join(", ");
    if let Some(release) = &linted.kubernetes {
        targets = format!("{targets}; pods for Kubernetes {release}");
    }
    if !targets.is_empty() {
        page.margin("kernels", &targets);
    }
    for one in &linted.skipped {
        page.margin(one.fate(), &format!("{}: {}", one.file, one.why));
    }
}

fn row(one: &FoundAssignment) -> String {
    let notes = [
        one.commented.then_some("commented"),
        one.dynamic.then_some("dynamic"),
        one.flaw.as_deref(),
    ];
    let notes: Vec<&str> = notes.into_iter().flatten().collect();
    let notes = if notes.is_empty() {
        String::new()
    } else {
        format!("  ({})", notes.join(", "))
    };
    let row = format!("{}:{}: {} = {}", one.file, one.line, one.key, one.value);
    let room = WIDEST.saturating_sub(cells(&notes));
    cut(&escape::line(&row), room) + &notes
}

fn finding(page: &mut Page, one: &LintedLine, kernels: usize) {
    let place = format!("{}:{}:{}: ", one.file, one.line, one.column);
    let styles = page.styles;
    let style = match one.severity.as_str() {
        "high" => styles.high,
        "medium" => styles.medium,
        "low" => styles.low,
        _ => styles.name,
    };
    page.row(&[
        (styles.name, &place),
        (style, &one.severity),
        (Style::new(), " "),
        (Style::new(), &one.rule),
    ]);
    page.paragraph(2, &one.message);
    excerpt(page, one);
    if let Some(replacement) = &one.replacement {
        page.field("instead", replacement);
    }
    if !one.kernels.is_empty() && one.kernels.len() < kernels {
        page.field("true on", &one.kernels.join(", "));
    }
}

/// The line of the file with carets under the key.
fn excerpt(page: &mut Page, one: &LintedLine) {
    if one.source.trim().is_empty() {
        return;
    }
    let Some(span) = span(one) else {
        return;
    };
    let number = one.line.to_string();
    let gutter = number.len() + 5;
    let place = Place {
        line: 1,
        column: 1,
        span,
        source_text: &one.source,
    };
    let Excerpt {
        before,
        marked,
        after,
    } = Excerpt::cut(&place, page.room(gutter));
    // What leads to the key may be blanks alone, which an escaped tab is as wide as.
    let indent = " ".repeat(cells(&before));
    let carets = "^".repeat(cells(&marked).max(1));
    let shown = format!("  {number} | {before}{marked}{after}");
    page.row(&[(Style::new(), &shown)]);
    let lead = format!("  {:width$} | {indent}", "", width = number.len());
    page.row(&[(Style::new(), &lead), (page.styles.high, &carets)]);
}

/// Where the key stands in the line, in bytes; `None` where the line was cut short before it.
fn span(one: &LintedLine) -> Option<Range<usize>> {
    let before = usize::try_from(one.column).unwrap_or(usize::MAX);
    let at = one.source.char_indices().nth(before.saturating_sub(1));
    let run = |start: usize| {
        let rest = one.source.get(start..)?;
        let is_part = |c: char| c.is_alphanumeric() || "_-./*@+".contains(c);
        let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        (length > 0).then_some(start..start + length)
    };
    // A line that holds a secret is told in other words, and the key stands elsewhere.
    let named = || one.source.find(&one.key).filter(|_| !one.key.is_empty());
    at.and_then(|(start, _)| run(start))
        .or_else(|| named().and_then(run))
}
