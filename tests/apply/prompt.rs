//! The question, at a terminal of its own (`script` of util-linux).

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::program::{PROGRAM, apply_words, state, two_keys};
use crate::stage::{on_stage, skip};

/// Runs an apply at a terminal and types an answer; everything that appears on it, and the exit code.
fn answered(answer: &str, more: &[&str]) -> (String, Option<i32>) {
    let words = [
        vec![PROGRAM.to_owned(), "--color=never".to_owned()],
        apply_words(&two_keys()),
    ]
    .concat();
    let words = [words, more.iter().map(|&word| word.to_owned()).collect()].concat();
    at_a_terminal(&words.join(" "), answer)
}

fn at_a_terminal(command: &str, answer: &str) -> (String, Option<i32>) {
    let mut child = Command::new("script")
        .args(["--quiet", "--return", "--command", command, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut keyboard = child.stdin.take().unwrap();
    keyboard.write_all(answer.as_bytes()).unwrap();
    drop(keyboard);
    let output = child.wait_with_output().unwrap();
    (
        String::from_utf8(output.stdout).unwrap(),
        output.status.code(),
    )
}

fn has_script() -> bool {
    let found = Command::new("script").arg("--version").output().is_ok();
    if !found {
        skip("there is no script (util-linux)");
    }
    found
}

#[test]
fn only_the_word_yes_is_a_yes() {
    on_stage("prompt::only_the_word_yes_is_a_yes", || {
        if !has_script() {
            return;
        }
        let start = state();
        for no in ["no\n", "y\n", "YES\n", "yes please\n", "\n", "\u{4}"] {
            let (screen, code) = answered(no, &[]);
            assert!(screen.contains("plan: 2 changes"), "{screen}");
            assert!(screen.contains("Nothing was changed."), "{no:?}: {screen}");
            assert_eq!(
                (code, state()),
                (Some(1), start.clone()),
                "{no:?}: {screen}"
            );
        }
        let (screen, code) = answered("yes\n", &[]);
        assert!(screen.contains("apply 1: 2 changes made"), "{screen}");
        assert_eq!(code, Some(0), "{screen}");
        assert_ne!(state(), start);
    });
}

#[test]
fn a_plan_that_nobody_can_read_is_not_agreed_to() {
    on_stage(
        "prompt::a_plan_that_nobody_can_read_is_not_agreed_to",
        || {
            if !has_script() {
                return;
            }
            let start = state();
            let words = apply_words(&two_keys()).join(" ");
            // A pipe whose reader has gone.
            let command = format!("bash -c 'exec 9> >(exit); wait $!; exec {PROGRAM} {words} >&9'");
            let (screen, code) = at_a_terminal(&command, "yes\n");
            assert!(screen.contains("nobody reads the plan"), "{screen}");
            assert_eq!((code, state()), (Some(1), start), "{screen}");
        },
    );
}
