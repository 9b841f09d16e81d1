//! Many snapshots, each judged by itself, with the same rules: several at a time, in the order of their names,
//! and only a few of them in memory.

use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

use crate::host::{self, Begun, NoList, SnapshotError, in_order, interrupt};
use crate::render::audit::{self, Run, UnreadableRecord};
use crate::render::fleet::{Fleet, Share};
use crate::render::{self, HumanOptions, Reach};

use super::super::sample;
use super::wanted::Wanted;
use super::written::{MODE, Place, look, run_of};
use super::yardstick::Yardstick;
use crate::cli::args::{Check, CheckFormat};
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, Progress};

/// How many snapshots are judged at a time for each processor at most.
const MOST_EACH: usize = 4;

/// Refuses what makes sense for one host only.
pub(super) fn require_sense(args: &Check) -> Result<(), Error> {
    if !matches!(args.format, CheckFormat::Human | CheckFormat::Ndjson) {
        return Err(Error::Usage(
            "many snapshots have the formats human and ndjson".to_owned(),
            "give --format ndjson or --format human, or a single FILE for the other formats",
        ));
    }
    if args.since.is_some() {
        return Err(Error::Usage(
            "--since starts the window of one host, and many snapshots are named".to_owned(),
            "leave --since away, or give a single FILE",
        ));
    }
    Ok(())
}

/// Judges all of them.
pub(super) fn run(args: &Check, place: &Place, output: &mut Output) -> Result<Exit, Error> {
    let host::Listed { files, without } =
        host::list_snapshots(&args.saved.snapshot).map_err(Error::from)?;
    let yardstick = Yardstick::read(args)?;
    sample::listen();
    let run = run_of(args, None, false);
    let mut round = Round {
        fleet: Fleet::of(
            (files.len() + without.len()) as u64,
            run.at,
            render::notes_of_rules(yardstick.book()),
        ),
        stream: Stream::of(place)?,
        progress: Progress::new(
            files.len(),
            matches!(place, Place::Stdout) && is_records(args),
        ),
        records: is_records(args),
        findings: false,
        unknown: false,
        run: run.clone(),
    };
    for folder in without {
        round.take_folder(folder, output)?;
    }
    let wanted = Wanted::of(args);
    let judge = |file: &PathBuf| judge(args, &yardstick, &wanted, &run, file);
    let taken = in_order(
        &files,
        jobs(args),
        interrupt::asked,
        judge,
        |file, judged| round.take(file, judged, output),
    );
    round.progress.away(output);
    if taken? < files.len() {
        round.fleet.cut_short();
    } else if round.fleet.counts().judged > 0 {
        wanted.tell_unmet();
    }
    round.end(args, place, output)
}

fn is_records(args: &Check) -> bool {
    args.format == CheckFormat::Ndjson
}

impl From<NoList> for Error {
    fn from(why: NoList) -> Self {
        match why {
            NoList::Empty(folder) => Self::NoSnapshots(folder),
            NoList::Unreadable(folder, errno) => Self::CannotRead(folder, errno),
        }
    }
}

/// How many are judged at a time. More would only wait for a processor, and each holds memory.
fn jobs(args: &Check) -> NonZeroUsize {
    let processors = available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let most = processors.get().saturating_mul(MOST_EACH);
    let asked = args.saved.jobs.unwrap_or(processors).get();
    NonZeroUsize::new(asked.min(most)).unwrap_or(processors)
}

/// What came of a snapshot.
struct Judged {
    share: Share,
    /// Its records, where these are asked for.
    records: Vec<u8>,
    exit: Exit,
}

/// Reads and judges a snapshot, on any thread.
fn judge(
    args: &Check,
    yardstick: &Yardstick,
    wanted: &Wanted<'_>,
    run: &Run,
    file: &Path,
) -> Result<Judged, SnapshotError> {
    let mut snapshot = host::read_one_of_many(file)?;
    let (report, judgements) = yardstick.judge(args, &mut snapshot, None);
    let mut records = Vec::new();
    if is_records(args) {
        let run = Run {
            id: host::run_id(),
            labels: (&snapshot.labels).into(),
            snapshot: Some(file.display().to_string()),
            ..run.clone()
        };
        let settings = wanted.read(&snapshot);
        // Memory takes everything.
        let _ = audit::ndjson_with(&report, &run, settings, &mut records);
    }
    Ok(Judged {
        share: Share::of(&report, snapshot.now.host.name.as_deref()),
        records,
        exit: super::exit(args, &judgements, false),
    })
}

/// All that is kept of those that were judged.
struct Round {
    run: Run,
    fleet: Fleet,
    stream: Stream,
    progress: Progress,
    /// Whether records are asked for.
    records: bool,
    findings: bool,
    unknown: bool,
}

impl Round {
    /// Takes what came of the next snapshot.
    fn take(
        &mut self,
        file: &Path,
        judged: Result<Judged, SnapshotError>,
        output: &mut Output,
    ) -> Result<(), Error> {
        let name = file.display().to_string();
        match judged {
            Ok(judged) => {
                self.findings |= judged.exit == Exit::Findings;
                self.unknown |= judged.exit == Exit::Refused;
                self.stream.put(&judged.records, output)?;
                self.fleet.add(judged.share, &name);
            }
            Err(error) => {
                self.progress.away(output);
                let help = error.help().map(str::to_owned);
                self.unread(name, error.to_string(), help, output)?;
            }
        }
        self.progress.step(output);
        Ok(())
    }

    /// Takes a folder that added no snapshot. It ends nothing while there are others, and is no success: the
    /// hosts that were meant are not known.
    fn take_folder(&mut self, why: NoList, output: &mut Output) -> Result<(), Error> {
        let (NoList::Empty(folder) | NoList::Unreadable(folder, _)) = &why;
        let name = folder.display().to_string();
        let error = Error::from(why);
        self.unread(name, error.to_string(), error.help(), output)
    }

    /// Tells, counts and records what was named and could not be judged.
    fn unread(
        &mut self,
        snapshot: String,
        error: String,
        help: Option<String>,
        output: &mut Output,
    ) -> Result<(), Error> {
        Output::warn(&error, &[], help.as_deref());
        self.fleet.add_unreadable(&error);
        if self.records {
            let record = UnreadableRecord {
                snapshot,
                error,
                help,
            };
            let mut line = Vec::new();
            audit::ndjson_unreadable(record, &self.next_run(), &mut line)?;
            self.stream.put(&line, output)?;
        }
        Ok(())
    }

    fn next_run(&self) -> Run {
        Run {
            id: host::run_id(),
            ..self.run.clone()
        }
    }

    /// Writes what comes last, and tells how it ended.
    fn end(mut self, args: &Check, place: &Place, output: &mut Output) -> Result<Exit, Error> {
        let counts = self.fleet.counts();
        let mut last = Vec::new();
        if is_records(args) {
            audit::ndjson_fleet(counts, &self.next_run(), &mut last)?;
        } else if counts.judged > 0 {
            let options = HumanOptions {
                verbose: args.verbose,
                quiet: args.quiet,
                reach: Reach::Elsewhere,
                apply: None,
                ..look(place, output)
            };
            render::human_fleet(&self.fleet, &options, &mut last)?;
        }
        self.stream.put(&last, output)?;
        if counts.judged == 0 && !counts.cut_short {
            return Err(Error::NoneJudged(counts.snapshots));
        }
        if counts.cut_short {
            sample::exit(true);
            // A part of the hosts must not stand where all of them are looked for.
            if let Some(file) = self.stream.unfinished() {
                let text = format!("`{}` is left as it was", file.display());
                Output::warn(&text, &[], None);
            } else {
                self.stream.finish()?;
            }
        } else {
            self.stream.finish()?;
        }
        Ok(match counts {
            _ if args.exit_zero => Exit::Success,
            _ if self.findings => Exit::Findings,
            counts if counts.cut_short => Exit::Stopped,
            counts if counts.unreadable > 0 => Exit::Unread,
            _ if self.unknown => Exit::Refused,
            _ => Exit::Success,
        })
    }
}

/// Where the result goes while it grows.
enum Stream {
    Stdout,
    /// Beside the file that it becomes.
    File(PathBuf, Begun),
}

impl Stream {
    fn of(place: &Place) -> Result<Self, Error> {
        Ok(match place {
            Place::Stdout => Self::Stdout,
            Place::File(file, place) => {
                let begun = place.begin();
                let begun = begun.map_err(|errno| Error::CannotWrite(file.clone(), errno))?;
                Self::File(file.clone(), begun)
            }
        })
    }

    fn put(&mut self, bytes: &[u8], output: &mut Output) -> Result<(), Error> {
        match self {
            Self::Stdout => output.writer().write_all(bytes).map_err(Error::Output),
            Self::File(file, begun) => begun
                .write(bytes)
                .map_err(|errno| Error::CannotWrite(file.clone(), errno)),
        }
    }

    /// The file that is not there yet; what is written in place is there as far as it goes.
    fn unfinished(&self) -> Option<&Path> {
        match self {
            Self::File(file, begun) if begun.is_apart() => Some(file),
            Self::Stdout | Self::File(..) => None,
        }
    }

    fn finish(self) -> Result<(), Error> {
        match self {
            Self::Stdout => Ok(()),
            Self::File(file, begun) => begun
                .finish(MODE)
                .map_err(|errno| Error::CannotWrite(file, errno)),
        }
    }
}
