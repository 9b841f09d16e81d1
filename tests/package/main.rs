//! The Debian package that `.ci/package` made: installed, run, upgraded, removed and purged by the real tools,
//! in a root of its own.
//!
//! That root is an overlay over this machine's: whatever dpkg writes is in memory and gone with the test, and
//! this machine's own packages are held to be the same before and after.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot be set up has failed"
)]

mod ansible;
mod container;
mod contents;
mod cycle;
mod deb;
mod manual;
mod root;
mod sudo;
