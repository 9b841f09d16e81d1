//! Which rules are judged over hours, and which of two verdicts counts.

use crate::check::snapshot;
use crate::fact::{Day, Reading, Value};
use crate::rule::{RuleFile, parse_cases};

use super::*;

/// Each rule that compares two samples, and whether an hour is as good as a second for it.
#[test]
fn every_rule_that_compares_two_samples_is_known_to_bear_hours_or_not() {
    let book = Rulebook::built_in();
    let compares = |one: &&crate::rule::Rule| one.when().uses_window();
    let (long, short): (Vec<_>, Vec<_>) = book
        .rules()
        .filter(compares)
        .partition(|one| one.spans_hours());
    let names = |rules: Vec<&crate::rule::Rule>| {
        let mut names: Vec<String> = rules.iter().map(|one| one.id.clone()).collect();
        names.sort();
        names
    };
    // Rises, judged by a share of other rises: what was true of a minute may be thinned out by the rest of
    // the hour, and nothing is made up by it.
    assert_eq!(
        names(long),
        [
            "accept-queue-app-bound",
            "accept-queue-overflow",
            "retransmission-rate-high",
            "reverse-path-drops",
            "syn-flood-absorbed",
            "time-wait-overflow",
            "udp-receive-buffer",
        ]
    );
    // A rise beside a level of now: half-open requests, orphans, entries of a table, ports in TIME_WAIT; and
    // what is counted with 32 bits.
    assert_eq!(
        names(short),
        [
            "conntrack-full",
            "orphan-limit",
            "ports-exhausted",
            "softnet-drops",
            "syn-flood-unprotected",
            "syn-recv-pileup",
            "time-wait-harmless",
        ]
    );
}

const RULE: &str = "id: a\ntitle: t\nseverity: high\nkind: symptom\nmaturity: preview\nscope: netns\n\
                    owner: host\nmessage: '{delta(counter.TcpExt.ListenDrops)} in {window.seconds}'\n";
const DROPS: &str = "when: delta(counter.TcpExt.ListenDrops) >= 10\n\
                     past: { when: total(counter.TcpExt.ListenDrops) >= 10, message: m }\n";

/// Without a condition of its own, what the rule asks is asked of the time since boot as well.
const NO_PAST: &str = "when: delta(counter.TcpExt.ListenDrops) >= 10\n\
                       past: { when: total(counter.TcpExt.ListenDrops) >= 1000, message: m }\n";

fn book(rule: &str) -> Rulebook {
    let file = RuleFile {
        name: "a.yaml".to_owned(),
        mechanism: "m".to_owned(),
        text: format!("{RULE}{rule}"),
    };
    Rulebook::of_files(&[file]).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// The same state after two earlier samples: a second and an hour ago.
fn windows(book: &Rulebook, hour_ago: i64, second_ago: i64, now: i64) -> (Snapshot, Snapshot) {
    let of = |window: u32, before: i64| {
        let text = format!(
            "rule: a\ncases: [{{ name: n, expect: fires, window: {window}, facts: {{ \
             counter.TcpExt.ListenDrops: [{before}, {now}], socket.syn_recv: 5 }} }}]\n"
        );
        let file = RuleFile {
            name: "a.test.yaml".to_owned(),
            mechanism: "m".to_owned(),
            text,
        };
        let cases = parse_cases(&file).unwrap_or_else(|problems| panic!("{problems:?}"));
        snapshot(book.rule("a").unwrap(), &cases.cases[0])
    };
    (of(1, second_ago), of(3600, hour_ago))
}

fn judged(book: &Rulebook, short: &Snapshot, long: &Snapshot) -> (String, usize) {
    let none = Waivers::none(Day::of_unix(0));
    let both = check_over(short, Some(long), book, &none);
    let word = match &both.judgements[0].verdict {
        Verdict::Fires(one) if one.period == When::Past => "past".to_owned(),
        Verdict::Fires(one) => one.message.clone(),
        Verdict::Holds => "holds".to_owned(),
        other => format!("{other:?}"),
    };
    (word, both.not_since.len())
}

#[test]
fn a_burst_between_two_runs_fires_over_the_hour_and_the_next_run_is_quiet() {
    let book = book(DROPS);
    let (short, long) = windows(&book, 0, 400, 400);
    assert_eq!(judged(&book, &short, &long), ("400 in 1 h".to_owned(), 0));
    let (short, long) = windows(&book, 400, 400, 400);
    assert_eq!(judged(&book, &short, &long), ("past".to_owned(), 0));
    let none = Waivers::none(Day::of_unix(0));
    let alone = check_over(&short, None, &book, &none);
    assert!(alone.not_since.is_empty());
}

#[test]
fn what_is_true_now_is_told_with_the_numbers_of_now() {
    let book = book(DROPS);
    let (short, long) = windows(&book, 0, 300, 400);
    assert_eq!(judged(&book, &short, &long), ("100 in 1 s".to_owned(), 0));
}

#[test]
fn a_rise_of_the_night_is_not_held_against_the_sockets_of_now() {
    let rule = "when: delta(counter.TcpExt.ListenDrops) >= 10 && socket.syn_recv > 0\n";
    let book = book(rule);
    let (short, long) = windows(&book, 0, 400, 400);
    assert_eq!(judged(&book, &short, &long), ("holds".to_owned(), 0));
}

#[test]
fn where_the_last_run_did_not_look_the_verdict_of_the_short_window_stands_and_it_is_said() {
    let book = book(NO_PAST);
    let (short, mut long) = windows(&book, 0, 400, 400);
    let earlier = long.earlier.as_mut().unwrap();
    earlier.readings.clear();
    assert_eq!(judged(&book, &short, &long), ("holds".to_owned(), 1));
}

#[test]
fn with_one_sample_of_this_run_the_hour_alone_is_judged() {
    let book = book(NO_PAST);
    let (mut short, mut long) = windows(&book, 395, 400, 400);
    short.earlier = None;
    assert_eq!(judged(&book, &short, &long), ("holds".to_owned(), 0));
    let earlier = long.earlier.as_mut().unwrap();
    let zero = Reading::Known(Value::Int(0));
    earlier
        .readings
        .insert("counter.TcpExt.ListenDrops".to_owned(), zero);
    assert_eq!(judged(&book, &short, &long), ("400 in 1 h".to_owned(), 0));
}
