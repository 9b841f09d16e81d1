//! The page for people: its width, its colours, its bytes.

use std::collections::BTreeSet;
use std::fs;

use unicode_width::UnicodeWidthStr as _;

use crate::run::{Tcptune, tree};

fn hosts() -> BTreeSet<String> {
    fs::read_dir(tree(""))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect()
}

#[test]
fn no_line_is_wider_than_80_cells_on_any_host() {
    for host in hosts() {
        for option in [&[][..], &["--verbose"], &["--quiet"]] {
            let ran = Tcptune::new()
                .args(["check", "--proc", &tree(&host)])
                .args(option)
                .run()
                .audited()
                .quiet();
            for line in ran.stdout.lines() {
                // An address cannot be broken.
                let whole = line.trim_start().starts_with("https://");
                assert!(whole || line.width() <= 80, "{host} {option:?}: {line}");
                assert_eq!(
                    line,
                    line.trim_end(),
                    "{host} {option:?}: blanks at the end"
                );
            }
        }
    }
}

#[test]
fn verbose_says_at_least_what_the_page_says() {
    for host in hosts() {
        let page = |option: &[&str]| {
            let ran = Tcptune::new()
                .args(["check", "--proc", &tree(&host)])
                .args(option)
                .run();
            ran.audited().stdout.lines().count()
        };
        assert!(page(&["--verbose"]) > page(&[]), "{host}");
        assert!(page(&["--quiet"]) < page(&[]), "{host}");
    }
}

#[test]
fn nothing_but_text_is_written_without_colour() {
    for host in hosts() {
        for options in [
            &[][..],
            &["--verbose"],
            &["--color", "never"],
            &["--format", "json"],
        ] {
            let ran = Tcptune::new()
                .args(["check", "--proc", &tree(&host)])
                .args(options)
                .run()
                .audited();
            let active = |c: char| c.is_control() && c != '\n';
            assert!(!ran.stdout.contains(active), "{ran}");
        }
    }
}

#[test]
fn colour_is_written_when_asked_for_and_no_color_wins_over_the_terminal_only() {
    let check = || Tcptune::new().args(["check", "--proc", &tree("syn-flood")]);
    let coloured = |tcptune: Tcptune| tcptune.run().exits(1).stdout.contains('\x1b');
    assert!(!coloured(check()));
    assert!(coloured(check().args(["--color", "always"])));
    assert!(coloured(
        check().args(["--color", "always"]).env("NO_COLOR", "1")
    ));
    assert!(coloured(check().env("CLICOLOR_FORCE", "1")));
    assert!(!coloured(check().env("CLICOLOR_FORCE", "0")));
    assert!(!coloured(
        check().env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1")
    ));
    assert!(!coloured(
        check()
            .args(["--color", "never"])
            .env("CLICOLOR_FORCE", "1")
    ));
    assert!(!coloured(
        check().args(["--color", "always", "--format", "json"])
    ));
}

#[test]
fn colour_changes_no_letter() {
    let check = |color: &str| {
        let args = [
            "check",
            "--verbose",
            "--color",
            color,
            "--proc",
            &tree("syn-flood"),
        ];
        Tcptune::new().args(args).run().exits(1).stdout
    };
    let mut plain = String::new();
    let coloured = check("always");
    let mut pieces = coloured.split('\x1b');
    plain.push_str(pieces.next().unwrap());
    for piece in pieces {
        let (_, rest) = piece.split_once('m').unwrap();
        plain.push_str(rest);
    }
    assert_eq!(plain, check("never"));
}

#[test]
fn a_host_name_from_a_recorded_tree_is_escaped() {
    let folder = tempfile::tempdir().unwrap();
    let kernel = folder.path().join("sys/kernel");
    fs::create_dir_all(&kernel).unwrap();
    fs::create_dir_all(folder.path().join("sys/net")).unwrap();
    fs::write(kernel.join("hostname"), "web\x1b[2J\u{202e}1\n").unwrap();
    for format in ["human", "json"] {
        let ran = Tcptune::new()
            .args(["check", "--format", format, "--proc"])
            .args([folder.path()])
            .run()
            .audited();
        assert!(!ran.stdout.contains('\x1b'), "{ran}");
        assert!(
            format == "json" || !ran.stdout.contains('\u{202e}'),
            "{ran}"
        );
    }
}

#[test]
fn a_tree_with_folders_and_garbage_for_files_is_audited_as_unknown() {
    let folder = tempfile::tempdir().unwrap();
    for file in [
        "sys/net/ipv4/tcp_syncookies",
        "net/netstat",
        "net/snmp",
        "net/tcp",
        "meminfo",
        "stat",
    ] {
        fs::create_dir_all(folder.path().join(file)).unwrap();
    }
    let path = folder.path().join("sys/net/ipv4/tcp_timestamps");
    fs::write(path, b"\xff\xfe\0\x1b[31m").unwrap();
    fs::write(folder.path().join("uptime"), "x".repeat(100_000)).unwrap();
    let ran = Tcptune::new()
        .args(["check", "--verbose", "--proc"])
        .args([folder.path()])
        .run()
        .exits(0)
        .says("EISDIR");
    assert!(!ran.stdout.contains('\x1b'), "{ran}");
}
