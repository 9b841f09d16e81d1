//! Readers that go away and disks that are full.

use std::fs::File;
use std::io::Read as _;
use std::process::{Command, Stdio};

use crate::run::{PROGRAM, Tcptune, tree};

const RESULTS: [&[&str]; 8] = [
    &["--help"],
    &["check", "--help"],
    &["--version"],
    &["facts"],
    &["rules", "list"],
    &["explain", "ports-exhausted"],
    &["explain", "myths"],
    &["schema", "report"],
];

#[test]
fn a_closed_stdout_ends_the_run_quietly() {
    let tree = tree("syn-flood");
    let audits: [&[&str]; 4] = [
        &["check", "--proc", &tree],
        &["check", "--proc", &tree, "--format", "json"],
        &["check", "--proc", &tree, "--verbose"],
        &["snapshot", "--proc", &tree, "-o", "-"],
    ];
    for args in RESULTS.into_iter().chain(audits) {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        Tcptune::new()
            .args(args)
            .stdout(writer)
            .run()
            .exits(0)
            .quiet();
    }
}

#[test]
fn a_reader_that_leaves_after_a_byte_ends_the_run_quietly() {
    let mut child = Command::new(PROGRAM)
        .args([
            "facts",
            "--format",
            "json",
            "--proc",
            &tree("debian-12-6.12"),
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut byte = [0];
    stdout.read_exact(&mut byte).unwrap();
    drop(stdout);
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
}

#[test]
fn a_full_disk_is_an_error_with_its_reason() {
    let tree = tree("debian-12-6.1");
    // To a monitor 2 would say that the host is in a critical state.
    let nagios: [&[&str]; 3] = [
        &["check", "--proc", &tree, "--format", "nagios"],
        &["check", "--proc", "/nowhere", "--format", "nagios"],
        &["check", "--format", "nagios", "--no-such-option"],
    ];
    for args in nagios {
        let full = File::options().write(true).open("/dev/full").unwrap();
        Tcptune::new().args(args).stdout(full).run().exits(3);
    }
    let audits: [&[&str]; 3] = [
        &["check", "--proc", &tree],
        &["check", "--proc", &tree, "--format", "json"],
        &["snapshot", "--proc", &tree, "-o", "-"],
    ];
    for args in RESULTS.into_iter().chain(audits) {
        let full = File::options().write(true).open("/dev/full").unwrap();
        Tcptune::new()
            .args(args)
            .stdout(full)
            .run()
            .exits(2)
            .complains("cannot write the result: ENOSPC");
    }
}
