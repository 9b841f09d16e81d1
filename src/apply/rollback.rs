//! The way back: every key in reverse order, then the drop-in.

use super::dropin::{self, Dropin};
use super::port::{FileImage, Ports};
use super::record::{DropinChange, Record, State, Step, Undone};
use super::stack::Stack;
use super::value::{is_ours, same};
use crate::fact::Reading;
use crate::fact::boot::Forecast;

/// What came of a rollback.
#[derive(Clone, Debug, PartialEq)]
pub struct RolledBack {
    /// The record with its new state; every step tells what became of it.
    pub record: Record,
    /// What is wrong with the drop-in, if it could not be brought back.
    pub file: Option<String>,
    /// The journal does not know of the rollback: why. Everything else is done.
    pub journal: Option<String>,
    /// The host was started anew since the apply: values are those of the next boot, not the old ones.
    pub rebooted: bool,
}

impl RolledBack {
    /// Whether nobody has to look at anything.
    pub fn is_complete(&self) -> bool {
        let person = |step: &Step| step.undone.as_ref().is_some_and(Undone::needs_a_person);
        self.file.is_none() && !self.record.steps.iter().any(person)
    }
}

/// Takes an apply back, as far as it came. Doing so twice does nothing the second time.
///
/// In the boot it was made in, each key gets the value it had. After another boot the old live values mean
/// nothing: the drop-in goes back first, and each key gets what the files then say.
pub fn roll_back(mut record: Record, stack: &Stack, ports: &mut Ports<'_>) -> RolledBack {
    // A boot that cannot be told is this one: an old value is given back, not forgotten.
    let rebooted = ports.boot_id.is_some() && record.boot_id.as_deref() != ports.boot_id;
    if record.state == State::RolledBack {
        return RolledBack {
            record,
            file: None,
            journal: None,
            rebooted,
        };
    }
    // What is wrong with a file that this apply did not come to write is not its business.
    let may_have_file = record.state.may_have_file();
    let bring_file = |record: &Record, ports: &mut Ports<'_>| {
        let fault = restore_file(record, stack, ports).err();
        fault.filter(|_| may_have_file)
    };
    record.state = State::RollingBack;
    // A journal that cannot be written must not keep the values from going back.
    let _ = ports.journal.save(&record);
    let mut file = None;
    if rebooted {
        file = bring_file(&record, ports);
    }
    for at in (0..record.steps.len()).rev() {
        let Some(step) = record.steps.get(at).filter(|step| step.attempted) else {
            continue;
        };
        let boot_id = ports.boot_id.or(record.boot_id.as_deref());
        let undone = if stack.has_newer(&record, &step.key, boot_id) {
            Undone::Kept
        } else if rebooted && record.dropin.is_none() {
            // Live values only: the boot has taken them back.
            Undone::NotTold("the boot ended it".to_owned())
        } else if rebooted {
            follow_files(step, ports)
        } else {
            restore(step, &record, stack, ports)
        };
        if let Some(step) = record.steps.get_mut(at) {
            step.undone = Some(undone);
        }
    }
    if !rebooted {
        file = bring_file(&record, ports);
    }
    let mut back = RolledBack {
        record,
        file,
        journal: None,
        rebooted,
    };
    back.record.state = if back.is_complete() {
        State::RolledBack
    } else {
        State::Diverged
    };
    back.record.faults.extend(back.file.clone());
    // Only the last word counts: if that is on the disk, a first one that is not has done no harm.
    let ended = ports.journal.save(&back.record);
    back.journal = ended.err().map(|fault| fault.to_string());
    back
}

/// Closes an apply whose values nobody brings back any more: its network namespace is gone, or a person has looked
/// at what was left. Values stay as they are; of the drop-in what this apply wrote goes, as in a rollback.
pub fn forget(mut record: Record, why: &str, stack: &Stack, ports: &mut Ports<'_>) -> RolledBack {
    let file = if record.state.may_have_file() {
        restore_file(&record, stack, ports).err()
    } else {
        None
    };
    record.close(why);
    record.faults.extend(file.clone());
    let saved = ports.journal.save(&record);
    RolledBack {
        record,
        file,
        journal: saved.err().map(|fault| fault.to_string()),
        rebooted: false,
    }
}

impl Record {
    /// Closes a record of which nothing is left to take back.
    pub fn close(&mut self, why: &str) {
        self.state = State::RolledBack;
        self.faults.push(why.to_owned());
        for step in self.steps.iter_mut().filter(|step| step.attempted) {
            step.undone
                .get_or_insert_with(|| Undone::NotTold(why.to_owned()));
        }
    }
}

/// Gives one key the value it had.
fn restore(step: &Step, record: &Record, stack: &Stack, ports: &mut Ports<'_>) -> Undone {
    let goal = stack.goal(record, &step.key).unwrap_or(&step.before);
    bring(step, goal, ports)
}

/// Gives one key the value the files tell for the next boot.
fn follow_files(step: &Step, ports: &mut Ports<'_>) -> Undone {
    match ports.files.next_boot(&step.key) {
        Ok(Forecast::Value(goal)) => bring(step, &goal.to_string(), ports),
        Ok(Forecast::Untouched) => Undone::NotTold("no file sets it".to_owned()),
        Ok(Forecast::Unknown(why)) => Undone::NotTold(why),
        Err(fault) => Undone::Failed(fault.to_string()),
    }
}

/// Writes `goal` if what is there now is what was there before, what was wanted, what the kernel made of it, or a
/// mixture our own write can have left.
fn bring(step: &Step, goal: &str, ports: &mut Ports<'_>) -> Undone {
    let Step {
        key, before, after, ..
    } = step;
    let reading = ports.sysctls.read(key);
    if reading == Reading::Absent {
        // An interface that is gone took its keys with it; there is nothing to go back.
        return Undone::NotTold("it does not exist any more".to_owned());
    }
    let Some(now) = reading.value() else {
        return Undone::Failed(reading.reason().unwrap_or_default());
    };
    if same(key, now, goal) {
        return Undone::Restored;
    }
    let own = |start: &str| is_ours(key, start, after, now);
    if !own(before) && !own(goal) && step.shown() != Some(now.as_str()) {
        return Undone::Foreign(now.clone());
    }
    let refused = ports.sysctls.write(key, goal).err();
    match (ports.sysctls.read(key).value(), refused) {
        (Some(now), _) if same(key, now, goal) => Undone::Restored,
        (_, Some(errno)) => Undone::Failed(errno),
        (Some(now), None) => Undone::Failed(format!("it reads {now} after {goal} was written")),
        (None, None) => Undone::Failed("it cannot be read any more".to_owned()),
    }
}

/// Takes this apply's entries out of the drop-in, or puts those back that it replaced.
fn restore_file(record: &Record, stack: &Stack, ports: &mut Ports<'_>) -> Result<(), String> {
    let Some(change) = &record.dropin else {
        return Ok(());
    };
    let there = ports.files.dropin().map_err(|fault| fault.to_string())?;
    let wanted = without(record, change, there.as_ref(), stack)?;
    if wanted == there {
        return Ok(());
    }
    let replaced = ports.files.replace_dropin(wanted.as_ref());
    replaced.map_err(|fault| fault.to_string())
}

/// The file without what this apply put there.
fn without(
    record: &Record,
    change: &DropinChange,
    there: Option<&FileImage>,
    stack: &Stack,
) -> Result<Option<FileImage>, String> {
    let read = |image: Option<&FileImage>| match image {
        Some(image) => dropin::parse(&image.bytes),
        None => Ok(Dropin::default()),
    };
    let foreign = |foreign| format!("`{}` is left as it is: {foreign}", change.path);
    let now = read(there).map_err(foreign)?;
    let mut wanted = now.clone();
    for step in &record.steps {
        if stack.has_newer_entry(record, &step.key) {
            continue;
        }
        match stack.goal_entry(record, &step.key) {
            Some(entry) => wanted.entries.insert(step.key.clone(), entry),
            None => wanted.entries.remove(&step.key),
        };
    }
    // The same content as before is the same file as before, to the byte and the mode.
    let before = change.before.as_ref();
    if read(before).is_ok_and(|before| before == wanted) {
        return Ok(before.cloned());
    }
    if wanted == now {
        return Ok(there.cloned());
    }
    Ok((!wanted.entries.is_empty()).then(|| FileImage {
        bytes: wanted.render().into_bytes(),
        mode: there.map_or(change.after.mode, |image| image.mode),
    }))
}
