//! A namespace without sockets beside one that is full: the kernel has one table for all.

use std::time::Instant;

use crate::filled::{SETTINGS, agreed, armed, in_use, mix, say, thousands};
use crate::measured::connections::expected;
use crate::measured::counts::{Counts, same_counts};
use crate::measured::crowd::Crowd;
use crate::measured::namespace::{inside, set};
use crate::plan::Plan;
use crate::rounds::Rounds;
use crate::table::{Bound, Goal, Row};
use crate::tools::{
    CHECKED, CHECKED_UNWALKED, COUNTS, FLOOR, NETSTAT, SS_STATES, SS_SUMMARY, START, TABLES,
};

pub(crate) fn rows(plan: &Plan) -> Result<Vec<Row>, String> {
    let name = format!("empty, beside {}", thousands(plan.beside));
    inside(|| {
        let start = Instant::now();
        set(&SETTINGS)?;
        let shares = mix(plan.beside);
        let _crowd = Crowd::gather(&shares)?;
        say(&name, start, "filled");
        agreed(&expected(shares.iter().flatten()), armed(&shares))?;
        let rows = inside(|| measured(&name, plan.rounds))?;
        say(&name, start, "done");
        rows
    })?
}

fn measured(name: &str, rounds: usize) -> Result<Vec<Row>, String> {
    same_counts(&Counts::new(), &[&[], &["--exact"]])?;
    let mut turns = Rounds::of(&[
        START,
        FLOOR,
        COUNTS,
        CHECKED,
        CHECKED_UNWALKED,
        SS_STATES,
        NETSTAT,
        SS_SUMMARY,
        TABLES,
    ]);
    turns.all(rounds, || in_use().is_some_and(|now| now.sockets == 0))?;
    let rows = [
        (COUNTS, SS_STATES),
        (COUNTS, NETSTAT),
        (COUNTS, TABLES),
        (COUNTS, SS_SUMMARY),
        (CHECKED, SS_STATES),
        (CHECKED_UNWALKED, SS_STATES),
    ]
    .map(|(own, peer)| {
        let pair = (&own, &peer);
        Row::compared(name, &turns, pair, Goal::Shown, Bound::Measured)
    });
    let near = Goal::Near(1.5, 25.0, false);
    let near = Row::compared(name, &turns, (&CHECKED, &FLOOR), near, Bound::Measured);
    Ok(rows.into_iter().chain([near]).collect())
}
