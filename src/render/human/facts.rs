//! The evidence of a finding, as a small table: names, then values.

use anstyle::Style;

use super::page::{BODY, Page};
use crate::render::escape;
use crate::render::report::{Evidence, Scalar};
use crate::render::wrap::{cells, pad, wrap};

/// Writes the facts a verdict rests on: numbers flush right, text flush left, and below its name what
/// finds no room beside it.
pub(super) fn facts(page: &mut Page, evidence: &[Evidence]) {
    let numbers = evidence.iter().filter(|fact| is_number(fact));
    let digits = numbers.map(|fact| cells(&number(fact))).max();
    let rows: Vec<_> = evidence
        .iter()
        .map(|fact| (escape::line(&fact.fact), value(fact, digits.unwrap_or(0))))
        .collect();

    let beside = rows
        .iter()
        .filter(|(name, value)| cells(name) + 2 + cells(value) <= page.room(BODY));
    let widest = beside.map(|(name, _)| cells(name)).max().unwrap_or(0);
    let mut lines = Vec::new();
    for (name, value) in rows {
        if cells(&name) <= widest && widest + 2 + cells(&value) <= page.room(BODY) {
            lines.push(format!("{}  {value}", pad(&name, widest)));
        } else {
            lines.extend(wrap(&name, page.room(BODY)));
            let value = wrap(&value, page.room(BODY + 2));
            lines.extend(value.iter().map(|line| format!("  {line}")));
        }
    }
    page.field_lines("facts", &lines, Style::new());
}

/// Whether the value lines up by its last digit.
const fn is_number(fact: &Evidence) -> bool {
    matches!(fact.value, Some(Scalar::Whole(_) | Scalar::Real(_)))
}

/// The value, a number with blanks before it up to `digits` cells.
fn value(fact: &Evidence, digits: usize) -> String {
    let shown = escape::line(&fact.shown);
    let blanks = if is_number(fact) {
        digits.saturating_sub(cells(&number(fact)))
    } else {
        0
    };
    format!("{}{shown}", " ".repeat(blanks))
}

/// The number alone, without the sample it comes from.
fn number(fact: &Evidence) -> String {
    let shown = escape::line(&fact.shown);
    match shown.split_once(" (sampled ") {
        Some((number, _)) if fact.sampled => number.to_owned(),
        _ => shown,
    }
}
