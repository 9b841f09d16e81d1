//! Running the program, alone or with something in its way.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Output, Stdio};

/// What strace writes down.
const LOG: &str = "/run/strace.log";

/// The program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_tcptune");

/// A run that ended.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The exit code; `None` when it was killed.
    pub(crate) code: Option<i32>,
    /// Everything it said, on both streams.
    pub(crate) said: String,
    /// Whether what was to happen to it did.
    pub(crate) hit: bool,
}

/// What happens to a run.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mishap {
    /// `kill -9` at this occurrence of the call.
    Kill(&'static str, usize),
    /// Ctrl-C at this occurrence of the call.
    Interrupt(&'static str, usize),
    /// This occurrence of the call fails with this error and does nothing.
    Fail(&'static str, usize, &'static str),
}

/// The command line of an apply of the rules in a folder. The loader is named, so that files of this
/// namespace count.
pub(crate) fn apply(rules: &str) -> Vec<&str> {
    let mut words = vec!["apply", "--yes", "--interval", "0"];
    words.extend(["--boot-engine", "systemd", "--rules", rules]);
    words
}

/// The command line of a rollback.
pub(crate) const ROLLBACK: [&str; 3] = ["rollback", "--boot-engine", "systemd"];

/// Runs the program.
pub(crate) fn run(words: &[&str]) -> Ran {
    ended(&mut command(PROGRAM, words))
}

/// Starts the program and does not wait.
pub(crate) fn command(program: &str, words: &[&str]) -> Command {
    let mut command = Command::new(program);
    command
        .args(words)
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("HOME", "/root")
        .env("USER", "root")
        .stdin(Stdio::null());
    command
}

/// Runs the program with a mishap on its way.
pub(crate) fn run_with(mishap: Mishap, words: &[&str]) -> Ran {
    let (call, how) = match mishap {
        Mishap::Kill(call, when) => (call, format!("signal=SIGKILL:when={when}")),
        Mishap::Interrupt(call, when) => (call, format!("signal=SIGINT:when={when}")),
        Mishap::Fail(call, when, error) => (call, format!("error={error}:when={when}")),
    };
    let trace = format!("trace={call}");
    let inject = format!("inject={call}:{how}");
    let mut strace = vec!["-f", "-qq", "-o", LOG];
    if let Mishap::Fail(..) = mishap {
        // Stops at these calls only. A signal is not sent then (strace 6.1).
        strace.push("--seccomp-bpf");
    }
    strace.extend(["-e", &trace, "-e", &inject, PROGRAM]);
    strace.extend(words);
    // Whoever runs the tests in the background of a script has had the interrupt ignored.
    let mut whole = vec!["--default-signal=INT", "strace"];
    whole.extend(strace);
    let mut ran = ended(&mut command("env", &whole));
    ran.hit = match mishap {
        Mishap::Kill(..) | Mishap::Interrupt(..) => ran.code.is_none(),
        Mishap::Fail(..) => log().contains("(INJECTED)"),
    };
    ran
}

/// Runs the program and tells every one of these calls it made, in order: the process, then the call.
pub(crate) fn traced(calls: &[&str], words: &[&str]) -> (Ran, Vec<String>) {
    let trace = format!("trace={}", calls.join(","));
    let mut strace = vec!["-f", "-qq", "-o", LOG, "-e", &trace, PROGRAM];
    strace.extend(words);
    let ran = ended(&mut command("strace", &strace));
    (ran, log().lines().map(str::to_owned).collect())
}

fn log() -> String {
    let bytes = fs::read(LOG).expect("strace leaves a log");
    String::from_utf8_lossy(&bytes).into_owned()
}

fn ended(command: &mut Command) -> Ran {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("the program can be started");
    assert!(
        matches!(status.signal(), None | Some(2 | 9)),
        "ended by a signal of its own: {status}"
    );
    let said = [stdout, stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(!said.contains("panicked at"), "{said}");
    Ran {
        code: status.code(),
        said,
        hit: false,
    }
}
