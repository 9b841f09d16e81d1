//! The formats of `tcptune lint`: held against the files in `tests/screens`, the published schema of SARIF, and
//! what GitHub and build servers read. `BLESS=1 cargo test --test lint_formats` rewrites the files.

#![expect(clippy::unwrap_used, reason = "a failed expectation is a failed test")]

use proptest::prelude::*;
use tcptune::render::lint::{
    FoundAssignment, LINT_SCHEMA, Linted, LintedLine, SkippedFile, github, junit, sarif, schema,
};
use tcptune::render::report::Tool;
use tcptune::render::{HumanOptions, human_linted, json};
use unicode_width::UnicodeWidthStr;

/// A finding with a text of somebody's in every place that can hold one.
fn line(file: &str, text: &str) -> LintedLine {
    LintedLine {
        file: file.to_owned(),
        line: 3,
        column: 1,
        key: text.to_owned(),
        value: text.to_owned(),
        rule: "lint-any".to_owned(),
        severity: "low".to_owned(),
        title: text.to_owned(),
        message: text.to_owned(),
        replacement: Some(text.to_owned()),
        kernels: vec![text.to_owned()],
        source: text.to_owned(),
        url: None,
    }
}

fn result(findings: Vec<LintedLine>) -> Linted {
    Linted {
        schema: LINT_SCHEMA.to_owned(),
        tool: Tool {
            name: "tcptune".to_owned(),
            version: "0.1.0".to_owned(),
        },
        files: 1_204,
        skipped: Vec::new(),
        passed_over: 0,
        kernels: vec!["RHEL 8 (4.18)".to_owned(), "RHEL 9 (5.14)".to_owned()],
        kubernetes: None,
        findings,
        ignored: 0,
        assignments: None,
    }
}

/// One of everything.
fn every_shape() -> Linted {
    let key = "net.ipv4.tcp_tw_recycle";
    let recycle = LintedLine {
        file: "deploy/sysctl.d/90-net.conf".to_owned(),
        line: 7,
        key: key.to_owned(),
        value: "1".to_owned(),
        rule: "lint-tw-recycle".to_owned(),
        severity: "high".to_owned(),
        title: "tcp_tw_recycle was removed".to_owned(),
        message:
            "Linux 4.12 removed this key. The line sets nothing, and where a kernel still has the \
                  key it cuts off clients behind a shared address."
                .to_owned(),
        replacement: Some("delete the line".to_owned()),
        kernels: vec!["RHEL 8 (4.18)".to_owned(), "RHEL 9 (5.14)".to_owned()],
        source: format!("{key} = 1"),
        url: Some("https://git.kernel.org/linus/4396e46187ca".to_owned()),
        ..line("", "")
    };
    let script = LintedLine {
        file: "scripts/tune,all: 100%.sh".to_owned(),
        line: 12,
        column: 13,
        severity: "medium".to_owned(),
        kernels: vec!["RHEL 9 (5.14)".to_owned()],
        replacement: None,
        url: None,
        source: format!(
            "\tsysctl -w  {key}=1 \u{1b}[2J\u{202e}# größer 数据 {}",
            "x".repeat(300)
        ),
        ..recycle.clone()
    };
    let secret = LintedLine {
        severity: "info".to_owned(),
        key: "net.ipv4.tcp_fastopen_key".to_owned(),
        value: "(not shown)".to_owned(),
        column: 90,
        source: "net.ipv4.tcp_fastopen_key (not shown)".to_owned(),
        ..recycle.clone()
    };
    let assignment = |commented, dynamic, flaw: Option<&str>| FoundAssignment {
        file: "deploy/sysctl.d/90-net.conf".to_owned(),
        line: 7,
        key: key.to_owned(),
        value: if dynamic {
            "${ON}".to_owned()
        } else {
            "1".to_owned()
        },
        commented,
        dynamic,
        syntax: "conf".to_owned(),
        flaw: flaw.map(str::to_owned),
    };
    Linted {
        skipped: vec![SkippedFile {
            file: "private/x.conf".to_owned(),
            why: "EACCES".to_owned(),
            partly: false,
        }],
        passed_over: 2,
        kubernetes: Some("1.34".to_owned()),
        ignored: 3,
        assignments: Some(vec![
            assignment(false, false, None),
            assignment(true, true, Some("quotes")),
        ]),
        ..result(vec![recycle, secret, script])
    }
}

type Writer = fn(&Linted, &mut Vec<u8>) -> std::io::Result<()>;

fn page(linted: &Linted, write: Writer) -> String {
    let mut out = Vec::new();
    write(linted, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn human(linted: &Linted, color: bool) -> String {
    let mut out = Vec::new();
    let options = HumanOptions {
        color,
        ..HumanOptions::default()
    };
    human_linted(linted, &options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Compares with `tests/screens/<name>`, or writes it when blessing.
fn holds_screen(name: &str, text: &str) {
    let path = format!("{}/tests/screens/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        text == expected,
        "{name} has changed; look at it and run BLESS=1 cargo test --test lint_formats\n{text}"
    );
}

#[test]
fn every_shape_looks_as_committed() {
    let all = every_shape();
    holds_screen("lint.txt", &human(&all, false));
    holds_screen("lint-github.txt", &page(&all, github));
    holds_screen("lint-junit.xml", &page(&all, junit));
    holds_screen("lint.sarif", &page(&all, sarif));
    holds_screen("lint.schema.json", &schema());
}

#[test]
fn a_page_fits_80_columns_and_colour_changes_no_word() {
    let plain = human(&every_shape(), false);
    // A path with its line stands whole, so that it can be copied.
    let is_place = |line: &&str| line.contains(".conf:") || line.contains(".sh:");
    for line in plain.lines().filter(|line| !is_place(line)) {
        assert!(line.width() <= 80, "{line}");
    }
    let mut bare = String::new();
    let colored = human(&every_shape(), true);
    for (at, piece) in colored.split("\u{1b}[").enumerate() {
        bare.push_str(if at == 0 {
            piece
        } else {
            piece.split_once('m').unwrap().1
        });
    }
    assert_eq!(bare, plain);
    assert_ne!(colored, plain);
}

#[test]
fn the_carets_stand_under_the_key() {
    let page = human(&every_shape(), false);
    let lines: Vec<&str> = page.lines().collect();
    let mut seen = 0;
    for pair in lines.windows(2) {
        if let Some(at) = pair[1]
            .find('^')
            .filter(|_| pair[1].trim_end().ends_with('^'))
        {
            let marked: String = pair[0].chars().skip(at).collect();
            assert!(marked.starts_with("net.ipv4.tcp_"), "{}", pair[0]);
            seen += 1;
        }
    }
    assert_eq!(seen, 3, "{page}");
}

#[test]
fn json_holds_to_its_schema_and_reads_back() {
    let schema: serde_json::Value = serde_json::from_str(&schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for linted in [every_shape(), result(Vec::new())] {
        let text = page(&linted, json);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let faults: Vec<String> = validator
            .iter_errors(&value)
            .map(|e| e.to_string())
            .collect();
        assert!(faults.is_empty(), "{faults:?}");
        assert_eq!(serde_json::from_str::<Linted>(&text).unwrap(), linted);
    }
    assert!(!validator.is_valid(&serde_json::json!({ "schema": "tcptune.lint/2" })));
}

fn sarif_schema() -> jsonschema::Validator {
    let text = include_str!("sarif-schema-2.1.0.json");
    jsonschema::validator_for(&serde_json::from_str(text).unwrap()).unwrap()
}

#[test]
fn sarif_holds_to_the_published_schema() {
    let validator = sarif_schema();
    for linted in [every_shape(), result(Vec::new())] {
        let value: serde_json::Value = serde_json::from_str(&page(&linted, sarif)).unwrap();
        let faults: Vec<String> = validator
            .iter_errors(&value)
            .map(|e| e.to_string())
            .collect();
        assert!(faults.is_empty(), "{faults:?}");
        let run = &value["runs"][0];
        assert_eq!(
            run["results"].as_array().unwrap().len(),
            linted.findings.len()
        );
        for result in run["results"].as_array().unwrap() {
            let rule = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(run["tool"]["driver"]["rules"][rule]["id"], result["ruleId"]);
        }
    }
    // The schema is not one that takes anything.
    assert!(!validator.is_valid(&serde_json::json!({ "version": "2.1.0", "runs": [{}] })));
}

#[test]
fn junit_counts_what_it_holds() {
    for (linted, cases) in [(every_shape(), 4), (result(Vec::new()), 1)] {
        let text = page(&linted, junit);
        let document = roxmltree::Document::parse(&text).unwrap();
        let count = |tag: &str| {
            let all = document.descendants();
            all.filter(|node| node.has_tag_name(tag))
                .count()
                .to_string()
        };
        let root = document.root_element();
        assert_eq!(count("testcase"), cases.to_string());
        for (attribute, tag) in [
            ("tests", "testcase"),
            ("failures", "failure"),
            ("errors", "error"),
        ] {
            assert_eq!(
                root.attribute(attribute),
                Some(count(tag).as_str()),
                "{tag}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever a file is called and holds: no format breaks, and no terminal is given orders.
    #[test]
    fn any_text_stays_a_text(file in "\\PC*|.*", text in "(?s).*") {
        let all = result(vec![line(&file, &text)]);
        let commands = page(&all, github);
        prop_assert_eq!(commands.lines().count(), 2);
        prop_assert_eq!(commands.matches("::notice file=").count(), 1 + file.matches("::notice file=").count());
        let xml = page(&all, junit);
        prop_assert!(roxmltree::Document::parse(&xml).is_ok());
        let log: serde_json::Value =
            serde_json::from_str(&page(&all, sarif)).unwrap();
        let uri = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        prop_assert!(uri.as_str().unwrap().bytes().all(|byte| byte.is_ascii_graphic()));
        let pages = [commands, xml, human(&all, false), page(&all, json)];
        for page in pages {
            let active = |c: char| c != '\n' && tcptune::fact::is_active(c);
            prop_assert!(!page.contains(active), "{:?}", page);
        }
    }
}
