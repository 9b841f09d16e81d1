//! Changing a host, and back: the program itself, in network and mount namespaces of its own.
//!
//! Every test runs on a stage: nothing is written that belongs to this machine.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot be set up has failed"
)]

mod confirm;
mod containers;
mod cycle;
mod disk;
mod journal;
mod plan_files;
mod profiles;
mod program;
mod prompt;
mod refusals;
mod stage;
