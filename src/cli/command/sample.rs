//! Taking samples.

use std::path::Path;
use std::time::Duration;

use crate::fact::boot::{Boot, Engine};
use crate::fact::{Sample, Snapshot};
use crate::host::sockets::Walk;
use crate::host::{
    BootSource, Moment, Needs, Source, Target, boot_of_files, collect, interrupt, is_folder,
};

use crate::cli::args::{BootEngine, BootFiles, SocketWalk, Where};
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::output::Output;

/// Goes where the facts are: enters the namespace before anything is read. The boot files are those of
/// this host, or those that were named; to a namespace made later none belong, and to a recorded tree
/// none but those named.
pub(super) fn enter(at: &Where, files: &BootFiles) -> Result<Source, Error> {
    if at.proc.is_some() && files.root.is_none() && files.boot_engine != BootEngine::Auto {
        return Err(Error::Usage(
            "--boot-engine tells who loads boot files, and with --proc alone there are none"
                .to_owned(),
            "add --root DIR, or leave it away",
        ));
    }
    let source = source(at)?;
    let here = at.netns.is_none() && at.pid.is_none();
    if files.root.is_some() || (here && at.proc.is_none()) {
        return Ok(source.with_boot(boot(files)?));
    }
    Ok(source)
}

/// Why no boot files belong to the place, where none do.
pub(super) fn no_files(at: &Where, files: &BootFiles) -> Option<&'static str> {
    if at.netns.is_some() || at.pid.is_some() {
        return Some("boot files do not act on a namespace made later");
    }
    (at.proc.is_some() && files.root.is_none())
        .then_some("no files were given with the recorded tree (--root)")
}

/// The same as [`enter`] where nobody asks for boot files.
pub(super) fn without_files(at: &Where) -> Result<Source, Error> {
    source(at)
}

/// The boot configuration of a tree of files alone.
pub(super) fn files(files: &BootFiles) -> Result<Boot, Error> {
    let source = boot(files)?;
    boot_of_files(&source).map_err(|_| Error::NoRoot(source.root))
}

fn boot(files: &BootFiles) -> Result<BootSource, Error> {
    let engine = match files.boot_engine {
        BootEngine::Auto => None,
        BootEngine::Systemd => Some(Engine::Systemd),
        BootEngine::Procps => Some(Engine::Procps),
    };
    let own = BootSource {
        engine,
        ..BootSource::own()
    };
    let Some(root) = &files.root else {
        return Ok(own);
    };
    // An empty folder, or the wrong one, would say that nothing is set at boot.
    if !has_one_of(root, &["etc", "usr", "lib", "run"])? {
        return Err(Error::NoRoot(root.clone()));
    }
    Ok(BootSource {
        root: root.clone(),
        ..own
    })
}

/// Whether one of these folders is in a tree. A tree that cannot be looked into is not one without them.
fn has_one_of(tree: &Path, parts: &[&str]) -> Result<bool, Error> {
    let mut unread = None;
    for part in parts {
        match is_folder(&tree.join(part)) {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(errno) => unread = Some(errno),
        }
    }
    match unread {
        Some(errno) => Err(Error::CannotRead(tree.to_owned(), errno)),
        None => Ok(false),
    }
}

fn source(at: &Where) -> Result<Source, Error> {
    if let Some(tree) = &at.proc {
        // An empty folder, or the wrong one, would end in 0 with every rule unknown.
        if !has_one_of(tree, &["sys", "net"])? {
            return Err(Error::NoTree(tree.clone()));
        }
        return Ok(Source::recorded(tree).walking(walk(at.sockets)));
    }
    let target = match (&at.netns, at.pid) {
        (Some(name), _) => Some(Target::Netns(name.clone())),
        (None, Some(pid)) => Some(Target::Pid(pid)),
        (None, None) => None,
    };
    if let Some(target) = target {
        target.enter().map_err(Error::Namespace)?;
    }
    Ok(Source::live().walking(walk(at.sockets)))
}

const fn walk(asked: SocketWalk) -> Walk {
    match asked {
        SocketWalk { no_walk: true, .. } => Walk::None,
        SocketWalk { exact: true, .. } => Walk::Exact,
        SocketWalk { .. } => Walk::Auto,
    }
}

/// Takes one sample, or two with the interval between them. A recorded tree does not change, so one
/// sample of it is all there is.
pub(super) fn take(source: &Source, needs: &Needs, interval: f64, output: &Output) -> Snapshot {
    // Without a listener Ctrl-C ends the program, and no wait is cut short.
    taken(source, needs, interval, None, output).snapshot
}

/// Rates over a window that was cut to less than this would be chance.
const SHORTEST: Duration = Duration::from_millis(250);

const UNREAD: &str = "stopped by a signal: what was not read by then is unknown";

/// From here on a signal (Ctrl-C, SIGTERM) ends a command that only reads with what is known by then. A command that makes
/// changes never listens: its journal tells the next run where it was.
pub(super) fn listen() {
    // Without it Ctrl-C ends the program, as it does everywhere else.
    let _ = interrupt::listen();
}

/// What a command that only reads has seen.
pub(super) struct Seen {
    pub(super) snapshot: Snapshot,
    /// Whether a signal cut it short.
    pub(super) stopped: bool,
}

/// Like [`take`], and Ctrl-C ends the interval early.
pub(super) fn watch(source: &Source, needs: &Needs, interval: f64, output: &Output) -> Seen {
    watch_since(source, needs, interval, None, output)
}

/// Like [`watch`], where an earlier sample starts another window with the same end: whoever dropped something
/// since then is looked for, and not only who did in the interval.
pub(super) fn watch_since(
    source: &Source,
    needs: &Needs,
    interval: f64,
    since: Option<&Sample>,
    output: &Output,
) -> Seen {
    listen();
    taken(source, needs, interval, since, output)
}

fn taken(
    source: &Source,
    needs: &Needs,
    interval: f64,
    since: Option<&Sample>,
    output: &Output,
) -> Seen {
    if interval <= 0.0 || source.is_recorded() {
        return seen(None, collect(source, needs, Moment::End(since)), None);
    }
    let first = collect(source, needs, Moment::Start);
    output.progress(&format!("watching for {interval} s"));
    let whole = Duration::from_secs_f64(interval);
    let watched = interrupt::wait(whole);
    output.progress("");
    if watched == whole {
        let second = collect(source, needs, Moment::End(since.or(Some(&first))));
        return seen(Some(first), second, None);
    }
    let (first, note) = if watched < SHORTEST {
        let note = "stopped by a signal: counters were not watched".to_owned();
        (None, note)
    } else {
        let seconds = watched.as_secs_f64();
        let note = format!("stopped by a signal: watched for {seconds:.1} s of {interval} s");
        (Some(first), note)
    };
    let second = collect(source, needs, Moment::End(since.or(first.as_ref())));
    seen(first, second, Some(note))
}

/// Puts the samples together, and says in the last one why they are less than was asked for.
fn seen(first: Option<Sample>, mut second: Sample, cut: Option<String>) -> Seen {
    let unread = interrupt::asked().then(|| UNREAD.to_owned());
    let stopped = cut.is_some() || unread.is_some();
    second.notes.extend(cut.into_iter().chain(unread));
    Seen {
        snapshot: Snapshot::new(first, second),
        stopped,
    }
}

/// How a command ends that only read: with a warning and no success where a signal cut it short.
pub(super) fn exit(stopped: bool) -> Exit {
    if stopped {
        Output::warn(
            "stopped by a signal: this is less than was asked for",
            &[],
            None,
        );
        Exit::Stopped
    } else {
        Exit::Success
    }
}
