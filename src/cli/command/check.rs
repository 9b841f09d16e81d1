//! `tcptune check`: load → collect → check → plan → render → exit.
//!
//! Rules are loaded first, because they say exactly which facts are worth collecting, and because a
//! broken rule must end the run before anything is looked at.

use crate::check::{GUESSED_FROM, Judgement, Verdict, check_at, guess};
use crate::host::{self, Needs};
use crate::plan::{plan, with_wishes};
use crate::render::{self, HumanOptions, Reach, Role};

use super::ledger::say_what_is_open_at;
use super::profile;
use super::sample::{self, Seen};
use super::site::Site;
use crate::cli::args::{Check, Format};
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::output::Output;

/// Audits a host and reports.
pub(super) fn run(args: &Check, output: &mut Output) -> Result<Exit, Error> {
    if args.apply {
        return super::apply::run_check(args, output);
    }
    if let Some(option) = args.changes.first() {
        let what = format!("{option} is about making changes, and --apply is not given");
        return Err(Error::Usage(what, "add --apply, or leave it away"));
    }
    let site = Site::chosen(&args.rules, &args.choice)?;
    let profile = profile::named(&args.role, &args.rules)?;
    site.require_something(profile.as_ref())?;
    let Site { book, waivers } = site;
    let mut facts = profile::facts(&book, profile.as_ref());
    if profile.is_none() {
        facts.extend(GUESSED_FROM.map(str::to_owned));
    }
    let needs = Needs::Facts(facts);
    let Seen {
        mut snapshot,
        stopped,
    } = collect(args, &needs, output)?;
    profile::inform(&mut snapshot, profile.as_ref());
    let judgements = check_at(&snapshot, &book, &waivers);
    let plan = plan(&judgements, &snapshot);
    let plan = with_wishes(plan, profile.as_ref(), &snapshot);
    let report = render::report(&snapshot, &book, &judgements, &plan);
    let report = match &profile {
        Some(profile) => render::under(report, Role::Named(profile), &plan),
        None => render::under(report, Role::Guessed(&guess(&snapshot)), &plan),
    };
    match args.format {
        Format::Human => {
            let (netns, pid) = (args.at.netns.as_deref(), args.at.pid);
            let mut options = args.rules.options();
            options.extend(args.choice.options());
            options.extend(args.role.option());
            let apply = render::apply_command(netns, pid, &options);
            let options = HumanOptions {
                color: output.color(),
                verbose: args.verbose,
                quiet: args.quiet,
                width: Output::width(),
                reach: reach(args),
                apply: apply.as_deref(),
            };
            render::human(&report, &options, output.writer())?;
        }
        Format::Json => render::json(&report, output.writer())?,
    }
    Ok(exit(args, &judgements, stopped))
}

/// Where commands that the report offers have to act.
fn reach(args: &Check) -> Reach<'_> {
    if args.snapshot.is_some() || args.at.proc.is_some() {
        return Reach::Elsewhere;
    }
    match (&args.at.netns, args.at.pid) {
        (Some(name), _) => Reach::Netns(name),
        (None, Some(pid)) => Reach::Pid(pid),
        (None, None) => Reach::Here,
    }
}

/// The facts: from a file, or from a kernel, over the window that was asked for.
fn collect(args: &Check, needs: &Needs, output: &mut Output) -> Result<Seen, Error> {
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
        sample::watch(&source, needs, interval, output)
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
