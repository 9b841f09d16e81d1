//! `tcptune check`: load → collect → check → plan → render → exit.
//!
//! Rules are loaded first, because they say exactly which facts are worth collecting, and because a
//! broken rule must end the run before anything is looked at.

mod remember;
mod written;

use crate::check::{GUESSED_FROM, Judgement, Verdict, check_over, guess};
use crate::host::{self, Needs};
use crate::plan::{plan, with_wishes};
use crate::render::{self, Role};

use super::ledger::say_what_is_open_at;
use super::profile;
use super::sample::{self, Seen};
use super::site::Site;
use crate::cli::args::{Check, CheckFormat};
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::output::Output;

use remember::Memory;
use written::{Place, failed, written};

/// Audits a host and reports.
pub(super) fn run(args: &Check, output: &mut Output) -> Result<Exit, Error> {
    if args.apply {
        return super::apply::run_check(args, output);
    }
    let place = match require_sense(args).and_then(|()| Place::of(args)) {
        Ok(place) => place,
        Err(error) => return failed(args, error, None, output),
    };
    match audit(args, &place, output) {
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
    Ok(())
}

fn audit(args: &Check, place: &Place, output: &mut Output) -> Result<Exit, Error> {
    let site = Site::chosen(&args.rules, &args.choice)?;
    let profile = profile::named(&args.role, &args.rules)?;
    site.require_something(profile.as_ref())?;
    let Site { book, waivers } = site;
    let mut facts = profile::facts(&book, profile.as_ref());
    if profile.is_none() {
        facts.extend(GUESSED_FROM.map(str::to_owned));
    }
    let needs = Needs::Facts(facts);
    let mut memory = None;
    let Seen {
        mut snapshot,
        stopped,
    } = collect(args, &needs, &mut memory, output)?;
    profile::inform(&mut snapshot, profile.as_ref());
    let longer = memory.as_mut().and_then(|one| one.window(&snapshot));
    let both = check_over(&snapshot, longer.as_ref(), &book, &waivers);
    let judgements = both.judgements;
    let plan = plan(&judgements, &snapshot);
    let plan = with_wishes(plan, profile.as_ref(), &snapshot);
    let report = render::report(&snapshot, &book, &judgements, &plan);
    let report = match &profile {
        Some(profile) => render::under(report, Role::Named(profile), &plan),
        None => render::under(report, Role::Guessed(&guess(&snapshot)), &plan),
    };
    let report = match &memory {
        Some(memory) => memory.beside(report, longer.as_ref(), &both.not_since),
        None => report,
    };
    let own = written(args, &report, place, stopped, output)?;
    if let Some(memory) = memory.filter(|_| !stopped) {
        memory.keep(&snapshot.now);
    }
    Ok(own.unwrap_or_else(|| exit(args, &judgements, stopped)))
}

/// The facts: from a file, or from a kernel, over the window that was asked for. What the last run left is
/// looked for in between: in the namespace that was entered, and before it is known what is worth a look.
fn collect(
    args: &Check,
    needs: &Needs,
    memory: &mut Option<Memory>,
    output: &mut Output,
) -> Result<Seen, Error> {
    let seen = if let Some(file) = &args.snapshot {
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
        sample::watch_since(&source, needs, interval, since, output)
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
