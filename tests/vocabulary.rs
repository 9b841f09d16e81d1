//! The vocabulary against what is collected: a fact that can be named is looked for, and what is found
//! can be named.

use std::path::Path;

use tcptune::fact::{FactClass, FactKind, Reading, Sample, Value, fact_spec, vocabulary};
use tcptune::host::{Moment, Needs, Source, collect};

fn samples() -> [Sample; 2] {
    let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts/debian-12-6.1");
    [Source::recorded(&tree), Source::live()]
        .map(|source| collect(&source, &Needs::Everything, Moment::End(None)))
}

#[test]
fn every_stored_fact_is_collected() {
    for sample in samples() {
        for spec in vocabulary().filter(|spec| spec.class == FactClass::Stored) {
            assert!(sample.readings.contains_key(spec.name), "{}", spec.name);
        }
    }
}

#[test]
fn every_collected_fact_has_a_name_and_is_of_its_kind() {
    // Settings and counters are the catalogue's; sockstat has fields of its own on each kernel.
    let elsewhere = ["sysctl.", "default.", "counter.", "gauge.", "sockstat."];
    for sample in samples() {
        for (fact, reading) in &sample.readings {
            let spec = fact_spec(fact);
            if elsewhere.iter().any(|prefix| fact.starts_with(prefix)) && spec.is_none() {
                continue;
            }
            let spec = spec.unwrap_or_else(|| panic!("`{fact}` is not in the vocabulary"));
            assert_eq!(spec.class, FactClass::Stored, "{fact}");
            let fits = match reading.value() {
                None => !matches!(reading, Reading::Malformed(_)),
                Some(Value::Int(_)) => {
                    matches!(spec.kind, FactKind::Number(_) | FactKind::Monotone(_))
                }
                Some(Value::Bool(_)) => spec.kind == FactKind::Bool,
                Some(Value::Text(_)) => spec.kind == FactKind::Text,
                Some(_) => false,
            };
            assert!(fits, "{fact}: {reading:?}");
        }
    }
}

#[test]
fn what_one_subject_has_is_named_after_it() {
    for spec in vocabulary() {
        let subject = match spec.class {
            FactClass::Listener => Some("listener"),
            FactClass::Destination => Some("destination"),
            FactClass::Definition => Some("definition"),
            FactClass::Setting => Some("setting"),
            FactClass::Waiver => Some("waiver"),
            FactClass::Assignment => Some("assignment"),
            FactClass::Stored | FactClass::Derived | FactClass::Param => None,
        };
        let first = spec.name.split('.').next().unwrap();
        let subjects = [
            "listener",
            "destination",
            "definition",
            "setting",
            "waiver",
            "assignment",
        ];
        let is_subject = subjects.contains(&first);
        assert_eq!(is_subject.then_some(first), subject, "{}", spec.name);
    }
}
