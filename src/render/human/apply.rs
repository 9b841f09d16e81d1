//! A plan, and what became of it.

use anstyle::Style;

use super::page::{BODY, Page};
use crate::render::apply::{AppliedChange, ApplyReport, Outcome};
use crate::render::escape;
use crate::render::wrap::{cells, pad, wrap};

/// Writes the page.
pub(super) fn apply(page: &mut Page, report: &ApplyReport) {
    match report.outcome {
        Outcome::Planned | Outcome::Declined => plan(page, report),
        Outcome::NothingToDo => {
            if report.notes.is_empty() {
                page.paragraph(0, "Nothing to do: no open change is proposed.");
            }
            not_done(page, report);
        }
        _ => result(page, report),
    }
    for note in &report.notes {
        page.margin("note", note);
    }
}

fn plan(page: &mut Page, report: &ApplyReport) {
    head(page, report);
    for change in &report.changes {
        page.gap();
        step(page, "change", change);
        for (rule, reason) in change.rules.iter().zip(&change.reasons) {
            page.field("why", &format!("{rule}: {reason}"));
        }
        if change.reasons.is_empty() {
            page.field("why", &change.rules.join(", "));
        }
        let origin = change.origin.as_ref();
        let origin = origin.map_or_else(String::new, |origin| format!(" ({origin})"));
        page.field(
            "now",
            &format!(
                "{}{origin}, then {}",
                value(&change.before),
                value(&change.after)
            ),
        );
        page.field("at boot", &at_boot(change, report));
        for cost in &change.costs {
            page.field("cost", cost);
        }
    }
    not_done(page, report);
    page.gap();
    match (&report.live_only, &report.dropin) {
        (Some(why), _) => page.margin(
            "lasts",
            &format!("until the next boot, no file is written: {why}"),
        ),
        (None, Some(file)) => page.margin("lasts", &format!("over reboots, by {file}")),
        (None, None) => {}
    }
    lags(page, report, "not yet");
    let undo = if report.dropin.is_some() {
        "tcptune rollback gives every key, and the file, back what they had"
    } else {
        "tcptune rollback gives every key back what it had"
    };
    page.margin("undo", undo);
}

fn head(page: &mut Page, report: &ApplyReport) {
    let host = report
        .host
        .clone()
        .unwrap_or_else(|| "unknown host".to_owned());
    let kernel = report.kernel.as_ref();
    let kernel = kernel.map_or_else(String::new, |kernel| format!("   Linux {kernel}"));
    let count = report.changes.len();
    let noun = if count == 1 { "change" } else { "changes" };
    let name = page.styles.name;
    page.row(&[
        (name, &host),
        (Style::new(), &format!("{kernel}   plan: {count} {noun}")),
    ]);
}

/// The value after the next boot, before and with this apply.
fn at_boot(change: &AppliedChange, report: &ApplyReport) -> String {
    let before = change.next_boot_before.as_deref().map(value);
    match (&change.next_boot, before) {
        (Some(after), Some(before)) => format!("{before}, then {}", value(after)),
        (Some(after), None) => value(after),
        (None, Some(before)) => format!("{before}, as without this"),
        (None, None) if report.live_only.is_some() => "not kept".to_owned(),
        (None, None) => "not told".to_owned(),
    }
}

fn result(page: &mut Page, report: &ApplyReport) {
    let id = report
        .id
        .map_or_else(String::new, |id| format!("apply {id}"));
    let count = report.changes.len();
    let noun = if count == 1 { "change" } else { "changes" };
    let (style, text) = match report.outcome {
        Outcome::Committed => (
            page.styles.name,
            format!("{count} {noun} made and read back"),
        ),
        Outcome::Waiting => (
            page.styles.name,
            format!("{count} {noun} made, to be confirmed"),
        ),
        Outcome::NotConfirmed => (page.styles.medium, "not confirmed in time".to_owned()),
        Outcome::TakenBack => (
            page.styles.medium,
            "failed; everything is as before".to_owned(),
        ),
        Outcome::Diverged => (
            page.styles.high,
            "incomplete: a person has to look".to_owned(),
        ),
        _ => (page.styles.name, "taken back".to_owned()),
    };
    page.row(&[(style, &id), (Style::new(), &format!(": {text}"))]);
    page.gap();
    let back = !matches!(report.outcome, Outcome::Committed | Outcome::Waiting);
    for change in &report.changes {
        if back {
            let became = change.undone.as_deref().unwrap_or("was not touched");
            let label = if change.needs_a_person { "LOOK" } else { "key" };
            page.field(label, &format!("{} {became}", change.key));
        } else {
            step(page, "now", change);
        }
    }
    for fault in &report.faults {
        page.field("fault", fault);
    }
    not_done(page, report);
    page.gap();
    match (&report.live_only, &report.dropin, report.outcome) {
        (Some(why), _, Outcome::Committed | Outcome::Waiting) => {
            page.margin("lasts", &format!("until the next boot: {why}"));
        }
        (None, Some(file), Outcome::Committed) => {
            page.margin("lasts", &format!("over reboots, by {file}"));
        }
        (None, Some(file), Outcome::Waiting) => {
            page.margin(
                "lasts",
                &format!("until the next boot; {file} is written when it is confirmed"),
            );
        }
        _ => {}
    }
    lags(page, report, "not yet");
    proof(page, report);
    if let Some(confirm) = &report.confirm {
        let text = format!("taken back in {} s unless you run", confirm.seconds);
        page.margin("confirm", &text);
        page.margin_lines("", std::slice::from_ref(&escape::line(&confirm.command)));
    }
    if let Some(undo) = &report.undo {
        page.margin_lines("undo", std::slice::from_ref(&escape::line(undo)));
    }
}

fn proof(page: &mut Page, report: &ApplyReport) {
    let Some(proof) = &report.proof else {
        return;
    };
    if proof.rules.is_empty() {
        page.margin(
            "proof",
            "no symptom is behind these changes: there is nothing to measure",
        );
    }
    for rule in &proof.rules {
        page.margin("proof", &format!("{} before: {}", rule.rule, rule.before));
        let after = match &rule.after {
            Some(after) => format!("after {} s: {after}", proof.seconds),
            None => format!("after {} s: gone", proof.seconds),
        };
        page.margin("", &after);
    }
    if !proof.rules.is_empty() {
        match proof.improved {
            Some(true) => {}
            Some(false) => page.margin("", "nothing improved"),
            None => page.margin("", "whether anything improved cannot be told"),
        }
    }
}

fn not_done(page: &mut Page, report: &ApplyReport) {
    if report.not_done.is_empty() {
        return;
    }
    page.gap();
    for left in &report.not_done {
        page.margin(
            "not done",
            &format!("{} -> {}", left.key, value(&left.wanted)),
        );
        page.margin("", &left.why);
    }
}

/// What goes on with an older value.
fn lags(page: &mut Page, report: &ApplyReport, label: &str) {
    for (at, lag) in report.not_in_force.iter().enumerate() {
        let label = if at == 0 { label } else { "" };
        page.margin(label, &format!("{}: {}", lag.key, lag.what));
    }
}

/// From which value to which, on one line where there is room.
fn step(page: &mut Page, label: &str, change: &AppliedChange) {
    let key = escape::line(&change.key);
    let (before, after) = (value(&change.before), value(&change.after));
    let step = if before == after {
        format!("{after}, made to last")
    } else {
        format!("{before} -> {after}")
    };
    let plain = Style::new();
    if cells(&key) + 3 + cells(&step) <= page.room(BODY) {
        page.field_lines(label, &[format!("{}   {step}", pad(&key, 0))], plain);
    } else {
        page.field_lines(label, &[key], plain);
        let lines = wrap(&step, page.room(BODY + 2));
        let lines: Vec<_> = lines.iter().map(|line| format!("  {line}")).collect();
        page.field_lines("", &lines, plain);
    }
}

/// The value on one line, with single blanks.
pub(super) fn value(text: &str) -> String {
    let text = escape::line(text);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        "(empty)".to_owned()
    } else {
        text
    }
}
