//! Taking samples.

use std::thread::sleep;
use std::time::Duration;

use crate::fact::Snapshot;
use crate::host::{Moment, Needs, Source, Target, collect};

use crate::cli::args::Where;
use crate::cli::error::Error;
use crate::cli::output::Output;

/// Goes where the facts are: enters the namespace before anything is read.
pub(super) fn enter(at: &Where) -> Result<Source, Error> {
    if let Some(tree) = &at.proc {
        // An empty folder, or the wrong one, would end in 0 with every rule unknown.
        if !["sys", "net"].iter().any(|part| tree.join(part).is_dir()) {
            return Err(Error::NoTree(tree.clone()));
        }
        return Ok(Source::recorded(tree));
    }
    let target = match (&at.netns, at.pid) {
        (Some(name), _) => Some(Target::Netns(name.clone())),
        (None, Some(pid)) => Some(Target::Pid(pid)),
        (None, None) => None,
    };
    if let Some(target) = target {
        target.enter().map_err(Error::Namespace)?;
    }
    Ok(Source::live())
}

/// Takes one sample, or two with the interval between them. A recorded tree does not change, so one
/// sample of it is all there is.
pub(super) fn take(source: &Source, needs: &Needs, interval: f64, output: &Output) -> Snapshot {
    if interval <= 0.0 || source.is_recorded() {
        return Snapshot::new(None, collect(source, needs, Moment::End(None)));
    }
    let first = collect(source, needs, Moment::Start);
    output.progress(&format!("watching for {interval} s"));
    sleep(Duration::from_secs_f64(interval));
    output.progress("");
    let second = collect(source, needs, Moment::End(Some(&first)));
    Snapshot::new(Some(first), second)
}
