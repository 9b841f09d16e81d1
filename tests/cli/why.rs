//! `tcptune why` of kernels, live and recorded.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::run::{Ran, Tcptune, is_root, skipped, tree};

fn why(args: &[&str]) -> Ran {
    Tcptune::new().args(["why"]).args(args).run()
}

/// The answer of a recorded host as JSON.
fn of(host: &str, key: &str) -> Value {
    why(&[key, "--proc", &tree(host), "--format", "json"])
        .exits(0)
        .quiet()
        .json()
}

fn names(answer: &Value) -> Vec<&str> {
    let keys = answer["keys"].as_array().unwrap().iter();
    keys.map(|key| key["key"].as_str().unwrap()).collect()
}

#[test]
fn every_spelling_of_a_key_has_one_answer() {
    let answer = |spelling| of("debian-12-6.1", spelling);
    let dotted = answer("net.ipv4.tcp_fin_timeout");
    assert_eq!(names(&dotted), ["net.ipv4.tcp_fin_timeout"]);
    assert_eq!(dotted["keys"][0]["live"], "60");
    assert_eq!(dotted["keys"][0]["default"], "60");
    for spelling in [
        "net/ipv4/tcp_fin_timeout",
        "/proc/sys/net/ipv4/tcp_fin_timeout",
        " net.ipv4.tcp_fin_timeout\n",
    ] {
        assert_eq!(answer(spelling), dotted, "{spelling}");
    }
    let alias = answer("net.nf_conntrack_max");
    assert_eq!(names(&alias), ["net.netfilter.nf_conntrack_max"]);
}

#[test]
fn a_beginning_lists_the_keys_that_begin_so_and_a_whole_name_is_one_key() {
    let keepalive = of("debian-12-6.1", "net.ipv4.tcp_keepalive");
    let expected = ["intvl", "probes", "time"].map(|end| format!("net.ipv4.tcp_keepalive_{end}"));
    assert_eq!(names(&keepalive), expected);
    // `tcp_mem` is a key, though others might begin so.
    let whole = of("debian-12-6.1", "net.ipv4.tcp_mem");
    assert_eq!(names(&whole), ["net.ipv4.tcp_mem"]);
    let folder = of("debian-12-6.1", "net.ipv4.");
    assert!(names(&folder).len() > 50);
    assert!(
        names(&folder)
            .iter()
            .all(|key| key.starts_with("net.ipv4."))
    );
}

#[test]
fn a_mistyped_key_is_refused_with_the_one_that_was_meant() {
    for (given, meant) in [
        ("net.ipv4.tcp_fin_timeuot", "`net.ipv4.tcp_fin_timeout`?"),
        (
            "net.ipv4.conf.eth0.rp_fliter",
            "`net.ipv4.conf.*.rp_filter`?",
        ),
        ("net.ipv4.conf.*.rp_filter", "help: name an interface"),
        (
            "net.ipv4.conf.eth0.5.rp_filter",
            "did you mean `net.ipv4.conf.eth0/5.rp_filter`?",
        ),
        ("net.entirely.else", "`tcptune facts sysctl.`"),
        ("", "help:"),
        ("*", "help:"),
        ("net.ipv4.\u{1b}[2J", "\\x1b"),
    ] {
        why(&[given, "--proc", &tree("debian-12-6.1")])
            .exits(2)
            .no_result()
            .complains("no key is named")
            .complains(meant);
    }
}

#[test]
fn a_removed_key_is_answered_on_kernels_with_and_without_it() {
    why(&["net.ipv4.tcp_tw_recycle", "--proc", &tree("debian-12-6.1")])
        .exits(0)
        .quiet()
        .says("removed in Linux 4.12; nothing sets it here")
        .says("let clients reuse connections");
    let on = of("el7-3.10-tw-recycle", "net.ipv4.tcp_tw_recycle");
    let key = &on["keys"][0];
    assert_eq!(key["live"], "1");
    assert_eq!(key["recommended"], "0");
    assert_eq!(key["exists"], true);
    let rules = key["rules"].as_array().unwrap();
    let fires = rules.iter().find(|rule| rule["fires"] == true).unwrap();
    assert_eq!(fires["rule"], "tw-recycle-enabled");
    assert_eq!(fires["sets"], true);
}

#[test]
fn a_key_that_newer_kernels_ignore_works_where_this_kernel_reads_it() {
    let summary = |host| {
        let answer = of(host, "net.ipv4.tcp_adv_win_scale");
        answer["keys"][0]["summary"].as_str().unwrap().to_owned()
    };
    let works = "works here, and does nothing from Linux 6.6 on; 1: the kernel's default";
    assert_eq!(summary("debian-12-6.1"), works);
    assert!(summary("debian-12-6.12").starts_with("does nothing since Linux 6.6; "));
    assert!(summary("el7-3.10").contains("a vendor's kernel may ignore it earlier"));
}

#[test]
fn whose_a_key_is_goes_by_the_kernel() {
    let key = "net.ipv4.tcp_retries2";
    let new = of("debian-12-6.1", key);
    assert_eq!(new["keys"][0]["scope"], "netns");
    let own = "each network namespace has its own";
    assert_eq!(new["keys"][0]["reasons"]["scope"], own);
    let old = of("el7-3.10", key);
    assert_eq!(old["keys"][0]["scope"], Value::Null);
    why(&[key, "--proc", &tree("el7-3.10")])
        .exits(0)
        .says("scope    not known: each network namespace has its own from Linux 4.6 on");
}

#[test]
fn a_recorded_tree_without_files_says_that_there_are_none() {
    let answer = of("debian-12-6.1", "net.ipv4.tcp_sack");
    assert_eq!(answer["engine"], Value::Null);
    assert!(answer["decided"].as_str().unwrap().contains("--root"));
    assert_eq!(answer["keys"][0]["next_boot"], Value::Null);
    assert_eq!(answer["keys"][0]["system_now"], Value::Null);
}

#[test]
fn a_command_line_is_read_byte_by_byte() {
    let tree = tempfile::tempdir().unwrap();
    let (proc, root) = (tree.path().join("proc"), tree.path().join("root"));
    fs::create_dir_all(proc.join("sys/net/ipv4")).unwrap();
    fs::create_dir_all(root.join("etc/sysctl.d")).unwrap();
    fs::write(proc.join("sys/net/ipv4/tcp_sack"), "1\n").unwrap();
    // The kernel takes 0xa0 for a blank, which ends the word.
    fs::write(
        proc.join("cmdline"),
        b"ro sysctl.net.ipv4.tcp_sack=0\xa0x\n",
    )
    .unwrap();
    let [proc, root] = [proc, root].map(|path| path.to_str().unwrap().to_owned());
    why(&[
        "net.ipv4.tcp_sack",
        "--proc",
        &proc,
        "--root",
        &root,
        "--boot-engine",
        "systemd",
    ])
    .exits(0)
    .says("1 -> 0 by /proc/cmdline");
}

#[test]
fn a_secret_of_this_host_is_never_shown() {
    let answer = why(&["net.ipv4.tcp_fastopen_key", "--format", "json"])
        .exits(0)
        .json();
    assert_eq!(answer["keys"][0]["live"], Value::Null);
}

#[test]
fn every_answer_is_of_the_published_schema_and_fits_the_page() {
    let schema = Tcptune::new()
        .args(["schema", "why"])
        .run()
        .exits(0)
        .quiet();
    let validator = jsonschema::validator_for(&schema.json()).unwrap();
    for entry in fs::read_dir(tree("")).unwrap() {
        let host = entry.unwrap().file_name().into_string().unwrap();
        let answer = why(&["net.", "--proc", &tree(&host), "--format", "json"]);
        if answer.stdout.is_empty() {
            // A masked tree has no key to list.
            continue;
        }
        let errors: Vec<_> = validator
            .iter_errors(&answer.json())
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{host}: {errors:?}");
        let page = why(&["net.", "--proc", &tree(&host)]).exits(0);
        for line in page.stdout.lines() {
            let one_word = line.split_whitespace().count() == 1;
            assert!(one_word || line.chars().count() <= 80, "{host}: {line}");
        }
    }
}

#[test]
fn another_namespace_has_no_boot_files() {
    if !is_root() {
        return skipped("needs root to enter a namespace");
    }
    let own = std::process::id().to_string();
    let answer = why(&["net.ipv4.tcp_sack", "--pid", &own, "--format", "json"]);
    let answer = answer.exits(0).quiet().json();
    assert_eq!(answer["engine"], Value::Null);
    assert_eq!(
        answer["decided"],
        "boot files do not act on a namespace made later"
    );
    assert!(answer["keys"][0]["live"].is_string());
    for option in [["--pid", "1"], ["--netns", "x"]] {
        let args = ["net.ipv4.tcp_sack", "--root", "/", option[0], option[1]];
        why(&args)
            .exits(2)
            .no_result()
            .complains("cannot be used with");
    }
}

#[test]
fn a_value_changed_in_a_namespace_is_told_from_the_default() {
    let probe = Command::new("unshare").args(["-n", "true"]).status();
    if !probe.is_ok_and(|status| status.success()) {
        return skipped("unshare -n is refused");
    }
    let script = "echo 17 > /proc/sys/net/ipv4/tcp_fin_timeout; exec \"$0\" \"$@\"";
    let answer = Tcptune::through(&["unshare", "-n", "sh", "-c", script])
        .args([
            "why",
            "net.ipv4.tcp_fin_timeout",
            "--interval",
            "0",
            "--format",
            "json",
        ])
        .run()
        .exits(0)
        .quiet()
        .json();
    let key = &answer["keys"][0];
    assert_eq!(
        (&key["live"], &key["default"]),
        (&"17".into(), &"60".into()),
        "{key}"
    );
    let default = key["reasons"]["default"].as_str().unwrap();
    assert!(default.contains("a new network namespace"), "{default}");
}

#[test]
fn the_last_part_of_a_key_is_enough_where_one_key_alone_ends_so() {
    let whole = of("debian-12-6.1", "net.ipv4.tcp_fin_timeout");
    assert_eq!(of("debian-12-6.1", "tcp_fin_timeout"), whole);
    assert_eq!(
        names(&of("debian-12-6.1", "somaxconn")),
        ["net.core.somaxconn"]
    );
    // One for each interface.
    why(&["rp_filter", "--proc", &tree("debian-12-6.1")])
        .exits(2)
        .complains("no key is named `rp_filter`");
}
