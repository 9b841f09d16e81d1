//! Ways to read the sockets, each in a process of its own, so that every side of a comparison pays for
//! a start.

use std::collections::BTreeMap;

use tcptune::fact::socket::TcpState;
use tcptune::host::inet_diag::{self, Ext, StateMask};
use tcptune::host::sockets::{CollectOptions, Walk, collect};

use crate::measured::counts::Counts;

/// The first argument of such a process; the second is the way.
pub(crate) const WALK: &str = "--walk";

/// Nothing is read: what a start costs.
pub(crate) const NOTHING: &str = "nothing";
/// The kernel goes through its whole table and finds nothing to tell: `CLOSING`, which lasts for a
/// moment.
pub(crate) const FLOOR: &str = "floor";
/// The program's own way to its counts: where there are many, some by subtraction.
pub(crate) const COUNTS: &str = "counts";
/// The same over every socket.
pub(crate) const EXACT: &str = "exact";
/// `/proc/net/tcp` and `tcp6` as the procfs crate gives them.
pub(crate) const TABLES: &str = "tables";

/// What a walk over every socket counts beside the states: those with a keepalive timer.
pub(crate) const ARMED: &str = "armed";

/// Prints a line for each state, "ESTAB 12".
pub(crate) fn walk(way: &str) -> Result<(), String> {
    let counts = match way {
        NOTHING => Ok(Counts::new()),
        FLOOR => floor(),
        COUNTS => counts(Walk::Auto),
        EXACT => counts(Walk::Exact),
        TABLES => tables(),
        _ => Err(format!("no such way: {way}")),
    }?;
    // One write: whoever looks for the memory at the end stops the program there.
    let lines = counts
        .iter()
        .map(|(state, count)| format!("{state} {count}\n"));
    print!("ready\n{}", lines.collect::<String>());
    Ok(())
}

/// What [`walk`] printed.
pub(crate) fn parsed(text: &str) -> Counts {
    let lines = text.lines().filter_map(|line| line.split_once(' '));
    lines
        .filter_map(|(state, count)| Some((state.to_owned(), count.parse().ok()?)))
        .collect()
}

fn floor() -> Result<Counts, String> {
    let mut found = 0;
    let note = inet_diag::dump(StateMask::only(TcpState::Closing), Ext::Plain, |_| {
        found += 1;
    });
    note.map_err(|error| error.to_string())?;
    Ok(named([(TcpState::Closing, found)]))
}

/// Counts as where nobody asks for ages, shares or destinations.
fn counts(walk: Walk) -> Result<Counts, String> {
    let options = CollectOptions {
        ages: false,
        samples: false,
        ..CollectOptions::live((16_384, 65_535)).walking(walk)
    };
    let summary = collect(&options).map_err(|error| error.to_string())?;
    let summary = summary.summary;
    let count = |state| (state, summary.count(state));
    let mut counts = named(TcpState::ALL.map(count));
    if let (Walk::Exact, Some(armed)) = (walk, summary.established_keepalive) {
        counts.insert(ARMED.to_owned(), armed);
    }
    Ok(counts)
}

fn tables() -> Result<Counts, String> {
    let fault = |error: procfs::ProcError| error.to_string();
    let mut counts = BTreeMap::new();
    for entry in procfs::net::tcp().map_err(fault)? {
        *counts.entry(entry.state.to_u8()).or_default() += 1;
    }
    for entry in procfs::net::tcp6().map_err(fault)? {
        *counts.entry(entry.state.to_u8()).or_default() += 1;
    }
    let known = |(number, count)| Some((TcpState::from_number(number)?, count));
    Ok(named(counts.into_iter().filter_map(known)))
}

fn named(counts: impl IntoIterator<Item = (TcpState, u64)>) -> Counts {
    let there = counts.into_iter().filter(|(_, count)| *count > 0);
    there
        .map(|(state, count)| (state.ss_name().to_owned(), count))
        .collect()
}
