//! The report as other programs read it: `tcptune.report/1`.
//!
//! These types are frozen on their own: they share nothing with the types the program judges with, so
//! that the inside can change without changing the format. Within version 1 fields are only added;
//! `null` means "not computed". The doc comments are the descriptions in the published schema.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Deserialize, Serialize};

pub use super::finding::{
    Change, Evidence, Finding, Instance, Kind, Maturity, Owner, Period, Reference, Scalar, Scope,
    SetBy, Severity, Unit, WaivedKey, Waiver,
};

/// The value of `schema` in every report of this version.
pub const REPORT_SCHEMA: &str = "tcptune.report/1";

/// What one run of `tcptune check` found on one host, in one network namespace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "tcptune report, version 1")]
pub struct Report {
    /// Name and version of this format: `tcptune.report/1`.
    pub schema: String,
    /// The program that wrote the report.
    pub tool: Tool,
    /// The host, and the network namespace, the report is about.
    pub host: Host,
    /// The time span the counters were judged over.
    pub window: Window,
    /// The profile: named, so that the rules read its parameters, or only guessed; null when neither.
    pub profile: Option<Profile>,
    /// Remarks that are no findings, one sentence or line each.
    pub notes: Vec<String>,
    /// How many rules ended in which way; the numbers add up to the number of rules.
    pub summary: Summary,
    /// What fires, one entry per rule.
    pub findings: Vec<Finding>,
    /// The rules that did not fire, and why not.
    pub not_fired: Vec<NotFired>,
    /// What the profile that was named wants and this host does not have; empty for one that was guessed.
    #[serde(default)]
    pub wanted: Vec<Change>,
}

/// The program that wrote a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// Always `tcptune`.
    pub name: String,
    /// The program's version, as `tcptune --version` prints it.
    pub version: String,
}

/// The host and network namespace a report is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// The host name.
    pub name: String,
    /// The kernel release, as `uname -r` prints it.
    pub kernel: String,
    /// `/proc/sys/kernel/random/boot_id`; counters of two reports compare only when it is equal.
    pub boot_id: Option<String>,
    /// The network namespace, as `readlink /proc/self/ns/net` prints it: `net:[4026531840]`.
    pub netns: Option<String>,
    /// Seconds since the host started.
    pub uptime_seconds: Option<u64>,
    /// When the snapshot that was judged was taken, in seconds since 1970 by the clock of the host; null when it was
    /// the host itself, or when the snapshot does not tell.
    #[serde(default)]
    pub taken_at_seconds: Option<u64>,
}

/// The time span the counters were judged over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Its length in seconds; null when there was one sample only, so that no rate is known.
    pub seconds: Option<f64>,
    /// Where the earlier sample comes from.
    pub since: Since,
    /// With `--remember`: seconds since the last run that was remembered. Rules that can be judged over hours
    /// were judged over this time too, and their messages name it where they fire over it alone. Null without
    /// such a run.
    #[serde(default)]
    pub remembered_seconds: Option<f64>,
}

/// Where the earlier of two samples comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Since {
    /// Taken by this run, an interval before the later one.
    Interval,
    /// Read from a snapshot of the same boot and namespace.
    Snapshot,
    /// There is none: counters are judged since the host started.
    Boot,
}

/// The role of a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The profile's name, for example `proxy`.
    pub name: String,
    /// What it was guessed from; a guess decides nothing. Null when the user named the profile.
    pub guessed_from: Option<String>,
}

/// How many rules ended in which way. Each rule is counted once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// Findings of severity high that are true now.
    pub high: u64,
    /// Findings of severity medium that are true now.
    pub medium: u64,
    /// Findings of severity low that are true now.
    pub low: u64,
    /// Findings of severity info that are true now.
    pub info: u64,
    /// Findings of any severity that were true since boot and are not now.
    pub past: u64,
    /// Findings of any severity and period that somebody accepted.
    pub waived: u64,
    /// Rules that looked and found nothing.
    pub holds: u64,
    /// Rules that could not be judged.
    pub unknown: u64,
    /// Rules that have no meaning on this host.
    pub not_applicable: u64,
}

impl Summary {
    /// Counts findings and rules that did not fire. A waived finding counts as waived only; a past one
    /// as past only.
    pub fn of(findings: &[Finding], not_fired: &[NotFired]) -> Self {
        let mut summary = Self::default();
        for finding in findings {
            let slot = match (finding.waived.is_some(), finding.period, finding.severity) {
                (true, ..) => &mut summary.waived,
                (_, Period::Past, _) => &mut summary.past,
                (.., Severity::High) => &mut summary.high,
                (.., Severity::Medium) => &mut summary.medium,
                (.., Severity::Low) => &mut summary.low,
                (.., Severity::Info) => &mut summary.info,
            };
            *slot += 1;
        }
        for rule in not_fired {
            let slot = match rule.verdict {
                Verdict::Holds => &mut summary.holds,
                Verdict::Unknown => &mut summary.unknown,
                Verdict::NotApplicable => &mut summary.not_applicable,
            };
            *slot += 1;
        }
        summary
    }

    /// The number of findings, whatever their severity, past and waived ones included.
    pub const fn findings(&self) -> u64 {
        self.high
            .saturating_add(self.medium)
            .saturating_add(self.low)
            .saturating_add(self.info)
            .saturating_add(self.past)
            .saturating_add(self.waived)
    }

    /// The number of rules.
    pub const fn rules(&self) -> u64 {
        self.findings()
            .saturating_add(self.holds)
            .saturating_add(self.unknown)
            .saturating_add(self.not_applicable)
    }
}

/// A rule that did not fire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotFired {
    /// The rule's id.
    pub rule: String,
    /// How it ended.
    pub verdict: Verdict,
    /// What is missing (unknown) or why the rule does not apply, as a short phrase that is worded the
    /// same for every rule with the same cause: `needs two samples`. Null for a rule that holds.
    pub reason: Option<String>,
    /// The family the rule belongs to, for example `accept-queue`.
    #[serde(default)]
    pub mechanism: Option<String>,
    /// How much a finding of the rule would matter.
    #[serde(default)]
    pub severity: Option<Severity>,
}

/// How a rule that did not fire ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It looked and found nothing.
    Holds,
    /// A fact it needs is missing. Neither a pass nor an error.
    Unknown,
    /// It has no meaning on this host.
    NotApplicable,
}

/// The JSON Schema (draft 2020-12) of a report, as pretty-printed JSON with a final newline.
pub fn schema() -> String {
    // The contract of what is written: a field that may be null is still always there.
    let generator = SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator();
    let mut schema = generator.into_root_schema_for::<Report>();
    schema.insert("$id".to_owned(), "urn:tcptune:report:1".into());
    if let Some(name) = schema.pointer_mut("/properties/schema")
        && let Some(name) = name.as_object_mut()
    {
        name.insert("const".to_owned(), REPORT_SCHEMA.into());
    }
    format!("{:#}\n", schema.as_value())
}
