//! What a profile wants, beside what rules want.

use std::collections::BTreeMap;

use crate::check::check;
use crate::fact::boot::{Boot, BootSetting, Engine, Forecast};
use crate::fact::{KernelVersion, Sample, Snapshot};
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
    with_wishes(rules(rule, &snapshot), Some(&profile(want)), &snapshot)
}

fn rules(to: Option<&str>, snapshot: &Snapshot) -> Plan {
    let file = to.map(|to| rule("a", to, ""));
    plan_of(file.as_slice(), snapshot)
}

/// A rule that sets somaxconn.
fn rule(id: &str, to: &str, more: &str) -> RuleFile {
    RuleFile {
        name: format!("{id}.yaml"),
        mechanism: "test".to_owned(),
        text: format!(
            "id: {id}\ntitle: t\nseverity: low\nkind: symptom\nmaturity: preview\nscope: netns\n\
             owner: host\nwhen: 'true'\nmessage: m\nset: {{ net.core.somaxconn: {to} }}\ncost: c\n{more}"
        ),
    }
}

fn plan_of(files: &[RuleFile], snapshot: &Snapshot) -> Plan {
    let book = Rulebook::of_files(files).unwrap();
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
    let snapshot = host(&[(LIVE, number(128))]);
    let guards = "guards: [{ when: 'true', because: a guard }]\n";
    let guarded = || plan_of(&[rule("a", "4096", guards)], &snapshot);
    let plan = with_wishes(
        guarded(),
        Some(&profile("net.core.somaxconn: 4096")),
        &snapshot,
    );
    assert_eq!(plan.changes[KEY].blocked.as_deref(), Some("a guard"));
    let plan = with_wishes(
        guarded(),
        Some(&profile("net.core.somaxconn: 8192")),
        &snapshot,
    );
    assert_eq!(
        plan.changes[KEY].blocked, None,
        "a guard against another value"
    );
}

#[test]
fn a_profile_decides_between_rules_that_disagree() {
    let snapshot = host(&[(LIVE, number(128))]);
    let guards = "guards: [{ when: 'true', because: a guard }]\n";
    let disagreeing = |more| {
        let files = [rule("a", "4096", ""), rule("b", "8192", more)];
        plan_of(&files, &snapshot)
    };
    for wanted in ["4096", "8192", "16384"] {
        let profile = profile(&format!("net.core.somaxconn: {wanted}"));
        let plan = with_wishes(disagreeing(""), Some(&profile), &snapshot);
        let change = &plan.changes[KEY];
        assert_eq!(change.blocked, None, "{wanted}");
        assert_eq!(change.recommended.to_string(), wanted);
        assert_eq!(change.because, ["profile:edge"]);
    }
    let profile = profile("net.core.somaxconn: 8192");
    let plan = with_wishes(disagreeing(guards), Some(&profile), &snapshot);
    assert_eq!(plan.changes[KEY].blocked.as_deref(), Some("a guard"));
}

/// Else the same profile would come to other settings while a rule that wants the same value fires.
#[test]
fn a_rule_that_may_not_go_below_the_default_does_not_hold_the_profile_back() {
    let mut snapshot = host(&[(LIVE, number(4096))]);
    snapshot.now.host.kernel = KernelVersion::parse("6.12.0");
    let below = || plan_of(&[rule("a", "2000", "")], &snapshot);
    assert!(below().changes[KEY].blocked.is_some());
    let profile = profile("net.core.somaxconn: 2000");
    for plan in [below(), Plan::default()] {
        let plan = with_wishes(plan, Some(&profile), &snapshot);
        assert_eq!(plan.changes[KEY].blocked, None);
    }
}

/// A host on which a value is in force that the next boot takes away, or keeps.
fn booting(live: i64, next: Forecast) -> Snapshot {
    let mut snapshot = host(&[(LIVE, number(live))]);
    snapshot.now.host.kernel = KernelVersion::parse("6.12.0");
    let setting = BootSetting {
        system_now: next.clone(),
        next_boot: next,
        set_by: None,
        system_by: None,
        claims: Vec::new(),
    };
    snapshot.now.boot = Some(Boot {
        engine: Engine::Systemd,
        decided: "told".to_owned(),
        definitions: Vec::new(),
        settings: BTreeMap::from([(KEY.to_owned(), setting)]),
        writers: Vec::new(),
        notes: Vec::new(),
    });
    snapshot
}

#[test]
fn a_value_that_the_next_boot_would_lose_is_still_wanted() {
    let wish = |live, next| {
        let snapshot = booting(live, next);
        let profile = profile("net.core.somaxconn: 8192");
        let mut plan = with_wishes(Plan::default(), Some(&profile), &snapshot);
        plan.changes.remove(KEY)
    };
    let value = |number| Forecast::Value(Value::Int(number));
    for next in [value(4096), Forecast::Untouched] {
        let change = wish(8192, next).unwrap();
        assert_eq!(change.blocked, None);
        assert_eq!(change.live, number(8192));
        let said = ["profile edge wants 8192, after the next boot too"];
        assert_eq!(change.messages, said);
    }
    assert_eq!(wish(8192, value(8192)), None);
    // What cannot be told would never come to an end.
    assert_eq!(wish(8192, Forecast::Unknown("a link".to_owned())), None);
    let default = booting(4096, Forecast::Untouched);
    let own = profile("net.core.somaxconn: 4096");
    let plan = with_wishes(Plan::default(), Some(&own), &default);
    assert!(plan.changes.is_empty(), "the default comes by itself");
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
fn a_list_of_reserved_ports_gives_none_up() {
    let reserved = "net.ipv4.ip_local_reserved_ports";
    let blocked = |live: &[(u16, u16)], wanted: &str| {
        let live = Reading::Known(Value::Ports(live.to_vec()));
        let facts = [("sysctl.net.ipv4.ip_local_reserved_ports", live)];
        let plan = planned(&format!("{reserved}: '{wanted}'"), None, &facts);
        plan.changes.get(reserved)?.blocked.clone()
    };
    let said = |ports: &str| {
        format!("{ports} would no longer be reserved: name what is reserved now, too")
    };
    let live = &[(7000, 7010), (9000, 9000)][..];
    assert_eq!(blocked(live, "7000-7010,8080,9000"), None);
    assert_eq!(blocked(live, "6999-65535"), None);
    assert_eq!(blocked(&[], "8080"), None);
    assert_eq!(blocked(live, "8080,9000"), Some(said("7000-7010")));
    assert_eq!(blocked(live, ""), Some(said("7000-7010,9000")));
    assert_eq!(
        blocked(live, "7003-7004,7006,9000"),
        Some(said("7000-7002,7005,7007-7010"))
    );
    assert_eq!(blocked(&[(0, 65_535)], "1-65534"), Some(said("0,65535")));
    assert_eq!(blocked(&[(1, 9)], "0-4,7-65535"), Some(said("5-6")));
    let many: Vec<_> = (1..=9).map(|port| (port * 2, port * 2)).collect();
    assert_eq!(blocked(&many, ""), Some(said("2,4,6,8 and 5 more")));
}

#[test]
fn what_a_plan_needs_to_know_is_asked_for() {
    let needs = needs_of(&profile("net.ipv4.ip_local_port_range: [16384, 60999]"));
    assert!(needs.contains("sysctl.net.ipv4.ip_local_port_range"));
    assert!(needs.contains("port.listeners_below"));
}
