//! The catalogue against the running kernel.
//!
//! Everything that writes does so in a network namespace made for it: the test runs its own binary
//! again under `unshare --net` of util-linux and stops at once if that did not make a namespace.
//! Keys of the machine are read at most, never written.

mod netns;

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use netns::{file, in_new_netns, kernel, note, present, skip, write};
use tcptune::catalog::{KeyScope, KeySpec, Kind, NewNetns, Write, counter, find, keys};
use tcptune::fact::{Unit, Value};

/// The entry and the text of every key that can be read and is no secret.
fn readable() -> Vec<(String, &'static KeySpec, String)> {
    present()
        .into_iter()
        .filter_map(|(key, path)| {
            let spec = find(&key).filter(|spec| !spec.secret)?;
            let text = fs::read_to_string(path).ok()?;
            Some((key, spec, text))
        })
        .collect()
}

#[test]
fn every_key_of_a_new_namespace_is_in_the_catalogue() {
    in_new_netns("every_key_of_a_new_namespace_is_in_the_catalogue", || {
        let unknown = |key: &String| find(key).is_none_or(|spec| spec.unlisted);
        let missing: Vec<String> = present().into_keys().filter(unknown).collect();
        let tcp: Vec<&String> = missing
            .iter()
            .filter(|key| key.starts_with("net.ipv4.tcp_"))
            .collect();
        assert!(tcp.is_empty(), "not in the catalogue: {tcp:?}");
        // Of the other families the catalogue is complete for the kernel it was last held against.
        if (kernel().major, kernel().minor) == (6, 18) {
            assert!(missing.is_empty(), "not in the catalogue: {missing:?}");
        }
    });
}

#[test]
fn keys_are_where_their_scope_and_releases_say() {
    in_new_netns("keys_are_where_their_scope_and_releases_say", || {
        let kernel = kernel();
        let mut wrong = Vec::new();
        for spec in keys()
            .iter()
            .filter(|spec| !spec.is_pattern() && spec.key.starts_with("net."))
        {
            let exists = file(spec.key).exists();
            let begun = |since: Option<_>| {
                since.is_none_or(|release: tcptune::catalog::Release| release.is_in(&kernel))
            };
            let removed = spec
                .removed_in
                .is_some_and(|release| release.is_in(&kernel));
            if removed && exists {
                wrong.push(format!("{} is there, and was removed", spec.key));
            }
            if spec.scope == KeyScope::Host && spec.new_netns == NewNetns::Absent && exists {
                wrong.push(format!("{} is there, and belongs to the host", spec.key));
            }
            if kernel.is_vendor() {
                continue;
            }
            if !begun(spec.since) && exists {
                wrong.push(format!("{} is there before its release", spec.key));
            }
            let expected = !removed
                && begun(spec.since)
                && begun(spec.netns_since)
                && spec.scope != KeyScope::Host
                && spec.key.starts_with("net.ipv4.tcp_");
            if expected && !exists {
                wrong.push(format!("{} is missing", spec.key));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    });
}

/// The values that are not of the type of their key.
fn mistyped() -> Vec<String> {
    let readable = readable();
    assert!(readable.len() > 50, "only {} keys", readable.len());
    readable
        .iter()
        .filter_map(|(key, spec, text)| Some(format!("{key}: {}", spec.parse(text).err()?)))
        .collect()
}

#[test]
fn every_value_of_this_host_is_of_the_type_of_its_key() {
    // Reads only: this is where the keys of the machine are.
    if !Path::new("/proc/sys/net/ipv4").exists() {
        return skip("/proc/sys/net is not readable");
    }
    assert_eq!(mistyped(), [""; 0]);
}

#[test]
fn every_value_is_of_the_type_of_its_key() {
    in_new_netns("every_value_is_of_the_type_of_its_key", || {
        assert_eq!(mistyped(), [""; 0]);
    });
}

#[test]
fn keys_nobody_can_write_there_have_no_write_bit() {
    in_new_netns("keys_nobody_can_write_there_have_no_write_bit", || {
        for (key, spec, _) in readable() {
            if spec.write == Write::ReadOnly || spec.scope == KeyScope::HostReadonly {
                let mode = fs::metadata(file(&key)).map(|data| data.permissions());
                assert!(mode.is_ok_and(|mode| mode.readonly()), "{key}");
            }
        }
    });
}

/// Keys whose value in a new namespace need not be the catalogue's default, and why not.
const NOT_THE_DEFAULT: [(&str, &str); 1] = [(
    "net.ipv4.ping_group_range",
    "groups are shown as the reader's user namespace maps them",
)];

#[test]
fn a_new_namespace_starts_with_the_defaults_of_the_catalogue() {
    in_new_netns(
        "a_new_namespace_starts_with_the_defaults_of_the_catalogue",
        || {
            let kernel = kernel();
            let (mut held, mut wrong) = (0, Vec::new());
            for (key, spec, text) in readable() {
                // Copies of another namespace tell of that one, not of the kernel.
                let own = spec.new_netns == NewNetns::Default && spec.scope == KeyScope::Netns;
                let excused = NOT_THE_DEFAULT.iter().any(|(excused, _)| *excused == key);
                let Some(default) = spec.default_for(&kernel).filter(|_| own && !excused) else {
                    continue;
                };
                held += 1;
                if spec.parse(&text).ok() != Some(default.clone()) {
                    wrong.push(format!("{key} is {}, not {default}", text.trim()));
                }
            }
            assert!(wrong.is_empty(), "{wrong:#?}");
            assert!(
                held > 40,
                "only {held} defaults were held against the kernel"
            );
        },
    );
}

/// Ends of keys whose bounds are not tried, and why not.
const BOUNDS_NOT_TRIED: [(&str, &str); 17] = [
    (
        ".tcp_ecn",
        "3 to 5 are taken where the kernel negotiates AccECN",
    ),
    (
        ".tcp_reordering",
        "bounded by tcp_max_reordering, on kernels that have the check",
    ),
    (
        ".tcp_invalid_ratelimit",
        "kept in clock ticks: rounded, and wraps",
    ),
    (".icmp_ratelimit", "kept in clock ticks: rounded, and wraps"),
    (".icmp.ratelimit", "kept in clock ticks: rounded, and wraps"),
    (
        ".gc_min_interval_ms",
        "kept in clock ticks: rounded, and wraps",
    ),
    (
        ".ip_unprivileged_port_start",
        "bounded by ip_local_port_range",
    ),
    ("_high_thresh", "bounded by the low threshold"),
    ("_low_thresh", "bounded by the high threshold"),
    (
        "_unsolicited_report_interval",
        "milliseconds kept in clock ticks: rounded",
    ),
    ("_time_ms", "milliseconds kept in clock ticks: rounded"),
    (".anycast_delay", "kept in clock ticks: rounded, and wraps"),
    (".proxy_delay", "kept in clock ticks: rounded, and wraps"),
    (".locktime", "kept in clock ticks: rounded, and wraps"),
    (".retrans_time", "kept in clock ticks: rounded, and wraps"),
    (
        ".unres_qlen",
        "kept in bytes: bounded by the size of a packet",
    ),
    (".mtu", "bounded by the device"),
];

/// Whether other settings, the clock tick or the device decide about the bounds of a key.
fn has_own_bounds(key: &str) -> bool {
    BOUNDS_NOT_TRIED.iter().any(|(end, _)| key.ends_with(end))
}

#[test]
fn the_kernel_takes_the_bounds_and_refuses_the_next_number() {
    in_new_netns(
        "the_kernel_takes_the_bounds_and_refuses_the_next_number",
        || {
            let (mut tried, mut wrong) = (0, Vec::new());
            for (key, spec, before) in readable() {
                let numeric = matches!(
                    spec.kind,
                    Kind::Int | Kind::Bool | Kind::Enum | Kind::Bitmask
                );
                let private = spec.scope == KeyScope::Netns
                    && [
                        "net.ipv4.",
                        "net.ipv6.",
                        "net.core.",
                        "net.mptcp.",
                        "net.netfilter.nf_conntrack_",
                    ]
                    .iter()
                    .any(|family| key.starts_with(family));
                let (Some(min), Some(max)) = (spec.min, spec.max) else {
                    continue;
                };
                if !numeric || !private || spec.write != Write::Allowed || has_own_bounds(&key) {
                    continue;
                }
                tried += 1;
                let file = file(&key);
                let mut attempt = |number: i128, taken: bool| {
                    let result = write(&file, &number.to_string());
                    let fits = match &result {
                        Ok(()) => taken,
                        Err(error) => !taken && error.kind() == ErrorKind::InvalidInput,
                    };
                    if !fits {
                        wrong.push(format!("{key}: {number} gives {result:?}"));
                    }
                    if taken && result.is_ok() && spec.kind != Kind::Bool {
                        let after = fs::read_to_string(&file).unwrap_or_default();
                        let kept = spec.parse(&after).ok().and_then(|value| match value {
                            Value::Int(kept) => Some(i128::from(kept)),
                            _ => None,
                        });
                        if kept != Some(number) {
                            wrong.push(format!("{key}: {number} became {}", after.trim()));
                        }
                    }
                    if let Err(error) = write(&file, before.trim()) {
                        wrong.push(format!(
                            "{key}: {} does not go back: {error}",
                            before.trim()
                        ));
                    }
                };
                attempt(i128::from(min), true);
                attempt(i128::from(max), true);
                // Seconds are kept in clock ticks: the catalogue has the bound of 1000 Hz, and 100 Hz
                // takes ten times as much.
                let ticks = if spec.unit == Unit::Seconds && [2_147_483, 4_294_967].contains(&max) {
                    10
                } else {
                    1
                };
                if ticks == 10 {
                    attempt((i128::from(max) + 1) * ticks, false);
                } else if max < i64::MAX {
                    attempt(i128::from(max) + 1, false);
                }
                attempt((i128::from(min) - 1) * ticks, false);
            }
            assert!(wrong.is_empty(), "{wrong:#?}");
            assert!(tried > 60, "only {tried} keys were tried");
            note(&format!("the bounds of {tried} keys were tried"));
        },
    );
}

#[test]
fn every_counter_of_this_kernel_is_in_the_catalogue() {
    let mut known = 0;
    let mut missing = Vec::new();
    for file in ["netstat", "snmp"] {
        let Ok(text) = fs::read_to_string(Path::new("/proc/thread-self/net").join(file)) else {
            return skip("/proc/net is not readable");
        };
        let lines: Vec<&str> = text.lines().collect();
        for pair in lines.chunks(2) {
            let [names, values] = pair else {
                panic!("{file}: a line without its values");
            };
            let (proto, names) = names.split_once(": ").unwrap_or((names, ""));
            let values = values.split_ascii_whitespace().skip(1);
            for (name, value) in names.split_ascii_whitespace().zip(values) {
                match counter(proto, name) {
                    Some(spec) if spec.gauge || !value.starts_with('-') => known += 1,
                    Some(_) => missing.push(format!("{proto}.{name} is {value}: no counter")),
                    None => missing.push(format!("{proto}.{name}")),
                }
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
    assert!(known > 100, "only {known} counters");
}
