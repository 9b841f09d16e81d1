//! The program from outside: arguments and files in; exit code, stdout and stderr out.

#![expect(
    clippy::tests_outside_test_module,
    reason = "the modules of an integration test"
)]

mod exits;
mod help;
mod hosts;
mod page;
mod refusals;
mod rule_files;
mod rule_folders;
mod run;
mod snapshots;
mod streams;
