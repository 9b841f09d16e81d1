//! What many hosts must not cost, and Ctrl-C in the midst of them.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::thread::{available_parallelism, sleep, spawn};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::made::{Hosts, host, of_kind, records, without_cookies};
use crate::run::{PROGRAM, make_pipe};

fn started(hosts: &Hosts, args: &[&str]) -> Child {
    Command::new(PROGRAM)
        .args(["check", "--format", "ndjson", "--snapshot"])
        .args(args)
        .current_dir(hosts.around())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// A field of the status of a process that runs.
fn field(child: &Child, name: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next().map(str::to_owned)
}

/// The most memory a run over so many snapshots was seen with, in KiB. What it writes is read piece by piece,
/// so that it is looked at all the time, also shortly before its end.
fn peak(hosts: &Hosts, number: usize) -> u64 {
    let files: Vec<String> = (0..number)
        .map(|at| format!("hosts/{at:04}.json"))
        .collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let mut child = started(
        hosts,
        &[&files[..], &["--select", "syncookies-off"]].concat(),
    );
    let mut out = child.stdout.take().unwrap();
    let (mut peak, mut read, mut piece) = (0, 0, vec![0; 1 << 16]);
    loop {
        let got = out.read(&mut piece).unwrap();
        if got == 0 {
            break;
        }
        read += got;
        let now = field(&child, "VmHWM:");
        peak = peak.max(now.and_then(|kib| kib.parse().ok()).unwrap_or(0));
    }
    assert!(child.wait_with_output().unwrap().status.success());
    assert!(read > number * NOTE, "{read} bytes");
    peak
}

/// Each snapshot and its records are at least so large.
const NOTE: usize = 64 * 1024;

#[test]
fn a_thousand_hosts_take_the_memory_of_fifty() {
    let hosts = Hosts::new();
    let mut one = host("a");
    one["now"]["notes"] = serde_json::json!(["n".repeat(NOTE)]);
    // What the one rule needs, so that it is quick.
    let readings = one["now"]["readings"].as_object_mut().unwrap();
    readings.retain(|fact, _| fact.contains("syncookies"));
    one["now"]["boot"] = serde_json::Value::Null;
    for at in 0..1000 {
        one["now"]["host"]["name"] = format!("host-{at}").into();
        hosts.put(&format!("{at:04}.json"), &one);
    }
    let (few, many) = (peak(&hosts, 50), peak(&hosts, 1000));
    assert!(few > 0);
    // All of them together have 64 MiB, and their records again.
    assert!(many < few + 4 * 1024, "{few} KiB became {many} KiB");
}

/// Interrupts a run in the midst of snapshots that cannot be read, which it cannot go on telling while nobody
/// reads: its exit code, stdout and stderr.
fn interrupted(hosts: &Hosts, args: &[&str]) -> (Option<i32>, String, String) {
    let mut child = started(hosts, args);
    let mut errors = child.stderr.take().unwrap();
    let mut told = vec![0];
    errors.read_exact(&mut told).unwrap();
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let pending = || {
        ["SigPnd:", "ShdPnd:"].iter().any(|name| {
            let mask = field(&child, name).unwrap();
            u64::from_str_radix(&mask, 16).unwrap() & (1 << 1) != 0
        })
    };
    while pending() {
        sleep(Duration::from_millis(10));
    }
    let reader = spawn(move || {
        errors.read_to_end(&mut told).unwrap();
        String::from_utf8(told).unwrap()
    });
    let ended = child.wait_with_output().unwrap();
    let out = String::from_utf8(ended.stdout).unwrap();
    (ended.status.code(), out, reader.join().unwrap())
}

#[test]
fn ctrl_c_ends_the_run_with_what_is_judged_and_says_so() {
    let hosts = Hosts::new();
    let mut fault = host("a");
    without_cookies(&mut fault);
    hosts.put("y-faulty.json", &fault);
    hosts.put("y-sound.json", &host("a"));
    // More than a pipe holds.
    let long = "x".repeat(200);
    for at in 0..400 {
        hosts.write(&format!("{at:03}-{long}.json"), "{");
    }
    let rule = ["hosts", "--select", "syncookies-off"];
    for (more, sound, faulty) in [(&[][..], 3, 1), (&["--exit-zero"], 0, 0)] {
        for result in [None, Some("out"), Some("/dev/stdout")] {
            for (first, code) in [
                ("hosts/y-sound.json", sound),
                ("hosts/y-faulty.json", faulty),
            ] {
                fs::write(hosts.around().join("out"), "old\n").unwrap();
                let to: Vec<&str> = result.map_or(vec![], |file| vec!["-o", file]);
                let args = [&[first][..], &rule, more, &to].concat();
                let (exit, out, errors) = interrupted(&hosts, &args);
                assert_eq!(exit, Some(code), "{args:?}");
                assert!(errors.contains("stopped by a signal"), "{args:?}");
                let old = fs::read_to_string(hosts.around().join("out")).unwrap();
                assert_eq!(old, "old\n");
                let renamed = result == Some("out");
                assert_eq!(errors.contains("is left as it was"), renamed, "{args:?}");
                let all = records(&out);
                assert_eq!(all.is_empty(), renamed, "{args:?}");
                if let Some(last) = all.last() {
                    assert_eq!(last["record"], "fleet");
                    assert_eq!(last["cut_short"], true);
                    assert_eq!(of_kind(&all, "run")[0]["snapshot"], first);
                }
            }
        }
    }
    let around = fs::read_dir(hosts.around()).unwrap().count();
    assert_eq!(around, 2, "nothing half-written is left");
}

#[test]
fn however_many_are_asked_for_a_few_work_for_each_processor() {
    let processors = available_parallelism().unwrap().get();
    let hosts = Hosts::of((0..processors * 4 + 40).map(|at| format!("web-{at:03}")));
    let mut child = started(&hosts, &["hosts", "--jobs", "100000"]);
    // All of them are there by the first line, and wait while nobody reads on.
    let mut out = child.stdout.take().unwrap();
    out.read_exact(&mut [0]).unwrap();
    let threads = field(&child, "Threads:").unwrap();
    let threads: usize = threads.parse().unwrap();
    assert!(threads > 1 && threads <= processors * 4 + 1, "{threads}");
    drop(out);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_pipe_among_many_is_unreadable_and_not_waited_for() {
    let hosts = Hosts::of(["a", "c"].map(str::to_owned));
    make_pipe(&hosts.path("b.json"));
    let named = ["hosts/a.json", "hosts/b.json", "hosts/c.json", "/dev/null"];
    let args = [&["--format", "ndjson", "--snapshot"][..], &named].concat();
    let ran = hosts
        .check(&args)
        .exits(1)
        .complains("cannot read snapshot `hosts/b.json`: not a regular file")
        .complains("help: give it alone")
        .complains("cannot read snapshot `/dev/null`: not a regular file");
    let all = records(&ran.stdout);
    assert_eq!(of_kind(&all, "run").len(), 2);
    assert_eq!(of_kind(&all, "unreadable")[0]["snapshot"], "hosts/b.json");

    // One alone is read to its end.
    let child = started(&hosts, &["hosts/b.json"]);
    fs::write(hosts.path("b.json"), host("piped").to_string()).unwrap();
    let ended = child.wait_with_output().unwrap();
    let all = records(&String::from_utf8(ended.stdout).unwrap());
    assert_eq!(of_kind(&all, "run")[0]["host"], "piped");
}

#[test]
fn a_reader_that_leaves_ends_the_run_quietly() {
    let hosts = Hosts::of((0..20).map(|at| format!("web-{at:02}")));
    let mut child = started(&hosts, &["hosts"]);
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    drop(out);
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0));
    assert!(ended.stderr.is_empty());
}
