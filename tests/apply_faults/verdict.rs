//! Whether a run that was interrupted lost anything.

use serde_json::Value;

use crate::program::{ROLLBACK, Ran, run};
use crate::site::SITE;
use crate::world::{Beginning, DROPIN, State, read, record, tokens};

/// The word of a record's state, empty when there is no record.
fn state(record: Option<&Value>) -> &str {
    record
        .and_then(|record| record["state"].as_str())
        .unwrap_or("")
}

/// Whether a record is of a run that did not end.
fn is_open(record: Option<&Value>) -> bool {
    let open = ["journaled", "applying", "verified", "rolling_back"];
    open.contains(&state(record))
}

/// After a crash the program knows what is open, takes it back, and has nothing to do the second time.
pub(crate) fn survives_a_crash(beginning: &Beginning, case: &str) {
    let record = beginning.record();
    if is_open(record.as_ref()) {
        // Commands that only look say it, whichever is run.
        let looks: [&[&str]; 2] = [&["history"], &["check", "--interval", "0", "--exit-zero"]];
        let told = run(looks[usize::from(case.contains("renameat"))]);
        assert_eq!(told.code, Some(0), "{case}: {}", told.said);
        let name = format!("warning: apply {} (", beginning.id);
        assert!(told.said.contains(&name), "{case}: {}", told.said);
        assert!(
            told.said.contains("ended half-way"),
            "{case}: {}",
            told.said
        );
    } else if state(record.as_ref()) == "committed" {
        assert_done(beginning, &SITE.map(|(_, _, key, _)| key), case);
    } else {
        // Nothing was begun, or everything has gone back.
        assert_as_before(beginning, case);
    }
    takes_back(beginning, case);
}

/// A rollback leads to the beginning, and a second one has nothing to do.
pub(crate) fn takes_back(beginning: &Beginning, case: &str) {
    let id = beginning.id.to_string();
    let mut words = ROLLBACK.to_vec();
    if beginning.record().is_some() {
        words.push(&id);
    } else if beginning.id > 1 {
        // There is an earlier apply, which is not to be taken back.
        return assert_as_before(beginning, case);
    }
    for again in [false, true] {
        let ran = run(&words);
        assert_eq!(ran.code, Some(0), "{case}, rollback: {}", ran.said);
        assert_eq!(
            State::now(),
            beginning.state,
            "{case}, rollback: {}",
            ran.said
        );
        let nothing = ran.said.contains("nothing to take back") || ran.said.contains("already");
        assert!(nothing || !again, "{case}, second rollback: {}", ran.said);
    }
    let left = beginning.record();
    assert!(
        matches!(state(left.as_ref()), "" | "rolled_back"),
        "{case}: {left:?}"
    );
}

/// What a run told by its exit code is so.
pub(crate) fn tells_the_truth(beginning: &Beginning, ran: &Ran, case: &str) {
    let case = format!("{case} that said: {}", ran.said);
    match ran.code {
        Some(0) => {
            let (made, left): (Vec<&str>, Vec<&str>) = SITE
                .iter()
                .map(|(_, _, key, _)| *key)
                .partition(|key| step(beginning.id, key).is_some());
            assert_done(beginning, &made, &case);
            for key in left {
                assert_eq!(read(key), beginning.state.values[key], "{case}: {key}");
                assert!(ran.said.contains(key), "{case}: {key} is not named");
            }
        }
        Some(5) => assert_named(beginning, ran, &case),
        Some(2..=4) => assert_as_before(beginning, &case),
        code => panic!("{case}: {code:?}"),
    }
}

/// The journal's step for a key.
fn step(id: u32, key: &str) -> Option<Value> {
    let record = record(id)?;
    let steps = record["steps"].as_array()?;
    steps.iter().find(|step| step["key"] == key).cloned()
}

/// Everything that these keys want is in force, in the file, and in the journal.
fn assert_done(beginning: &Beginning, keys: &[&str], case: &str) {
    if keys.is_empty() {
        return assert_as_before(beginning, case);
    }
    let record = beginning.record().unwrap_or_default();
    assert_eq!(record["state"], "committed", "{case}");
    for key in keys {
        let step = step(beginning.id, key);
        let step = step.unwrap_or_else(|| panic!("{case}: {key} is not in the journal"));
        let after = step["after"].as_str().unwrap_or_default();
        assert_eq!(read(key), tokens(after), "{case}: {key}");
        let before = step["before"].as_str().unwrap_or_default();
        assert_eq!(beginning.state.values[key], tokens(before), "{case}: {key}");
        let now = State::now();
        let (text, _) = now.dropin.unwrap_or_else(|| panic!("{case}: no {DROPIN}"));
        assert!(
            text.contains(&format!("{key} = {after}\n")),
            "{case}: {text}"
        );
    }
}

fn assert_as_before(beginning: &Beginning, case: &str) {
    let now = State::now();
    assert_eq!(now.values, beginning.state.values, "{case}");
    assert_eq!(now.dropin, beginning.state.dropin, "{case}");
}

/// Every difference is told to the person and to the journal.
fn assert_named(beginning: &Beginning, ran: &Ran, case: &str) {
    let now = State::now();
    let record = beginning.record().unwrap_or_default();
    for (key, before) in &beginning.state.values {
        if now.values[key] != *before {
            assert!(ran.said.contains(key), "{case}: {key} is not named");
            let undone = step(beginning.id, key).map(|step| step["undone"].clone());
            let told = undone.is_some_and(|undone| !undone.is_null());
            assert!(told || is_open(Some(&record)), "{case}: {record}");
        }
    }
    if now.dropin != beginning.state.dropin {
        assert!(ran.said.contains(DROPIN), "{case}: the file is not named");
    }
}
