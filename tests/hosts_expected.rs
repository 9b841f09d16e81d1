//! What the program says of every recorded host, written down beside the host: `expected.txt`.
//!
//! A finding that appears, goes, or changes its severity on some kernel is seen here, by name. `BLESS=1` writes the
//! files anew; then each changed line is to be read and asked: is it true of that kernel?

#![expect(
    clippy::expect_used,
    reason = "a tree that cannot be judged is a failed test"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const HEAD: &str = "# What `check --proc` says of this host: findings by period and severity, then the rules\n\
                    # that could not be judged or do not apply. All others hold.\n";

/// The kernels that must be among the hosts.
const KERNELS: [&str; 7] = ["3.10", "4.18", "5.14", "5.15", "6.1", "6.12", "6.18"];

fn trees() -> Vec<PathBuf> {
    let hosts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts");
    let entries = fs::read_dir(hosts).expect("the hosts are there");
    let paths = entries.map(|entry| entry.expect("a readable entry").path());
    let mut trees: Vec<PathBuf> = paths.filter(|path| path.is_dir()).collect();
    trees.sort();
    trees
}

fn report(tree: &Path) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tcptune"));
    command.args(["check", "--format", "json", "--exit-zero", "--proc"]);
    command.arg(tree);
    let root = tree.join("root");
    if root.is_dir() {
        command.arg("--root").arg(root);
    }
    let output = command.output().expect("the program starts");
    let words = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{}: {error}: {words}", tree.display()))
}

/// One line for each rule that does not hold.
fn said(tree: &Path) -> String {
    let report = report(tree);
    let word = |value: &Value| value.as_str().expect("a word").to_owned();
    let rows = |name: &str| report[name].as_array().expect("a list").clone();
    let mut lines = BTreeSet::new();
    for one in rows("findings") {
        let [period, severity, rule] = ["period", "severity", "rule"].map(|name| word(&one[name]));
        lines.insert(format!("{period} {severity} {rule}"));
    }
    for one in rows("not_fired") {
        let verdict = word(&one["verdict"]);
        if verdict != "holds" {
            lines.insert(format!("{verdict} {}", word(&one["rule"])));
        }
    }
    lines
        .iter()
        .fold(HEAD.to_owned(), |text, line| text + line + "\n")
}

#[test]
fn every_recorded_host_is_judged_as_written_down() {
    let bless = std::env::var_os("BLESS").is_some_and(|value| value == "1");
    let mut faults = Vec::new();
    for tree in trees() {
        let file = tree.join("expected.txt");
        let said = said(&tree);
        if bless {
            fs::write(&file, &said).expect("the file can be written");
            continue;
        }
        let written = fs::read_to_string(&file).unwrap_or_default();
        let [old, new] = [&written, &said].map(|text| text.lines().collect::<BTreeSet<_>>());
        let gone = old.difference(&new).map(|line| format!("  - {line}"));
        let come = new.difference(&old).map(|line| format!("  + {line}"));
        let changes: Vec<String> = gone.chain(come).collect();
        if !changes.is_empty() || written != said {
            faults.push(format!("{}\n{}", file.display(), changes.join("\n")));
        }
    }
    assert!(
        faults.is_empty(),
        "BLESS=1 writes the files anew; read each changed line then\n{}",
        faults.join("\n")
    );
}

#[test]
fn every_kernel_of_the_promise_is_among_the_hosts() {
    for kernel in KERNELS {
        let found = trees().into_iter().any(|tree| {
            let release = fs::read_to_string(tree.join("sys/kernel/osrelease"));
            release.is_ok_and(|release| release.starts_with(&format!("{kernel}.")))
        });
        assert!(found, "no host with Linux {kernel}");
    }
}
