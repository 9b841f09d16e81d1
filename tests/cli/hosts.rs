//! What the recorded hosts are judged to be.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::run::{Tcptune, tree};

/// What one file of counters and `/proc/net/tcp` leave open: rates need two moments; queues and timers
/// need the kernel's diagnostics.
const ONE_MOMENT: &[&str] = &[
    "accept-queue-app-bound",
    "accept-queue-overflow",
    "fin-wait2-pileup",
    "time-wait-overflow",
];
/// Without `--root` nobody knows what the files of the host say.
const NO_FILES: &[&str] = &[
    "boot-differs-from-live",
    "contradictory-settings",
    "duplicate-in-file",
    "ineffective-value",
    "module-key-at-boot",
    "no-op-key",
    "removed-key-in-file",
    "set-in-unread-file",
    "setting-vanishes-at-boot",
    "shadowed-setting",
    "stale-raise",
    "tw-recycle-removed",
];
const QUIET: &[&str] = &["keepalive-slow-detection", "syn-flood-absorbed"];
/// Sockets in these states exist there, how long for is not told.
const BUSY: &[&str] = &[
    "close-wait-leak",
    "keepalive-slow-detection",
    "syn-flood-absorbed",
    "syn-sent-pileup",
];
/// So do handshakes and closes that wait for an answer.
const HALFWAY: &[&str] = &[
    "close-wait-leak",
    "keepalive-slow-detection",
    "last-ack-pileup",
    "syn-flood-absorbed",
    "syn-recv-pileup",
    "syn-sent-pileup",
];
/// Cookies are off there, so none were sent.
const FLOODED: &[&str] = &["keepalive-slow-detection", "syn-recv-pileup"];
const MASKED: &[&str] = &[
    "abort-on-overflow",
    "keepalive-invalid",
    "keepalive-slow-detection",
    "listener-in-port-range",
    "max-syn-backlog-ignored",
    "syn-flood-absorbed",
    "syn-retries-extreme",
    "synack-retries-extreme",
    "syncookies-always",
    "syncookies-off",
    "timestamps-off",
    "tw-buckets-lowered",
    "tw-recycle-enabled",
    "tw-reuse-without-timestamps",
    "window-scaling-off",
];
const NO_SYN_SENT: &[&str] = &[
    "keepalive-slow-detection",
    "syn-flood-absorbed",
    "syn-sent-pileup",
];

const GONE: &str = "tcp_tw_recycle does not exist on this kernel (removed in Linux 4.12)";
const OFF: &str = "tcp_tw_recycle exists on this kernel and is off; leave it off";
const ON: &str = "tcp_tw_recycle is on: see the finding";
const HIDDEN: &str =
    "tcp_tw_recycle cannot be read (/proc/sys/net is not visible); Linux 4.12 removed it";

/// Tree; what fires now; what fired since boot; what stays unknown besides [`ONE_MOMENT`] and [`NO_FILES`]; the note.
/// `tw-recycle-enabled` is not applicable where the key is gone, `max-syn-backlog-ignored` where it is not:
/// those are the kernels before 4.4. All other rules hold.
type Row = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
    &'static [&'static str],
    &'static str,
);

const HOSTS: [Row; 15] = [
    ("container-masked", &[], &[], MASKED, HIDDEN),
    ("container-ro", &[], &[], QUIET, GONE),
    ("debian-12-6.1", &[], &[], BUSY, GONE),
    ("debian-12-6.12", &[], &[], BUSY, GONE),
    ("debian-13-6.12", &[], &[], BUSY, GONE),
    ("el7-3.10", &[], &[], HALFWAY, OFF),
    (
        "el7-3.10-tw-recycle",
        &["tw-recycle-enabled"],
        &[],
        HALFWAY,
        ON,
    ),
    ("el8-4.18", &[], &[], HALFWAY, GONE),
    ("el9-5.14", &[], &[], HALFWAY, GONE),
    ("hand-edited-6.1", &[], &[], BUSY, GONE),
    ("no-ipv6", &[], &[], NO_SYN_SENT, GONE),
    (
        "ports-exhausted-6.1",
        &["ports-exhausted"],
        &[],
        QUIET,
        GONE,
    ),
    (
        "syn-flood",
        &["syncookies-off"],
        &["syn-flood-unprotected"],
        FLOODED,
        GONE,
    ),
    (
        "truncated",
        &[],
        &[],
        &["keepalive-invalid", "syn-flood-absorbed"],
        GONE,
    ),
    ("ubuntu-22.04-5.15", &[], &[], BUSY, GONE),
];

/// The ids under `list` for which `field` is `word`.
fn ids<'a>(report: &'a Value, list: &str, field: &str, word: &str) -> BTreeSet<&'a str> {
    report[list]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|one| one[field] == word)
        .map(|one| one["rule"].as_str().expect("an id"))
        .collect()
}

fn set<'a>(parts: &[&[&'a str]]) -> BTreeSet<&'a str> {
    parts.iter().flat_map(|part| part.iter().copied()).collect()
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
fn every_recorded_host_has_a_row() {
    let recorded: BTreeSet<String> = fs::read_dir(tree(""))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    let rows: BTreeSet<String> = HOSTS.iter().map(|row| row.0.to_owned()).collect();
    assert_eq!(rows, recorded);
}

#[test]
fn every_recorded_host_is_judged_as_written_down() {
    for (host, fires, past, unknown, _) in HOSTS {
        let report = report(host);
        assert_eq!(
            ids(&report, "findings", "period", "now"),
            set(&[fires]),
            "{host}"
        );
        assert_eq!(
            ids(&report, "findings", "period", "past"),
            set(&[past]),
            "{host}"
        );
        let left_open = ids(&report, "not_fired", "verdict", "unknown");
        assert_eq!(left_open, set(&[ONE_MOMENT, NO_FILES, unknown]), "{host}");
    }
}

#[test]
fn rules_about_other_kernels_are_not_applicable() {
    for (host, .., note) in HOSTS {
        let report = report(host);
        let expected: &[&str] = match note {
            GONE => &["tw-recycle-enabled"],
            OFF | ON => &["max-syn-backlog-ignored"],
            _ => &[],
        };
        let found = ids(&report, "not_fired", "verdict", "not_applicable");
        assert_eq!(found, set(&[expected]), "{host}");
    }
}

#[test]
fn the_note_on_recycling_is_true_of_every_recorded_host() {
    for (host, .., note) in HOSTS {
        assert_eq!(report(host)["notes"][0], note, "{host}");
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
    for (host, ..) in HOSTS {
        let report = report(host);
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
    for (host, ..) in HOSTS {
        let report = report(host);
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
    for (host, ..) in HOSTS {
        let facts = Tcptune::new()
            .args(["facts", "--format", "json", "--proc", &tree(host)])
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
