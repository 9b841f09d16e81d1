//! The program from outside: arguments and files in; exit code, stdout and stderr out.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot be set up has failed, and one that cannot run says why"
)]

mod authoring;
mod container;
mod editors;
mod exits;
mod explain;
mod formats;
mod help;
mod hosts;
mod interrupted;
mod lint;
mod lint_article;
mod page;
mod profiles;
mod refusals;
mod rule_files;
mod rule_folders;
mod run;
mod site;
mod snapshots;
mod streams;
mod waivers;
mod why;
mod why_files;
