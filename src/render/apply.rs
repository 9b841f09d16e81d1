//! What became of an apply, and the list of all, as other programs read it: `tcptune.apply/1` and
//! `tcptune.history/1`.
//!
//! Like the report, these types are frozen on their own. Within version 1 fields are only added; `null`
//! means "not computed".

use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Deserialize, Serialize};

use super::report::Tool;

/// The value of `schema` in every document of this version.
pub const APPLY_SCHEMA: &str = "tcptune.apply/1";
/// The value of `schema` in every list of this version.
pub const HISTORY_SCHEMA: &str = "tcptune.history/1";

/// What became of one apply, or of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "tcptune apply, version 1")]
pub struct ApplyReport {
    /// Name and version of this format: `tcptune.apply/1`.
    pub schema: String,
    /// The program that wrote it.
    pub tool: Tool,
    /// The host's name.
    pub host: Option<String>,
    /// The kernel release.
    pub kernel: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// The number of the apply; null when there is none.
    pub id: Option<u32>,
    /// The changes, in the order they are written.
    pub changes: Vec<AppliedChange>,
    /// What was wanted and is not done.
    pub not_done: Vec<NotDone>,
    /// Why live values only are changed; null when the changes outlast the next boot.
    pub live_only: Option<String>,
    /// The file that makes them last; null when there is none.
    pub dropin: Option<String>,
    /// The text of that file before this run; null when there was none, or it is not changed.
    #[serde(default)]
    pub dropin_before: Option<String>,
    /// Its text after this run, or as a plan would make it; null when there is none then, or it is not changed.
    #[serde(default)]
    pub dropin_after: Option<String>,
    /// What went wrong, one phrase each.
    pub faults: Vec<String>,
    /// What goes on with an older value.
    pub not_in_force: Vec<Lag>,
    /// Until when it waits to be confirmed; null when it does not.
    pub confirm: Option<Confirm>,
    /// What was measured after the change; null when nothing was.
    pub proof: Option<Proof>,
    /// The command that takes it back; null when there is nothing to take back.
    pub undo: Option<String>,
    /// Remarks, one sentence or line each.
    pub notes: Vec<String>,
}

/// How an apply, a confirmation or a rollback ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// There is nothing to do.
    NothingToDo,
    /// A plan was shown, or written to a file; nothing was changed.
    Planned,
    /// A plan was shown and not agreed to; nothing was changed.
    Declined,
    /// Everything is as wanted.
    Committed,
    /// Live values are as wanted and will be taken back unless confirmed.
    Waiting,
    /// It was not confirmed in time, and was taken back.
    NotConfirmed,
    /// Something failed, and everything is as before.
    TakenBack,
    /// Something failed, and a part of the way back as well: a person has to look.
    Diverged,
    /// It was taken back, as asked.
    RolledBack,
}

/// One change of an apply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AppliedChange {
    /// The sysctl, dotted.
    pub key: String,
    /// The text before, as the kernel showed it.
    pub before: String,
    /// The text wanted.
    pub after: String,
    /// The rules that want it.
    pub rules: Vec<String>,
    /// How the rules know, one message each.
    pub reasons: Vec<String>,
    /// What it costs, one line each.
    pub costs: Vec<String>,
    /// Who set the value before, as a phrase: `kernel default`; null when it cannot be told.
    pub origin: Option<String>,
    /// The value the next boot brings without this apply; null when it cannot be told.
    pub next_boot_before: Option<String>,
    /// The value the next boot brings with it; null when it does not outlast the boot.
    pub next_boot: Option<String>,
    /// What came of the write: `written`, `unchanged`, `refused (EINVAL)`; null when it was not tried.
    pub written: Option<String>,
    /// What came of taking it back; null when that was not tried.
    pub undone: Option<String>,
    /// Whether a person has to look at it.
    pub needs_a_person: bool,
}

/// A change that is not made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotDone {
    /// The sysctl, dotted.
    pub key: String,
    /// The value that was wanted.
    pub wanted: String,
    /// Why not.
    pub why: String,
}

/// Something that goes on with an older value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lag {
    /// The sysctl, dotted.
    pub key: String,
    /// What keeps the old value, and what ends it.
    pub what: String,
    /// How many sockets; null where they cannot be counted.
    pub count: Option<u64>,
}

/// A confirmation that is waited for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirm {
    /// How long it waits in all.
    pub seconds: u64,
    /// The command that confirms.
    pub command: String,
}

/// What was measured after a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// How long it was watched.
    pub seconds: u64,
    /// The symptom rules behind the changes.
    pub rules: Vec<ProvenRule>,
    /// Whether at least one of them no longer fires; null when none is known to be gone and of some it cannot
    /// be told.
    pub improved: Option<bool>,
}

/// A symptom before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProvenRule {
    /// The rule's id.
    pub rule: String,
    /// What it said before.
    pub before: String,
    /// What it says now, or why that cannot be told; null when it no longer fires.
    pub after: Option<String>,
    /// Whether nothing can be told of it: the setting is not in force yet, or a fact is missing.
    #[serde(default)]
    pub cannot_be_told: bool,
}

/// Every apply of this host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "tcptune history, version 1")]
pub struct HistoryReport {
    /// Name and version of this format: `tcptune.history/1`.
    pub schema: String,
    /// The program that wrote it.
    pub tool: Tool,
    /// The folder that was looked into: root has one, and everybody else one of their own.
    pub journal: String,
    /// The applies, newest first.
    pub applies: Vec<Past>,
    /// Records that cannot be read, one phrase each.
    pub problems: Vec<String>,
}

/// One apply of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Past {
    /// Its number.
    pub id: u32,
    /// When it began, in seconds since 1970.
    pub at: u64,
    /// Who asked for it; null when that is not known.
    pub user: Option<String>,
    /// How far it came: `committed`, `waiting`, `rolled back`, `diverged`, or a state a crash left.
    pub state: String,
    /// Whether it is open and has to be closed before anything else is changed; why.
    pub open: Option<String>,
    /// The command that closes it; null when it is not open, or is closed by the next run itself.
    #[serde(default)]
    pub closed_by: Option<ClosedBy>,
    /// Whether it was made in this boot.
    pub this_boot: bool,
    /// Whether it was made in this network namespace.
    pub this_netns: bool,
    /// Whether it changed the drop-in.
    pub lasting: bool,
    /// The changes.
    pub changes: Vec<PastChange>,
    /// Why it did not end as planned, one phrase each.
    pub faults: Vec<String>,
    /// What was measured after the change; null when nothing was.
    pub proof: Option<Proof>,
}

/// What closes an apply that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClosedBy {
    /// `tcptune confirm`, or the time it waits: nobody else may change anything meanwhile.
    Confirm,
    /// `tcptune rollback`: whoever made it is gone, and it is left half done.
    Rollback,
}

/// One change of a past apply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PastChange {
    /// The sysctl, dotted.
    pub key: String,
    /// The text before.
    pub before: String,
    /// The text wanted.
    pub after: String,
    /// The rules that wanted it.
    pub rules: Vec<String>,
    /// What came of taking it back; null when that was not tried.
    pub undone: Option<String>,
}

/// The JSON Schema (draft 2020-12) of what became of an apply.
pub fn schema() -> String {
    schema_of::<ApplyReport>("apply", APPLY_SCHEMA)
}

/// The JSON Schema (draft 2020-12) of the list.
pub fn history_schema() -> String {
    schema_of::<HistoryReport>("history", HISTORY_SCHEMA)
}

fn schema_of<T: JsonSchema>(name: &str, version: &str) -> String {
    let generator = SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator();
    let mut schema = generator.into_root_schema_for::<T>();
    schema.insert("$id".to_owned(), format!("urn:tcptune:{name}:1").into());
    if let Some(field) = schema.pointer_mut("/properties/schema")
        && let Some(field) = field.as_object_mut()
    {
        field.insert("const".to_owned(), version.into());
    }
    format!("{:#}\n", schema.as_value())
}
