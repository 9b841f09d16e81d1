//! What an earlier run left open.

use super::port::Sysctls;
use super::record::{Record, State};
use super::value::{is_ours, same};

/// How many seconds a guard may take to notice that its time is up, and to act.
const GUARD_TAKES: f64 = 3.0;

/// Why nothing else may be changed before an earlier apply is closed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pending {
    /// It ended half-way: a crash, `kill -9`, a full disk.
    HalfWay,
    /// It waits to be confirmed, for so many seconds more.
    Waiting(f64),
    /// Nobody confirmed it in time, and nobody was there to take it back.
    Expired,
    /// It waited to be confirmed when the host was started anew, which ended it: only its record is open.
    EndedByBoot,
}

impl Record {
    /// What is open about it, seen from this boot at this uptime.
    pub fn pending(&self, boot_id: Option<&str>, uptime: f64) -> Option<Pending> {
        match (self.state, &self.confirm) {
            (State::Waiting, _) if boot_id.is_some() && self.boot_id.as_deref() != boot_id => {
                Some(Pending::EndedByBoot)
            }
            // A guard that runs will have taken it back a moment later.
            (State::Waiting, Some(confirm)) if uptime < confirm.until_uptime + GUARD_TAKES => {
                Some(Pending::Waiting((confirm.until_uptime - uptime).max(0.0)))
            }
            (State::Waiting, _) => Some(Pending::Expired),
            (state, _) if state.is_unfinished() => Some(Pending::HalfWay),
            _ => None,
        }
    }
}

/// How one key of an apply stands now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Now {
    /// As it was before.
    Before,
    /// As the apply wants it.
    After,
    /// What the kernel made of the apply's write: the first fields of a vector, a mask in words of its own.
    Partly(String),
    /// Some other value: somebody else's.
    Other(String),
    /// It cannot be read; why.
    Unreadable(String),
}

/// How each key of an apply stands now.
pub fn standing(record: &Record, sysctls: &mut dyn Sysctls) -> Vec<(String, Now)> {
    let steps = record.steps.iter();
    steps
        .map(|step| {
            let reading = sysctls.read(&step.key);
            let now = match reading.value() {
                None => Now::Unreadable(reading.reason().unwrap_or_default()),
                Some(now) if same(&step.key, now, &step.before) => Now::Before,
                Some(now) if same(&step.key, now, &step.after) => Now::After,
                Some(now)
                    if is_ours(&step.key, &step.before, &step.after, now)
                        || step.shown() == Some(now.as_str()) =>
                {
                    Now::Partly(now.clone())
                }
                Some(now) => Now::Other(now.clone()),
            };
            (step.key.clone(), now)
        })
        .collect()
}
