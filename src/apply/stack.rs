//! Applies on top of each other: what a key goes back to when one of them is taken back.

use super::dropin::{Entry, parse};
use super::record::{Record, State, Step, Undone};
use super::value::same;

/// Every record there is, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Stack(Vec<Record>);

impl Stack {
    /// A stack of these records, in any order.
    pub fn new(mut records: Vec<Record>) -> Self {
        records.sort_by_key(|record| record.id);
        Self(records)
    }

    /// The records, oldest first.
    pub fn records(&self) -> &[Record] {
        &self.0
    }

    /// The record with this number.
    pub fn find(&self, id: u32) -> Option<&Record> {
        self.0.iter().find(|record| record.id == id)
    }

    /// Writes down, for each key of an apply that begins, which one it stands on.
    pub(super) fn lay_under(&self, record: &mut Record) {
        for at in 0..record.steps.len() {
            let Some(key) = record.steps.get(at).map(|step| step.key.clone()) else {
                break;
            };
            let on = self.newest(&key, |other| is_beside(other, record));
            let entry_on = self.newest(&key, |other| other.dropin.is_some());
            if let Some(step) = record.steps.get_mut(at) {
                (step.on, step.entry_on) = (on, entry_on);
            }
        }
    }

    /// Whether a newer apply that stands has set the key in this boot and in the same namespace: its live
    /// value is not ours to take back.
    pub(super) fn has_newer(&self, record: &Record, key: &str, boot_id: Option<&str>) -> bool {
        let newer = self.newest(key, |other| {
            other.id > record.id
                && other.boot_id.as_deref() == boot_id
                && other.netns == record.netns
        });
        newer.is_some()
    }

    /// Whether a newer apply that stands has put the key into the drop-in, in whatever boot.
    pub(super) fn has_newer_entry(&self, record: &Record, key: &str) -> bool {
        let newer = self.newest(key, |other| {
            other.id > record.id && other.dropin.is_some() && other.state.may_have_file()
        });
        newer.is_some()
    }

    /// The value the key goes back to: what was there before, or, where that was made by an older apply
    /// that has been taken back underneath this one, what was there before that one.
    pub(super) fn goal<'s>(&'s self, record: &'s Record, key: &str) -> Option<&'s str> {
        let (mut top, mut above) = (step(record, key)?, record.id);
        // An apply stands on older ones only, whatever a journal says.
        while let Some(id) = top.on.filter(|id| *id < above)
            && let Some(under) = self.taken_from_under(id, key)
            && same(key, &under.after, &top.before)
        {
            (top, above) = (under, id);
        }
        Some(&top.before)
    }

    /// The entry of the drop-in the key goes back to, by the same rule.
    pub(super) fn goal_entry(&self, record: &Record, key: &str) -> Option<Entry> {
        let mut top = record;
        while let Some(id) = step(top, key).and_then(|step| step.entry_on)
            && id < top.id
            && self.taken_from_under(id, key).is_some()
        {
            top = self.find(id)?;
        }
        let image = top.dropin.as_ref()?.before.as_ref()?;
        parse(&image.bytes).ok()?.entries.remove(key)
    }

    /// The newest of some applies whose change of the key stands.
    fn newest(&self, key: &str, of: impl Fn(&Record) -> bool) -> Option<u32> {
        let mut down = self.0.iter().rev().filter(|record| of(record));
        down.find(|record| step(record, key).is_some_and(|step| stands(record, step)))
            .map(|record| record.id)
    }

    /// The step of an apply that was taken back while a newer one stood on it.
    fn taken_from_under(&self, id: u32, key: &str) -> Option<&Step> {
        step(self.find(id)?, key).filter(|step| step.undone == Some(Undone::Kept))
    }
}

/// Whether the change of a step is in force as far as the journal knows.
fn stands(record: &Record, step: &Step) -> bool {
    record.state != State::RolledBack && matches!(step.undone, None | Some(Undone::Failed(_)))
}

/// Whether two applies changed the same kernel's settings in the same namespace.
fn is_beside(one: &Record, other: &Record) -> bool {
    one.boot_id == other.boot_id && one.netns == other.netns
}

/// The step of a key whose write may have happened.
fn step<'r>(record: &'r Record, key: &str) -> Option<&'r Step> {
    record
        .steps
        .iter()
        .find(|step| step.attempted && step.key == key)
}
