//! Many snapshots judged by one run: from outside, files in, and exit code, stdout and stderr out.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot be set up has failed, and one that cannot run says why"
)]

mod apart;
mod bounded;
mod labels;
mod made;
mod many;
mod pages;
mod queries;
#[path = "../cli/run.rs"]
#[expect(
    dead_code,
    reason = "users and copies of the program are other tests' concern"
)]
mod run;
