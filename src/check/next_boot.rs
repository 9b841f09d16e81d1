//! What a setting starts with, and what it will be after the next boot.

use crate::catalog::{self, KeySpec};
use crate::fact::boot::Forecast;
use crate::fact::{Reading, Sample, Unit, Value};
use crate::rule::expr::{Lookup, Missing, Why};

/// The fact that says whether there is a boot configuration, and why not.
pub(super) const BOOT_FILES: &str = "host.boot_files";

/// Why a rule about the boot configuration does not apply to a namespace.
pub(super) const NOT_THIS_NAMESPACE: &str = "boot files do not act on a namespace made later";

/// The kernel's own default of a key: as a new namespace of it has it, else from the catalogue.
pub fn default_of(sample: &Sample, key: &str) -> Option<Value> {
    stated_default(sample, key, || catalog::find(key))
}

fn stated_default(
    sample: &Sample,
    key: &str,
    spec: impl FnOnce() -> Option<&'static KeySpec>,
) -> Option<Value> {
    match sample.readings.get(&format!("default.{key}")) {
        Some(reading) => reading.value().cloned(),
        None => spec()?.default_for(sample.host.kernel.as_ref()?),
    }
}

/// `default.KEY`: what the kernel gives a key at boot. The host has put it there if it could look in a
/// namespace made for that; else the catalogue may know.
pub(super) fn default(sample: &Sample, fact: &str, key: &str) -> Lookup {
    default_by(sample, fact, key, || catalog::find(key))
}

/// The same for a key whose entry is at hand.
pub(super) fn default_by(
    sample: &Sample,
    fact: &str,
    key: &str,
    spec: impl FnOnce() -> Option<&'static KeySpec>,
) -> Lookup {
    stated_default(sample, key, spec).map_or_else(|| unknown_default(fact, key), Lookup::Value)
}

/// What is said of a default that nobody knows.
pub(super) fn unknown_default(fact: &str, key: &str) -> Lookup {
    let why = format!("the kernel's default of {key} is not known");
    Lookup::Missing(Missing::new(fact, Why::NotCollected(why)))
}

/// `boot.KEY`: the value after the next boot. What no file touches is the kernel's default.
pub(super) fn next_boot(sample: &Sample, fact: &str, key: &str) -> Lookup {
    next_boot_by(sample, fact, key, || catalog::find(key))
}

/// The same for a key whose entry is at hand.
pub(super) fn next_boot_by(
    sample: &Sample,
    fact: &str,
    key: &str,
    spec: impl FnOnce() -> Option<&'static KeySpec>,
) -> Lookup {
    let Some(boot) = &sample.boot else {
        return Lookup::Missing(Missing::new(fact, unread(sample)));
    };
    match boot.settings.get(key).map(|setting| &setting.next_boot) {
        Some(Forecast::Value(value)) => Lookup::Value(value.clone()),
        Some(Forecast::Unknown(why)) => {
            Lookup::Missing(Missing::new(fact, Why::NotCollected(why.clone())))
        }
        Some(Forecast::Untouched) | None => default_by(sample, fact, key, spec),
    }
}

/// Why there is no boot configuration.
pub(super) fn unread(sample: &Sample) -> Why {
    let why = match sample.readings.get(BOOT_FILES) {
        Some(Reading::Denied(why)) => why.clone(),
        Some(Reading::Absent) => NOT_THIS_NAMESPACE.to_owned(),
        _ => "the boot configuration was not read".to_owned(),
    };
    Why::NotCollected(why)
}

/// Whether two values of a key differ in a way somebody could notice.
pub fn differ(spec: Option<&KeySpec>, one: &Value, other: &Value) -> bool {
    /// The kernel keeps some milliseconds as ticks, of which the longest last 10 ms: what is written
    /// reads back rounded.
    const TICK: u64 = 10;
    let ticks = spec.is_some_and(|spec| spec.unit == Unit::Milliseconds);
    match (one, other) {
        (Value::Int(one), Value::Int(other)) if ticks => one.abs_diff(*other) >= TICK,
        (Value::Text(one), Value::Text(other)) => !same_words(one, other),
        _ => one != other,
    }
}

/// Whether a text in a file asks for this value.
pub(super) fn asks_for(spec: Option<&KeySpec>, written: &str, value: &Value) -> bool {
    match spec.map(|spec| spec.parse(written)) {
        Some(Ok(wanted)) => !differ(spec, &wanted, value),
        _ => same_words(written, &value.to_string()),
    }
}

/// Whether two texts are the same up to blanks.
pub(super) fn same_words(one: &str, other: &str) -> bool {
    one.split_whitespace().eq(other.split_whitespace())
}
