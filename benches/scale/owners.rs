//! Who holds the sockets in `CLOSE_WAIT`, among many processes with many descriptors.

use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::filled::{Family, SETTINGS, agreed, at, in_use, room, say, thousands};
use crate::measured::command::output;
use crate::measured::connections::{Share, expected};
use crate::measured::crowd::Crowd;
use crate::measured::namespace::{inside, set};
use crate::plan::Plan;
use crate::rounds::Rounds;
use crate::table::{Bound, Goal, Row};
use crate::tools::{CHECKED, SS_OWNERS, Tool};

/// Younger ones may be about to be closed, and nobody asks for their owner.
const OLD: Duration = Duration::from_secs(62);
/// One descriptor in so many is one that leaked.
const LEAKED: u32 = 50;
/// One pair of descriptors in so many is an open connection: fewer than five for each that leaked, or
/// nobody calls it a leak. The others are sockets that were never connected.
const OPEN: u32 = 25;

/// Processes with many descriptors, and behind them one that leaks: both ends of what it leaks are its.
fn shares(descriptors: u32) -> Vec<Vec<Share>> {
    let leaked = descriptors / LEAKED;
    let others = descriptors - 2 * leaked;
    let holders = u16::try_from(others.div_ceil(room())).unwrap_or(u16::MAX);
    let connected = descriptors / OPEN / u32::from(holders);
    let unconnected = others / u32::from(holders) - 2 * connected;
    let share = |number, connected, half_closed, unconnected| Share {
        at: at(number, Family::Ipv4),
        connected,
        armed: 0,
        half_closed,
        resting: 0,
        unconnected,
        listening: 1,
    };
    let mut all: Vec<Vec<Share>> = (0..holders)
        .map(|number| vec![share(number, connected, 0, unconnected)])
        .collect();
    all.push(vec![share(holders, 0, leaked, 0)]);
    all
}

pub(crate) fn rows(plan: &Plan) -> Result<Vec<Row>, String> {
    let name = format!("owner among {} descriptors", thousands(plan.descriptors));
    inside(|| measured(&name, plan))?
}

fn measured(name: &str, plan: &Plan) -> Result<Vec<Row>, String> {
    let start = Instant::now();
    set(&SETTINGS)?;
    let shares = shares(plan.descriptors);
    let crowd = Crowd::gather(&shares)?;
    say(name, start, "filled");
    let made = expected(shares.iter().flatten());
    sleep(OLD);
    agreed(&made, 0)?;
    let owner = crowd.holders.last().map(Child::id).unwrap_or_default();
    named(&CHECKED, &format!("(pid {owner})"))?;
    named(&SS_OWNERS, &format!("pid={owner},"))?;
    say(name, start, "counts and owner agreed");
    let before = in_use();
    let mut turns = Rounds::of(&[CHECKED, SS_OWNERS]);
    turns.all(plan.rounds, || in_use() == before)?;
    agreed(&made, 0)?;
    let goal = Goal::Faster(2.0);
    let bound = Bound::Named("links of descriptors");
    let row = Row::compared(name, &turns, (&CHECKED, &SS_OWNERS), goal, bound);
    Ok(vec![row, Row::memory(name, &turns, crate::MEMORY)])
}

/// Makes sure that a command names the process that leaks.
fn named(tool: &Tool, owner: &str) -> Result<(), String> {
    let said = output(tool.line.program, tool.line.arguments)?;
    if String::from_utf8_lossy(&said.stdout).contains(owner) {
        Ok(())
    } else {
        Err(format!("`{}` does not name {owner}", tool.line.shown))
    }
}
