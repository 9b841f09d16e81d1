use super::*;
use crate::fact::boot::Definition;

/// A machine with one interface.
struct Eth0;

impl Keys for Eth0 {
    fn children(&self, folder: &str) -> Vec<(String, bool)> {
        let folders = ["all", "default", "eth0", "eth0.5", "lo"];
        match folder {
            "net/ipv4/conf" | "net/ipv6/conf" => {
                folders.map(|name| (name.to_owned(), true)).to_vec()
            }
            _ => Vec::new(),
        }
    }

    fn exists(&self, path: &str) -> Option<bool> {
        Some(!path.contains("neigh/eth0.5"))
    }
}

fn load(engine: Engine, lines: &[(&str, &str)]) -> Load {
    let place = |at: usize| Place {
        file: "/etc/sysctl.d/a.conf".to_owned(),
        line: u32::try_from(at + 1).ok(),
    };
    let wins = Outcome {
        fate: Fate::Wins,
        by: None,
        why: None,
    };
    let definition = |(at, (key, value)): (usize, &(&str, &str))| Definition {
        place: place(at),
        key: canonical(key).into_owned(),
        value: Some((*value).to_owned()),
        lenient: false,
        outcome: wins.clone(),
        unread: false,
    };
    let write = |(at, (key, value)): (usize, &(&str, &str))| PlannedWrite {
        path: path(key).unwrap(),
        value: value.as_bytes().to_vec(),
        definition: at,
        lenient: false,
        secret: false,
    };
    Load {
        engine,
        definitions: lines.iter().enumerate().map(definition).collect(),
        writes: lines.iter().enumerate().map(write).collect(),
        claims: BTreeMap::new(),
        unreadable: Vec::new(),
        notes: Vec::new(),
    }
}

fn defaults(key: &str) -> Option<Value> {
    let spec = find(key)?;
    let kernel = KernelVersion::parse("6.18.0")?;
    spec.default_for(&kernel)
}

/// The end of a key after these lines, with the fate of each line for it.
fn end(
    engine: Engine,
    boot: bool,
    lines: &[(&str, &str)],
    key: &str,
) -> (String, Option<usize>, String) {
    let load = load(engine, lines);
    let ground = Ground {
        before: &defaults,
        available: &|_, name| match name {
            "cubic" => Some(true),
            "nosuch" => Some(false),
            _ => None,
        },
        absent: &|_| None,
        kernel: None,
        keys: &Eth0,
        boot,
    };
    let after = After::of(&load, &ground);
    let (forecast, by) = after.forecast(key);
    let text = match forecast {
        Forecast::Value(value) => value.to_string(),
        Forecast::Untouched => "untouched".to_owned(),
        Forecast::Unknown(why) => format!("unknown: {why}"),
    };
    let place = |at: usize| load.definitions.get(at).map(|found| found.place.clone());
    let fates = load.definitions.iter().enumerate().map(|(at, definition)| {
        let outcome = after.outcome(key, at, &definition.outcome, &place);
        let by = outcome.by.and_then(|place| place.line);
        let by = by.map(|line| format!(" by {line}")).unwrap_or_default();
        let why = outcome
            .why
            .map(|why| format!(" ({why})"))
            .unwrap_or_default();
        format!("{}{by}{why}", outcome.fate.word())
    });
    let fates: Vec<String> = fates.collect();
    (text, by, fates.join(", "))
}

fn systemd(lines: &[(&str, &str)], key: &str) -> (String, Option<usize>, String) {
    end(Engine::Systemd, true, lines, key)
}

fn told(text: &str, by: Option<usize>, fates: &str) -> (String, Option<usize>, String) {
    (text.to_owned(), by, fates.to_owned())
}

const FIN: &str = "net.ipv4.tcp_fin_timeout";
const RMEM: &str = "net.ipv4.tcp_rmem";

#[test]
fn the_last_value_the_kernel_takes_wins() {
    let lines = [(FIN, "21"), (FIN, "22 # twice")];
    assert_eq!(
        systemd(&lines, FIN),
        told("22", Some(1), "shadowed by 2, wins")
    );
}

#[test]
fn a_refused_value_is_invalid_and_the_one_before_holds() {
    let lines = [(FIN, "21"), (FIN, "21k")];
    assert_eq!(
        end(Engine::Procps, true, &lines, FIN),
        told(
            "21",
            Some(0),
            "wins, invalid (the kernel refuses it: EINVAL)"
        )
    );
    assert_eq!(
        systemd(&lines[1..], FIN),
        told("untouched", None, "invalid (the kernel refuses it: EINVAL)")
    );
}

#[test]
fn a_refused_vector_may_change_in_part() {
    let lines = [(RMEM, "4096 131072 6291456"), (RMEM, "5000 abc 1")];
    assert_eq!(
        systemd(&lines, RMEM),
        told(
            "5000 131072 6291456",
            Some(1),
            "shadowed by 2, invalid (the kernel refuses it: EINVAL)"
        )
    );
}

#[test]
fn a_part_of_a_value_that_memory_decides_is_open() {
    let (text, by, fates) = systemd(&[(RMEM, "5000")], RMEM);
    assert_eq!((by, fates.as_str()), (Some(0), "wins"));
    assert!(text.starts_with("unknown: the numbers it leaves"), "{text}");
}

#[test]
fn two_names_of_one_key_compete_in_the_order_of_the_writes() {
    let (one, other) = ("net.netfilter.nf_conntrack_max", "net.nf_conntrack_max");
    let lines = [(one, "1000"), (other, "2000")];
    assert_eq!(
        systemd(&lines, one),
        told("2000", Some(1), "shadowed by 2, wins")
    );
}

#[test]
fn a_key_outside_the_catalogue_keeps_the_text_as_it_is_written() {
    let key = "kernel.core_pattern";
    assert_eq!(
        systemd(&[(key, " |/bin/x  %e ")], key),
        told("|/bin/x  %e", Some(0), "wins")
    );
}

#[test]
fn an_algorithm_counts_where_it_is_known_to_be_there() {
    let key = "net.ipv4.tcp_congestion_control";
    let with = |name| systemd(&[(key, name)], key).0;
    assert_eq!(with("cubic"), "cubic");
    assert_eq!(with("reno"), "reno");
    assert_eq!(with("nosuch"), "untouched");
    assert!(with("bbr").starts_with("unknown: whether the kernel has"));
}

#[test]
fn forwarding_switched_on_later_resets_redirects_and_interfaces() {
    let redirects = "net.ipv4.conf.all.accept_redirects";
    let forward = ("net.ipv4.ip_forward", "1");
    assert_eq!(
        systemd(&[(redirects, "1"), forward], redirects),
        told("0", Some(1), "shadowed by 2, wins")
    );
    assert_eq!(systemd(&[forward, (redirects, "1")], redirects).0, "1");
    let eth0 = "net.ipv4.conf.eth0.forwarding";
    assert_eq!(systemd(&[(eth0, "0"), forward], eth0).0, "1");
    assert_eq!(systemd(&[forward], "net.ipv4.conf.all.forwarding").0, "1");
    assert_eq!(
        systemd(&[forward], "net.ipv4.conf.eth0/5.forwarding").0,
        "1"
    );
    // It was off before: nothing changes, nothing is reset.
    let off = ("net.ipv4.ip_forward", "0");
    assert_eq!(systemd(&[off], redirects).0, "untouched");
}

#[test]
fn ipv6_forwarding_of_all_reaches_every_interface() {
    let all = ("net.ipv6.conf.all.forwarding", "1");
    let eth0 = "net.ipv6.conf.eth0.forwarding";
    assert_eq!(systemd(&[(eth0, "0"), all], eth0).0, "1");
    assert_eq!(systemd(&[all, (eth0, "0")], eth0).0, "0");
    assert_eq!(systemd(&[all], "net.ipv6.conf.default.forwarding").0, "1");
}

#[test]
fn a_template_leaves_interfaces_without_a_value_of_their_own_open() {
    let template = ("net.ipv4.conf.default.rp_filter", "2");
    let eth0 = "net.ipv4.conf.eth0.rp_filter";
    let open = "unknown: net.ipv4.conf.default.rp_filter may reach the interface";
    assert_eq!(systemd(&[template], eth0).0, open);
    assert_eq!(systemd(&[template, (eth0, "1")], eth0).0, "1");
    assert_eq!(systemd(&[(eth0, "1"), template], eth0).0, "1");
    let same = ("net.ipv4.conf.default.rp_filter", "0");
    assert_eq!(systemd(&[same], eth0).0, "untouched");
}

#[test]
fn a_value_systemd_does_not_repeat_is_no_value_of_the_interfaces_own() {
    let lines = [
        ("net.ipv4.conf.eth0.rp_filter", "0"),
        ("net.ipv4.conf.default.rp_filter", "2"),
    ];
    let eth0 = lines[0].0;
    assert!(systemd(&lines, eth0).0.starts_with("unknown"));
    assert_eq!(end(Engine::Procps, true, &lines, eth0).0, "0");
}

#[test]
fn the_ipv6_template_is_for_interfaces_that_come_later() {
    let template = ("net.ipv6.conf.default.accept_ra", "0");
    let eth0 = "net.ipv6.conf.eth0.accept_ra";
    assert!(systemd(&[template], eth0).0.starts_with("unknown"));
    assert_eq!(end(Engine::Procps, false, &[template], eth0).0, "untouched");
}

#[test]
fn two_keys_of_one_value_in_two_units_are_not_told_from_each_other() {
    let line = ("net.ipv4.neigh.default.base_reachable_time_ms", "20000");
    let (text, by, _) = systemd(&[line], "net.ipv4.neigh.default.base_reachable_time");
    assert!(text.starts_with("unknown: it shows the value of"), "{text}");
    assert_eq!(by, Some(0));
}

#[test]
fn a_port_range_is_held_against_the_privileged_ports_of_that_moment() {
    let range = ("net.ipv4.ip_local_port_range", "500 65535");
    let start = ("net.ipv4.ip_unprivileged_port_start", "80");
    assert_eq!(systemd(&[range, start], range.0).0, "untouched");
    assert_eq!(systemd(&[start, range], range.0).0, "500 65535");
}
