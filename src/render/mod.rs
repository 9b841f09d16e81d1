//! Rendering: a finished report becomes text in one format, written into a writer.
//!
//! This floor knows its own report model and how to show it. It judges nothing, reads nothing from
//! the machine and decides nothing about terminals: whether to use colour and how wide to write are
//! told. Invariant: no byte of a text from outside reaches the writer unescaped if a terminal could
//! act on it.

mod escape;
mod finding;
mod from;
mod quantity;
mod reach;
mod shell;
mod style;
mod wrap;

pub mod apply;
pub mod audit;
pub mod explain;
pub mod fleet;
pub mod human;
pub mod json;
pub mod junit;
pub mod lint;
pub mod markdown;
pub mod problem;
pub mod report;
pub mod rules;
pub mod why;

pub use from::{Role, notes_of_rules, origin, remembering, report, rule_list, tool, under};
pub use human::{
    HumanOptions, Reach, apply_command, human, human_apply, human_explain, human_fleet,
    human_history, human_lint, human_linted, human_rules, human_tests, human_why, reach_options,
};
pub use json::json;
pub use junit::junit;
pub use markdown::markdown;
pub use problem::{Place, Trouble, trouble};
pub use report::Report;
pub use shell::word as shell_word;
pub use why::{Inquiry, Why, why};

/// A text from outside as one line that a terminal only shows.
pub fn one_line(text: &str) -> String {
    escape::line(text)
}
