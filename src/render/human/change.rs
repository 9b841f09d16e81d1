//! The changes of a finding: from which value to which, what blocks them, and the commands.

use std::collections::BTreeMap;

use anstyle::Style;

use super::page::{BODY, Page};
use crate::render::escape;
use crate::render::report::{Change, Finding, Scope};
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
    let keys = finding
        .changes
        .iter()
        .map(|change| cells(&escape::line(&change.key)));
    let widest = keys.max().unwrap_or(0);
    let values = finding.changes.iter().map(|change| cells(&step(change)));
    let beside = widest + 3 + values.max().unwrap_or(0) <= page.room(BODY);
    for (at, change) in finding.changes.iter().enumerate() {
        let label = if at == 0 { "change" } else { "" };
        one(page, label, change, beside.then_some(widest));
    }
    commands(page, finding, offered);
    if let Some(advice) = &finding.advice {
        page.field("advice", advice);
    }
}

/// The command that makes the change, if it is open and can be written.
pub(super) fn command(change: &Change) -> Option<[String; 2]> {
    if change.is_open() {
        shell::set(&change.key, &change.recommended)
    } else {
        None
    }
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

/// From which value to which.
fn step(change: &Change) -> String {
    let live = change
        .live
        .as_deref()
        .map_or_else(|| "(unreadable)".to_owned(), value);
    format!("{live} -> {}", value(&change.recommended))
}

/// One change: the key and the step, on one line if all steps of the finding find room beside their
/// keys; below it what must be known before making it.
fn one(page: &mut Page, label: &str, change: &Change, beside: Option<usize>) {
    let key = escape::line(&change.key);
    let plain = Style::new();
    if let Some(widest) = beside {
        let line = format!("{}   {}", pad(&key, widest), step(change));
        page.field_lines(label, &[line], plain);
    } else {
        page.field_lines(label, &[key], plain);
        let lines = wrap(&step(change), page.room(BODY + 2));
        let lines: Vec<_> = lines.iter().map(|line| format!("  {line}")).collect();
        page.field_lines("", &lines, plain);
    }
    if let Some(by) = &change.set_by {
        page.field("", &format!("set by {}:{}", by.file, by.line));
    }
    if let Some(next) = &change.next_boot {
        page.field("", &format!("next boot: {}", value(next)));
    }
    if change.scope == Scope::Host {
        page.field("", "host-wide: every container and namespace is affected");
    }
    if let Some(reason) = &change.blocked {
        let lines = wrap(
            &escape::line(&format!("blocked: {reason}")),
            page.room(BODY),
        );
        page.field_lines("", &lines, page.styles.medium);
    } else if change.live.is_none() {
        page.field(
            "",
            "the value in force cannot be read: there would be no undo",
        );
    }
}

/// The commands that make the open changes, and those that take them back. A command that stands under
/// an earlier finding is not repeated: whoever copies every line runs it once.
fn commands(page: &mut Page, finding: &Finding, offered: &mut Offered) {
    let mut make = Vec::new();
    let mut undo = Vec::new();
    for change in finding.changes.iter().filter(|change| change.is_open()) {
        let id = (change.key.clone(), change.recommended.clone());
        if let Some(rule) = offered.get(&id) {
            make.push(format!("{} as under {}", change.key, rule));
            continue;
        }
        let live = change.live.as_deref().unwrap_or_default();
        let pair = (command(change), shell::set(&change.key, live));
        if let (Some(forward), Some(back)) = pair {
            make.extend(page.command(BODY, &forward));
            undo.extend(page.command(BODY, &back));
        } else {
            make.push(format!("{}: no command can be written safely", change.key));
        }
        offered.insert(id, finding.rule.clone());
    }
    let style = page.styles.command;
    page.field_lines("by hand", &make, style);
    page.field_lines("undo", &undo, style);
}
