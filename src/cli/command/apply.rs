//! `tcptune apply` and `tcptune check --apply`: load → collect → check → plan → prepare → ask → apply →
//! render → exit.
//!
//! The lock is held from before the host is looked at: what was planned is what is changed.

mod offer;
mod prove;
mod told;
mod unjudged;

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use crate::apply::{
    self, Accept, Applied, Clock as _, Confirmation, JOURNAL_SCHEMA, Record, State,
};
use crate::host::{self, SystemClock};
use crate::render::apply::Outcome;

use super::ledger::{self, Ledger};
use crate::cli::args::{self, AcceptWhich, BootFiles, Changes, Choice, Format, RuleFiles, Where};
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use offer::Offer;

pub(super) use told::{nothing, proof, report_of, show, undone};

/// What was asked for, by whichever of the two commands.
pub(super) struct Job<'a> {
    at: &'a Where,
    rules: &'a RuleFiles,
    choice: &'a Choice,
    role: &'a args::Role,
    interval: f64,
    since: Option<&'a PathBuf>,
    boot: &'a BootFiles,
    format: Format,
    plan: Option<&'a Path>,
    changes: &'a Changes,
}

/// Runs `tcptune apply`.
pub(super) fn run(args: &args::Apply, output: &mut Output) -> Result<Exit, Error> {
    let at = Where {
        sockets: args.sockets,
        ..args.at.place()
    };
    let boot = args.boot.files();
    let job = Job {
        at: &at,
        rules: &args.rules,
        choice: &args.choice,
        role: &args.role,
        interval: args.interval,
        since: args.since.as_ref(),
        boot: &boot,
        format: args.format,
        plan: args.plan.as_deref(),
        changes: &args.changes,
    };
    job.run(output)
}

/// Runs `tcptune check --apply`.
pub(super) fn run_check(args: &args::Check, output: &mut Output) -> Result<Exit, Error> {
    let Some(format) = args.format.of_changes() else {
        return Err(Error::Usage(
            "this format is one of the audit, and --apply makes changes".to_owned(),
            "with --apply give --format human or json",
        ));
    };
    let job = Job {
        at: &args.at,
        rules: &args.rules,
        choice: &args.choice,
        role: &args.role,
        interval: args.interval,
        since: args.since.as_ref(),
        boot: &args.boot,
        format,
        plan: None,
        changes: &args.changes,
    };
    job.run(output)
}

impl Job<'_> {
    fn run(&self, output: &mut Output) -> Result<Exit, Error> {
        self.check_options()?;
        let asks = !self.looks_only() && !self.changes.yes && self.plan.is_none();
        if asks && !std::io::stdin().is_terminal() {
            return Err(Error::NoTerminal);
        }
        if self.looks_only() {
            ledger::say_what_is_open();
            let offer = Offer::make(self, self.accept(), output)?;
            return self.look(&offer, output);
        }
        let mut ledger = Ledger::take()?;
        let here = host::here();
        Ledger::require_place(&here)?;
        ledger.close_what_a_boot_ended(&here);
        ledger.require_closed(&here)?;
        let offer = Offer::make(self, self.accept(), output)?;
        Ledger::require_place(&offer.here)?;
        if offer.steps.is_empty() {
            return Ok(self.end(&offer, Outcome::NothingToDo, Exit::Success, output));
        }
        if asks {
            let shown = self.show_plan(&offer, output);
            let asked =
                shown.and_then(|()| output.ask("Make these changes? Only `yes` is taken: "));
            let answer = match asked {
                Ok(answer) => answer,
                // Who does not see the plan cannot have agreed to it.
                Err(error) if error.is_closed_pipe() => {
                    Output::warn("nothing was changed: nobody reads the plan", &[], None);
                    return Ok(Exit::Pending);
                }
                Err(error) => return Err(error),
            };
            if answer.trim() != "yes" {
                let declined = offer.report(Outcome::Declined);
                // The plan is on the screen already.
                let shown = match self.format {
                    Format::Human => output.print("Nothing was changed.\n"),
                    Format::Json => show(&declined, self.format, output),
                };
                output.finish(shown);
                return Ok(Exit::Pending);
            }
        }
        self.make(ledger, &offer, output)
    }

    /// Whether nothing is to be changed, by whoever runs this.
    const fn looks_only(&self) -> bool {
        self.changes.dry_run || self.changes.plan_out.is_some()
    }

    /// Whether a plan is shown and nothing comes of it. One that goes to a file is made by the user who may make it:
    /// root trusts no plan of anybody else.
    const fn shows_only(&self) -> bool {
        self.changes.dry_run && self.changes.plan_out.is_none()
    }

    /// Which changes may be made. At the prompt, and in a plan to be reviewed, a person sees each of them.
    fn accept(&self) -> Accept {
        match self.changes.accept {
            Some(AcceptWhich::Setting) => Accept::Setting,
            None if self.changes.yes => Accept::Setting,
            Some(AcceptWhich::All) | None => Accept::All,
        }
    }

    fn check_options(&self) -> Result<(), Error> {
        let usage = |what: &str, help| Err(Error::Usage(what.to_owned(), help));
        // Measuring holds the lock, which the guard needs to take the values back in time.
        if self.changes.confirm.is_some() && self.changes.prove.is_some() {
            return usage(
                "--prove and --confirm do not go together: the guard could not act meanwhile",
                "use --confirm, look with `tcptune check`, then confirm",
            );
        }
        if let (Some(_), true) = (self.plan, self.changes.prove.is_some()) {
            return usage(
                "--prove needs the symptoms from before the change, which a plan file does not hold",
                "leave --prove away, or apply without --plan",
            );
        }
        Ok(())
    }

    /// Shows the plan, or writes it to a file, and changes nothing.
    fn look(&self, offer: &Offer, output: &mut Output) -> Result<Exit, Error> {
        let outcome = if offer.steps.is_empty() {
            Outcome::NothingToDo
        } else {
            Outcome::Planned
        };
        let mut report = offer.report(outcome);
        if let Some(file) = &self.changes.plan_out {
            let unwritable = |errno| Error::CannotWrite(file.clone(), errno);
            let plan = offer.plan_file().map_err(unwritable)?;
            // A plan without a change too: one of an earlier run must not be taken for that of this one.
            host::write_plan(file, &plan).map_err(unwritable)?;
            report.notes.push(if outcome == Outcome::Planned {
                let named = crate::render::shell_word(&file.to_string_lossy());
                let named = named.unwrap_or_else(|| "FILE".to_owned());
                let suffix = self.suffix();
                // The path once, and last: the line is copied whole.
                format!("to make the plan: tcptune apply --plan {named}{suffix}")
            } else {
                let file = file.display();
                format!(
                    "nothing to do: no open change is proposed, and the plan in {file} holds none"
                )
            });
        }
        if outcome == Outcome::Planned && !offer.is_within_reach() {
            let note = "only root may make these changes: run it with sudo";
            report.notes.push(note.to_owned());
        }
        show(&report, self.format, output)?;
        let pending = outcome == Outcome::Planned && self.changes.dry_run;
        Ok(if pending {
            Exit::Pending
        } else {
            Exit::Success
        })
    }

    /// The plan, before the question. Where the result goes to a program, the plan goes to the person.
    fn show_plan(&self, offer: &Offer, output: &mut Output) -> Result<(), Error> {
        let report = offer.report(Outcome::Planned);
        match self.format {
            Format::Human => show(&report, self.format, output),
            Format::Json => output.page_on_stderr(&report),
        }
    }

    fn make(&self, mut ledger: Ledger, offer: &Offer, output: &mut Output) -> Result<Exit, Error> {
        let record = self.record(offer);
        let id = record.id;
        if record.confirm.is_some() {
            let words: [OsString; 2] = ["guard".into(), id.to_string().into()];
            host::start_guard(&words, &ledger.environment).map_err(Error::Guard)?;
        }
        let stack = ledger.stack();
        let applied =
            ledger::with_ports(&ledger.journal, offer.next.as_ref(), &offer.here, |ports| {
                apply::apply(record, &stack, ports)
            });
        let (outcome, exit, mut record) = match applied {
            Applied::Stale(why) => {
                let help = "look again: run it once more".to_owned();
                return Err(Error::Refused(why, Some(help)));
            }
            Applied::NotBegun(why) => return Err(Error::NotBegun(why)),
            Applied::Committed(record) => (Outcome::Committed, Exit::Success, record),
            Applied::Waiting(record) => (Outcome::Waiting, Exit::Success, record),
            Applied::RolledBack(record) => (Outcome::TakenBack, Exit::TakenBack, record),
            Applied::Diverged(record) => (Outcome::Diverged, Exit::Incomplete, record),
        };
        if outcome == Outcome::Waiting {
            // The guard must be able to act although nobody reads what is said from here on.
            ledger.let_go();
        }
        let mut report = offer.report(outcome);
        let mut exit = exit;
        let mut nothing_improved = false;
        if let (Some(seconds), Exit::Success) = (self.changes.prove, exit) {
            let proof = prove::watch(offer, seconds, output);
            if !proof.rules.is_empty() && proof.improved() != Some(true) {
                exit = Exit::Pending;
            }
            nothing_improved = proof.improved() == Some(false);
            record.proof = Some(proof);
            // The proof is for people; the change stands whether or not it is on the disk.
            let saved = apply::Journal::save(&mut ledger.journal.clone(), &record);
            report
                .notes
                .extend(saved.err().map(|fault| fault.to_string()));
        }
        told::fill(&mut report, &record, &ledger.places, &self.suffix());
        let shown = show(&report, self.format, output);
        output.finish(shown);
        let asks = exit == Exit::Pending && nothing_improved;
        if asks && std::io::stdin().is_terminal() && !self.changes.yes {
            let answer = output.ask("Nothing improved. Take it back? Only `yes` is taken: ")?;
            if answer.trim() == "yes" {
                return Ok(super::rollback::take_back(
                    record,
                    &ledger,
                    offer.next.as_ref(),
                    &offer.here,
                    self.format,
                    output,
                ));
            }
        }
        Ok(exit)
    }

    fn record(&self, offer: &Offer) -> Record {
        Record {
            schema: JOURNAL_SCHEMA.to_owned(),
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            id: offer.id,
            at: SystemClock.unix_seconds(),
            user: ledger::user(),
            boot_id: offer.here.boot_id.clone(),
            netns: offer.here.netns,
            state: State::Journaled,
            steps: offer.steps.clone(),
            dropin: offer.dropin.clone(),
            confirm: self.changes.confirm.map(|seconds| Confirmation {
                until_uptime: 0.0,
                seconds,
            }),
            proof: None,
            faults: Vec::new(),
        }
    }

    /// Ends a run that changed nothing.
    fn end(&self, offer: &Offer, outcome: Outcome, exit: Exit, output: &mut Output) -> Exit {
        let shown = show(&offer.report(outcome), self.format, output);
        output.finish(shown);
        exit
    }

    /// The options that lead back to the namespace, to stand behind a command.
    fn suffix(&self) -> String {
        crate::render::reach_options(self.at.netns.as_deref(), self.at.pid)
    }
}
