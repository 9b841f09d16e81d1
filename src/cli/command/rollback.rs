//! `tcptune rollback`: the way back.

use crate::apply::{Files as _, Journal as _, Record, State, roll_back};
use crate::fact::Host;
use crate::host::{self, Moment, Needs, NextBoot};
use crate::render::apply::{ApplyReport, Outcome};

use super::apply::{nothing, report_of, show};
use super::ledger::{self, Ledger, close};
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
    let chosen = match args.id {
        Some(id) => ledger.find(id).ok_or(Error::NoApply(Some(id)))?,
        None => match ledger
            .records()
            .iter()
            .rev()
            .find(|record| is_here(record, &here))
        {
            Some(record) => record,
            None => {
                return Ok(done(
                    &nothing(&here, "there is nothing to take back".to_owned()),
                    args.format,
                    output,
                ));
            }
        },
    };
    let mut record = chosen.clone();
    let id = record.id;
    if record.state == State::RolledBack {
        let text = format!("apply {id} was taken back already");
        return Ok(done(&nothing(&here, text), args.format, output));
    }
    let rebooted = record.boot_id != here.boot_id;
    let elsewhere = !rebooted && record.netns != here.netns;
    if args.forget && !elsewhere {
        let help = "leave --forget away: it is for a namespace that is gone";
        return Err(Error::Usage(
            format!("apply {id} was made in this network namespace"),
            help,
        ));
    }
    if args.forget && record.dropin.is_some() {
        let help = "run it where that file is, without --forget";
        return Err(Error::Usage(
            format!("apply {id} changed a file too, which stands"),
            help,
        ));
    }
    if args.forget || (rebooted && record.dropin.is_none()) {
        let why = if rebooted {
            "the host was started anew since, which ended it"
        } else {
            "its network namespace is gone"
        };
        close(&mut record, why);
        ledger
            .journal
            .clone()
            .save(&record)
            .map_err(|fault| Error::Refused(vec![fault.to_string()], None))?;
        return Ok(done(
            &report_of(Outcome::RolledBack, &record, &here, &ledger.places),
            args.format,
            output,
        ));
    }
    if elsewhere {
        let why = format!("apply {id} was made in another network namespace");
        let help = format!(
            "enter it (--netns, --pid); if it is gone: {}",
            ledger.command(&format!("rollback {id} --forget"))
        );
        return Err(Error::Refused(vec![why], Some(help)));
    }
    let next = NextBoot::of(&source, &now);
    if let (true, Err(why)) = (rebooted, &next) {
        let why = format!(
            "apply {id} was made in an earlier boot, and its values come from boot files: {why}"
        );
        let help = "run it on the host itself".to_owned();
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

/// Takes an apply back and tells what became of it.
pub(super) fn take_back(
    record: Record,
    ledger: &Ledger,
    next: Option<&NextBoot>,
    here: &Host,
    format: Format,
    output: &mut Output,
) -> Exit {
    let stack = ledger.stack();
    let dropin_before = dropin_text();
    let back = ledger::with_ports(&ledger.journal, next, here, |ports| {
        roll_back(record, &stack, ports)
    });
    let complete = back.is_complete() && back.journal.is_none();
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
    report.faults.extend(back.journal);
    if back.rebooted {
        let text = "the host was started anew since: each key has the value that the boot files tell, not the one \
                    before the apply";
        report.notes.push(text.to_owned());
    }
    done(&report, format, output);
    if complete {
        Exit::Success
    } else {
        Exit::Incomplete
    }
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
