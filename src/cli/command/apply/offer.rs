//! What can be done on this host, and everything it rests on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::apply::{
    self, Accept, Clock as _, DropinChange, Files as _, Left, PLAN_SCHEMA, PlanFile, PlannedChange,
    PlannedFile, PlannedLeft, Prepared, Step, Sysctls as _,
    dropin::{self, DROPIN},
    obstacles, prepare,
};
use crate::bootconf::hexadecimal;
use crate::check::check_at;
use crate::fact::{Host, Reading, Snapshot};
use crate::host::{self, DiskJournal, LiveSysctls, Needs, NextBoot, Source, SystemClock};
use crate::plan::{self, Plan, plan, with_wishes};
use crate::rule::Rulebook;

use super::Job;
use super::unjudged::unjudged;
use crate::cli::command::ledger;
use crate::cli::command::profile;
use crate::cli::command::sample;
use crate::cli::command::site::Site;
use crate::cli::error::Error;
use crate::cli::output::Output;

/// Steps that can be made now, with what they rest on.
pub(super) struct Offer {
    pub(super) book: Rulebook,
    pub(super) source: Source,
    pub(super) here: Host,
    pub(super) snapshot: Snapshot,
    /// What the rules propose; empty for a plan file.
    pub(super) plan: Plan,
    /// What could not be looked at, and what else is to be known, one phrase each.
    pub(super) unjudged: Vec<String>,
    pub(super) id: u32,
    pub(super) steps: Vec<Step>,
    pub(super) left: Vec<Left>,
    /// Why live values only are changed.
    pub(super) live_only: Option<String>,
    pub(super) dropin: Option<DropinChange>,
    pub(super) next: Option<NextBoot>,
    /// Files that were read to tell the next boot, with their sums.
    pub(super) files: BTreeMap<String, String>,
}

const ASKED: &str = "as asked (--live-only)";

impl Offer {
    /// Looks at the host and prepares what the rules propose, or what a plan file holds. Everything that
    /// stands in the way is found here, before anything is changed.
    pub(super) fn make(job: &Job<'_>, accept: Accept, output: &Output) -> Result<Self, Error> {
        let reviewed = match job.plan {
            Some(file) => Some(host::read_plan(file).map_err(Error::Plan)?),
            None => None,
        };
        let site = Site::chosen(job.rules, job.choice)?;
        let profile = profile::named(job.role, job.rules)?;
        site.require_something(profile.as_ref())?;
        let Site { book, waivers } = site;
        let source = sample::enter(job.at, job.boot)?;
        let mut facts = profile::facts(&book, profile.as_ref());
        if let Some(reviewed) = &reviewed {
            facts.extend(plan::facts_of(keys_of(reviewed)));
        }
        let needs = Needs::Facts(facts);
        let interval = if reviewed.is_some() || job.since.is_some() {
            0.0
        } else {
            job.interval
        };
        let mut snapshot = sample::take(&source, &needs, interval, output);
        if let Some(file) = job.since {
            let earlier = host::read_snapshot(file).map_err(Error::Snapshot)?.now;
            snapshot = snapshot
                .since(earlier)
                .map_err(|error| Error::Window(file.clone(), error))?;
        }
        profile::inform(&mut snapshot, profile.as_ref());
        let next = NextBoot::of(&source, &snapshot.now);
        let live_only = match (&next, &reviewed) {
            (_, Some(reviewed)) => reviewed.live_only.clone(),
            _ if job.changes.live_only => Some(ASKED.to_owned()),
            (Err(why), _) => Some(why.clone()),
            (Ok(_), _) => None,
        };
        let (_, places) = ledger::places()?;
        let id = DiskJournal::at(&places.journal)
            .next_id()
            .map_err(|error| Error::Journal(vec![error]))?;
        let (plan, unjudged) = if reviewed.is_some() {
            (Plan::default(), Vec::new())
        } else {
            let judgements = check_at(&snapshot, &book, &waivers);
            let plan = plan(&judgements, &snapshot);
            let plan = with_wishes(plan, profile.as_ref(), &snapshot);
            (plan, unjudged(&judgements))
        };
        let mut offer = Self {
            here: snapshot.now.host.clone(),
            book,
            source,
            snapshot,
            plan,
            unjudged,
            id,
            steps: Vec::new(),
            left: Vec::new(),
            live_only,
            dropin: None,
            next: next.ok(),
            files: BTreeMap::new(),
        };
        let mut sysctls = if job.shows_only() {
            LiveSysctls::as_root_sees()
        } else {
            LiveSysctls::open()
        };
        let prepared = match &reviewed {
            Some(reviewed) => reviewed_steps(reviewed),
            None => prepare(&offer.plan, accept, offer.live_only.is_none(), &mut sysctls),
        };
        if !prepared.refused.is_empty() {
            return Err(out_of_reach(&prepared.refused));
        }
        (offer.steps, offer.left) = (prepared.steps, prepared.left);
        let lasts = offer.live_only.is_none() && !offer.steps.is_empty();
        let persisted = if lasts { offer.persist() } else { Ok(()) };
        if let Some(reviewed) = &reviewed {
            if persisted.is_ok() && offer.is_made(reviewed, &mut sysctls) {
                (offer.steps, offer.dropin) = (Vec::new(), None);
                let note = "every change of the plan is made already".to_owned();
                offer.unjudged.push(note);
                return Ok(offer);
            }
            // A file that came to win since is a difference like any other: all are named together.
            let file = job.plan.unwrap_or(Path::new(""));
            offer.require_same(reviewed, file, &persisted, &mut sysctls)?;
            offer.require_safe(reviewed, file)?;
        }
        persisted?;
        Ok(offer)
    }

    /// Works out the drop-in, and sees that it will win.
    fn persist(&mut self) -> Result<(), Error> {
        let refused = |why: Vec<String>, help: &str| Error::Refused(why, Some(help.to_owned()));
        let Some(next) = &self.next else {
            let why = vec!["boot files do not act on this network namespace".to_owned()];
            return Err(refused(why, "--live-only changes live values only"));
        };
        let there = ledger::dropin_file(None).dropin().map_err(|fault| {
            refused(
                vec![fault.to_string()],
                "--live-only changes live values only",
            )
        })?;
        let at = SystemClock.unix_seconds();
        let change = apply::dropin_change(&self.steps, there, self.id, at).map_err(|fault| {
            let help =
                "move lines of your own into another file, or change live values only: --live-only";
            refused(vec![fault.to_string()], help)
        })?;
        let change = self.dropin.insert(change);
        let with = Some((DROPIN, change.after.bytes.as_slice()));
        let (boot, mut files) = next.read(with).map_err(|error| {
            refused(
                vec![format!("the boot configuration cannot be read: {error}")],
                "--live-only",
            )
        })?;
        files.remove(DROPIN);
        self.files = files;
        let lost: Vec<String> = obstacles(&self.steps, &boot)
            .into_iter()
            .map(|one| match one.by {
                Some(place) => format!("{place} wins over {DROPIN} for `{}`: {}", one.key, one.why),
                None => format!("`{}` would not outlast the next boot: {}", one.key, one.why),
            })
            .collect();
        if !lost.is_empty() {
            let help = "remove those lines, or change live values only: --live-only";
            return Err(refused(lost, help));
        }
        Ok(())
    }

    /// Whether this user may write every key of it.
    pub(super) fn is_within_reach(&self) -> bool {
        let mut sysctls = LiveSysctls::open();
        let mut keys = self.steps.iter().map(|step| sysctls.read(&step.key));
        keys.all(|now| matches!(now, Reading::Known(_)))
    }

    /// The plan as a file, to be reviewed.
    pub(super) fn plan_file(&self) -> Result<PlanFile, String> {
        let (Some(boot_id), Some(netns)) = (&self.here.boot_id, self.here.netns) else {
            return Err("this boot or network namespace cannot be told".to_owned());
        };
        let changes = self.steps.iter().map(|step| PlannedChange {
            key: step.key.clone(),
            before: step.before.clone(),
            after: step.after.clone(),
            rules: step.rules.clone(),
        });
        let left = self.left.iter().map(|left| PlannedLeft {
            key: left.key.clone(),
            wanted: left.wanted.clone(),
            why: left.why.clone(),
        });
        Ok(PlanFile {
            schema: PLAN_SCHEMA.to_owned(),
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            host: self.here.name.clone(),
            at: SystemClock.unix_seconds(),
            boot_id: boot_id.clone(),
            netns,
            live_only: self.live_only.clone(),
            changes: changes.collect(),
            not_done: left.collect(),
            dropin: self.dropin.as_ref().map(|change| PlannedFile {
                path: change.path.clone(),
                before: change
                    .before
                    .as_ref()
                    .map(|image| hexadecimal(&image.bytes)),
                mode: change.after.mode,
                after: String::from_utf8_lossy(&change.after.bytes).into_owned(),
            }),
            files: self.files.clone(),
        })
    }

    /// Whether everything is as a plan wants it: so it is when a plan that was applied is applied again.
    fn is_made(&self, plan: &PlanFile, sysctls: &mut LiveSysctls) -> bool {
        let live = plan.changes.iter().all(|change| {
            let now = sysctls.read(&change.key);
            matches!(now, Reading::Known(now) if apply::same(&change.key, &now, &change.after))
        });
        let there = self.dropin.as_ref().and_then(|now| now.before.as_ref());
        let lasts = match (&plan.dropin, there) {
            (None, _) => true,
            (Some(then), Some(there)) => {
                agrees(&there.bytes, then.after.as_bytes()) && self.files == plan.files
            }
            (Some(_), None) => false,
        };
        let here = self.here.boot_id.as_ref() == Some(&plan.boot_id);
        live && lasts && here && self.here.netns == Some(plan.netns)
    }

    /// Refuses a plan that was made for another state of things; every difference is named.
    fn require_same(
        &self,
        plan: &PlanFile,
        file: &Path,
        persisted: &Result<(), Error>,
        sysctls: &mut LiveSysctls,
    ) -> Result<(), Error> {
        let mut differs = Vec::new();
        if self.here.boot_id.as_ref() != Some(&plan.boot_id) {
            differs.push("it was made in another boot".to_owned());
        }
        if self.here.netns != Some(plan.netns) {
            differs.push("it was made in another network namespace".to_owned());
        }
        for change in &plan.changes {
            let key = &change.key;
            match sysctls.read(key) {
                Reading::Known(now) if apply::same(key, &now, &change.before) => {}
                Reading::Known(now) => {
                    differs.push(format!("`{key}` was {} and is {now} now", change.before));
                }
                other => differs.push(format!("`{key}`: {}", apply::out_of_reach(&other))),
            }
        }
        match (&plan.dropin, &self.dropin) {
            (Some(then), Some(now)) => compare_files(plan, then, now, &self.files, &mut differs),
            // It is nothing that could be changed now; why, is in `persisted`.
            (Some(then), None) => differs.push(format!("{} has changed", then.path)),
            (None, _) => {}
        }
        if differs.is_empty() {
            return Ok(());
        }
        if let Err(Error::Refused(why, _)) = persisted {
            differs.extend(why.iter().cloned());
        }
        let mut why = vec![format!("plan `{}` is out of date", file.display())];
        why.extend(differs);
        Err(Error::Refused(
            why,
            Some("write a new plan, and review it".to_owned()),
        ))
    }

    /// Refuses a plan with a value that would not be proposed on this host: services may have begun to listen since,
    /// and the file may have been edited.
    fn require_safe(&self, plan: &PlanFile, file: &Path) -> Result<(), Error> {
        let refused = plan.changes.iter().filter_map(|change| {
            let why = plan::refusal(&change.key, &change.after, &self.snapshot)?;
            Some(format!("`{}` to {}: {why}", change.key, change.after))
        });
        let refused: Vec<String> = refused.collect();
        if refused.is_empty() {
            return Ok(());
        }
        let mut why = vec![format!("plan `{}` cannot be applied here", file.display())];
        why.extend(refused);
        let help = "write a new plan, and review it".to_owned();
        Err(Error::Refused(why, Some(help)))
    }
}

/// Names every file that is not what it was.
fn compare_files(
    plan: &PlanFile,
    then: &PlannedFile,
    now: &DropinChange,
    files: &BTreeMap<String, String>,
    differs: &mut Vec<String>,
) {
    let there = now.before.as_ref().map(|image| hexadecimal(&image.bytes));
    if then.path != DROPIN {
        differs.push(format!(
            "it names {}, and a plan is for {DROPIN}",
            then.path
        ));
    } else if there != then.before {
        differs.push(format!("{} has changed", then.path));
    } else if !agrees(&now.after.bytes, then.after.as_bytes()) {
        differs.push("its drop-in does not hold its changes".to_owned());
    }
    let paths: BTreeSet<&String> = plan.files.keys().chain(files.keys()).collect();
    for path in paths {
        match (plan.files.get(path), files.get(path)) {
            (Some(then), Some(now)) if then == now => {}
            (Some(_), Some(_)) => differs.push(format!("{path} has changed")),
            (Some(_), None) => differs.push(format!("{path} is gone")),
            (None, _) => differs.push(format!("{path} is new")),
        }
    }
}

/// Whether two drop-ins set the same; comments tell the day and the number.
fn agrees(one: &[u8], other: &[u8]) -> bool {
    let values = |bytes: &[u8]| {
        let entries = dropin::parse(bytes).ok()?.entries.into_iter();
        let values = entries.map(|(key, entry)| (key, entry.value));
        Some(values.collect::<Vec<_>>())
    };
    values(one).is_some() && values(one) == values(other)
}

fn keys_of(plan: &PlanFile) -> impl Iterator<Item = &str> {
    plan.changes.iter().map(|change| change.key.as_str())
}

/// The steps a plan file holds. Its values were checked when it was read; whether they still fit is seen
/// when the host has been looked at.
fn reviewed_steps(plan: &PlanFile) -> Prepared {
    let steps = plan.changes.iter().map(|change| {
        let (before, after) = (change.before.clone(), change.after.clone());
        apply::step(&change.key, before, after, change.rules.clone())
    });
    let left = plan.not_done.iter().map(|left| Left {
        key: left.key.clone(),
        wanted: left.wanted.clone(),
        why: left.why.clone(),
    });
    let mut steps: Vec<Step> = steps.collect();
    apply::in_safe_order(&mut steps);
    Prepared {
        steps,
        left: left.collect(),
        refused: Vec::new(),
    }
}

fn out_of_reach(refused: &[Left]) -> Error {
    let why = refused.iter();
    let why = why.map(|left| format!("`{}`: {}", left.key, left.why));
    let help = if rustix::process::geteuid().is_root() {
        "change it on the host, or where the container is made"
    } else {
        "run as root: sudo"
    };
    Error::Refused(why.collect(), Some(help.to_owned()))
}
