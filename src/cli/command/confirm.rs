//! `tcptune confirm`: keep an apply that waits.

use std::collections::BTreeSet;

use crate::apply::{self, Applied, Clock as _, Now, Pending, Record, State, standing};
use crate::host::{self, LiveSysctls, Moment, Needs, NextBoot, SystemClock};
use crate::render::apply::Outcome;

use super::apply::{nothing, report_of, show};
use super::ledger::{self, Ledger};
use super::sample;
use crate::cli::args::Confirm;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::output::Output;

/// Makes a waiting apply last.
pub(super) fn run(args: &Confirm, output: &mut Output) -> Result<Exit, Error> {
    let mut ledger = Ledger::take()?;
    let source = sample::enter(&args.at.place(), &args.boot.files())?;
    let needs = Needs::Facts(BTreeSet::new());
    let now = host::collect(&source, &needs, Moment::End(None));
    let here = now.host.clone();
    Ledger::require_place(&here)?;
    ledger.close_what_a_boot_ended(&here);
    let record = if let Some(id) = args.id {
        ledger.find(id).ok_or(Error::NoApply(Some(id)))?
    } else {
        let waits = |record: &&Record| record.state == State::Waiting;
        let mut newest = ledger.records().iter().rev();
        newest.find(waits).ok_or(Error::NoApply(None))?
    };
    let id = record.id;
    let (outcome, exit) = match record.state {
        State::Waiting => {
            match record.pending(here.boot_id.as_deref(), SystemClock.uptime_seconds()) {
                Some(Pending::Waiting(left)) if left > 0.0 => {
                    return keep(record.clone(), &ledger, &source, &now, args, output);
                }
                _ => (Outcome::NotConfirmed, Exit::Pending),
            }
        }
        State::RolledBack | State::RollingBack | State::Diverged if record.confirm.is_some() => {
            (Outcome::NotConfirmed, Exit::Pending)
        }
        State::Committed => {
            let note = format!("apply {id} does not wait: it is in force and stays");
            let shown = show(&nothing(&here, note), args.format, output);
            output.finish(shown);
            return Ok(Exit::Success);
        }
        _ => {
            let why = format!("apply {id} does not wait: it is {}", record.state.word());
            let help = "see `tcptune history`".to_owned();
            return Err(Error::Refused(vec![why], Some(help)));
        }
    };
    let mut report = report_of(outcome, record, &here, &ledger.places);
    if record.state == State::Waiting {
        let command = ledger.command(&format!("rollback {id}"));
        report
            .notes
            .push(format!("its time is up; if its guard is gone: {command}"));
    }
    let shown = show(&report, args.format, output);
    output.finish(shown);
    Ok(exit)
}

fn keep(
    record: Record,
    ledger: &Ledger,
    source: &host::Source,
    now: &crate::fact::Sample,
    args: &Confirm,
    output: &mut Output,
) -> Result<Exit, Error> {
    let here = &now.host;
    let id = record.id;
    if record.netns != here.netns {
        let why = format!("apply {id} was made in another network namespace");
        let forget = ledger.command(&format!("rollback {id} --forget"));
        let help = format!("enter it (--netns, --pid); if it is gone: {forget}");
        return Err(Error::Refused(vec![why], Some(help)));
    }
    // What is to last must be what is in force.
    let moved: Vec<String> = standing(&record, &mut LiveSysctls::open())
        .into_iter()
        .filter(|(_, now)| *now != Now::After)
        .map(|(key, _)| format!("`{key}` does not have the value of apply {id} any more"))
        .collect();
    if !moved.is_empty() {
        let help = ledger.command(&format!("rollback {id}"));
        return Err(Error::Refused(moved, Some(help)));
    }
    let next = NextBoot::of(source, now);
    if let (Some(_), Err(why)) = (&record.dropin, &next) {
        let help = ledger.command(&format!("rollback {id}"));
        return Err(Error::Refused(vec![why.clone()], Some(help)));
    }
    let stack = ledger.stack();
    let next = next.ok();
    let applied = ledger::with_ports(&ledger.journal, next.as_ref(), here, |ports| {
        apply::commit(record, &stack, ports)
    });
    let (outcome, exit, record) = match applied {
        Applied::Committed(record) => (Outcome::Committed, Exit::Success, record),
        Applied::RolledBack(record) => (Outcome::TakenBack, Exit::TakenBack, record),
        Applied::Diverged(record) => (Outcome::Diverged, Exit::Incomplete, record),
        // A commit neither waits nor looks whether it may begin.
        Applied::Waiting(record) => (Outcome::Waiting, Exit::Success, record),
        Applied::Stale(why) => return Err(Error::Refused(why, None)),
        Applied::NotBegun(why) => return Err(Error::NotBegun(why)),
    };
    let report = report_of(outcome, &record, here, &ledger.places);
    let shown = show(&report, args.format, output);
    output.finish(shown);
    Ok(exit)
}
