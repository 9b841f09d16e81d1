//! The facts of one line that sets a key at boot.

use std::collections::BTreeMap;

use crate::catalog::{self, KeySpec, Release, module_of};
use crate::fact::boot::{Boot, Definition, Fate, Place};
use crate::fact::{Reading, Sample, Value};
use crate::rule::expr::{Lookup, Missing, Why};

use super::next_boot::{asks_for, default_by, next_boot_by};

/// A definition, and what stands in its way.
#[derive(Clone, Copy, Debug)]
pub struct DefinitionView<'a> {
    /// The line.
    pub one: &'a Definition,
    /// The entry of its key in the catalogue, looked up once for all rules and facts.
    spec: Option<&'static KeySpec>,
    /// The last later line of the same file that sets the same key.
    later: Option<&'a Definition>,
    /// The line that shadows it.
    by: Option<&'a Definition>,
}

/// Every definition of a network key, or of a key the catalogue knows, in the order they are read.
pub(super) fn definitions(boot: &Boot) -> Vec<DefinitionView<'_>> {
    let mut last: BTreeMap<(&str, &str), (usize, &Definition)> = BTreeMap::new();
    let mut places: BTreeMap<(&Place, &str), &Definition> = BTreeMap::new();
    for (at, one) in boot.definitions.iter().enumerate() {
        places.insert((&one.place, one.key.as_str()), one);
        if one.value.is_some() {
            last.insert((&one.place.file, &one.key), (at, one));
        }
    }
    let ours = boot
        .definitions
        .iter()
        .enumerate()
        .map(|(at, one)| (at, one, catalog::find(&one.key)))
        .filter(|(_, one, spec)| one.key.starts_with("net.") || spec.is_some());
    ours.map(|(at, one, spec)| {
        let later = last.get(&(one.place.file.as_str(), one.key.as_str()));
        let later = later.filter(|(other, _)| *other > at).map(|(_, one)| *one);
        let by = one.outcome.by.as_ref().and_then(|place| {
            let same = places.get(&(place, one.key.as_str())).copied();
            // A pattern may be shadowed by a name, and the other way round.
            same.or_else(|| {
                let mut there = places.range((place, "")..);
                there
                    .next()
                    .filter(|((at, _), _)| *at == place)
                    .map(|(_, one)| *one)
            })
        });
        DefinitionView {
            one,
            spec,
            later,
            by,
        }
    })
    .collect()
}

impl DefinitionView<'_> {
    /// A fact of the definition.
    pub(super) fn value(&self, sample: &Sample, fact: &str) -> Lookup {
        let one = self.one;
        let absent = || missing(fact, Why::Absent);
        let optional = |found: Option<String>| found.map_or_else(absent, text);
        let flag = |on: bool| Lookup::Value(Value::Bool(on));
        let judged = |found: Result<bool, Why>| match found {
            Ok(on) => flag(on),
            Err(why) => missing(fact, why),
        };
        let spec = self.spec;
        match fact.strip_prefix("definition.").unwrap_or_default() {
            "key" => text(one.key.clone()),
            "place" => text(one.place.to_string()),
            "file" => text(one.place.file.clone()),
            "value" => optional(one.value.as_deref().map(on_one_line)),
            "fate" => text(one.outcome.fate.word().to_owned()),
            "by" => optional(one.outcome.by.as_ref().map(ToString::to_string)),
            "by_value" => optional(self.by.and_then(|by| by.value.as_deref().map(on_one_line))),
            "why" => optional(one.outcome.why.clone()),
            "unread" => flag(one.unread),
            "vendor" => flag(
                ["/usr/lib/", "/lib/"]
                    .iter()
                    .any(|own| one.place.file.starts_with(own)),
            ),
            "in_force" => flag(self.is_in_force(sample, spec)),
            "removed" => judged(removed(sample, &one.key, spec)),
            "removed_in" => optional(
                spec.and_then(|spec| spec.removed_in)
                    .as_ref()
                    .map(Release::to_string),
            ),
            "replacement" => optional(spec.and_then(|spec| spec.replacement).map(str::to_owned)),
            "no_op" => judged(no_op(sample, &one.key, spec)),
            "no_op_since" => optional(
                spec.and_then(|spec| spec.noop_since)
                    .as_ref()
                    .map(Release::to_string),
            ),
            "duplicate" => flag(one.value.is_some() && self.later.is_some()),
            "duplicate_of" => optional(self.later.map(|later| later.place.to_string())),
            "duplicate_value" => optional(
                self.later
                    .and_then(|later| later.value.as_deref().map(on_one_line)),
            ),
            "ineffective" => optional(
                spec.filter(|spec| !spec.secret)
                    .and_then(|spec| ineffective(sample, spec, one.value.as_deref()?)),
            ),
            "module" => optional(self.module().map(str::to_owned)),
            "below_default" => flag(self.is_below_default(sample, spec)),
            "default" => optional(default_by(sample, fact, &one.key, || spec).into_text()),
            _ => absent(),
        }
    }

    /// Whether the key is known to have this value after the next boot, by this line or another one.
    fn is_in_force(&self, sample: &Sample, spec: Option<&KeySpec>) -> bool {
        match (
            &self.one.value,
            next_boot_by(sample, "", &self.one.key, || self.spec),
        ) {
            (Some(written), Lookup::Value(value)) => asks_for(spec, written, &value),
            _ => false,
        }
    }

    /// The module that brings the key, where the key is not there yet when the line is read.
    fn module(&self) -> Option<&'static str> {
        let late = self.one.outcome.fate == Fate::Ignored && !self.one.unread;
        late.then(|| module_of(&self.one.key))?
    }

    fn is_below_default(&self, sample: &Sample, spec: Option<&KeySpec>) -> bool {
        let Some((spec, written)) = spec.zip(self.one.value.as_deref()) else {
            return false;
        };
        let default = || default_by(sample, "", &self.one.key, || self.spec);
        spec.parse(written)
            .is_ok_and(|value| is_below(spec, &value, default))
    }
}

/// Why the kernel that was looked at makes something else of a value; see [`KeySpec::ineffective_within`].
fn ineffective(sample: &Sample, spec: &KeySpec, written: &str) -> Option<String> {
    let kernel = sample.host.kernel.as_ref();
    let mut bounds = kernel.map_or_else(|| spec.bounds(), |kernel| spec.bounds_in(kernel));
    if let (Some(key), Some(bounds)) = (spec.max_key, &mut bounds) {
        // Another key is the upper bound. What raises it, now or at boot, is given the benefit of the doubt:
        // in which order the writes meet the kernel is what the forecast tells.
        let live = sample.readings.get(&format!("sysctl.{key}"));
        let live = match live.and_then(Reading::value) {
            Some(Value::Int(number)) => Some(*number),
            _ => None,
        };
        let lines = sample.boot.iter().flat_map(|boot| &boot.definitions);
        let lines = lines.filter(|line| line.key == key);
        let set = lines.filter_map(|line| line.value.as_deref()?.trim().parse().ok());
        bounds.max = set.chain(live).fold(bounds.max, i64::max);
    }
    spec.ineffective_within(written, bounds.as_ref())
}

/// Whether a value of a limit is below the kernel's default.
pub(super) fn is_below(spec: &KeySpec, value: &Value, default: impl FnOnce() -> Lookup) -> bool {
    if !spec.is_limit() {
        return false;
    }
    match (value, default()) {
        (Value::Int(value), Lookup::Value(Value::Int(default))) => *value < default,
        (Value::Triple(value), Lookup::Value(Value::Triple(default))) => {
            value.iter().zip(default).any(|(one, other)| *one < other)
        }
        _ => false,
    }
}

/// Whether Linux removed the key and this kernel does not have it.
pub(super) fn removed(sample: &Sample, key: &str, spec: Option<&KeySpec>) -> Result<bool, Why> {
    let Some(release) = spec.and_then(|spec| spec.removed_in) else {
        return Ok(false);
    };
    let by_number = sample
        .host
        .kernel
        .as_ref()
        .map(|kernel| release.is_in(kernel));
    let initial = sample
        .readings
        .get("host.initial_netns")
        .and_then(Reading::value);
    match sample.readings.get(&format!("sysctl.{key}")) {
        // Another namespace does not show the settings of the machine: there the number has to say it.
        Some(Reading::Absent) if initial == Some(&Value::Bool(true)) => Ok(true),
        Some(Reading::Absent) => by_number
            .ok_or_else(|| Why::NotCollected("the kernel's version is not known".to_owned())),
        Some(Reading::Known(_) | Reading::ReadOnly(_) | Reading::Malformed(_)) => Ok(false),
        Some(Reading::Denied(_)) | None if by_number == Some(true) => Ok(true),
        Some(Reading::Denied(why)) => Err(Why::Denied(why.clone())),
        None => Err(Why::NotCollected("not in this snapshot".to_owned())),
    }
}

/// Whether this kernel has the key and ignores it. A vendor's kernel below the release may have the
/// change or not.
pub(super) fn no_op(sample: &Sample, key: &str, spec: Option<&KeySpec>) -> Result<bool, Why> {
    let Some(release) = spec.and_then(|spec| spec.noop_since) else {
        return Ok(false);
    };
    if sample.readings.get(&format!("sysctl.{key}")) == Some(&Reading::Absent) {
        return Ok(false);
    }
    let Some(kernel) = &sample.host.kernel else {
        let why = "the kernel's version is not known".to_owned();
        return Err(Why::NotCollected(why));
    };
    release.known_in(kernel).ok_or_else(|| {
        Why::NotCollected(format!(
            "a vendor's kernel may ignore {key} earlier than Linux {release}"
        ))
    })
}

/// A value with single blanks.
fn on_one_line(written: &str) -> String {
    written.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn missing(fact: &str, why: Why) -> Lookup {
    Lookup::Missing(Missing::new(fact, why))
}

fn text(text: String) -> Lookup {
    Lookup::Value(Value::Text(text))
}
