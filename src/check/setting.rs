//! The facts of one key: now, after the next boot, and who says so.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{self, KeySpec, Lineage, Write};
use crate::fact::boot::{Boot, BootSetting, Definition, Forecast};
use crate::fact::{KernelVersion, Reading, Sample, Value};
use crate::rule::expr::{Lookup, Missing, Why};

use super::definition::{is_below, no_op};
use super::next_boot::{differ, unknown_default};

/// A key, and what the boot configuration says of it.
#[derive(Clone, Copy, Debug)]
pub struct SettingView<'a> {
    /// The key, dotted.
    pub key: &'a str,
    /// Its entry in the catalogue, looked up once for all rules and facts.
    spec: Option<&'static KeySpec>,
    boot: &'a Boot,
    /// `None` where no file names it.
    setting: Option<&'a BootSetting>,
    /// A file that is not read gives it a value.
    noted: bool,
    /// What was read of it.
    live: Option<&'a Reading<Value>>,
    /// What a new namespace was told to start with.
    told: Option<&'a Reading<Value>>,
    /// The kernel whose default the catalogue may know.
    kernel: Option<(&'a KernelVersion, Lineage)>,
}

/// A key with its entry in the catalogue and what was read of it.
type Key<'a> = (
    &'a str,
    Option<&'static KeySpec>,
    Option<&'a Reading<Value>>,
);

/// Every key of the network that was read and is no family, and every key that a file names, if it is one
/// of the network or in the catalogue; in the order of their names. Secrets are nobody's subject.
pub(super) fn settings<'a>(sample: &'a Sample, boot: &'a Boot) -> Vec<SettingView<'a>> {
    let ours = |(key, spec): &(&str, Option<&KeySpec>)| {
        (key.starts_with("net.") || spec.is_some()) && !spec.is_some_and(|spec| spec.secret)
    };
    let with_spec = |key| (key, catalog::find(key));
    let named = boot.settings.keys().map(String::as_str).map(with_spec);
    let live = |key: &str| sample.readings.get(&format!("sysctl.{key}"));
    let mut keys: Vec<Key<'_>> = named
        .filter(ours)
        .map(|(key, spec)| (key, spec, live(key)))
        .collect();
    // One pass over the readings, instead of a search for each key of each rule.
    let read = beginning(sample, "sysctl.net.", "sysctl.").filter_map(|(key, reading)| {
        let single = catalog::find_single(key).filter(|spec| !spec.secret)?;
        Some((key, Some(single), Some(reading)))
    });
    keys.extend(read);
    // Both parts are in order, and what is in both is the same there.
    keys.sort_by_key(|(key, ..)| *key);
    keys.dedup_by_key(|(key, ..)| *key);
    let told: BTreeMap<&str, &Reading<Value>> = beginning(sample, "default.", "default.").collect();
    let kernel = sample.host.kernel.as_ref();
    let kernel = kernel.map(|kernel| (kernel, Lineage::of(kernel)));
    let noted: BTreeSet<&str> = boot
        .definitions
        .iter()
        .filter(|one| one.unread && one.value.is_some())
        .map(|one| one.key.as_str())
        .collect();
    keys.into_iter()
        .map(|(key, spec, live)| SettingView {
            noted: noted.contains(key),
            key,
            spec,
            boot,
            setting: boot.settings.get(key),
            live,
            told: told.get(key).copied(),
            kernel,
        })
        .collect()
}

/// The readings whose facts begin so, by what follows the family.
fn beginning<'a>(
    sample: &'a Sample,
    from: &'a str,
    family: &'a str,
) -> impl Iterator<Item = (&'a str, &'a Reading<Value>)> + Clone {
    let range = sample.readings.range(from.to_owned()..);
    range
        .take_while(move |(fact, _)| fact.starts_with(from))
        .filter_map(move |(fact, reading)| Some((fact.strip_prefix(family)?, reading)))
}

impl<'a> SettingView<'a> {
    /// The line that sets it at the next boot.
    pub(super) fn set_by(&self) -> Option<&'a Definition> {
        self.boot.definition(self.setting?.set_by)
    }

    /// Its value now, as text.
    pub(super) fn live(&self) -> Option<String> {
        self.read("").into_text()
    }

    /// A fact of the key.
    pub(super) fn value(&self, sample: &Sample, fact: &str) -> Lookup {
        let key = self.key;
        let spec = self.spec;
        let absent = || missing(fact, Why::Absent);
        let optional = |found: Option<String>| found.map_or_else(absent, text);
        let flag = |on: bool| Lookup::Value(Value::Bool(on));
        let place = |one: Option<&Definition>| optional(one.map(|one| one.place.to_string()));
        match fact.strip_prefix("setting.").unwrap_or_default() {
            "key" => text(key.to_owned()),
            "live" => as_text(self.read(fact)),
            "next_boot" => as_text(self.next_boot(fact)),
            "default" => optional(self.default(fact).into_text()),
            "set_by" => place(self.set_by()),
            "system_now" => as_text(self.system_now(fact)),
            "system_by" => place(
                self.setting
                    .and_then(|one| self.boot.definition(one.system_by)),
            ),
            "changes" if self.is_defined() => self.differs(fact),
            "vanishes" if !self.is_defined() && !self.noted => self.differs(fact),
            "changes" | "vanishes" => flag(false),
            "writer" => {
                let mut writers = self.boot.writers.iter();
                let writer = writers.find(|writer| writer.value_of(key).is_some());
                optional(writer.map(|writer| writer.name.clone()))
            }
            "interface" => flag(catalog::is_of_interface(key, spec)),
            "writable" => {
                flag(spec.is_some_and(|spec| spec.write == Write::Allowed && !spec.secret))
            }
            "below_default" => flag(spec.is_some_and(|spec| match self.read(fact) {
                Lookup::Value(live) => is_below(spec, &live, || self.default(fact)),
                Lookup::Missing(_) => false,
            })),
            "no_op" => match no_op(sample, key, spec) {
                Ok(on) => flag(on),
                Err(why) => missing(fact, why),
            },
            "no_op_since" => optional(
                spec.and_then(|spec| spec.noop_since)
                    .map(|since| since.to_string()),
            ),
            _ => absent(),
        }
    }

    fn read(&self, fact: &str) -> Lookup {
        match self.live {
            Some(reading) => Lookup::of(fact, reading),
            None => missing(fact, Why::NotCollected("not in this snapshot".to_owned())),
        }
    }

    /// What `sysctl --system` would leave: what it does not touch stays as it is.
    fn system_now(&self, fact: &str) -> Lookup {
        match self.setting.map(|one| &one.system_now) {
            Some(Forecast::Value(value)) => Lookup::Value(value.clone()),
            Some(Forecast::Unknown(why)) => missing(fact, Why::NotCollected(why.clone())),
            Some(Forecast::Untouched) | None => self.read(fact),
        }
    }

    /// The kernel's own default, as [`default_of`](super::default_of) has it.
    fn default(&self, fact: &str) -> Lookup {
        let default = match self.told {
            Some(reading) => reading.value().cloned(),
            None => self
                .spec
                .zip(self.kernel)
                .and_then(|(spec, (kernel, lineage))| spec.default_in(kernel, lineage)),
        };
        default.map_or_else(|| unknown_default(fact, self.key), Lookup::Value)
    }

    /// Its value after the next boot. What no file touches is the kernel's default.
    fn next_boot(&self, fact: &str) -> Lookup {
        match self.setting.map(|setting| &setting.next_boot) {
            Some(Forecast::Value(value)) => Lookup::Value(value.clone()),
            Some(Forecast::Unknown(why)) => missing(fact, Why::NotCollected(why.clone())),
            Some(Forecast::Untouched) | None => self.default(fact),
        }
    }

    /// Whether a line of a file that is read gives it a value.
    fn is_defined(&self) -> bool {
        let gives = |(at, _): &(usize, _)| {
            let one = self.boot.definition(Some(*at));
            one.is_some_and(|one| one.value.is_some() && !one.unread)
        };
        self.setting.is_some_and(|one| one.claims.iter().any(gives))
    }

    /// Whether the next boot brings another value; a key that is not there stays away.
    fn differs(&self, fact: &str) -> Lookup {
        let live = match self.read(fact) {
            Lookup::Value(live) => live,
            Lookup::Missing(Missing {
                why: Why::Absent, ..
            }) => return Lookup::Value(Value::Bool(false)),
            missing @ Lookup::Missing(_) => return missing,
        };
        match self.next_boot(fact) {
            Lookup::Value(next) => Lookup::Value(Value::Bool(differ(self.spec, &live, &next))),
            missing @ Lookup::Missing(_) => missing,
        }
    }
}

fn missing(fact: &str, why: Why) -> Lookup {
    Lookup::Missing(Missing::new(fact, why))
}

fn text(text: String) -> Lookup {
    Lookup::Value(Value::Text(text))
}

fn as_text(found: Lookup) -> Lookup {
    match found {
        Lookup::Value(value) => text(shown(&value)),
        missing @ Lookup::Missing(_) => missing,
    }
}

/// A value in a sentence.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.is_empty() {
        "(empty)".to_owned()
    } else {
        text
    }
}
