//! What `why` tells, held against the files in `tests/screens`, the schema, and the promises of the page.
//! `BLESS=1 cargo test --test why` rewrites the files.

#![expect(clippy::expect_used, reason = "a failed expectation is a failed test")]

use tcptune::check::{Judgement, View, judge};
use tcptune::fact::boot::{Boot, Forecast};
use tcptune::fact::{Reading, Snapshot, Value};
use tcptune::plan::plan;
use tcptune::render::why::{WHY_SCHEMA, WhyKey, schema};
use tcptune::render::{HumanOptions, Inquiry, Why, human_why, json, why};
use tcptune::rule::Rulebook;
use unicode_width::UnicodeWidthStr;

#[path = "why/hosts.rs"]
mod hosts;
use hosts::{FIN, Host, RECYCLE, REUSE, SOMAXCONN};

/// The answer for keys of a host, all rules judged.
fn ask(snapshot: &Snapshot, keys: &[&str]) -> Why {
    let book = Rulebook::built_in();
    let view = View::new(snapshot);
    let judgements: Vec<Judgement<'_>> = book
        .rules()
        .map(|rule| Judgement {
            rule,
            verdict: judge(rule, &view),
        })
        .collect();
    let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
    why(&Inquiry {
        snapshot,
        keys: &keys,
        judgements: &judgements,
        plan: &plan(&judgements, snapshot),
        files_only: snapshot.now.host.kernel.is_none(),
        no_files: None,
    })
}

fn one(snapshot: &Snapshot, key: &str) -> WhyKey {
    let mut answer = ask(snapshot, &[key]);
    answer.keys.pop().expect("a key was asked for")
}

fn page(answer: &Why, width: usize) -> String {
    let mut out = Vec::new();
    let options = HumanOptions {
        width,
        ..HumanOptions::default()
    };
    human_why(answer, &options, &mut out).expect("a vector takes everything");
    String::from_utf8(out).expect("pages are text")
}

fn document(answer: &Why) -> String {
    let mut out = Vec::new();
    json(answer, &mut out).expect("a vector takes everything");
    String::from_utf8(out).expect("JSON is text")
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
        "{name} has changed; look at it and run BLESS=1 cargo test --test why\n{text}"
    );
}

#[test]
fn a_key_that_four_lines_set_has_its_screen_and_its_document() {
    let host = Host::edited();
    holds_screen("why-edited.txt", &page(&ask(&host, &[FIN]), 80));
    holds_screen("why-edited.json", &document(&ask(&host, &[FIN, SOMAXCONN])));
}

#[test]
fn a_removed_key_has_its_screen() {
    holds_screen(
        "why-removed.txt",
        &page(&ask(&Host::edited(), &[RECYCLE]), 80),
    );
}

#[test]
fn several_keys_have_their_screen() {
    let keys = [SOMAXCONN, FIN, REUSE, RECYCLE];
    holds_screen("why-several.txt", &page(&ask(&Host::edited(), &keys), 80));
}

#[test]
fn the_schema_is_the_one_committed_and_every_answer_is_of_it() {
    holds_screen("why.schema.json", &schema());
    let schema = serde_json::from_str(&schema()).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    let keys = [FIN, SOMAXCONN, REUSE, RECYCLE, "net.ipv4.made_up"];
    for host in [Host::edited(), Host::untouched(), Host::files_only()] {
        let answer = ask(&host, &keys);
        let text = document(&answer);
        let document = serde_json::from_str(&text).expect("an answer is JSON");
        let errors: Vec<_> = validator
            .iter_errors(&document)
            .map(|e| e.to_string())
            .collect();
        assert!(errors.is_empty(), "{errors:?}");
        let back: Why = serde_json::from_str(&text).expect("it reads back");
        assert_eq!(back, answer);
    }
    let other = serde_json::json!({ "schema": WHY_SCHEMA });
    assert!(!validator.is_valid(&other));
}

#[test]
fn the_four_values_are_told_with_who_set_each() {
    let fin = one(&Host::edited(), FIN);
    let values = [
        &fin.live,
        &fin.next_boot,
        &fin.system_now,
        &fin.recommended,
        &fin.default,
    ];
    let values = values.map(|value| value.as_deref());
    assert_eq!(
        values,
        [Some("25"), Some("30"), Some("40"), None, Some("60")]
    );
    assert_eq!(fin.reasons.live, "set by hand or by another program");
    assert_eq!(fin.reasons.next_boot, "/etc/sysctl.d/90-late.conf:2");
    assert_eq!(fin.reasons.system_now, "/etc/sysctl.conf:1");
    let fates: Vec<_> = fin
        .definitions
        .iter()
        .map(|one| one.fate.as_str())
        .collect();
    assert_eq!(fates, ["masked", "shadowed", "wins", "ignored"]);
}

#[test]
fn what_will_vanish_is_told_first() {
    let reuse = one(&Host::edited(), REUSE);
    assert_eq!(
        reuse.summary,
        "the next boot changes it: 1 -> 2: nothing sets it at boot"
    );
}

#[test]
fn a_recommended_value_names_its_rule() {
    let mut host = Host::untouched();
    let probes = "net.ipv4.tcp_keepalive_probes";
    for (key, value) in [("probes", 0), ("time", 7200), ("intvl", 75)] {
        hosts::set(&mut host, &format!("net.ipv4.tcp_keepalive_{key}"), value);
    }
    let key = one(&host, probes);
    assert_eq!(key.recommended.as_deref(), Some("9"), "{key:?}");
    assert_eq!(key.reasons.recommended, "keepalive-invalid");
    let rule = key.rules.iter().find(|one| one.rule == "keepalive-invalid");
    assert!(rule.is_some_and(|one| one.fires && one.sets), "{key:?}");
}

#[test]
fn files_alone_tell_neither_live_nor_default() {
    let fin = one(&Host::files_only(), FIN);
    assert_eq!((&fin.live, &fin.default, fin.exists), (&None, &None, None));
    assert_eq!(fin.next_boot.as_deref(), Some("30"));
    assert_eq!(
        fin.summary,
        "the next boot sets 30: /etc/sysctl.d/90-late.conf:2"
    );
    let somaxconn = one(&Host::files_only(), SOMAXCONN);
    assert_eq!(somaxconn.next_boot, None);
    assert_eq!(
        somaxconn.summary,
        "nothing sets it at boot: the kernel's default"
    );
}

#[test]
fn a_removed_key_is_told_with_the_line_that_still_sets_it() {
    for host in [Host::edited(), Host::files_only()] {
        let key = one(&host, RECYCLE);
        assert_eq!(key.removed_in.as_deref(), Some("4.12"));
        assert!(
            key.summary
                .contains("/etc/sysctl.d/90-late.conf:5 does nothing: delete the line"),
            "{}",
            key.summary
        );
    }
    let clean = one(&Host::untouched(), RECYCLE);
    assert_eq!(clean.summary, "removed in Linux 4.12; nothing sets it here");
}

#[test]
fn a_secret_stays_one_whoever_wrote_it_down() {
    let key = "net.ipv4.tcp_fastopen_key";
    for host in [Host::edited(), Host::files_only()] {
        let answer = ask(&host, &[key]);
        for text in [document(&answer), page(&answer, 80)] {
            assert!(!text.contains("1-2-3-4"), "{text}");
            assert!(text.contains("(secret)"), "{text}");
        }
    }
}

#[test]
fn no_line_is_wider_than_the_page_but_for_a_word_that_is() {
    let keys = [SOMAXCONN, FIN, REUSE, RECYCLE, "net.ipv4.tcp_rmem"];
    for width in [60, 80, 100] {
        let mut pages = vec![page(&ask(&Host::edited(), &keys), width)];
        pages.extend(keys.map(|key| page(&ask(&Host::edited(), &[key]), width)));
        for line in pages.iter().flat_map(|page| page.lines()) {
            let one_word = line.split_whitespace().count() == 1;
            assert!(one_word || line.width() <= width, "{width}: {line}");
            assert_eq!(line, line.trim_end(), "blanks at the end");
        }
    }
}

#[test]
fn a_key_of_the_command_line_is_told_to_be_of_this_boot() {
    let mut host = Host::edited();
    let told = "/proc/cmdline is of this boot";
    assert!(!document(&ask(&host, &[FIN])).contains(told));
    for line in &mut boot_of(&mut host).definitions {
        line.place.file = "/proc/cmdline".to_owned();
    }
    let answer = ask(&host, &[FIN]);
    assert!(answer.notes.iter().any(|note| note.starts_with(told)));
    assert!(page(&answer, 80).contains(told));
    let untouched = page(&ask(&Host::untouched(), &[FIN]), 80);
    assert!(untouched.contains("nor the kernel command line of this boot"));
    let files = page(&ask(&Host::files_only(), &[SOMAXCONN]), 80);
    assert!(files.contains("files    no file names it\n"), "{files}");
}

#[test]
fn a_value_without_end_is_cut_on_the_page_and_whole_in_json() {
    let digits = "7".repeat(200);
    let mut host = Host::edited();
    for line in &mut boot_of(&mut host).definitions {
        line.value = Some(digits.clone());
    }
    let endless = Forecast::Value(Value::Text(digits.clone()));
    for setting in boot_of(&mut host).settings.values_mut() {
        setting.next_boot = endless.clone();
        setting.system_now = endless.clone();
    }
    let live = Reading::Known(Value::Text(digits.clone()));
    host.now.readings.insert(format!("sysctl.{REUSE}"), live);
    for keys in [&[FIN][..], &[REUSE], &[FIN, SOMAXCONN, REUSE]] {
        let answer = ask(&host, keys);
        let page = page(&answer, 80);
        assert!(page.lines().all(|line| line.width() <= 80), "{page}");
        assert!(page.contains("777…"), "{page}");
        assert!(document(&answer).contains(&digits));
    }
}

fn boot_of(host: &mut Snapshot) -> &mut Boot {
    host.now.boot.as_mut().expect("it has one")
}

#[test]
fn a_file_s_name_and_value_cannot_give_orders() {
    let mut host = Host::edited();
    let boot = host.now.boot.as_mut().expect("it has one");
    for definition in &mut boot.definitions {
        definition.place.file = "/etc/sysctl.d/\u{1b}[2J\u{202e}.conf".to_owned();
        definition.value = Some("30\u{9b}\n1".to_owned());
        definition.outcome.why = Some("\u{7}".to_owned());
    }
    let answer = ask(&host, &[FIN]);
    for text in [page(&answer, 80), document(&answer)] {
        let active = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!text.contains(active), "{text:?}");
    }
}
