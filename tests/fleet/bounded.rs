//! What many hosts must not cost, and Ctrl-C in the midst of them.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::made::{Hosts, host, of_kind, records};
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

#[test]
fn ctrl_c_ends_the_run_with_what_is_judged_and_says_so() {
    for file in [false, true] {
        let hosts = Hosts::of((0..30).map(|at| format!("web-{at:02}")));
        // Here it waits, with the first one judged.
        make_pipe(&hosts.path("web-00x.json"));
        fs::write(hosts.around().join("out"), "old\n").unwrap();
        let pipe = "hosts/web-00x.json";
        let mut args = vec![
            "hosts/web-00.json",
            pipe,
            "hosts",
            "--select",
            "syncookies-off",
        ];
        if file {
            args.extend(["-o", "out"]);
        }
        let child = started(&hosts, &args);
        // One that waits to open the pipe for reading.
        let mut writer = fs::OpenOptions::new()
            .write(true)
            .open(hosts.path("web-00x.json"))
            .unwrap();
        let listens = || {
            let caught = field(&child, "SigCgt:").unwrap();
            u64::from_str_radix(&caught, 16).unwrap() & (1 << 1) != 0
        };
        while !listens() {
            sleep(Duration::from_millis(10));
        }
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
        writer.write_all(b"{").unwrap();
        drop(writer);
        let ended = child.wait_with_output().unwrap();
        let errors = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(3), "{errors}");
        assert!(errors.contains("stopped by Ctrl-C"), "{errors}");
        let old = fs::read_to_string(hosts.around().join("out")).unwrap();
        assert_eq!(old, "old\n");
        assert_eq!(errors.contains("`out` is left as it was"), file, "{errors}");
        let all = records(&String::from_utf8(ended.stdout).unwrap());
        assert_eq!(all.is_empty(), file);
        if let Some(last) = all.last() {
            assert_eq!(
                (&last["record"], &last["cut_short"]),
                (&"fleet".into(), &true.into())
            );
            assert!(of_kind(&all, "run").len() <= 1, "{last}");
        }
    }
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
