//! The answer to `why`: one key in full, several keys in short.

use anstyle::Style;

use super::page::{MARGIN, Page};
use crate::render::escape;
use crate::render::report::Verdict;
use crate::render::why::{Why, WhyDefinition, WhyKey, WhyRule};
use crate::render::wrap::{cells, cut, pad, wrap};

/// Where the four values begin: behind the longest label.
const VALUES: usize = 17;
/// A name wider than this has its value further right than the others.
const WIDEST_KEY: usize = 44;
/// A place wider than this does not push the values of the others away.
const WIDEST_PLACE: usize = 40;
/// A value wider than this stands on a line of its own.
const WIDEST_VALUE: usize = 24;

/// Writes the answer.
pub(super) fn why(page: &mut Page, answer: &Why) {
    match answer.keys.as_slice() {
        [key] => whole(page, key, answer),
        keys => {
            let names = keys.iter().map(|key| cells(&escape::line(&key.key)));
            let column = names.filter(|width| *width <= WIDEST_KEY).max();
            for key in keys {
                short(page, key, column.unwrap_or(0));
            }
            page.gap();
        }
    }
    engine(page, answer);
    for note in &answer.notes {
        page.margin("note", note);
    }
}

/// A key with everything that is known of it.
fn whole(page: &mut Page, key: &WhyKey, answer: &Why) {
    page.row(&[(page.styles.name, &key.key)]);
    page.paragraph(0, &key.summary);
    page.gap();
    // Of a key that is gone there is nothing to compare.
    if key.exists != Some(false) && (key.removed_in.is_none() || key.exists == Some(true)) {
        values(page, key);
        page.gap();
    }
    files(page, key, answer);
    if let Some(about) = &key.about {
        page.margin("about", about);
    }
    if !key.reasons.scope.is_empty() {
        let unit = key.unit.as_ref();
        let unit = unit.map_or_else(String::new, |unit| format!("; in {unit}"));
        page.margin("scope", &format!("{}{unit}", key.reasons.scope));
    }
    if let Some(instead) = &key.replacement {
        page.margin("instead", instead);
    }
    let rules: Vec<String> = key.rules.iter().map(rule).collect();
    let none = if answer.files_only {
        "not judged: files alone were looked at"
    } else {
        "no rule reads or sets it"
    };
    page.margin("rules", &list(&rules, none));
    for (at, writer) in key.writers.iter().enumerate() {
        let value = writer.value.as_ref();
        let value = value.map_or_else(|| "it".to_owned(), |value| format!("it to {value}"));
        let place = place(&writer.file, writer.line);
        let text = format!("{} sets {value} ({place}): {}", writer.name, writer.when);
        page.margin(if at == 0 { "writers" } else { "" }, &text);
    }
}

/// The values under each other, each with its reason.
fn values(page: &mut Page, key: &WhyKey) {
    let reasons = &key.reasons;
    let rows = [
        ("live", &key.live, &reasons.live),
        ("next boot", &key.next_boot, &reasons.next_boot),
        ("sysctl --system", &key.system_now, &reasons.system_now),
        ("recommended", &key.recommended, &reasons.recommended),
        ("kernel default", &key.default, &reasons.default),
    ];
    let text = |label: &str, value: &Option<String>| match value {
        Some(value) => shown(value),
        None if label == "recommended" => "none".to_owned(),
        None => "-".to_owned(),
    };
    let widths = rows
        .iter()
        .map(|(label, value, _)| cells(&text(label, value)));
    let width = widths.filter(|width| *width <= WIDEST_VALUE).max();
    let width = width.unwrap_or(0);
    for (label, value, reason) in rows {
        let value = text(label, value);
        let reason = escape::line(reason);
        let label = pad(label, VALUES);
        let column = VALUES + width + 2;
        if cells(&value) <= width && beside(page, [&label, &value], column, &reason) {
            continue;
        }
        let mut parts = wrap(&value, page.room(VALUES)).into_iter();
        let first = parts.next().unwrap_or_default();
        page.row(&[(page.styles.name, &label), (Style::new(), &first)]);
        for part in parts {
            page.row(&[(Style::new(), &format!("{:VALUES$}{part}", ""))]);
        }
        page.paragraph(VALUES, &reason);
    }
}

/// Every line that sets it, in the order they are read.
fn files(page: &mut Page, key: &WhyKey, answer: &Why) {
    if key.definitions.is_empty() {
        if answer.engine.is_some() {
            // Files alone have no command line.
            let line = match answer.kernel {
                Some(_) => "no file names it, nor the kernel command line of this boot",
                None => "no file names it",
            };
            page.margin("files", line);
        }
        return;
    }
    page.margin("files", "in the order they are read");
    definitions(page, key, 2);
}

/// The lines that set a key, place, value and fate in columns; what finds no room there stands below its
/// place.
fn definitions(page: &mut Page, key: &WhyKey, indent: usize) {
    let rows: Vec<[String; 3]> = key
        .definitions
        .iter()
        .map(|one| {
            let place = escape::line(&place(&one.file, one.line));
            let value = one.value.as_ref();
            let value = value.map_or_else(|| "-".to_owned(), |value| shown(value));
            [place, value, fate(one)]
        })
        .collect();
    let widest = |at: usize, most: usize| {
        let widths = rows
            .iter()
            .filter_map(|row| row.get(at))
            .map(|text| cells(text));
        widths.filter(|width| *width <= most).max().unwrap_or(0)
    };
    let (first, second) = (widest(0, WIDEST_PLACE), widest(1, WIDEST_VALUE));
    let column = indent + first + 2 + second + 2;
    for [place, value, fate] in &rows {
        let head = format!(
            "{:indent$}{}  {}",
            "",
            pad(place, first),
            pad(value, second)
        );
        if cells(&head) + 2 <= column && beside(page, ["", &head], column, fate) {
            continue;
        }
        page.row(&[(Style::new(), &format!("{:indent$}{place}", ""))]);
        let value = cut(&pad(value, second), page.room(indent + 2));
        let value = format!("{:1$}{value}", "", indent + 2);
        if !beside(page, ["", &value], cells(&value) + 2, fate) {
            page.row(&[(Style::new(), &value)]);
            page.paragraph(indent + 2, fate);
        }
    }
}

/// Writes a text beside a head, wrapped in a column of its own; `false`, and nothing is written, where a
/// word of it would not fit there.
fn beside(page: &mut Page, [label, head]: [&str; 2], column: usize, text: &str) -> bool {
    let lines = wrap(text, page.room(column));
    if lines.iter().any(|line| cells(line) > page.room(column)) {
        return false;
    }
    for (at, line) in lines.iter().enumerate() {
        let [label, head] = if at == 0 { [label, head] } else { ["", ""] };
        let head = pad(head, column.saturating_sub(cells(label)));
        page.row(&[
            (page.styles.name, label),
            (Style::new(), &head),
            (Style::new(), line),
        ]);
    }
    true
}

fn fate(one: &WhyDefinition) -> String {
    let mut text = one.fate.clone();
    if let Some(by) = &one.by {
        text = format!("{text} by {by}");
    }
    if let Some(why) = &one.why {
        text = format!("{text}: {why}");
    }
    if one.pattern.contains(['*', '?', '[']) {
        text = format!("{text} ({})", one.pattern);
    }
    escape::line(&text)
}

/// One key among several: a line, and what sets it below.
fn short(page: &mut Page, key: &WhyKey, column: usize) {
    let name = pad(&escape::line(&key.key), column);
    let value = key.live.as_ref().or(key.next_boot.as_ref());
    let value = value.map_or_else(|| "-".to_owned(), |value| shown(value));
    // Nothing to tell but the value.
    let bare = key.definitions.is_empty() && key.writers.is_empty() && key.recommended.is_none();
    let remark = match (&key.live, &key.default) {
        (Some(live), Some(default)) if bare && live == default => "kernel default",
        (Some(_), None) if bare => "no file sets it",
        _ => "",
    };
    let quiet = !remark.is_empty();
    let line = format!("  {value}  {remark}");
    if cells(&name) + cells(&line) <= page.room(0) {
        page.row(&[(page.styles.name, &name), (Style::new(), &line)]);
    } else {
        page.row(&[(page.styles.name, &name)]);
        page.paragraph(2, &value);
    }
    if quiet {
        return;
    }
    page.paragraph(2, &key.summary);
    definitions(page, key, 4);
    for writer in &key.writers {
        let place = place(&writer.file, writer.line);
        page.paragraph(4, &format!("also set by {} ({place})", writer.name));
    }
    if let Some(wanted) = &key.recommended {
        let text = format!(
            "recommended: {} ({})",
            shown(wanted),
            key.reasons.recommended
        );
        page.paragraph(4, &text);
    }
}

/// Which loader these answers are for.
fn engine(page: &mut Page, answer: &Why) {
    let decided = answer.decided.clone().unwrap_or_default();
    let text = match answer.engine.as_deref() {
        Some(engine) => format!("{engine}: {decided} (--boot-engine)"),
        None if decided.is_empty() => "no boot configuration was read".to_owned(),
        None => format!("none: {decided}"),
    };
    let lines = wrap(&escape::line(&text), page.room(MARGIN));
    page.margin_lines("engine", &lines);
}

fn rule(one: &WhyRule) -> String {
    let verb = if one.sets { "sets" } else { "reads" };
    let verdict = match one.verdict {
        _ if one.fires => "fires",
        Some(Verdict::Holds) => "holds",
        Some(Verdict::Unknown) => "unknown",
        Some(Verdict::NotApplicable) => "n/a",
        None => "not judged",
    };
    format!("{} {verb} it ({verdict})", one.rule)
}

fn list(parts: &[String], none: &str) -> String {
    if parts.is_empty() {
        none.to_owned()
    } else {
        parts.join(", ")
    }
}

fn place(file: &str, line: Option<u32>) -> String {
    line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}"))
}

/// The value on one line, with single blanks.
fn shown(text: &str) -> String {
    let text = escape::line(text);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        "(empty)".to_owned()
    } else {
        text
    }
}
