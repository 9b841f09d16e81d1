//! `check` in its formats, to standard output and into files.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::run::{Ran, Tcptune, tree};

const FORMATS: [&str; 7] = [
    "human",
    "json",
    "ndjson",
    "junit",
    "prometheus",
    "nagios",
    "markdown",
];

fn check(args: &[&str]) -> Ran {
    let host = tree("hand-edited-6.1");
    let root = format!("{host}/root");
    let at = ["check", "--proc", &host, "--root", &root];
    Tcptune::new().args(at).args(args).run()
}

/// A page without what differs from run to run.
fn settled(page: &str) -> String {
    let changing = [
        "run_id",
        "last_run_timestamp",
        "**Judged**",
        "timestamp=",
        "\"time\"",
    ];
    let kept = page
        .lines()
        .filter(|line| !changing.iter().any(|word| line.contains(word)));
    kept.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_file_gets_what_standard_output_would() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report");
    let name = file.to_str().unwrap();
    for format in FORMATS {
        let printed = check(&["--format", format]);
        let ran = check(&["--format", format, "-o", name]).no_result();
        assert_eq!(ran.stderr, "", "{ran}");
        let written = fs::read_to_string(&file).unwrap();
        assert!(written.ends_with('\n'), "{written}");
        assert_eq!(settled(&written), settled(&printed.stdout), "{format}");
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o644);
        let dash = check(&["--format", format, "--output", "-"]);
        assert_eq!(settled(&dash.stdout), settled(&printed.stdout), "{format}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// Nothing is collected first: the tree that is not there is not even missed.
#[test]
fn a_file_that_cannot_be_written_ends_the_run_before_anything_is_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let none = folder.path().join("none/report.prom");
    let is_file = folder.path().join("file");
    fs::write(&is_file, "kept").unwrap();
    let below = is_file.join("x");
    for (path, errno) in [
        (none.as_path(), "ENOENT"),
        (folder.path(), "EISDIR"),
        (below.as_path(), "ENOTDIR"),
        (Path::new("/proc/tcptune.prom"), "E"),
    ] {
        let path = path.to_str().unwrap();
        for format in FORMATS {
            let args = [
                "check", "--proc", "/nowhere", "--format", format, "-o", path,
            ];
            let ran = Tcptune::new().args(args).run();
            let ran = if format == "nagios" {
                ran.exits(3).says("TCPTUNE UNKNOWN - cannot write")
            } else {
                ran.exits(2).no_result()
            };
            let complaint = format!("cannot write `{path}`: ");
            ran.complains(&complaint).complains(errno);
        }
    }
    assert_eq!(fs::read_to_string(&is_file).unwrap(), "kept");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_run_without_a_report_leaves_the_file_and_metrics_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report");
    let name = file.to_str().unwrap();
    for format in FORMATS {
        fs::write(&file, "old\n").unwrap();
        let ran = check(&["--format", format, "-o", name, "--config", "/nowhere"]).no_result();
        let now = fs::read_to_string(&file).unwrap();
        match format {
            "prometheus" => {
                ran.exits(2);
                assert!(now.contains("\ntcptune_last_run_success 0\n"), "{now}");
            }
            "nagios" => {
                ran.exits(3);
                assert!(now.starts_with("TCPTUNE UNKNOWN - "), "{now}");
            }
            _ => {
                ran.exits(2);
                assert_eq!(now, "old\n", "{format}");
            }
        }
    }
}

#[test]
fn options_that_do_not_go_together_are_a_run_without_a_report_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report");
    let name = file.to_str().unwrap();
    for args in [
        ["--dry-run"].as_slice(),
        &["--label=role=edge"],
        &["--settings"],
    ] {
        for (format, tells) in [
            ("prometheus", "\ntcptune_last_run_success 0\n"),
            ("nagios", "TCPTUNE UNKNOWN - "),
            ("junit", "old\n"),
        ] {
            fs::write(&file, "old\n").unwrap();
            let code = if format == "nagios" { 3 } else { 2 };
            check(&[&["--format", format, "-o", name], args].concat())
                .exits(code)
                .no_result()
                .complains("help: ");
            let now = fs::read_to_string(&file).unwrap();
            assert!(now.contains(tells), "{args:?} {now}");
        }
    }
}

#[test]
fn a_monitor_gets_its_line_and_its_codes_whatever_is_wrong() {
    let line = |ran: &Ran, state: &str| {
        assert_eq!(ran.stdout.lines().count(), 1, "{ran}");
        let begins = format!("TCPTUNE {state} - ");
        assert!(ran.stdout.starts_with(&begins), "{ran}");
    };
    line(
        &check(&["--format", "nagios", "--fail-on", "none"]).exits(0),
        "OK",
    );
    line(
        &check(&["--format", "nagios", "--fail-on", "low"]).exits(1),
        "WARNING",
    );
    for args in [
        ["--format", "nagios", "--no-such-option"].as_slice(),
        &["--format=nagios", "--fail-on", "never"],
        &["--format", "nagios", "--exit-zero"],
        &["--format", "nagios", "--config", "/nowhere"],
        &["--format", "nagios", "--yes"],
    ] {
        let ran = check(args).exits(3);
        line(&ran, "UNKNOWN");
        assert!(!ran.stderr.is_empty(), "{ran}");
    }
    for before in [["--color=never"].as_slice(), &["--color", "never"]] {
        let args = ["check", "--format", "nagios", "--interval", "x"];
        let ran = Tcptune::new().args(before).args(args).run().exits(3);
        line(&ran, "UNKNOWN");
    }
    let everything = ["check", "--format", "nagios", "--snapshot", "/nowhere"];
    line(&Tcptune::new().args(everything).run().exits(3), "UNKNOWN");
    // Every other format keeps the codes of the program.
    check(&["--format", "junit", "--no-such-option"])
        .exits(2)
        .no_result();
}

#[test]
fn quiet_and_verbose_take_nothing_from_what_programs_read() {
    for format in FORMATS.iter().skip(1) {
        let whole = check(&["--format", format]);
        for option in ["--quiet", "--verbose"] {
            let ran = check(&["--format", format, option]);
            assert_eq!(
                settled(&ran.stdout),
                settled(&whole.stdout),
                "{format} {option}"
            );
        }
    }
}

#[test]
fn an_unknown_format_is_told_the_known_ones() {
    let ran = check(&["--format", "xml"]).exits(2).no_result();
    for format in FORMATS {
        assert!(ran.stderr.contains(format), "{ran}");
    }
}

#[test]
fn making_changes_has_no_format_of_the_audit() {
    for format in FORMATS.iter().skip(2) {
        let args = ["check", "--apply", "--yes", "--format", format];
        let code = 2;
        let ran = Tcptune::new().args(args).run().exits(code).no_result();
        ran.complains("with --apply give --format human or json");
    }
    let args = ["check", "--apply", "--yes", "-o", "x"];
    Tcptune::new()
        .args(args)
        .run()
        .exits(2)
        .complains("--output");
}

#[test]
fn the_records_of_a_host_are_by_the_schema_that_is_printed() {
    let schema = Tcptune::new().args(["schema", "record"]).run().exits(0);
    let schema = jsonschema::validator_for(&schema.json()).unwrap();
    let ran = check(&["--format", "ndjson", "--profile", "server"]).audited();
    let mut kinds = Vec::new();
    for line in ran.stdout.lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(schema.is_valid(&record), "{line}");
        assert_eq!(record["profile"], "server");
        if record["record"] == "rule" {
            assert!(record["mechanism"].is_string() && record["severity"].is_string());
        }
        kinds.push(record["record"].clone());
    }
    assert_eq!(kinds.first().unwrap(), "run");
    assert_eq!(kinds.last().unwrap(), "summary");
    assert!(kinds.len() > 40, "{}", kinds.len());
}
