//! What `tcptune why` tells, as other programs read it: `tcptune.why/1`.
//!
//! Like the report, these types are frozen on their own. Within version 1 fields are only added; `null`
//! means "not computed".

mod key;
mod reason;
mod summary;

use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Deserialize, Serialize};

use super::finding::Scope;
use super::report::{Tool, Verdict};

pub(super) use key::unit;
pub use key::{Inquiry, why};

/// The value of `schema` in every answer of this version.
pub const WHY_SCHEMA: &str = "tcptune.why/1";

/// Who set which key, and what follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "tcptune why, version 1")]
pub struct Why {
    /// Name and version of this format: `tcptune.why/1`.
    pub schema: String,
    /// The program that wrote the answer.
    pub tool: Tool,
    /// The kernel release the values are of; null when files alone were looked at.
    pub kernel: Option<String>,
    /// The program that loads the files at boot: `systemd` or `procps`; null when no boot files apply.
    pub engine: Option<String>,
    /// How the loader was found out, or why no boot files apply.
    pub decided: Option<String>,
    /// Whether files alone were looked at: no rule was judged then, and no key has any.
    #[serde(default)]
    pub files_only: bool,
    /// The keys, by name.
    pub keys: Vec<WhyKey>,
    /// What could not be read, and what is odd about a file, one sentence or line each.
    pub notes: Vec<String>,
}

/// One key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WhyKey {
    /// The sysctl, dotted: `net.core.somaxconn`. A slash stands for a dot of an interface name.
    pub key: String,
    /// What there is to say in one line.
    pub summary: String,
    /// The value in force, as `/proc/sys` takes it; null when it cannot be read or was not looked at.
    pub live: Option<String>,
    /// The value after the next boot, by the loader's files; null when it cannot be told.
    pub next_boot: Option<String>,
    /// The value if `sysctl --system` were run now; null when it cannot be told.
    pub system_now: Option<String>,
    /// The value a rule asks for on this host; null when none does.
    pub recommended: Option<String>,
    /// The kernel's own default; null when it is not known.
    pub default: Option<String>,
    /// What the kernel does with it, in a sentence or two; null for a key of which nothing is known.
    pub about: Option<String>,
    /// What the setting is about on this kernel; null for a key the catalogue does not know, and where the
    /// release of a vendor's kernel does not tell.
    pub scope: Option<Scope>,
    /// Every line that sets or excludes it, in the order they are read.
    pub definitions: Vec<WhyDefinition>,
    /// The rules that read or set it.
    pub rules: Vec<WhyRule>,
    /// Other programs that set it, as far as their configuration is known.
    pub writers: Vec<WhyWriter>,
    /// Whether the kernel has it; null when that was not looked at.
    pub exists: Option<bool>,
    /// What its numbers measure; null for plain numbers and for text.
    pub unit: Option<String>,
    /// The first Linux release without it; null for a key that is still there.
    pub removed_in: Option<String>,
    /// What took its place.
    pub replacement: Option<String>,
    /// The reason of each value.
    pub reasons: Reasons,
}

/// Where each value comes from, or why there is none: phrases.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reasons {
    /// Of the value in force.
    pub live: String,
    /// Of the value after the next boot.
    pub next_boot: String,
    /// Of the value after `sysctl --system`.
    pub system_now: String,
    /// Of the value that is recommended.
    pub recommended: String,
    /// Of the kernel's default.
    pub default: String,
    /// What the scope means on this kernel; empty for a key the catalogue does not know.
    #[serde(default)]
    pub scope: String,
}

/// One line that sets or excludes a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WhyDefinition {
    /// The file's path, as the loader names it.
    pub file: String,
    /// The line, counted from 1.
    pub line: Option<u32>,
    /// The value as written; null for an exclusion.
    pub value: Option<String>,
    /// What becomes of it at boot: `wins`, `shadowed`, `masked`, `excluded`, `ignored` or `invalid`.
    pub fate: String,
    /// What shadows, masks or excludes it: `FILE:LINE`.
    pub by: Option<String>,
    /// Why it is ignored or invalid.
    pub why: Option<String>,
    /// The name or pattern as it is written in the file.
    pub pattern: String,
}

/// A rule that has to do with a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WhyRule {
    /// The rule's id.
    pub rule: String,
    /// Whether it may set the key; else it only reads it.
    pub sets: bool,
    /// Whether it fires on this host now.
    pub fires: bool,
    /// How it ended when it does not fire; null when it fires or was not judged.
    pub verdict: Option<Verdict>,
}

/// Another program that sets a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WhyWriter {
    /// Who: `ufw`, `docker`, `tuned profile throughput-performance`.
    pub name: String,
    /// Where it is configured.
    pub file: String,
    /// The line, counted from 1.
    pub line: Option<u32>,
    /// The value; null where none is stated.
    pub value: Option<String>,
    /// When it sets it, seen from the boot files.
    pub when: String,
}

/// The JSON Schema (draft 2020-12) of an answer, as pretty-printed JSON with a final newline.
pub fn schema() -> String {
    let generator = SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator();
    let mut schema = generator.into_root_schema_for::<Why>();
    schema.insert("$id".to_owned(), "urn:tcptune:why:1".into());
    if let Some(name) = schema.pointer_mut("/properties/schema")
        && let Some(name) = name.as_object_mut()
    {
        name.insert("const".to_owned(), WHY_SCHEMA.into());
    }
    format!("{:#}\n", schema.as_value())
}
