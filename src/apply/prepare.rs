//! From a plan to the steps of an apply: what will be written, what will not and why, and the drop-in.
//!
//! Everything is looked at before anything is written: a value that the kernel would refuse, a key that
//! cannot be written here, and a file that would win over the drop-in all end an apply at its beginning.

use super::dropin::{self, DROPIN, Entry};
use super::port::{Fault, FileImage, Sysctls};
use super::record::{DropinChange, Step};
use super::value::same;
use super::{calendar, in_safe_order};
use crate::catalog::{self, KeyScope, KeySpec, ROUNDED, Stored, Write};
use crate::fact::boot::{Boot, Forecast, Place};
use crate::fact::{Reading, Value};
use crate::plan::Plan;

/// Which changes of a plan may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accept {
    /// Those that a rule of kind *setting* wants: they go by values alone, and converge.
    Setting,
    /// All of them.
    All,
}

/// A change that is not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// The key.
    pub key: String,
    /// The value that was wanted.
    pub wanted: String,
    /// Why not.
    pub why: String,
}

/// What an apply is going to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prepared {
    /// The writes, in an order in which each of them can succeed.
    pub steps: Vec<Step>,
    /// What is not done, and why.
    pub left: Vec<Left>,
    /// What was to be done and cannot be, because keys are out of reach here: with one of these nothing
    /// at all is done.
    pub refused: Vec<Left>,
}

/// Takes from a plan what may be done, with the exact texts to go back to. `lasting` says that the values
/// are to stand in the drop-in too.
pub fn prepare(plan: &Plan, accept: Accept, lasting: bool, sysctls: &mut dyn Sysctls) -> Prepared {
    let mut prepared = Prepared::default();
    for change in plan.changes.values() {
        let wanted = change.recommended.to_string();
        let left = |why: String| Left {
            key: change.key.clone(),
            wanted: wanted.clone(),
            why,
        };
        let accepted = accept == Accept::All || change.by_setting;
        match &change.blocked {
            Some(why) if accepted && change.out_of_reach && change.scope == KeyScope::Netns => {
                prepared.refused.push(left(why.clone()));
                continue;
            }
            Some(why) => {
                prepared.left.push(left(why.clone()));
                continue;
            }
            None if !accepted => {
                let why =
                    "it rests on a symptom: --accept all, the prompt, or a reviewed --plan FILE";
                prepared.left.push(left(why.to_owned()));
                continue;
            }
            None => {}
        }
        if let Some(why) = forbidden(&change.key, &wanted).or_else(|| {
            let (key, wanted) = (&change.key, &wanted);
            lasting.then(|| unfit_for_a_file(key, wanted)).flatten()
        }) {
            prepared.left.push(left(why));
            continue;
        }
        match sysctls.read(&change.key) {
            Reading::Known(before)
                if same(&change.key, &before, &wanted)
                    && !(lasting && change.standing.loses(|next| *next == change.recommended)) => {}
            Reading::Known(before) => {
                let rules = change.because.clone();
                prepared
                    .steps
                    .push(step(&change.key, before, wanted, rules));
            }
            other => {
                let why = out_of_reach(&other);
                prepared.refused.push(left(why));
            }
        }
    }
    in_safe_order(&mut prepared.steps);
    prepared
}

/// A step that nobody has begun.
pub fn step(key: &str, before: String, after: String, rules: Vec<String>) -> Step {
    Step {
        key: key.to_owned(),
        before,
        after,
        rules,
        on: None,
        entry_on: None,
        attempted: false,
        written: None,
        undone: None,
    }
}

/// Why a value is written by nobody, by what the catalogue says of the key: checked for every change,
/// whoever planned it.
pub fn forbidden(key: &str, wanted: &str) -> Option<String> {
    let Some(spec) = catalog::find(key).filter(|spec| !spec.unlisted) else {
        return Some("the catalogue does not know this key".to_owned());
    };
    if spec.secret {
        return Some("secret, never written".to_owned());
    }
    match spec.write {
        Write::Allowed => {}
        Write::Never { why } => return Some(format!("never written: {why}")),
        Write::ReadOnly => return Some("the kernel does not let it be written".to_owned()),
    }
    match spec.parse(wanted) {
        Err(error) => Some(error.to_string()),
        Ok(value) => match spec.accepts(&value) {
            Err(refused) => Some(refused.to_string()),
            Ok(()) => altered(spec, &value, wanted),
        },
    }
}

/// Why the kernel would make another value of it: what then reads back could not be told from somebody
/// else's, and would be left.
fn altered(spec: &KeySpec, value: &Value, wanted: &str) -> Option<String> {
    match spec.store(None, wanted.as_bytes()) {
        Stored::Unknown(why) if why == ROUNDED => Some(why.to_owned()),
        Stored::Taken(stored) if stored != *value => {
            Some(format!("the kernel would make {stored} of it"))
        }
        _ => None,
    }
}

/// Why a key cannot be changed, by what came of reading it.
pub fn out_of_reach(reading: &Reading<String>) -> String {
    match reading {
        Reading::Known(_) => String::new(),
        Reading::ReadOnly(_) => "it cannot be written here, by this user".to_owned(),
        Reading::Absent => "this kernel does not have it".to_owned(),
        Reading::Denied(why) => format!("it cannot be read ({why}), so it could not be taken back"),
        Reading::Malformed(_) => {
            "its value was not understood, so it could not be taken back".to_owned()
        }
    }
}

/// Why a setting cannot stand in a file that both loaders read.
pub fn unfit_for_a_file(key: &str, wanted: &str) -> Option<String> {
    if wanted.trim().is_empty() {
        let why = "an empty value cannot stand in a file; --live-only sets it until the next boot";
        return Some(why.to_owned());
    }
    let plain = |letter: char| letter.is_ascii_graphic() && !"*?[]{}=#;\\".contains(letter);
    if !key.chars().all(plain) || key.starts_with('-') {
        let why = "its name cannot stand in a file; --live-only sets it until the next boot";
        return Some(why.to_owned());
    }
    None
}

/// The change of the drop-in that makes the steps last: the file as it is, with the new entries.
pub fn dropin_change(
    steps: &[Step],
    there: Option<FileImage>,
    id: u32,
    at: u64,
) -> Result<DropinChange, Fault> {
    let foreign = |foreign: dropin::Foreign| Fault {
        doing: format!("change `{DROPIN}`"),
        why: foreign.to_string(),
    };
    let mut wanted = match &there {
        Some(image) => dropin::parse(&image.bytes).map_err(foreign)?,
        None => dropin::Dropin::default(),
    };
    for step in steps {
        let comment = format!(
            "{}, {}, apply {id}",
            step.rules.join(", "),
            calendar::day(at)
        );
        let value = step.after.clone();
        wanted
            .entries
            .insert(step.key.clone(), Entry { value, comment });
    }
    let mode = there.as_ref().map_or(0o644, |image| image.mode);
    Ok(DropinChange {
        path: DROPIN.to_owned(),
        after: FileImage {
            bytes: wanted.render().into_bytes(),
            mode,
        },
        before: there,
    })
}

/// A key that will not have its value at the next boot although it stands in the drop-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// The key.
    pub key: String,
    /// The line that wins over the drop-in, where it is one.
    pub by: Option<Place>,
    /// What will be in force instead, or why that cannot be told.
    pub why: String,
}

/// The keys that lose at the next boot. `boot` is what the files come to with the new drop-in among them.
pub fn obstacles(steps: &[Step], boot: &Boot) -> Vec<Obstacle> {
    let lost = |step: &Step| {
        let setting = boot.settings.get(&step.key);
        let by = setting.and_then(|setting| boot.definition(setting.set_by));
        let by = by.map(|definition| definition.place.clone());
        let why = match setting.map(|setting| &setting.next_boot) {
            Some(Forecast::Value(value)) if same(&step.key, &value.to_string(), &step.after) => {
                return None;
            }
            Some(Forecast::Value(value)) => format!("it sets {value}"),
            Some(Forecast::Unknown(why)) => why.clone(),
            Some(Forecast::Untouched) | None => {
                let lines = boot.definitions.iter();
                let mut own = lines.filter(|one| one.key == step.key && one.place.file == DROPIN);
                let why = own.find_map(|line| line.outcome.why.clone());
                why.unwrap_or_else(|| "the loader does not act on it".to_owned())
            }
        };
        Some(Obstacle {
            key: step.key.clone(),
            by: by.filter(|place| place.file != DROPIN),
            why,
        })
    };
    steps.iter().filter_map(lost).collect()
}

#[cfg(test)]
#[path = "prepare_tests.rs"]
mod tests;
