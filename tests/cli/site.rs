//! The files of a site: rules laid over those of the program, and rules chosen by word.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tempfile::TempDir;

use crate::rule_files::{folder, rule};
use crate::run::{Ran, Tcptune, is_root, skipped, tree};

/// Runs a command with the folder as that of the site, named as `.`.
pub(crate) fn at(site: &Path, args: &[&str]) -> Ran {
    Tcptune::new()
        .args(args)
        .args(["--config", "."])
        .within(site)
        .run()
}

/// Audits a recorded host at a site.
pub(crate) fn check(site: &TempDir, args: &[&str]) -> Ran {
    let tree = tree("debian-12-6.1");
    let all: Vec<&str> = ["check", "--proc", &tree]
        .iter()
        .chain(args)
        .copied()
        .collect();
    at(site.path(), &all)
}

#[test]
fn the_rules_of_a_site_are_read_and_those_of_the_program_are_replaced_or_disabled() {
    let site = folder(&[
        ("rules.d/own/mine.yaml", &rule("mine")),
        ("rules.d/syncookies-off.yaml", &rule("syncookies-off")),
        (
            "rules.d/timestamps-off.yaml",
            "id: timestamps-off\ndisabled: true\nreason: old peers\n",
        ),
        ("rules.d/no-op-key.yaml", "id: no-op-key\ndisabled: true\n"),
    ]);
    let ran = check(&site, &["--format", "json", "--verbose"])
        .audited()
        .quiet();
    let report = ran.json();
    let notes: Vec<&str> = report["notes"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one.as_str())
        .collect();
    for note in [
        "rule syncookies-off is replaced by ./rules.d/syncookies-off.yaml",
        "rule timestamps-off is disabled by ./rules.d/timestamps-off.yaml: old peers",
        "rule no-op-key is disabled by ./rules.d/no-op-key.yaml",
    ] {
        assert!(notes.contains(&note), "{note}: {notes:?}");
    }
    let judged: Vec<&str> = ["findings", "not_fired"]
        .iter()
        .flat_map(|part| report[part].as_array().unwrap())
        .filter_map(|one| one["rule"].as_str())
        .collect();
    assert!(judged.contains(&"mine"), "{judged:?}");
    assert!(!judged.contains(&"timestamps-off"), "{judged:?}");
    check(&site, &[])
        .audited()
        .says("rule no-op-key is disabled by ./rules.d/no-op-key.yaml");
}

#[test]
fn a_later_layer_takes_the_last_word() {
    let site = folder(&[
        ("rules.d/mine.yaml", &rule("mine")),
        ("rules.d/no-op-key.yaml", "id: no-op-key\ndisabled: true\n"),
        ("one/mine.yaml", "id: mine\ndisabled: true\n"),
        ("two/mine.yaml", &rule("mine")),
        ("two/no-op-key.yaml", &rule("no-op-key")),
    ]);
    let list = |dirs: &[&str]| {
        let dirs: Vec<&str> = dirs.iter().flat_map(|dir| ["--rules", dir]).collect();
        let args: Vec<&str> = ["rules", "list", "--select", "mine,no-op-key"]
            .into_iter()
            .chain(dirs)
            .collect();
        let ran = at(site.path(), &args).exits(0).quiet();
        ran.stdout
            .lines()
            .map(|line| {
                line.split_whitespace()
                    .skip(5)
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(
        list(&[]),
        [
            "./rules.d/mine.yaml",
            "built in disabled by ./rules.d/no-op-key.yaml"
        ]
    );
    assert_eq!(
        list(&["one"]),
        [
            "./rules.d/mine.yaml disabled by one/mine.yaml",
            "built in disabled by ./rules.d/no-op-key.yaml"
        ]
    );
    assert_eq!(
        list(&["one", "two"]),
        ["two/mine.yaml replaced", "two/no-op-key.yaml replaced"]
    );
}

#[test]
fn two_files_with_one_id_in_one_layer_are_an_error_at_the_second() {
    let site = folder(&[
        ("rules.d/a/mine.yaml", &rule("mine")),
        ("rules.d/b/mine.yaml", &format!("# ours\n{}", rule("mine"))),
    ]);
    let ran = check(&site, &[]).exits(2).no_result();
    assert_eq!(
        ran.stderr,
        "\
error: a second rule has the id `mine`
 --> ./rules.d/b/mine.yaml:2:5
  |
2 | id: mine
  |     ^^^^
  = help: rename one; the other is ./rules.d/a/mine.yaml

error: 1 problem(s) in rule files; nothing was judged
"
    );
}

#[test]
fn disabling_what_is_not_there_is_an_error() {
    let site = folder(&[(
        "rules.d/syncookies-of.yaml",
        "id: syncookies-of\ndisabled: true\n",
    )]);
    let ran = check(&site, &[]).exits(2).no_result();
    assert_eq!(
        ran.stderr,
        "\
error: nothing to disable: no rule `syncookies-of`
 --> ./rules.d/syncookies-of.yaml:1:5
  |
1 | id: syncookies-of
  |     ^^^^^^^^^^^^^
  = help: did you mean `syncookies-off`?

error: 1 problem(s) in rule files; nothing was judged
"
    );
    let site = folder(&[(
        "rules.d/no-op-key.yaml",
        "id: no-op-key\ndisabled: false\nseverity: low\n",
    )]);
    check(&site, &[])
        .exits(2)
        .no_result()
        .complains("error: `disabled` can only be true\n --> ./rules.d/no-op-key.yaml:2:11")
        .complains("error: unknown field `severity`\n --> ./rules.d/no-op-key.yaml:3:1");
}

#[test]
fn a_folder_that_was_named_has_to_be_there_and_nothing_has_to_be_in_it() {
    let site = folder(&[]);
    check(&site, &[]).audited().quiet();
    let ran = Tcptune::new()
        .args(["rules", "list", "--config", "/nonexistent"])
        .run()
        .exits(2)
        .no_result();
    assert_eq!(
        ran.stderr,
        "\
error: no folder at `/nonexistent`
  help: give the folder that holds rules.d/ and waivers.yaml, or leave --config away
"
    );
}

#[test]
fn root_trusts_no_site_that_others_can_write() {
    if !is_root() {
        return skipped("needs root");
    }
    let open = |path: &str| {
        let site = folder(&[
            ("rules.d/own/mine.yaml", &rule("mine")),
            ("waivers.yaml", "waivers: []\n"),
        ]);
        let file = site.path().join(path);
        let mode = fs::metadata(&file).unwrap().permissions().mode() | 0o020;
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        check(&site, &[]).exits(2).no_result().stderr
    };
    let refused = |shown: &str| {
        format!(
            "\
error: others than root can write this, so it is not trusted
 --> {shown}
 = help: chown it to root and remove the write bits of group and others

error: 1 problem(s) in rule files; nothing was judged
"
        )
    };
    assert_eq!(open("rules.d"), refused("./rules.d"));
    assert_eq!(open("rules.d/own"), refused("./rules.d/own"));
    assert_eq!(
        open("rules.d/own/mine.yaml"),
        refused("./rules.d/own/mine.yaml")
    );
    assert_eq!(open("waivers.yaml"), refused("./waivers.yaml"));
    assert_eq!(open("."), refused("."));
}

#[test]
fn rules_are_chosen_by_id_mechanism_and_severity() {
    let site = folder(&[]);
    let chosen = |args: &[&str]| {
        let all: Vec<&str> = ["rules", "list"].iter().chain(args).copied().collect();
        let ran = at(site.path(), &all).exits(0).quiet();
        let ids = ran.stdout.lines();
        ids.filter_map(|line| line.split_whitespace().next().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    let all = chosen(&[]);
    assert_eq!(chosen(&["--select", "syncookies-off"]), ["syncookies-off"]);
    // Any of the words, in one list or several.
    let both = ["no-op-key", "syncookies-off"];
    assert_eq!(chosen(&["--select", "syncookies-off,no-op-key"]), both);
    assert_eq!(
        chosen(&["--select", "syncookies-off", "--select", "no-op-key"]),
        both
    );
    let high = chosen(&["--select", "high"]);
    assert!(high.contains(&"ports-exhausted".to_owned()), "{high:?}");
    // What is ignored is out, whatever selects it.
    let ports = chosen(&["--select", "high", "--ignore", "ports-exhausted"]);
    assert_eq!(ports.len() + 1, high.len());
    let rest = chosen(&["--ignore", "hygiene"]);
    assert!(!rest.is_empty() && rest.len() < all.len());
    assert_eq!(chosen(&["--ignore", "info,low,medium,high"]), [""; 0]);
}

#[test]
fn what_was_left_out_is_not_judged_and_its_facts_are_not_collected() {
    let site = folder(&[]);
    let ran = check(
        &site,
        &["--select", "abort-on-overflow", "--format", "json"],
    )
    .exits(0);
    let report = ran.json();
    assert_eq!(report["findings"].as_array().unwrap().len(), 0);
    assert_eq!(report["not_fired"].as_array().unwrap().len(), 1);
    let notes = report["notes"].to_string();
    assert!(
        notes.contains("rules were not judged (--select, --ignore)"),
        "{notes}"
    );
    // Sockets were not looked at: no remark of theirs.
    assert!(!notes.contains("sock_diag"), "{notes}");
}

/// Copies a recorded tree.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(path, target).unwrap();
        }
    }
}

#[test]
fn nothing_left_to_judge_is_no_clean_bill() {
    let profile = "profile: edge\nwant: { net.core.somaxconn: 8192 }\n";
    let site = folder(&[("profiles.d/edge.yaml", profile)]);
    let nothing = ["--select", "high", "--ignore", "high,medium,low,info"];
    check(&site, &nothing)
        .exits(2)
        .no_result()
        .complains("--select and --ignore leave no rule to judge");
    let mut named = nothing.to_vec();
    named.extend(["--profile", "edge"]);
    check(&site, &named).exits(0).says("PROFILE");
}

#[test]
fn a_file_with_the_other_ending_of_yaml_is_not_passed_over() {
    for file in ["waivers.yml", "rules.d/no-op-key.yml"] {
        let site = folder(&[(file, "id: no-op-key\ndisabled: true\n")]);
        check(&site, &[])
            .exits(2)
            .no_result()
            .complains("a file that ends in .yml is not read")
            .complains(&format!("--> ./{file}"));
    }
}

#[test]
fn a_word_that_names_nothing_is_an_error() {
    let site = folder(&[]);
    for (option, word, help) in [
        ("--select", "hihg", "did you mean `high`?"),
        ("--ignore", "hygeine", "did you mean `hygiene`?"),
        (
            "--select",
            "syncookie-off",
            "did you mean `syncookies-off`?",
        ),
        (
            "--ignore",
            "whatever",
            "list rules and mechanisms with `tcptune rules list`",
        ),
    ] {
        let ran = check(&site, &[option, word]).exits(2).no_result();
        assert_eq!(
            ran.stderr,
            format!("error: no rule, mechanism or severity `{word}`\n  help: {help}\n")
        );
    }
}
