//! A result does not go where snapshots are.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use crate::made::{Hosts, host};
use crate::run::PROGRAM;

fn two() -> Hosts {
    Hosts::of(["a", "b"].map(str::to_owned))
}

#[test]
fn a_result_never_replaces_what_is_judged() {
    let hosts = two();
    symlink("../hosts/a.json", hosts.path("link")).unwrap();
    symlink("../elsewhere.json", hosts.path("c.json")).unwrap();
    fs::copy(hosts.path("a.json"), hosts.around().join("elsewhere.json")).unwrap();
    let before = fs::read(hosts.path("a.json")).unwrap();
    let refused = |args: &[&str], what: &str| {
        let ran = hosts.check(args).exits(2).no_result();
        ran.complains(&format!("-o would replace the snapshot `{what}`"))
            .complains("help: name another file");
    };
    for format in ["human", "json", "ndjson", "junit", "prometheus", "markdown"] {
        for result in ["hosts/a.json", "hosts/../hosts/a.json", "hosts/link"] {
            let args = [
                "--snapshot",
                "hosts/a.json",
                "--format",
                format,
                "-o",
                result,
            ];
            refused(&args, result);
        }
    }
    for format in ["human", "ndjson"] {
        let files = [
            "--snapshot",
            "hosts/b.json",
            "hosts/a.json",
            "--format",
            format,
        ];
        refused(
            &[&files[..], &["-o", "hosts/a.json"]].concat(),
            "hosts/a.json",
        );
        let folder = ["--snapshot", "hosts", "--format", format];
        for result in ["hosts/a.json", "elsewhere.json"] {
            refused(&[&folder[..], &["-o", result]].concat(), result);
        }
    }
    let since = ["--snapshot", "hosts/b.json", "--since", "hosts/a.json"];
    refused(
        &[&since[..], &["-o", "hosts/a.json"]].concat(),
        "hosts/a.json",
    );
    // Before anything is read: that it is no snapshot is not told.
    hosts.write("b.json", "{");
    refused(
        &["--snapshot", "hosts/b.json", "-o", "hosts/b.json"],
        "hosts/b.json",
    );
    assert_eq!(fs::read(hosts.path("a.json")).unwrap(), before);
    assert_eq!(fs::read_to_string(hosts.path("b.json")).unwrap(), "{");
}

#[test]
fn a_result_among_the_snapshots_is_refused_only_where_it_would_be_taken_for_one() {
    let hosts = two();
    let run = |result: &str| {
        let args = ["--snapshot", "hosts", "--format", "ndjson", "-o", result];
        hosts.check(&args)
    };
    for result in ["hosts/fleet.json", "hosts/../hosts/fleet.json"] {
        run(result)
            .exits(2)
            .no_result()
            .complains("the next run would take the result")
            .complains("help: name a file in another folder, or one that does not end in .json");
    }
    assert!(!hosts.path("fleet.json").exists());
    for result in ["hosts/fleet.ndjson", "fleet.json", "hosts/.fleet.json"] {
        run(result).exits(1).quiet().no_result();
    }
    // One file beside others is nobody's folder.
    hosts.put("one.json", &host("one"));
    let one = ["--snapshot", "hosts/one.json", "--format", "json"];
    let ran = hosts.check(&[&one[..], &["-o", "hosts/report.json"]].concat());
    ran.audited().quiet().no_result();
}

#[test]
fn a_reader_that_leaves_a_result_written_in_place_is_no_error() {
    let hosts = Hosts::of((0..20).map(|at| format!("web-{at:02}")));
    for named in ["hosts", "hosts/web-01.json"] {
        let mut child = Command::new(PROGRAM)
            .args([
                "check",
                "--format",
                "ndjson",
                "--settings",
                "--snapshot",
                named,
            ])
            .args(["-o", "/dev/stdout"])
            .current_dir(hosts.around())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        // Far less than what comes.
        let mut out = BufReader::with_capacity(1, child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        drop(out);
        let ended = child.wait_with_output().unwrap();
        let errors = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(
            (ended.status.code(), errors.as_str()),
            (Some(0), ""),
            "{named}"
        );
    }
}
