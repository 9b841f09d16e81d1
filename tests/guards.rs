//! What no built-in rule may do, whatever its author thought: the guards that protect hosts from us.

use std::collections::BTreeSet;

use tcptune::catalog::{self, Write};
use tcptune::rule::expr::Expr;
use tcptune::rule::{Assignment, Kind, Rule, Rulebook, Subject};

fn book() -> Rulebook {
    Rulebook::built_in()
}

/// Every rule that sets a key, with how it does.
fn setters<'a>(book: &'a Rulebook, key: &str) -> Vec<(&'a Rule, &'a Assignment)> {
    let of_rule = |rule: &'a Rule| {
        let set = &rule.response().set;
        set.iter()
            .filter(|one| one.key == key)
            .map(move |one| (rule, one))
    };
    book.rules().flat_map(of_rule).collect()
}

fn reads(expressions: &[&Expr], fact: &str) -> bool {
    expressions
        .iter()
        .any(|expr| expr.facts().any(|used| used.fact == fact))
}

/// Everything that decides whether a change is made: condition, change, guards.
fn deciding<'a>(rule: &'a Rule, assignment: &'a Assignment) -> Vec<&'a Expr> {
    std::iter::once(rule.when())
        .chain(&assignment.when)
        .chain(rule.response().guards.iter().map(|guard| &guard.when))
        .collect()
}

#[test]
fn what_harms_far_away_or_unseen_is_advised_and_never_set() {
    let advised = [
        "net.ipv4.tcp_retries1",
        "net.ipv4.tcp_retries2",
        "net.ipv4.tcp_orphan_retries",
        "net.ipv4.tcp_congestion_control",
        "net.core.default_qdisc",
    ];
    for rule in book().rules() {
        for one in &rule.response().set {
            let advised = advised.contains(&one.key.as_str())
                || one.key.ends_with(".rp_filter")
                || one.key.ends_with("forwarding")
                || one.key.ends_with("ip_forward")
                || one.key.ends_with("flush")
                || one.key.contains(".conf.default.");
            assert!(!advised, "{} sets {}", rule.id, one.key);
            let spec = catalog::find(&one.key).expect("a set key is known");
            assert!(spec.write == Write::Allowed && !spec.secret, "{}", one.key);
        }
    }
}

#[test]
fn keepalive_is_set_only_for_a_named_limit_or_to_mend_what_is_no_value() {
    let book = book();
    for key in ["time", "intvl", "probes"] {
        let key = format!("net.ipv4.tcp_keepalive_{key}");
        for (rule, one) in setters(&book, &key) {
            let by_profile = reads(&deciding(rule, one), "param.idle_limit");
            // The kernel's own defaults in place of values below 1.
            let mends = rule.id == "keepalive-invalid";
            assert!(by_profile || mends, "{} sets {key}", rule.id);
        }
    }
}

#[test]
fn reuse_is_set_only_with_timestamps_for_a_full_range_and_after_the_advice_to_pool() {
    let book = book();
    let found = setters(&book, "net.ipv4.tcp_tw_reuse");
    for (rule, one) in &found {
        let deciding = deciding(rule, one);
        assert!(
            reads(&deciding, "sysctl.net.ipv4.tcp_timestamps"),
            "{}",
            rule.id
        );
        assert_eq!(rule.each, Some(Subject::Destination), "{}", rule.id);
        assert!(reads(&deciding, "destination.used"), "{}", rule.id);
        assert!(rule.response().first.is_some(), "{}: pool first", rule.id);
    }
    assert!(!found.is_empty(), "the guard guards nothing");
}

#[test]
fn a_port_range_is_never_widened_over_services_or_node_ports() {
    let book = book();
    let found = setters(&book, catalog::PORT_RANGE);
    for (rule, _) in &found {
        let facts = rule.facts();
        for fact in catalog::guard_facts(catalog::PORT_RANGE) {
            assert!(facts.contains(*fact), "{} does not ask for {fact}", rule.id);
        }
    }
    assert!(!found.is_empty(), "the guard guards nothing");
}

#[test]
fn a_list_of_reserved_ports_is_only_ever_added_to_and_not_on_a_kubernetes_node() {
    let book = book();
    for (rule, one) in setters(&book, "net.ipv4.ip_local_reserved_ports") {
        let to: Vec<&str> = one.to.iter().map(Expr::text).collect();
        assert_eq!(to, ["port.reserved_and_services"], "{}", rule.id);
        let guards: Vec<&Expr> = rule.response().guards.iter().map(|one| &one.when).collect();
        assert!(reads(&guards, "host.kubernetes_node"), "{}", rule.id);
    }
}

#[test]
fn a_larger_buffer_is_weighed_against_the_memory_of_the_machine() {
    let book = book();
    let caps = ["net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"];
    for (rule, one) in caps.iter().flat_map(|key| setters(&book, key)) {
        let guards: Vec<&Expr> = rule.response().guards.iter().map(|one| &one.when).collect();
        assert!(
            reads(&guards, "host.memory") && reads(&guards, "socket.established"),
            "{} sets {} without a look at memory",
            rule.id,
            one.key
        );
    }
}

#[test]
fn a_limit_that_takes_memory_says_how_much() {
    let limits = [
        "net.core.somaxconn",
        "net.core.netdev_max_backlog",
        "net.core.rmem_max",
        "net.core.wmem_max",
        "net.ipv4.tcp_max_orphans",
        "net.ipv4.tcp_max_syn_backlog",
        "net.ipv4.tcp_max_tw_buckets",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_wmem",
        "net.netfilter.nf_conntrack_max",
    ];
    let book = book();
    for (rule, one) in limits.iter().flat_map(|key| setters(&book, key)) {
        let cost = rule.response().cost.as_ref();
        let cost = cost.map(|cost| format!("{cost:?}")).unwrap_or_default();
        let told = ["B", "byte", "memory"]
            .iter()
            .any(|word| cost.contains(word));
        assert!(told, "{} sets {} and says no memory", rule.id, one.key);
    }
}

#[test]
fn probing_for_the_path_is_turned_on_for_more_than_one_stuck_connection() {
    let book = book();
    for (rule, one) in setters(&book, "net.ipv4.tcp_mtu_probing") {
        let to: Vec<&str> = one.to.iter().map(Expr::text).collect();
        assert!(matches!(to.as_slice(), ["1" | "0"]), "{}: {to:?}", rule.id);
        if to == ["1"] {
            assert!(
                reads(&deciding(rule, one), "socket.pmtu_suspects"),
                "{}",
                rule.id
            );
        }
    }
}

#[test]
fn a_value_below_the_default_may_be_meant() {
    let book = book();
    for rule in book.rules() {
        let about_default = rule.id.contains("below-kernel-default");
        if about_default {
            assert!(rule.response().set.is_empty(), "{}", rule.id);
            assert_eq!(rule.severity.word(), "info", "{}", rule.id);
        }
    }
}

/// A setting rule converges however the traffic changes, which is why `--yes` makes its changes. One that
/// looks at sockets or counters does not.
#[test]
fn a_rule_that_sets_by_values_alone_decides_by_values_alone() {
    let moving = [
        "socket.",
        "counter.",
        "gauge.",
        "sockstat.",
        "softnet.",
        "listener.",
        "destination.",
        "conntrack.",
        "udp.",
        "window.",
        "port.reserved_and_services",
    ];
    let mut faults = BTreeSet::new();
    for rule in book().rules().filter(|rule| rule.kind == Kind::Setting) {
        let set = &rule.response().set;
        let values = set.iter().flat_map(|one| one.to.iter().chain(&one.when));
        for expr in std::iter::once(rule.when()).chain(values) {
            for used in expr.facts() {
                if !set.is_empty() && moving.iter().any(|part| used.fact.starts_with(part)) {
                    faults.insert(format!("{} reads {}", rule.id, used.fact));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}
