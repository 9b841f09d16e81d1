//! Connections that are over, whose ports rest for 60 s (`TCP_TIMEWAIT_LEN`).

use std::time::{Duration, Instant};

use crate::filled::{CLEARED, Family, SETTINGS, agreed, at, in_use, say, thousands};
use crate::measured::connections::{Share, expected};
use crate::measured::crowd::Crowd;
use crate::measured::namespace::{inside, set};
use crate::plan::Plan;
use crate::rounds::Rounds;
use crate::table::{Bound, Goal, Row};
use crate::tools::{
    AMONG_SOCKETS, CHECKED, CHECKED_EXACTLY, COUNTS, EXACT, FLOOR, NETSTAT, SS_STATES, SS_SUMMARY,
    TABLES,
};

/// Few enough towards one address that a free port is found at once.
const TOGETHER: u32 = 10_000;
/// As many as make connections at the same time.
const HOLDERS: usize = 2;
/// From the first connection to the first that is forgotten, with a margin.
const LASTS: Duration = Duration::from_secs(58);
/// From here on counting has to be so much faster than others.
const MANY: u32 = 500_000;
/// On a machine that needs most of a minute to fill.
const ATTEMPTS: usize = 3;

fn shares(total: u32) -> Vec<Vec<Share>> {
    let mut all = vec![Vec::new(); HOLDERS];
    let groups = total.div_ceil(TOGETHER);
    let mut left = total;
    for number in 0..u16::try_from(groups).unwrap_or(u16::MAX) {
        let family = if number % 3 == 2 {
            Family::Ipv6
        } else {
            Family::Ipv4
        };
        let resting = left.min(TOGETHER);
        left -= resting;
        if let Some(shares) = all.get_mut(usize::from(number) % HOLDERS) {
            shares.push(Share {
                at: at(number, family),
                connected: 0,
                armed: 0,
                half_closed: 0,
                resting,
                unconnected: 0,
                listening: 1,
            });
        }
    }
    all
}

pub(crate) fn rows(plan: &Plan) -> Result<Vec<Row>, String> {
    let total = plan.time_wait;
    let name = format!("{} TIME_WAIT", thousands(total));
    let mut turns = Rounds::of(&AMONG_SOCKETS);
    let mut fills = 0;
    while turns.done() < plan.rounds {
        if fills == ATTEMPTS * plan.rounds {
            return Err(format!("{name}: they are gone before they are counted"));
        }
        // Every filling has a namespace of its own, whose end takes along those that are left.
        inside(|| filled(&name, total, plan.rounds, fills == 0, &mut turns))??;
        std::thread::sleep(CLEARED);
        fills += 1;
    }
    let goal = |least| {
        if total >= MANY {
            Goal::Faster(least)
        } else {
            Goal::Shown
        }
    };
    let rows = [
        ((COUNTS, SS_STATES), goal(10.0)),
        ((COUNTS, NETSTAT), goal(20.0)),
        ((COUNTS, TABLES), Goal::Shown),
        ((EXACT, SS_STATES), goal(5.0)),
        ((EXACT, NETSTAT), Goal::Shown),
        ((COUNTS, SS_SUMMARY), Goal::Shown),
        ((CHECKED, FLOOR), Goal::Near(1.5, 25.0, false)),
        ((CHECKED, SS_STATES), Goal::Shown),
        ((CHECKED_EXACTLY, SS_STATES), Goal::Shown),
    ]
    .map(|((own, peer), goal)| Row::compared(&name, &turns, (&own, &peer), goal, Bound::Measured));
    let memory = Row::memory(&name, &turns, crate::MEMORY);
    Ok(rows.into_iter().chain([memory]).collect())
}

/// As many rounds as fit into the time that one filling lasts.
fn filled(
    name: &str,
    total: u32,
    rounds: usize,
    is_first: bool,
    turns: &mut Rounds,
) -> Result<(), String> {
    let start = Instant::now();
    set(&SETTINGS)?;
    let shares = shares(total);
    let _crowd = Crowd::gather(&shares)?;
    say(name, start, "filled");
    let all_there = || in_use().is_some_and(|now| now.resting == u64::from(total));
    if is_first {
        agreed(&expected(shares.iter().flatten()), 0)?;
        say(name, start, "counts agreed");
        turns.look_at_memory()?;
    }
    let mut longest = Duration::ZERO;
    while turns.done() < rounds && start.elapsed() + longest < LASTS {
        let begun = Instant::now();
        if !turns.round(all_there)? {
            break;
        }
        longest = longest.max(begun.elapsed());
    }
    say(name, start, &format!("{} rounds", turns.done()));
    Ok(())
}
