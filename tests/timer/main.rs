//! `check --remember`, and the units in `contrib/systemd` that run it: over real bursts in a network namespace,
//! as an unprivileged user, and under a systemd of its own.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is a failed test"
)]

mod booted;
mod night;
mod state;
mod units;

#[path = "../netns/mod.rs"]
#[expect(dead_code, reason = "the keys of a namespace are other tests' concern")]
mod netns;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_tcptune");

/// A run of the program that has ended.
struct Ran {
    code: Option<i32>,
    said: String,
    warned: String,
}

impl Ran {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            code: output.status.code(),
            said: text(&output.stdout),
            warned: text(&output.stderr),
        }
    }

    fn report(&self) -> Value {
        let report = serde_json::from_str(&self.said);
        report.unwrap_or_else(|error| panic!("{error}\n{}\n{}", self.said, self.warned))
    }

    fn notes(&self) -> String {
        self.report()["notes"].to_string()
    }

    /// Seconds since the run before, if it was remembered.
    fn looked_back(&self) -> Option<f64> {
        self.report()["window"]["remembered_seconds"].as_f64()
    }

    /// The finding of a rule.
    fn finding(&self, rule: &str) -> Option<Value> {
        let report = self.report();
        let findings = report["findings"].as_array().unwrap();
        findings.iter().find(|one| one["rule"] == rule).cloned()
    }
}

/// An audit of the accept queues that remembers in a folder, behind a launcher.
fn remembering(launcher: &[&str], state: &Path) -> Command {
    let mut command = audit(launcher);
    command.arg("--remember").env("STATE_DIRECTORY", state);
    command
}

/// An audit of the accept queues over a moment.
fn audit(launcher: &[&str]) -> Command {
    let mut words = launcher.to_vec();
    words.push(PROGRAM);
    let mut command = Command::new(words[0]);
    command.args(&words[1..]);
    command.args(["check", "--select", "accept-queue", "--interval", "0.3"]);
    command.args(["--format", "json"]);
    command.env_remove("STATE_DIRECTORY");
    command
}

fn ran(command: &mut Command) -> Ran {
    Ran::of(&command.output().unwrap())
}

/// The files of a folder, by name.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The one sample that a state folder holds.
fn only_sample(state: &Path) -> PathBuf {
    let folder = state.join("remembered");
    let names = names(&folder);
    assert_eq!(names.len(), 1, "{names:?}");
    folder.join(&names[0])
}

/// A file of the project.
fn own(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
