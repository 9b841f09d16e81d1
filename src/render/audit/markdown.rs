//! `--format markdown`: the report for a change ticket.
//!
//! What is to be changed comes with what was seen, what it replaces, how it is taken back and what it costs;
//! everything else is a short list at the end. Nothing from outside is Markdown.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use crate::render::escape;
use crate::render::finding::{Change, Finding, Period, Scope, SetBy, Severity};
use crate::render::human::Reach;
use crate::render::markdown::text;
use crate::render::quantity::{count, duration};
use crate::render::report::{Report, Verdict};
use crate::render::shell;

use super::{Run, ranked};

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
    let window = window.unwrap_or_else(|| "one sample, no rates".to_owned());
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
    let summary = &report.summary;
    let counts = [
        (summary.high, "high"),
        (summary.medium, "medium"),
        (summary.low, "low"),
        (summary.info, "info"),
        (summary.past, "past"),
        (summary.waived, "waived"),
        (summary.holds, "hold"),
        (summary.unknown, "unknown"),
        (summary.not_applicable, "not applicable"),
    ];
    let some = counts.iter().filter(|(number, _)| *number > 0);
    let some: Vec<String> = some
        .map(|(number, word)| format!("{} {word}", count(*number)))
        .collect();
    item("Rules", &some.join(", "));
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
}

fn evidence(finding: &Finding) -> Vec<String> {
    let line = |one: &crate::render::finding::Evidence| {
        let sampled = if one.sampled { " (sampled)" } else { "" };
        format!("{}: {}{sampled}", code(&one.fact), text(&one.shown))
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

/// The table of changes, what blocks them, and the commands that make them and take them back.
fn changes(changes: &[Change], through: Option<&str>, page: &mut String) {
    page.push_str("\n| key | live | recommended | next boot | set by |\n|---|---|---|---|---|\n");
    for change in changes {
        let next = match (&change.next_boot, &change.next_boot_by) {
            (Some(value), Some(by)) => format!("{} ({})", code(value), place(by)),
            (Some(value), None) => code(value),
            (None, _) => "not known".to_owned(),
        };
        let set_by = match (&change.set_by, &change.origin) {
            (Some(by), _) => place(by),
            (None, Some(origin)) => text(origin),
            (None, None) => "not known".to_owned(),
        };
        let live = change.live.as_deref().map(code);
        let _ = writeln!(
            page,
            "| {} | {} | {} | {next} | {set_by} |",
            code(&change.key),
            live.as_deref().unwrap_or("cannot be read"),
            code(&change.recommended),
        );
    }
    let remarks = changes.iter().filter_map(|change| {
        let key = code(&change.key);
        match &change.blocked {
            Some(why) => Some(format!("{key} **must not be changed**: {}", text(why))),
            None if change.live.is_none() => Some(format!(
                "{key} **must not be changed**: the value in force cannot be read, so it could not be put back"
            )),
            None if change.scope == Scope::Host => {
                Some(format!("{key} is host-wide: every container and namespace is affected"))
            }
            None => None,
        }
    });
    let remarks: Vec<String> = remarks.collect();
    if !remarks.is_empty() {
        page.push('\n');
    }
    for remark in remarks {
        let _ = writeln!(page, "- {remark}");
    }
    // What is in force already, and only has to last, is no command's business.
    let differs =
        |change: &&Change| change.live.as_deref().map(code) != Some(code(&change.recommended));
    let mut open = changes
        .iter()
        .filter(|change| change.is_open())
        .filter(differs)
        .peekable();
    let Some(through) = through else {
        if open.peek().is_some() {
            page.push_str(
                "\nThe report was made from a file: the commands have to run on the host itself.\n",
            );
        }
        return;
    };
    let (mut make, mut undo) = (Vec::new(), Vec::new());
    for change in open {
        let command = |value| shell::set(through, &change.key, value).map(|parts| parts.join(" "));
        let live = change.live.as_deref();
        if let (Some(there), Some(back)) = (command(&change.recommended), live.and_then(command)) {
            make.push(there);
            undo.push(back);
        }
    }
    block("Make", &make, page);
    block("Undo", &undo, page);
}

/// Commands. Indented, so that nothing inside can end the block.
fn block(label: &str, commands: &[String], page: &mut String) {
    if commands.is_empty() {
        return;
    }
    let _ = writeln!(page, "\n**{label}**\n");
    for command in commands {
        let _ = writeln!(page, "    {}", escape::line(command));
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

fn place(by: &SetBy) -> String {
    text(&format!("{}:{}", by.file, by.line))
}

/// A name or value as code; one that holds more than such consist of is escaped instead.
fn code(name: &str) -> String {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let tame = |letter: char| letter.is_ascii_alphanumeric() || " ._-/,:()%".contains(letter);
    if name.is_empty() {
        "(empty)".to_owned()
    } else if name.chars().all(tame) {
        format!("`{name}`")
    } else {
        text(&name)
    }
}
