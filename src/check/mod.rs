//! Snapshot × rulebook → one verdict for each rule, with evidence.
//!
//! This floor is pure. Unknown is never folded into "holds", and a fault of the past never proposes a
//! change.

mod assignment;
mod capped;
mod cases;
mod definition;
mod doubt;
mod duplicate;
mod evaluate;
mod finding;
mod guess;
mod lint;
mod next_boot;
mod remembered;
mod setting;
mod view;
mod waived;

pub use assignment::{AssignmentView, named, settings_of};
pub use cases::{snapshot, try_case};
pub use evaluate::{check, check_at, judge};
pub use finding::{Evidence, Finding, INSTANCES, Instance, Judgement, Proposal, Verdict, When};
pub use guess::{GUESSED_FROM, Guess, guess};
pub use lint::{LINTS, Lint, lint};
pub use next_boot::{default_of, differ};
pub use remembered::{OverBoth, check_over};
pub use view::{Period, SubjectView, View};
