//! What a guard does: wait, and take back.

use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::apply::{Clock, Ports, Record, RolledBack, Stack, State, roll_back};
use crate::host::journal::DiskJournal;
use crate::host::lock::{Lock, LockError};

/// How often the journal is looked at. A look costs one small file.
const PACE: Duration = Duration::from_millis(200);

/// How many seconds to wait for the lock when time is up, and for one that cannot be used to become usable. A holder that
/// keeps it longer is suspended, or blocked on its output.
const LOCK_WAIT: f64 = 2.0;

/// How a watch ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Watched {
    /// There is nothing to guard any more: the state that was found, `None` for an apply that never began.
    Ended(Option<State>),
    /// Nobody confirmed, or the run ended half-way; what came of taking it back.
    TakenBack(Box<RolledBack>),
}

/// What is to be done about an apply.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Task {
    /// It is closed, or does not wait for anybody.
    End,
    /// Look again later; in at most so many seconds.
    Wait(f64),
    /// Its time is up.
    TakeBack,
    /// Somebody is at work on it, if the lock is held.
    SeeWhetherAnybodyWorks,
}

/// Guards the apply of this number until it is confirmed, taken back, or its time is up. Time is that since
/// boot, so it runs while the machine sleeps.
///
/// The run that makes the apply holds the lock from before this begins until the apply waits. Should it end
/// before that, nobody can confirm what it left, and it is taken back at once. Should it be stopped while it
/// holds the lock, the values go back without: whoever waits for a confirmation has nothing left to write.
pub fn watch(id: u32, journal: &DiskJournal, lock: &Path, ports: &mut Ports<'_>) -> Watched {
    let mut seen = None;
    let mut useless_since = None;
    loop {
        look(id, journal, &mut seen);
        let (held, why) = match task(seen.as_ref(), ports.clock.uptime_seconds()) {
            Task::End => return Watched::Ended(seen.map(|record| record.state)),
            Task::Wait(seconds) => {
                thread::sleep(PACE.min(Duration::try_from_secs_f64(seconds).unwrap_or(PACE)));
                continue;
            }
            Task::TakeBack => (
                lock_in_time(lock, ports.clock),
                "nobody confirmed it in time",
            ),
            Task::SeeWhetherAnybodyWorks => {
                let held = Lock::take(lock);
                let waits = match &held {
                    Ok(_) => false,
                    Err(LockError::Held(_)) => true,
                    // It may have become so while somebody was at work, which takes less than that.
                    Err(LockError::Unusable(..)) => {
                        let now = ports.clock.uptime_seconds();
                        now < *useless_since.get_or_insert(now) + LOCK_WAIT
                    }
                };
                if waits {
                    thread::sleep(PACE);
                    continue;
                }
                (held, "the run that made it ended half-way")
            }
        };
        // A lock that cannot be used is nobody else's either, and the values are to go back.
        let somebody_has_it = matches!(held, Err(LockError::Held(_)));
        // What was decided without the lock may be otherwise by now.
        look(id, journal, &mut seen);
        match (
            task(seen.as_ref(), ports.clock.uptime_seconds()),
            seen.take(),
        ) {
            // Somebody began to confirm it, or to take it back, meanwhile.
            (Task::SeeWhetherAnybodyWorks, record) if somebody_has_it => seen = record,
            (Task::SeeWhetherAnybodyWorks, None) => return Watched::Ended(None),
            (Task::TakeBack | Task::SeeWhetherAnybodyWorks, Some(mut record)) => {
                record.faults.push(why.to_owned());
                return Watched::TakenBack(Box::new(take_back(record, journal, ports)));
            }
            (_, record) => seen = record,
        }
    }
}

/// Takes the lock after whoever has it, or tells that it is still held when nobody may be waited for any longer.
fn lock_in_time(lock: &Path, clock: &dyn Clock) -> Result<Lock, LockError> {
    let end = clock.uptime_seconds() + LOCK_WAIT;
    loop {
        match Lock::take(lock) {
            Err(LockError::Held(_)) if clock.uptime_seconds() < end => thread::sleep(PACE),
            taken => return taken,
        }
    }
}

/// Reads the record anew. One that was read once and cannot be read any more, or is gone, was not confirmed as
/// far as anybody can tell: what is known of it counts.
fn look(id: u32, journal: &DiskJournal, seen: &mut Option<Record>) {
    if let Ok(Some(record)) = journal.find(id) {
        *seen = Some(record);
    }
}

fn task(record: Option<&Record>, now: f64) -> Task {
    let Some(record) = record else {
        return Task::SeeWhetherAnybodyWorks;
    };
    match (&record.confirm, record.state) {
        (None, _) | (_, State::Committed | State::RolledBack | State::Diverged) => Task::End,
        (Some(confirm), State::Waiting) if now < confirm.until_uptime => {
            Task::Wait(confirm.until_uptime - now)
        }
        (Some(_), State::Waiting) => Task::TakeBack,
        (Some(_), State::Journaled | State::Applying | State::Verified | State::RollingBack) => {
            Task::SeeWhetherAnybodyWorks
        }
    }
}

/// Takes the apply back. Other records only tell whose value a key has; those that cannot be read must not
/// keep it from going back.
fn take_back(record: Record, journal: &DiskJournal, ports: &mut Ports<'_>) -> RolledBack {
    let records = journal
        .load()
        .unwrap_or_else(|incomplete| incomplete.readable);
    roll_back(record, &Stack::new(records), ports)
}

#[cfg(test)]
mod tests;
