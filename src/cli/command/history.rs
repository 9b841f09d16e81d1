//! `tcptune history`: every apply of this host.

use crate::apply::{Clock as _, Pending, Record};
use crate::fact::Host;
use crate::host::{self, DiskJournal, SystemClock};
use crate::render::apply::{ClosedBy, HISTORY_SCHEMA, HistoryReport, Past, PastChange};
use crate::render::{self, HumanOptions};

use super::apply::{proof, undone};
use super::ledger;
use crate::cli::args::{Format, History};
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::output::Output;

/// Lists the records, newest first.
pub(super) fn run(args: &History, output: &mut Output) -> Result<Exit, Error> {
    ledger::say_what_is_open();
    let (_, places) = ledger::places()?;
    let (records, problems) = match DiskJournal::at(&places.journal).load() {
        Ok(records) => (records, Vec::new()),
        Err(incomplete) => (incomplete.readable, incomplete.problems),
    };
    let here = host::here();
    let report = HistoryReport {
        schema: HISTORY_SCHEMA.to_owned(),
        tool: render::tool(),
        journal: places.journal.display().to_string(),
        applies: records
            .iter()
            .rev()
            .map(|record| past(record, &here))
            .collect(),
        problems: problems.iter().map(ToString::to_string).collect(),
    };
    match args.format {
        Format::Human => {
            if !ledger::is_of_root(&places) {
                let help = "sudo tcptune history";
                Output::warn("applies made by root are not listed", &[], Some(help));
            }
            let options = HumanOptions {
                color: output.color(),
                width: Output::width(),
                ..HumanOptions::default()
            };
            render::human_history(&report, &options, output.writer())?;
        }
        Format::Json => render::json(&report, output.writer())?,
    }
    Ok(if problems.is_empty() {
        Exit::Success
    } else {
        Exit::Usage
    })
}

fn past(record: &Record, here: &Host) -> Past {
    let open = record.pending(here.boot_id.as_deref(), SystemClock.uptime_seconds());
    let closed_by = open.and_then(|open| match open {
        Pending::HalfWay | Pending::Expired => Some(ClosedBy::Rollback),
        Pending::Waiting(_) => Some(ClosedBy::Confirm),
        Pending::EndedByBoot => None,
    });
    let open = open.map(|open| match open {
        Pending::HalfWay => "it ended half-way".to_owned(),
        Pending::Waiting(seconds) => format!("it waits to be confirmed, {seconds:.0} s more"),
        Pending::Expired => "it was not confirmed in time, and nobody took it back".to_owned(),
        Pending::EndedByBoot => "the host was started anew before it was confirmed".to_owned(),
    });
    let changes = record.steps.iter().map(|step| PastChange {
        key: step.key.clone(),
        before: step.before.clone(),
        after: step.after.clone(),
        rules: step.rules.clone(),
        undone: step.undone.as_ref().map(undone),
    });
    Past {
        id: record.id,
        at: record.at,
        user: record.user.clone(),
        state: record.state.word().to_owned(),
        open,
        closed_by,
        this_boot: record.boot_id == here.boot_id,
        this_netns: record.netns == here.netns,
        lasting: record.dropin.is_some(),
        changes: changes.collect(),
        faults: record.faults.clone(),
        proof: record.proof.as_ref().map(proof),
    }
}
