//! `tcptune lint` over an old article in two languages, and over a pod.

use std::fs;
use std::path::Path;

use crate::run::{Ran, Tcptune};

const ARTICLE: &str = include_str!("lint_article.txt");

const POD: &str = "\
apiVersion: v1
kind: Pod
metadata: { name: gate }
spec:
  securityContext:
    sysctls:
      - name: net.ipv4.ip_unprivileged_port_start
        value: \"80\"
      - name: net.ipv4.tcp_keepalive_time
        value: \"600\"
      - name: net.core.somaxconn
        value: \"8192\"
      - name: net.core.netdev_max_backlog
        value: \"5000\"
  containers:
    - { name: gate, image: gate }
";

fn lint(folder: &Path, args: &[&str]) -> Ran {
    let args = ["lint"].iter().chain(args);
    Tcptune::new().within(folder).args(args).run()
}

fn of(name: &str, text: &str, args: &[&str]) -> (Ran, serde_json::Value) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), text).unwrap();
    let args = [&[name, "--assignments"], args].concat();
    let json = lint(folder.path(), &[&args[..], &["--format", "json"]].concat());
    (lint(folder.path(), &args), json.audited().quiet().json())
}

/// `LINE RULE` of every finding.
fn found(result: &serde_json::Value) -> Vec<String> {
    let all = result["findings"].as_array().unwrap().iter();
    all.map(|one| format!("{} {}", one["line"], one["rule"].as_str().unwrap()))
        .collect()
}

/// `LINE KEY=VALUE` of every assignment, without the common beginning of keys.
fn assigned(result: &serde_json::Value) -> Vec<String> {
    let all = result["assignments"].as_array().unwrap().iter();
    all.map(|one| {
        let word = |field: &str| one[field].as_str().unwrap().replace("net.ipv4.tcp_", "");
        format!("{} {}={}", one["line"], word("key"), word("value"))
    })
    .collect()
}

#[test]
fn an_article_says_what_it_sets_and_sentences_are_no_part_of_values() {
    let (_, result) = of("notes.txt", ARTICLE, &[]);
    assert_eq!(
        assigned(&result),
        [
            "5 syncookies=1",
            "6 tw_reuse=1",
            "7 tw_recycle=1",
            "8 fin_timeout=30",
            "12 syncookies=1",
            "13 tw_reuse=1",
            "14 tw_recycle=1",
            "15 fin_timeout=30",
            "19 keepalive_intvl=20",
            "20 keepalive_probes=3",
            "21 keepalive_time=60",
        ]
    );
}

#[test]
fn an_old_article_is_told_what_is_gone_and_which_defaults_have_changed() {
    let (run, result) = of("notes.txt", ARTICLE, &[]);
    run.exits(1)
        .quiet()
        .says("Linux 4.12 removed tcp_tw_recycle");
    assert_eq!(
        found(&result),
        [
            "7 lint-tw-recycle",
            "12 lint-outdated-default",
            "13 lint-outdated-default",
            "14 lint-tw-recycle",
        ]
    );
    let message = |at: usize| result["findings"][at]["message"].as_str().unwrap();
    assert_eq!(
        message(1),
        "The text calls 0 the default of net.ipv4.tcp_syncookies. It is 1 on every kernel asked for."
    );
    assert_eq!(
        message(2),
        "The text calls 0 the default of net.ipv4.tcp_tw_reuse. It is 2 on every kernel asked for."
    );
    assert_eq!(result["findings"][1]["severity"], "info");
}

#[test]
fn what_was_the_default_of_the_kernel_asked_for_is_no_fault_of_the_article() {
    let (_, result) = of("notes.txt", ARTICLE, &["--kernel", "4.13"]);
    assert_eq!(
        found(&result),
        [
            "7 lint-tw-recycle",
            "12 lint-outdated-default",
            "14 lint-tw-recycle"
        ]
    );
}

#[test]
fn a_pod_may_set_what_its_kubernetes_calls_safe() {
    let unsafe_at = |release: &str| {
        let (run, result) = of("pod.yaml", POD, &["--kubernetes", release]);
        run.exits(1);
        let lines = found(&result).into_iter();
        lines
            .filter_map(|one| one.strip_suffix(" lint-pod-unsafe").map(str::to_owned))
            .collect::<Vec<_>>()
    };
    assert_eq!(unsafe_at("1.21"), ["7", "9", "11", "13"]);
    assert_eq!(unsafe_at("1.28"), ["9", "11", "13"]);
    assert_eq!(unsafe_at("1.29"), ["11", "13"]);
    let (run, _) = of("pod.yaml", POD, &["--kubernetes", "1.28"]);
    run.says("does not call the key safe before 1.29")
        .says("The key is one for the whole node: no pod can set it.");
}
