//! `--format markdown`: the report for a change ticket.
//!
//! What is to be changed comes with what was seen, what it replaces, how it is taken back and what it costs;
//! everything else is a short list at the end. Nothing from outside is Markdown.

mod changes;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use crate::apply::calendar;
use crate::render::finding::{Finding, Maturity, Period, Severity};
use crate::render::human::Reach;
use crate::render::markdown::text;
use crate::render::quantity::{count, duration};
use crate::render::report::{Report, Verdict};

use super::{Run, counts, ranked};
use changes::{changes, code};

/// How many lines or keys of a finding are listed.
const LISTED: usize = 20;

/// Writes the report as Markdown (`CommonMark`, with the tables of GitHub).
pub fn markdown(
    report: &Report,
    run: &Run,
    reach: Reach<'_>,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let through = reach.through();
    let mut page = String::new();
    head(report, run, &mut page);
    let findings = ranked(report);
    for finding in findings.iter().filter(|one| is_open(one)) {
        section(finding, through.as_deref(), &mut page);
    }
    if let (Some(profile), false) = (&report.profile, report.wanted.is_empty()) {
        let name = text(&profile.name);
        // Writing into a `String` does not fail.
        let _ = writeln!(page, "\n## Wanted by profile {name}");
        changes(&report.wanted, through.as_deref(), &mut page);
    }
    rest(report, &findings, &mut page);
    out.write_all(page.as_bytes())
}

/// Whether it is true now and nobody accepted it.
fn is_open(finding: &Finding) -> bool {
    finding.waived.is_none() && finding.period == Period::Now
}

fn head(report: &Report, run: &Run, page: &mut String) {
    let host = &report.host;
    let _ = writeln!(page, "# tcptune: {}\n", text(&host.name));
    let mut item = |label: &str, words: &str| {
        let _ = writeln!(page, "- **{label}**: {words}");
    };
    item("Kernel", &format!("Linux {}", text(&host.kernel)));
    let window = report.window.seconds.map(duration);
    let mut window = window.unwrap_or_else(|| "one sample, no rates".to_owned());
    if let Some(longer) = report.window.remembered_seconds.map(duration) {
        // Writing into a `String` does not fail.
        let _ = write!(window, ", and {longer} since the last run");
    }
    if let Some(taken) = host.taken_at_seconds.map(calendar::moment) {
        item("Taken", &taken);
    }
    item("Judged", &format!("{}, window {window}", run.moment()));
    if let Some(boot) = &host.boot_id {
        item("Boot", &code(boot));
    }
    if let Some(netns) = &host.netns {
        item("Network namespace", &text(netns));
    }
    if let Some(profile) = &report.profile {
        let name = text(&profile.name);
        match &profile.guessed_from {
            Some(why) => item("Profile", &format!("{name}, guessed from {}", text(why))),
            None => item("Profile", &name),
        }
    }
    item("Rules", &counts(&report.summary).join(", "));
    item(
        "Written by",
        &format!(
            "tcptune {}; nothing was changed",
            text(&report.tool.version)
        ),
    );
}

/// A finding: what, evidence, changes, undo, cost, advice.
fn section(finding: &Finding, through: Option<&str>, page: &mut String) {
    let severity = match finding.severity {
        Severity::High => "HIGH",
        Severity::Medium => "MEDIUM",
        Severity::Low => "LOW",
        Severity::Info => "INFO",
    };
    let rule = text(&finding.rule);
    let title = text(&finding.title);
    let _ = writeln!(
        page,
        "\n## {severity} {rule}: {title}\n\n{}",
        text(&finding.message)
    );
    list("Evidence", evidence(finding), page);
    let (more, rest) = also(finding);
    list("Also", more, page);
    if rest > 0 {
        let _ = writeln!(page, "\nAnd {} more with the same fault.", count(rest));
    }
    if !finding.changes.is_empty() {
        changes(&finding.changes, through, page);
    }
    let waived = finding.waived_keys.iter();
    let waived = waived.map(|one| {
        let terms = text(&format!("{}{}", one.reason, one.terms()));
        format!("{}: {terms}", code(&one.key))
    });
    list("Waived", waived.collect(), page);
    let owner = finding.owner.word().to_owned();
    let labelled = [
        ("Owner", Some(&owner)),
        ("First", finding.first.as_ref()),
        ("Cost", finding.cost.as_ref()),
        ("Waiting", finding.waiting.as_ref()),
        ("Advice", finding.advice.as_ref()),
    ];
    page.push('\n');
    for (label, words) in labelled {
        if let Some(words) = words {
            let _ = writeln!(page, "- **{label}**: {}", text(words));
        }
    }
    if finding.maturity == Maturity::Preview {
        page.push_str("- **Preview**: no live-kernel experiment backs this rule yet\n");
    }
}

fn evidence(finding: &Finding) -> Vec<String> {
    let line = |one: &crate::render::finding::Evidence| {
        format!("{}: {}", code(&one.fact), text(&one.shown))
    };
    finding.evidence.iter().map(line).collect()
}

/// The other lines or keys with the same fault, and how many are not listed.
fn also(finding: &Finding) -> (Vec<String>, u64) {
    let rest = finding.instances.iter().skip(1).take(LISTED);
    let listed: Vec<String> = rest.map(|one| text(&one.message)).collect();
    let left = finding.others.saturating_sub(listed.len() as u64);
    (listed, left)
}

fn list(label: &str, items: Vec<String>, page: &mut String) {
    if items.is_empty() {
        return;
    }
    let _ = writeln!(page, "\n**{label}**\n");
    for item in items {
        let _ = writeln!(page, "- {item}");
    }
}

/// What asks for no change.
fn rest(report: &Report, findings: &[&Finding], page: &mut String) {
    let mut items = Vec::new();
    for finding in findings.iter().filter(|one| !is_open(one)) {
        let rule = text(&finding.rule);
        items.push(match &finding.waived {
            Some(waiver) => {
                let words = format!("{}{}", waiver.reason, waiver.terms());
                format!("waived: {rule}: {}", text(&words))
            }
            None => format!("past: {rule}: {}", text(&finding.message)),
        });
    }
    let mut causes: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for rule in &report.not_fired {
        let word = match rule.verdict {
            Verdict::Holds => continue,
            Verdict::Unknown => "unknown",
            Verdict::NotApplicable => "not applicable",
        };
        let reason = rule.reason.as_deref().unwrap_or("no reason given");
        let rules = causes.entry((word, reason)).or_default();
        rules.push(text(&rule.rule));
    }
    for ((word, reason), rules) in causes {
        items.push(format!("{word}: {}: {}", text(reason), rules.join(", ")));
    }
    for note in &report.notes {
        items.push(format!("note: {}", text(note)));
    }
    if !items.is_empty() {
        page.push_str("\n## The rest\n\n");
    }
    for item in items {
        let _ = writeln!(page, "- {item}");
    }
}
