//! `check --remember`: the last run of this boot and network namespace starts a second, longer window.
//!
//! It never replaces the short one. A burst of three minutes is a fifth of the traffic of a quarter of an
//! hour and a five-hundredth of that of a day, so what is judged by its share of the traffic is thinned out
//! the longer the window is: a timer should run hourly rather than daily. And what is held against the
//! sockets of this moment is only judged over seconds, where both belong together.

use crate::fact::{Sample, Snapshot};
use crate::host::{self, Forgotten, Remembered};
use crate::render::{self, report::Report};

use crate::cli::command::ledger;
use crate::cli::output::Output;

/// What the last run left, and where this one leaves its own.
pub(super) struct Memory {
    /// `None`, with the reason for people and the help, where nothing can be kept.
    place: Result<Remembered, (String, Option<&'static str>)>,
    /// The last run's sample, or why there is none.
    last: Result<Sample, Forgotten>,
}

impl Memory {
    /// Looks for what the last run left for the namespace this thread is in. It is no error that there is
    /// nothing, or nothing that can be used.
    pub(super) fn recall() -> Self {
        let folder = ledger::environment().remembered();
        let place = match folder {
            Ok(folder) => Remembered::of(&folder, &host::here()).ok_or_else(|| {
                let why = format!("cannot remember this run: {}", Forgotten::NotKnown);
                (why, None)
            }),
            Err(none) => {
                let why = "cannot remember this run: there is no folder of state";
                Err((why.to_owned(), Some(none.help())))
            }
        };
        let last = match &place {
            Ok(place) => place.recall(),
            Err(_) => Err(Forgotten::NotKnown),
        };
        Self { place, last }
    }

    /// The sample of the last run.
    pub(super) fn start(&self) -> Option<&Sample> {
        self.last.as_ref().ok()
    }

    /// The state of this run, with the window begun by the last one.
    pub(super) fn window(&mut self, snapshot: &Snapshot) -> Option<Snapshot> {
        let (Ok(place), Ok(last)) = (&self.place, &self.last) else {
            return None;
        };
        match place.window(last.clone(), snapshot.now.clone()) {
            Ok(window) => Some(window),
            Err(why) => {
                self.last = Err(why);
                None
            }
        }
    }

    /// The report with the length of the longer window in it, or with the reason why there is none.
    pub(super) fn beside(
        &self,
        report: Report,
        longer: Option<&Snapshot>,
        not_since: &[&str],
    ) -> Report {
        let mut notes = Vec::new();
        match (&self.place, &self.last) {
            (Ok(_), Err(why)) => notes.push(format!(
                "nothing is known of the time before this run: {why}"
            )),
            (Err((why, _)), _) => notes.push(why.clone()),
            (Ok(_), Ok(_)) => {}
        }
        if !not_since.is_empty() {
            notes.push(format!(
                "judged over this run only, as the last one did not look at the same: {}",
                not_since.join(", ")
            ));
        }
        let seconds = longer.and_then(Snapshot::window_seconds);
        render::remembering(report, seconds, notes)
    }

    /// Leaves this run to the next one. Where that cannot be, the report has been written all the same.
    pub(super) fn keep(self, now: &Sample) {
        match self.place {
            Ok(place) => {
                if let Err(refused) = place.keep(now) {
                    Output::warn(&refused.to_string(), &[], refused.why.help());
                }
            }
            Err((why, help)) => Output::warn(&why, &[], help),
        }
    }
}
