//! Findings that a site has accepted.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::rule_files::folder;
use crate::run::{Ran, Tcptune, tree};
use crate::site::{check, copy};

/// A site with these waivers, and beside them a host with a finding of its own.
fn site(waivers: &str) -> TempDir {
    let site = folder(&[("waivers.yaml", waivers)]);
    copy(Path::new(&tree("debian-12-6.1")), &site.path().join("host"));
    let sick = site.path().join("host/sys/net/ipv4/tcp_abort_on_overflow");
    fs::write(sick, "1\n").unwrap();
    site
}

fn look(site: &TempDir, args: &[&str]) -> Ran {
    Tcptune::new()
        .args(["check", "--proc", "host", "--config", "."])
        .args(args)
        .within(site.path())
        .run()
}

fn waiver(until: &str) -> String {
    format!(
        "\
waivers:
  - rule: abort-on-overflow
    reason: the balancer retries at once
    owner: edge team
    until: {until}
"
    )
}

#[test]
fn a_waived_finding_is_shown_with_its_terms_and_does_not_count() {
    let site = site(&waiver("9999-12-31"));
    let only = ["--select", "abort-on-overflow,waiver-expired"];
    let ran = look(&site, &only).exits(0).quiet();
    assert!(
        ran.stdout.contains(
            "
WAIVED   abort-on-overflow  a full accept queue resets clients
  waived   the balancer retries at once (edge team, until 9999-12-31)
"
        ),
        "{ran}"
    );
    // Nothing is offered: no change, no command that makes it.
    assert!(!ran.stdout.contains("--apply"), "{ran}");
    let report = look(&site, &[&only[..], &["--format", "json"]].concat())
        .exits(0)
        .json();
    assert_eq!(report["summary"]["waived"], 1);
    assert_eq!(report["summary"]["medium"], 0);
    let finding = &report["findings"][0];
    assert_eq!(finding["waived"]["reason"], "the balancer retries at once");
    assert_eq!(finding["waived"]["owner"], "edge team");
    assert_eq!(finding["waived"]["until"], "9999-12-31");
    assert_eq!(finding["changes"].as_array().unwrap().len(), 0);
    let quiet = look(
        &site,
        &[&only[..], &["--quiet", "--fail-on", "info"]].concat(),
    );
    assert_eq!(quiet.exits(0).quiet().stdout, "");
}

#[test]
fn the_day_after_the_last_one_the_finding_counts_and_the_waiver_is_told() {
    let site = site(&waiver("2026-01-31"));
    let only = ["--select", "abort-on-overflow,waiver-expired"];
    let ran = look(&site, &only).exits(1).quiet();
    let ran = ran.says("MEDIUM   abort-on-overflow  a full accept queue resets clients");
    assert!(
        ran.stdout.contains(
            "\
LOW      waiver-expired     waiver of abort-on-overflow has ended
  seen     The waiver in ./waivers.yaml:2 (whatever the rule finds) ended on
           2026-01-31. edge team gave it: the balancer retries at once
"
        ),
        "{ran}"
    );
}

#[test]
fn a_waiver_for_a_key_takes_that_key_out_and_the_last_one_the_finding() {
    let folder = folder(&[(
        "host.d/etc/sysctl.d/50-a.conf",
        "net.ipv4.tcp_fin_timeout = 20\nnet.ipv4.tcp_fin_timeout = 30\nnet.core.somaxconn = 512\nnet.core.somaxconn = 1024\n",
    )]);
    let tree = tree("debian-12-6.1");
    let look = |keys: &[&str]| {
        let waivers: Vec<String> = keys
            .iter()
            .map(|key| format!("  - {{ rule: duplicate-in-file, key: {key}, reason: why, owner: me, until: 9999-12-31 }}\n"))
            .collect();
        fs::write(
            folder.path().join("waivers.yaml"),
            format!("waivers:\n{}", waivers.concat()),
        )
        .unwrap();
        let ran = Tcptune::new()
            .args([
                "check", "--proc", &tree, "--root", "host.d", "--config", ".",
            ])
            .args(["--select", "duplicate-in-file", "--format", "json"])
            .within(folder.path())
            .run();
        ran.exits(0).quiet().json()["findings"][0].clone()
    };
    let keys = |finding: &serde_json::Value, part: &str| {
        let all = finding[part].as_array().unwrap().iter();
        all.filter_map(|one| one["key"].as_str().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    let (fin, somaxconn) = ("net.ipv4.tcp_fin_timeout", "net.core.somaxconn");
    let all = look(&["net.ipv4.tcp_sack"]);
    assert_eq!(keys(&all, "instances"), [fin, somaxconn]);
    assert_eq!(all["others"], 1);
    let one = look(&[fin]);
    assert_eq!(keys(&one, "instances"), [somaxconn]);
    assert_eq!(keys(&one, "waived_keys"), [fin]);
    assert_eq!((&one["others"], one["waived"].is_null()), (&0.into(), true));
    assert!(one["message"].as_str().unwrap().contains("1024"), "{one}");
    let none = look(&[somaxconn, fin]);
    assert_eq!(none["waived"]["reason"], "why");
    assert_eq!(keys(&none, "waived_keys"), [""; 0]);
    assert_eq!(keys(&none, "instances"), [fin, somaxconn]);
}

#[test]
fn every_mistake_of_the_file_is_told_at_its_place() {
    let site = site(
        "\
waivers:
  - rule: abort-on-overflw
    reason: a
    owner: me
    until: 2026-02-30
  - { rule: abort-on-overflow, key: net.core.somaxconn, reason: a, owner: me, until: 2027-01-01 }
  - { rule: ports-exhausted, reason: a, owner: me, until: 2027-01-01 }
  - { rule: ports-exhausted, reason: ' ', ownr: me, until: 2027-01-01 }
  - { rule: ports-exhausted, reason: b, owner: me, until: 2028-01-01 }
",
    );
    let ran = look(&site, &[]).exits(2).no_result();
    assert_eq!(
        ran.stderr,
        "\
error: no rule `abort-on-overflw`
 --> ./waivers.yaml:2:11
  |
2 |   - rule: abort-on-overflw
  |           ^^^^^^^^^^^^^^^^
  = help: did you mean `abort-on-overflow`?

error: `2026-02-30` is no day of the calendar
 --> ./waivers.yaml:5:12
  |
5 |     until: 2026-02-30
  |            ^^^^^^^^^^
  = help: write YYYY-MM-DD: the last day the waiver holds

error: `abort-on-overflow` is never about `net.core.somaxconn`
 --> ./waivers.yaml:6:37
  |
6 |   - { rule: abort-on-overflow, key: net.core.somaxconn, reason: a, owner:...
  |                                     ^^^^^^^^^^^^^^^^^^
  = help: it may change `net.ipv4.tcp_abort_on_overflow`; without `key` all of
          it is waived

error: missing field `owner`
 --> ./waivers.yaml:8:5
  |
8 |   - { rule: ports-exhausted, reason: ' ', ownr: me, until: 2027-01-01 }
  |     ^^^^^^

error: `reason` is empty
 --> ./waivers.yaml:8:38
  |
8 |   - { rule: ports-exhausted, reason: ' ', ownr: me, until: 2027-01-01 }
  |                                      ^^^

error: unknown field `ownr`
 --> ./waivers.yaml:8:43
  |
8 |   - { rule: ports-exhausted, reason: ' ', ownr: me, until: 2027-01-01 }
  |                                           ^^^^
  = help: did you mean `owner`?

error: `ports-exhausted` has a waiver already
 --> ./waivers.yaml:9:5
  |
9 |   - { rule: ports-exhausted, reason: b, owner: me, until: 2028-01-01 }
  |     ^^^^^^
  = help: keep one; the other is in line 7

error: 7 problem(s) in rule files; nothing was judged
"
    );
}

#[test]
fn a_file_without_waivers_is_none_and_a_folder_in_its_place_an_error() {
    for text in ["", "# nothing yet\n", "waivers:\n", "waivers: []\n"] {
        let site = folder(&[("waivers.yaml", text)]);
        check(&site, &[]).audited().quiet();
    }
    for text in ["[]", "waivers: {}", "waiver: []", "rule: x", "x"] {
        let site = folder(&[("waivers.yaml", text)]);
        check(&site, &[]).exits(2).no_result();
    }
    let site = folder(&[("waivers.yaml/x", "")]);
    check(&site, &[])
        .exits(2)
        .no_result()
        .complains("error: not a regular file\n --> ./waivers.yaml");
}

/// What is disabled can be waived; it will come back with its waiver.
#[test]
fn a_disabled_rule_is_a_known_one() {
    let site = folder(&[
        ("waivers.yaml", &waiver("9999-12-31")),
        (
            "rules.d/abort-on-overflow.yaml",
            "id: abort-on-overflow\ndisabled: true\n",
        ),
    ]);
    check(&site, &[]).audited().quiet();
}
