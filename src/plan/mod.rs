//! Findings → one merged, guarded change for each key; conflicts named.
//!
//! This floor is pure. A change without a readable value to come back to, outside the catalogue's
//! range, below the kernel's default without a reason, or of the machine's scope inside a namespace
//! is shown and blocked.

mod guard;
mod merge;
mod standing;
#[cfg(test)]
mod tests;
mod want;

pub use merge::{Change, Plan, plan, refusal};
pub use standing::{Future, Origin, Standing};
pub use want::{WANTED_BY, facts_of, needs_of, with_wishes};
