//! Verdicts: what fires, what is past, what waits, who is the worst.

use super::*;
use crate::check::{snapshot, try_case};
use crate::fact::Reading;
use crate::rule::{RuleFile, parse_cases};

/// A rule of the mechanism `m`; `text` holds what differs.
fn rule(id: &str, kind: &str, text: &str) -> RuleFile {
    RuleFile {
        name: format!("{id}.yaml"),
        mechanism: "m".to_owned(),
        text: format!(
            "id: {id}\ntitle: t\nseverity: high\nkind: {kind}\nmaturity: preview\nscope: netns\n\
             owner: host\nmessage: m\n{text}"
        ),
    }
}

fn book(files: &[RuleFile]) -> Rulebook {
    Rulebook::of_files(files).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// The facts of a case, for the first rule of the book.
fn facts(book: &Rulebook, text: &str) -> Snapshot {
    let id = &book.rules().next().unwrap().id;
    let file = RuleFile {
        name: format!("{id}.test.yaml"),
        mechanism: "m".to_owned(),
        text: format!("rule: {id}\ncases: [{{ name: n, expect: fires, {text} }}]\n"),
    };
    let cases = parse_cases(&file).unwrap_or_else(|problems| panic!("{problems:?}"));
    let mut found = snapshot(book.rule(id).unwrap(), &cases.cases[0]);
    // Other rules of the book see what the first one does not read.
    for fact in book.rules().flat_map(Rule::facts) {
        if !fact.starts_with("sysctl.") && !fact.starts_with("window.") {
            found.now.readings.entry(fact).or_insert(Reading::Absent);
        }
    }
    found
}

fn words(judgements: &[Judgement<'_>]) -> Vec<&'static str> {
    let word = |one: &Judgement<'_>| match &one.verdict {
        Verdict::Fires(finding) if finding.period == When::Past => "past",
        Verdict::Fires(_) => "fires",
        Verdict::Holds => "holds",
        Verdict::Unknown(_) => "unknown",
        Verdict::NotApplicable(_) => "n/a",
    };
    judgements.iter().map(word).collect()
}

fn finding(verdict: &Verdict) -> &Finding {
    match verdict {
        Verdict::Fires(finding) => finding,
        other => panic!("{other:?}"),
    }
}

const DROPS: &str = "when: delta(counter.TcpExt.ListenDrops) > 0\n\
                     past: { when: total(counter.TcpExt.ListenDrops) > 0, message: m }\n";
const SOCKETS: &str = "when: socket.syn_recv > 0\n";

#[test]
fn what_fired_since_boot_only_is_past_one_step_lower_and_changes_nothing() {
    let set = format!("{DROPS}set: {{ net.core.somaxconn: 4096 }}\n");
    let book = book(&[rule("a", "symptom", &set)]);
    let text = "facts: { counter.TcpExt.ListenDrops: [9, 9], sysctl.net.core.somaxconn: 128 }";
    let judged = check(&facts(&book, text), &book);
    let past = finding(&judged[0].verdict);
    assert_eq!(
        (past.period, past.severity),
        (When::Past, rule::Severity::Medium)
    );
    assert_eq!(past.proposals, []);
}

#[test]
fn a_past_fault_is_not_told_beside_a_present_one_of_its_mechanism() {
    let files = [rule("a", "symptom", DROPS), rule("b", "symptom", SOCKETS)];
    let book = book(&files);
    let with = |syn_recv: u32| {
        let text = "facts: { counter.TcpExt.ListenDrops: [9, 9] }";
        let mut snapshot = facts(&book, text);
        let reading = Reading::Known(Value::Int(syn_recv.into()));
        let readings = &mut snapshot.now.readings;
        readings.insert("socket.syn_recv".to_owned(), reading);
        words(&check(&snapshot, &book)).join(" ")
    };
    assert_eq!(with(0), "past holds");
    assert_eq!(with(7), "holds fires");
}

#[test]
fn a_setting_that_fires_does_not_hide_what_is_past() {
    let files = [
        rule("a", "symptom", DROPS),
        rule("b", "setting", "when: 'true'\n"),
    ];
    let book = book(&files);
    let snapshot = facts(&book, "facts: { counter.TcpExt.ListenDrops: [9, 9] }");
    assert_eq!(words(&check(&snapshot, &book)), ["past", "fires"]);
}

#[test]
fn a_past_fault_that_is_not_told_leaves_unknown_what_is_unknown_now() {
    // One sample: nobody knows whether anything was dropped just now.
    let files = [rule("a", "symptom", DROPS), rule("b", "symptom", SOCKETS)];
    let book = book(&files);
    let text = "window: none, facts: { counter.TcpExt.ListenDrops: 9 }";
    let mut snapshot = facts(&book, text);
    let readings = &mut snapshot.now.readings;
    readings.insert("socket.syn_recv".to_owned(), Reading::Known(Value::Int(7)));
    assert_eq!(words(&check(&snapshot, &book)), ["unknown", "fires"]);
}

const EACH: &str = "each: listener\nwhen: listener.queue > listener.bound\n\
                    set: { net.core.somaxconn: 4096 }\n\
                    waiting: { when: sysctl.net.core.somaxconn > listener.bound, \
                    what: 'restart of {listener.process}' }\n";

fn listeners(list: &str, somaxconn: u32) -> String {
    format!("facts: {{ sysctl.net.core.somaxconn: {somaxconn} }}, listeners: [{list}]")
}

#[test]
fn the_listener_that_dropped_most_is_reported_and_the_others_are_counted() {
    let each = EACH.replace("each:", "evidence: [listener.port]\neach:");
    let book = book(&[rule("a", "symptom", &each)]);
    let list = "{ address: '0.0.0.0:1', queue: 900, bound: 8, drops: [0, 1] }, \
                { address: '0.0.0.0:2', queue: 9, bound: 8, drops: [0, 5] }, \
                { address: '0.0.0.0:3', queue: 5, bound: 8, drops: [0, 9] }, \
                { address: '0.0.0.0:4', queue: 9, drops: [0, 9] }";
    let judged = check(&facts(&book, &listeners(list, 8)), &book);
    let found = finding(&judged[0].verdict);
    assert_eq!(found.evidence[0].shown, "2");
    assert_eq!(
        found.others, 1,
        "the third holds, the fourth cannot be judged"
    );
}

#[test]
fn a_queue_that_was_seen_full_comes_before_one_that_only_dropped_more() {
    let each = "each: listener\nevidence: [listener.port]\nwhen: delta(listener.drops) > 0\n";
    let book = book(&[rule("a", "symptom", each)]);
    let list = "{ address: '0.0.0.0:1', queue: 0, bound: 511, drops: [0, 230] }, \
                { address: '0.0.0.0:2', queue: 9, bound: 8, drops: [0, 30] }, \
                { address: '0.0.0.0:3', queue: 0, bound: 0, drops: [0, 90] }";
    let judged = check(&facts(&book, &listeners(list, 8)), &book);
    let found = finding(&judged[0].verdict);
    assert_eq!((found.evidence[0].shown.as_str(), found.others), ("2", 2));
}

#[test]
fn one_listener_that_cannot_be_judged_leaves_the_rule_unknown() {
    let book = book(&[rule("a", "symptom", EACH)]);
    let quiet = "{ address: '0.0.0.0:1', queue: 1, bound: 8 }";
    let judged = |list: &str| {
        let snapshot = facts(&book, &listeners(list, 8));
        words(&check(&snapshot, &book)).join(" ")
    };
    assert_eq!(judged(""), "holds");
    assert_eq!(judged(quiet), "holds");
    let unseen = format!("{quiet}, {{ address: '0.0.0.0:2', queue: 1 }}");
    assert_eq!(judged(&unseen), "unknown");
}

#[test]
fn a_setting_that_is_right_already_waits_for_the_program_and_is_not_proposed() {
    let book = book(&[rule("a", "symptom", EACH)]);
    let full = "{ address: '0.0.0.0:1', queue: 9, bound: 8, process: 'nginx (pid 812)' }";
    let judged = check(&facts(&book, &listeners(full, 4096)), &book);
    let found = finding(&judged[0].verdict);
    assert_eq!(found.waiting.as_deref(), Some("restart of nginx (pid 812)"));
    assert_eq!(found.proposals, []);
    let judged = check(&facts(&book, &listeners(full, 8)), &book);
    let found = finding(&judged[0].verdict);
    assert_eq!(found.waiting, None);
    assert_eq!(found.proposals[0].recommended, Value::Int(4096));
}

#[test]
fn a_required_fact_that_is_absent_makes_the_rule_not_applicable_and_one_refused_unknown() {
    let text =
        "requires: [sysctl.net.ipv4.tcp_tw_recycle]\nwhen: sysctl.net.ipv4.tcp_tw_recycle == 1\n";
    let book = book(&[rule("a", "setting", text)]);
    let judged = |reading: &str| {
        let text = format!("facts: {{ sysctl.net.ipv4.tcp_tw_recycle: {reading} }}");
        words(&check(&facts(&book, &text), &book)).join(" ")
    };
    assert_eq!(judged("1"), "fires");
    assert_eq!(judged("0"), "holds");
    assert_eq!(judged("absent"), "n/a");
    assert_eq!(judged("denied"), "unknown");
}

#[test]
fn a_rule_that_wants_more_after_its_own_change_is_no_fixpoint() {
    let text = "when: sysctl.net.core.somaxconn < 100000\n\
                set: { net.core.somaxconn: sysctl.net.core.somaxconn * 2 }\n";
    let file = rule("a", "setting", text);
    let book = book(&[file]);
    let cases = parse_cases(&RuleFile {
        name: "a.test.yaml".to_owned(),
        mechanism: "m".to_owned(),
        text: "rule: a\ncases: [{ name: n, expect: fires, \
               facts: { sysctl.net.core.somaxconn: 128 }, set: { net.core.somaxconn: 256 } }]\n"
            .to_owned(),
    });
    let faults = try_case(book.rule("a").unwrap(), &cases.unwrap().cases[0]);
    assert!(faults[0].contains("no fixpoint"), "{faults:?}");
}
