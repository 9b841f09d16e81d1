//! What the recorded hosts are judged to be.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::run::{Tcptune, tree};
use crate::site::copy;

const GONE: &str = "tcp_tw_recycle does not exist on this kernel (removed in Linux 4.12)";
const OFF: &str = "tcp_tw_recycle exists on this kernel and is off; leave it off";
const ON: &str = "tcp_tw_recycle is on: see the finding";
const HIDDEN: &str =
    "tcp_tw_recycle cannot be read (/proc/sys/net is not visible); Linux 4.12 removed it";

/// The note on `tcp_tw_recycle` where it is not [`GONE`].
const NOTES: [(&str, &str); 3] = [
    ("container-masked", HIDDEN),
    ("el7-3.10", OFF),
    ("el7-3.10-tw-recycle", ON),
];

/// Every recorded host. What is found on each stands in its `expected.txt`.
fn hosts() -> Vec<String> {
    let entries = fs::read_dir(tree("")).unwrap().map(Result::unwrap);
    let folders = entries.filter(|entry| entry.path().is_dir());
    let mut hosts: Vec<String> = folders
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    hosts.sort();
    assert!(hosts.len() >= 15, "{hosts:?}");
    hosts
}

fn report(host: &str) -> Value {
    Tcptune::new()
        .args(["check", "--format", "json", "--proc", &tree(host)])
        .run()
        .audited()
        .quiet()
        .json()
}

#[test]
fn the_note_on_recycling_is_true_of_every_recorded_host() {
    for host in hosts() {
        let own = NOTES.iter().find(|(name, _)| *name == host);
        let note = own.map_or(GONE, |(_, note)| note);
        assert_eq!(report(&host)["notes"][0], note, "{host}");
    }
}

#[test]
fn every_report_is_of_the_published_schema() {
    let schema = Tcptune::new()
        .args(["schema", "report"])
        .run()
        .exits(0)
        .quiet()
        .json();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for host in hosts() {
        let report = report(&host);
        let errors: Vec<String> = validator
            .iter_errors(&report)
            .map(|e| e.to_string())
            .collect();
        assert!(errors.is_empty(), "{host}: {errors:?}");
    }
    assert!(!validator.is_valid(&serde_json::json!({ "schema": "tcptune.report/1" })));
}

#[test]
fn the_summary_counts_every_rule_once() {
    for host in hosts() {
        let report = report(&host);
        let summary = report["summary"].as_object().unwrap();
        let counted: u64 = summary.values().map(|count| count.as_u64().unwrap()).sum();
        let listed = ["findings", "not_fired"].map(|list| report[list].as_array().unwrap().len());
        let rules = Tcptune::new().args(["rules", "list"]).run().exits(0);
        assert_eq!(
            counted,
            rules.stdout.lines().count() as u64,
            "{host}: {summary:?}"
        );
        assert_eq!(counted, (listed[0] + listed[1]) as u64, "{host}");
    }
}

#[test]
fn the_vocabulary_can_be_listed_for_every_recorded_host() {
    for host in hosts() {
        let facts = Tcptune::new()
            .args(["facts", "--format", "json", "--proc", &tree(&host)])
            .run()
            .exits(0)
            .quiet()
            .json();
        let facts = facts.as_array().unwrap();
        assert!(facts.len() > 100, "{host}");
        for fact in facts {
            // A value, or the reason why there is none.
            let told = fact["value"].is_string() || fact["reason"].is_string();
            assert!(told, "{host}: {fact}");
        }
    }
}

#[test]
fn the_list_of_facts_has_its_values_in_one_column() {
    let host = tree("debian-12-6.1");
    let list = Tcptune::new().args(["facts", "--proc", &host]).run();
    let list = list.exits(0).stdout;
    let short: Vec<&str> = list
        .lines()
        .filter(|line| line.find(' ').is_some_and(|end| end <= 48))
        .collect();
    assert!(short.len() > 100);
    for line in short {
        let beginning: Vec<char> = line.chars().skip(48).take(2).collect();
        assert!(beginning[0] == ' ' && beginning[1] != ' ', "{line}");
    }
}

#[test]
fn the_families_of_settings_are_listed_whole_when_asked_for() {
    let facts = |filter: &str| {
        let host = tree("debian-12-6.1");
        let args = ["facts", filter, "--format", "json", "--proc", &host];
        Tcptune::new().args(args).run().exits(0).json()
    };
    let all = facts("");
    let family = |row: &&Value| {
        ["boot.KEY", "default.KEY"]
            .map(Value::from)
            .contains(&row["name"])
    };
    let families = all.as_array().unwrap().iter().filter(family);
    assert_eq!(families.count(), 2);
    let default = facts("default.net.core.somaxconn");
    assert_eq!(default[0]["value"], "4096", "{default}");
    let next = facts("boot.net.core.somaxconn");
    assert_eq!(next[0]["value"], Value::Null);
    assert!(
        next[0]["reason"].as_str().unwrap().contains("--root"),
        "{next}"
    );
    assert!(facts("default.").as_array().unwrap().len() > 200);
}

#[test]
fn retries_of_a_syn_ack_beyond_what_is_counted_have_no_end() {
    let folder = tempfile::tempdir().unwrap();
    copy(Path::new(&tree("debian-12-6.1")), folder.path());
    let at = folder.path().to_str().unwrap();
    for (retries, says) in [
        ("9", "kept for 487 s. The"),
        ("60", "kept for 5,407 s or longer. The"),
        ("255", "kept for 5,407 s and longer: the kernel counts"),
    ] {
        let key = folder.path().join("sys/net/ipv4/tcp_synack_retries");
        fs::write(key, retries).unwrap();
        let ran = Tcptune::new().args(["check", "--proc", at]).run();
        let words: Vec<&str> = ran.stdout.split_whitespace().collect();
        assert!(words.join(" ").contains(says), "{}", ran.stdout);
    }
    let ran = Tcptune::new().args(["explain", "syn-ack", "--proc", at]);
    ran.run()
        .exits(0)
        .says("for ever: it is never dropped for its age");
}
