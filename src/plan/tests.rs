//! What is merged, what is blocked, and why.

use crate::check::{check, snapshot};
use crate::fact::{Reading, Snapshot, Value};
use crate::rule::{RuleFile, Rulebook, parse_cases};

use super::{Change, Plan, plan};

/// A rule that always fires and sets `net.ipv4.<key>` or any full key to `to`.
fn rule(id: &str, key: &str, to: &str, more: &str) -> RuleFile {
    let text = format!(
        "id: {id}\ntitle: t\nseverity: low\nkind: setting\nmaturity: preview\nscope: netns\n\
         owner: host\nwhen: 'true'\nmessage: m\nset: {{ {key}: {to} }}\n{more}"
    );
    RuleFile {
        name: format!("{id}.yaml"),
        mechanism: "test".to_owned(),
        text,
    }
}

fn facts(facts: &str) -> Snapshot {
    let file = RuleFile {
        name: "a.test.yaml".to_owned(),
        mechanism: "test".to_owned(),
        text: format!("rule: a\ncases: [{{ name: n, expect: fires, facts: {{ {facts} }} }}]\n"),
    };
    let cases = parse_cases(&file).unwrap();
    let any = Rulebook::of_files(&[rule("a", "net.core.somaxconn", "4096", "")]).unwrap();
    snapshot(any.rule("a").unwrap(), &cases.cases[0])
}

fn planned(rules: &[RuleFile], snapshot: &Snapshot) -> Plan {
    let book = Rulebook::of_files(rules).unwrap_or_else(|problems| panic!("{problems:?}"));
    plan(&check(snapshot, &book), snapshot)
}

fn one(rules: &[RuleFile], snapshot: &Snapshot) -> Change {
    let plan = planned(rules, snapshot);
    assert_eq!(plan.changes.len(), 1, "{plan:?}");
    plan.changes.into_values().next().unwrap()
}

const SOMAXCONN: &str = "net.core.somaxconn";

#[test]
fn two_rules_that_agree_make_one_change() {
    let rules = [
        rule("a", SOMAXCONN, "4096", ""),
        rule("b", SOMAXCONN, "4096", ""),
    ];
    let change = one(&rules, &facts("sysctl.net.core.somaxconn: 128"));
    assert_eq!(change.because, ["a", "b"]);
    assert_eq!(change.blocked, None);
    assert_eq!(change.live, Reading::Known(Value::Int(128)));
}

#[test]
fn two_rules_that_differ_are_a_named_conflict() {
    let rules = [
        rule("a", SOMAXCONN, "4096", ""),
        rule("b", SOMAXCONN, "8192", ""),
    ];
    let change = one(&rules, &facts("sysctl.net.core.somaxconn: 128"));
    let blocked = change.blocked.unwrap();
    assert!(blocked.contains("a wants 4096") && blocked.contains("b wants 8192"));
}

#[test]
fn a_value_that_is_set_already_is_no_change() {
    let rules = [rule("a", SOMAXCONN, "4096", "")];
    let plan = planned(&rules, &facts("sysctl.net.core.somaxconn: 4096"));
    assert_eq!(plan.changes.len(), 0);
}

#[test]
fn a_change_without_a_way_back_is_blocked() {
    let rules = [rule("a", SOMAXCONN, "4096", "")];
    for (reading, word) in [("denied", "EACCES"), ("absent", "does not have it")] {
        let change = one(
            &rules,
            &facts(&format!("sysctl.net.core.somaxconn: {reading}")),
        );
        assert!(change.blocked.unwrap().contains(word), "{reading}");
    }
}

#[test]
fn a_read_only_setting_is_blocked() {
    let rules = [rule("a", SOMAXCONN, "4096", "")];
    let mut snapshot = facts("sysctl.net.core.somaxconn: 128");
    snapshot.now.readings.insert(
        format!("sysctl.{SOMAXCONN}"),
        Reading::ReadOnly(Value::Int(128)),
    );
    assert!(
        one(&rules, &snapshot)
            .blocked
            .unwrap()
            .contains("read-only")
    );
}

#[test]
fn a_setting_of_the_machine_is_not_changed_from_a_namespace() {
    let rules = [rule("a", "net.core.netdev_max_backlog", "10000", "")];
    let inside = "sysctl.net.core.netdev_max_backlog: 1000, host.initial_netns: false";
    let blocked = one(&rules, &facts(inside)).blocked.unwrap();
    assert!(blocked.contains("on the host"), "{blocked}");
    let outside = "sysctl.net.core.netdev_max_backlog: 1000, host.initial_netns: true";
    assert_eq!(one(&rules, &facts(outside)).blocked, None);
}

#[test]
fn a_value_outside_the_kernel_s_range_is_blocked() {
    let rules = [rule("a", "net.ipv4.tcp_syn_retries", "200", "")];
    let blocked = one(&rules, &facts("sysctl.net.ipv4.tcp_syn_retries: 6")).blocked;
    assert!(blocked.unwrap().contains("127"));
}

#[test]
fn a_value_below_the_kernel_s_default_needs_a_reason() {
    let facts = facts("sysctl.net.ipv4.tcp_fin_timeout: 90");
    let key = "net.ipv4.tcp_fin_timeout";
    let blocked = one(&[rule("a", key, "30", "")], &facts).blocked;
    assert!(blocked.unwrap().contains("default 60"));
    let excused = rule("a", key, "30", "below_default: orphans pile up\n");
    assert_eq!(one(&[excused], &facts).blocked, None);
}

#[test]
fn one_meaning_of_an_enumeration_is_not_below_another() {
    // 2, the default, reuses on loopback only; 1 reuses towards everybody.
    let facts = facts("sysctl.net.ipv4.tcp_tw_reuse: 2");
    let change = one(&[rule("a", "net.ipv4.tcp_tw_reuse", "1", "")], &facts);
    assert_eq!(change.blocked, None);
}

#[test]
fn a_guard_blocks_when_it_holds_and_when_it_cannot_be_told() {
    let guards = "guards: [{ when: host.kubernetes_node, because: NodePorts }]\n";
    let rules = [rule("a", SOMAXCONN, "4096", guards)];
    let with = |node: &str| {
        let text = format!("sysctl.net.core.somaxconn: 128, host.kubernetes_node: {node}");
        one(&rules, &facts(&text)).blocked
    };
    assert_eq!(with("false"), None);
    assert_eq!(with("true").as_deref(), Some("NodePorts"));
    assert!(
        with("denied")
            .unwrap()
            .contains("cannot rule out: NodePorts")
    );
}

#[test]
fn a_key_that_was_removed_is_said_to_be_gone_in_a_namespace_too() {
    let rules = [rule("a", "net.ipv4.tcp_tw_recycle", "1", "")];
    let inside = "sysctl.net.ipv4.tcp_tw_recycle: absent, host.initial_netns: false";
    let mut snapshot = facts(inside);
    snapshot.now.host.kernel = crate::fact::KernelVersion::parse("6.1.0");
    let blocked = one(&rules, &snapshot).blocked.unwrap();
    assert!(blocked.contains("removed in Linux 4.12"), "{blocked}");
}
