//! The way forward: journal, write, read back, verify, persist, commit.

use super::port::Ports;
use super::record::{Record, State, Step, Written};
use super::rollback::roll_back;
use super::stack::Stack;
use super::value::{is_ours, is_reworded, same};
use crate::fact::Reading;
use crate::fact::boot::Forecast;

/// How an apply ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Applied {
    /// Everything is as wanted, now and at the next boot (or now only, where no file was asked for).
    Committed(Record),
    /// Live values are as wanted and wait for a confirmation.
    Waiting(Record),
    /// The host was not as the plan says; nothing was written. What differs, one phrase each.
    Stale(Vec<String>),
    /// The journal could not be written, so nothing else was; why.
    NotBegun(String),
    /// Something failed ([`Record::faults`]) and everything is as before.
    RolledBack(Record),
    /// Something failed, and so did a part of the way back, or somebody else interfered:
    /// [`Step::undone`] and [`Record::faults`] name it.
    Diverged(Record),
}

/// Makes the changes of a prepared record. `stack` holds the earlier applies.
pub fn apply(mut record: Record, stack: &Stack, ports: &mut Ports<'_>) -> Applied {
    let stale = preflight(&record, ports);
    if !stale.is_empty() {
        return Applied::Stale(stale);
    }
    stack.lay_under(&mut record);
    record.state = State::Journaled;
    if let Err(fault) = ports.journal.save(&record) {
        return Applied::NotBegun(fault.to_string());
    }
    if let Err(why) = write_all(&mut record, ports) {
        return take_back(record, why, stack, ports);
    }
    record.state = State::Verified;
    if let Err(fault) = ports.journal.save(&record) {
        return take_back(record, fault.to_string(), stack, ports);
    }
    let Some(confirm) = &mut record.confirm else {
        return commit(record, stack, ports);
    };
    #[expect(
        clippy::cast_precision_loss,
        reason = "a confirmation waits for seconds or hours"
    )]
    let wait = confirm.seconds as f64;
    confirm.until_uptime = ports.clock.uptime_seconds() + wait;
    record.state = State::Waiting;
    match ports.journal.save(&record) {
        Ok(()) => Applied::Waiting(record),
        Err(fault) => take_back(record, fault.to_string(), stack, ports),
    }
}

/// Makes verified changes last: writes the drop-in, sees that it wins, and closes the record.
pub fn commit(mut record: Record, stack: &Stack, ports: &mut Ports<'_>) -> Applied {
    // Until now a reboot would have undone an apply that waits. From here on it will not.
    let waited = record.state == State::Waiting;
    if waited {
        record.state = State::Verified;
        if let Err(fault) = ports.journal.save(&record) {
            return take_back(record, fault.to_string(), stack, ports);
        }
    }
    let mut lasts = persist(&record, ports);
    if waited {
        // A confirmation that was stopped for a while may find that the guard was faster.
        lasts = lasts.and_then(|()| verify(&record, ports));
    }
    if let Err(why) = lasts {
        return take_back(record, why, stack, ports);
    }
    record.state = State::Committed;
    match ports.journal.save(&record) {
        Ok(()) => Applied::Committed(record),
        Err(fault) => take_back(record, fault.to_string(), stack, ports),
    }
}

/// What is not as the plan found it.
fn preflight(record: &Record, ports: &mut Ports<'_>) -> Vec<String> {
    let mut stale: Vec<String> = record
        .steps
        .iter()
        .filter_map(|step| moved(step, &ports.sysctls.read(&step.key)))
        .collect();
    if let Some(change) = &record.dropin {
        match ports.files.dropin() {
            Ok(there) if there == change.before => {}
            Ok(_) => stale.push(format!("`{}` has changed since", change.path)),
            Err(fault) => stale.push(fault.to_string()),
        }
    }
    stale
}

/// Why a key cannot be changed as planned: its value is another one, or it cannot be written.
fn moved(step: &Step, now: &Reading<String>) -> Option<String> {
    let key = &step.key;
    match now {
        Reading::Known(now) if same(key, now, &step.before) => None,
        Reading::Known(now) => Some(format!("`{key}` was {} and is {now} now", step.before)),
        Reading::ReadOnly(_) => Some(format!("`{key}` cannot be written here")),
        other => {
            let why = other.reason().unwrap_or_default();
            Some(format!("`{key}` cannot be read: {why}"))
        }
    }
}

fn write_all(record: &mut Record, ports: &mut Ports<'_>) -> Result<(), String> {
    record.state = State::Applying;
    for at in 0..record.steps.len() {
        let Some(step) = record.steps.get_mut(at) else {
            break;
        };
        step.attempted = true;
        ports
            .journal
            .save(record)
            .map_err(|fault| fault.to_string())?;
        if let Some(step) = record.steps.get_mut(at) {
            // Somebody may have written since the plan was checked, also while the journal was being
            // written; their value is not to be lost.
            if let Some(why) = moved(step, &ports.sysctls.read(&step.key)) {
                step.attempted = false;
                return Err(why);
            }
            let written = write(step, ports);
            let fault = failure(step, &written);
            step.written = Some(written);
            if let Some(why) = fault {
                return Err(why);
            }
        }
    }
    // A later write may have changed what an earlier one set, as ip_forward resets per-interface keys.
    verify(record, ports)
}

/// Whether every key still reads as wanted.
fn verify(record: &Record, ports: &mut Ports<'_>) -> Result<(), String> {
    for step in &record.steps {
        match ports.sysctls.read(&step.key).value() {
            Some(now) if same(&step.key, now, &step.after) => {}
            Some(now) => return Err(format!("`{}` was written and is {now} now", step.key)),
            None => return Err(format!("`{}` cannot be read any more", step.key)),
        }
    }
    Ok(())
}

/// Writes one key, and tells what came of it by what is read afterwards.
fn write(step: &Step, ports: &mut Ports<'_>) -> Written {
    let Step {
        key, before, after, ..
    } = step;
    let refused = ports.sysctls.write(key, after).err();
    let reading = ports.sysctls.read(key);
    let Some(now) = reading.value() else {
        return Written::Diverged(reading.reason().unwrap_or_default());
    };
    let ours = is_ours(key, before, after, now) || (refused.is_none() && is_reworded(key, after));
    match refused {
        _ if !ours => Written::Diverged(now.clone()),
        Some(errno) => Written::Refused(errno),
        None if same(key, now, after) => Written::Written,
        None if same(key, now, before) => Written::Unchanged,
        None => Written::Clamped(now.clone()),
    }
}

fn failure(step: &Step, written: &Written) -> Option<String> {
    let Step { key, after, .. } = step;
    match written {
        Written::Written => None,
        Written::Unchanged => Some(format!(
            "`{key}` took {after} without an error and kept its value"
        )),
        Written::Refused(errno) => Some(format!("`{key}` refused {after}: {errno}")),
        Written::Clamped(now) => Some(format!("`{key}` made {now} of {after}")),
        Written::Diverged(now) => Some(format!("`{key}` reads {now} after {after} was written")),
    }
}

/// Writes the drop-in and asks for every key whether it wins.
fn persist(record: &Record, ports: &mut Ports<'_>) -> Result<(), String> {
    let Some(change) = &record.dropin else {
        return Ok(());
    };
    match ports.files.dropin() {
        Ok(there) if there == change.before => {}
        Ok(_) => return Err(format!("`{}` has changed since", change.path)),
        Err(fault) => return Err(fault.to_string()),
    }
    let after = Some(&change.after);
    ports
        .files
        .replace_dropin(after)
        .map_err(|fault| fault.to_string())?;
    for step in &record.steps {
        let next = ports
            .files
            .next_boot(&step.key)
            .map_err(|fault| fault.to_string())?;
        let key = &step.key;
        match next {
            Forecast::Value(value) if same(key, &value.to_string(), &step.after) => {}
            Forecast::Value(value) => {
                return Err(format!(
                    "another file wins over the drop-in for `{key}`: it sets {value}"
                ));
            }
            Forecast::Unknown(why) => {
                return Err(format!(
                    "whether the drop-in wins for `{key}` cannot be told: {why}"
                ));
            }
            Forecast::Untouched => {
                return Err(format!("at boot nothing would set `{key}`"));
            }
        }
    }
    Ok(())
}

/// The way back after a failure.
fn take_back(mut record: Record, why: String, stack: &Stack, ports: &mut Ports<'_>) -> Applied {
    record.faults.push(why);
    let mut back = roll_back(record, stack, ports);
    // The values are back; an open record is closed by the next rollback, which finds nothing to do.
    let open = back.journal.take();
    back.record.faults.extend(open);
    if back.is_complete() {
        Applied::RolledBack(back.record)
    } else {
        Applied::Diverged(back.record)
    }
}
