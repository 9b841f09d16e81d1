//! A plan as a file: `tcptune.plan/1`, written to be reviewed, and applied as it is or not at all.

use std::collections::BTreeMap;

use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Deserialize, Serialize};

use super::prepare::{forbidden, unfit_for_a_file};

/// Name and version of the format.
pub const PLAN_SCHEMA: &str = "tcptune.plan/1";

/// A plan, with everything it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "tcptune plan, version 1")]
pub struct PlanFile {
    /// Name and version of this format: `tcptune.plan/1`.
    pub schema: String,
    /// Version of the program that wrote it.
    pub tool: String,
    /// The host's name, for people.
    pub host: Option<String>,
    /// When it was made, in seconds since 1970.
    pub at: u64,
    /// The boot it is for (`/proc/sys/kernel/random/boot_id`); it fits no other.
    pub boot_id: String,
    /// The inode number of the network namespace it is for; it fits no other.
    pub netns: u64,
    /// Why live values only are changed; null when the changes are to outlast the next boot.
    pub live_only: Option<String>,
    /// The changes, in the order they are written.
    pub changes: Vec<PlannedChange>,
    /// What was wanted and is not in the plan.
    pub not_done: Vec<PlannedLeft>,
    /// The drop-in; null when live values only are changed.
    pub dropin: Option<PlannedFile>,
    /// Every file that was read to tell the next boot, the drop-in apart: its SHA-256, or why it could not
    /// be read.
    pub files: BTreeMap<String, String>,
}

/// One change of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlannedChange {
    /// The sysctl, dotted.
    pub key: String,
    /// The text before, as the kernel shows it; the plan fits only while it is this.
    pub before: String,
    /// The text to write.
    pub after: String,
    /// The rules that want it.
    pub rules: Vec<String>,
}

/// What is not in a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlannedLeft {
    /// The sysctl, dotted.
    pub key: String,
    /// The value that was wanted.
    pub wanted: String,
    /// Why it is not in the plan.
    pub why: String,
}

/// The drop-in, before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlannedFile {
    /// Its path.
    pub path: String,
    /// SHA-256 of the file as it is; null when there is none.
    pub before: Option<String>,
    /// Its permission bits after the change.
    pub mode: u32,
    /// Its whole text after the change, but for the day and the number of the apply in its comments.
    pub after: String,
}

impl PlanFile {
    /// What must not be applied of it, whoever wrote it: one phrase each. The file may have been edited.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.changes.is_empty() {
            faults.push("it holds no change".to_owned());
        }
        let mut keys: Vec<&str> = Vec::new();
        for change in &self.changes {
            let key = &change.key;
            let in_file = || match self.live_only {
                Some(_) => None,
                None => unfit_for_a_file(key, &change.after),
            };
            if let Some(why) = forbidden(key, &change.after).or_else(in_file) {
                faults.push(format!("`{key}` to `{}`: {why}", change.after));
            }
            if keys.contains(&key.as_str()) {
                faults.push(format!("`{key}` is in it twice"));
            }
            let id = |rule: &String| {
                let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
                // What a profile wants stands under the profile's name.
                let id = rule.strip_prefix("profile:").unwrap_or(rule);
                !id.is_empty() && id.chars().all(plain)
            };
            if !change.rules.iter().all(id) {
                faults.push(format!("`{key}` names something that is no rule"));
            }
            keys.push(key);
        }
        faults
    }
}

/// The JSON Schema (draft 2020-12) of a plan, as pretty-printed JSON with a final newline.
pub fn plan_schema() -> String {
    let generator = SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator();
    let mut schema = generator.into_root_schema_for::<PlanFile>();
    schema.insert("$id".to_owned(), "urn:tcptune:plan:1".into());
    if let Some(name) = schema.pointer_mut("/properties/schema")
        && let Some(name) = name.as_object_mut()
    {
        name.insert("const".to_owned(), PLAN_SCHEMA.into());
    }
    format!("{:#}\n", schema.as_value())
}
