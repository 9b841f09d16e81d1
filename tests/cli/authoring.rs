//! Rules as somebody works on them: listed, tried by their cases, and linted.

use std::fs;

use tempfile::TempDir;

use crate::rule_files::{folder, rule};
use crate::run::Tcptune;
use crate::site::at;

/// A rule that changes nothing it should not, with a case that fires.
const GOOD: &str = "\
id: many-overflows
title: many overflows
severity: low
kind: symptom
maturity: preview
scope: netns
owner: host
when: delta(counter.TcpExt.ListenOverflows) >= 10
message: \"{delta(counter.TcpExt.ListenOverflows)} overflows\"
set:
  net.core.somaxconn: { to: 4096, when: sysctl.net.core.somaxconn < 4096 }
explain: |
  ## What happens
  ## Why it hurts
  ## What tcptune changes
  ## What it costs
  ## When to ignore it
  ## See it yourself
references: [{ title: listen(2), url: \"https://man7.org/linux/man-pages/man2/listen.2.html\" }]
";

const CASES: &str = "\
rule: many-overflows
cases:
  - name: ten fire
    facts: { counter.TcpExt.ListenOverflows: [0, 10], sysctl.net.core.somaxconn: 128 }
    expect: fires
    set: { net.core.somaxconn: 4096 }
  - name: nine do not
    facts: { counter.TcpExt.ListenOverflows: [0, 9], sysctl.net.core.somaxconn: 128 }
    expect: holds
";

fn good() -> TempDir {
    folder(&[
        ("rules.d/own/many-overflows.yaml", GOOD),
        ("rules.d/own/many-overflows.test.yaml", CASES),
    ])
}

/// The document is of the schema that the program prints.
fn of_schema(name: &str, document: &serde_json::Value) {
    let printed = Tcptune::new().args(["schema", name]).run().exits(0).json();
    let schema = jsonschema::validator_for(&printed).unwrap();
    let faults: Vec<_> = schema
        .iter_errors(document)
        .map(|fault| fault.to_string())
        .collect();
    assert!(faults.is_empty(), "{name}: {faults:?}");
}

#[test]
fn the_list_is_aligned_and_says_what_is_not_as_usual() {
    let site = folder(&[
        ("rules.d/own/mine.yaml", &rule("mine")),
        (
            "rules.d/abort-on-overflow.yaml",
            "id: abort-on-overflow\ndisabled: true\n",
        ),
        (
            "waivers.yaml",
            "waivers:
  - { rule: syncookies-off, reason: a, owner: me, until: 9999-12-31 }
  - { rule: no-op-key, key: net.ipv4.tcp_fack, reason: a, owner: me, until: 2026-01-01 }
",
        ),
    ]);
    let select = "mine,abort-on-overflow,syncookies-off,no-op-key";
    let ran = at(site.path(), &["rules", "list", "--select", select]);
    assert_eq!(
        ran.exits(0).quiet().stdout,
        "\
abort-on-overflow  medium  setting  stable   accept-queue  built in  disabled by ./rules.d/abort-on-overflow.yaml
mine               low     symptom  preview  own           ./rules.d/own/mine.yaml
no-op-key          info    setting  stable   hygiene       built in  waiver for net.ipv4.tcp_fack ended 2026-01-01
syncookies-off     medium  setting  stable   syn-queue     built in  waived until 9999-12-31
"
    );
    let ran = at(site.path(), &["rules", "list", "--format", "json"])
        .exits(0)
        .quiet();
    let list = ran.json();
    of_schema("rules", &list);
    let rules = list["rules"].as_array().unwrap();
    let of = |id: &str| rules.iter().find(|rule| rule["id"] == id).unwrap();
    assert_eq!(
        of("abort-on-overflow")["disabled_by"],
        "./rules.d/abort-on-overflow.yaml"
    );
    assert_eq!(of("mine")["built_in"], false);
    assert_eq!(of("syncookies-off")["waivers"][0]["expired"], false);
    assert_eq!(of("no-op-key")["waivers"][0]["expired"], true);
}

#[test]
fn the_built_in_rules_fit_80_columns() {
    let site = folder(&[]);
    let ran = at(site.path(), &["rules", "list"]).exits(0).quiet();
    for line in ran.stdout.lines() {
        assert!(line.len() <= 80, "{line}");
        assert!(
            line.ends_with("  built in") || line.ends_with(" built in"),
            "{line}"
        );
    }
}

#[test]
fn cases_are_judged_for_people_programs_and_build_servers() {
    let site = good();
    let ran = at(site.path(), &["rules", "test"]).exits(0).quiet();
    assert_eq!(ran.stdout, "2 passed, 0 failed\n");
    let broken = CASES
        .replace("[0, 9]", "[0, 90]")
        .replace("nine do not", "<90 & \\\"more\\\">");
    let broken = broken.replace(
        "name: <90 & \\\"more\\\">",
        "name: \"<90 & \\\"more\\\"\\e>\"",
    );
    fs::write(
        site.path().join("rules.d/own/many-overflows.test.yaml"),
        broken,
    )
    .unwrap();
    let ran = at(site.path(), &["rules", "test"]).exits(1).quiet();
    assert_eq!(
        ran.stdout,
        "\
FAIL ./rules.d/own/many-overflows.test.yaml:7: <90 & \"more\"\\x1b>: expected holds, got fires (\"90 overflows\")
1 passed, 1 failed
"
    );
    let ran = at(site.path(), &["rules", "test", "--format", "json"])
        .exits(1)
        .quiet();
    let report = ran.json();
    of_schema("rules-test", &report);
    assert_eq!(
        (&report["passed"], &report["failed"]),
        (&1.into(), &1.into())
    );
    assert_eq!(report["rules"][0]["cases"][1]["line"], 7);
    let ran = at(site.path(), &["rules", "test", "--format", "junit"])
        .exits(1)
        .quiet();
    assert_eq!(
        ran.stdout,
        "\
<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<testsuites name=\"tcptune rules test\" tests=\"2\" failures=\"1\" errors=\"0\">
  <testsuite name=\"many-overflows\" tests=\"2\" failures=\"1\" errors=\"0\" file=\"./rules.d/own/many-overflows.test.yaml\">
    <testcase name=\"ten fire\" classname=\"many-overflows\" file=\"./rules.d/own/many-overflows.test.yaml\" line=\"3\"/>
    <testcase name=\"&lt;90 &amp; &quot;more&quot;\\x1b&gt;\" classname=\"many-overflows\" file=\"./rules.d/own/many-overflows.test.yaml\" line=\"7\">
      <failure message=\"expected holds, got fires (&quot;90 overflows&quot;)\"/>
    </testcase>
  </testsuite>
</testsuites>
"
    );
    assert!(roxmltree::Document::parse(&ran.stdout).is_ok());
}

#[test]
fn one_file_is_enough_to_name() {
    let site = good();
    for name in ["many-overflows.yaml", "many-overflows.test.yaml"] {
        let path = format!("rules.d/own/{name}");
        let ran = at(site.path(), &["rules", "test", &path]).exits(0).quiet();
        assert_eq!(ran.stdout, "2 passed, 0 failed\n", "{name}");
        at(site.path(), &["rules", "lint", &path]).exits(0).quiet();
    }
    fs::remove_file(site.path().join("rules.d/own/many-overflows.test.yaml")).unwrap();
    let ran = at(
        site.path(),
        &["rules", "test", "rules.d/own/many-overflows.yaml"],
    );
    assert_eq!(
        ran.exits(1).stdout,
        "FAIL many-overflows: no cases beside it\n0 passed, 1 failed\n"
    );
}

#[test]
fn cases_of_a_built_in_rule_judge_that_rule_and_say_so() {
    let cases = "\
rule: abort-on-overflow
cases:
  - name: our balancer's way
    facts: { sysctl.net.ipv4.tcp_abort_on_overflow: 0 }
    expect: holds
";
    let site = folder(&[("own/abort-on-overflow.test.yaml", cases)]);
    let ran = at(site.path(), &["rules", "test", "own"]).exits(0).quiet();
    assert_eq!(
        ran.stdout,
        "\
note own/abort-on-overflow.test.yaml: judges the built-in rule abort-on-overflow
1 passed, 0 failed
"
    );
}

#[test]
fn cases_without_their_rule_are_an_error() {
    let site = folder(&[(
        "own/x.test.yaml",
        &CASES.replace("rule: many-overflows", "rule: abort-on-overflw"),
    )]);
    let ran = at(site.path(), &["rules", "test", "own"])
        .exits(2)
        .no_result();
    assert_eq!(
        ran.stderr,
        "\
error: no rule `abort-on-overflw`, neither here nor built in
 --> own/x.test.yaml:1:7
  |
1 | rule: abort-on-overflw
  |       ^^^^^^^^^^^^^^^^
  = help: did you mean `abort-on-overflow`?

error: 1 problem(s) in rule files; nothing was judged
"
    );
}

#[test]
fn without_a_path_the_site_has_to_have_rules() {
    let site = folder(&[]);
    for command in ["test", "lint"] {
        let ran = at(site.path(), &["rules", command]).exits(2).no_result();
        assert_eq!(
            ran.stderr,
            "error: this site has no rules.d\n  help: name a folder or a file, PATH\n"
        );
    }
}

#[test]
fn lint_is_content_with_a_rule_that_is_explained_and_bounded() {
    let site = good();
    let ran = at(site.path(), &["rules", "lint"]).exits(0).quiet();
    assert_eq!(ran.stdout, "1 rule, nothing found\n");
    let ran = at(site.path(), &["rules", "lint", "--format", "json"])
        .exits(0)
        .quiet();
    of_schema("rules-lint", &ran.json());
}

/// The rule with one thing changed, and its cases with another; what lint says of it.
fn linted(rule: (&str, &str), cases: (&str, &str)) -> String {
    assert!(
        GOOD.contains(rule.0) && CASES.contains(cases.0),
        "{rule:?}, {cases:?}"
    );
    let site = folder(&[
        ("r/many-overflows.yaml", &GOOD.replace(rule.0, rule.1)),
        (
            "r/many-overflows.test.yaml",
            &CASES.replace(cases.0, cases.1),
        ),
    ]);
    let ran = at(site.path(), &["rules", "lint", "r"]).exits(1).quiet();
    let json = at(site.path(), &["rules", "lint", "r", "--format", "json"]).exits(1);
    of_schema("rules-lint", &json.json());
    ran.stdout
}

#[test]
fn lint_finds_each_fault_at_its_place() {
    let same = ("cases:", "cases:");
    let unexplained = GOOD
        .split_once("explain: |")
        .unwrap()
        .1
        .split_once("references")
        .unwrap()
        .0;
    let unexplained = format!("explain: |{unexplained}");
    assert_eq!(
        linted((&unexplained, "explain: in short\n"), same),
        "\
r/many-overflows.yaml:12:1: unexplained: `explain` has no `## What happens`, `## Why it hurts`, `## What tcptune changes`, `## What it costs`, `## When to ignore it`, `## See it yourself`
  help: write two to six lines under each of the six headings
1 rule, 1 fault found
"
    );
    let reference = GOOD.lines().last().unwrap();
    assert!(linted((reference, ""), same).starts_with(
        "r/many-overflows.yaml:1:1: no-reference: no source for what the rule says\n"
    ));
    let target = "{ to: 4096, when: sysctl.net.core.somaxconn < 4096 }";
    let grown = (
        "set: { net.core.somaxconn: 4096 }",
        "set: { net.core.somaxconn: 256 }",
    );
    let said = linted((target, "min(65536, 2 * sysctl.net.core.somaxconn)"), grown);
    assert!(
        said.starts_with("r/many-overflows.yaml:11:3: own-value-target: the target of `net.core.somaxconn` is worked out from its own value\n"),
        "{said}"
    );
    assert!(
        said.contains("r/many-overflows.yaml:11:3: no-fixpoint: after the change it wants `net.core.somaxconn` = 512 (case \"ten fire\")\n"),
        "{said}"
    );
    let unbounded = linted(
        (target, "max(4096, delta(counter.TcpExt.ListenOverflows))"),
        same,
    );
    assert!(
        unbounded.starts_with("r/many-overflows.yaml:11:3: unacceptable-target: the target can leave what the key accepts: 10000000000000 is outside 0 to 2147483647"),
        "{unbounded}"
    );
    let growing = linted(
        (
            target,
            "{ to: \"max(4096, socket.listening * 1.0e-4)\", when: sysctl.net.core.somaxconn < 4096 }",
        ),
        (
            "sysctl.net.core.somaxconn: 128 }\n    expect: fires",
            "sysctl.net.core.somaxconn: 128, socket.listening: 20 }\n    expect: fires",
        ),
    );
    assert!(
        growing.starts_with("r/many-overflows.yaml:11:3: unbounded-target: the target does not stop growing with `socket.listening`"),
        "{growing}"
    );
    let silent = linted(
        ("when: delta", "when: 1 > 2 && delta"),
        (
            "expect: fires\n    set: { net.core.somaxconn: 4096 }",
            "expect: holds",
        ),
    );
    assert_eq!(
        silent,
        "\
r/many-overflows.yaml:8:1: constant-condition: this is always false
  help: a condition has to read a fact that decides it
r/many-overflows.yaml:8:1: never-fires: no case fires, so nobody has seen the rule fire
  help: add a case with `expect: fires` beside the rule
1 rule, 2 faults found
"
    );
    let guarded = linted(
        (
            "explain: |",
            "guards: [{ when: socket.listening > 0, because: busy }]\nexplain: |",
        ),
        (
            "set: { net.core.somaxconn: 4096 }",
            "set: { net.core.somaxconn: 4096 }\n    blocked: true",
        ),
    );
    assert_eq!(
        guarded,
        "\
r/many-overflows.yaml:12:10: always-blocked: this guard blocks the changes in every case that fires
  help: add a case whose changes may be made, or leave `set` empty and advise
1 rule, 1 fault found
"
    );
}

#[test]
fn a_file_with_another_ending_says_which_one_is_read() {
    let folder = good();
    for (name, why) in [
        ("x.yml", "a file that ends in .yml is not read"),
        ("x.txt", "its name does not end in .yaml"),
    ] {
        let file = folder.path().join(name);
        fs::write(&file, "id: x\n").unwrap();
        for command in ["test", "lint"] {
            Tcptune::new()
                .args(["rules", command, file.to_str().unwrap()])
                .run()
                .exits(2)
                .no_result()
                .complains(why);
        }
    }
}
