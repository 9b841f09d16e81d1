//! A network namespace for each test.

use std::env;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

const INSIDE: &str = "TCPTUNE_INSIDE_NAMESPACE";

/// Says why a test is skipped; where live tests are required, it fails.
#[expect(clippy::print_stdout, reason = "a test that is skipped says why")]
pub(crate) fn skip(why: &str) {
    let required = env::var_os("TCPTUNE_REQUIRE_LIVE").is_some_and(|value| value == "1");
    assert!(!required, "skipped, but required: {why}");
    println!("skipped: {why}");
}

/// Runs the calling test again in a namespace of its own; true if this is that run.
pub(crate) fn inside(test: &str) -> bool {
    if env::var_os(INSIDE).is_some() {
        run("ip", &["link", "set", "lo", "up"]);
        return true;
    }
    // `ip` brings the loopback up, and `ss` is the other opinion.
    for tool in ["ip", "ss"] {
        if Command::new(tool).arg("-V").output().is_err() {
            skip(&format!("`{tool}` (iproute2) is not installed"));
            return false;
        }
    }
    let usable = |arguments: &[&str]| {
        let probe = Command::new("unshare").args(arguments).arg("true").output();
        probe.is_ok_and(|output| output.status.success())
    };
    let ways: [&[&str]; 2] = [&["--net"], &["--net", "--map-root-user"]];
    let Some(way) = ways.into_iter().find(|way| usable(way)) else {
        skip("network namespaces cannot be made here");
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

pub(crate) fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {complained}"
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Waits for the kernel to settle; packets over loopback may be handled a moment later.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..400 {
        if holds() {
            return;
        }
        sleep(Duration::from_millis(25));
    }
    panic!("never came true: {what}");
}
