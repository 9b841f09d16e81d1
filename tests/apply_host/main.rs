//! The ports of an apply on a real kernel: settings, files on a full disk, the lock, the guard. Every test
//! runs in a network and a mount namespace of its own.

#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be set up fails its test by panicking"
)]

mod disk;
mod guard;
mod lock;
mod room;
mod settings;
