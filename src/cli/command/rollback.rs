//! `tcptune rollback`: the way back.

use crate::apply::{self, Files as _, Ports, Record, RolledBack, Stack, State, Undone, roll_back};
use crate::fact::Host;
use crate::host::{self, Moment, Needs, NextBoot};
use crate::render::apply::{ApplyReport, Outcome};

use super::apply::{nothing, report_of, show};
use super::ledger::{self, Ledger};
use super::sample;
use crate::cli::args::{Format, Rollback};
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::output::Output;

/// Takes an apply back.
pub(super) fn run(args: &Rollback, output: &mut Output) -> Result<Exit, Error> {
    let mut ledger = Ledger::take_readable()?;
    match args.id {
        Some(_) => ledger.say_problems(),
        // The newest may be one that cannot be read.
        None => ledger.require_whole()?,
    }
    let source = sample::enter(&args.at.place(), &args.boot.files())?;
    let now = host::collect(
        &source,
        &Needs::Facts(std::collections::BTreeSet::new()),
        Moment::End(None),
    );
    let here = now.host.clone();
    Ledger::require_place(&here)?;
    ledger.close_what_a_boot_ended(&here);
    let mut newest = ledger.records().iter().rev();
    let chosen = if let Some(id) = args.id {
        ledger.find(id).ok_or(Error::NoApply(Some(id)))?
    } else if let Some(record) = newest.find(|record| is_here(record, &here)) {
        record
    } else {
        let text = nothing_here(ledger.records(), &here);
        return Ok(done(&nothing(&here, text), args.format, output));
    };
    let record = chosen.clone();
    let id = record.id;
    if record.state == State::RolledBack {
        let text = format!("apply {id} was taken back already");
        return Ok(done(&nothing(&here, text), args.format, output));
    }
    let rebooted = record.boot_id != here.boot_id;
    let elsewhere = !rebooted && record.netns != here.netns;
    let looked_at = record.state == State::Diverged;
    if args.forget && !elsewhere && !rebooted && !looked_at {
        let help = "leave --forget away: it is for what a rollback cannot bring back";
        return Err(Error::Usage(
            format!(
                "apply {id} was made in this network namespace, and nobody tried to take it back"
            ),
            help,
        ));
    }
    if args.forget || (rebooted && record.dropin.is_none()) {
        let why = match (rebooted, elsewhere) {
            (true, _) => "the host was started anew since, which ended it",
            (_, true) => "its network namespace is gone",
            _ => "a person has looked at what was left",
        };
        return Ok(forget(record, why, &ledger, &here, args.format, output));
    }
    let leave = ledger.command(&format!("rollback {id} --forget"));
    if elsewhere {
        let why = format!("apply {id} was made in another network namespace");
        let help = format!("enter it (--netns, --pid); if it is gone: {leave}");
        return Err(Error::Refused(vec![why], Some(help)));
    }
    let next = NextBoot::of(&source, &now);
    if let (true, Err(why)) = (rebooted, &next) {
        let why = format!(
            "apply {id} was made in an earlier boot, and its values come from boot files: {why}"
        );
        let help = format!("run it on the host itself; to leave the values: {leave}");
        return Err(Error::Refused(vec![why], Some(help)));
    }
    Ok(take_back(
        record,
        &ledger,
        next.ok().as_ref(),
        &here,
        args.format,
        output,
    ))
}

/// Closes an apply without its values, and tells what became of its file.
fn forget(
    record: Record,
    why: &str,
    ledger: &Ledger,
    here: &Host,
    format: Format,
    output: &mut Output,
) -> Exit {
    let forget = |stack: &Stack, ports: &mut Ports<'_>| apply::forget(record, why, stack, ports);
    end(forget, ledger, None, here, format, output)
}

/// Whether an apply stands and is this namespace's to take back.
fn is_here(record: &Record, here: &Host) -> bool {
    let same_boot = record.boot_id == here.boot_id;
    record.state.stands()
        && if same_boot {
            record.netns == here.netns
        } else {
            record.dropin.is_some()
        }
}

/// That nothing is to be taken back here, and where something may be.
fn nothing_here(records: &[Record], here: &Host) -> String {
    let mut newest = records.iter().rev();
    let elsewhere = newest.find(|record| {
        record.state.stands() && record.boot_id == here.boot_id && record.netns != here.netns
    });
    match elsewhere {
        Some(one) => format!(
            "there is nothing to take back in this network namespace; apply {} was made in another one, to \
             which --netns or --pid leads",
            one.id
        ),
        None => "there is nothing to take back".to_owned(),
    }
}

/// Takes an apply back and tells what became of it.
pub(super) fn take_back(
    record: Record,
    ledger: &Ledger,
    next: Option<&NextBoot>,
    here: &Host,
    format: Format,
    output: &mut Output,
) -> Exit {
    let roll_back = |stack: &Stack, ports: &mut Ports<'_>| roll_back(record, stack, ports);
    end(roll_back, ledger, next, here, format, output)
}

/// Ends an apply in one way or the other, and tells what became of it.
fn end(
    how: impl FnOnce(&Stack, &mut Ports<'_>) -> RolledBack,
    ledger: &Ledger,
    next: Option<&NextBoot>,
    here: &Host,
    format: Format,
    output: &mut Output,
) -> Exit {
    let stack = ledger.stack();
    let dropin_before = dropin_text();
    let back = ledger::with_ports(&ledger.journal, next, here, |ports| how(&stack, ports));
    let closed = back.record.state == State::RolledBack && back.file.is_none();
    let complete = closed && back.journal.is_none();
    let outcome = if complete {
        Outcome::RolledBack
    } else {
        Outcome::Diverged
    };
    let mut report = report_of(outcome, &back.record, here, &ledger.places);
    if report.dropin.is_some() {
        // Lines of a newer apply stay in it.
        (report.dropin_before, report.dropin_after) = (dropin_before, dropin_text());
    }
    if back.record.state == State::Diverged {
        let command = ledger.command(&format!("rollback {} --forget", back.record.id));
        let text = format!("when somebody has looked, {command} closes it and leaves the values");
        report.notes.push(text);
    }
    report.faults.extend(back.journal);
    if back.rebooted {
        report.notes.extend(after_reboot(&back.record));
    }
    done(&report, format, output);
    if complete {
        Exit::Success
    } else {
        Exit::Incomplete
    }
}

/// What the values are after a rollback in another boot than that of the apply.
fn after_reboot(record: &Record) -> Vec<String> {
    let (left, followed): (Vec<_>, Vec<_>) = record
        .steps
        .iter()
        .filter(|step| !matches!(step.undone, None | Some(Undone::Kept)))
        .partition(|step| matches!(step.undone, Some(Undone::NotTold(_))));
    let mut notes = Vec::new();
    if followed
        .iter()
        .any(|step| step.undone == Some(Undone::Restored))
    {
        let text = "the host was started anew since: a key has the value that the boot files tell, not the one \
                    before the apply";
        notes.push(text.to_owned());
    }
    if !left.is_empty() {
        let keys: Vec<&str> = left.iter().map(|step| step.key.as_str()).collect();
        notes.push(format!(
            "the host was started anew since, and boot files do not tell the value of {}: what is there now stays \
             until the next boot",
            keys.join(", ")
        ));
    }
    notes
}

/// The drop-in as it is; `None` also where it cannot be read, which the rollback itself tells.
fn dropin_text() -> Option<String> {
    let image = ledger::dropin_file(None).dropin().ok()??;
    Some(String::from_utf8_lossy(&image.bytes).into_owned())
}

fn done(report: &ApplyReport, format: Format, output: &mut Output) -> Exit {
    let shown = show(report, format, output);
    output.finish(shown);
    Exit::Success
}
