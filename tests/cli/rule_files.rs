//! Rule files with mistakes in them, and where the program says they are.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::run::{Ran, Tcptune, tree};

/// A rule without a fault, to put one fault into.
pub(crate) fn rule(id: &str) -> String {
    format!(
        "id: {id}
title: \"a title\"
severity: low
kind: symptom
maturity: preview
scope: netns
owner: host
when: |
  // Any at all.
  rate(counter.TcpExt.ListenOverflows) > 0 &&
    sysctl.net.core.somaxconn < 4096
message: \"{{delta(counter.TcpExt.ListenOverflows)}} overflows\"
set:
  net.core.somaxconn: 4096
explain: |
  ## What happens
  ## Why it hurts
  ## What tcptune changes
  ## What it costs
  ## When to ignore it
  ## See it yourself
"
    )
}

/// A folder with the files.
pub(crate) fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// Judges by the folder's rules, named as `.`: places are then the same everywhere.
pub(crate) fn check(folder: &Path) -> Ran {
    Tcptune::through(&["timeout", "60"])
        .args(["check", "--rules", ".", "--proc", &tree("debian-12-6.1")])
        .within(folder)
        .run()
}

/// The program refuses a rule `x` in which `from` became `to`, with these words.
fn refuses(from: &str, to: &str, words: &[&str]) {
    let good = rule("x");
    assert!(good.contains(from), "{from}");
    let text = good.replacen(from, to, 1);
    let folder = folder(&[("x.yaml", &text)]);
    let mut ran = check(folder.path()).exits(2).no_result();
    for part in words {
        ran = ran.complains(part);
    }
    let problems = ran.stderr.matches(" --> ").count() + ran.stderr.matches(" -->").count();
    assert!(problems > 0, "{ran}");
    let tested = Tcptune::new()
        .args(["rules", "test", "."])
        .within(folder.path())
        .run();
    let mut tested = tested.exits(2).no_result();
    for part in words {
        tested = tested.complains(part);
    }
    drop(tested);
}

#[test]
fn the_rule_the_mistakes_are_put_into_has_none() {
    let folder = folder(&[("x.yaml", &rule("x"))]);
    check(folder.path()).audited().quiet();
}

#[test]
fn a_syntax_error_is_told_at_its_place() {
    refuses(
        "\"a title\"",
        "\"a title",
        &["not YAML", "./x.yaml:3:1", "severity: low"],
    );
    refuses("severity", "\tseverity", &["tabs", "./x.yaml:3:2"]);
    refuses(
        "kind: symptom",
        "kind: [symptom",
        &["not YAML", "./x.yaml:"],
    );
    refuses(
        "kind:",
        "severity: low\nkind:",
        &["duplicate mapping key: severity", "./x.yaml:4:1"],
    );
    refuses(
        "scope: netns",
        "---\nscope: netns",
        &["a second document starts here", "./x.yaml:7:1"],
    );
}

#[test]
fn the_parsers_own_words_for_programmers_are_not_passed_on() {
    for text in [
        "a: 1\n---\nb: 2\n",
        "a: 1\na: 2\n",
        &"[".repeat(20_000),
        &bomb(),
    ] {
        let folder = folder(&[("x.yaml", text)]);
        let ran = check(folder.path()).exits(2).no_result();
        for word in [
            "Policy",
            "from_str",
            "Options",
            "Nodes {",
            "breached",
            " at line ",
        ] {
            assert!(!ran.stderr.contains(word), "{word}: {}", ran.stderr);
        }
    }
}

#[test]
fn fields_are_checked_by_name_and_kind() {
    refuses(
        "owner:",
        "ownr:",
        &[
            "unknown field `ownr`",
            "help: did you mean `owner`?",
            "missing field `owner`",
            "./x.yaml:7:1",
            "7 | ownr: host",
        ],
    );
    refuses("scope: netns\n", "", &["missing field `scope`"]);
    refuses(
        "\"a title\"",
        "[a, b]",
        &["`title` must be text, not a list", "./x.yaml:2:8"],
    );
    refuses(
        "low",
        "urgent",
        &["unknown severity `urgent`", "./x.yaml:3:11", "high"],
    );
    refuses(
        "id: x",
        "id: Not_Kebab",
        &["bad id `Not_Kebab`", "./x.yaml:1:5"],
    );
    refuses("id: x", "id: y", &["the file is called `x`"]);
    refuses(
        "preview",
        "stable",
        &[
            "a stable rule needs its experiment in `lab`",
            "help: name the experiment",
        ],
    );
    refuses(
        "  ## What it costs\n",
        "",
        &[
            "lacks the heading",
            "What it costs",
            "help: keep the six headings",
        ],
    );
}

#[test]
fn expressions_are_checked_where_they_stand_also_in_a_block() {
    refuses(
        "core.somaxconn <",
        "core.somaxcon <",
        &[
            "unknown",
            "./x.yaml:11:5",
            "11 |     sysctl.net.core.somaxcon < 4096",
            "help: write `sysctl.net.core.somaxconn`, the nearest known name",
        ],
    );
    refuses(
        "ListenOverflows) >",
        "ListenOverflow) >",
        &[
            "./x.yaml:10:8",
            "help: write `counter.TcpExt.ListenOverflows`",
        ],
    );
    refuses("< 4096", "< \"text\"", &["./x.yaml:11:"]);
    refuses("< 4096", "< host.memory", &["./x.yaml:11:", "bytes"]);
    refuses("< 4096", "+ 4096", &["./x.yaml:1"]);
    refuses(
        "rate(counter.TcpExt.ListenOverflows) > 0",
        "counter.TcpExt.ListenOverflows > 0",
        &["./x.yaml:10:3", "rate("],
    );
    refuses("// Any at all.", "(", &["./x.yaml:"]);
    refuses(
        "{delta(counter.TcpExt.ListenOverflows)}",
        "{delta(counter.TcpExt.Nothing)}",
        &["./x.yaml:12:18"],
    );
    refuses(
        "{delta(counter.TcpExt.ListenOverflows)}",
        "{delta(counter.TcpExt.ListenOverflows)",
        &["./x.yaml:12:"],
    );
    refuses(
        "{delta(counter.TcpExt.ListenOverflows)}",
        "{}",
        &["./x.yaml:12:"],
    );
}

#[test]
fn a_condition_must_be_true_or_false() {
    let good = rule("x");
    let start = good.find("when: |").unwrap();
    let end = good.find("message:").unwrap();
    refuses(
        &good[start..end],
        "when: rate(counter.TcpExt.ListenOverflows)\n",
        &["./x.yaml:8:7"],
    );
    refuses(
        &good[start..end],
        "when: [a]\n",
        &["`when` must be an expression, not a list", "./x.yaml:8:7"],
    );
    refuses(&good[start..end], "when: ''\n", &["./x.yaml:8:"]);
}

#[test]
fn settings_are_checked_against_the_catalogue() {
    refuses(
        "net.core.somaxconn: 4096",
        "net.core.somaxcon: 4096",
        &[
            "unknown sysctl key `net.core.somaxcon`",
            "./x.yaml:14:3",
            "did you mean `net.core.somaxconn`?",
        ],
    );
    refuses(
        "net.core.somaxconn: 4096",
        "net.ipv4.ip_forward: true",
        &[
            "`net.ipv4.ip_forward` is never written",
            "./x.yaml:14:3",
            "help: advise instead",
        ],
    );
    refuses(
        "net.core.somaxconn: 4096",
        "net.core.somaxconn: [1, 2]",
        &[
            "value does not fit `net.core.somaxconn`",
            "it takes 1 value(s), not 2",
        ],
    );
    refuses(
        "net.core.somaxconn: 4096",
        "net.core.somaxconn: \"'a'\"",
        &["./x.yaml:14:24"],
    );
    refuses(
        "net.core.somaxconn: 4096",
        "net.ipv4.tcp_rmem: 4096",
        &["it takes 3 value(s), not 1"],
    );
}

#[test]
fn what_is_too_long_or_too_deep_is_refused() {
    let good = rule("x");
    let long = format!("when: {}1 > 0\n", "1 + ".repeat(1 << 18));
    let deep = format!("when: {}1{} > 0\n", "(".repeat(1500), ")".repeat(1500));
    let start = good.find("when: |").unwrap();
    let end = good.find("message:").unwrap();
    refuses(&good[start..end], &long, &["larger than 262144 bytes"]);
    refuses(
        &good[start..end],
        &format!("{}1 > 0\n", &long[..100_002]),
        &["is longer than 4096", "./x.yaml:8:"],
    );
    refuses(&good[start..end], &deep, &["./x.yaml:8:"]);
    refuses(
        "id: x",
        &"[".repeat(20_000),
        &["nested deeper than a rule file can need"],
    );
    refuses(
        "id: x",
        &bomb(),
        &["unfolds to more than a rule file can need"],
    );
    refuses(
        "id: x",
        &format!("# {}\n", "x".repeat(1 << 20)),
        &["larger than 262144 bytes"],
    );
}

/// Ten aliases of ten aliases of ten aliases...
fn bomb() -> String {
    let mut text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for at in 1..10 {
        let aliases = vec![format!("*a{}", at - 1); 10].join(",");
        let _ = writeln!(text, "a{at}: &a{at} [{aliases}]");
    }
    text
}

#[test]
fn control_characters_of_a_file_are_spelled_out() {
    for text in [
        "id: \"a\\0\\x1b[31m\"\n",
        "id: a\0\x1b[31m\n",
        "\x1b[2J: 1\n",
        "id: x\n\"\\x1b[2J\": 1\n",
        "id: \u{202e}x\n",
    ] {
        let folder = folder(&[("x.yaml", text), ("esc\x1b[31m.yaml", "id: z\n")]);
        let ran = check(folder.path())
            .exits(2)
            .no_result()
            .complains("esc\\x1b[31m.yaml");
        let active = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!ran.stderr.contains(active), "{:?}", ran.stderr);
    }
}

#[test]
fn all_problems_of_all_files_are_told_in_one_run() {
    let twice = rule("b").replacen("< 4096", "< host.memoryy", 1);
    let twice = twice.replacen("scope: netns", "scope: planet", 1);
    let folder = folder(&[
        ("a.yaml", "id: a\nid: a\n"),
        ("b.yaml", &twice),
        ("c/same.yaml", &rule("same")),
        ("d/same.yaml", &rule("same")),
        ("e.yaml", ""),
        ("f.test.yaml", "rule: nothing\nsurplus: 1\n"),
    ]);
    fs::write(folder.path().join("g.yaml"), b"\xff\xfe").unwrap();
    check(folder.path())
        .exits(2)
        .no_result()
        .complains("duplicate mapping key: id")
        .complains("./a.yaml:2:1")
        .complains("host.memoryy")
        .complains("./b.yaml:11:")
        .complains("unknown scope `planet`")
        .complains("./b.yaml:6:8")
        .complains("a second rule has the id `same`")
        .complains("the other is ./c/same.yaml")
        .complains("a rule must be a mapping, not nothing")
        .complains("not UTF-8 from byte 0")
        .complains("error: 6 problem(s) in rule files; nothing was judged");
    Tcptune::new()
        .args(["rules", "test", "."])
        .within(folder.path())
        .run()
        .exits(2)
        .no_result()
        .complains("./f.test.yaml")
        .complains("unknown field `surplus`")
        .complains("./b.yaml:11:");
}
