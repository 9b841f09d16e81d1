//! The report, written: in one of its formats, to standard output or into a file.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::apply::Clock as _;
use crate::cli::args::{Check, CheckFormat, When};
use crate::cli::error::Error;
use crate::cli::exit::{Exit, FailOn};
use crate::cli::output::Output;
use crate::fact::{Labels, Snapshot};
use crate::host::{self, Destination, SystemClock, Taken};
use crate::render::audit::{self, Run, SettingRecord};
use crate::render::report::{Report, Severity};
use crate::render::{self, HumanOptions, Reach};

/// Whoever collects results is seldom who wrote them.
pub(super) const MODE: u32 = 0o644;

/// Where the report goes.
pub(super) enum Place {
    /// Standard output.
    Stdout,
    /// A file, as it was named.
    File(PathBuf, Destination),
}

impl Place {
    /// The place that was asked for. One that cannot be written ends the run before anything is looked at.
    pub(super) fn of(args: &Check) -> Result<Self, Error> {
        match &args.output {
            Some(file) if file != Path::new("-") => {
                let place = Destination::of(file);
                let place = place.map_err(|errno| Error::CannotWrite(file.clone(), errno))?;
                Ok(Self::File(file.clone(), place))
            }
            _ => Ok(Self::Stdout),
        }
    }

    /// Refuses a file that is read by this run, or would be by the next one.
    pub(super) fn require_apart(args: &Check) -> Result<(), Error> {
        let Some(file) = args.output.as_ref().filter(|file| *file != Path::new("-")) else {
            return Ok(());
        };
        let name = file.display();
        let judged = host::taken_by_snapshots(file, &args.saved.snapshot);
        let earlier = host::taken_by_snapshots(file, args.since.as_slice());
        let (what, help) = match (judged, earlier) {
            (Some(Taken::Snapshot), _) => (
                format!("-o would replace the snapshot `{name}`, which is to be judged"),
                "name another file",
            ),
            (_, Some(Taken::Snapshot)) => (
                format!("-o would replace the snapshot `{name}`, where the window starts"),
                "name another file",
            ),
            (Some(Taken::Folder), _) => (
                format!("the next run would take the result `{name}` for one of the snapshots"),
                "name a file in another folder, or one that does not end in .json",
            ),
            (None, _) => return Ok(()),
        };
        Err(Error::Usage(what, help))
    }

    fn put(&self, page: &[u8], output: &mut Output) -> Result<(), Error> {
        match self {
            Self::Stdout => output.writer().write_all(page).map_err(Error::Output),
            Self::File(file, place) => place
                .write(page, MODE)
                .map_err(|errno| Error::CannotWrite(file.clone(), errno)),
        }
    }
}

/// Writes the report; tells the exit code where the format has its own.
pub(super) fn written(
    args: &Check,
    report: &Report,
    run: &Run,
    settings: Vec<SettingRecord>,
    place: &Place,
    output: &mut Output,
) -> Result<Option<Exit>, Error> {
    let mut page = Vec::new();
    let mut exit = None;
    match args.format {
        CheckFormat::Human => {
            let (netns, pid) = (args.at.netns.as_deref(), args.at.pid);
            let mut options = args.rules.options();
            options.extend(args.choice.options());
            options.extend(args.role.option());
            let apply = render::apply_command(netns, pid, &options);
            let options = HumanOptions {
                verbose: args.verbose,
                quiet: args.quiet,
                reach: reach(args),
                apply: apply.as_deref(),
                ..look(place, output)
            };
            render::human(report, &options, &mut page)?;
        }
        CheckFormat::Json => render::json(report, &mut page)?,
        CheckFormat::Ndjson => audit::ndjson_with(report, run, settings, &mut page)?,
        CheckFormat::Junit => audit::junit(report, run, &mut page)?,
        CheckFormat::Prometheus => audit::prometheus(report, run, &mut page)?,
        CheckFormat::Nagios => {
            let state = audit::nagios(report, run, &mut page)?;
            exit = Some(Exit::Plugin(state));
        }
        CheckFormat::Markdown => audit::markdown(report, run, reach(args), &mut page)?,
    }
    place.put(&page, output)?;
    Ok(exit)
}

/// Tells, in the formats that somebody watches without looking at exit codes or messages, that there is no
/// report; ends the run with the error in all others.
pub(super) fn failed(
    args: &Check,
    error: Error,
    place: Option<&Place>,
    output: &mut Output,
) -> Result<Exit, Error> {
    if error.is_closed_pipe() {
        return Err(error);
    }
    match (args.format, place) {
        (CheckFormat::Prometheus, Some(place @ Place::File(..))) => {
            let mut page = Vec::new();
            let tool = render::tool();
            audit::prometheus_failed(&tool.version, SystemClock.unix_seconds(), &mut page)?;
            // The error that is told is the first one.
            let _ = place.put(&page, output);
            Err(error)
        }
        (CheckFormat::Nagios, place) => {
            let mut line = Vec::new();
            let state = audit::nagios_failed(&error.to_string(), &mut line)?;
            // The exit code tells, whatever becomes of the line.
            let _ = place.unwrap_or(&Place::Stdout).put(&line, output);
            output.explain(&error);
            Ok(Exit::Plugin(state))
        }
        _ => Err(error),
    }
}

/// How a page is to look: on a terminal as that is, in a file as on a terminal of 80 columns without colour.
pub(super) fn look(place: &Place, output: &Output) -> HumanOptions<'static> {
    match place {
        Place::Stdout => HumanOptions {
            color: output.color(),
            width: Output::width(),
            ..HumanOptions::default()
        },
        Place::File(..) => HumanOptions {
            color: output.asked_color() == When::Always,
            ..HumanOptions::default()
        },
    }
}

/// What the formats say beside the report, of a snapshot or of this host.
pub(super) fn run_of(args: &Check, snapshot: Option<&Snapshot>, stopped: bool) -> Run {
    let own = Labels::default().and(&args.saved.label);
    Run {
        id: host::run_id(),
        at: SystemClock.unix_seconds(),
        fail_on: match args.fail_on {
            FailOn::None => None,
            FailOn::Info => Some(Severity::Info),
            FailOn::Low => Some(Severity::Low),
            FailOn::Medium => Some(Severity::Medium),
            FailOn::High => Some(Severity::High),
        },
        fail_on_unknown: args.fail_on_unknown,
        cut_short: stopped,
        labels: snapshot.map_or(&own, |snapshot| &snapshot.labels).into(),
        snapshot: args.saved.one().map(|file| file.display().to_string()),
    }
}

/// Where commands that the report offers have to act.
fn reach(args: &Check) -> Reach<'_> {
    if !args.saved.snapshot.is_empty() || args.at.proc.is_some() {
        return Reach::Elsewhere;
    }
    match (&args.at.netns, args.at.pid) {
        (Some(name), _) => Reach::Netns(name),
        (None, Some(pid)) => Reach::Pid(pid),
        (None, None) => Reach::Here,
    }
}
