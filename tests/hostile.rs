//! Trees and snapshots made by somebody who means harm: no run waits, and none ends in a panic.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tcptune::check::check;
use tcptune::fact::{Reading, Sample, Snapshot, Value};
use tcptune::host::{Moment, Needs, Source, collect};
use tcptune::plan::plan;
use tcptune::render::{self, HumanOptions};
use tcptune::rule::Rulebook;

fn recorded(host: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/hosts")
        .join(host)
}

/// One audit, all of it.
fn audit(snapshot: &Snapshot, book: &Rulebook) {
    let judgements = check(snapshot, book);
    let plan = plan(&judgements, snapshot);
    let report = render::report(snapshot, book, &judgements, &plan);
    let options = HumanOptions {
        verbose: true,
        ..HumanOptions::default()
    };
    let mut out = Vec::new();
    render::human(&report, &options, &mut out).unwrap();
    render::json(&report, &mut out).unwrap();
    assert!(!out.is_empty());
}

fn everything(host: &str) -> Sample {
    let source = Source::recorded(&recorded(host));
    collect(&source, &Needs::Everything, Moment::End(None))
}

#[test]
fn numbers_that_no_kernel_has_are_judged_without_falling_over() {
    let book = Rulebook::built_in();
    let sample = everything("ports-exhausted-6.1");
    let read: Vec<String> = book.rules().flat_map(tcptune::rule::Rule::facts).collect();
    let extremes = [i64::MIN, -1, 0, 1, i64::MAX];
    let mut tried = 0;
    for fact in sample.readings.keys().filter(|fact| read.contains(fact)) {
        for number in extremes {
            let values = [
                Value::Int(number),
                Value::Range([number, i64::MAX]),
                Value::Range([i64::MAX, number]),
                Value::Triple([i64::MAX, number, i64::MIN]),
                Value::Text("\u{1b}[2J\u{202e}".to_owned()),
            ];
            for value in values {
                let mut now = sample.clone();
                now.uptime_seconds = Some(1e300);
                now.readings.insert(fact.clone(), Reading::Known(value));
                let mut earlier = sample.clone();
                earlier.uptime_seconds = Some(-1e300);
                audit(&Snapshot::new(Some(earlier), now), &book);
                tried += 1;
            }
        }
    }
    assert!(tried > 500, "{tried}");
}

#[test]
fn a_tree_of_pipes_is_refused_and_not_waited_for() {
    let tree = tempfile::tempdir().unwrap();
    let from = recorded("debian-12-6.1");
    let made = pipes(&from, tree.path());
    assert!(made > 100, "{made}");
    let done = Command::new("timeout")
        .args(["60", env!("CARGO_BIN_EXE_tcptune"), "check", "--proc"])
        .arg(tree.path())
        .output()
        .unwrap();
    // `timeout` exits with 124 where it had to end the run.
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    let text = String::from_utf8(done.stdout).unwrap();
    // The two that look at the site alone: no profile names a limit, no waiver has ended.
    let holding = "holds    keepalive-beyond-idle-timeout, waiver-expired\n";
    assert!(text.contains("no findings: 2 rules hold, "), "{text}");
    assert!(text.contains(holding), "{text}");
    assert!(text.contains("not a regular file"), "{text}");
}

/// A copy of a tree with a pipe in the place of each file.
fn pipes(from: &Path, to: &Path) -> usize {
    let mut made = Vec::new();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&target).unwrap();
            made.push(pipes(&entry.path(), &target));
        } else {
            let rights = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
            let kind = rustix::fs::FileType::Fifo;
            rustix::fs::mknodat(rustix::fs::CWD, &target, kind, rights, 0).unwrap();
            made.push(1);
        }
    }
    made.iter().sum()
}

#[test]
fn bytes_that_are_no_text_are_read_without_falling_over() {
    let tree = tempfile::tempdir().unwrap();
    let net = tree.path().join("net");
    let core = tree.path().join("sys/net/core");
    fs::create_dir(&net).unwrap();
    fs::create_dir_all(&core).unwrap();
    let long = vec![b'7'; 300_000];
    let texts: [&[u8]; 6] = [
        b"",
        b"\xff\xfe\0\0",
        "MemTotal\u{e9}: 1 kB\nMemTotal: 18446744073709551615 kB\n".as_bytes(),
        b"cpu99999999999999999999\n",
        "\u{661}: \u{661} \u{661}\n".as_bytes(),
        &long,
    ];
    for text in texts {
        let files = [
            "meminfo",
            "stat",
            "uptime",
            "net/netstat",
            "net/snmp",
            "net/sockstat",
            "net/softnet_stat",
            "net/tcp",
            "net/udp",
            "sys/net/core/somaxconn",
        ];
        for file in files {
            fs::write(tree.path().join(file), text).unwrap();
        }
        let source = Source::recorded(tree.path());
        let sample = collect(&source, &Needs::Everything, Moment::End(None));
        let somaxconn = &sample.readings["sysctl.net.core.somaxconn"];
        assert!(matches!(somaxconn, Reading::Malformed(_)), "{somaxconn:?}");
        audit(&Snapshot::new(None, sample), &Rulebook::built_in());
    }
}

#[test]
fn a_secret_is_in_no_snapshot_whatever_its_interface_is_called() {
    let tree = tempfile::tempdir().unwrap();
    let secret = "feedfacefeedface";
    let files = [
        "sys/net/ipv4/tcp_fastopen_key",
        "sys/net/ipv6/conf/eth0/stable_secret",
        "sys/net/ipv6/conf/eth0.100/stable_secret",
        "sys/net/ipv6/conf/a b*/stable_secret",
        "sys/net/ipv6/conf/default/stable_secret",
    ];
    for file in files {
        let path = tree.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, secret).unwrap();
    }
    let done = Command::new(env!("CARGO_BIN_EXE_tcptune"))
        .args(["snapshot", "-o", "-", "--proc"])
        .arg(tree.path())
        .output()
        .unwrap();
    let text = String::from_utf8(done.stdout).unwrap();
    assert!(
        text.contains("eth0/100.stable_secret"),
        "the key itself is told"
    );
    assert_eq!(text.matches("secret, never read").count(), files.len());
    assert!(!text.contains(secret));
}
