//! Profiles, read from text.

use super::*;

fn file(text: &str) -> RuleFile {
    RuleFile {
        name: "profiles.d/edge.yaml".to_owned(),
        mechanism: "profiles.d".to_owned(),
        text: text.to_owned(),
    }
}

fn problems(text: &str) -> Vec<String> {
    let problems = Profile::parse(&file(text)).expect_err("this profile has problems");
    let with_help = |problem: &Problem| match problem.kind.help() {
        Some(help) => format!("{problem}; {help}"),
        None => problem.to_string(),
    };
    problems.iter().map(with_help).collect()
}

#[test]
fn a_profile_is_read_with_typed_values() {
    let text = "\
profile: edge
title: behind the balancer
params: { idle_limit: 350 }
want:
  net.core.somaxconn: 8192
  net/ipv4/tcp_sack: true
  net.ipv4.tcp_rmem: [4096, 131072, 6291456]
  net.ipv4.ip_local_port_range: 16384 60999
  net.ipv4.ip_local_reserved_ports: [8080, 9000-9100]
";
    let profile = Profile::parse(&file(text)).unwrap();
    assert_eq!(profile.name, "edge");
    assert_eq!(profile.params["param.idle_limit"], 350);
    let want = |key: &str| profile.want[key].clone();
    let exactly = |value| Wish::Exactly(value);
    assert_eq!(want("net.core.somaxconn"), exactly(Value::Int(8192)));
    assert_eq!(want("net.ipv4.tcp_sack"), exactly(Value::Bool(true)));
    let triple = Value::Triple([4096, 131_072, 6_291_456]);
    assert_eq!(want("net.ipv4.tcp_rmem"), exactly(triple));
    let range = Value::Range([16_384, 60_999]);
    assert_eq!(want("net.ipv4.ip_local_port_range"), exactly(range));
    let ports = Value::Ports(vec![(8080, 8080), (9000, 9100)]);
    assert_eq!(want("net.ipv4.ip_local_reserved_ports"), exactly(ports));
    assert_eq!(profile.want.len(), 5);
}

#[test]
fn every_problem_of_a_file_is_told_at_once() {
    let text = "\
profile: Edge
params: { idle_limt: 350, idle_limit: -1 }
want:
  net.ipv4.tcp_tw_recycel: 1
  net.ipv4.ip_forward: 1
  net.ipv4.tcp_fastopen_key: 00000000-00000000-00000000-00000000
  net.core.somaxconn: many
  net.ipv4.tcp_fin_timeout: 99999999999
  net.ipv4.conf.*.rp_filter: 1
wants: {}
";
    let found = problems(text);
    let expected = [
        "wants`; did you mean `want`?",
        "bad profile name `Edge`",
        "no rule reads a parameter `idle_limt`; did you mean `idle_limit`?",
        "`idle_limit`: it is from 0 to 2147483647",
        "unknown sysctl key `net.ipv4.tcp_tw_recycel`",
        "`net.ipv4.ip_forward` is never written",
        "`net.ipv4.tcp_fastopen_key`",
        "`net.core.somaxconn`",
        "`net.ipv4.tcp_fin_timeout`",
        "`net.ipv4.conf.*.rp_filter`",
    ];
    for part in expected {
        let told = found.iter().filter(|one| one.contains(part)).count();
        assert_eq!(told, 1, "{part}: {found:#?}");
    }
    assert_eq!(found.len(), expected.len(), "{found:#?}");
}

#[test]
fn a_name_that_stands_for_two_profiles_is_a_problem() {
    let one = file("profile: edge\n");
    let two = RuleFile {
        name: "profiles.d/other.yaml".to_owned(),
        ..file("title: x\nprofile: edge\n")
    };
    let mut all = BTreeMap::new();
    let problems = Profile::overlay(&mut all, &[one, two]).unwrap_err();
    let told = problems[0].to_string();
    assert!(told.starts_with("profiles.d/other.yaml:2:10: "), "{told}");
    assert!(problems[0].kind.help().unwrap().contains("edge.yaml"));
    assert!(all.is_empty());
}

#[test]
fn a_folder_replaces_the_profile_below_it_as_a_whole() {
    let mut all = Profile::built_in().unwrap();
    assert!(!all["server"].want.is_empty());
    Profile::overlay(&mut all, &[file("profile: server\n")]).unwrap();
    assert!(all["server"].want.is_empty());
    assert!(!all["server"].origin.built_in);
}

#[test]
fn the_four_roles_are_built_in() {
    let all = Profile::built_in().unwrap();
    let names: Vec<&str> = all.keys().map(String::as_str).collect();
    assert_eq!(names, ["client", "general", "proxy", "server"]);
    for profile in all.values() {
        assert!(!profile.title.is_empty(), "{}", profile.name);
        // No site is known, so none is described.
        assert!(profile.params.is_empty(), "{}", profile.name);
    }
    assert!(all["general"].want.is_empty());
}

#[test]
fn at_least_never_lowers() {
    let text = "\
profile: edge
want:
  net.core.somaxconn: { at_least: 4096 }
  net.ipv4.tcp_rmem: { at_least: [4096, 131072, 6291456] }
  net.ipv4.ip_local_port_range: { at_least: [16384, 60999] }
";
    let profile = Profile::parse(&file(text)).unwrap();
    let of = |key: &str, live: Value| profile.want[key].value(Some(&live));
    assert_eq!(of("net.core.somaxconn", Value::Int(128)), Value::Int(4096));
    assert_eq!(
        of("net.core.somaxconn", Value::Int(16_384)),
        Value::Int(16_384)
    );
    let rmem = Value::Triple([8192, 87_380, 33_554_432]);
    let met = Value::Triple([8192, 131_072, 33_554_432]);
    assert_eq!(of("net.ipv4.tcp_rmem", rmem), met);
    let range = "net.ipv4.ip_local_port_range";
    assert_eq!(
        of(range, Value::Range([32_768, 65_000])),
        Value::Range([16_384, 65_000])
    );
    assert_eq!(
        of(range, Value::Range([10_000, 65_000])),
        Value::Range([10_000, 65_000])
    );
    assert!(profile.want[range].is_met(&Value::Range([16_384, 60_999])));
    assert_eq!(
        profile.want[range].value(None),
        Value::Range([16_384, 60_999])
    );
    assert_eq!(profile.want[range].to_string(), "at least 16384 60999");
}

#[test]
fn at_least_is_for_what_can_be_more() {
    let found = problems(
        "profile: edge\nwant: { net.ipv4.tcp_sack: { at_least: 1 }, net.core.somaxconn: { most: 1 } }\n",
    );
    assert!(
        found[0].contains("`at_least` is for numbers and ranges"),
        "{found:#?}"
    );
    assert!(
        found.iter().any(|one| one.contains("unknown field `most`")),
        "{found:#?}"
    );
}
