//! The rules themselves, their cases and what lint says of them, as other programs read it:
//! `tcptune.rules/1`, `tcptune.rules-test/1` and `tcptune.rules-lint/1`.
//!
//! Like the report, these types are frozen on their own. Within version 1 fields are only added; `null`
//! means that there is none.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Deserialize, Serialize};

use super::finding::{Kind, Maturity, Owner, Scope, Severity};
use super::report::Tool;

/// The value of `schema` in every list of rules of this version.
pub const RULES_SCHEMA: &str = "tcptune.rules/1";
/// The value of `schema` in every result of `rules test` of this version.
pub const TEST_SCHEMA: &str = "tcptune.rules-test/1";
/// The value of `schema` in every result of `rules lint` of this version.
pub const LINT_SCHEMA: &str = "tcptune.rules-lint/1";

/// Every rule that is known, by id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "tcptune rules list, version 1")]
pub struct RuleList {
    /// Name and version of this format: `tcptune.rules/1`.
    pub schema: String,
    /// The program that wrote the list.
    pub tool: Tool,
    /// The rules.
    pub rules: Vec<RuleRow>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleRow {
    /// The rule's id.
    pub id: String,
    /// How much a finding of it matters.
    pub severity: Severity,
    /// What it judges by.
    pub kind: Kind,
    /// Whether an experiment on a live kernel backs it.
    pub maturity: Maturity,
    /// What its settings and counters are about.
    pub scope: Scope,
    /// Who can remove the fault.
    pub owner: Owner,
    /// The family it belongs to.
    pub mechanism: String,
    /// Whether it came with the program.
    pub built_in: bool,
    /// The file it was read from; of a built-in rule its path in the source.
    pub file: String,
    /// Whether it took the place of a rule of the same id.
    pub replaces: bool,
    /// The file that disables it, so that it is not judged; null when it is judged.
    pub disabled_by: Option<String>,
    /// Why it is disabled, as that file says.
    pub disabled_because: Option<String>,
    /// What the site has accepted of its findings.
    pub waivers: Vec<RuleWaiver>,
}

/// A waiver of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleWaiver {
    /// The key it is for; null for whatever the rule finds.
    pub key: Option<String>,
    /// Why.
    pub reason: String,
    /// Who accepted it.
    pub owner: String,
    /// The last day it holds, `YYYY-MM-DD`.
    pub until: String,
    /// Whether that day is over.
    pub expired: bool,
}

/// The rules of a folder, judged by their cases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "tcptune rules test, version 1")]
pub struct TestReport {
    /// Name and version of this format: `tcptune.rules-test/1`.
    pub schema: String,
    /// The program that judged them.
    pub tool: Tool,
    /// How many cases came out as written.
    pub passed: u64,
    /// How many did not; a rule without cases counts as one.
    pub failed: u64,
    /// The rules, by id.
    pub rules: Vec<TestedRule>,
}

/// A rule with its cases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestedRule {
    /// The rule's id.
    pub rule: String,
    /// Whether the rule of the program was judged, since the folder has none of this id.
    pub built_in: bool,
    /// The file of the cases; of a rule without cases, the rule's.
    pub file: String,
    /// The cases, in the order written; none is a failure.
    pub cases: Vec<TestedCase>,
}

/// A case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestedCase {
    /// Its name.
    pub name: String,
    /// Its line in the file, counted from 1.
    pub line: u32,
    /// What did not come out as written; empty when it passed.
    pub faults: Vec<String>,
}

/// What lint says of the rules of a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "tcptune rules lint, version 1")]
pub struct LintReport {
    /// Name and version of this format: `tcptune.rules-lint/1`.
    pub schema: String,
    /// The program that looked.
    pub tool: Tool,
    /// How many rules were looked at.
    pub rules: u64,
    /// What was found, by file and place.
    pub findings: Vec<LintFinding>,
}

/// One thing that lint found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LintFinding {
    /// What it is, stable for ever: `unbounded-target`.
    pub code: String,
    /// The rule.
    pub rule: String,
    /// The rule's file.
    pub file: String,
    /// The line, counted from 1; null when the file as a whole is meant.
    pub line: Option<u64>,
    /// The column in characters, counted from 1.
    pub column: Option<u64>,
    /// In words.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl TestReport {
    /// What was judged, counted.
    pub fn of(rules: Vec<TestedRule>) -> Self {
        let (mut passed, mut failed) = (0, 0);
        for rule in &rules {
            failed += u64::from(rule.cases.is_empty());
            for case in &rule.cases {
                if case.faults.is_empty() {
                    passed += 1;
                } else {
                    failed += 1;
                }
            }
        }
        Self {
            schema: TEST_SCHEMA.to_owned(),
            tool: super::tool(),
            passed,
            failed,
            rules,
        }
    }
}

/// The JSON Schema of a list of rules.
pub fn list_schema() -> String {
    schema::<RuleList>("urn:tcptune:rules:1", RULES_SCHEMA)
}

/// The JSON Schema of what `rules test` writes.
pub fn test_schema() -> String {
    schema::<TestReport>("urn:tcptune:rules-test:1", TEST_SCHEMA)
}

/// The JSON Schema of what `rules lint` writes.
pub fn lint_schema() -> String {
    schema::<LintReport>("urn:tcptune:rules-lint:1", LINT_SCHEMA)
}

/// The JSON Schema of a format, with its address and its own name in it.
pub(super) fn schema<T: JsonSchema>(id: &str, name: &str) -> String {
    let generator = SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator();
    let mut schema = generator.into_root_schema_for::<T>();
    schema.insert("$id".to_owned(), id.into());
    if let Some(field) = schema.pointer_mut("/properties/schema")
        && let Some(field) = field.as_object_mut()
    {
        field.insert("const".to_owned(), name.into());
    }
    format!("{:#}\n", schema.as_value())
}
