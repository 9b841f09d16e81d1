//! Folders with everything in them that a walk may meet.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use tempfile::TempDir;

use super::*;

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

/// The names below the folder of what was looked at, with the number of characters, and all that was not.
fn walked(folder: &TempDir, limit: u64) -> (Vec<(String, usize)>, LintFiles<usize>) {
    let all = lint_files(&[folder.path().to_owned()], limit, |_, text| {
        Some(text.chars().count())
    });
    let names = all.found.iter().map(|(path, size)| {
        let below = path.strip_prefix(folder.path()).unwrap();
        (below.to_str().unwrap().to_owned(), *size)
    });
    (names.collect(), all.clone())
}

fn names(folder: &TempDir) -> Vec<String> {
    let (found, _) = walked(folder, LINT_LIMIT);
    found.into_iter().map(|(name, _)| name).collect()
}

#[test]
fn what_lint_alone_is_to_pass_over_is_named_in_a_file_of_its_own() {
    let folder = folder(&[
        (".tcptuneignore", b"/tests/\n"),
        ("a.conf", b"x"),
        ("tests/wrong.conf", b"x"),
        ("sub/tests/b.conf", b"x"),
    ]);
    assert_eq!(
        names(&folder),
        [".tcptuneignore", "a.conf", "sub/tests/b.conf"]
    );
}

#[test]
fn what_git_ignores_is_not_looked_at_and_what_is_hidden_is() {
    let folder = folder(&[
        (".gitignore", b"build/\n*.log\n!keep.log\n"),
        ("a.conf", b"x"),
        ("build/out.conf", b"x"),
        ("run.log", b"x"),
        ("keep.log", b"x"),
        (".github/workflows/ci.yml", b"x"),
        (".git/config", b"x"),
        ("sub/.git/hooks/x.sh", b"x"),
        ("sub/.gitignore", b"b.conf\n"),
        ("sub/b.conf", b"x"),
    ]);
    assert_eq!(
        names(&folder),
        [
            ".github/workflows/ci.yml",
            ".gitignore",
            "a.conf",
            "keep.log",
            "sub/.gitignore"
        ]
    );
}

#[test]
fn an_ignored_file_is_looked_at_when_it_is_named() {
    let folder = folder(&[(".gitignore", b"*.log\n"), ("run.log", b"x")]);
    let path = folder.path().join("run.log");
    let all = lint_files(&[path.clone(), path.clone()], LINT_LIMIT, |_, _| Some(()));
    assert_eq!(all.found, [(path, ())]);
    assert_eq!(all.read, 1);
}

#[test]
fn the_files_of_loaders_are_told_by_their_names() {
    for file in [
        "sysctl.conf",
        "/etc/sysctl.conf",
        "roles/x/sysctl.d/90-a.conf",
    ] {
        assert!(is_loaded(Path::new(file)), "{file}");
    }
    for file in ["sysctl.d/a.conf.j2", "sysctl.d/README", "a.conf", "tune.sh"] {
        assert!(!is_loaded(Path::new(file)), "{file}");
    }
}

#[test]
fn a_binary_file_that_a_loader_reads_or_somebody_names_is_told_with_the_reason() {
    let folder = folder(&[
        ("etc/sysctl.d/a.conf", b"#\0\nnet.ipv4.tcp_sack = 0\n"),
        ("etc/sysctl.conf", b"\xff\xfen\0e\0t\0"),
        ("sysctl.d/large.conf", &[b'#'; 9000]),
        ("a.png", b"\0"),
    ]);
    let unread = |all: &LintFiles<usize>| {
        let unread = all.unread.iter().map(|one| {
            let path = one.path.strip_prefix(folder.path()).unwrap();
            (
                path.to_str().unwrap().to_owned(),
                one.why.clone(),
                one.named,
            )
        });
        unread.collect::<Vec<_>>()
    };
    let told = |path: &str, why: &str, named| (path.to_owned(), why.to_owned(), named);
    let (_, all) = walked(&folder, 8500);
    assert_eq!(
        unread(&all),
        [
            told("etc/sysctl.conf", UTF_16, false),
            told("etc/sysctl.d/a.conf", BINARY, false),
            told("sysctl.d/large.conf", TOO_LARGE, false),
        ]
    );
    assert_eq!((all.read, all.passed_over), (0, 1));
    let named = ["a.png", "etc/sysctl.d/a.conf"].map(|name| folder.path().join(name));
    let all = lint_files(&named, LINT_LIMIT, |_, _| None);
    assert_eq!(
        unread(&all),
        [
            told("a.png", BINARY, false),
            told("etc/sysctl.d/a.conf", BINARY, true),
        ]
    );
}

#[test]
fn binary_and_oversized_files_are_counted() {
    let mut late = vec![b'a'; HEAD];
    late.push(0);
    let folder = folder(&[
        ("a.bin", b"net.ipv4\0"),
        ("late.bin", &late),
        ("large", &[b'x'; 9000]),
        ("exact", &[b'x'; 8500]),
        ("empty", b""),
    ]);
    let (found, all) = walked(&folder, 8500);
    let found: Vec<(&str, usize)> = found.iter().map(|(name, size)| (&**name, *size)).collect();
    // A NUL that comes late is left to the finders.
    assert_eq!(
        found,
        [("empty", 0), ("exact", 8500), ("late.bin", HEAD + 1)]
    );
    assert_eq!((all.read, all.passed_over), (3, 2));
}

#[test]
fn a_broken_sequence_is_one_character() {
    let folder = folder(&[("a", b"\xff\xfe b \xe2\x82 c\n\x80")]);
    let all = lint_files(&[folder.path().to_owned()], LINT_LIMIT, |_, text| {
        Some(text.to_owned())
    });
    assert_eq!(all.found[0].1, "\u{fffd}\u{fffd} b \u{fffd} c\n\u{fffd}");
}

#[test]
fn links_catch_no_walk_and_a_loop_of_them_is_reported() {
    let folder = folder(&[("a/x.conf", b"x")]);
    let at = |name: &str| folder.path().join(name);
    symlink("..", at("a/up")).unwrap();
    symlink("round", at("round")).unwrap();
    symlink("nowhere", at("dangling")).unwrap();
    symlink("a/x.conf", at("again.conf")).unwrap();
    let (found, all) = walked(&folder, LINT_LIMIT);
    assert_eq!(found, [("a/x.conf".to_owned(), 1)]);
    let loops = Unread {
        path: at("round"),
        why: "ELOOP".to_owned(),
        named: false,
    };
    assert_eq!(all.unread, [loops]);
    // Whoever names a link means what it leads to.
    let named = lint_files(&[at("again.conf"), at("a/up")], LINT_LIMIT, |_, _| Some(()));
    assert_eq!(named.read, 2, "{named:?}");
    assert_eq!(cannot_lint(&at("round")).as_deref(), Some("ELOOP"));
    assert_eq!(cannot_lint(&at("dangling")).as_deref(), Some("ENOENT"));
}

#[test]
fn a_pipe_is_not_waited_for() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let folder = folder(&[("a", b"x")]);
    let pipe = folder.path().join("pipe");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR, 0).unwrap();
    let (found, all) = walked(&folder, LINT_LIMIT);
    assert_eq!((found.len(), all.passed_over), (1, 1));
    let named = lint_files(&[pipe], LINT_LIMIT, |_, _| Some(()));
    assert_eq!(named.unread[0].why, "not a regular file");
    assert!(named.unread[0].named);
}

#[test]
fn what_cannot_be_read_is_told_and_ends_nothing() {
    if rustix::process::geteuid().is_root() {
        // Nothing is unreadable to root.
        return;
    }
    let folder = folder(&[("a", b"x"), ("b", b"x"), ("c/d", b"x")]);
    for (name, mode) in [("b", 0), ("c", 0)] {
        fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    let (found, all) = walked(&folder, LINT_LIMIT);
    fs::set_permissions(folder.path().join("c"), fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(found.len(), 1);
    let why: Vec<&str> = all.unread.iter().map(|one| one.why.as_str()).collect();
    assert_eq!(why, ["EACCES", "EACCES"]);
}

#[test]
fn the_order_is_that_of_the_paths_whatever_the_threads_do() {
    let files: Vec<String> = (0..300).map(|n| format!("{}/{n}.conf", n % 17)).collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|name| (&**name, &b"x"[..])).collect();
    let folder = folder(&files);
    let first = names(&folder);
    let mut sorted: Vec<&Path> = first.iter().map(Path::new).collect();
    sorted.sort();
    assert_eq!(first.iter().map(Path::new).collect::<Vec<_>>(), sorted);
    assert_eq!(first.len(), 300);
}
