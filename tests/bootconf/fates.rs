//! What becomes of definitions, key by key.

use tcptune::bootconf::{Load, load};
use tcptune::fact::boot::{Engine, Fate};

use super::memory::{MemoryKeys, MemoryTree};
use super::{ENGINES, words};

pub(crate) const ETC: &str = "/etc/sysctl.d/50-a.conf";

pub(crate) fn keys() -> MemoryKeys {
    MemoryKeys::of([
        "net/ipv4/tcp_fin_timeout",
        "net/ipv4/tcp_sack",
        "net/ipv4/tcp_fastopen_key",
        "net/ipv4/conf/all/rp_filter",
        "net/ipv4/conf/eth9/rp_filter",
        "net/ipv4/conf/eth9.5/rp_filter",
        "net/ipv4/conf/lo/rp_filter",
        "net/netfilter/nf_conntrack_max",
        "net/nf_conntrack_max",
    ])
}

/// One file in /etc/sysctl.d.
pub(crate) fn one(engine: Engine, text: impl AsRef<[u8]>) -> Load {
    load(&MemoryTree::new().file(ETC, text), &keys(), engine, None)
}

pub(crate) fn writes(load: &Load) -> Vec<String> {
    let shown = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    load.writes
        .iter()
        .map(|write| format!("{}={}", write.path, shown(&write.value)))
        .collect()
}

/// `LINE FATE BY` of every claim on a key.
fn claims(load: &Load, key: &str) -> Vec<String> {
    load.claims[key]
        .iter()
        .map(|(at, outcome)| {
            let line = load.definitions[*at].place.line.unwrap();
            format!("{line} {}", words(outcome)).replace(ETC, "")
        })
        .collect()
}

fn fates(load: &Load) -> Vec<String> {
    let fate = |at: usize| words(&load.definitions[at].outcome).replace(ETC, "");
    (0..load.definitions.len()).map(fate).collect()
}

fn why(load: &Load, at: usize) -> &str {
    load.definitions[at].outcome.why.as_deref().unwrap()
}

#[test]
fn a_pattern_has_a_fate_for_each_key_and_the_best_of_them_for_itself() {
    let text = "net.ipv4.conf.*.rp_filter = 2\nnet.ipv4.conf.eth9.rp_filter = 1\n-net.ipv4.conf.lo.rp_filter\n";
    for engine in ENGINES {
        let load = one(engine, text);
        let of = |name: &str| claims(&load, &format!("net.ipv4.conf.{name}.rp_filter"));
        assert_eq!(of("all"), ["1 wins"]);
        assert_eq!(of("eth9"), ["1 shadowed :2", "2 wins"]);
        assert_eq!(of("lo"), ["1 excluded :3", "3 wins"]);
        assert_eq!(of("eth9/5"), ["1 wins"]);
        assert_eq!(fates(&load), ["wins", "wins", "wins"]);
    }
}

#[test]
fn the_last_line_that_says_a_value_decides_even_where_the_first_keeps_its_place() {
    let text = "net.ipv4.tcp_sack = 1\nnet.ipv4.tcp_fin_timeout = 9\n-net.ipv4.tcp_sack = 1\n";
    let load = one(Engine::Systemd, text);
    assert_eq!(fates(&load), ["shadowed :3", "wins", "wins"]);
    assert_eq!(
        writes(&load),
        ["net/ipv4/tcp_sack=1", "net/ipv4/tcp_fin_timeout=9"]
    );
    assert_eq!(load.writes[0].definition, 2);
    // Once said with a minus, errors are ignored, wherever that was.
    assert!(load.writes[0].lenient);
    let swapped = "-net.ipv4.tcp_sack = 1\nnet.ipv4.tcp_sack = 1\n";
    assert!(one(Engine::Systemd, swapped).writes[0].lenient);
    let procps = one(Engine::Procps, swapped);
    assert_eq!(
        procps.writes.iter().map(|w| w.lenient).collect::<Vec<_>>(),
        [true, false]
    );
}

#[test]
fn two_names_of_one_key_are_one_key() {
    let text = "net.nf_conntrack_max = 1\nnet.netfilter.nf_conntrack_max = 2\n";
    for engine in ENGINES {
        let load = one(engine, text);
        assert_eq!(
            claims(&load, "net.netfilter.nf_conntrack_max"),
            ["1 shadowed :2", "2 wins"]
        );
        assert_eq!(
            writes(&load),
            ["net/nf_conntrack_max=1", "net/netfilter/nf_conntrack_max=2"]
        );
    }
}

#[test]
fn an_exclusion_of_procps_spares_a_key_only_from_patterns_spelled_like_it() {
    let text = "net.ipv4.conf.*.rp_filter = 2\n-net/ipv4//conf/lo/rp_filter\n";
    let written = |load: &Load| writes(load).contains(&"net/ipv4/conf/lo/rp_filter=2".to_owned());
    let procps = one(Engine::Procps, text);
    assert!(written(&procps));
    assert_eq!(
        claims(&procps, "net.ipv4.conf.lo.rp_filter"),
        ["1 wins", "2 shadowed :1"]
    );
    assert!(!written(&one(Engine::Systemd, text)));
}

#[test]
fn a_second_minus_is_lost_on_procps_alone() {
    let text = "--net.ipv4.tcp_sack = 0\n";
    assert_eq!(writes(&one(Engine::Procps, text)), ["net/ipv4/tcp_sack=0"]);
    assert!(writes(&one(Engine::Systemd, text)).is_empty());
}

#[test]
fn an_exclusion_that_is_a_pattern_only_takes_back_the_same_pattern() {
    let pattern = "net.ipv4.conf.*.rp_filter";
    let text = format!("{pattern} = 2\n-{pattern}\n");
    let systemd = one(Engine::Systemd, &text);
    assert!(systemd.writes.is_empty());
    assert_eq!(fates(&systemd), ["excluded :2", "wins"]);
    let procps = one(Engine::Procps, &text);
    assert_eq!(procps.writes.len(), 4);
    assert_eq!(fates(&procps), ["wins", "ignored"]);
}

#[test]
fn a_name_that_leads_nowhere_says_why() {
    for (text, expected) in [
        ("net.ipv4.tcp_made_up = 1", "no such key on this kernel"),
        ("net.ipv4 = 1", "it names a folder of keys, not a key"),
        (
            "/proc/sys/net/ipv4/tcp_sack = 1",
            "no such key: a name does not begin with /proc/sys",
        ),
        (
            "\u{feff}net.ipv4.tcp_sack = 1",
            "no such key: a byte order mark stands before the name",
        ),
        ("= 1", "it names no key"),
        ("net.ipv4.tcp_sack 1", "there is no `=` in the line"),
        (
            "net.ipv4.conf.zzz*.rp_filter = 1",
            "the pattern matches no key",
        ),
    ] {
        for engine in ENGINES {
            let load = one(engine, text);
            assert_eq!(why(&load, 0), expected, "{text}");
            assert!(load.writes.is_empty(), "{text}");
        }
    }
    let blank = one(Engine::Procps, "- net.ipv4.tcp_sack = 1");
    assert_eq!(
        why(&blank, 0),
        "no such key: a blank stands between `-` and the name"
    );
    let outside = one(Engine::Procps, "net/../../../etc/passwd = 1");
    assert_eq!(why(&outside, 0), "the name leads out of /proc/sys");
    assert_eq!(outside.definitions[0].outcome.fate, Fate::Invalid);
}

#[test]
fn a_broken_line_is_told_under_the_key_it_seems_to_mean() {
    for engine in ENGINES {
        let load = one(
            engine,
            "net.ipv4.tcp_sack: 1\n\u{feff}net.ipv4.tcp_sack = 1\n",
        );
        let shown: Vec<_> = load
            .definitions
            .iter()
            .map(|d| (d.key.as_str(), d.value.as_deref()))
            .collect();
        assert_eq!(shown, [("net.ipv4.tcp_sack", Some("1")); 2]);
        assert_eq!(
            claims(&load, "net.ipv4.tcp_sack"),
            ["1 invalid", "2 ignored"]
        );
    }
}

#[test]
fn without_any_keys_names_are_written_and_patterns_are_left_open() {
    let tree = MemoryTree::new().file(
        ETC,
        "net.ipv4.tcp_sack = 0\nnet.ipv4.conf.*.rp_filter = 1\n",
    );
    for engine in ENGINES {
        let load = load(&tree, &MemoryKeys::unknown(), engine, None);
        assert_eq!(writes(&load), ["net/ipv4/tcp_sack=0"]);
        assert_eq!(
            why(&load, 1),
            "which keys the pattern matches cannot be told"
        );
    }
}

#[test]
fn a_secret_stands_nowhere_in_what_is_read() {
    let key = "0a1b2c3d-0a1b2c3d-0a1b2c3d-0a1b2c3d";
    for line in [
        "net.ipv4.tcp_fastopen_key = VALUE",
        "-net/ipv4/tcp_fastopen_key=VALUE",
        "net.ipv4.tcp_fastopen_key VALUE",
        "net.ipv4.tcp_fastopen_key: VALUE",
        "net.ipv4.tcp_fast*_key = VALUE",
        "net.ipv4.TCP_FASTOPEN_KEY = VALUE",
        "net.ipv4.tcp_sack = 1\u{b}net.ipv4.tcp_fastopen_key = VALUE",
        "net.ipv6.conf.wlan7.stable_secret = VALUE",
        "net.ipv4.tcp_fastopen_key;VALUE",
        "net.ipv4.tcp_fastopen_key VALUE = 1",
        "net.ipv4.tcp_fastopen_key.VALUE = 1",
        "net/ipv4/tcp_fastopen_key/VALUE = 1",
        "net.ipv4.tcp_fastopen_keyVALUE",
        "net.ipv4.tcp_fastopen_key*VALUE = 1",
        "\"net.ipv4.tcp_fastopen_key\" = VALUE",
        "net.ipv4.tcp_fast{o,0}pen_key = VALUE",
    ] {
        let cmdline = format!("quiet sysctl.net.ipv4.tcp_fastopen_key={key}");
        let tree = MemoryTree::new()
            .file(ETC, line.replace("VALUE", key))
            .file("/usr/lib/sysctl.d/50-a.conf", line.replace("VALUE", key))
            .file("/etc/sysctl.d/notes", line.replace("VALUE", key));
        for engine in ENGINES {
            let load = load(&tree, &keys(), engine, Some(cmdline.as_bytes()));
            let bytes = format!("{:?}", key.as_bytes());
            let shown = format!("{load:?}");
            assert!(!shown.contains("0a1b2c3d"), "{line}");
            assert!(!shown.contains(bytes.trim_matches(['[', ']'])), "{line}");
            assert!(
                load.definitions
                    .iter()
                    .any(|d| d.value.as_deref() == Some("(secret)")),
                "{line}"
            );
            assert!(
                load.writes.iter().all(|w| w.secret && w.value.is_empty()),
                "{line}"
            );
        }
    }
}

#[test]
fn the_kernel_command_line_acts_before_every_file() {
    let cmdline = b"ro sysctl.net.ipv4.tcp_sack=0 sysctl.net/ipv4/tcp_fin_timeout=\"9\" sysctl.net.ipv4.tcp_sack";
    let tree = MemoryTree::new().file(ETC, "net.ipv4.tcp_sack = 1\n");
    for engine in ENGINES {
        let load = load(&tree, &keys(), engine, Some(cmdline));
        assert_eq!(
            writes(&load),
            [
                "net/ipv4/tcp_sack=0",
                "net/ipv4/tcp_fin_timeout=9",
                "net/ipv4/tcp_sack=1"
            ]
        );
        assert_eq!(fates(&load), ["shadowed :1", "wins", "invalid", "wins"]);
        assert_eq!(load.definitions[1].place.to_string(), "/proc/cmdline:1");
    }
}

#[test]
fn the_kernel_command_line_has_no_way_to_write_a_dot_and_no_patterns() {
    let cmdline = b"sysctl.net.ipv4.conf.eth9/5.rp_filter=1 sysctl.net.ipv4.conf.*.rp_filter=1";
    let load = load(&MemoryTree::new(), &keys(), Engine::Systemd, Some(cmdline));
    assert!(load.writes.is_empty());
    assert_eq!(fates(&load), ["ignored", "ignored"]);
}

#[test]
fn an_exclusion_does_not_reach_the_kernel_command_line() {
    let tree = MemoryTree::new().file(ETC, "-net.ipv4.tcp_sack\n");
    for engine in ENGINES {
        let load = load(&tree, &keys(), engine, Some(b"sysctl.net.ipv4.tcp_sack=0"));
        assert_eq!(writes(&load), ["net/ipv4/tcp_sack=0"]);
        assert_eq!(fates(&load), ["wins", "wins"]);
    }
}
