//! The screens and the JSON of reports: held against the files in `tests/screens`, the schema, and the
//! promises of the page. `BLESS=1 cargo test --test render` rewrites the files.

#![expect(clippy::expect_used, reason = "a failed expectation is a failed test")]

use tcptune::render::report::{
    Change, Evidence, Finding, Host, Instance, Kind, Maturity, NotFired, Owner, Period, Profile,
    REPORT_SCHEMA, Reference, Report, Scalar, Scope, SetBy, Severity, Since, Summary, Tool, Unit,
    Verdict, WaivedKey, Waiver, Window, schema,
};
use tcptune::render::{HumanOptions, human, json};
use unicode_width::UnicodeWidthStr;

#[path = "render/samples.rs"]
mod samples;
use samples::{every_shape, healthy, nothing_known};

fn page(report: &Report, options: HumanOptions<'_>) -> String {
    let mut out = Vec::new();
    human(report, &options, &mut out).expect("a vector takes everything");
    String::from_utf8(out).expect("pages are text")
}

fn document(report: &Report) -> String {
    let mut out = Vec::new();
    json(report, &mut out).expect("a vector takes everything");
    String::from_utf8(out).expect("JSON is text")
}

fn plain() -> HumanOptions<'static> {
    HumanOptions::default()
}

fn verbose() -> HumanOptions<'static> {
    HumanOptions {
        verbose: true,
        ..plain()
    }
}

fn quiet() -> HumanOptions<'static> {
    HumanOptions {
        quiet: true,
        ..plain()
    }
}

fn color() -> HumanOptions<'static> {
    HumanOptions {
        color: true,
        ..plain()
    }
}

/// Compares with `tests/screens/<name>`, or writes it when blessing.
fn holds_screen(name: &str, text: &str) {
    let path = format!("{}/tests/screens/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, text).expect("the screen can be written");
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        text == expected,
        "{name} has changed; look at it and run BLESS=1 cargo test --test render\n{text}"
    );
}

/// The text without colour sequences.
fn bare(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out.push_str(before);
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    out + rest
}

#[test]
fn every_shape_of_a_finding_has_its_screen() {
    holds_screen("every-shape.txt", &page(&every_shape(), plain()));
}

#[test]
fn the_verbose_screen_adds_evidence_reasons_and_sources() {
    holds_screen("every-shape-verbose.txt", &page(&every_shape(), verbose()));
}

#[test]
fn the_quiet_screen_is_a_line_for_each_finding() {
    let text = page(&every_shape(), quiet());
    holds_screen("every-shape-quiet.txt", &text);
    let waived = every_shape()
        .findings
        .iter()
        .filter(|f| f.waived.is_some())
        .count();
    assert_eq!(text.lines().count() + waived, every_shape().findings.len());
    assert_eq!(page(&healthy(), quiet()), "");
}

#[test]
fn a_healthy_screen_is_short_and_says_what_was_looked_at() {
    let text = page(&healthy(), plain());
    holds_screen("healthy.txt", &text);
    assert!(
        text.contains("no findings: 18 rules hold, 2 unknown, 1 n/a\n"),
        "{text}"
    );
    assert!(text.lines().count() <= 14, "{text}");
}

#[test]
fn a_screen_of_unknowns_does_not_read_as_health() {
    let text = page(&nothing_known(), plain());
    holds_screen("nothing-known.txt", &text);
    assert!(text.contains("nothing could be judged"), "{text}");
    assert!(!text.contains("no findings"), "{text}");
}

#[test]
fn the_json_of_every_shape_is_written_as_agreed() {
    holds_screen("every-shape.json", &document(&every_shape()));
    holds_screen("report.schema.json", &schema());
}

#[test]
fn the_head_says_what_the_counters_were_judged_over() {
    let told = [
        (Some(0.25), Since::Interval, "   window 0.25 s\n"),
        (
            Some(11_520.0),
            Since::Snapshot,
            "   window 3 h 12 min (since the snapshot)\n",
        ),
        (None, Since::Interval, "   one sample (no rates)\n"),
        (None, Since::Boot, "   judged since boot\n"),
    ];
    for (seconds, since, text) in told {
        let mut report = healthy();
        report.window = Window {
            seconds,
            since,
            remembered_seconds: None,
        };
        let page = page(&report, plain());
        assert!(page.contains(text), "{page}");
    }
}

#[test]
fn the_head_says_how_far_back_the_last_run_was() {
    for (seconds, since, text) in [
        (
            Some(1.01),
            Since::Interval,
            "   window 1.01 s, and 8 h 3 min since the last run\n",
        ),
        (
            None,
            Since::Boot,
            "   window 8 h 3 min (since the last run)\n",
        ),
    ] {
        let mut report = healthy();
        report.window = Window {
            seconds,
            since,
            remembered_seconds: Some(28_980.0),
        };
        let page = page(&report, plain());
        assert!(page.contains(text), "{page}");
    }
}

#[test]
fn the_last_line_says_that_nothing_was_changed() {
    for report in [every_shape(), healthy(), nothing_known()] {
        for options in [plain(), verbose(), color()] {
            assert!(page(&report, options).ends_with("\nNothing was changed.\n"));
        }
    }
}

#[test]
fn no_line_is_wider_than_the_page_except_for_a_word_that_is() {
    for report in [every_shape(), healthy(), nothing_known()] {
        for width in [0, 60, 72, 80, 100, 500] {
            let limit = width.clamp(HumanOptions::NARROWEST, HumanOptions::WIDEST);
            for options in [plain(), verbose()] {
                let text = page(&report, HumanOptions { width, ..options });
                for line in text.lines().filter(|line| line.width() > limit) {
                    let alone = line.split_whitespace().count() == 1;
                    let tail = line
                        .get(11..)
                        .is_some_and(|text| !text.trim().contains(' '));
                    assert!(alone || tail, "{width}: {line}");
                }
            }
        }
    }
}

#[test]
fn nothing_but_styles_is_ever_sent_to_a_terminal() {
    let report = every_shape();
    for text in [
        page(&report, plain()),
        page(&report, verbose()),
        page(&report, quiet()),
        document(&report),
    ] {
        let odd = text
            .chars()
            .find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
        assert_eq!(odd, None, "{text}");
    }
    let odd = bare(&page(&report, color())).contains('\u{1b}');
    assert!(!odd, "a sequence from data survived");
}

/// Puts what a terminal would act on into every text of a report, names and keys included.
fn poison(value: &mut serde_json::Value, field: &str) {
    const WORDS: [&str; 10] = [
        "schema", "severity", "kind", "maturity", "scope", "owner", "period", "unit", "verdict",
        "since",
    ];
    match value {
        serde_json::Value::String(text) if !WORDS.contains(&field) => {
            *text = text.replace('\n', "\u{1b}[7m\n");
            text.insert_str(0, "\u{1b}[2J\u{9b}\u{202e}\u{7}\n\r");
            text.push_str("\u{1b}]0;x\u{7}\u{200b}\u{e0041}");
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| poison(item, field)),
        serde_json::Value::Object(fields) => {
            fields
                .iter_mut()
                .for_each(|(name, item)| poison(item, name));
        }
        _ => {}
    }
}

#[test]
fn no_text_of_a_report_can_give_orders_to_a_terminal() {
    for report in [every_shape(), healthy(), nothing_known()] {
        let mut value = serde_json::to_value(report).expect("a report is JSON");
        poison(&mut value, "");
        let report: Report = serde_json::from_value(value).expect("it is a report still");
        let pages = [plain(), verbose(), quiet()].map(|options| page(&report, options));
        let coloured = bare(&page(
            &report,
            HumanOptions {
                color: true,
                ..verbose()
            },
        ));
        for text in pages.into_iter().chain([coloured, document(&report)]) {
            let odd = text.chars().find(|c| {
                (c.is_control() && *c != '\n') || "\u{202e}\u{200b}\u{e0041}".contains(*c)
            });
            assert_eq!(odd, None, "{text}");
        }
        assert!(
            !page(&report, plain()).contains("sudo"),
            "no poisoned command may be offered"
        );
    }
}

#[test]
fn colour_adds_nothing_that_plain_text_does_not_say() {
    let text = page(&every_shape(), color());
    assert!(text.contains('\u{1b}'));
    assert_eq!(bare(&text), page(&every_shape(), plain()));
}

#[test]
fn a_value_without_end_is_cut_on_the_page_and_whole_in_json() {
    let digits = "00000000,".repeat(40);
    let mut report = every_shape();
    for finding in &mut report.findings {
        finding.message = format!("/etc/sysctl.d/a.conf:1 sets {digits}.");
        for one in &mut finding.instances {
            one.value = Some(digits.clone());
        }
        for change in &mut finding.changes {
            change.recommended.clone_from(&digits);
            change.next_boot = Some(digits.clone());
        }
        for fact in &mut finding.evidence {
            fact.shown.clone_from(&digits);
        }
    }
    for options in [plain(), verbose()] {
        let text = page(&report, options);
        // Commands are to be copied.
        let command = |line: &&str| line.contains("=00000000,");
        let told: Vec<_> = text
            .lines()
            .filter(|line| line.contains("00000000,") && !command(line))
            .collect();
        assert!(told.len() > 5, "{text}");
        for line in told {
            assert!(line.width() <= 80 && line.contains('…'), "{line}");
        }
    }
    assert!(document(&report).contains(&digits));
}

#[test]
fn a_key_is_never_broken() {
    let text = page(
        &every_shape(),
        HumanOptions {
            width: 60,
            ..verbose()
        },
    );
    for change in every_shape().findings.iter().flat_map(|f| &f.changes) {
        if !change.key.contains(char::is_control) {
            assert!(text.contains(&change.key), "{}", change.key);
        }
    }
}

#[test]
fn every_open_change_has_its_command_and_its_undo_and_no_other_has() {
    let text = page(&every_shape(), plain());
    assert!(text.contains("sudo sysctl -w net.ipv4.ip_local_port_range=\"16384 60999\"\n"));
    assert!(text.contains("sudo sysctl -w net.ipv4.ip_local_port_range=\"32768 60999\"\n"));
    assert!(
        !text.contains("sysctl -w net.core.netdev_max_backlog"),
        "it is blocked"
    );
    assert!(
        !text.contains("sysctl -w net.ipv4.tcp_max_syn_backlog"),
        "it has no undo"
    );
}

#[test]
fn more_lines_at_fault_are_four_on_the_page_and_all_when_asked_for() {
    let listed = |options| {
        let text = page(&every_shape(), options);
        let lines = (1..=7).filter(|n| text.contains(&format!("/60-limits.conf:{n}: ")));
        let short = (1..=7).filter(|n| text.contains(&format!("/60-limits.conf:{n}  ")));
        (lines.count(), short.count(), text)
    };
    let (full, short, text) = listed(plain());
    assert_eq!((full, short), (1, 4), "{text}");
    assert!(
        text.contains("           and 210 more; --verbose\n"),
        "{text}"
    );
    let (full, short, text) = listed(verbose());
    assert_eq!((full, short), (7, 0), "{text}");
    assert!(text.contains("           and 208 more\n"), "{text}");
}

#[test]
fn a_command_wanted_by_two_findings_is_offered_once() {
    let text = page(&every_shape(), plain());
    let offers = text
        .matches("by hand  sudo sysctl -w net.core.somaxconn=4096")
        .count();
    assert_eq!(offers, 1, "{text}");
    assert!(
        text.contains("net.core.somaxconn: as under accept-queue-overflow"),
        "{text}"
    );
}

#[test]
fn json_reads_back_as_the_same_report() {
    for report in [every_shape(), healthy(), nothing_known()] {
        let back: Report = serde_json::from_str(&document(&report)).expect("it reads back");
        assert_eq!(back, report);
    }
}

#[test]
fn json_has_the_fields_in_the_agreed_order() {
    let text = document(&every_shape());
    let fields = [
        "schema",
        "tool",
        "host",
        "window",
        "profile",
        "notes",
        "summary",
        "findings",
        "not_fired",
        "wanted",
    ];
    let places: Vec<_> = fields
        .iter()
        .map(|field| {
            text.find(&format!("\n  \"{field}\":"))
                .expect("the field is there")
        })
        .collect();
    assert!(places.is_sorted(), "{places:?}");
}

#[test]
fn every_report_obeys_the_published_schema() {
    let schema: serde_json::Value = serde_json::from_str(&schema()).expect("the schema is JSON");
    jsonschema::meta::validate(&schema).expect("the schema is a schema");
    let schema = jsonschema::validator_for(&schema).expect("the schema compiles");
    for report in [every_shape(), healthy(), nothing_known()] {
        let value = serde_json::from_str(&document(&report)).expect("JSON");
        let errors: Vec<_> = schema.iter_errors(&value).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
    }
}

#[test]
fn the_schema_refuses_what_is_no_report() {
    let text = schema();
    let schema = serde_json::from_str(&text).expect("the schema is JSON");
    let schema = jsonschema::validator_for(&schema).expect("the schema compiles");
    let good: serde_json::Value = serde_json::from_str(&document(&every_shape())).expect("JSON");
    let spoil = |pointer: &str, field: &str, value: serde_json::Value| {
        let mut bad = good.clone();
        let at = bad
            .pointer_mut(pointer)
            .and_then(|v| v.as_object_mut())
            .expect("an object");
        at.insert(field.to_owned(), value);
        assert!(!schema.is_valid(&bad), "{pointer} {field}");
        // Any version is text to the type; which one it is, is for whoever reads it.
        let readable = serde_json::from_value::<Report>(bad).is_ok();
        assert_eq!(readable, field == "schema", "{pointer} {field}");
    };
    spoil("", "extra", 1.into());
    spoil("", "schema", "tcptune.report/2".into());
    spoil("/host", "extra", 1.into());
    spoil("/findings/0", "extra", 1.into());
    spoil("/findings/0", "severity", "urgent".into());
    spoil("/findings/0/changes/0", "recommended", 1.into());
    spoil("/not_fired/0", "verdict", "passed".into());
    for node in [
        "/host",
        "/findings/0",
        "/findings/0/changes/0",
        "/findings/0/evidence/0",
    ] {
        let fields = good
            .pointer(node)
            .and_then(|v| v.as_object())
            .expect("an object");
        for field in fields.keys() {
            let mut bad = good.clone();
            let object = bad
                .pointer_mut(node)
                .and_then(|v| v.as_object_mut())
                .expect("an object");
            object.remove(field);
            assert!(
                !schema.is_valid(&bad),
                "{node} without {field}: null is written, not left out"
            );
        }
    }
}

#[test]
fn every_field_of_the_schema_is_described() {
    fn walk(value: &serde_json::Value, path: &str) {
        if let Some(fields) = value.get("properties").and_then(|v| v.as_object()) {
            for (name, field) in fields {
                assert!(field.get("description").is_some(), "{path}/{name}");
            }
        }
        if let Some(parts) = value.as_object() {
            for (name, part) in parts {
                walk(part, &format!("{path}/{name}"));
            }
        }
    }
    walk(&serde_json::from_str(&schema()).expect("JSON"), "");
}

#[test]
fn a_number_that_is_none_is_null() {
    assert_eq!(Scalar::number(f64::NAN), None);
    assert_eq!(Scalar::number(f64::INFINITY), None);
    assert_eq!(Scalar::number(28_114.0), Some(Scalar::Whole(28_114)));
    assert_eq!(Scalar::number(0.5), Some(Scalar::Real(0.5)));
    assert_eq!(Scalar::number(1e300), Some(Scalar::Real(1e300)));
}

#[test]
fn the_summary_counts_each_rule_once() {
    for report in [every_shape(), healthy(), nothing_known()] {
        let rules = report.findings.len() + report.not_fired.len();
        assert_eq!(report.summary.rules(), rules as u64);
    }
    let summary = every_shape().summary;
    let past = every_shape()
        .findings
        .iter()
        .filter(|f| f.period == Period::Past)
        .count();
    assert_eq!(summary.past, past as u64);
}

#[test]
fn a_thousand_unknown_rules_take_few_lines_and_none_is_lost_when_asked_for() {
    let mut report = nothing_known();
    report.not_fired = (0..1_000)
        .map(|number| NotFired {
            rule: format!("site-rule-{number}"),
            verdict: Verdict::Unknown,
            reason: Some(format!("cause {}", number % 9)),
            mechanism: None,
            severity: None,
        })
        .collect();
    report.summary = Summary::of(&[], &report.not_fired);
    let text = page(&report, plain());
    assert!(text.lines().count() <= 12, "{text}");
    assert!(text.contains(" more"), "{text}");
    let text = page(&report, verbose());
    let words: Vec<_> = text
        .split_whitespace()
        .map(|word| word.trim_end_matches(','))
        .collect();
    for rule in &report.not_fired {
        assert!(words.contains(&rule.rule.as_str()), "{}", rule.rule);
    }
}
