//! Changing a host in a way that cannot be lost: the transaction, its journal, and the way back.
//!
//! ```text
//! prepared ─► journaled ─► applying(n) ─► verified ─► committed
//!                  └───────────┴──────────────┴─────► rolled back | diverged
//! ```
//!
//! This floor is a state machine over four [ports](port); it touches nothing itself. What it may rely on:
//!
//! 1. Nothing is written before the journal holds every pre-image and the disk holds the journal.
//! 2. Every write is followed by a read, a refused write too: a vector keeps the fields before the bad one.
//! 3. A value that is neither the one before nor the one wanted is somebody else's: it is left, and named.

pub mod dropin;
mod order;
pub mod port;
mod record;
mod rollback;
mod stack;
mod transaction;
mod value;

pub use order::in_safe_order;
pub use port::{Clock, Fault, FileImage, Files, Journal, Ports, Sysctls};
pub use record::{
    Confirmation, DropinChange, JOURNAL_SCHEMA, Proof, Record, State, Step, Undone, Written,
};
pub use rollback::{RolledBack, roll_back};
pub use stack::Stack;
pub use transaction::{Applied, apply, commit};

#[cfg(test)]
mod laws;
#[cfg(test)]
mod world;
