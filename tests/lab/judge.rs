//! The program's opinion of a namespace: runs the built `tcptune` on it and reads its report.

use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::net::{Net, Undo};
use crate::report::Report;
use rustix::process::{Pid, Signal, kill_process};

/// Seconds beyond its window after which a run of the program counts as hung.
const PATIENCE: u64 = 30;

/// What the program said.
#[derive(Debug)]
pub(crate) struct Judgement(Report);

/// Audits a namespace, doing `round` again and again until the program has its second sample.
pub(crate) fn check_while(net: &Net, seconds: u64, round: impl FnMut()) -> Report {
    check_with(net, seconds, &[], round)
}

/// The same, with more on the command line.
fn check_with(net: &Net, seconds: u64, more: &[&str], round: impl FnMut()) -> Report {
    let mut command = Command::new("nsenter");
    command
        .arg(format!("--mount=/proc/{}/ns/mnt", net.pid()))
        .args([env!("CARGO_BIN_EXE_tcptune"), "check", "--format", "json"])
        .args(["--pid", &net.pid().to_string()])
        .args(more);
    run(command, seconds, round)
}

fn run(mut command: Command, seconds: u64, mut round: impl FnMut()) -> Report {
    let child = command
        .args(["--interval", &seconds.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let pid = Pid::from_child(&child);
    let output = thread::spawn(move || child.wait_with_output());
    let limit = Instant::now() + Duration::from_secs(seconds + PATIENCE);
    while !output.is_finished() {
        round();
        if Instant::now() > limit {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
    let output = output.join().expect("the program is waited for");
    let output = output.expect("the program ends");
    let words = String::from_utf8_lossy(&output.stderr);
    let code = output.status.code();
    // 0 nothing found, 1 findings, 3 unknown rules: all of them with a report.
    assert!(matches!(code, Some(0 | 1 | 3)), "ended {code:?}: {words}");
    let report = serde_json::from_slice(&output.stdout);
    Report::new(report.unwrap_or_else(|error| panic!("no report ({error}): {words}")))
}

/// What the program says of a namespace in which nothing goes on but what is there.
pub(crate) fn look(net: &Net, seconds: u64) -> Judgement {
    Judgement(check_while(net, seconds, || {
        thread::sleep(Duration::from_millis(20));
    }))
}

/// The same, with more on the command line: a profile, say.
pub(crate) fn look_with(net: &Net, seconds: u64, more: &[&str]) -> Judgement {
    Judgement(check_with(net, seconds, more, || {
        thread::sleep(Duration::from_millis(20));
    }))
}

/// What the program says while `round` goes on.
pub(crate) fn look_while(net: &Net, seconds: u64, round: impl FnMut()) -> Judgement {
    Judgement(check_while(net, seconds, round))
}

/// What the program says of the machine itself while `round` goes on: for limits that no namespace has.
pub(crate) fn look_at_machine_while(seconds: u64, round: impl FnMut()) -> Judgement {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tcptune"));
    command.args(["check", "--format", "json"]);
    Judgement(run(command, seconds, round))
}

/// Writes what `rule` proposes into the namespace, each value read back.
pub(crate) fn apply_changes(net: &Net, report: &Report, rule: &str) -> Undo {
    let changes = report.changes(rule);
    let open = changes.iter().filter(|change| change.blocked.is_none());
    let open: Vec<_> = open
        .map(|change| (change.key.as_str(), change.recommended.as_str()))
        .collect();
    assert!(!open.is_empty(), "{rule} proposes nothing to apply");
    Undo::write(net, open)
}

impl Judgement {
    /// The rule fires.
    pub(crate) fn fires(&self, rule: &str) -> &Self {
        self.claim(rule, "does not fire", |report| {
            report.finding(rule).is_some()
        })
    }

    /// The rule fires, and no setting is proposed.
    pub(crate) fn fires_without_change(&self, rule: &str) -> &Self {
        self.fires(rule).claim(rule, "proposes a change", |report| {
            report.changes(rule).is_empty()
        })
    }

    /// The finding proposes `value` for `key`, whether or not it may be written from here.
    pub(crate) fn proposes(&self, rule: &str, key: &str, value: &str) -> &Self {
        let what = format!("does not propose {key} = {value}");
        self.claim(rule, &what, |report| {
            let changes = report.changes(rule);
            changes
                .iter()
                .any(|change| change.key == key && change.recommended == value)
        })
    }

    /// The rule was judged, and does not fire now. That it did in the past is no contradiction: the
    /// counters of a namespace that was just cured remember.
    pub(crate) fn holds(&self, rule: &str) -> &Self {
        self.claim(rule, "does not hold", |report| {
            let over = report.verdict(rule) == Some("holds") || report.past(rule).is_some();
            over && report.finding(rule).is_none()
        })
    }

    /// The finding waits for a restart of something instead of proposing a change.
    pub(crate) fn waits(&self, rule: &str) -> &Self {
        self.fires_without_change(rule)
            .claim(rule, "waits for nothing", |report| {
                let finding = report.finding(rule);
                finding.is_some_and(|finding| !finding["waiting"].is_null())
            })
    }

    /// The finding of `rule` has `words` in it somewhere.
    pub(crate) fn says(&self, rule: &str, words: &str) -> &Self {
        let what = format!("does not say {words:?}");
        self.claim(rule, &what, |report| {
            let finding = report.finding(rule).map(ToString::to_string);
            finding.is_some_and(|finding| finding.contains(words))
        })
    }

    /// Nothing at or above low is found, now or in the past.
    pub(crate) fn is_quiet(&self) {
        let report = &self.0;
        let loud = report.loud();
        assert!(loud.is_empty(), "a healthy namespace has {loud:#?}");
        // A run in which nothing could be judged is quiet as well, and proves nothing.
        assert!(report.summary("holds") > 0, "no rule was judged");
    }

    /// Applies what `rule` proposes.
    pub(crate) fn cure(&self, net: &Net, rule: &str) -> Undo {
        apply_changes(net, &self.0, rule)
    }

    fn claim(&self, rule: &str, fault: &str, claim: impl FnOnce(&Report) -> bool) -> &Self {
        assert!(claim(&self.0), "{rule} {fault}: {}", self.0);
        self
    }
}
