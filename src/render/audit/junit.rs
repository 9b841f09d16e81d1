//! `--format junit`: one suite for the run, one case for each rule.
//!
//! The page is of the schema that build servers have in common, that of Apache Ant. It is red where findings or
//! unknown rules end the run with another code than 0.

use std::fmt::Write as _;
use std::io;

use crate::apply::calendar;
use crate::render::finding::{Finding, Maturity, Waiver};
use crate::render::junit::{HEAD, text};
use crate::render::report::{NotFired, Report, Verdict};

use super::{Run, ranked, severity};

/// Writes the report as JUnit XML. A finding that counts is a failure; a rule that could not be judged, or
/// has no meaning here, and an accepted finding are skipped, with the reason. Below them stand the findings that
/// do not count, and the notes.
pub fn junit(report: &Report, run: &Run, out: &mut impl io::Write) -> io::Result<()> {
    let findings = ranked(report);
    let fails = findings.iter().any(|finding| run.counts(finding));
    let mut cases = String::new();
    let mut below = String::new();
    let mut told = Told::default();
    for finding in findings {
        fired(finding, run, &mut told, &mut cases);
        if finding.waived.is_none() && !run.counts(finding) {
            // Writing into a `String` does not fail.
            let _ = writeln!(
                below,
                "{} {}: {}",
                severity(finding.severity),
                text(&finding.rule),
                text(&finding.message)
            );
        }
    }
    let unknown_counts = run.fail_on_unknown && !fails;
    for rule in &report.not_fired {
        not_fired(rule, unknown_counts, &mut told, &mut cases);
    }
    for note in &report.notes {
        let _ = writeln!(below, "note: {}", text(note));
    }
    let mut page = String::from(HEAD);
    page.push_str("<testsuites>\n");
    let host = match report.host.name.trim() {
        "" => "localhost".to_owned(),
        name => text(name),
    };
    let _ = writeln!(
        page,
        "  <testsuite id=\"0\" package=\"tcptune\" name=\"tcptune check\" hostname=\"{host}\" \
         timestamp=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3}\">",
        run.moment().trim_end_matches('Z'),
        report.findings.len() + report.not_fired.len(),
        told.failures,
        told.errors,
        told.skipped,
        report.window.seconds.unwrap_or_default(),
    );
    properties(report, run, &mut page);
    page.push_str(&cases);
    let _ = writeln!(page, "    <system-out>{}</system-out>", below.trim_end());
    page.push_str("    <system-err></system-err>\n  </testsuite>\n</testsuites>\n");
    out.write_all(page.as_bytes())
}

/// How many cases ended in which way.
#[derive(Default)]
struct Told {
    failures: usize,
    errors: usize,
    skipped: usize,
}

fn properties(report: &Report, run: &Run, page: &mut String) {
    page.push_str("    <properties>\n");
    let host = &report.host;
    let taken = host.taken_at_seconds.map(calendar::moment);
    let all = [
        ("tcptune", Some(report.tool.version.as_str())),
        ("run_id", Some(run.id.as_str())),
        ("kernel", Some(host.kernel.as_str())),
        ("boot_id", host.boot_id.as_deref()),
        ("netns", host.netns.as_deref()),
        ("taken_at", taken.as_deref()),
        (
            "profile",
            report.profile.as_ref().map(|one| one.name.as_str()),
        ),
    ];
    for (name, value) in all {
        if let Some(value) = value {
            let value = text(value);
            let _ = writeln!(page, "      <property name=\"{name}\" value=\"{value}\"/>");
        }
    }
    page.push_str("    </properties>\n");
}

/// The beginning of a case, up to the end of its attributes. No case takes a time of its own.
fn case(rule: &str, mechanism: Option<&str>, cases: &mut String) {
    let mechanism = mechanism.unwrap_or("rules");
    let _ = write!(
        cases,
        "    <testcase classname=\"{}\" name=\"{}\" time=\"0\"",
        text(mechanism),
        text(rule)
    );
}

fn fired(finding: &Finding, run: &Run, told: &mut Told, cases: &mut String) {
    case(&finding.rule, Some(&finding.mechanism), cases);
    if let Some(waiver) = &finding.waived {
        told.skipped += 1;
        skipped(&accepted(waiver), cases);
    } else if run.counts(finding) {
        told.failures += 1;
        let _ = writeln!(
            cases,
            ">\n      <failure type=\"{}\" message=\"{}\">{}</failure>\n    </testcase>",
            severity(finding.severity),
            text(&format!("{}: {}", finding.title, finding.message)),
            details(finding)
        );
    } else {
        cases.push_str("/>\n");
    }
}

fn not_fired(rule: &NotFired, unknown_counts: bool, told: &mut Told, cases: &mut String) {
    case(&rule.rule, rule.mechanism.as_deref(), cases);
    let reason = rule.reason.as_deref().unwrap_or("no reason given");
    match rule.verdict {
        Verdict::Holds => cases.push_str("/>\n"),
        Verdict::Unknown if unknown_counts => {
            told.errors += 1;
            let reason = text(reason);
            let _ = writeln!(
                cases,
                ">\n      <error type=\"unknown\" message=\"{reason}\"/>\n    </testcase>"
            );
        }
        Verdict::Unknown => {
            told.skipped += 1;
            skipped(&format!("unknown: {reason}"), cases);
        }
        Verdict::NotApplicable => {
            told.skipped += 1;
            skipped(&format!("not applicable: {reason}"), cases);
        }
    }
}

fn skipped(why: &str, cases: &mut String) {
    let why = text(why);
    let _ = writeln!(
        cases,
        ">\n      <skipped message=\"{why}\"/>\n    </testcase>"
    );
}

fn accepted(waiver: &Waiver) -> String {
    let terms = waiver.terms();
    format!("waived: {}{terms}", waiver.reason)
}

/// What to do about a finding, a line each.
fn details(finding: &Finding) -> String {
    let mut lines = Vec::new();
    for change in &finding.changes {
        let live = change.live.as_deref().unwrap_or("(unreadable)");
        lines.push(format!("{}: {live} -> {}", change.key, change.recommended));
        lines.extend(change.blocked.iter().map(|why| format!("  blocked: {why}")));
    }
    let labelled = [
        ("first", &finding.first),
        ("advice", &finding.advice),
        ("waiting", &finding.waiting),
        ("cost", &finding.cost),
    ];
    for (label, words) in labelled {
        lines.extend(words.iter().map(|words| format!("{label}: {words}")));
    }
    if finding.maturity == Maturity::Preview {
        lines.push("preview: no live-kernel experiment backs this rule yet".to_owned());
    }
    lines.push(format!("tcptune explain {}", finding.rule));
    let lines: Vec<String> = lines.iter().map(|line| text(line)).collect();
    lines.join("\n")
}
