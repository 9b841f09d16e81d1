//! Verdicts and findings.

use crate::fact::Value;
use crate::fact::boot::Place;
use crate::rule::expr::{ExprType, Missing, Outcome};
use crate::rule::{Rule, Severity, Waiver};

/// What a rule says of a snapshot. Exactly one for each rule.
#[derive(Debug)]
pub enum Verdict {
    /// The fault is there.
    Fires(Box<Finding>),
    /// It is not.
    Holds,
    /// It cannot be said; the facts that are missing. Never a pass.
    Unknown(Vec<Missing>),
    /// The rule is about something this kernel does not have.
    NotApplicable(String),
}

/// A rule with its verdict.
#[derive(Debug)]
pub struct Judgement<'r> {
    /// The rule.
    pub rule: &'r Rule,
    /// The verdict.
    pub verdict: Verdict,
}

/// When the fault was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// In the window.
    Now,
    /// Some time since boot, and not in the window.
    Past,
}

/// A fault that was found.
#[derive(Debug)]
pub struct Finding {
    /// Severity; one step below the rule's for a past fault.
    pub severity: Severity,
    /// When.
    pub period: When,
    /// Headline.
    pub title: String,
    /// How we know.
    pub message: String,
    /// The facts, with values.
    pub evidence: Vec<Evidence>,
    /// What the rule would set; empty for past faults and for those that wait.
    pub proposals: Vec<Proposal>,
    /// Why the changes may not be made; from the rule's guards.
    pub blocked: Option<String>,
    /// What has to happen before a change that is already made is in force.
    pub waiting: Option<String>,
    /// What somebody else should do first.
    pub first: Option<String>,
    /// What no setting can do.
    pub advice: Option<String>,
    /// What the change costs.
    pub cost: Option<String>,
    /// How many more subjects show the same fault.
    pub others: usize,
    /// Of a rule about lines or keys of the boot configuration, or about waivers: every one that has the fault, in the
    /// order they are read, the one in `message` first; at most [`INSTANCES`].
    pub instances: Vec<Instance>,
    /// The waiver under which somebody accepted it; it then proposes nothing.
    pub waived: Option<Waiver>,
    /// Waivers of single keys, which are not in this finding any more.
    pub waived_keys: Vec<Waiver>,
}

/// The most instances a finding lists; `others` counts all.
pub const INSTANCES: usize = 200;

/// One line, one key or one waiver with the fault of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// The key; of a waiver its rule.
    pub key: String,
    /// The line at fault, or the line that sets the key at boot; `None` where no file does.
    pub place: Option<Place>,
    /// The value as the line has it; of a key without a line, the value now.
    pub value: Option<String>,
    /// The rule's message for it.
    pub message: String,
}

/// One fact of a finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// The expression, as the rule writes it.
    pub fact: String,
    /// Its value; `Unknown` where it could not be had.
    pub value: Outcome,
    /// Its type, with the unit of a number.
    pub ty: ExprType,
    /// The value written for people.
    pub shown: String,
    /// Whether it rests on a sample of the sockets, not on all.
    pub sampled: bool,
    /// How far a number that rests on a sample may be off, in its own unit: in 95 of 100 samples it is no
    /// farther.
    pub error: Option<f64>,
}

/// One value a rule would set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The key.
    pub key: String,
    /// The value now.
    pub live: Option<Value>,
    /// The value wanted.
    pub recommended: Value,
}
