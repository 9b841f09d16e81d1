//! Laws of the catalogue's data.

use std::collections::BTreeSet;

use tcptune::catalog::{
    KeyScope, KeySpec, Kind, NewNetns, Release, Write, counter, counters, find, keys,
};
use tcptune::fact::Unit;

fn single() -> impl Iterator<Item = &'static KeySpec> {
    keys().iter().filter(|spec| !spec.is_pattern())
}

#[test]
fn every_default_is_of_the_type_of_its_key_and_accepted_by_it() {
    for spec in keys() {
        let mainline = spec.defaults.iter().filter_map(|default| default.value);
        let vendor = spec.default_el.iter().map(|(_, value)| *value);
        for text in mainline.chain(vendor) {
            let value = spec
                .parse(text)
                .unwrap_or_else(|error| panic!("{}: {error}", spec.key));
            assert_eq!(spec.accepts(&value), Ok(()), "{} = {text}", spec.key);
        }
    }
}

#[test]
fn releases_are_in_the_order_of_a_life() {
    for spec in keys() {
        let order = [spec.since, spec.noop_since, spec.removed_in];
        let told: Vec<Release> = order.into_iter().flatten().collect();
        assert!(told.is_sorted_by(|a, b| a < b), "{}: {told:?}", spec.key);
        if let (Some(netns), Some(since)) = (spec.netns_since, spec.since) {
            assert!(since < netns, "{}: {since} and {netns}", spec.key);
        }
        let first = spec.defaults.first().map(|default| default.since);
        if let (Some(first), Some(since)) = (first, spec.since) {
            assert!(
                since <= first,
                "{}: a default of {first}, the key of {since}",
                spec.key
            );
        }
        let changes: Vec<Release> = spec.defaults.iter().map(|default| default.since).collect();
        assert!(changes.is_sorted_by(|a, b| a < b), "{}", spec.key);
    }
}

#[test]
fn meanings_lie_in_the_range_of_their_key() {
    for spec in keys() {
        let (Some(min), Some(max)) = (spec.min, spec.max) else {
            continue;
        };
        assert!(min <= max, "{}", spec.key);
        for (number, meaning) in spec.values {
            assert!((min..=max).contains(number), "{}: {number}", spec.key);
            assert!(!meaning.is_empty(), "{}: {number}", spec.key);
        }
        if spec.kind == Kind::Bitmask {
            let bits = spec.values.iter().map(|(number, _)| number.count_ones());
            assert!(bits.into_iter().all(|ones| ones == 1), "{}", spec.key);
        }
    }
}

#[test]
fn every_enum_says_what_its_values_mean() {
    let silent: Vec<&str> = keys()
        .iter()
        .filter(|spec| spec.kind == Kind::Enum && spec.values.is_empty())
        .map(|spec| spec.key)
        .collect();
    assert_eq!(silent, [""; 0]);
}

#[test]
fn scope_and_new_namespace_agree() {
    for spec in keys() {
        let fits = match spec.new_netns {
            NewNetns::Absent => spec.scope == KeyScope::Host,
            NewNetns::HostValue => spec.scope != KeyScope::Netns,
            NewNetns::Default | NewNetns::InheritInit | NewNetns::InheritCreator => {
                spec.scope == KeyScope::Netns
            }
        };
        assert!(
            fits,
            "{}: {:?} and {:?}",
            spec.key, spec.scope, spec.new_netns
        );
    }
}

#[test]
fn keys_whose_effect_cannot_be_undone_are_never_written() {
    for key in [
        "net.ipv4.ip_forward",
        "net.ipv4.conf.all.forwarding",
        "net.ipv4.conf.eth0.forwarding",
        "net.ipv6.conf.all.forwarding",
        "net.ipv6.conf.eth0/100.disable_ipv6",
        "net.ipv4.conf.default.rp_filter",
        "net.ipv4.conf.default.arp_filter",
        "net.ipv6.conf.default.accept_ra",
        "net.ipv6.conf.default.some_new_key",
        "net.ipv4.route.flush",
        "net.ipv6.route.flush",
        "net.netfilter.nf_hooks_lwtunnel",
        "net.ipv4.tcp_fastopen_key",
        "net.ipv6.conf.eth0.stable_secret",
    ] {
        let spec = find(key).unwrap_or_else(|| panic!("{key}"));
        assert!(
            matches!(spec.write, Write::Never { why } if why.len() > 10),
            "{key}: {:?}",
            spec.write
        );
    }
    for key in [
        "net.ipv4.conf.eth0.mc_forwarding",
        "net.ipv6.conf.default.mc_forwarding",
        "net.netfilter.nf_conntrack_count",
    ] {
        assert_eq!(find(key).unwrap().write, Write::ReadOnly, "{key}");
    }
}

#[test]
fn a_template_is_never_written_whatever_its_family() {
    for spec in single().filter(|spec| spec.key.contains(".conf.default.")) {
        assert_ne!(spec.write, Write::Allowed, "{}", spec.key);
    }
}

#[test]
fn secrets_are_flagged_for_every_interface() {
    for key in [
        "net.ipv4.tcp_fastopen_key",
        "net.ipv6.conf.all.stable_secret",
        "net.ipv6.conf.default.stable_secret",
        "net/ipv6/conf/eth0.100/stable_secret",
    ] {
        assert!(find(key).unwrap().secret, "{key}");
    }
    assert_eq!(keys().iter().filter(|spec| spec.secret).count(), 3);
}

#[test]
fn what_older_kernels_choose_stands_beside_what_newer_ones_do() {
    for (key, older) in [
        (
            "net.netfilter.nf_conntrack_buckets",
            "before 5.15 it is 65536, 16384 or at least 32",
        ),
        ("net.ipv4.tcp_mem", "/ 8 in older kernels"),
        (
            "net.core.netdev_budget_usecs",
            "2000 at any in older kernels",
        ),
        ("net.ipv4.tcp_rmem", "6 MiB in older kernels"),
    ] {
        let scaled = find(key).unwrap().scaled.unwrap();
        assert!(scaled.contains(older), "{key}: {scaled}");
    }
}

#[test]
fn what_is_known_of_the_landmarks_holds() {
    let recycle = find("net.ipv4.tcp_tw_recycle").unwrap();
    assert_eq!(recycle.removed_in, Some(Release::new(4, 12)));
    assert!(recycle.replacement.is_some());

    let low_latency = find("net.ipv4.tcp_low_latency").unwrap();
    assert_eq!(low_latency.noop_since, Some(Release::new(4, 14)));

    let memory = find("net.ipv4.tcp_mem").unwrap();
    assert_eq!(
        (memory.kind, memory.unit, memory.scope),
        (Kind::Triple, Unit::Pages, KeyScope::Host)
    );

    let conntrack = find("net.nf_conntrack_max").unwrap();
    assert_eq!(
        (conntrack.key, conntrack.scope),
        ("net.netfilter.nf_conntrack_max", KeyScope::HostReadonly)
    );

    let reserved = find("net.ipv4.ip_local_reserved_ports").unwrap();
    assert_eq!(
        (reserved.kind, reserved.kubernetes_safe_since),
        (Kind::Ports, Some("1.27"))
    );

    let receive = find("net.ipv4.tcp_rmem").unwrap();
    assert_eq!(
        (receive.new_netns, receive.unit),
        (NewNetns::InheritInit, Unit::Bytes)
    );
    assert!(receive.scaled.is_some());
}

#[test]
fn the_catalogue_holds_what_it_is_said_to_hold() {
    let family = |prefix: &str| single().filter(|spec| spec.key.starts_with(prefix)).count();
    let gone = keys()
        .iter()
        .filter(|spec| spec.removed_in.is_some())
        .count();
    let ignored = keys()
        .iter()
        .filter(|spec| spec.noop_since.is_some())
        .count();
    assert_eq!(gone, 27);
    assert_eq!(ignored, 16);
    assert_eq!(family("net.ipv4.tcp_"), 110);
    assert!(family("net.netfilter.") >= 40);
    assert!(family("net.core.") >= 40);
    assert!(single().count() >= 400);
}

#[test]
fn a_replacement_that_names_a_key_names_a_known_one() {
    for spec in keys() {
        if let Some(name) = spec.replacement.filter(|name| name.starts_with("net.")) {
            assert!(
                find(name).is_some_and(|found| found.key == name),
                "{}: {name}",
                spec.key
            );
        }
    }
}

#[test]
fn counters_have_one_entry_each_and_know_their_unit() {
    let names: BTreeSet<_> = counters()
        .iter()
        .map(|spec| (spec.proto, spec.name))
        .collect();
    assert_eq!(names.len(), counters().len());
    let unit = |proto, name| counter(proto, name).unwrap().unit;
    assert_eq!(unit("IpExt", "InOctets"), Unit::Bytes);
    assert_eq!(
        unit("TcpExt", "TCPMemoryPressuresChrono"),
        Unit::Milliseconds
    );
    assert_eq!(unit("TcpExt", "ListenOverflows"), Unit::Count);
    let gone = counter("TcpExt", "PAWSPassive").unwrap();
    assert_eq!(gone.removed_in, Some(Release::new(4, 12)));
    assert!(counter("TcpExt", "TCPAbortOnMemory").unwrap().host_cause);
}

#[test]
fn only_settings_and_levels_are_gauges() {
    let gauges: Vec<&str> = counters()
        .iter()
        .filter(|spec| spec.gauge)
        .map(|spec| spec.name)
        .collect();
    assert_eq!(
        gauges,
        [
            "DefaultTTL",
            "Forwarding",
            "MPCurrEstab",
            "CurrEstab",
            "MaxConn",
            "RtoAlgorithm",
            "RtoMax",
            "RtoMin"
        ]
    );
}
