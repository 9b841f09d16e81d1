//! Open connections, of both families, with some that leak.

use std::time::Instant;

use crate::filled::{SETTINGS, agreed, armed, in_use, mix, say, thousands};
use crate::measured::connections::expected;
use crate::measured::crowd::Crowd;
use crate::measured::namespace::{inside, set};
use crate::plan::Plan;
use crate::rounds::Rounds;
use crate::table::{Bound, Goal, Row};
use crate::tools::{
    AMONG_SOCKETS, CHECKED, CHECKED_EXACTLY, COUNTS, EXACT, FLOOR, NETSTAT, SS_PROCESSES,
    SS_STATES, SS_SUMMARY, TABLES,
};

/// From here on counting has to be so much faster than others.
const MANY: u32 = 500_000;
/// Here a whole check has to be near the floor.
const MILLION: u32 = 1_000_000;
/// `ss -tanp` compares each socket with each descriptor: beyond, nobody waits for it.
const WITH_PROCESSES: u32 = 100_000;

/// The rows of one size.
pub(crate) fn rows(total: u32, plan: &Plan) -> Result<Vec<Row>, String> {
    let name = format!("{} ESTABLISHED", thousands(total));
    inside(|| measured(&name, total, plan.rounds))?
}

fn measured(name: &str, total: u32, rounds: usize) -> Result<Vec<Row>, String> {
    let start = Instant::now();
    set(&SETTINGS)?;
    let shares = mix(total);
    let _crowd = Crowd::gather(&shares)?;
    say(name, start, "filled");
    let made = expected(shares.iter().flatten());
    let armed = armed(&shares);
    agreed(&made, armed)?;
    say(name, start, "counts agreed");
    let mut tools = AMONG_SOCKETS.to_vec();
    if total <= WITH_PROCESSES {
        tools.push(SS_PROCESSES);
    }
    let before = in_use();
    let mut turns = Rounds::of(&tools);
    turns.all(rounds, || in_use() == before)?;
    // Were they to change meanwhile, the comparison would not be one.
    agreed(&made, armed)?;
    say(name, start, "done");

    let faster = |least| {
        if total >= MANY {
            Goal::Faster(least)
        } else {
            Goal::Shown
        }
    };
    let near = Goal::Near(1.5, 25.0, total >= MILLION);
    let mut compared = vec![
        ((COUNTS, SS_STATES), faster(15.0)),
        ((COUNTS, NETSTAT), faster(20.0)),
        ((COUNTS, TABLES), Goal::Shown),
        ((EXACT, SS_STATES), faster(2.5)),
        ((EXACT, NETSTAT), faster(3.5)),
        ((EXACT, TABLES), Goal::Shown),
        ((COUNTS, SS_SUMMARY), Goal::Shown),
        ((CHECKED, FLOOR), near),
        ((CHECKED, SS_STATES), Goal::Shown),
        ((CHECKED_EXACTLY, SS_STATES), Goal::Shown),
    ];
    if total <= WITH_PROCESSES {
        compared.push(((CHECKED, SS_PROCESSES), Goal::Shown));
    }
    let compared = compared.into_iter().map(|((own, peer), goal)| {
        Row::compared(name, &turns, (&own, &peer), goal, Bound::Measured)
    });
    let memory = Row::memory(name, &turns, crate::MEMORY);
    Ok(compared.chain([memory]).collect())
}
