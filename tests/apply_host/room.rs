//! Namespaces for each test: network, mounts, processes.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

const INSIDE: &str = "TCPTUNE_INSIDE_ROOM";

/// Empty folders over everything that tcptune writes to and a boot loader would read.
const COVERED: [&str; 6] = [
    "/etc/sysctl.d",
    "/run",
    "/usr/lib/sysctl.d",
    "/usr/local/lib",
    "/var/lib",
    "/mnt",
];

/// Says why a test is skipped; where live tests are required, it fails.
#[expect(clippy::print_stdout, reason = "a test that is skipped says why")]
pub(crate) fn skip(why: &str) {
    let required = env::var_os("TCPTUNE_REQUIRE_LIVE").is_some_and(|value| value == "1");
    assert!(!required, "skipped, but required: {why}");
    println!("skipped: {why}");
}

/// Runs the calling test again in namespaces of its own; true if this is that run.
pub(crate) fn inside(test: &str) -> bool {
    if env::var_os(INSIDE).is_some() {
        for folder in COVERED
            .into_iter()
            .filter(|folder| Path::new(folder).is_dir())
        {
            run("mount", &["-t", "tmpfs", "tmpfs", folder]);
        }
        return true;
    }
    let usable = |arguments: &[&str]| {
        let probe = Command::new("unshare").args(arguments).arg("true").output();
        probe.is_ok_and(|output| output.status.success())
    };
    let root = [
        "--net",
        "--mount",
        "--propagation=private",
        // With the test ends whatever it has started and lost.
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
    ];
    let user = [&root[..], &["--map-root-user"]].concat();
    let ways = [&root[..], &user];
    let Some(way) = ways.into_iter().find(|way| usable(way)) else {
        skip("network and mount namespaces cannot be made here");
        return false;
    };
    let output = Command::new("unshare")
        .args(way)
        .arg(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complained}");
    assert!(said.contains("1 passed"), "the test was not found: {said}");
    if let Some(why) = said.lines().find_map(|line| line.split_once("skipped: ")) {
        skip(why.1);
    }
    false
}

/// Runs a program that has to succeed.
pub(crate) fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {complained}"
    );
    String::from_utf8(output.stdout).unwrap()
}

/// A disk of 64 KiB, in the room.
pub(crate) fn small_disk() -> PathBuf {
    let disk = PathBuf::from("/mnt/small");
    std::fs::create_dir(&disk).unwrap();
    run(
        "mount",
        &[
            "-t",
            "tmpfs",
            "-o",
            "size=64k,mode=0755",
            "tmpfs",
            "/mnt/small",
        ],
    );
    disk
}
