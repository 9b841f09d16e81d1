//! Next to nothing to read: what remains is the program itself and the settings.

use crate::measured::namespace::inside;
use crate::plan::Plan;
use crate::rounds::Rounds;
use crate::table::{Bound, Goal, Row};
use crate::tools::{CHECKED, SETTINGS, START};

/// At most this part of the time of `sysctl`.
const SHARE: f64 = 0.15;
/// Milliseconds.
const MOST: f64 = 3.0;

pub(crate) fn rows(plan: &Plan) -> Result<Vec<Row>, String> {
    let mut rows = inside(|| measured("idle namespace", plan.rounds))??;
    rows.extend(measured("this host", plan.rounds)?);
    Ok(rows)
}

fn measured(name: &str, rounds: usize) -> Result<Vec<Row>, String> {
    let mut turns = Rounds::of(&[START, CHECKED, SETTINGS]);
    // These are short.
    turns.all(3 * rounds, || true)?;
    let (pair, goal) = ((&CHECKED, &SETTINGS), Goal::Share(SHARE));
    let bound = Bound::Named("reading settings");
    Ok(vec![
        Row::compared(name, &turns, pair, goal, bound),
        Row::time(name, &turns, &CHECKED, MOST),
        Row::memory(name, &turns, crate::MEMORY),
    ])
}
