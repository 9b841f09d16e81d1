//! The changes of a finding: from which value to which, what blocks them, and the commands.

use std::collections::BTreeMap;

use anstyle::Style;

use super::page::{BODY, Page};
use crate::render::escape;
use crate::render::report::{Change, Finding, Scope, SetBy};
use crate::render::shell;
use crate::render::wrap::{cells, pad, wrap};

/// The changes whose commands are on the page already, and the finding each stands under.
pub(super) type Offered = BTreeMap<(String, String), String>;

/// Writes the changes of a finding, or that there is none to make here.
pub(super) fn changes(page: &mut Page, finding: &Finding, offered: &mut Offered) {
    if finding.changes.is_empty() {
        let text = match (&finding.advice, &finding.waiting) {
            (Some(advice), _) => format!("nothing here: {advice}"),
            (None, Some(_)) => "nothing here: the setting is right already".to_owned(),
            (None, None) => "nothing here: no setting helps".to_owned(),
        };
        page.field("change", &text);
        return;
    }
    table(page, &finding.changes);
    commands(page, &finding.rule, &finding.changes, offered);
    if let Some(advice) = &finding.advice {
        page.field("advice", advice);
    }
}

/// Writes what a profile wants and the host does not have.
pub(super) fn wanted(page: &mut Page, profile: &str, changes: &[Change], offered: &mut Offered) {
    table(page, changes);
    commands(page, &format!("profile {profile}"), changes, offered);
}

/// Writes each change with its remarks.
fn table(page: &mut Page, changes: &[Change]) {
    let widest = widest_key(page, changes);
    // Changes stand in one column under one label, except those with a remark of their own below.
    let mut label = "change";
    for change in changes {
        let remarks = remarks(page, change);
        if !remarks.is_empty() {
            label = "change";
        }
        row(page, label, change, widest);
        for (label, lines, style) in &remarks {
            page.field_lines(label, lines, *style);
        }
        label = if remarks.is_empty() { "" } else { "change" };
    }
}

/// The commands that make an open change and take it back, if both can be written.
pub(super) fn pair(page: &Page, change: &Change) -> Option<[[String; 2]; 2]> {
    let through = page.through.as_deref()?;
    if !change.is_open() {
        return None;
    }
    let there = shell::set(through, &change.key, &change.recommended)?;
    let back = shell::set(through, &change.key, change.live.as_deref()?)?;
    Some([there, back])
}

/// The value on one line, as the kernel takes it: `/proc/sys` separates fields by tabs.
fn value(text: &str) -> String {
    let text = escape::line(text);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        "(empty)".to_owned()
    } else {
        text
    }
}

/// Whether the value is there already, and the next boot would lose it.
fn lasts_only(change: &Change) -> bool {
    change.live.as_deref().map(value) == Some(value(&change.recommended))
}

/// From which value to which.
fn step(change: &Change) -> String {
    if lasts_only(change) {
        return format!(
            "{}, to stay after the next boot",
            value(&change.recommended)
        );
    }
    let live = change
        .live
        .as_deref()
        .map_or_else(|| "(unreadable)".to_owned(), value);
    format!("{live} -> {}", value(&change.recommended))
}

/// The widest key that finds its step beside it.
fn widest_key(page: &Page, changes: &[Change]) -> usize {
    let widths = changes
        .iter()
        .map(|change| (cells(&escape::line(&change.key)), cells(&step(change))));
    let beside = widths.filter(|(key, step)| key + 3 + step <= page.room(BODY));
    beside.map(|(key, _)| key).max().unwrap_or(0)
}

/// The key and the step, on one line where there is room.
fn row(page: &mut Page, label: &str, change: &Change, widest: usize) {
    let key = escape::line(&change.key);
    let step = step(change);
    let plain = Style::new();
    if cells(&key) <= widest && widest + 3 + cells(&step) <= page.room(BODY) {
        page.field_lines(label, &[format!("{}   {step}", pad(&key, widest))], plain);
    } else {
        page.field_lines(label, &[key], plain);
        let lines = wrap(&step, page.room(BODY + 2));
        let lines: Vec<_> = lines.iter().map(|line| format!("  {line}")).collect();
        page.field_lines("", &lines, plain);
    }
}

/// What must be known before making a change: labels, lines, and their styles.
fn remarks(page: &Page, change: &Change) -> Vec<(&'static str, Vec<String>, Style)> {
    let lines = |text: &str| wrap(&escape::line(text), page.room(BODY));
    let plain = Style::new();
    let warning = page.styles.medium;
    let mut remarks = Vec::new();
    if let Some(origin) = origin(change) {
        remarks.push(("", lines(&origin), plain));
    }
    if let Some(reason) = &change.blocked {
        remarks.push(("blocked", lines(reason), warning));
    } else if change.live.is_none() {
        let reason = "the value in force cannot be read, so it could not be put back";
        remarks.push(("blocked", lines(reason), warning));
    } else if change.scope == Scope::Host {
        let reach = "host-wide: every container and namespace is affected";
        remarks.push(("", lines(reach), plain));
    }
    remarks
}

/// Who set the value in force and what the next boot brings, as far as it was looked up.
fn origin(change: &Change) -> Option<String> {
    let set_by = change.set_by.as_ref();
    let now = change.origin.clone();
    let now = now.or_else(|| set_by.map(|by| format!("set by {}", place(by))));
    let now = now.map(|now| format!("now: {now}"));
    let next = change.next_boot.as_deref().map(value).map(|next| {
        let by = change.next_boot_by.as_ref();
        let by = by.map_or_else(
            || ", the kernel's default".to_owned(),
            |by| format!(" ({})", place(by)),
        );
        if value(&change.recommended) == next {
            format!("next boot: {next} already{by}")
        } else if change.live.as_deref().map(value).as_ref() == Some(&next) {
            "next boot: the same".to_owned()
        } else {
            format!("next boot: {next}{by}")
        }
    });
    let parts: Vec<_> = now.into_iter().chain(next).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn place(by: &SetBy) -> String {
    format!("{}:{}", by.file, by.line)
}

/// The commands that make the open changes, and those that take them back. A command that stands under
/// an earlier finding is not repeated.
fn commands(page: &mut Page, whose: &str, changes: &[Change], offered: &mut Offered) {
    if page.through.is_none() && changes.iter().any(Change::is_open) {
        page.field(
            "by hand",
            "on the host itself: this report was made from a file",
        );
        return;
    }
    let mut make = Vec::new();
    let mut undo = Vec::new();
    let mut remarks = Vec::new();
    let written = changes.iter().filter(|change| change.is_open());
    for change in written.filter(|change| !lasts_only(change)) {
        let id = (change.key.clone(), change.recommended.clone());
        if let Some(rule) = offered.get(&id) {
            remarks.push(format!("{}: as under {rule}", change.key));
            continue;
        }
        if let Some([there, back]) = pair(page, change) {
            make.extend(page.command(BODY, &there));
            undo.extend(page.command(BODY, &back));
        } else {
            remarks.push(format!("{}: no shell takes this safely", change.key));
        }
        offered.insert(id, whose.to_owned());
    }
    let style = page.styles.command;
    page.field_lines("by hand", &make, style);
    for (at, remark) in remarks.iter().enumerate() {
        let label = if at == 0 && make.is_empty() {
            "by hand"
        } else {
            ""
        };
        page.field(label, remark);
    }
    page.field_lines("undo", &undo, style);
}
