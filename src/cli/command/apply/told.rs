//! From offers and records to what is printed.

use crate::apply::{DropinChange, FileImage, Record, Step, Undone, Written, not_in_force};
use crate::fact::Host;
use crate::host::Places;
use crate::plan::Future;
use crate::render::apply::{
    APPLY_SCHEMA, AppliedChange, ApplyReport, Confirm, Lag, NotDone, Outcome, Proof, ProvenRule,
};
use crate::render::{self, HumanOptions};

use super::offer::Offer;
use crate::cli::args::Format;
use crate::cli::command::ledger;
use crate::cli::error::Error;
use crate::cli::output::Output;

/// Prints what became of an apply.
pub(in crate::cli::command) fn show(
    report: &ApplyReport,
    format: Format,
    output: &mut Output,
) -> Result<(), Error> {
    match format {
        Format::Human => {
            let options = HumanOptions {
                color: output.color(),
                width: Output::width(),
                ..HumanOptions::default()
            };
            render::human_apply(report, &options, output.writer())?;
        }
        Format::Json => render::json(report, output.writer())?,
    }
    Ok(())
}

impl Offer {
    /// The offer as it is printed.
    pub(super) fn report(&self, outcome: Outcome) -> ApplyReport {
        let mut report = empty(outcome, &self.here);
        report.changes = self.steps.iter().map(|step| self.change(step)).collect();
        report.not_done = self
            .left
            .iter()
            .map(|left| NotDone {
                key: left.key.clone(),
                wanted: left.wanted.clone(),
                why: left.why.clone(),
            })
            .collect();
        report.notes.clone_from(&self.unjudged);
        report.live_only.clone_from(&self.live_only);
        tell_dropin(&mut report, self.dropin.as_ref());
        report.not_in_force = not_in_force(&self.steps, &self.snapshot)
            .into_iter()
            .map(|lag| Lag {
                key: lag.key,
                what: lag.what,
                count: lag.count,
            })
            .collect();
        report
    }

    fn change(&self, step: &Step) -> AppliedChange {
        let mut told = change(step);
        if self.dropin.is_some() {
            told.next_boot = Some(step.after.clone());
        }
        if let Some(change) = self.plan.changes.get(&step.key) {
            told.reasons.clone_from(&change.messages);
            told.costs.clone_from(&change.costs);
            let standing = &change.standing;
            told.origin = standing.origin.as_ref().and_then(render::origin);
            let next = standing.next_boot.as_ref().and_then(Future::value);
            told.next_boot_before = next.map(ToString::to_string);
        }
        told
    }
}

/// What a record says, without the offer it was made from.
pub(in crate::cli::command) fn report_of(
    outcome: Outcome,
    record: &Record,
    here: &Host,
    places: &Places,
) -> ApplyReport {
    let mut report = empty(outcome, here);
    report.changes = record.steps.iter().map(change).collect();
    tell_dropin(&mut report, record.dropin.as_ref());
    fill(&mut report, record, places, "");
    report
}

/// Adds what became of it.
pub(super) fn fill(report: &mut ApplyReport, record: &Record, places: &Places, suffix: &str) {
    let id = record.id;
    report.id = Some(id);
    report.faults.clone_from(&record.faults);
    for change in &mut report.changes {
        if let Some(step) = record.steps.iter().find(|step| step.key == change.key) {
            change.written = step.written.as_ref().map(written);
            change.undone = step.undone.as_ref().map(undone);
            change.needs_a_person = step.undone.as_ref().is_some_and(Undone::needs_a_person);
        }
    }
    let command = |words: &str| ledger::command(places, &format!("{words} {id}{suffix}"));
    match report.outcome {
        Outcome::Committed | Outcome::Diverged => report.undo = Some(command("rollback")),
        Outcome::Waiting => {
            report.undo = Some(command("rollback"));
            report.confirm = record.confirm.as_ref().map(|confirm| Confirm {
                seconds: confirm.seconds,
                command: command("confirm"),
            });
        }
        _ => report.not_in_force.clear(),
    }
    report.proof = record.proof.as_ref().map(proof);
}

pub(in crate::cli::command) fn proof(proof: &crate::apply::Proof) -> Proof {
    let rules = proof.rules.iter().map(|(rule, before, after)| ProvenRule {
        rule: rule.clone(),
        before: before.clone(),
        after: after.clone(),
        cannot_be_told: proof.untold.contains(rule),
    });
    Proof {
        seconds: proof.seconds,
        rules: rules.collect(),
        improved: proof.improved(),
    }
}

fn empty(outcome: Outcome, here: &Host) -> ApplyReport {
    ApplyReport {
        schema: APPLY_SCHEMA.to_owned(),
        tool: render::tool(),
        host: here.name.clone(),
        kernel: here.kernel.as_ref().map(|kernel| kernel.release.clone()),
        outcome,
        id: None,
        changes: Vec::new(),
        not_done: Vec::new(),
        live_only: None,
        dropin: None,
        dropin_before: None,
        dropin_after: None,
        faults: Vec::new(),
        not_in_force: Vec::new(),
        confirm: None,
        proof: None,
        undo: None,
        notes: Vec::new(),
    }
}

fn tell_dropin(report: &mut ApplyReport, change: Option<&DropinChange>) {
    let text = |image: &FileImage| String::from_utf8_lossy(&image.bytes).into_owned();
    report.dropin = change.map(|change| change.path.clone());
    report.dropin_before = change.and_then(|change| change.before.as_ref().map(text));
    report.dropin_after = change.map(|change| text(&change.after));
}

/// The report of a command that found nothing to act on.
pub(in crate::cli::command) fn nothing(here: &Host, note: String) -> ApplyReport {
    let mut report = empty(Outcome::NothingToDo, here);
    report.notes.push(note);
    report
}

fn change(step: &Step) -> AppliedChange {
    AppliedChange {
        key: step.key.clone(),
        before: step.before.clone(),
        after: step.after.clone(),
        rules: step.rules.clone(),
        reasons: Vec::new(),
        costs: Vec::new(),
        origin: None,
        next_boot_before: None,
        next_boot: None,
        written: step.written.as_ref().map(written),
        undone: step.undone.as_ref().map(undone),
        needs_a_person: step.undone.as_ref().is_some_and(Undone::needs_a_person),
    }
}

fn written(written: &Written) -> String {
    match written {
        Written::Written => "written".to_owned(),
        Written::Unchanged => "unchanged: the kernel took the write and kept the value".to_owned(),
        Written::Refused(errno) => format!("refused ({errno})"),
        Written::Clamped(now) => format!("the kernel made {now} of it"),
        Written::Diverged(now) => format!("reads {now} after the write"),
    }
}

pub(in crate::cli::command) fn undone(undone: &Undone) -> String {
    match undone {
        Undone::Restored => "as before".to_owned(),
        Undone::Kept => "kept: a newer apply has set it since".to_owned(),
        Undone::Foreign(now) => {
            format!("is {now}: somebody else set it since, so it is left alone")
        }
        Undone::Failed(why) => format!("could not be taken back: {why}"),
        Undone::NotTold(why) => format!("left as it is: {why}"),
    }
}
