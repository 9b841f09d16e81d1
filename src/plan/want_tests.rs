//! What a profile wants, beside what rules want.

use crate::check::check;
use crate::fact::{Sample, Snapshot};
use crate::rule::{RuleFile, Rulebook};

use super::super::plan;
use super::*;

fn profile(want: &str) -> Profile {
    let file = RuleFile {
        name: "edge.yaml".to_owned(),
        mechanism: String::new(),
        text: format!("profile: edge\nwant: {{ {want} }}\n"),
    };
    Profile::parse(&file).unwrap()
}

fn host(facts: &[(&str, Reading<Value>)]) -> Snapshot {
    let mut now = Sample::default();
    for (fact, reading) in facts {
        now.readings.insert((*fact).to_owned(), reading.clone());
    }
    Snapshot::new(None, now)
}

fn number(value: i64) -> Reading<Value> {
    Reading::Known(Value::Int(value))
}

/// The plan of a profile beside a rule that sets somaxconn to a value.
fn planned(want: &str, rule: Option<&str>, facts: &[(&str, Reading<Value>)]) -> Plan {
    let snapshot = host(facts);
    with_wishes(rules(rule, &snapshot), &profile(want), &snapshot)
}

/// The plan of such a rule alone, where the value is 128.
fn plan_of_rule(to: &str) -> Plan {
    rules(Some(to), &host(&[(LIVE, number(128))]))
}

fn rules(rule: Option<&str>, snapshot: &Snapshot) -> Plan {
    let files = rule.map(|to| RuleFile {
        name: "a.yaml".to_owned(),
        mechanism: "test".to_owned(),
        text: format!(
            "id: a\ntitle: t\nseverity: low\nkind: symptom\nmaturity: preview\nscope: netns\n\
             owner: host\nwhen: 'true'\nmessage: m\nset: {{ net.core.somaxconn: {to} }}\ncost: c\n"
        ),
    });
    let book = Rulebook::of_files(files.as_slice()).unwrap();
    plan(&check(snapshot, &book), snapshot)
}

const LIVE: &str = "sysctl.net.core.somaxconn";
const KEY: &str = "net.core.somaxconn";

#[test]
fn a_wish_is_a_change_that_converges() {
    let plan = planned("net.core.somaxconn: 4096", None, &[(LIVE, number(128))]);
    let change = &plan.changes[KEY];
    assert_eq!(change.because, ["profile:edge"]);
    assert!(change.by_setting && change.blocked.is_none());
    assert_eq!(change.recommended, Value::Int(4096));
    let plan = planned("net.core.somaxconn: 4096", None, &[(LIVE, number(4096))]);
    assert!(plan.changes.is_empty(), "{plan:?}");
}

#[test]
fn a_profile_stands_over_a_rule_that_wants_another_value() {
    let facts = [(LIVE, number(128))];
    let plan = planned("net.core.somaxconn: 4096", Some("16384"), &facts);
    let change = &plan.changes[KEY];
    assert_eq!(change.recommended, Value::Int(4096));
    assert_eq!(change.because, ["profile:edge"]);
    assert!(change.costs.is_empty(), "the cost of another value");

    let facts = [(LIVE, number(4096))];
    let plan = planned("net.core.somaxconn: 4096", Some("16384"), &facts);
    let change = &plan.changes[KEY];
    assert_eq!(change.recommended, Value::Int(16_384));
    let why = change.blocked.as_deref().unwrap();
    assert_eq!(why, "profile edge wants 4096; change it there (edge.yaml)");
}

#[test]
fn a_least_value_leaves_room_above_it() {
    let at_least = "net.core.somaxconn: { at_least: 4096 }";
    // More than the least is nobody's fault, and a rule may ask for more.
    let plan = planned(at_least, None, &[(LIVE, number(16_384))]);
    assert!(plan.changes.is_empty(), "{plan:?}");
    let plan = planned(at_least, Some("16384"), &[(LIVE, number(4096))]);
    assert_eq!(plan.changes[KEY].blocked, None);
    assert_eq!(plan.changes[KEY].because, ["a"]);
    // Less is raised to the least, whatever a rule asks for: that is what converges.
    let plan = planned(at_least, Some("16384"), &[(LIVE, number(128))]);
    assert_eq!(plan.changes[KEY].recommended, Value::Int(4096));
    assert_eq!(plan.changes[KEY].because, ["profile:edge"]);
    let plan = planned(at_least, Some("1024"), &[(LIVE, number(4096))]);
    let why = plan.changes[KEY].blocked.as_deref().unwrap();
    assert!(why.starts_with("profile edge wants at least 4096"), "{why}");
}

#[test]
fn a_rule_that_agrees_is_named_beside_the_profile() {
    let facts = [(LIVE, number(128))];
    let plan = planned("net.core.somaxconn: 4096", Some("4096"), &facts);
    let change = &plan.changes[KEY];
    assert_eq!(change.because, ["a", "profile:edge"]);
    assert_eq!(change.costs, ["c"]);
    assert!(change.by_setting, "the profile makes it converge");
}

#[test]
fn the_guard_of_a_rule_that_agrees_holds_for_the_profile_too() {
    let mut guarded = plan_of_rule("4096");
    guarded.changes.get_mut(KEY).unwrap().blocked = Some("a guard".to_owned());
    let snapshot = host(&[(LIVE, number(128))]);
    let plan = with_wishes(guarded, &profile("net.core.somaxconn: 4096"), &snapshot);
    assert_eq!(plan.changes[KEY].blocked.as_deref(), Some("a guard"));
}

#[test]
fn a_key_that_is_not_there_or_not_writable_is_shown_and_blocked() {
    let plan = planned("net.core.somaxconn: 4096", None, &[(LIVE, Reading::Absent)]);
    assert!(plan.changes[KEY].blocked.is_some());
    assert!(!plan.changes[KEY].out_of_reach);
    let read_only = Reading::ReadOnly(Value::Int(128));
    let plan = planned("net.core.somaxconn: 4096", None, &[(LIVE, read_only)]);
    assert!(plan.changes[KEY].blocked.is_some() && plan.changes[KEY].out_of_reach);
}

#[test]
fn a_key_of_the_machine_is_not_wanted_from_inside_a_container() {
    let facts = [
        ("sysctl.net.core.rmem_max", number(212_992)),
        ("host.initial_netns", Reading::Known(Value::Bool(false))),
    ];
    let plan = planned("net.core.rmem_max: 4194304", None, &facts);
    let why = plan.changes["net.core.rmem_max"].blocked.as_deref();
    assert!(why.unwrap().contains("apply it on the host"), "{why:?}");
}

const RANGE: &str = "net.ipv4.ip_local_port_range";

/// Why this range is blocked on a host with 32768 60999.
fn range(wanted: &str, facts: &[(&str, Reading<Value>)]) -> Option<String> {
    let live = Reading::Known(Value::Range([32_768, 60_999]));
    let mut all = vec![("sysctl.net.ipv4.ip_local_port_range", live)];
    all.extend(facts.iter().cloned());
    let plan = planned(&format!("{RANGE}: {wanted}"), None, &all);
    plan.changes[RANGE].blocked.clone()
}

#[test]
fn a_wider_port_range_takes_no_port_from_a_service() {
    let safe = [
        ("host.kubernetes_node", Reading::Known(Value::Bool(false))),
        ("port.listeners_below", number(0)),
        ("port.listeners_above", number(0)),
    ];
    assert_eq!(range("[16384, 60999]", &safe), None);
    assert_eq!(range("[16384, 65535]", &safe), None);
    let blocked = |at: usize, reading: Reading<Value>, wanted: &str| {
        let mut facts = safe.clone();
        facts[at].1 = reading;
        range(wanted, &facts).unwrap_or_default()
    };
    assert!(blocked(1, number(2), "[16384, 60999]").contains("services listen"));
    assert!(blocked(2, number(1), "[32768, 65535]").contains("services listen"));
    let node = Reading::Known(Value::Bool(true));
    assert!(blocked(0, node, "[16384, 60999]").contains("NodePorts"));
    let unseen = Reading::Denied("EACCES".to_owned());
    assert!(blocked(1, unseen, "[16384, 60999]").starts_with("cannot rule out"));
    // What does not concern the new ports does not block.
    assert_eq!(blocked(2, number(1), "[16384, 60999]"), "");
    assert!(
        range("[1024, 65535]", &safe)
            .unwrap()
            .contains("below 16384")
    );
    assert_eq!(
        range("[40000, 60999]", &[]),
        None,
        "a smaller one takes nothing"
    );
}

#[test]
fn what_a_plan_needs_to_know_is_asked_for() {
    let needs = needs_of(&profile("net.ipv4.ip_local_port_range: [16384, 60999]"));
    assert!(needs.contains("sysctl.net.ipv4.ip_local_port_range"));
    assert!(needs.contains("port.listeners_below"));
}
