//! Ctrl-C while a command looks at the host: it ends soon, with what is known.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::run::{PROGRAM, is_root, skipped};

/// A window that no test waits for.
const LONG: &str = "--interval=80000";

/// Whether a network namespace can be made as it is here.
fn can_unshare() -> bool {
    let made = Command::new("unshare").args(["--net", "true"]).status();
    let can = is_root() && made.is_ok_and(|status| status.success());
    if !can {
        skipped("no network namespace can be made");
    }
    can
}

/// The program in an empty namespace, after a script that prepares it.
fn started(script: &str, args: &[&str]) -> Child {
    let script = format!("{script} exec \"$@\"");
    Command::new("unshare")
        .args(["--net", "sh", "-c", &script, "sh", PROGRAM])
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// Waits until the status of the program (not that of the shell before it) says so.
fn eventually(child: &Child, what: &str, holds: impl Fn(u64) -> bool) {
    let path = format!("/proc/{}/status", child.id());
    for _ in 0..2400 {
        let status = fs::read_to_string(&path).unwrap();
        let mut lines = status.lines();
        let mask = lines.find_map(|line| line.strip_prefix(what)).unwrap();
        let mask = u64::from_str_radix(mask.trim(), 16).unwrap();
        if status.starts_with("Name:\ttcptune\n") && holds(mask) {
            return;
        }
        sleep(Duration::from_millis(25));
    }
    panic!("never came true: {what}");
}

const SIGINT: u64 = 1 << 1;

/// Waits until Ctrl-C is listened for, and presses it.
fn interrupt(child: &Child) {
    eventually(child, "SigCgt:", |caught| caught & SIGINT != 0);
    send(child, Signal::INT);
}

fn stopped(script: &str, args: &[&str]) -> (Option<i32>, String, String) {
    let child = started(script, args);
    interrupt(&child);
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn an_audit_that_is_cut_short_ends_with_a_report_and_never_with_success() {
    if !can_unshare() {
        return;
    }
    for (script, args, code) in [
        ("", &["--fail-on=none"][..], 3),
        ("", &["--fail-on=none", "--exit-zero"], 0),
        (
            "echo 0 > /proc/sys/net/ipv4/tcp_window_scaling;",
            &["--fail-on=info"],
            1,
        ),
        (
            "echo 0 > /proc/sys/net/ipv4/tcp_window_scaling;",
            &["--fail-on=none"],
            3,
        ),
    ] {
        let args = [&["check", LONG, "--format=json"], args].concat();
        let (ended, report, warnings) = stopped(script, &args);
        let warned = "warning: stopped by a signal";
        assert!(warnings.contains(warned), "{args:?}: {warnings}");
        assert_eq!(ended, Some(code), "{args:?}: {report}");
        let report: serde_json::Value = serde_json::from_str(&report).unwrap();
        let notes = report["notes"].to_string();
        assert!(notes.contains("stopped by a signal"), "{args:?}: {notes}");
        assert!(report["summary"]["holds"].as_u64() > Some(0), "{report}");
    }
}

#[test]
fn other_looks_at_the_host_end_with_what_is_known_and_a_warning() {
    if !can_unshare() {
        return;
    }
    let key = "net.ipv4.tcp_window_scaling";
    for args in [
        &["snapshot", "--output=-", LONG][..],
        // A rule that sets the key judges by counters.
        &["why", "net.core.somaxconn", LONG],
    ] {
        let (code, result, warnings) = stopped("", args);
        assert_eq!(code, Some(3), "{args:?}: {result}{warnings}");
        assert!(
            warnings.contains("warning: stopped by a signal"),
            "{warnings}"
        );
        assert!(result.contains("somaxconn"), "{result}");
    }
    let (_, snapshot, _) = stopped("", &["snapshot", "--output=-", LONG]);
    let snapshot: serde_json::Value = serde_json::from_str(&snapshot).unwrap();
    let reading = &snapshot["now"]["readings"][format!("sysctl.{key}")];
    assert!(reading.to_string().contains("known"), "{reading}");
}

#[test]
fn the_second_ctrl_c_ends_the_program_at_once() {
    if !can_unshare() {
        return;
    }
    // Nobody reads the snapshot, which is larger than the pipe.
    let mut child = started("", &["snapshot", "--output=-", LONG]);
    interrupt(&child);
    for what in ["SigPnd:", "ShdPnd:"] {
        eventually(&child, what, |pending| pending & SIGINT == 0);
    }
    assert_eq!(child.try_wait().unwrap(), None, "the first one asks");
    send(&child, Signal::INT);
    // Without a reader left, a program that goes on would end in its own way.
    let status = child.wait().unwrap();
    assert_eq!(status.signal(), Some(2), "{status}");
}

/// Runs a command at a terminal of its own, presses Ctrl-C when a text is on it, and gives what appeared.
fn at_a_terminal(command: &str, until: &str) -> (String, Option<i32>) {
    // Whoever runs the tests in the background of a script has had the interrupt ignored.
    let mut child = Command::new("env")
        .args(["--default-signal=INT", "script"])
        .args(["--quiet", "--return", "--command", command, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut keyboard = child.stdin.take().unwrap();
    let mut terminal = child.stdout.take().unwrap();
    let mut screen = Vec::new();
    let mut byte = [0];
    while !String::from_utf8_lossy(&screen).contains(until) {
        assert_eq!(terminal.read(&mut byte).unwrap(), 1, "{screen:?}");
        screen.push(byte[0]);
    }
    keyboard.write_all(b"\x03").unwrap();
    terminal.read_to_end(&mut screen).unwrap();
    drop(keyboard);
    let code = child.wait().unwrap().code();
    (String::from_utf8(screen).unwrap(), code)
}

fn has_script() -> bool {
    let found = Command::new("script").arg("--version").output().is_ok();
    if !found {
        skipped("there is no script (util-linux)");
    }
    found
}

#[test]
fn at_a_terminal_the_key_ends_the_wait_and_the_report_follows() {
    if !can_unshare() || !has_script() {
        return;
    }
    for (command, result) in [
        ("check", "Nothing was changed."),
        // Reads twice before the wait.
        ("why net.core.somaxconn", "recommended"),
    ] {
        let command = format!("exec unshare --net {PROGRAM} --color=never {command} {LONG}");
        let (screen, code) = at_a_terminal(&command, "watching for 80000 s");
        assert!(screen.contains("stopped by a signal"), "{screen}");
        assert!(screen.contains(result), "{screen}");
        assert!(matches!(code, Some(1 | 3)), "{code:?} {screen}");
    }
}

#[test]
fn a_run_that_would_make_changes_is_ended_by_the_key_as_by_default() {
    if !can_unshare() || !has_script() {
        return;
    }
    let command =
        format!("exec unshare --net {PROGRAM} --color=never apply --dry-run --live-only {LONG}");
    let (screen, code) = at_a_terminal(&command, "watching for 80000 s");
    assert!(!screen.contains("stopped by a signal"), "{screen}");
    assert_eq!(code, Some(128 + 2), "{screen}");
}
