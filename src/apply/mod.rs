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

pub mod calendar;
pub mod dropin;
mod in_force;
mod order;
mod pending;
mod plan_file;
pub mod port;
mod prepare;
mod record;
mod rollback;
mod stack;
mod transaction;
mod value;

pub use in_force::{Lag, not_in_force};
pub use order::in_safe_order;
pub use pending::{Now, Pending, standing};
pub use plan_file::{PLAN_SCHEMA, PlanFile, PlannedChange, PlannedFile, PlannedLeft, plan_schema};
pub use port::{Clock, Fault, FileImage, Files, Journal, Ports, Sysctls};
pub use prepare::{
    Accept, Left, Obstacle, Prepared, dropin_change, forbidden, obstacles, out_of_reach, prepare,
    step, unfit_for_a_file,
};
pub use record::{
    Confirmation, DropinChange, JOURNAL_SCHEMA, Proof, Record, State, Step, Undone, Written,
};
pub use rollback::{RolledBack, forget, roll_back};
pub use stack::Stack;
pub use transaction::{Applied, apply, commit};
pub use value::same;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod world;
