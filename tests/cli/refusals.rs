//! Hosts that refuse: other users, masked and read-only trees, namespaces that are none.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::Value;

use crate::run::{Ran, Tcptune, copy_program, is_root, make_pipe, skipped, tree};

const NOBODY: [&str; 6] = [
    "setpriv",
    "--reuid",
    "65534",
    "--regid",
    "65534",
    "--clear-groups",
];

/// Whether namespaces of these kinds can be had; says so where not.
fn namespaces(kinds: &[&str]) -> bool {
    let made = is_root()
        && Command::new("unshare")
            .args(kinds)
            .arg("true")
            .status()
            .is_ok_and(|status| status.success());
    if !made {
        skipped(&format!("unshare {} is refused", kinds.join(" ")));
    }
    made
}

/// Audits in namespaces of these kinds after a script has run there.
fn audit_after(kinds: &[&str], script: &str) -> Ran {
    // The shell takes the program as its `$0`.
    let script = format!("set -e; {script}; exec \"$0\" \"$@\"");
    let mut launcher = vec!["unshare"];
    launcher.extend(kinds);
    launcher.extend(["sh", "-c", &script]);
    Tcptune::through(&launcher)
        .args(["check", "--interval", "0", "--format", "json"])
        .run()
        .audited()
        .quiet()
}

fn with_verdict(report: &Value, verdict: &str) -> Vec<String> {
    let rules = report["not_fired"].as_array().unwrap().iter();
    let rules = rules.filter(|one| one["verdict"] == verdict);
    rules
        .map(|one| one["rule"].as_str().unwrap().to_owned())
        .collect()
}

/// Rules that look at a setting first: without settings none of them may hold.
const SETTINGS: [&str; 5] = [
    "abort-on-overflow",
    "keepalive-invalid",
    "syncookies-always",
    "timestamps-off",
    "window-scaling-off",
];

fn assert_settings_unknown(report: &Value, shown: &Ran) {
    let unknown = with_verdict(report, "unknown");
    for rule in SETTINGS {
        assert!(
            unknown.iter().any(|one| one == rule),
            "{rule} is not unknown\n{shown}"
        );
    }
}

#[test]
fn another_user_gets_an_audit() {
    if !is_root() {
        return skipped("needs root to become another user");
    }
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join("tcptune");
    copy_program(&program);
    Tcptune::copy(&program, &NOBODY)
        .args(["check", "--interval", "0"])
        .run()
        .audited()
        .quiet()
        .says("Nothing was changed.");
    Tcptune::copy(&program, &NOBODY)
        .args(["check", "--pid", "1"])
        .run()
        .exits(2)
        .no_result()
        .complains("cannot open namespace `/proc/1/ns/net`: EACCES")
        .complains("help: run as root");
}

#[test]
fn a_folder_that_cannot_be_looked_into_is_not_one_that_is_missing() {
    if !is_root() {
        return skipped("needs root to become another user");
    }
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join("tcptune");
    copy_program(&program);
    let closed = folder.path().join("closed");
    fs::create_dir_all(closed.join("inside/etc")).unwrap();
    fs::create_dir_all(closed.join("inside/sys")).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    let inside = closed.join("inside");
    let inside = inside.to_str().unwrap();
    for option in ["--config", "--proc", "--root"] {
        Tcptune::copy(&program, &NOBODY)
            .args(["check", "--interval", "0", option, inside])
            .run()
            .exits(2)
            .no_result()
            .complains("inside`: EACCES")
            .complains("help: run as a user who may read it");
    }
}

#[test]
fn a_read_only_tree_is_read() {
    if !namespaces(&["-m", "-n"]) {
        return;
    }
    let script = "mount --bind /proc/sys /proc/sys; mount -o remount,bind,ro /proc/sys";
    let ran = audit_after(&["-m", "-n"], script);
    let report = ran.json();
    let unknown = with_verdict(&report, "unknown");
    for rule in SETTINGS {
        assert!(!unknown.iter().any(|one| one == rule), "{ran}");
    }
}

#[test]
fn a_masked_tree_leaves_settings_unknown_and_says_so() {
    if !namespaces(&["-m", "-n"]) {
        return;
    }
    let ran = audit_after(&["-m", "-n"], "mount -t tmpfs none /proc/sys");
    let report = ran.json();
    assert_settings_unknown(&report, &ran);
    let unknown = with_verdict(&report, "unknown");
    // Judged key by key: that no key was seen is not that none is at fault.
    for rule in ["below-kernel-default", "boot-differs-from-live"] {
        let holds = with_verdict(&report, "holds");
        assert!(!holds.iter().any(|one| one == rule), "{ran}");
    }
    assert!(
        unknown.iter().any(|one| one == "below-kernel-default"),
        "{ran}"
    );
    let notes = report["notes"].to_string();
    assert!(
        notes.contains("settings cannot be read: /proc/sys/net"),
        "{notes}"
    );
    assert!(notes.contains("tcp_tw_recycle cannot be read"), "{notes}");
}

#[test]
fn a_masked_proc_leaves_counters_unknown_too() {
    if !namespaces(&["-m", "-n"]) {
        return;
    }
    let ran = audit_after(&["-m", "-n"], "mount -t tmpfs none /proc");
    let report = ran.json();
    assert_settings_unknown(&report, &ran);
    let unknown = with_verdict(&report, "unknown");
    assert!(
        unknown.iter().any(|rule| rule == "time-wait-overflow"),
        "{ran}"
    );
    let notes = report["notes"].to_string();
    assert!(notes.contains("kernel counters cannot be read"), "{notes}");
}

#[test]
fn a_namespace_without_ipv6_is_audited() {
    if !namespaces(&["-m", "-n"]) {
        return;
    }
    let script =
        "test ! -e /proc/sys/net/ipv6 || echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6";
    let report = audit_after(&["-m", "-n"], script).json();
    assert_eq!(report["summary"]["high"], 0);
    Tcptune::new()
        .args(["check", "--proc", &tree("no-ipv6")])
        .run()
        .exits(0)
        .quiet();
}

#[test]
fn another_pid_namespace_is_audited() {
    if !namespaces(&["-m", "--pid", "--fork"]) {
        return;
    }
    for kinds in [
        &["-m", "--pid", "--fork"][..],
        &["-m", "--pid", "--fork", "--mount-proc"],
    ] {
        audit_after(kinds, "true");
    }
}

#[test]
fn where_no_socket_may_be_opened_nothing_about_sockets_holds() {
    // Standard streams and one file more: a folder can be held open or a file read, not both.
    let ran = Tcptune::through(&["prlimit", "--nofile=4:4"])
        .args(["check", "--interval", "0", "--format", "json"])
        .run()
        .audited()
        .quiet();
    let report = ran.json();
    for rule in [
        "accept-queue-app-bound",
        "close-wait-leak",
        "ports-exhausted",
        "syn-sent-pileup",
    ] {
        assert!(
            !with_verdict(&report, "holds").iter().any(|one| one == rule),
            "{ran}"
        );
    }
    assert!(
        report["notes"]
            .to_string()
            .contains("sockets cannot be read"),
        "{ran}"
    );
}

#[test]
fn a_namespace_that_is_none_is_told_with_help() {
    for (option, words, help) in [
        (
            ["--netns", "nonexistent-name"],
            "/run/netns/nonexistent-name`: ENOENT",
            "help: list the names with `ip netns`",
        ),
        (
            ["--netns", "/nonexistent"],
            "`/nonexistent`: ENOENT",
            "help:",
        ),
        (
            ["--pid", "4194305"],
            "`/proc/4194305/ns/net`: ENOENT",
            "help: there is no such process",
        ),
    ] {
        for command in [&["check"][..], &["facts"], &["snapshot", "-o", "-"]] {
            let ran = Tcptune::new().args(command).args(option).run();
            ran.exits(2).no_result().complains(words).complains(help);
        }
    }
    for path in ["/etc/passwd", "/"] {
        let ran = Tcptune::new().args(["check", "--netns", path]).run();
        ran.exits(2)
            .no_result()
            .complains("cannot enter namespace")
            .complains("help:");
    }
}

#[test]
fn a_pipe_for_a_namespace_is_refused_and_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("ns");
    make_pipe(&pipe);
    Tcptune::through(&["timeout", "60"])
        .args(["check", "--netns"])
        .args([&pipe])
        .run()
        .exits(2)
        .no_result()
        .complains("help:");
}

#[test]
fn the_namespace_of_a_process_is_looked_into() {
    if !namespaces(&["-n"]) {
        return;
    }
    let mut process = Command::new("unshare")
        .args(["-n", "sleep", "600"])
        .spawn()
        .unwrap();
    let id = process.id();
    let own = fs::read_link("/proc/self/ns/net").unwrap();
    let there = loop {
        let link = fs::read_link(format!("/proc/{id}/ns/net")).unwrap();
        if link != own {
            break link;
        }
        std::thread::yield_now();
    };
    let path = format!("/proc/{id}/ns/net");
    let by_pid = Tcptune::new()
        .args([
            "check",
            "--interval",
            "0",
            "--format",
            "json",
            "--pid",
            &id.to_string(),
        ])
        .run();
    let by_path = Tcptune::new()
        .args([
            "check",
            "--interval",
            "0",
            "--format",
            "json",
            "--netns",
            &path,
        ])
        .run();
    process.kill().unwrap();
    process.wait().unwrap();
    for ran in [by_pid, by_path] {
        let ran = ran.audited().quiet();
        let inode = ran.json()["host"]["netns"].to_string();
        assert!(
            there.to_string_lossy().contains(inode.trim_matches('"')),
            "{ran}"
        );
    }
}
