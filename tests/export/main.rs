//! `tcptune export`: what is written for each tool, and what the tools make of it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot be set up has failed"
)]

mod live;
#[expect(dead_code, reason = "the tests of the catalogue use the rest of it")]
#[path = "../netns/mod.rs"]
mod netns;
mod program;
mod read_back;
mod refusals;
mod tool;
mod written;
