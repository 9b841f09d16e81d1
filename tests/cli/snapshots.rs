//! Snapshots: written, read back, damaged, and used as the start of a window.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::run::{Ran, Tcptune, is_root, make_pipe, skipped, tree};

/// Takes a snapshot of a tree into a file of the folder.
fn take(proc: &str, folder: &TempDir, name: &str) -> String {
    let file = folder.path().join(name).to_str().unwrap().to_owned();
    Tcptune::new()
        .args(["snapshot", "--proc", proc, "-o", &file])
        .run()
        .exits(0)
        .quiet()
        .no_result();
    file
}

fn judge(args: &[&str]) -> Ran {
    Tcptune::new().args(["check"]).args(args).run()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn edit(file: &str, change: impl FnOnce(&mut Value)) {
    let mut value: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    change(&mut value);
    fs::write(file, value.to_string()).unwrap();
}

/// A copy of a tree in which a boot id and an uptime stand.
fn copy(host: &str, boot: &str, uptime: u32) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let from = format!("{}/.", tree(host));
    assert!(
        Command::new("cp")
            .args(["-r", &from])
            .arg(folder.path())
            .status()
            .unwrap()
            .success()
    );
    let random = folder.path().join("sys/kernel/random");
    fs::create_dir_all(&random).unwrap();
    fs::write(random.join("boot_id"), format!("{boot}\n")).unwrap();
    fs::write(folder.path().join("uptime"), format!("{uptime}.00 1.00\n")).unwrap();
    folder
}

/// Raises a field of `net/netstat`.
fn raise(tree: &Path, field: &str, by: u64) {
    let path = tree.join("net/netstat");
    let text = fs::read_to_string(&path).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let at = lines[0].split(' ').position(|name| name == field).unwrap();
    let mut values: Vec<String> = lines[1].split(' ').map(str::to_owned).collect();
    values[at] = (values[at].parse::<u64>().unwrap() + by).to_string();
    lines[1] = values.join(" ");
    fs::write(path, lines.join("\n") + "\n").unwrap();
}

#[test]
fn a_snapshot_is_judged_as_its_host_is() {
    let folder = tempfile::tempdir().unwrap();
    for host in [
        "syn-flood",
        "ports-exhausted-6.1",
        "el7-3.10-tw-recycle",
        "container-masked",
        "truncated",
    ] {
        let file = take(&tree(host), &folder, host);
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o7777,
            0o600
        );
        let direct = judge(&["--format", "json", "--proc", &tree(host)])
            .audited()
            .json();
        let saved = judge(&["--format", "json", "--snapshot", &file])
            .audited()
            .json();
        for part in ["findings", "not_fired", "summary", "host", "notes"] {
            assert_eq!(saved[part], direct[part], "{host}: {part}");
        }
    }
    assert_eq!(names(folder.path()).len(), 5, "nothing else was written");
}

#[test]
fn a_snapshot_of_an_older_release_can_be_judged() {
    let folder = tempfile::tempdir().unwrap();
    let file = take(&tree("syn-flood"), &folder, "x");
    edit(&file, |snapshot| {
        let summary = &mut snapshot["now"]["sockets"]["summary"];
        let fields = summary.as_object_mut().unwrap();
        for later in ["incoming", "established_stuck", "examined"] {
            fields.remove(later).unwrap();
        }
        let readings = snapshot["now"]["readings"].as_object_mut().unwrap();
        readings.remove("socket.quiet_60s").unwrap();
        readings.remove("conntrack.drop").unwrap();
    });
    judge(&["--snapshot", &file]).audited().quiet();
}

#[test]
fn a_judged_snapshot_says_when_it_was_taken() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["snapshot", "--interval", "0", "-o", "-"];
    let live = Tcptune::new().args(args).run().exits(0).quiet().json();
    assert!(live["taken_at"].as_u64() > Some(0), "{}", live["taken_at"]);
    let file = take(&tree("syn-flood"), &folder, "x");
    for (taken, minute, moment) in [
        (
            json!(1_767_225_599),
            "2025-12-31 23:59 UTC",
            "2025-12-31T23:59:59Z",
        ),
        (json!(u64::MAX), " UTC", "Z"),
        // Of a recorded tree nobody knows, and older files do not tell.
        (Value::Null, "", ""),
    ] {
        edit(&file, |snapshot| snapshot["taken_at"] = taken.clone());
        let told = |format: &str| {
            judge(&["--snapshot", &file, "--format", format])
                .audited()
                .quiet()
        };
        assert_eq!(told("json").json()["host"]["taken_at_seconds"], taken);
        let records = told("ndjson").stdout;
        let run: Value = serde_json::from_str(records.lines().next().unwrap()).unwrap();
        assert_eq!(run["taken_at"].as_str().is_some(), !taken.is_null());
        assert!(
            run["taken_at"].as_str().unwrap_or("").ends_with(moment),
            "{run}"
        );
        let metric = format!("\ntcptune_snapshot_timestamp_seconds {taken}\n");
        assert_eq!(
            told("prometheus").stdout.contains(&metric),
            !taken.is_null()
        );
        let page = told("human").stdout;
        let first = page.split("\nprofile").next().unwrap();
        assert_eq!(first.contains("taken "), !taken.is_null(), "{first}");
        assert!(first.trim_end().ends_with(minute), "{first}");
        assert_eq!(
            told("markdown").stdout.contains("- **Taken**: "),
            !taken.is_null()
        );
    }
}

#[test]
fn a_snapshot_of_the_running_kernel_can_be_judged() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("live");
    let file = file.to_str().unwrap();
    Tcptune::new()
        .args(["snapshot", "--interval", "0.05", "-o", file])
        .run()
        .exits(0)
        .quiet();
    let ran = judge(&["--format", "json", "--snapshot", file])
        .audited()
        .quiet();
    assert_eq!(ran.json()["window"]["since"], "interval", "{ran}");
}

#[test]
fn a_dash_writes_the_snapshot_to_stdout() {
    let host = tree("debian-12-6.1");
    let ran = Tcptune::new()
        .args(["snapshot", "--proc", &host, "-o", "-"])
        .run()
        .exits(0)
        .quiet();
    assert_eq!(ran.json()["schema"], "tcptune.snapshot/1");
    let folder = tempfile::tempdir().unwrap();
    let file = take(&host, &folder, "x");
    let saved: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(ran.json()["now"]["readings"], saved["now"]["readings"]);
}

#[test]
fn a_snapshot_replaces_an_older_one_and_gets_its_mode_right() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x");
    fs::write(&file, "old").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let file = take(&tree("debian-12-6.1"), &folder, "x");
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o7777,
        0o600
    );
    judge(&["--snapshot", &file]).exits(0);
}

#[test]
fn a_link_stays_a_link_and_the_file_behind_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("behind");
    fs::write(&file, "old").unwrap();
    // /dev/stdout is such a link, and where root runs, replacing it would break the machine.
    std::os::unix::fs::symlink("behind", folder.path().join("link")).unwrap();
    let link = take(&tree("debian-12-6.1"), &folder, "link");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("tcptune.snapshot/1"), "{text}");
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    assert_eq!(names(folder.path()).len(), 2);
}

#[test]
fn a_pipe_is_written_into_and_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    make_pipe(&pipe);
    let mut reader = Command::new("timeout")
        .args(["60", "cat"])
        .arg(&pipe)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = reader.stdout.take().unwrap();
    let text = std::thread::spawn(move || std::io::read_to_string(stdout).unwrap());
    take(&tree("debian-12-6.1"), &folder, "pipe");
    assert!(reader.wait().unwrap().success());
    assert!(text.join().unwrap().contains("tcptune.snapshot/1"));
    assert!(!fs::metadata(&pipe).unwrap().is_file());
    assert_eq!(names(folder.path()), ["pipe"]);
}

#[test]
fn a_file_that_is_no_snapshot_is_told_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = take(&tree("debian-12-6.1"), &folder, "x");
    let good = fs::read(&file).unwrap();
    let text = String::from_utf8(good.clone()).unwrap();
    let mut field: Value = serde_json::from_str(&text).unwrap();
    field["surplus"] = json!(1);
    let newer = text.replacen("tcptune.snapshot/1", "tcptune.snapshot/2", 1);
    let escape = text.replacen("tcptune.snapshot/1", "\\u001b[31m", 1);
    let cases: [(&[u8], &str, &str); 10] = [
        (&good[..good.len() / 2], "cut off", "help: take it again"),
        (b"", "cut off", "help: take it again"),
        (
            newer.as_bytes(),
            "has the format `tcptune.snapshot/2`",
            "help: this tcptune reads tcptune.snapshot/1",
        ),
        (escape.as_bytes(), "has the format `\\u{1b}[31m`", "help:"),
        (
            b"not json",
            "is not JSON",
            "help: give a file written by `tcptune snapshot",
        ),
        (b"\xff\xfe", "is not JSON", "help:"),
        (b"{}", "it names no `schema`", "help:"),
        (b"[1, 2]", "is no snapshot", "help:"),
        (
            b"{\"schema\":\"tcptune.snapshot/1\"}",
            "is no snapshot",
            "help:",
        ),
        (
            &[&b"{\"schema\":"[..], "[".repeat(100_000).as_bytes()].concat(),
            "no snapshot",
            "help:",
        ),
    ];
    for (bytes, words, help) in cases {
        fs::write(&file, bytes).unwrap();
        judge(&["--snapshot", &file])
            .exits(2)
            .no_result()
            .complains(words)
            .complains(help);
        judge(&["--since", &file, "--proc", &tree("debian-12-6.1")])
            .exits(2)
            .no_result()
            .complains(words);
    }
    fs::write(&file, field.to_string()).unwrap();
    judge(&["--snapshot", &file])
        .exits(2)
        .no_result()
        .complains("unknown field `surplus`");
}

#[test]
fn a_file_that_cannot_be_read_as_a_snapshot_says_why() {
    judge(&["--snapshot", "/nonexistent"])
        .exits(2)
        .no_result()
        .complains("ENOENT")
        .complains("help: there is no such file");
    let folder = tempfile::tempdir().unwrap();
    judge(&["--snapshot", folder.path().to_str().unwrap()])
        .exits(2)
        .no_result()
        .complains("no snapshots in")
        .complains("help: name a folder with *.json files");
    let path = folder.path().join("huge");
    // A hole: no byte of it is on the disk.
    fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
    judge(&["--snapshot", path.to_str().unwrap()])
        .exits(2)
        .no_result()
        .complains("larger than");
}

#[test]
fn nothing_is_left_behind_where_a_snapshot_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let host = tree("debian-12-6.1");
    for (file, errno) in [
        (path("none/x"), "ENOENT"),
        (path(""), "EISDIR"),
        ("/proc/x".to_owned(), "ENOENT"),
        ("..".to_owned(), "EISDIR"),
    ] {
        Tcptune::new()
            .args(["snapshot", "--proc", &host, "-o", &file])
            .within(folder.path())
            .run()
            .exits(2)
            .no_result()
            .complains(&format!("cannot write `{file}`: {errno}"))
            .complains("help:");
    }
    assert!(names(folder.path()).is_empty());
}

#[test]
fn a_folder_without_room_or_leave_to_write_stays_as_it_was() {
    if !is_root() {
        return skipped("needs root for a mount namespace");
    }
    let folder = tempfile::tempdir().unwrap();
    let usable = Command::new("unshare").args(["-m", "true"]).status();
    if !usable.is_ok_and(|status| status.success()) {
        return skipped("no mount namespace");
    }
    for (options, errno) in [("size=4k", "ENOSPC"), ("ro", "EROFS")] {
        let script = format!(
            "mount -t tmpfs -o {options} none {0}; \"$0\" \"$@\"; code=$?; ls -A {0}; exit $code",
            folder.path().display()
        );
        let file = folder.path().join("x");
        // The shell takes the program as its `$0`.
        Tcptune::through(&["unshare", "-m", "sh", "-c", &script])
            .args(["snapshot", "--proc", &tree("debian-12-6.1"), "-o"])
            .args([&file])
            .run()
            .exits(2)
            .no_result()
            .complains(errno)
            .complains("help:");
    }
}

#[test]
fn a_window_between_two_snapshots_is_judged() {
    let folder = tempfile::tempdir().unwrap();
    let first = copy("debian-12-6.1", "b1", 1000);
    let earlier = take(first.path().to_str().unwrap(), &folder, "earlier");
    let second = copy("debian-12-6.1", "b1", 1010);
    raise(second.path(), "TCPTimeWaitOverflow", 5_000);
    let now = second.path().to_str().unwrap();
    let later = take(now, &folder, "later");
    for at in [["--proc", now], ["--snapshot", later.as_str()]] {
        let ran = judge(&["--format", "json", "--since", &earlier, at[0], at[1]])
            .audited()
            .quiet();
        let report = ran.json();
        assert_eq!(report["window"]["seconds"], 10.0, "{ran}");
        assert_eq!(report["window"]["since"], "snapshot", "{ran}");
        let fired = report["findings"].as_array().unwrap();
        let fired: Vec<&Value> = fired.iter().filter(|one| one["period"] == "now").collect();
        assert!(
            fired.iter().any(|one| one["rule"] == "time-wait-overflow"),
            "{ran}"
        );
    }
}

#[test]
fn a_window_needs_an_earlier_moment_of_the_same_boot_and_namespace() {
    let folder = tempfile::tempdir().unwrap();
    let host = copy("debian-12-6.1", "b1", 1000);
    let proc = host.path().to_str().unwrap();
    let file = take(proc, &folder, "x");
    edit(&file, |value| value["now"]["host"]["netns"] = json!(2));
    let since = |change: fn(&mut Value), words: &str| {
        let changed = folder.path().join("changed").to_str().unwrap().to_owned();
        fs::copy(&file, &changed).unwrap();
        edit(&changed, change);
        judge(&["--since", &changed, "--snapshot", &file])
            .exits(2)
            .no_result()
            .complains(&format!("`{changed}` cannot start the window"))
            .complains(words)
            .complains("help:");
    };
    since(
        |value| value["now"]["host"]["boot_id"] = json!("b2"),
        "in another boot",
    );
    since(
        |value| value["now"]["uptime_seconds"] = json!(2000.0),
        "not earlier than the sample",
    );
    since(
        |value| value["now"]["host"]["netns"] = json!(1),
        "in another network namespace",
    );
    since(|_| {}, "not earlier than the sample");
    since(
        |value| value["now"]["host"]["boot_id"] = json!(null),
        "is not known",
    );
}

#[test]
fn a_dash_reads_the_snapshot_from_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let file = take(&tree("debian-12-6.1"), &folder, "s.json");
    let from_file = judge(&["--snapshot", &file]).audited().stdout;
    let piped = judge_piped(&file, &["--snapshot", "-"]).audited().stdout;
    assert_eq!(piped, from_file);
    judge_piped(&file, &["--snapshot", "-", "--since", "-"])
        .exits(2)
        .no_result()
        .complains("`-` is standard input, and it holds one snapshot");
}

fn judge_piped(file: &str, args: &[&str]) -> Ran {
    Tcptune::new()
        .args(["check"])
        .args(args)
        .stdin(fs::File::open(file).unwrap())
        .run()
}
