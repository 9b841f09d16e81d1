//! Exit codes and what options do to them.

use crate::run::{Tcptune, tree};

fn check(name: &str, options: &[&str]) -> Tcptune {
    Tcptune::new()
        .args(["check", "--proc", &tree(name)])
        .args(options)
}

#[test]
fn fail_on_decides_from_which_severity_a_finding_counts() {
    // One high finding; one medium; none at all.
    for (host, codes) in [
        ("el7-3.10-tw-recycle", [0, 1, 1, 1, 1]),
        ("syn-flood", [0, 1, 1, 1, 0]),
        ("debian-12-6.1", [0, 0, 0, 0, 0]),
    ] {
        for (level, code) in ["none", "info", "low", "medium", "high"]
            .into_iter()
            .zip(codes)
        {
            check(host, &["--fail-on", level]).run().exits(code).quiet();
        }
        check(host, &[]).run().exits(codes[3]);
    }
}

#[test]
fn unknown_rules_fail_only_when_asked_and_only_without_findings() {
    check("debian-12-6.1", &["--fail-on-unknown"])
        .run()
        .exits(3);
    check("container-masked", &["--fail-on-unknown"])
        .run()
        .exits(3);
    check("syn-flood", &["--fail-on-unknown"]).run().exits(1);
    check("syn-flood", &["--fail-on-unknown", "--fail-on", "high"])
        .run()
        .exits(3);
}

#[test]
fn exit_zero_turns_findings_and_unknowns_into_success_and_errors_not() {
    check("syn-flood", &["--exit-zero"])
        .run()
        .exits(0)
        .says("syncookies-off");
    check("debian-12-6.1", &["--exit-zero", "--fail-on-unknown"])
        .run()
        .exits(0);
    Tcptune::new()
        .args(["check", "--exit-zero", "--proc", "/nonexistent"])
        .run()
        .exits(2)
        .no_result();
}

#[test]
fn quiet_prints_a_line_a_finding_and_nothing_without() {
    let ran = check("syn-flood", &["--quiet"]).run().exits(1).quiet();
    assert_eq!(ran.stdout.lines().count(), 2, "{ran}");
    check("debian-12-6.1", &["-q"])
        .run()
        .exits(0)
        .no_result()
        .quiet();
}

#[test]
fn help_and_version_are_results() {
    Tcptune::new()
        .args(["--help"])
        .run()
        .exits(0)
        .quiet()
        .says("Exit codes, the first that applies:");
    let version = format!("tcptune {}\n", env!("CARGO_PKG_VERSION"));
    let ran = Tcptune::new().args(["--version"]).run().exits(0).quiet();
    assert_eq!(ran.stdout, version);
}

#[test]
fn usage_errors_exit_with_2_and_print_no_result() {
    let tree = tree("debian-12-6.1");
    let proc = tree.as_str();
    let cases: &[(&[&str], &str)] = &[
        (&[], "Usage: tcptune"),
        (&["chekc"], "'check'"),
        (&["check", "--intervall", "1"], "'--interval'"),
        (&["check", "surplus"], "surplus"),
        (
            &["check", "--fail-on", "critical"],
            "possible values: none, info, low, medium, high",
        ),
        (
            &["check", "--format", "yaml"],
            "possible values: human, json",
        ),
        (&["check", "--quiet", "--verbose"], "cannot be used with"),
        (
            &["check", "--proc", proc, "--pid", "1"],
            "cannot be used with",
        ),
        (
            &["check", "--proc", proc, "--netns", "x"],
            "cannot be used with",
        ),
        (
            &["check", "--netns", "x", "--pid", "1"],
            "cannot be used with",
        ),
        (
            &["check", "--snapshot", "x", "--proc", proc],
            "cannot be used with",
        ),
        (
            &["check", "--snapshot", "x", "--pid", "1"],
            "cannot be used with",
        ),
        (
            &["check", "--snapshot", "x", "--interval", "3"],
            "cannot be used with",
        ),
        (
            &["check", "--snapshot", "x", "--boot-engine", "procps"],
            "cannot be used with",
        ),
        (
            &["check", "--pid", "1", "--boot-engine", "procps"],
            "cannot be used with",
        ),
        (
            &["why", "x", "--netns", "y", "--boot-engine", "systemd"],
            "cannot be used with",
        ),
        (
            &["check", "--proc", proc, "--boot-engine", "procps"],
            "help: add --root DIR, or leave it away",
        ),
        (
            &["check", "--apply", "--dry-run", "--fail-on", "high"],
            "cannot be used with",
        ),
        (
            &["check", "--since", "x", "--interval", "0"],
            "cannot be used with",
        ),
        (
            &["apply", "--plan", "x", "--interval", "3"],
            "cannot be used with",
        ),
        (&["check", "--pid", "-1"], "-1"),
        (&["check", "--pid", "4294967296"], "4294967296"),
        (&["check", "--color", "sometimes"], "auto, always, never"),
        (&["snapshot"], "--output"),
        (&["schema", "nothing"], "possible values: report"),
        (&["explain"], "<TOPIC>"),
        (
            &["explain", "ports-exausted"],
            "did you mean `ports-exhausted`?",
        ),
        (&["explain", ""], "tcptune explain --list"),
        (
            &["facts", "nothing.like.this"],
            "no fact has `nothing.like.this` in its name",
        ),
        (&["rules"], "Usage: tcptune rules"),
        (&["rules", "lint", "--format", "junit"], "junit"),
    ];
    for (args, part) in cases {
        Tcptune::new()
            .args(*args)
            .run()
            .exits(2)
            .no_result()
            .complains(part);
    }
}

#[test]
fn an_interval_is_from_0_to_86400_seconds() {
    for text in ["-1", "86401", "nan", "inf", "1e9", "1s", ""] {
        Tcptune::new()
            .args(["check", "--interval", text])
            .run()
            .exits(2)
            .no_result()
            .complains("give seconds from 0 to 86400");
    }
    // A recorded tree does not change: the longest interval ends at once.
    check("debian-12-6.1", &["--interval", "86400"])
        .run()
        .exits(0);
}

#[test]
fn a_folder_that_is_no_proc_tree_is_an_error_and_not_an_audit_without_findings() {
    let folder = tempfile::tempdir().unwrap();
    for path in [
        "/nonexistent",
        "/etc/passwd",
        folder.path().to_str().unwrap(),
    ] {
        Tcptune::new()
            .args(["check", "--proc", path])
            .run()
            .exits(2)
            .no_result()
            .complains("no recorded tree at")
            .complains("help: give a folder laid out like /proc");
    }
}

#[test]
fn names_from_the_command_line_are_escaped_in_messages() {
    for args in [
        ["check", "--netns", "a\x1b[31mb"],
        ["check", "--snapshot", "/nonexistent/\x1b]0;x\x07"],
        ["check", "--proc", "/nonexistent/\u{202e}"],
        ["check", "--rules", "/nonexistent/\x1b[2J"],
        ["snapshot", "-o", "/nonexistent/\x1b[2J/x"],
        ["check", "--fail-on", "a\x1b[2J"],
        ["facts", "--color=never", "\x1b[2J"],
        ["explain", "--color=never", "\u{9b}31m"],
    ] {
        let ran = Tcptune::new().args(args).run().exits(2).no_result();
        let active = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!ran.stderr.contains(active), "{:?}", ran.stderr);
    }
}
