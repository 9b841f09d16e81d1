//! The head of the page: which host, over which time, how it ended in numbers.

use anstyle::Style;

use super::page::Page;
use crate::apply::calendar;
use crate::render::escape;
use crate::render::quantity::{count, duration};
use crate::render::report::{Report, Since, Summary, Verdict};
use crate::render::wrap::cells;

/// Between two facts on one line.
const GAP: &str = "   ";

/// Writes the head.
pub(super) fn header(page: &mut Page, report: &Report, verbose: bool) {
    let host = &report.host;
    let mut facts = vec![host.name.clone(), format!("Linux {}", host.kernel)];
    if let Some(uptime) = host.uptime_seconds {
        #[expect(clippy::cast_precision_loss, reason = "shown in days at most")]
        facts.push(format!("up {}", duration(uptime as f64)));
    }
    facts.push(window(report));
    let taken = host.taken_at_seconds.map(calendar::minute);
    facts.extend(taken.map(|moment| format!("taken {moment}")));
    row_of_facts(page, &facts);

    if verbose {
        let mut facts = vec![format!("{} {}", report.tool.name, report.tool.version)];
        facts.extend(host.netns.clone());
        facts.extend(host.boot_id.as_ref().map(|id| format!("boot {id}")));
        row_of_facts(page, &facts);
    }
    if let Some(profile) = &report.profile {
        let text = match &profile.guessed_from {
            Some(from) => format!("{} (guessed: {from}; --profile)", profile.name),
            None => profile.name.clone(),
        };
        page.margin("profile", &text);
    }
    counts(page, &report.summary);
    if report.summary.findings() == 0 {
        looked_at(page, report, verbose);
    }
}

/// The facts of the head on as few rows as they need, the first one in bold.
fn row_of_facts(page: &mut Page, facts: &[String]) {
    let mut line = String::new();
    let mut lines = Vec::new();
    for fact in facts {
        let fact = escape::line(fact);
        if line.is_empty() {
            line = fact;
        } else if cells(&line) + GAP.len() + cells(&fact) <= page.room(0) {
            line = format!("{line}{GAP}{fact}");
        } else {
            lines.push(std::mem::replace(&mut line, format!("{GAP}{fact}")));
        }
    }
    lines.push(line);
    for line in lines {
        let (first, rest) = line.split_at(line.find(GAP).unwrap_or(line.len()));
        page.row(&[(page.styles.name, first), (Style::new(), rest)]);
    }
}

/// The time the counters were judged over.
fn window(report: &Report) -> String {
    let own = own_window(report);
    match (
        report.window.remembered_seconds.map(duration),
        report.window.seconds,
    ) {
        (Some(longer), Some(_)) => format!("{own}, and {longer} since the last run"),
        (Some(longer), None) => format!("window {longer} (since the last run)"),
        (None, _) => own,
    }
}

fn own_window(report: &Report) -> String {
    match (report.window.seconds, report.window.since) {
        (Some(seconds), Since::Interval) => format!("window {}", duration(seconds)),
        (Some(seconds), Since::Snapshot) => {
            format!("window {} (since the snapshot)", duration(seconds))
        }
        (_, Since::Boot) => "judged since boot".to_owned(),
        (None, _) => "one sample (no rates)".to_owned(),
    }
}

/// How many rules ended in which way; what did not occur is left out.
fn counts(page: &mut Page, summary: &Summary) {
    let found = [
        (summary.high, "high"),
        (summary.medium, "medium"),
        (summary.low, "low"),
        (summary.info, "info"),
        (summary.past, "past"),
        (summary.waived, "waived"),
    ];
    let verb = if summary.holds == 1 { "holds" } else { "hold" };
    let rest = [
        (summary.holds, verb),
        (summary.unknown, "unknown"),
        (summary.not_applicable, "n/a"),
    ];
    let [found, rest, open] = [&found[..], &rest, &rest[1..]].map(parts);
    let rules = plural(summary.rules());
    if summary.rules() == 0 {
        page.paragraph(0, "no rules: nothing was looked at");
    } else if summary.findings() > 0 {
        let whole = [found.clone(), rest.clone()].concat().join(", ");
        let whole = format!("{rules}: {whole}");
        if rest.is_empty() || cells(&whole) <= page.room(0) {
            page.paragraph(0, &whole);
        } else {
            // What was found on one row, the rest below it.
            page.paragraph(0, &format!("{rules}: {},", found.join(", ")));
            page.paragraph(rules.len() + 2, &rest.join(", "));
        }
    } else if summary.holds == 0 {
        // Silence must not read as health.
        let open = open.join(", ");
        page.paragraph(0, &format!("nothing could be judged: {rules}, {open}"));
    } else {
        let holds = format!("{} {verb}", plural(summary.holds));
        let list = [vec![holds], open].concat().join(", ");
        page.paragraph(0, &format!("no findings: {list}"));
    }
}

/// The numbers that are not zero, each with its word.
fn parts(numbers: &[(u64, &str)]) -> Vec<String> {
    let occurring = numbers.iter().filter(|(number, _)| *number > 0);
    occurring
        .map(|(number, word)| format!("{} {word}", count(*number)))
        .collect()
}

/// A number of rules.
fn plural(rules: u64) -> String {
    let noun = if rules == 1 { "rule" } else { "rules" };
    format!("{} {noun}", count(rules))
}

/// On a page without findings: what was looked at.
fn looked_at(page: &mut Page, report: &Report, verbose: bool) {
    if verbose {
        // All names follow below.
        return;
    }
    let names = super::rest::names(report, Verdict::Holds);
    if !names.is_empty() {
        page.gap();
        let lines = super::rest::list("", &names, page.room(super::page::MARGIN), 3);
        page.margin_lines("holds", &lines);
    }
}
