//! The records of a run: `tcptune.record/1`.
//!
//! Each stands alone on its line and is flat, so that lines of many hosts can be thrown together, cut apart
//! and counted by any program. Like the report, these types are frozen on their own: within version 1 fields
//! are only added; `null` means "not computed" or "there is none".

use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Deserialize, Serialize};

use crate::render::finding::{Change, Maturity, Severity};
use crate::render::report::{Report, Since, Summary};
use crate::render::tool;

use super::Run;
use super::labels::Labels;

/// The value of `schema` in every record of this version.
pub const RECORD_SCHEMA: &str = "tcptune.record/1";

/// One line of `check --format ndjson`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "tcptune record, version 1")]
pub struct Record {
    /// Which run, on which host.
    #[serde(flatten)]
    pub of: Head,
    /// What the line is about.
    #[serde(flatten)]
    pub body: Body,
}

/// What every line says: which run, on which host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Head {
    /// Name and version of this format: `tcptune.record/1`.
    pub schema: String,
    /// The same in all records of one run, and in no other. Each of many snapshots has a run of its own.
    pub run_id: String,
    /// When the run judged, RFC 3339, in universal time: `2026-11-22T02:41:07Z`.
    pub time: String,
    /// The host name; `unknown host` where it is not known, and in records that are about no host.
    pub host: String,
    /// `/proc/sys/kernel/random/boot_id`; counters of two runs compare only when it is equal.
    pub boot_id: Option<String>,
    /// The network namespace, as `readlink /proc/self/ns/net` prints it: `net:[4026531840]`.
    pub netns: Option<String>,
    /// The kernel release, as `uname -r` prints it; `unknown` where it is not known.
    pub kernel: String,
    /// The version of tcptune.
    pub version: String,
    /// The role of the host.
    pub profile: Option<String>,
    /// Whether the role was only guessed; null when there is none.
    pub profile_guessed: Option<bool>,
    /// What the site calls the host: `label_role`, `label_site` and so on. Without labels there is no field.
    #[serde(flatten)]
    pub labels: Labels,
}

/// What a line is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Body {
    /// The first line: how the run looked.
    Run(RunRecord),
    /// A rule, whether it fired or not: exactly one line for each that was judged.
    Rule(Box<RuleRecord>),
    /// A value that the profile that was named wants and this host does not have.
    Wanted(Setting),
    /// A setting that was read, whatever the rules say of it; only with `--settings`.
    Setting(SettingRecord),
    /// The last line of a host. Where it is missing the stream was cut off.
    Summary(SummaryRecord),
    /// A snapshot that could not be judged, or a folder without any; it has no other line.
    Unreadable(UnreadableRecord),
    /// The last line where many snapshots were judged. Where it is missing the stream was cut off.
    Fleet(FleetRecord),
}

/// How the run looked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunRecord {
    /// The length of the window in seconds; null when there was one sample only, so that no rate is known.
    pub window_seconds: Option<f64>,
    /// Where the earlier sample comes from.
    pub window_since: Since,
    /// With `--remember`: seconds since the last run that was remembered, over which counters were judged as
    /// well; else null.
    #[serde(default)]
    pub window_remembered_seconds: Option<f64>,
    /// Seconds since the host started.
    pub uptime_seconds: Option<u64>,
    /// How many rules were judged, and get a line each.
    pub rules: u64,
    /// Remarks that are no findings, a line each.
    pub notes: String,
    /// The snapshot that was judged, as it was named; null when it was the host itself.
    pub snapshot: Option<String>,
    /// When it was taken, by the clock of its host, as `time` is written; null when it does not tell.
    #[serde(default)]
    pub taken_at: Option<String>,
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RuleRecord {
    /// The rule's id.
    pub rule: String,
    /// The fault in a few words, filled in for this host; null when the rule did not fire.
    pub title: Option<String>,
    /// The family the rule belongs to.
    pub mechanism: Option<String>,
    /// How much it matters, or would. A past finding is already one step lower than its rule.
    pub severity: Option<Severity>,
    /// Whether an experiment on a live kernel backs the rule (`stable`); null when the rule did not fire.
    #[serde(default)]
    pub maturity: Option<Maturity>,
    /// How it ended.
    pub result: Ended,
    /// How we know; of a rule that did not fire, what is missing or why it does not apply. Null when it holds.
    pub message: Option<String>,
    /// Why somebody accepted the finding; null when nobody did.
    pub waived_reason: Option<String>,
    /// The last day that holds, `YYYY-MM-DD`.
    pub waived_until: Option<String>,
    /// Who accepted it.
    pub waived_owner: Option<String>,
    /// How many settings the rule would change; the first one stands in this line.
    pub changes: u64,
    /// How many more listeners, destinations, lines or keys have the same fault.
    pub others: u64,
    /// The first change; of a finding about boot files its first key and line.
    #[serde(flatten)]
    pub setting: Setting,
}

/// A setting that would be changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Setting {
    /// The sysctl, dotted.
    pub key: Option<String>,
    /// The value in force, with one blank between its fields.
    pub live: Option<String>,
    /// The value this host's loader will set when it starts next, with one blank between its fields.
    pub next_boot: Option<String>,
    /// The value to set, as `/proc/sys` takes it, with one blank between its fields.
    pub recommended: Option<String>,
    /// Why the change must not be made as things stand.
    pub blocked: Option<String>,
    /// Who set the value in force, as a phrase.
    pub origin: Option<String>,
    /// The file that sets the value in force; of a finding about boot files that of the line at fault.
    pub set_by_file: Option<String>,
    /// The line in it, counted from 1.
    pub set_by_line: Option<u64>,
    /// The file that sets the value of the next boot.
    pub next_boot_file: Option<String>,
    /// The line in it, counted from 1.
    pub next_boot_line: Option<u64>,
}

/// A setting that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SettingRecord {
    /// The sysctl, dotted.
    pub key: String,
    /// The value in force, with one blank between its fields; null when it could not be read.
    pub live: Option<String>,
    /// The value after the next boot, with one blank between its fields; null when that is not known.
    pub next_boot: Option<String>,
    /// The kernel's own default, with one blank between its fields; null when that is not known.
    pub default: Option<String>,
    /// Whether the next boot brings another value; null when one of the two is not known.
    pub boot_changes: Option<bool>,
    /// The file that sets the value of the next boot; null when none does.
    pub next_boot_file: Option<String>,
    /// The line in it, counted from 1.
    pub next_boot_line: Option<u64>,
}

/// A snapshot that could not be judged, or a folder that was named and added none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnreadableRecord {
    /// The file or folder, as it was named.
    pub snapshot: String,
    /// What is wrong with it.
    pub error: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// How many snapshots came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FleetRecord {
    /// How many snapshots were named; a folder that added none counts as one.
    pub snapshots: u64,
    /// How many of them were judged.
    pub judged: u64,
    /// How many could not be.
    pub unreadable: u64,
    /// How many hosts the judged ones are of, by name.
    pub hosts: u64,
    /// Whether a signal (Ctrl-C, SIGTERM) ended the run before all of them were looked at.
    pub cut_short: bool,
}

/// How a rule ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// It is true now.
    Fires,
    /// It was true since boot, and is not now.
    Past,
    /// It fires, now or in the past, and somebody accepted that.
    Waived,
    /// It looked and found nothing.
    Holds,
    /// A fact it needs is missing. Neither a pass nor an error.
    Unknown,
    /// It has no meaning on this host.
    NotApplicable,
}

/// How many rules ended in which way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SummaryRecord {
    /// The counts; they add up to `rules`.
    #[serde(flatten)]
    pub counts: Summary,
    /// How many rules were judged.
    pub rules: u64,
    /// How many values the profile wants that this host does not have.
    pub wanted: u64,
    /// How many records the run has, this one included.
    pub records: u64,
    /// Whether a signal (Ctrl-C, SIGTERM) ended the run before it had seen what it was asked for.
    #[serde(default)]
    pub cut_short: bool,
}

impl Head {
    /// The part that all records of a run share.
    pub(super) fn of(report: &Report, run: &Run) -> Self {
        let profile = report.profile.as_ref();
        Self {
            schema: RECORD_SCHEMA.to_owned(),
            run_id: run.id.clone(),
            time: run.moment(),
            host: report.host.name.clone(),
            boot_id: report.host.boot_id.clone(),
            netns: report.host.netns.clone(),
            kernel: report.host.kernel.clone(),
            version: report.tool.version.clone(),
            profile: profile.map(|profile| profile.name.clone()),
            profile_guessed: profile.map(|profile| profile.guessed_from.is_some()),
            labels: run.labels.clone(),
        }
    }

    /// The same of a record that is about no host.
    pub(super) fn of_none(run: &Run) -> Self {
        Self {
            schema: RECORD_SCHEMA.to_owned(),
            run_id: run.id.clone(),
            time: run.moment(),
            host: "unknown host".to_owned(),
            boot_id: None,
            netns: None,
            kernel: "unknown".to_owned(),
            version: tool().version,
            profile: None,
            profile_guessed: None,
            labels: run.labels.clone(),
        }
    }
}

impl From<&Change> for Setting {
    fn from(change: &Change) -> Self {
        let next = change.next_boot_by.as_ref();
        let set_by = change.set_by.as_ref();
        Self {
            key: Some(change.key.clone()),
            live: change.live.as_deref().map(fields),
            next_boot: change.next_boot.as_deref().map(fields),
            recommended: Some(fields(&change.recommended)),
            blocked: change.blocked.clone(),
            origin: change.origin.clone(),
            set_by_file: set_by.map(|by| by.file.clone()),
            set_by_line: set_by.map(|by| by.line),
            next_boot_file: next.map(|by| by.file.clone()),
            next_boot_line: next.map(|by| by.line),
        }
    }
}

/// A value with one blank between its fields, whoever wrote it: so that equal values are equal texts.
pub(super) fn fields(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The JSON Schema (draft 2020-12) of a record, as pretty-printed JSON with a final newline.
pub fn schema() -> String {
    let generator = SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator();
    let mut schema = generator.into_root_schema_for::<Record>();
    schema.insert("$id".to_owned(), "urn:tcptune:record:1".into());
    // The parts of a record are closed together, not one by one.
    schema.insert("unevaluatedProperties".to_owned(), false.into());
    if let Some(name) = schema.pointer_mut("/properties/schema")
        && let Some(name) = name.as_object_mut()
    {
        name.insert("const".to_owned(), RECORD_SCHEMA.into());
    }
    format!("{:#}\n", schema.as_value())
}
