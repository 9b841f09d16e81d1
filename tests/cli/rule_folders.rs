//! Folders of rules that hold what nobody expects, and what root may trust.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

use crate::rule_files::{check, folder, rule};
use crate::run::{Tcptune, copy_program, is_root, make_pipe, skipped};

#[test]
fn a_pipe_is_refused_and_not_waited_for() {
    let folder = folder(&[]);
    let pipe = folder.path().join("x.yaml");
    make_pipe(&pipe);
    check(folder.path())
        .exits(2)
        .no_result()
        .complains("not a regular file")
        .complains("--> ./x.yaml");
}

#[test]
fn links_that_lead_nowhere_are_errors_and_links_to_files_are_followed() {
    let elsewhere = folder(&[("x.yaml", &rule("x"))]);
    let folder = folder(&[]);
    symlink(
        elsewhere.path().join("x.yaml"),
        folder.path().join("x.yaml"),
    )
    .unwrap();
    check(folder.path()).audited().quiet();
    symlink("loop.yaml", folder.path().join("loop.yaml")).unwrap();
    symlink("nowhere", folder.path().join("dangling.yaml")).unwrap();
    symlink("/dev/zero", folder.path().join("zero.yaml")).unwrap();
    symlink(".", folder.path().join("folder")).unwrap();
    symlink("/", folder.path().join("root.yaml")).unwrap();
    check(folder.path())
        .exits(2)
        .no_result()
        .complains("ELOOP\n --> ./loop.yaml")
        .complains("ENOENT\n --> ./dangling.yaml")
        .complains("not a regular file\n --> ./zero.yaml")
        .complains("not a regular file\n --> ./root.yaml")
        .complains("error: 4 problem(s)");
}

#[test]
fn a_folder_named_like_a_file_is_a_folder() {
    let folder = folder(&[("dir.yaml/x.yaml", &rule("x"))]);
    check(folder.path()).audited().quiet();
    Tcptune::new()
        .args(["rules", "list", "--rules", "."])
        .within(folder.path())
        .run()
        .exits(0)
        .says("./dir.yaml/x.yaml");
}

#[test]
fn folders_without_end_are_refused() {
    let folder = folder(&[(&format!("{}x.yaml", "d/".repeat(40)), &rule("x"))]);
    check(folder.path())
        .exits(2)
        .no_result()
        .complains("too many files or folders");
}

#[test]
fn a_folder_that_is_none_or_holds_no_rule_is_an_error() {
    let empty = folder(&[("README.md", "no rule")]);
    check(empty.path())
        .exits(2)
        .no_result()
        .complains("no rules in this folder")
        .complains("help: name a folder with rules");
    Tcptune::new()
        .args(["rules", "test", "."])
        .within(empty.path())
        .run()
        .exits(2)
        .no_result()
        .complains("error: no rules in `.`");
    for command in [
        &["rules", "test"][..],
        &["rules", "list", "--rules"],
        &["check", "--rules"],
    ] {
        for path in ["/nonexistent", "/etc/passwd"] {
            let why = match (command, path) {
                (_, "/nonexistent") => "ENOENT",
                // Of one file it is the name that tells.
                (["rules", "test"], _) => "does not end in .yaml",
                _ => "help: give its folder",
            };
            let ran = Tcptune::new().args(command).args([path]).run();
            ran.exits(2).no_result().complains(why).complains(path);
        }
    }
}

#[test]
fn a_rule_with_a_known_id_replaces_it_and_the_report_says_so() {
    let folder = folder(&[("syncookies-off.yaml", &rule("syncookies-off"))]);
    check(folder.path())
        .exits(0)
        .says("rule syncookies-off is replaced by ./syncookies-off.yaml");
}

#[test]
fn a_failed_case_is_told_by_line_and_exits_with_1() {
    let cases = |verdict: &str| {
        format!("rule: x\ncases:\n  - name: nothing known\n    expect: {verdict}\n")
    };
    let right = folder(&[("x.yaml", &rule("x")), ("x.test.yaml", &cases("unknown"))]);
    let test = |folder: &tempfile::TempDir| {
        Tcptune::new()
            .args(["rules", "test", "."])
            .within(folder.path())
            .run()
    };
    test(&right).exits(0).quiet().says("1 passed, 0 failed");
    let wrong = folder(&[("x.yaml", &rule("x")), ("x.test.yaml", &cases("fires"))]);
    test(&wrong)
        .exits(1)
        .quiet()
        .says("FAIL ./x.test.yaml:3: nothing known")
        .says("0 passed, 1 failed");
    let untested = folder(&[("x.yaml", &rule("x"))]);
    test(&untested).exits(1).says("FAIL x: no cases beside it");
}

#[test]
fn names_of_folders_give_no_orders_to_a_terminal() {
    let folder = folder(&[("a\u{1b}[2J/x.yaml", &rule("x"))]);
    let dir = folder.path().to_str().unwrap();
    for args in [["rules", "test", dir], ["rules", "list", "--rules"]] {
        let ran = Tcptune::new().args(args);
        let ran = if args[1] == "list" {
            ran.args([dir])
        } else {
            ran
        };
        let text = ran.run().to_string();
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }
    let good = rule("y");
    let (start, _) = good.split_once("explain:").unwrap();
    let written = format!("{start}explain: \"a\\e[2Jb\"\n");
    fs::write(folder.path().join("y.yaml"), written).unwrap();
    Tcptune::new()
        .args(["explain", "y", "--rules", dir])
        .run()
        .exits(0)
        .says("a\\x1b[2Jb");
    let list = Tcptune::new().args(["rules", "list", "--rules", dir]);
    assert!(list.run().to_string().contains("\\x1b[2J"));
}

#[test]
fn root_trusts_no_rule_that_others_can_write() {
    if !is_root() {
        return skipped("needs root");
    }
    for mode in [0o666, 0o664, 0o646] {
        let folder = folder(&[("x.yaml", &rule("x"))]);
        let file = folder.path().join("x.yaml");
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        check(folder.path())
            .exits(2)
            .no_result()
            .complains("others than root can write this")
            .complains("--> ./x.yaml")
            .complains("help: chown it to root");
    }
    let open = folder(&[("x.yaml", &rule("x"))]);
    fs::set_permissions(open.path(), fs::Permissions::from_mode(0o777)).unwrap();
    check(open.path())
        .exits(2)
        .no_result()
        .complains("others than root can write this");
    let foreign = folder(&[("x.yaml", &rule("x"))]);
    chown(foreign.path().join("x.yaml"), Some(65534), Some(65534)).unwrap();
    check(foreign.path())
        .exits(2)
        .no_result()
        .complains("--> ./x.yaml");
}

#[test]
fn a_file_that_may_not_be_read_is_an_error() {
    if !is_root() {
        return skipped("needs root to become another user");
    }
    let folder = folder(&[("x.yaml", &rule("x")), ("y.yaml", &rule("y"))]);
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let file = folder.path().join("x.yaml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let program = folder.path().join("tcptune");
    copy_program(&program);
    let nobody = [
        "setpriv",
        "--reuid",
        "65534",
        "--regid",
        "65534",
        "--clear-groups",
    ];
    let readable = folder.path().join("proc");
    fs::create_dir_all(readable.join("net")).unwrap();
    Tcptune::copy(&program, &nobody)
        .args(["check", "--rules", ".", "--proc", "proc"])
        .within(folder.path())
        .run()
        .exits(2)
        .no_result()
        .complains("cannot read the file: EACCES\n --> ./x.yaml")
        .complains("error: 1 problem(s)");
}
