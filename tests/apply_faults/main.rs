//! Proof that an apply loses nothing: the real program, killed and refused at every system call that counts.
//!
//! Each test runs in network, mount and process namespaces of its own, with empty folders over everything
//! that is read or written; strace(1) makes the Nth call of one kind fail, or kills the program at it.
//!
//! `cargo test --test apply_faults -- --nocapture` prints the counts. By default a crash or a fault is tried
//! at every point, and every error number at every kind of call; `TCPTUNE_FAULTS=all` tries every error
//! number at every point.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod crash;
mod fault;
mod foreign;
mod loaders;
mod obstacles;
mod points;
mod program;
mod recipe;
mod site;
mod stage;
mod together;
mod verdict;
mod world;
