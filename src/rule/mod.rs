//! What we believe: schema, expressions, the rulebook, explanations, cases.
//!
//! This floor knows what a rule *is* and whether it makes sense. It judges nothing and reads no file:
//! texts come in, checked rules or all their problems come out.

mod case;
mod case_boot;
mod case_texts;
pub mod expr;
mod fields;
mod form;
mod json_schema;
mod layer;
mod places;
mod problem;
mod profile;
mod read;
mod rulebook;
mod schema;
mod selection;
mod terms;
mod vocabulary;
mod waiver;
mod yaml;

pub use case::{Case, CaseFile, Expect, parse_cases};
pub use expr::Template;
pub use json_schema::{case_schema, profile_schema, rule_schema, waiver_schema};
pub use layer::{Disabled, Layer, parse_rule};
pub use places::Places;
pub use problem::{Problem, ProblemKind, Source};
pub use profile::{Profile, Wish};
pub use rulebook::{RuleFile, Rulebook};
pub use schema::{Assignment, Guard, HEADINGS, Origin, Reference, Response, Rule, Waiting};
pub use selection::UnknownWord;
pub use terms::{Kind, Maturity, Owner, Scope, Severity, Subject, Term};
pub use vocabulary::Names;
pub use waiver::{Waiver, Waivers, parse_waivers};
pub use yaml::{Content, FILE_LIMIT, Key, Node, Place, SyntaxError};
