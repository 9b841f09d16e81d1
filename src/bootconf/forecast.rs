//! What the writes of a loader leave behind: the kernel's answers, one after the other.

use std::collections::BTreeMap;

use super::effects::{Change, Effect, effects, interfaces, reaches_interfaces};
use super::load::{Load, PlannedWrite};
use super::tree::Keys;
use crate::catalog::{Beside, Stored, canonical, find, path};
use crate::fact::boot::{Engine, Fate, Forecast, Outcome, Place};
use crate::fact::{KernelVersion, Value};

/// The kernel the writes meet.
pub(super) struct Ground<'a> {
    /// The value a key has before any write, where it is known.
    pub(super) before: &'a dyn Fn(&str) -> Option<Value>,
    /// See [`Beside::available`].
    pub(super) available: &'a dyn Fn(&str, &str) -> Option<bool>,
    /// Why a key is not there when the files are loaded, as a phrase; `None` for one that is.
    pub(super) absent: &'a dyn Fn(&str) -> Option<Absent>,
    /// The kernel, where it is known.
    pub(super) kernel: Option<&'a KernelVersion>,
    /// The keys, for the names of interfaces.
    pub(super) keys: &'a dyn Keys,
    /// Whether the interfaces are made after the files were loaded, or may be.
    pub(super) boot: bool,
}

/// A key that is not there at that time.
pub(super) struct Absent {
    /// Why.
    pub(super) why: String,
    /// That is certain; else it only may be so.
    pub(super) certain: bool,
}

/// What became of one write.
enum Answer {
    Holds,
    Refused(&'static str),
    Absent(String),
}

/// One key on the way.
struct Held {
    forecast: Forecast,
    by: Option<usize>,
    /// The kernel knows that it was written to (of interfaces: given a value of its own).
    own: bool,
    /// The writes to the key itself, by definition. If one definition writes it several times, as a pattern
    /// may that matches it twice, a write that holds counts, else the last.
    answers: BTreeMap<usize, Answer>,
}

impl Held {
    const fn new() -> Self {
        Self {
            forecast: Forecast::Untouched,
            by: None,
            own: false,
            answers: BTreeMap::new(),
        }
    }

    fn answered(&mut self, definition: usize, answer: Answer) {
        if !matches!(self.answers.get(&definition), Some(Answer::Holds)) {
            self.answers.insert(definition, answer);
        }
    }
}

/// The keys after the writes so far.
pub(super) struct After<'a> {
    ground: &'a Ground<'a>,
    engine: Engine,
    held: BTreeMap<String, Held>,
}

impl Beside for After<'_> {
    fn value(&self, key: &str) -> Option<Value> {
        match self.held.get(key).map(|held| &held.forecast) {
            Some(Forecast::Value(value)) => Some(value.clone()),
            Some(Forecast::Unknown(_)) => None,
            Some(Forecast::Untouched) | None => (self.ground.before)(key),
        }
    }

    fn available(&self, key: &str, name: &str) -> Option<bool> {
        (self.ground.available)(key, name)
    }

    fn kernel(&self) -> Option<&KernelVersion> {
        self.ground.kernel
    }
}

impl<'a> After<'a> {
    /// Follows the writes of a loader.
    pub(super) fn of(load: &Load, ground: &'a Ground<'a>) -> Self {
        let mut after = Self {
            ground,
            engine: load.engine,
            held: BTreeMap::new(),
        };
        for write in &load.writes {
            after.write(write);
        }
        after
    }

    /// The keys that a write reaches, directly or not.
    pub(super) fn keys(&self) -> impl Iterator<Item = &String> {
        self.held.keys()
    }

    /// What a key has at the end, and which definition that comes from.
    pub(super) fn forecast(&self, key: &str) -> (Forecast, Option<usize>) {
        match self.held.get(key) {
            Some(held) => (held.forecast.clone(), held.by),
            None => (Forecast::Untouched, None),
        }
    }

    /// What becomes of a definition for a key, where `given` is what follows from the files alone.
    pub(super) fn outcome(
        &self,
        key: &str,
        definition: usize,
        given: &Outcome,
        place: &dyn Fn(usize) -> Option<Place>,
    ) -> Outcome {
        let Some(held) = self.held.get(key) else {
            return given.clone();
        };
        let Some(answer) = held.answers.get(&definition) else {
            return given.clone();
        };
        let only = |fate, why| Outcome {
            fate,
            by: None,
            why,
        };
        match answer {
            Answer::Holds if held.by == Some(definition) => only(Fate::Wins, None),
            Answer::Holds => Outcome {
                fate: Fate::Shadowed,
                by: held.by.and_then(place),
                why: None,
            },
            Answer::Refused(errno) => only(
                Fate::Invalid,
                Some(format!("the kernel refuses it: {errno}")),
            ),
            Answer::Absent(why) => only(Fate::Ignored, Some(why.clone())),
        }
    }

    fn write(&mut self, write: &PlannedWrite) {
        let key = canonical(&write.path).into_owned();
        let definition = write.definition;
        if let Some(absent) = (self.ground.absent)(&key) {
            let held = self.held.entry(key).or_insert_with(Held::new);
            if absent.certain {
                held.answered(definition, Answer::Absent(absent.why.clone()));
            } else {
                held.by = Some(definition);
                held.answered(definition, Answer::Holds);
            }
            held.forecast = Forecast::Unknown(absent.why);
            return;
        }
        let old = self.value(&key);
        let stored = self.stored(&key, old.as_ref(), write);
        let held = self.held.entry(key.clone()).or_insert_with(Held::new);
        match stored {
            Stored::Taken(value) => {
                // systemd does not repeat a value the key has, so the kernel does not learn that the
                // interface was given one of its own.
                held.own |=
                    self.engine == Engine::Procps || old.as_ref().is_some_and(|old| *old != value);
                held.answered(definition, Answer::Holds);
                held.forecast = Forecast::Value(value.clone());
                held.by = Some(definition);
                let change = Change {
                    old: old.as_ref(),
                    new: Some(&value),
                    one: write.value == b"1",
                };
                self.spread(&key, &change, definition);
            }
            Stored::Refused { errno, value } => {
                held.answered(definition, Answer::Refused(errno));
                if value != old {
                    held.forecast = value.map_or_else(
                        || Forecast::Unknown("a refused write changed a part of it".to_owned()),
                        Forecast::Value,
                    );
                    held.by = Some(definition);
                }
            }
            Stored::Unknown(why) => {
                held.answered(definition, Answer::Holds);
                held.own = false;
                held.forecast = Forecast::Unknown(why.to_owned());
                held.by = Some(definition);
                let change = Change {
                    old: old.as_ref(),
                    new: None,
                    one: false,
                };
                self.spread(&key, &change, definition);
            }
        }
    }

    /// What the kernel makes of one write. Of keys outside the catalogue, the text as it was written.
    fn stored(&self, key: &str, old: Option<&Value>, write: &PlannedWrite) -> Stored {
        if write.secret {
            return Stored::Unknown("the value is a secret, which is never read");
        }
        if let Some(spec) = find(key) {
            return spec.store_beside(old, &write.value, self);
        }
        let text = String::from_utf8_lossy(&write.value);
        Stored::Taken(Value::Text(text.trim().to_owned()))
    }

    /// What follows for other keys.
    fn spread(&mut self, key: &str, change: &Change, definition: usize) {
        for (other, effect) in effects(key, change, self.ground.keys) {
            if self.is_missing(&other) {
                continue;
            }
            let held = self.held.entry(other).or_insert_with(Held::new);
            held.own = true;
            held.by = Some(definition);
            held.forecast = match effect {
                Effect::Becomes(value) => Forecast::Value(value),
                Effect::Unknown(why) => Forecast::Unknown(why),
            };
        }
        for family in ["ipv4", "ipv6"] {
            let end = key.strip_prefix(&format!("net.{family}.conf.default."));
            if let Some(end) = end.filter(|end| reaches_interfaces(family, end, self.ground.boot)) {
                self.reach_interfaces(family, end, change.new, definition);
            }
        }
    }

    /// The template of new interfaces: `inetdev_init` and `ipv6_add_dev` copy it, and in IPv4 a write to
    /// it reaches existing interfaces as well, unless they have a value of their own or ever had an
    /// address (`devinet_copy_dflt_conf`). Which of the two an interface is cannot be told from files.
    fn reach_interfaces(
        &mut self,
        family: &str,
        end: &str,
        new: Option<&Value>,
        definition: usize,
    ) {
        for interface in interfaces(&format!("net/{family}/conf"), self.ground.keys) {
            let key = format!("net.{family}.conf.{interface}.{end}");
            let own = self.held.get(&key).is_some_and(|held| held.own);
            if own || self.is_missing(&key) || (new.is_some() && self.value(&key).as_ref() == new) {
                continue;
            }
            let held = self.held.entry(key).or_insert_with(Held::new);
            held.by = Some(definition);
            held.forecast = Forecast::Unknown(format!(
                "net.{family}.conf.default.{end} may reach the interface"
            ));
        }
    }

    fn is_missing(&self, key: &str) -> bool {
        path(key).is_none_or(|path| self.ground.keys.exists(&path) == Some(false))
    }
}

#[cfg(test)]
#[path = "forecast_tests.rs"]
mod tests;
