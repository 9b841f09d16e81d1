//! The findings of a report: what fires, the evidence, and the changes that would help.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A rule that fires, with what was seen and what can be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The rule's id, stable for ever: `accept-queue-overflow`.
    pub rule: String,
    /// The fault in a few words, filled in for this host.
    pub title: String,
    /// The family the rule belongs to, for example `accept-queue`.
    pub mechanism: String,
    /// How much it matters. A past finding is already one step lower than its rule.
    pub severity: Severity,
    /// What the rule judges by.
    pub kind: Kind,
    /// Whether an experiment on a live kernel backs the rule.
    pub maturity: Maturity,
    /// What the rule's settings and counters are about.
    pub scope: Scope,
    /// Who can remove the fault.
    pub owner: Owner,
    /// Whether it is true now or only was since boot.
    pub period: Period,
    /// How we know: one or two sentences with numbers.
    pub message: String,
    /// The facts the verdict rests on.
    pub evidence: Vec<Evidence>,
    /// The settings that would help; empty when no setting does. Always empty for a past finding.
    pub changes: Vec<Change>,
    /// What must restart before a setting that is already right takes effect; null when nothing waits.
    pub waiting: Option<String>,
    /// What no setting can do; null when the changes are the whole answer.
    pub advice: Option<String>,
    /// The rule's explanation, Markdown.
    pub explain: Option<String>,
    /// Where the claims can be checked.
    pub references: Vec<Reference>,
    /// Who accepted this finding and until when; null when nobody did.
    pub waived: Option<Waiver>,
    /// What the owner should do before any setting is touched; null when nothing comes first.
    #[serde(default)]
    pub first: Option<String>,
    /// What the changes cost, one line.
    #[serde(default)]
    pub cost: Option<String>,
    /// How many more listeners, destinations, lines or keys have the same fault; the worst one, or the
    /// first, is reported.
    #[serde(default)]
    pub others: u64,
    /// Of a rule about the boot configuration or about waivers: every line, key or waiver with the fault,
    /// the one in `message` first, at most 200 of them (`others` counts all). Empty for all other rules.
    #[serde(default)]
    pub instances: Vec<Instance>,
    /// Single keys that somebody accepted: the rule fires for them too, and they are in no other part of
    /// this finding. Empty when the whole finding is waived.
    #[serde(default)]
    pub waived_keys: Vec<WaivedKey>,
}

/// One line or key of the boot configuration, or one waiver, that has the fault of a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Instance {
    /// The sysctl, dotted: `net.core.somaxconn`; of a waiver its rule.
    pub key: String,
    /// The file of the line at fault, or of the line that sets the key at boot; null when no file does.
    pub file: Option<String>,
    /// The line, counted from 1.
    pub line: Option<u64>,
    /// The value as the line has it; of a key that no file sets, the value in force.
    pub value: Option<String>,
    /// The finding's message for it.
    pub message: String,
}

impl Finding {
    /// Whether a change is proposed that nothing blocks.
    pub fn is_open(&self) -> bool {
        self.changes.iter().any(Change::is_open)
    }

    /// The key that puts findings into the order they are shown in: what is true now before what was,
    /// accepted ones last; within that by severity, then by rule id.
    pub fn rank(&self) -> (bool, Period, Severity, &str) {
        (
            self.waived.is_some(),
            self.period,
            self.severity,
            &self.rule,
        )
    }
}

/// How much a finding matters, most first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Connections or data are being lost.
    High,
    /// Something will fail under load, or fails rarely.
    Medium,
    /// Worth putting right, nothing is failing.
    Low,
    /// Worth knowing; may well be intended.
    Info,
}

/// What a rule judges by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Counters and sockets: something is happening.
    Symptom,
    /// Values alone: something is set.
    Setting,
}

/// Whether a rule is backed by an experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Maturity {
    /// An experiment on a live kernel shows the fault and the cure.
    Stable,
    /// It rests on sources and reasoning so far.
    Preview,
}

/// What a setting or counter is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// One network namespace.
    Netns,
    /// The whole host, every namespace and container on it.
    Host,
}

/// Who can remove a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// Whoever runs this host.
    Host,
    /// Whoever runs the application that holds the sockets.
    Application,
    /// Whoever runs the other end.
    Peer,
    /// Whoever runs what is in between.
    Network,
}

impl Owner {
    /// The owner as a word.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Application => "application",
            Self::Peer => "peer",
            Self::Network => "network",
        }
    }
}

/// When a finding is or was true.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// In the window of this report.
    Now,
    /// Since the host started, and not in the window.
    Past,
}

/// One fact a verdict rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The fact or expression, as the rule names it: `sysctl.net.core.somaxconn`.
    pub fact: String,
    /// Its value; null when it could not be computed.
    pub value: Option<Scalar>,
    /// What a number is a number of; null for text and switches.
    pub unit: Option<Unit>,
    /// The value as people read it, with unit: `28,114`, `3.2 /s`, `97 %`.
    pub shown: String,
    /// Whether it was estimated from a part of the sockets rather than counted. `shown` then says of
    /// how many: `~123,400 (sampled 20,000 of 512,000, ±1,100)`.
    pub sampled: bool,
    /// How far an estimated number may be off, in its unit: in 95 of 100 samples it is no farther. Null
    /// for what was counted and for what is no number.
    #[serde(default)]
    pub error: Option<f64>,
}

/// The value of a fact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Scalar {
    /// A switch.
    Bool(bool),
    /// A whole number.
    Whole(i64),
    /// Any other number.
    Real(f64),
    /// Text.
    Text(String),
}

impl Scalar {
    /// A number as JSON can hold it: whole where it is whole, `None` where it is not finite.
    pub fn number(number: f64) -> Option<Self> {
        /// 2^53: up to here every whole `f64` is the number that was meant.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if !number.is_finite() {
            return None;
        }
        if number.fract() == 0.0 && number.abs() <= EXACT {
            #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
            return Some(Self::Whole(number as i64));
        }
        Some(Self::Real(number))
    }
}

/// What a number is a number of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A plain number: a ratio, a level.
    Number,
    /// A count of things: sockets, segments, ports.
    Count,
    /// Things per second, over the window.
    PerSecond,
    /// Hundredths.
    Percent,
    /// Bytes.
    Bytes,
    /// Memory pages of the host.
    Pages,
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// Microseconds.
    Microseconds,
    /// Nanoseconds.
    Nanoseconds,
}

/// One setting that would help.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The sysctl, dotted: `net.core.somaxconn`.
    pub key: String,
    /// What the setting is about.
    pub scope: Scope,
    /// The value in force, as `/proc/sys` shows it; null when it cannot be read.
    pub live: Option<String>,
    /// The value to set, as `/proc/sys` takes it.
    pub recommended: String,
    /// The value this host's loader will set when it starts next.
    pub next_boot: Option<String>,
    /// The line that sets the value now.
    pub set_by: Option<SetBy>,
    /// Why the change must not be made as things stand; null when it may be made.
    pub blocked: Option<String>,
    /// Who set the value in force, as a phrase: `kernel default`; null when it cannot be told.
    #[serde(default)]
    pub origin: Option<String>,
    /// The line that sets the value of the next boot; null when none does.
    #[serde(default)]
    pub next_boot_by: Option<SetBy>,
}

impl Change {
    /// Whether the change may be made and taken back: nothing blocks it and the present value is known.
    pub const fn is_open(&self) -> bool {
        self.blocked.is_none() && self.live.is_some()
    }
}

/// A line of a boot configuration file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetBy {
    /// The file's path.
    pub file: String,
    /// The line, counted from 1.
    pub line: u64,
}

/// A place where a claim can be checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// What it is called.
    pub title: String,
    /// Where it is.
    pub url: String,
}

/// Somebody's decision to live with a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// Why.
    pub reason: String,
    /// The last day it holds, `YYYY-MM-DD`; null for no end.
    pub until: Option<String>,
    /// Who accepted it; null when nobody says.
    #[serde(default)]
    pub owner: Option<String>,
}

impl Waiver {
    /// Who accepted it and until when, in parentheses, a blank in front; nothing where neither is known.
    pub(super) fn terms(&self) -> String {
        terms(self.owner.as_deref(), self.until.as_deref())
    }
}

impl WaivedKey {
    /// Who accepted it and until when, in parentheses, a blank in front.
    pub(super) fn terms(&self) -> String {
        terms(Some(&self.owner), Some(&self.until))
    }
}

fn terms(owner: Option<&str>, until: Option<&str>) -> String {
    let until = until.map(|day| format!("until {day}"));
    let known: Vec<&str> = owner.into_iter().chain(until.as_deref()).collect();
    if known.is_empty() {
        String::new()
    } else {
        format!(" ({})", known.join(", "))
    }
}

/// Somebody's decision to live with a finding for one key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaivedKey {
    /// The sysctl, dotted.
    pub key: String,
    /// Why.
    pub reason: String,
    /// The last day it holds, `YYYY-MM-DD`.
    pub until: String,
    /// Who accepted it.
    pub owner: String,
}
