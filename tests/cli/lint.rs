//! `tcptune lint`: files in, findings out, and everything a folder can hold that is no configuration.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::run::{PROGRAM, Ran, Tcptune, copy_program, is_root, skipped};

const RECYCLE: &str = "net.ipv4.tcp_tw_recycle = 1\n";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn lint(folder: &Path, args: &[&str]) -> Ran {
    Tcptune::new()
        .within(folder)
        .args(["lint"])
        .args(args)
        .run()
}

/// The result as JSON, whatever was found.
fn json(folder: &Path, args: &[&str]) -> serde_json::Value {
    let args: Vec<&str> = args.iter().copied().chain(["--format", "json"]).collect();
    lint(folder, &args).audited().quiet().json()
}

/// `FILE:LINE RULE` of every finding.
fn found(result: &serde_json::Value) -> Vec<String> {
    let all = result["findings"].as_array().unwrap();
    let all = all.iter().map(|one| {
        let word = |field: &str| one[field].as_str().unwrap();
        format!("{}:{} {}", word("file"), one["line"], word("rule"))
    });
    all.collect()
}

/// A run with a text on standard input.
fn piped(args: &[&str], text: &[u8]) -> (Option<i32>, String, String) {
    let mut child = Command::new(PROGRAM)
        .arg("lint")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn nothing_that_this_project_ships_is_found_fault_with() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    lint(here, &["."]).exits(0).says("found    nothing");
}

#[test]
fn a_dead_line_is_found_at_its_place_and_ends_the_run_with_1() {
    let folder = folder(&[
        (
            "etc/sysctl.d/90-net.conf",
            "# ours\n  net.ipv4.tcp_tw_recycle = 1\n",
        ),
        ("README.md", "No setting here.\n"),
    ]);
    lint(folder.path(), &[])
        .exits(1)
        .quiet()
        .says("etc/sysctl.d/90-net.conf:2:3: high lint-tw-recycle\n")
        .says("    |   ^^^^^^^^^^^^^^^^^^^^^^^\n")
        .says("  instead  delete the line\n")
        .says("found    1 high in 2 files\n");
    let result = json(folder.path(), &["."]);
    assert_eq!(
        found(&result),
        ["etc/sysctl.d/90-net.conf:2 lint-tw-recycle"]
    );
    assert_eq!(result["findings"][0]["column"], 3);
    assert_eq!(result["assignments"], serde_json::Value::Null);
    assert!(!result["kernels"].as_array().unwrap().is_empty());
}

#[test]
fn the_exit_code_is_that_of_the_worst_finding_that_counts() {
    let folder = folder(&[("sysctl.conf", "net.ipv4.tcp_low_latency = 1\n")]);
    // A low finding counts here unless told otherwise.
    lint(folder.path(), &[]).exits(1);
    lint(folder.path(), &["--fail-on", "medium"]).exits(0);
    lint(folder.path(), &["--fail-on", "none"]).exits(0);
    lint(folder.path(), &["--exit-zero"])
        .exits(0)
        .says("low lint-no-op-key");
    lint(folder.path(), &["--ignore", "lint-no-op-key"]).exits(0);
    lint(folder.path(), &["--select", "high"]).exits(0);
    lint(folder.path(), &["--select", "lint-noop-key"])
        .exits(2)
        .no_result()
        .complains("did you mean `lint-no-op-key`?");
}

#[test]
fn every_assignment_is_listed_when_that_is_asked_for() {
    let folder = folder(&[(
        "sysctl.conf",
        "net/core/somaxconn = 4096\n#net.ipv4.tcp_sack = 0\nnet.ipv4.tcp_rmem = 4096\t131072  6291456\n",
    )]);
    let result = json(folder.path(), &["--assignments"]);
    let all = result["assignments"].as_array().unwrap();
    let seen: Vec<_> = all
        .iter()
        .map(|one| {
            (
                one["line"].as_u64().unwrap(),
                one["key"].as_str().unwrap(),
                one["commented"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            (1, "net.core.somaxconn", false),
            (2, "net.ipv4.tcp_sack", true),
            (3, "net.ipv4.tcp_rmem", false)
        ]
    );
    assert_eq!(all[2]["value"], "4096 131072 6291456");
    lint(folder.path(), &["--assignments"])
        .audited()
        .says("sysctl.conf:2: net.ipv4.tcp_sack = 0  (commented)\n");
}

#[test]
fn commented_lines_are_judged_only_when_asked() {
    let folder = folder(&[("sysctl.conf", "#net.ipv4.tcp_tw_recycle = 1\n")]);
    assert!(found(&json(folder.path(), &[])).is_empty());
    let all = json(folder.path(), &["--include-commented"]);
    assert_eq!(found(&all), ["sysctl.conf:1 lint-tw-recycle"]);
}

#[test]
fn standard_input_is_read_by_the_name_it_is_given() {
    let text = b"sysctl -w net.ipv4.tcp_tw_recycle=1\n";
    let (code, out, _) = piped(&["-", "--stdin-filename", "deploy/tune.sh"], text);
    assert_eq!(code, Some(1), "{out}");
    assert!(
        out.contains("deploy/tune.sh:1:11: high lint-tw-recycle"),
        "{out}"
    );
    let (code, out, _) = piped(&["-"], b"");
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("nothing in 1 file"), "{out}");
    let (code, out, _) = piped(&["-", "--max-size", "1"], &vec![b'x'; 1024 * 1024 + 1]);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("nothing in 0 files; 1 not read"), "{out}");
    assert!(out.contains("larger than --max-size"), "{out}");
}

#[test]
fn what_cannot_be_asked_for_is_refused_before_anything_is_read() {
    let folder = folder(&[("sysctl.conf", RECYCLE)]);
    for (args, why) in [
        (&["nowhere.conf"][..], "cannot read `nowhere.conf`: ENOENT"),
        (
            &["sysctl.conf", "sysctl.conf/x"],
            "cannot read `sysctl.conf/x`: ENOTDIR",
        ),
        (&["--kernel", "many"], "`many` is no kernel release"),
        (&["--kubernetes", "new"], "`new` is no Kubernetes release"),
        (&["--fix", "-"], "--fix cannot mend standard input"),
        (&["--stdin-filename", "x"], "give `-` as a path"),
        (&["--fix", "--include-commented"], "cannot be used with"),
    ] {
        lint(folder.path(), args)
            .exits(2)
            .no_result()
            .complains(why);
    }
    assert_eq!(
        fs::read_to_string(folder.path().join("sysctl.conf")).unwrap(),
        RECYCLE
    );
}

#[test]
fn a_folder_without_matches_is_no_fault() {
    let folder = folder(&[]);
    lint(folder.path(), &[])
        .exits(0)
        .quiet()
        .says("nothing in 0 files");
    fs::write(folder.path().join("empty.conf"), "").unwrap();
    lint(folder.path(), &[])
        .exits(0)
        .quiet()
        .says("nothing in 1 file\n");
}

#[test]
fn bad_bytes_keep_every_other_position() {
    let folder = folder(&[]);
    let text = b"\xff\xfe\n\xe2\x82 caf\xe9\nnet.ipv4.tcp_tw_recycle = 1 \xff\n";
    fs::write(folder.path().join("sysctl.conf"), text).unwrap();
    fs::write(
        folder.path().join("x.bin"),
        b"net.ipv4.tcp_tw_recycle = 1\n\0",
    )
    .unwrap();
    let result = json(folder.path(), &[]);
    let all = found(&result);
    assert!(
        all.contains(&"sysctl.conf:3 lint-tw-recycle".to_owned()),
        "{all:?}"
    );
    assert!(
        all.iter().all(|one| one.starts_with("sysctl.conf:3 ")),
        "{all:?}"
    );
    assert_eq!(result["findings"][0]["column"], 1);
    assert_eq!(
        (result["files"].as_u64(), result["passed_over"].as_u64()),
        (Some(1), Some(1))
    );
}

#[test]
fn a_binary_file_that_a_loader_reads_is_no_file_without_findings() {
    let folder = folder(&[
        ("sysctl.d/a.conf", "# \0\nnet.ipv4.tcp_tw_recycle = 1\n"),
        ("logo.png", "\0"),
    ]);
    let result = json(folder.path(), &[]);
    assert_eq!(result["skipped"][0]["file"], "sysctl.d/a.conf");
    let why = "it holds a NUL, as binary files do";
    assert_eq!(result["skipped"][0]["why"], why);
    assert_eq!(result["passed_over"], 1);
    lint(folder.path(), &["sysctl.d/a.conf"])
        .exits(2)
        .no_result()
        .complains(why);
    for format in ["human", "sarif", "github", "junit"] {
        lint(folder.path(), &["--format", format])
            .audited()
            .says("sysctl.d/a.conf")
            .says(why);
    }
    // Of many files that are named at once one may be a picture.
    lint(folder.path(), &["logo.png"]).exits(0).says(why);
}

#[test]
fn a_line_of_100_megabytes_is_passed_over_or_read_and_ends_nothing() {
    let folder = folder(&[("sysctl.conf", RECYCLE)]);
    let mut line = b"x = 1; ".repeat(100 * 1024 * 1024 / 7);
    line.extend_from_slice(b"net.ipv4.tcp_tw_recycle = 1");
    fs::write(folder.path().join("huge.conf"), &line).unwrap();
    let result = json(folder.path(), &[]);
    assert_eq!(result["passed_over"], 1);
    assert_eq!(found(&result), ["sysctl.conf:1 lint-tw-recycle"]);
    let result = json(folder.path(), &["--max-size", "200"]);
    assert_eq!(
        (result["passed_over"].as_u64(), result["files"].as_u64()),
        (Some(0), Some(2))
    );
}

#[test]
fn loops_of_links_are_reported_and_catch_nobody() {
    let folder = folder(&[("a/sysctl.conf", RECYCLE)]);
    symlink("..", folder.path().join("a/up")).unwrap();
    symlink("round", folder.path().join("round")).unwrap();
    let result = json(folder.path(), &[]);
    assert_eq!(found(&result), ["a/sysctl.conf:1 lint-tw-recycle"]);
    assert_eq!(result["skipped"][0]["file"], "round");
    assert_eq!(result["skipped"][0]["why"], "ELOOP");
    lint(folder.path(), &["round"])
        .exits(2)
        .no_result()
        .complains("ELOOP");
}

#[test]
fn what_is_unreadable_is_told_and_the_rest_is_judged() {
    if !is_root() || Command::new("setpriv").arg("--version").output().is_err() {
        skipped("another user is needed, and setpriv");
        return;
    }
    let folder = folder(&[
        ("sysctl.conf", RECYCLE),
        ("secret/x.conf", ""),
        ("own.conf", ""),
    ]);
    let at = |name: &str| folder.path().join(name);
    let mode =
        |name: &str, mode| fs::set_permissions(at(name), fs::Permissions::from_mode(mode)).unwrap();
    let program = at("tcptune");
    copy_program(&program);
    mode("", 0o755);
    mode("secret", 0o700);
    mode("own.conf", 0o600);
    let as_nobody = || {
        let launcher = [
            "setpriv",
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
        ];
        Tcptune::copy(&program, &launcher)
            .within(folder.path())
            .args(["lint"])
    };
    let result = as_nobody().args(["--format", "json"]).run().exits(1).json();
    assert_eq!(found(&result), ["sysctl.conf:1 lint-tw-recycle"]);
    let skipped = result["skipped"].as_array().unwrap();
    let skipped: Vec<_> = skipped
        .iter()
        .map(|one| (one["file"].as_str().unwrap(), one["why"].as_str().unwrap()))
        .collect();
    assert_eq!(skipped, [("own.conf", "EACCES"), ("secret", "EACCES")]);
    // Whoever names it wants it judged.
    as_nobody()
        .args(["own.conf"])
        .run()
        .exits(2)
        .complains("EACCES");
}

const DEAD: &str = "# ours\nnet.ipv4.tcp_fin_timeout = 30\nnet.ipv4.tcp_tw_recycle = 1\nnet.ipv4.tcp_low_latency = 1";

#[test]
fn fixing_comments_dead_lines_out_and_doing_it_again_changes_nothing() {
    let folder = folder(&[
        ("sysctl.d/90-net.conf", DEAD),
        ("tune.sh", "sysctl -w net.ipv4.tcp_tw_recycle=1\n"),
    ]);
    let file = folder.path().join("sysctl.d/90-net.conf");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("90-net.conf", folder.path().join("sysctl.d/99-link.conf")).unwrap();
    lint(folder.path(), &["--fix", "sysctl.d/99-link.conf"])
        .exits(0)
        .quiet()
        .says(
            "--- a/sysctl.d/99-link.conf\n+++ b/sysctl.d/99-link.conf\n@@ -1,4 +1,6 @@\n # ours\n",
        )
        .says("\n-net.ipv4.tcp_tw_recycle = 1\n+# tcptune lint: lint-tw-recycle: ")
        .says("\n+# net.ipv4.tcp_low_latency = 1\n");
    let fixed = fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = fixed.lines().collect();
    assert_eq!(lines.len(), 6, "{fixed}");
    assert_eq!(
        (lines[0], lines[1]),
        ("# ours", "net.ipv4.tcp_fin_timeout = 30")
    );
    assert_eq!(lines[3], "# net.ipv4.tcp_tw_recycle = 1");
    assert!(
        fixed.ends_with("\n# net.ipv4.tcp_low_latency = 1"),
        "{fixed}"
    );
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, 0o640);
    assert!(folder.path().join("sysctl.d/99-link.conf").is_symlink());
    // What is left is what --fix does not touch.
    lint(folder.path(), &["--fix"])
        .exits(1)
        .quiet()
        .says("tune.sh:1:11: high lint-tw-recycle");
    assert_eq!(fs::read_to_string(&file).unwrap(), fixed);
    let script = fs::read_to_string(folder.path().join("tune.sh")).unwrap();
    assert_eq!(script, "sysctl -w net.ipv4.tcp_tw_recycle=1\n");
}

#[test]
fn a_key_that_some_kernel_reads_is_not_commented_out() {
    let line = "net.ipv4.tcp_low_latency = 1\n";
    let folder = folder(&[("sysctl.conf", line)]);
    let file = folder.path().join("sysctl.conf");
    // Linux 4.4 reads it, and all later than 4.13 ignore it.
    lint(folder.path(), &["--fix", "--kernel", "4.4,5.14"])
        .exits(0)
        .quiet();
    assert_eq!(fs::read_to_string(&file).unwrap(), line);
    lint(folder.path(), &["--fix", "--kernel", "5.14"])
        .exits(0)
        .quiet();
    assert!(fs::read_to_string(&file).unwrap().contains("\n# net.ipv4"));
}

#[test]
fn a_line_that_acts_on_some_kernel_is_told_and_not_commented_out() {
    let folder = folder(&[("sysctl.d/a.conf", RECYCLE)]);
    let file = folder.path().join("sysctl.d/a.conf");
    for kernels in ["3.10", "4.11,5.14"] {
        lint(folder.path(), &["--fix", "--kernel", kernels])
            .exits(1)
            .quiet()
            .says("sysctl.d/a.conf:1:1: high lint-tw-recycle");
        assert_eq!(fs::read_to_string(&file).unwrap(), RECYCLE, "{kernels}");
    }
    lint(folder.path(), &["--fix", "--kernel", "4.12,5.14"]).exits(0);
    let text = fs::read_to_string(&file).unwrap();
    assert!(
        text.ends_with("\n# net.ipv4.tcp_tw_recycle = 1\n"),
        "{text}"
    );
}

#[test]
fn a_file_with_two_names_is_left_alone_and_named() {
    let folder = folder(&[("sysctl.conf", RECYCLE)]);
    fs::hard_link(
        folder.path().join("sysctl.conf"),
        folder.path().join("other"),
    )
    .unwrap();
    lint(folder.path(), &["--fix", "sysctl.conf"])
        .exits(1)
        .complains("sysctl.conf: it has 2 names (hard links)");
    let text = fs::read_to_string(folder.path().join("sysctl.conf")).unwrap();
    assert_eq!(text, RECYCLE);
}

#[test]
fn a_diff_shows_no_secret_and_goes_to_stderr_where_a_program_reads() {
    let folder = folder(&[(
        "sysctl.conf",
        "net.ipv4.tcp_fastopen_key = 00c0ffee-00c0ffee-00c0ffee-00c0ffee\nnet.ipv4.tcp_tw_recycle = 1\n",
    )]);
    let ran = lint(folder.path(), &["--fix", "--format", "json"]).audited();
    assert!(ran.json()["findings"].as_array().is_some());
    let ran = ran
        .complains("-net.ipv4.tcp_tw_recycle = 1\n")
        .complains(" net.ipv4.tcp_fastopen_key (not shown)\n");
    assert!(!format!("{ran}").contains("c0ffee"), "{ran}");
    let text = fs::read_to_string(folder.path().join("sysctl.conf")).unwrap();
    assert!(text.contains("00c0ffee"), "{text}");
}

#[test]
fn one_run_after_the_other_says_the_same() {
    let files: Vec<(String, String)> = (0..200)
        .map(|n| (format!("d{}/{n}.conf", n % 13), RECYCLE.repeat(1 + n % 3)))
        .collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (&**name, &**text))
        .collect();
    let folder = folder(&files);
    let first = lint(folder.path(), &["--format", "json"]).exits(1).stdout;
    for _ in 0..3 {
        assert_eq!(
            lint(folder.path(), &["--format", "json"]).exits(1).stdout,
            first
        );
    }
}

#[test]
fn a_file_that_is_given_twice_is_one_file() {
    let folder = folder(&[("a/50.conf", "net.core.somaxconn = 5\n")]);
    let paths = ["a/50.conf", "./a/50.conf", "a", "."];
    for from in 0..paths.len() {
        let mut given = paths;
        given.rotate_left(from);
        let result = Tcptune::new()
            .within(folder.path())
            .args(["lint", "--format", "json"])
            .args(given)
            .run()
            .json();
        assert_eq!(result["files"], 1, "{given:?}");
        assert_eq!(result["findings"].as_array().unwrap().len(), 1, "{given:?}");
    }
}
