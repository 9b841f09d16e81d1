//! Every apply of a host.

use anstyle::Style;

use super::apply::value;
use super::page::Page;
use crate::apply::calendar;
use crate::render::apply::{HistoryReport, Past};

/// Writes the list.
pub(super) fn history(page: &mut Page, report: &HistoryReport) {
    if report.applies.is_empty() && report.problems.is_empty() {
        let none = format!("No apply was ever made by this user ({}).", report.journal);
        page.paragraph(0, &none);
    }
    for past in &report.applies {
        page.gap();
        one(page, past);
    }
    for problem in &report.problems {
        page.gap();
        page.margin("unread", problem);
    }
}

fn one(page: &mut Page, past: &Past) {
    let style = match past.state.as_str() {
        "diverged" => page.styles.high,
        _ if past.open.is_some() => page.styles.medium,
        _ => page.styles.name,
    };
    let user = past.user.as_ref();
    let user = user.map_or_else(String::new, |user| format!("   {user}"));
    let when = calendar::minute(past.at);
    let name = page.styles.name;
    page.row(&[
        (name, &format!("apply {}", past.id)),
        (Style::new(), &format!("   {when}{user}   ")),
        (style, &past.state),
    ]);
    for change in &past.changes {
        let step = format!(
            "{}   {} -> {}",
            change.key,
            value(&change.before),
            value(&change.after)
        );
        page.paragraph(2, &step);
        if let Some(undone) = &change.undone {
            page.paragraph(4, undone);
        }
    }
    let mut words = Vec::new();
    words.push(
        if past.lasting {
            "over reboots"
        } else {
            "live values only"
        }
        .to_owned(),
    );
    if !past.this_boot {
        words.push("in an earlier boot".to_owned());
    } else if !past.this_netns {
        words.push("in another network namespace".to_owned());
    }
    words.extend(past.open.clone());
    page.paragraph(2, &words.join("; "));
    for fault in &past.faults {
        page.paragraph(2, &format!("fault: {fault}"));
    }
    if let Some(proof) = past.proof.as_ref().filter(|proof| !proof.rules.is_empty()) {
        let improved = match proof.improved {
            Some(true) => "improved",
            Some(false) => "nothing improved",
            None => "whether anything improved cannot be told",
        };
        page.paragraph(2, &format!("watched for {} s: {improved}", proof.seconds));
    }
}
