//! The Ansible collection, driven by the real ansible-core over hosts that are namespaces, reached by a real
//! sshd on addresses inside them.
//!
//! Nothing is written that belongs to this machine, and everything that is started ends with its test.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot be set up has failed"
)]

mod check;
mod converge;
mod crash;
mod failures;
mod host;
mod package;
mod play;
mod stage;
