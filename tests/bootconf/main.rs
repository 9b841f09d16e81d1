//! Both loaders, case by case.
//!
//! A case is a file tree and, for each loader, what it makes of it:
//!
//! ```yaml
//! - name: what the case shows
//!   latin1: true            # texts are bytes: each character stands for the byte of its number
//!   interfaces: [eth9.5]    # besides all, default, lo and eth9
//!   files: { /etc/sysctl.d/a.conf: "…%{#:5000}…" }    # %{c:n} is the character c, n times
//!   links: { /etc/sysctl.d/b.conf: ../sysctl.conf }
//!   directories: [/etc/sysctl.d/c.conf]
//!   systemd:
//!     writes: ["net/ipv4/tcp_sack=0"]                 # in order, before the kernel has a say
//!     fates: ["/etc/sysctl.d/a.conf:1 wins"]          # the same; or `shadowed PLACE`, or `masked FILE`
//!     after: { net.ipv4.tcp_sack: "0" }               # every value that differs from before, afterwards
//!   procps: same
//! ```
//!
//! The writes and the values afterwards were observed of systemd-sysctl 252 and of `sysctl --system` of
//! procps-ng 4.0.2, each in a network namespace of its own. What the kernel makes of the writes is held in
//! `after`.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its own cases should stop there"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tcptune::bootconf::{Entry, Keys, Load, Tree, load};
use tcptune::catalog;
use tcptune::fact::boot::{Engine, Outcome};

#[path = "../boot_tree/memory.rs"]
mod memory;

mod after;
mod any;
mod fates;
mod files;
mod patterns;
mod whole;

use memory::{MemoryKeys, MemoryTree};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    latin1: bool,
    #[serde(default)]
    interfaces: Vec<String>,
    #[serde(default)]
    files: BTreeMap<String, String>,
    #[serde(default)]
    links: BTreeMap<String, String>,
    #[serde(default)]
    directories: Vec<String>,
    systemd: Expected,
    procps: Procps,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    writes: Vec<String>,
    fates: Vec<String>,
    after: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Procps {
    /// The word `same`.
    Same(String),
    Other(Expected),
}

impl Case {
    fn expected(&self, engine: Engine) -> &Expected {
        match (&self.procps, engine) {
            (Procps::Other(other), Engine::Procps) => other,
            (Procps::Same(word), _) => {
                assert_eq!(word, "same", "{}", self.name);
                &self.systemd
            }
            _ => &self.systemd,
        }
    }

    fn tree(&self) -> MemoryTree {
        let mut tree = MemoryTree::new();
        for (path, text) in &self.files {
            tree = tree.file(path, self.bytes(text));
        }
        for (path, target) in &self.links {
            tree = tree.link(path, target);
        }
        for path in &self.directories {
            tree = tree.directory(path);
        }
        tree
    }

    fn keys(&self) -> MemoryKeys {
        let names = std::fs::read_to_string(folder().join("keys.txt")).unwrap();
        let interfaces: Vec<&str> = ["all", "default", "lo", "eth9"]
            .into_iter()
            .chain(self.interfaces.iter().map(String::as_str))
            .collect();
        let paths: Vec<String> = names
            .lines()
            .filter(|line| !line.starts_with('#'))
            .flat_map(|line| interfaces.iter().map(|name| line.replace('*', name)))
            .collect();
        MemoryKeys::of(paths.iter().map(String::as_str))
    }

    fn load(&self, engine: Engine) -> Load {
        load(&self.tree(), &self.keys(), engine, None)
    }

    /// The bytes a text of the case stands for.
    fn bytes(&self, text: &str) -> Vec<u8> {
        let mut whole = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("%{") {
            let (repeat, after) = after.split_once('}').unwrap();
            let (what, times) = repeat.split_once(':').unwrap();
            whole += before;
            whole += &what.repeat(times.parse().unwrap());
            rest = after;
        }
        whole += rest;
        if self.latin1 {
            let byte = |c| u8::try_from(u32::from(c)).unwrap();
            whole.chars().map(byte).collect()
        } else {
            whole.into_bytes()
        }
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bootconf")
}

fn cases() -> Vec<Case> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder().join("cases"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
        .iter()
        .flat_map(|file| {
            let text = std::fs::read_to_string(file).unwrap();
            serde_yaml::from_str::<Vec<Case>>(&text)
                .unwrap_or_else(|error| panic!("{}: {error}", file.display()))
        })
        .collect()
}

const ENGINES: [Engine; 2] = [Engine::Systemd, Engine::Procps];

/// `wins`, or `shadowed /etc/sysctl.d/a.conf:2`.
fn words(outcome: &Outcome) -> String {
    match &outcome.by {
        Some(by) => format!("{} {by}", outcome.fate.word()),
        None => outcome.fate.word().to_owned(),
    }
}

fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

#[test]
fn every_case_has_a_name_of_its_own() {
    let cases = cases();
    let mut names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), cases.len());
    assert_eq!(names.len(), 145);
}

#[test]
fn each_loader_writes_what_it_was_seen_to_write() {
    let mut differences = Vec::new();
    for case in cases() {
        for engine in ENGINES {
            let load = case.load(engine);
            let written: Vec<String> = load
                .writes
                .iter()
                .map(|write| format!("{}={}", write.path, shown(&write.value)))
                .collect();
            let expected: Vec<String> = case
                .expected(engine)
                .writes
                .iter()
                .map(|write| shown(&case.bytes(write)))
                .collect();
            if written != expected {
                differences.push(format!(
                    "{} [{}]\n  writes   {written:?}\n  expected {expected:?}",
                    case.name,
                    engine.word()
                ));
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn every_definition_has_its_fate() {
    let mut differences = Vec::new();
    for case in cases() {
        for engine in ENGINES {
            let load = case.load(engine);
            let fates: Vec<String> = load
                .definitions
                .iter()
                .map(|definition| format!("{} {}", definition.place, words(&definition.outcome)))
                .collect();
            if fates != case.expected(engine).fates {
                differences.push(format!(
                    "{} [{}]\n  fates    {fates:?}\n  expected {:?}",
                    case.name,
                    engine.word(),
                    case.expected(engine).fates
                ));
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn the_values_afterwards_are_those_of_keys_that_exist() {
    for case in cases() {
        let keys = case.keys();
        for engine in ENGINES {
            for (key, value) in &case.expected(engine).after {
                let path = catalog::path(key).unwrap();
                assert_eq!(keys.exists(&path), Some(true), "{}: {key}", case.name);
                assert!(!value.is_empty(), "{}: {key}", case.name);
            }
        }
    }
}
