//! `tcptune why` and `check` with the boot files of a tree.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::run::{Ran, Tcptune, tree};

const FIN: &str = "net.ipv4.tcp_fin_timeout";

/// A tree with these files.
fn root(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("etc/sysctl.d")).unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

/// Where systemd's loader lies.
const LOADER: (&str, &str) = ("usr/lib/systemd/systemd-sysctl", "");

fn why(root: &Path, args: &[&str]) -> Ran {
    let root = root.to_str().unwrap();
    Tcptune::new()
        .args(["why", "--root", root])
        .args(args)
        .run()
}

fn key(root: &Path, args: &[&str]) -> Value {
    why(root, args).exits(0).quiet().json()["keys"][0].clone()
}

fn json<'a>(args: &[&'a str]) -> Vec<&'a str> {
    let mut args = args.to_vec();
    args.extend(["--format", "json"]);
    args
}

#[test]
fn with_files_alone_no_rule_is_judged_and_that_is_said() {
    const SOMAXCONN: &str = "net.core.somaxconn";
    let root = root(&[LOADER, ("etc/sysctl.d/60.conf", "net.core.somaxconn = 8\n")]);
    why(root.path(), &[SOMAXCONN])
        .exits(0)
        .says("rules    not judged: files alone were looked at");
    let answer = why(root.path(), &json(&[SOMAXCONN])).exits(0).json();
    assert_eq!(answer["files_only"], true);
}

#[test]
fn files_alone_tell_the_next_boot_and_neither_live_nor_default() {
    let root = root(&[
        LOADER,
        (
            "etc/sysctl.d/10-a.conf",
            "# first\nnet.ipv4.tcp_fin_timeout = 20\n",
        ),
        (
            "usr/lib/sysctl.d/50-b.conf",
            "net/ipv4/tcp_fin_timeout=30\n",
        ),
    ]);
    let key = key(root.path(), &json(&[FIN]));
    assert_eq!(key["next_boot"], "30");
    assert_eq!(
        (&key["live"], &key["default"]),
        (&Value::Null, &Value::Null)
    );
    let lines = key["definitions"].as_array().unwrap();
    assert_eq!(lines.len(), 2, "{key}");
    assert_eq!(lines[0]["file"], "/etc/sysctl.d/10-a.conf");
    assert_eq!(
        (&lines[0]["line"], &lines[0]["fate"]),
        (&2.into(), &"shadowed".into())
    );
    assert_eq!(lines[0]["by"], "/usr/lib/sysctl.d/50-b.conf:1");
    assert_eq!(
        (&lines[1]["value"], &lines[1]["fate"]),
        (&"30".into(), &"wins".into())
    );
    why(root.path(), &[FIN])
        .exits(0)
        .quiet()
        .says("the next boot sets 30: /usr/lib/sysctl.d/50-b.conf:1\n");
}

#[test]
fn the_loader_is_found_out_from_the_tree_and_can_be_told() {
    let files = ("etc/sysctl.conf", "net.ipv4.tcp_fin_timeout = 40\n");
    let engine = |root: &Path, args: &[&str]| {
        let args = [&[FIN, "--format", "json"], args].concat();
        let answer = why(root, &args).exits(0).json();
        let next = answer["keys"][0]["next_boot"].clone();
        (answer["engine"].as_str().unwrap().to_owned(), next)
    };
    let systemd = ("systemd".to_owned(), Value::Null);
    let procps = ("procps".to_owned(), Value::from("40"));
    let with = root(&[LOADER, files]);
    let without = root(&[files]);
    assert_eq!(engine(with.path(), &[]), systemd);
    assert_eq!(engine(without.path(), &[]), procps);
    assert_eq!(engine(with.path(), &["--boot-engine", "procps"]), procps);
    assert_eq!(
        engine(without.path(), &["--boot-engine", "systemd"]),
        systemd
    );
}

#[test]
fn a_link_of_the_tree_stays_in_the_tree() {
    let root = root(&[
        LOADER,
        ("etc/sysctl.conf", "net.ipv4.tcp_fin_timeout = 41\n"),
    ]);
    let link = root.path().join("etc/sysctl.d/99-sysctl.conf");
    for target in ["../sysctl.conf", "/etc/sysctl.conf"] {
        symlink(target, &link).unwrap();
        let key = key(root.path(), &json(&[FIN]));
        assert_eq!(key["next_boot"], "41", "{target}");
        fs::remove_file(&link).unwrap();
    }
}

#[test]
fn a_line_that_sets_a_removed_key_is_named_with_what_to_do() {
    let line = (
        "etc/sysctl.d/50-net.conf",
        "\nnet.ipv4.tcp_tw_recycle = 1\n",
    );
    let root = root(&[LOADER, line]);
    let proc = tree("debian-12-6.1");
    let none: &[&str] = &[];
    // Of which kernel the files are is told by nobody, by the modules beside them, or by a recording.
    for (modules, more, summary) in [
        (
            "",
            none,
            "removed in Linux 4.12: from there on {} does nothing",
        ),
        (
            "3.10.0-1160.el7.x86_64",
            none,
            "removed in Linux 4.12: from there on {} does nothing",
        ),
        (
            "6.1.0-37-amd64",
            none,
            "removed in Linux 4.12; {} does nothing: delete the line",
        ),
        (
            "",
            &["--proc", &proc],
            "removed in Linux 4.12; {} does nothing: delete the line",
        ),
    ] {
        let modules = root.path().join("usr/lib/modules").join(modules);
        fs::create_dir_all(&modules).unwrap();
        let args = [&["net/ipv4/tcp_tw_recycle"], more].concat();
        why(root.path(), &args)
            .exits(0)
            .quiet()
            .says(&summary.replace("{}", "/etc/sysctl.d/50-net.conf:2"))
            .says("let clients reuse connections");
        fs::remove_dir_all(root.path().join("usr/lib/modules")).unwrap();
    }
}

#[test]
fn a_recorded_kernel_and_its_files_are_held_against_each_other() {
    let root = root(&[
        LOADER,
        (
            "etc/sysctl.d/50-net.conf",
            "net.ipv4.tcp_fin_timeout = 20\nnet.ipv4.tcp_sack = 1\n",
        ),
    ]);
    let with = ["--proc", &tree("debian-12-6.1"), "--format", "json"];
    let fin = key(root.path(), &[&[FIN], &with[..]].concat());
    assert_eq!(
        fin["summary"],
        "the next boot changes it: 60 -> 20 by /etc/sysctl.d/50-net.conf:1"
    );
    assert_eq!(fin["reasons"]["live"], "kernel default");
    let sack = key(root.path(), &[&["net.ipv4.tcp_sack"], &with[..]].concat());
    assert_eq!(
        sack["reasons"]["live"],
        "set by /etc/sysctl.d/50-net.conf:2"
    );
    // What the files name is listed beside what the kernel has.
    let listed = key(root.path(), &[&["net.ipv4.tcp_fin"], &with[..]].concat());
    assert_eq!(listed["key"], FIN);
}

#[test]
fn a_secret_in_a_file_is_not_shown() {
    let line = (
        "etc/sysctl.d/x.conf",
        "net.ipv4.tcp_fastopen_key = dead-beef-1-2\n",
    );
    let root = root(&[LOADER, line]);
    for format in ["human", "json"] {
        for name in ["net.ipv4.tcp_fastopen_key", "net."] {
            let ran = why(root.path(), &[name, "--format", format])
                .exits(0)
                .quiet();
            assert!(!ran.stdout.contains("beef"), "{ran}");
            assert!(ran.stdout.contains("(secret)"), "{ran}");
        }
    }
}

#[test]
fn a_program_that_sets_the_key_too_is_named() {
    let root = root(&[
        LOADER,
        ("etc/ufw/ufw.conf", "ENABLED=yes\n"),
        ("etc/default/ufw", "IPT_SYSCTL=/etc/ufw/sysctl.conf\n"),
        ("etc/ufw/sysctl.conf", "\nnet/ipv4/tcp_sack=0\n"),
    ]);
    let key = key(root.path(), &json(&["net.ipv4.tcp_sack"]));
    let writer = &key["writers"][0];
    assert_eq!(
        (&writer["name"], &writer["value"]),
        (&"ufw".into(), &"0".into())
    );
    assert_eq!(
        (&writer["file"], &writer["line"]),
        (&"/etc/ufw/sysctl.conf".into(), &2.into())
    );
}

#[test]
fn files_alone_say_that_they_come_without_a_command_line() {
    let line = ("etc/sysctl.d/50-net.conf", "net.ipv4.tcp_sack = 1\n");
    let root = root(&[LOADER, line]);
    let told = "no kernel command line was read";
    why(root.path(), &[FIN]).exits(0).quiet().says(told);
    let proc = tree("debian-12-6.1");
    why(root.path(), &[FIN, "--proc", &proc])
        .exits(0)
        .says(told);
    let args = ["check", "--proc", &proc, "--root"];
    let check = Tcptune::new().args(args).args([root.path()]).run();
    check.says(told);
}

#[test]
fn what_cannot_be_read_of_the_files_is_on_the_page_of_check() {
    let root = root(&[LOADER]);
    let link = root.path().join("etc/sysctl.d/50-net.conf");
    symlink("nowhere", &link).unwrap();
    let args = ["check", "--proc", &tree("debian-12-6.1"), "--root"];
    let check = Tcptune::new().args(args).args([root.path()]).run();
    check.says("50-net.conf is a link that leads nowhere");
}

#[test]
fn a_folder_that_is_no_root_is_refused() {
    let empty = tempfile::tempdir().unwrap();
    let nowhere = empty.path().join("nowhere");
    for root in [empty.path(), &nowhere] {
        let shown = root.to_str().unwrap();
        why(root, &[FIN])
            .exits(2)
            .no_result()
            .complains("no files of a system below")
            .complains(shown);
        let args = ["check", "--proc", &tree("syn-flood"), "--root", shown];
        Tcptune::new().args(args).run().exits(2).no_result();
    }
}

/// The one change of a host without SYN cookies, and the page.
fn change(line: &str) -> (Value, String) {
    let root = root(&[LOADER, ("etc/sysctl.d/50-net.conf", line)]);
    let args = ["check", "--proc", &tree("syn-flood"), "--root"];
    let check = || Tcptune::new().args(args).args([root.path()]);
    let report = check()
        .args(["--format", "json"])
        .run()
        .exits(1)
        .quiet()
        .json();
    let findings = report["findings"].as_array().unwrap();
    let off = findings.iter().find(|one| one["rule"] == "syncookies-off");
    let page = check().run().exits(1).stdout;
    // However it is wrapped.
    let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
    (off.unwrap()["changes"][0].clone(), page)
}

#[test]
fn a_change_tells_who_set_the_value_and_what_the_next_boot_brings() {
    let (set, page) = change("# ours\nnet.ipv4.tcp_syncookies = 0\n");
    assert_eq!(
        (&set["live"], &set["next_boot"]),
        (&"0".into(), &"0".into())
    );
    let place = serde_json::json!({ "file": "/etc/sysctl.d/50-net.conf", "line": 2 });
    assert_eq!(set["set_by"], place);
    let now = "now: set by /etc/sysctl.d/50-net.conf:2; next boot: the same";
    assert!(page.contains(now), "{page}");

    let (right, page) = change("net.ipv4.tcp_syncookies = 1\n");
    assert_eq!(
        (&right["set_by"], &right["next_boot"]),
        (&Value::Null, &"1".into())
    );
    assert_eq!(right["next_boot_by"]["line"], 1);
    assert!(page.contains("next boot: 1 already"), "{page}");

    let (none, page) = change("net.ipv4.tcp_sack = 1\n");
    assert_eq!(
        (&none["set_by"], &none["next_boot"]),
        (&Value::Null, &"1".into())
    );
    assert!(page.contains("1 already, the kernel's default"), "{page}");
}

#[test]
fn a_snapshot_carries_the_boot_configuration() {
    let line = ("etc/sysctl.d/50-net.conf", "net.ipv4.tcp_syncookies = 0\n");
    let root = root(&[LOADER, line]);
    let file = root.path().join("snapshot");
    Tcptune::new()
        .args(["snapshot", "--proc", &tree("syn-flood"), "--root"])
        .args([root.path()])
        .args(["--output"])
        .args([&file])
        .run()
        .exits(0)
        .quiet();
    let args = ["check", "--format", "json", "--snapshot"];
    let report = Tcptune::new()
        .args(args)
        .args([&file])
        .run()
        .exits(1)
        .json();
    let findings = report["findings"].as_array().unwrap();
    let off = findings
        .iter()
        .find(|one| one["rule"] == "syncookies-off")
        .unwrap();
    assert_eq!(off["changes"][0]["set_by"]["line"], 1);
}
