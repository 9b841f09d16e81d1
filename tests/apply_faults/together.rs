//! Two runs at once.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use crate::program::{PROGRAM, ROLLBACK, apply, command, run};
use crate::site::SITE_FOLDER;
use crate::stage::on_stage;
use crate::world::{Beginning, State, record};

/// Holds the lock as a run does, until its standard input is closed.
fn holder() -> Child {
    let script = "mkdir -p -m 700 /run/tcptune && umask 077 && exec 9>>/run/tcptune/lock && flock 9 \
                  && echo $$ >/run/tcptune/lock && echo held && exec cat";
    let mut child = command("sh", &["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("sh starts");
    let mut line = String::new();
    let out = child.stdout.as_mut().expect("it is a pipe");
    BufReader::new(out).read_line(&mut line).expect("it tells");
    assert_eq!(line, "held\n");
    child
}

#[test]
fn while_one_run_works_another_is_told_its_number() {
    on_stage(
        "together::while_one_run_works_another_is_told_its_number",
        || {
            let beginning = Beginning::fresh();
            let mut holder = holder();
            let pid = format!("pid {}", holder.id());
            for words in [&apply(SITE_FOLDER)[..], &ROLLBACK, &["confirm"]] {
                let ran = run(words);
                assert_eq!(ran.code, Some(6), "{words:?}: {}", ran.said);
                assert!(ran.said.contains(&pid), "{words:?}: {}", ran.said);
            }
            assert_eq!(State::now(), beginning.state);
            assert_eq!(run(&["history"]).code, Some(0), "looking needs no lock");
            drop(holder.stdin.take());
            holder.wait().expect("it ends");
            assert_eq!(run(&apply(SITE_FOLDER)).code, Some(0));
        },
    );
}

#[test]
fn of_applies_that_start_together_one_works_and_every_other_is_refused_or_finds_it_done() {
    let name = "together::of_applies_that_start_together_one_works_and_every_other_is_refused_or_finds_it_done";
    on_stage(name, || {
        let beginning = Beginning::fresh();
        for _ in 0..5 {
            beginning.lay();
            let words = apply(SITE_FOLDER);
            let start = || {
                let mut program = command(PROGRAM, &words);
                program.stdout(Stdio::piped()).stderr(Stdio::piped());
                program.spawn().expect("the program starts")
            };
            let children: Vec<Child> = (0..6).map(|_| start()).collect();
            let mut done = 0;
            for child in children {
                let output = child.wait_with_output().expect("it ends");
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                match output.status.code() {
                    Some(0) => done += 1,
                    Some(6) => assert!(said.contains("another run holds the lock"), "{said}"),
                    code => panic!("{code:?}: {said}"),
                }
            }
            assert!(done >= 1);
            assert_eq!(record(1).expect("it was made")["state"], "committed");
            assert_eq!(record(2), None, "it was made twice");
            let ran = run(&ROLLBACK);
            assert_eq!(ran.code, Some(0), "{}", ran.said);
            assert_eq!(State::now(), beginning.state);
        }
    });
}

#[test]
fn while_one_apply_waits_to_be_confirmed_another_is_refused() {
    on_stage(
        "together::while_one_apply_waits_to_be_confirmed_another_is_refused",
        || {
            let beginning = Beginning::fresh();
            let mut words = apply(SITE_FOLDER);
            words.extend(["--confirm", "3600"]);
            assert_eq!(run(&words).code, Some(0));
            let waiting = State::now();
            assert_eq!(
                waiting.dropin, None,
                "the file is written at the confirmation"
            );
            let ran = run(&apply(SITE_FOLDER));
            assert_eq!(ran.code, Some(3), "{}", ran.said);
            assert!(
                ran.said.contains("apply 1 waits to be confirmed"),
                "{}",
                ran.said
            );
            assert_eq!(State::now(), waiting);
            assert!(!fs::exists("/var/lib/tcptune/journal/2.json").unwrap_or(true));
            let ran = run(&["confirm", "--boot-engine", "systemd"]);
            assert_eq!(ran.code, Some(0), "{}", ran.said);
            assert!(State::now().dropin.is_some());
            assert_eq!(run(&ROLLBACK).code, Some(0));
            assert_eq!(State::now(), beginning.state);
        },
    );
}
