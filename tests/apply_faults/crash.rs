//! `kill -9` at every call, forwards and backwards, and then the way back.

use std::fs;

use serde_json::Value;

use crate::points::{CHANGING, Reference, all, at_every};
use crate::program::{Mishap, ROLLBACK, apply, run};
use crate::site::SITE_FOLDER;
use crate::stage::{on_stage, say};
use crate::verdict::{survives_a_crash, takes_back};
use crate::world::{Beginning, JOURNAL, State, write};

/// Every call a run makes from the lock on. Of the reads and closings, which change nothing, some of those from
/// the first change on; with `TCPTUNE_FAULTS=all` each of them.
fn at_every_call(words: &[&str], lay: impl Fn(), mut judge: impl FnMut(&str)) -> usize {
    lay();
    let reference = Reference::of(words);
    let mut crashes = 0;
    for call in CHANGING.into_iter().chain(["openat", "close"]) {
        let reads = ["openat", "close"].contains(&call);
        let (from, stride) = if reads {
            (reference.first_change(call), if all() { 1 } else { 19 })
        } else {
            (reference.first(call), 1)
        };
        let kill = |when| Mishap::Kill(call, when);
        crashes += at_every(from, stride, kill, words, &lay, |case, _| judge(case));
    }
    crashes
}

#[test]
fn an_apply_that_is_killed_anywhere_is_taken_back() {
    on_stage(
        "crash::an_apply_that_is_killed_anywhere_is_taken_back",
        || {
            let words = apply(SITE_FOLDER);
            let mut crashes = 0;
            for beginning in [Beginning::fresh, Beginning::on_top] {
                let beginning = beginning();
                let lay = || beginning.lay();
                crashes += at_every_call(&words, lay, |case| survives_a_crash(&beginning, case));
            }
            assert!(crashes >= 60, "{crashes} points only");
            say(&format!("{crashes} crashes of an apply, all survived"));
        },
    );
}

#[test]
fn an_apply_that_is_interrupted_ends_at_once_and_is_taken_back() {
    on_stage(
        "crash::an_apply_that_is_interrupted_ends_at_once_and_is_taken_back",
        || {
            let words = apply(SITE_FOLDER);
            let beginning = Beginning::fresh();
            let lay = || beginning.lay();
            lay();
            let reference = Reference::of(&words);
            let mut interrupted = 0;
            for call in ["write", "fsync", "renameat"] {
                let from = reference.first(call);
                let mishap = |when| Mishap::Interrupt(call, when);
                interrupted += at_every(from, 1, mishap, &words, lay, |case, _| {
                    survives_a_crash(&beginning, case);
                });
            }
            assert!(interrupted >= 8, "{interrupted} points only");
            say(&format!("{interrupted} times Ctrl-C in an apply"));
        },
    );
}

#[test]
fn a_rollback_that_is_killed_anywhere_is_done_by_the_next_one() {
    on_stage(
        "crash::a_rollback_that_is_killed_anywhere_is_done_by_the_next_one",
        || {
            let mut crashes = 0;
            for beginning in [Beginning::fresh, Beginning::on_top] {
                let start = beginning();
                let ran = run(&apply(SITE_FOLDER));
                assert_eq!(ran.code, Some(0), "{}", ran.said);
                let applied = Beginning::as_it_is(start.id + 1);
                crashes +=
                    at_every_call(&ROLLBACK, || applied.lay(), |case| takes_back(&start, case));
            }
            say(&format!("{crashes} crashes of a rollback, all survived"));
        },
    );
}

#[test]
fn the_drop_in_is_taken_back_when_a_reboot_follows_the_crash() {
    on_stage(
        "crash::the_drop_in_is_taken_back_when_a_reboot_follows_the_crash",
        || {
            let words = apply(SITE_FOLDER);
            let mut crashes = 0;
            for beginning in [Beginning::fresh, Beginning::on_top] {
                let beginning = beginning();
                let lay = || beginning.lay();
                crashes += at_every_call(&words, lay, |case| survives_a_reboot(&beginning, case));
            }
            say(&format!("{crashes} crashes with a reboot, all survived"));
        },
    );
}

#[test]
fn a_confirmation_that_is_killed_anywhere_is_taken_back_also_after_a_reboot() {
    on_stage(
        "crash::a_confirmation_that_is_killed_anywhere_is_taken_back_also_after_a_reboot",
        || {
            let start = Beginning::fresh();
            let mut words = apply(SITE_FOLDER);
            words.extend(["--confirm", "3600"]);
            let ran = run(&words);
            assert_eq!(ran.code, Some(0), "{}", ran.said);
            kill_guards();
            let waiting = Beginning::as_it_is(2);
            let confirm = ["confirm", "--boot-engine", "systemd"];
            let lay = || waiting.lay();
            let mut crashes = at_every_call(&confirm, lay, |case| takes_back(&start, case));
            crashes += at_every_call(&confirm, lay, |case| survives_a_reboot(&start, case));
            say(&format!(
                "{crashes} crashes of a confirmation, all survived"
            ));
        },
    );
}

/// Lets the host start anew as far as the journal can tell: another boot, and the values of the files.
fn survives_a_reboot(beginning: &Beginning, case: &str) {
    let Some(mut record) = beginning.record() else {
        return takes_back(beginning, case);
    };
    record["boot_id"] = Value::from("00000000-0000-4000-8000-000000000000");
    let path = format!("{JOURNAL}/{}.json", beginning.id);
    fs::write(path, record.to_string()).expect("the journal is writable");
    let now = State::now();
    for (key, value) in &beginning.state.values {
        write(key, value);
    }
    for line in now.dropin.iter().flat_map(|(text, _)| text.lines()) {
        if let Some((key, value)) = line.split_once(" = ") {
            write(key, value);
        }
    }
    let id = beginning.id.to_string();
    let mut words = ROLLBACK.to_vec();
    words.push(&id);
    let ran = run(&words);
    assert_eq!(ran.code, Some(0), "{case}: {}", ran.said);
    let now = State::now();
    assert_eq!(now.dropin, beginning.state.dropin, "{case}: {}", ran.said);
    assert_eq!(now.beside, beginning.state.beside, "{case}: {}", ran.said);
}

/// Ends the guards of this stage: no other process is in its namespace.
fn kill_guards() {
    for entry in fs::read_dir("/proc").expect("/proc is there").flatten() {
        let name = fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
        if name.trim() == "tcptune-guard" {
            let pid = entry.file_name().to_string_lossy().into_owned();
            let pid = pid.parse().ok().and_then(rustix::process::Pid::from_raw);
            let killed =
                pid.map(|pid| rustix::process::kill_process(pid, rustix::process::Signal::KILL));
            assert_eq!(killed, Some(Ok(())), "a guard is ours to end");
        }
    }
}
