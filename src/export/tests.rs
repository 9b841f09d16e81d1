//! What targets carry, order and keep apart.

use super::*;

fn setting(key: &str, value: &str) -> Setting {
    Setting {
        key: key.to_owned(),
        value: value.to_owned(),
        at_least: false,
        because: vec!["a-rule".to_owned()],
    }
}

fn export(settings: &[(&str, &str)]) -> Export {
    let settings = settings.iter().map(|(key, value)| setting(key, value));
    Export {
        source: "a test".to_owned(),
        settings: settings.collect(),
    }
}

fn refused(word: &str, settings: &[(&str, &str)], terms: &Terms) -> Vec<String> {
    let judged = judge(&export(settings), target(word).unwrap(), terms);
    judged.refused.iter().map(ToString::to_string).collect()
}

fn written(word: &str, settings: &[(&str, &str)]) -> String {
    let target = target(word).unwrap();
    let export = export(settings);
    let judged = judge(&export, target, &Terms::default());
    let sheet = Sheet::new(
        &export,
        target,
        judged.carried,
        judged.refused,
        Terms::default(),
    );
    let mut out = Vec::new();
    target.write(&sheet, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

const SAFE: (&str, &str) = ("net.ipv4.tcp_keepalive_time", "600");
const UNSAFE: (&str, &str) = ("net.core.somaxconn", "4096");
const NODE: (&str, &str) = ("net.core.netdev_max_backlog", "4096");

#[test]
fn every_target_is_found_by_its_own_word() {
    for one in TARGETS {
        assert_eq!(target(one.word()).unwrap().word(), one.word());
    }
    assert!(target("chef").is_none());
}

#[test]
fn what_nobody_may_write_is_refused_by_every_target_and_a_secret_is_not_shown() {
    for one in TARGETS {
        let terms = Terms {
            allow_unsafe: true,
            ..Terms::default()
        };
        let refused = refused(
            one.word(),
            &[
                ("net.ipv4.tcp_fastopen_key", "1-2-3-4"),
                ("net.ipv4.ip_forward", "1"),
                ("net.ipv4.tcp_rme", "1"),
                ("net.ipv4.tcp_fin_timeout", "soon"),
                ("net.ipv4.ip_local_reserved_ports", ""),
            ],
            &terms,
        );
        assert_eq!(refused.len(), 5, "{}", one.word());
        assert!(!refused.concat().contains("1-2-3-4"), "{refused:?}");
        assert!(refused[1].contains("never written"), "{refused:?}");
    }
}

#[test]
fn a_key_that_stands_there_twice_is_refused() {
    let refused = refused("sysctl.d", &[SAFE, SAFE], &Terms::default());
    assert_eq!(
        refused,
        ["net.ipv4.tcp_keepalive_time = 600: it stands there twice"]
    );
}

#[test]
fn no_container_carries_what_is_the_machine_s() {
    for word in ["docker", "compose"] {
        let refused = refused(word, &[SAFE, UNSAFE, NODE], &Terms::default());
        assert_eq!(refused.len(), 1);
        assert!(refused[0].contains("whole machine"), "{refused:?}");
    }
}

#[test]
fn docker_carries_no_key_of_an_interface_it_has_yet_to_make() {
    let of = |name: &str| format!("net.ipv4.conf.{name}.rp_filter");
    for (name, count) in [("eth0", 1), ("all", 0), ("lo", 0)] {
        let key = of(name);
        let refused = refused("docker", &[(&key, "1")], &Terms::default());
        assert_eq!(refused.len(), count, "{name}");
    }
}

#[test]
fn a_pod_carries_what_its_release_calls_safe() {
    let of = |kubernetes, allow_unsafe| {
        let terms = Terms {
            kubernetes,
            allow_unsafe,
        };
        refused("kubernetes", &[SAFE, UNSAFE, NODE], &terms)
    };
    let words = of(Some((1, 28)), false);
    assert_eq!(words.len(), 3);
    assert!(words[0].contains("safe from Kubernetes 1.29 on, not in 1.28"));
    assert!(words[1].contains("does not call it safe"));
    assert!(words[2].contains("whole node"));
    assert_eq!(of(Some((1, 29)), false).len(), 2);
    assert_eq!(of(None, false).len(), 2);
    for release in [Some((1, 28)), None] {
        let words = of(release, true);
        assert_eq!(words.len(), 1);
        assert!(words[0].contains("whole node"), "{words:?}");
    }
}

#[test]
fn a_name_that_the_tool_would_not_understand_is_refused() {
    let terms = Terms {
        allow_unsafe: true,
        ..Terms::default()
    };
    let dotted = ("net.ipv4.conf.eth0/100.rp_filter", "1");
    let upper = ("net.ipv4.conf.Wan.rp_filter", "1");
    assert_eq!(refused("sysctl.d", &[dotted, upper], &terms).len(), 0);
    assert_eq!(refused("tuned", &[dotted, upper], &terms).len(), 1);
    assert_eq!(refused("kubernetes", &[dotted, upper], &terms).len(), 2);
    let pattern = ("net.ipv4.conf.eth*.rp_filter", "1");
    for one in TARGETS {
        assert_eq!(refused(one.word(), &[pattern], &terms).len(), 1);
    }
}

#[test]
fn a_text_that_a_tool_would_fill_in_is_refused() {
    let value = ("net.ipv4.tcp_congestion_control", "{{x}}${f:a}");
    let quoted = ("net.ipv4.tcp_congestion_control", "a'b");
    assert_eq!(refused("ansible", &[quoted], &Terms::default()).len(), 1);
    assert_eq!(refused("salt", &[quoted], &Terms::default()).len(), 0);
    for (word, count) in [("ansible", 1), ("salt", 1), ("tuned", 1), ("nixos", 0)] {
        assert_eq!(refused(word, &[value], &Terms::default()).len(), count);
    }
    assert!(written("nixos", &[value]).contains("\"{{x}}\\${f:a}\";"));
    assert!(written("compose", &[value]).contains("\"{{x}}$${f:a}\""));
}

#[test]
fn two_keys_that_need_an_order_are_refused_where_there_is_none() {
    let range = |low: &str| format!("{low} 60999");
    for (low, start, depends) in [
        ("512", "512", true),
        ("40000", "40000", true),
        ("16384", "1024", false),
        ("16384", "80", false),
    ] {
        let range = range(low);
        let keys = [
            ("net.ipv4.ip_local_port_range", range.as_str()),
            ("net.ipv4.ip_unprivileged_port_start", start),
        ];
        for word in ["nixos", "docker", "compose", "kubernetes"] {
            let refused = refused(word, &keys, &Terms::default());
            assert_eq!(refused.len(), if depends { 2 } else { 0 }, "{word} {low}");
        }
        assert_eq!(refused("ansible", &keys, &Terms::default()).len(), 0);
    }
}

#[test]
fn two_thresholds_that_both_fall_need_an_order_too() {
    for (low, high, depends) in [
        ("1048576", "2097152", true),
        ("8388608", "16777216", true),
        ("2097152", "8388608", false),
    ] {
        let keys = [
            ("net.ipv4.ipfrag_high_thresh", high),
            ("net.ipv4.ipfrag_low_thresh", low),
        ];
        let refused = refused("nixos", &keys, &Terms::default());
        assert_eq!(refused.len(), if depends { 2 } else { 0 }, "{low} {high}");
    }
}

#[test]
fn what_comes_from_outside_stays_in_its_comment() {
    let target = target("sysctl.d").unwrap();
    let mut one = setting("net.core.somaxconn", "4096");
    one.because = vec!["a\nnet.ipv4.tcp_sack = 0".to_owned()];
    let export = Export {
        source: "x\ny".to_owned(),
        settings: vec![one],
    };
    let sheet = Sheet::new(
        &export,
        target,
        export.settings.clone(),
        Vec::new(),
        Terms::default(),
    );
    let mut out = Vec::new();
    target.write(&sheet, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let sets: Vec<&str> = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    assert_eq!(sets, ["net.core.somaxconn = 4096"]);
}

#[test]
fn a_profile_is_written_in_an_order_in_which_every_write_succeeds() {
    let text = "profile: edge\nwant:\n  net.ipv4.ip_local_port_range: [512, 60999]\n  \
                net.ipv4.ip_unprivileged_port_start: 512\n  net.core.somaxconn: { at_least: 8192 }\n";
    let file = crate::rule::RuleFile {
        name: "edge.yaml".to_owned(),
        mechanism: String::new(),
        text: text.to_owned(),
    };
    let export = Export::of_profile(&crate::rule::Profile::parse(&file).unwrap());
    let keys: Vec<&str> = export.settings.iter().map(|one| one.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "net.ipv4.ip_unprivileged_port_start",
            "net.core.somaxconn",
            "net.ipv4.ip_local_port_range"
        ]
    );
    assert!(export.settings[1].at_least && !export.settings[2].at_least);
    assert_eq!(export.settings[2].value, "512 60999");
}
