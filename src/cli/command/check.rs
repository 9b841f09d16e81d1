//! `tcptune check`: load → collect → check → plan → render → exit.
//!
//! Rules are loaded first, because they say exactly which facts are worth collecting, and because a
//! broken rule must end the run before anything is looked at.

mod fleet;
mod remember;
mod wanted;
mod written;
mod yardstick;

use std::thread;

use crate::check::{Judgement, Verdict};
use crate::host;

use super::ledger::say_what_is_open_at;
use super::sample::{self, Seen};
use crate::cli::args::{Check, CheckFormat};
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::output::Output;

use remember::Memory;
use wanted::Wanted;
use written::{Place, failed, run_of, written};
use yardstick::Yardstick;

/// Audits a host and reports.
pub(super) fn run(args: &Check, output: &mut Output) -> Result<Exit, Error> {
    if args.apply {
        return super::apply::run_check(args, output);
    }
    // Whoever looks at the file alone has to learn from it that a run made no sense.
    let place = match Place::require_apart(args).and_then(|()| Place::of(args)) {
        Ok(place) => place,
        Err(error) => return failed(args, error, None, output),
    };
    match require_sense(args).and_then(|()| audit(args, &place, output)) {
        Ok(exit) => Ok(exit),
        Err(error) => failed(args, error, Some(&place), output),
    }
}

/// Refuses options that do not go together.
fn require_sense(args: &Check) -> Result<(), Error> {
    if let Some(option) = args.changes.first() {
        let what = format!("{option} is about making changes, and --apply is not given");
        return Err(Error::Usage(what, "add --apply, or leave it away"));
    }
    if args.exit_zero && args.format == CheckFormat::Nagios {
        return Err(Error::Usage(
            "--exit-zero takes away what --format nagios is for: its exit codes".to_owned(),
            "leave one of them away; --fail-on none makes every finding ok",
        ));
    }
    let adds = [
        (!args.saved.settings.is_empty(), "--settings"),
        (!args.saved.label.is_empty(), "--label"),
    ];
    if let Some((_, option)) = adds.iter().find(|(given, _)| *given)
        && args.format != CheckFormat::Ndjson
    {
        let what = format!("{option} adds to records, and no other format has them");
        return Err(Error::Usage(what, "add --format ndjson, or leave it away"));
    }
    let stdin = std::path::Path::new("-");
    let given = args.saved.snapshot.iter().chain(&args.since);
    if given.clone().any(|file| file == stdin) && given.count() > 1 {
        return Err(Error::Usage(
            "`-` is standard input, and it holds one snapshot".to_owned(),
            "give `-` alone, and files for the others",
        ));
    }
    if args.saved.is_fleet() {
        fleet::require_sense(args)?;
    }
    Ok(())
}

fn audit(args: &Check, place: &Place, output: &mut Output) -> Result<Exit, Error> {
    if args.saved.is_fleet() {
        return fleet::run(args, place, output);
    }
    let yardstick = Yardstick::read(args)?;
    let mut memory = None;
    let Seen {
        mut snapshot,
        stopped,
    } = collect(args, &yardstick, &mut memory, output)?;
    let (report, judgements) = yardstick.judge(args, &mut snapshot, memory.as_mut());
    let run = run_of(args, Some(&snapshot), stopped);
    let wanted = Wanted::of(args);
    let settings = wanted.read(&snapshot);
    let own = written(args, &report, &run, settings, place, output)?;
    if stopped {
        sample::exit(true);
    } else {
        wanted.tell_unmet();
    }
    if let Some(memory) = memory.filter(|_| !stopped) {
        memory.keep(&snapshot.now);
    }
    Ok(own.unwrap_or_else(|| exit(args, &judgements, stopped)))
}

/// The facts: from a file, or from a kernel, over the window that was asked for. What the last run left is
/// looked for in between: in the namespace that was entered, and before it is known what is worth a look.
fn collect(
    args: &Check,
    yardstick: &Yardstick,
    memory: &mut Option<Memory>,
    output: &mut Output,
) -> Result<Seen, Error> {
    let seen = if let Some(file) = args.saved.one() {
        Seen {
            snapshot: host::read_snapshot(file).map_err(Error::Snapshot)?,
            stopped: false,
        }
    } else {
        say_what_is_open_at(&args.at);
        let source = sample::enter(&args.at, &args.boot)?;
        let interval = if args.since.is_some() {
            0.0
        } else {
            args.interval
        };
        *memory = args.remember.then(Memory::recall);
        let since = memory.as_ref().and_then(Memory::start);
        let needs = yardstick.needs(args);
        thread::scope(|scope| {
            // Conditions have to be compiled by the time there is something to hold against them. Where no
            // thread can be made, the first judgement does it.
            let compile = || yardstick.book().compile();
            let _ = thread::Builder::new().spawn_scoped(scope, compile);
            sample::watch_since(&source, &needs, interval, since, output)
        })
    };
    let Some(file) = &args.since else {
        return Ok(seen);
    };
    let earlier = host::read_snapshot(file).map_err(Error::Snapshot)?.now;
    let snapshot = seen.snapshot.since(earlier);
    Ok(Seen {
        snapshot: snapshot.map_err(|error| Error::Window(file.clone(), error))?,
        ..seen
    })
}

fn exit(args: &Check, judgements: &[Judgement<'_>], stopped: bool) -> Exit {
    if args.exit_zero {
        return Exit::Success;
    }
    // A past finding counts too, one severity lower than its rule.
    let counts = |judgement: &Judgement<'_>| match &judgement.verdict {
        Verdict::Fires(finding) => {
            finding.waived.is_none() && args.fail_on.counts(finding.severity)
        }
        _ => false,
    };
    if judgements.iter().any(counts) {
        return Exit::Findings;
    }
    if stopped {
        return Exit::Stopped;
    }
    let unknown = judgements
        .iter()
        .any(|judgement| matches!(judgement.verdict, Verdict::Unknown(_)));
    if args.fail_on_unknown && unknown {
        Exit::Refused
    } else {
        Exit::Success
    }
}
