//! What we believe: schema, expressions, the rulebook, explanations, cases.
//!
//! This floor knows what a rule *is* and whether it makes sense. It judges nothing and reads no file:
//! texts come in, checked rules or all their problems come out.

mod case;
mod case_boot;
pub mod expr;
mod fields;
mod problem;
mod profile;
mod read;
mod rulebook;
mod schema;
mod terms;
mod vocabulary;
mod yaml;

pub use case::{Case, CaseFile, Expect, parse_cases};
pub use expr::Template;
pub use problem::{Problem, ProblemKind, Source};
pub use profile::Profile;
pub use rulebook::{RuleFile, Rulebook, parse_rule};
pub use schema::{Assignment, Guard, HEADINGS, Origin, Reference, Response, Rule, Waiting};
pub use terms::{Kind, Maturity, Owner, Scope, Severity, Subject, Term};
pub use vocabulary::Names;
pub use yaml::{Content, FILE_LIMIT, Key, Node, Place, SyntaxError};
