//! What `tcptune explain` tells, as other programs read it: `tcptune.explain/1`.
//!
//! One shape for every kind of topic, so that a page, Markdown and JSON say the same. Like the report,
//! these types are frozen on their own: within version 1 fields are only added.

mod counter;
mod diagram;
mod error;
mod key;
mod now;
mod overview;
mod prose;
mod state;
mod subject;
mod timing;

use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Deserialize, Serialize};

use super::report::Tool;

pub use now::{Basis, Now};
pub use overview::{list, overview};
pub use subject::{explain, explain_rule, references};

/// The value of `schema` in every explanation of this version.
pub const EXPLAIN_SCHEMA: &str = "tcptune.explain/1";

/// One topic, explained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "tcptune explain, version 1")]
pub struct Explanation {
    /// Name and version of this format: `tcptune.explain/1`.
    pub schema: String,
    /// The program that wrote it.
    pub tool: Tool,
    /// What is explained.
    pub topic: TopicName,
    /// What it is, in a few words.
    pub title: String,
    /// The kernel release the values are of; null when none is known.
    pub kernel: Option<String>,
    /// Where the values come from.
    pub basis: Basis,
    /// Other topics that the word may have meant.
    pub also: Vec<TopicName>,
    /// The explanation, in the order to read it.
    pub sections: Vec<Section>,
    /// The numbers in it, for programs.
    pub values: Vec<Told>,
    /// Rules that have to do with it.
    pub rules: Vec<RuleName>,
    /// Topics to read on.
    pub see: Vec<TopicName>,
    /// How sure it is: `high`, `medium` or `low`; null for lists and for rules.
    pub confidence: Option<String>,
    /// Where the claims come from.
    pub sources: Vec<SourceName>,
    /// What could not be read, one sentence each.
    pub notes: Vec<String>,
}

/// A topic by its kind and name. `tcptune explain KIND/NAME` explains exactly this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TopicName {
    /// `sysctl`, `state`, `error`, `counter`, `option`, `concept`, `timing`, `myth`, `rule`, or `list`.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// A part of an explanation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// What it is about; empty for what comes first.
    pub heading: String,
    /// What it says.
    pub blocks: Vec<Block>,
}

/// A piece of a section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// A paragraph.
    Text(String),
    /// Items.
    List(Vec<String>),
    /// Lines that stand as they are: commands, diagrams.
    Code(Vec<String>),
    /// Labels with a text beside each.
    Rows(Vec<Row>),
}

/// A label and a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The label.
    pub label: String,
    /// The text.
    pub text: String,
}

/// A number or value of the host, or of the kernel that was asked about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Told {
    /// What it is: a fact's name, or `timing.` and an id.
    pub name: String,
    /// The value as text; null when it is unknown.
    pub value: Option<String>,
    /// The same as a number, where it is one.
    pub number: Option<f64>,
    /// What the number measures.
    pub unit: Option<String>,
    /// `exact`, `at_least` or `at_most`.
    pub bound: String,
    /// Why it is unknown; null when it is known.
    pub why: Option<String>,
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleName {
    /// Its id.
    pub rule: String,
    /// How it has to do with the topic: `sets`, `reads` or `about`.
    pub how: String,
    /// What it says in one line.
    pub title: String,
}

/// A source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceName {
    /// What it is.
    pub title: String,
    /// Where it is; null for what was tried.
    pub url: Option<String>,
}

impl Section {
    /// A section of one paragraph; nothing for an empty text.
    fn text(heading: &str, text: Option<&str>) -> Option<Self> {
        let text = text.filter(|text| !text.trim().is_empty())?;
        Some(Self {
            heading: heading.to_owned(),
            blocks: vec![Block::Text(text.trim().to_owned())],
        })
    }

    /// A section of rows; nothing without any.
    fn rows(heading: &str, rows: Vec<Row>) -> Option<Self> {
        Self::of(heading, Block::Rows(rows))
    }

    /// A section of items; nothing without any.
    fn list(heading: &str, items: Vec<String>) -> Option<Self> {
        Self::of(heading, Block::List(items))
    }

    /// A section of one block; nothing for an empty one.
    fn of(heading: &str, block: Block) -> Option<Self> {
        let empty = match &block {
            Block::Text(text) => text.is_empty(),
            Block::List(lines) | Block::Code(lines) => lines.is_empty(),
            Block::Rows(rows) => rows.is_empty(),
        };
        (!empty).then(|| Self {
            heading: heading.to_owned(),
            blocks: vec![block],
        })
    }
}

impl Row {
    fn new(label: &str, text: impl Into<String>) -> Self {
        Self {
            label: label.to_owned(),
            text: text.into(),
        }
    }
}

impl RuleName {
    /// What it says, and how it has to do with the topic.
    pub(super) fn told(&self) -> String {
        // A title that is nothing but values says nothing without them.
        let says = self.title.chars().any(char::is_alphanumeric);
        if says {
            format!("{} ({})", self.title, self.how)
        } else {
            format!("({})", self.how)
        }
    }
}

impl Told {
    /// A value that is known.
    fn known(name: String, value: String, unit: Option<&str>) -> Self {
        Self {
            name,
            number: value.parse().ok(),
            value: Some(value),
            unit: unit.map(str::to_owned),
            bound: "exact".to_owned(),
            why: None,
        }
    }

    /// A value that is not.
    fn unknown(name: String, why: String) -> Self {
        Self {
            name,
            value: None,
            number: None,
            unit: None,
            bound: "exact".to_owned(),
            why: Some(why),
        }
    }
}

/// The JSON Schema (draft 2020-12) of an explanation, as pretty-printed JSON with a final newline.
pub fn schema() -> String {
    let generator = SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator();
    let mut schema = generator.into_root_schema_for::<Explanation>();
    schema.insert("$id".to_owned(), "urn:tcptune:explain:1".into());
    if let Some(name) = schema.pointer_mut("/properties/schema")
        && let Some(name) = name.as_object_mut()
    {
        name.insert("const".to_owned(), EXPLAIN_SCHEMA.into());
    }
    format!("{:#}\n", schema.as_value())
}
