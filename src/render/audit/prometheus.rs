//! `--format prometheus`: metrics for the textfile collector of the node exporter.
//!
//! The collector throws the whole file away for a time stamp or a line it does not understand. No label
//! holds a value or a name of the host: a series that is another one after every change is none to alert on.

use std::fmt::Write as _;
use std::io;

use crate::render::escape;
use crate::render::finding::Period;
use crate::render::report::Report;

use super::{Run, ranked, severity};

/// Writes the report as metrics: a series for each open finding, and some ten more.
pub fn prometheus(report: &Report, run: &Run, out: &mut impl io::Write) -> io::Result<()> {
    let mut page = of_run(&report.tool.version, run.at, true);
    let help = "Whether a signal ended the last run before it had seen what it was asked for.";
    metric(&mut page, "last_run_cut_short", help);
    sample(
        &mut page,
        "last_run_cut_short",
        &[],
        u64::from(run.cut_short),
    );
    if let Some(taken) = report.host.taken_at_seconds {
        let help = "When the snapshot that the last run judged was taken, in seconds since 1970.";
        metric(&mut page, "snapshot_timestamp_seconds", help);
        sample(&mut page, "snapshot_timestamp_seconds", &[], taken);
    }
    let summary = &report.summary;
    metric(
        &mut page,
        "rules",
        "Rules by how they ended in the last run.",
    );
    let fires = summary.high + summary.medium + summary.low + summary.info;
    for (result, count) in [
        ("fires", fires),
        ("past", summary.past),
        ("waived", summary.waived),
        ("holds", summary.holds),
        ("unknown", summary.unknown),
        ("not_applicable", summary.not_applicable),
    ] {
        sample(&mut page, "rules", &[("result", result)], count);
    }
    let open = ranked(report)
        .into_iter()
        .filter(|one| one.waived.is_none());
    let mut open = open.peekable();
    if open.peek().is_some() {
        metric(
            &mut page,
            "finding",
            "1 for a rule that fires and nobody waived, now or at some time since boot; else absent.",
        );
    }
    for finding in open {
        let period = match finding.period {
            Period::Now => "now",
            Period::Past => "past",
        };
        let labels = [
            ("rule", finding.rule.as_str()),
            ("severity", severity(finding.severity)),
            ("mechanism", finding.mechanism.as_str()),
            ("period", period),
        ];
        sample(&mut page, "finding", &labels, 1);
    }
    if report
        .profile
        .as_ref()
        .is_some_and(|one| one.guessed_from.is_none())
    {
        let help = "Values that the named profile wants and the host does not have.";
        metric(&mut page, "profile_changes", help);
        sample(
            &mut page,
            "profile_changes",
            &[],
            report.wanted.len() as u64,
        );
    }
    out.write_all(page.as_bytes())
}

/// Writes that a run ended without a report: what the run before found is known no more.
pub fn prometheus_failed(version: &str, at: u64, out: &mut impl io::Write) -> io::Result<()> {
    out.write_all(of_run(version, at, false).as_bytes())
}

/// What is said of every run.
fn of_run(version: &str, at: u64, success: bool) -> String {
    let mut page = String::new();
    metric(&mut page, "build_info", "The version of tcptune; always 1.");
    sample(&mut page, "build_info", &[("version", version)], 1);
    let help = "When the last run ended, in seconds since 1970.";
    metric(&mut page, "last_run_timestamp_seconds", help);
    sample(&mut page, "last_run_timestamp_seconds", &[], at);
    let help = "Whether the last run came to a report.";
    metric(&mut page, "last_run_success", help);
    sample(&mut page, "last_run_success", &[], u64::from(success));
    page
}

fn metric(page: &mut String, name: &str, help: &str) {
    // Writing into a `String` does not fail.
    let _ = write!(
        page,
        "# HELP tcptune_{name} {help}\n# TYPE tcptune_{name} gauge\n"
    );
}

fn sample(page: &mut String, name: &str, labels: &[(&str, &str)], value: u64) {
    let labels: Vec<String> = labels
        .iter()
        .map(|(label, text)| format!("{label}=\"{}\"", quoted(text)))
        .collect();
    let labels = match labels.join(",") {
        none if none.is_empty() => none,
        some => format!("{{{some}}}"),
    };
    let _ = writeln!(page, "tcptune_{name}{labels} {value}");
}

/// A text as the value of a label. Control bytes and line ends are spelled out before.
fn quoted(text: &str) -> String {
    escape::line(text)
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_cannot_end_its_line_or_its_quotes() {
        assert_eq!(quoted("a\"} 1\nb\\"), "a\\\"} 1\\\\nb\\\\");
    }

    #[test]
    fn a_run_without_a_report_tells_of_no_rule() {
        let mut page = Vec::new();
        prometheus_failed("0.1.0", 7, &mut page).unwrap();
        let page = String::from_utf8(page).unwrap();
        assert!(page.contains("\ntcptune_last_run_success 0\n"), "{page}");
        assert!(!page.contains("tcptune_rules"), "{page}");
    }
}
