//! `tcptune snapshot`: every input of an audit, in a file.

use std::path::Path;

use crate::apply::Clock as _;
use crate::host::{Needs, SystemClock, write_snapshot};

use super::ledger::say_what_is_open_at;
use super::sample;
use crate::cli::args::Snapshot as Args;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::output::Output;

/// Takes a snapshot and writes it.
pub(super) fn run(args: &Args, output: &mut Output) -> Result<Exit, Error> {
    say_what_is_open_at(&args.at);
    let source = sample::enter(&args.at, &args.boot)?;
    let seen = sample::watch(&source, &Needs::Everything, args.interval, output);
    let mut snapshot = seen.snapshot;
    snapshot.labels = snapshot.labels.and(&args.label);
    // When a tree was recorded nobody knows, and a clock that stands at 0 was never set.
    let clock = (!source.is_recorded()).then(|| SystemClock.unix_seconds());
    snapshot.taken_at = clock.filter(|at| *at > 0);
    if args.output == Path::new("-") {
        let text = serde_json::to_string(&snapshot).map_err(|error| Error::Output(error.into()))?;
        output.print(&text)?;
        output.print("\n")?;
    } else {
        write_snapshot(&args.output, &snapshot)
            .map_err(|errno| Error::CannotWrite(args.output.clone(), errno))?;
    }
    Ok(sample::exit(seen.stopped))
}
