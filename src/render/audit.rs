//! The report of an audit in the formats that pipelines read: records, JUnit XML, metrics, one line for a
//! monitor, and Markdown for a change ticket.
//!
//! A report says what is the case; when it was judged, and what of it counts, is said by [`Run`].

mod junit;
mod labels;
mod markdown;
mod nagios;
mod ndjson;
mod prometheus;
mod record;
mod settings;

use crate::apply::calendar;

use super::finding::{Finding, Severity};
use super::quantity::count;
use super::report::{Report, Summary};

pub use junit::junit;
pub use labels::Labels;
pub use markdown::markdown;
pub use nagios::{State, nagios, nagios_failed};
pub use ndjson::{ndjson_fleet, ndjson_unreadable, ndjson_with};
pub use prometheus::{prometheus, prometheus_failed};
pub use record::{
    Body, FleetRecord, RECORD_SCHEMA, Record, SettingRecord, UnreadableRecord, schema,
};
pub use settings::settings;

/// One run of the program: what its formats say beside the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// What tells it from every other run, on this host or another one.
    pub id: String,
    /// When the report was judged, in seconds since 1970.
    pub at: u64,
    /// From which severity on a finding counts; `None`: none does.
    pub fail_on: Option<Severity>,
    /// Whether a rule that stayed unknown counts where no finding does.
    pub fail_on_unknown: bool,
    /// Whether a signal (Ctrl-C, SIGTERM) cut the look at the host short: less was seen than was asked for.
    pub cut_short: bool,
    /// What the site calls the host.
    pub labels: Labels,
    /// The snapshot that was judged, as it was named; `None` where it was the host itself.
    pub snapshot: Option<String>,
}

impl Run {
    /// When the report was judged, by RFC 3339 in universal time.
    fn moment(&self) -> String {
        calendar::moment(self.at)
    }

    /// Whether a finding counts. A past one does too: its severity is a step lower already.
    fn counts(&self, finding: &Finding) -> bool {
        let heavy = |least| finding.severity <= least;
        finding.waived.is_none() && self.fail_on.is_some_and(heavy)
    }
}

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::High => "high",
        Severity::Medium => "medium",
        Severity::Low => "low",
        Severity::Info => "info",
    }
}

/// The findings in the order to read them.
fn ranked(report: &Report) -> Vec<&Finding> {
    let mut findings: Vec<&Finding> = report.findings.iter().collect();
    findings.sort_by_key(|finding| finding.rank());
    findings
}

/// How many rules ended in which way, as words; what did not occur is left out.
fn counts(summary: &Summary) -> Vec<String> {
    let counts = [
        (summary.high, "high"),
        (summary.medium, "medium"),
        (summary.low, "low"),
        (summary.info, "info"),
        (summary.past, "past"),
        (summary.waived, "waived"),
        (summary.holds, "hold"),
        (summary.unknown, "unknown"),
        (summary.not_applicable, "n/a"),
    ];
    let some = counts.iter().filter(|(number, _)| *number > 0);
    some.map(|(number, word)| format!("{} {word}", count(*number)))
        .collect()
}
