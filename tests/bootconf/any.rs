//! Whatever stands in the files: the reader comes to an end, and what it says holds together.

use proptest::prelude::*;
use tcptune::bootconf::{Keys, Load, load};
use tcptune::fact::boot::Fate;

use super::ENGINES;
use super::fates::keys;
use super::memory::MemoryTree;

/// Bytes that mean something to the readers, and some that do not.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => proptest::sample::select(vec![
            "net.ipv4.tcp_sack", "net/ipv4/tcp_fin_timeout", "net.ipv4.conf.*.rp_filter",
            "net.ipv4.conf.eth9.rp_filter", "net.ipv4.conf.{lo,e*}.rp_filter", "net.ipv4.conf.eth9/5.rp_filter",
            "net.ipv4.conf.[a-z]*.rp_filter", "net/../net/ipv4/tcp_sack", "net.nf_conntrack_max", "net",
            "sysctl.", "\u{feff}", "\\", "[", "]", "{", "}", ",", "*", "?", "..", "/", ".", "!", "\"",
        ]).prop_map(|piece| piece.as_bytes().to_vec()),
        8 => proptest::sample::select(vec![
            "\n", "\n", "\n", " = ", " = 1\n", "=", "-", "#", ";", " ", "\t", "\r", "\0", "\u{b}", "1", "2",
        ]).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..4),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn name() -> impl Strategy<Value = Vec<u8>> {
    let known = [
        "a.conf",
        "b.conf",
        "b[a].conf",
        "{a,b}.conf",
        "*.conf",
        ".x.conf",
        "c",
        "d.conf~",
    ];
    prop_oneof![
        6 => proptest::sample::select(known.to_vec()).prop_map(|name| name.as_bytes().to_vec()),
        1 => "[^/\0]{1,8}".prop_map(String::into_bytes),
    ]
}

fn tree() -> impl Strategy<Value = MemoryTree> {
    let directory = proptest::sample::select(vec![
        "/etc/sysctl.d",
        "/run/sysctl.d",
        "/usr/local/lib/sysctl.d",
        "/usr/lib/sysctl.d",
        "/lib/sysctl.d",
        "/etc",
    ]);
    let node = (directory, name(), 0..9_u8, text());
    proptest::collection::vec(node, 0..8).prop_map(|nodes| {
        let mut tree = MemoryTree::new();
        for (directory, name, kind, text) in nodes {
            let name = if directory == "/etc" {
                b"sysctl.conf".to_vec()
            } else {
                name
            };
            let path = [directory.as_bytes(), b"/", &name].concat();
            tree = match kind {
                0 => tree.link(path, "/dev/null"),
                1 => tree.link(path, "../sysctl.conf"),
                2 => tree.link(path, "a.conf"),
                3 => tree.pipe(path),
                _ => tree.file(path, text),
            };
        }
        tree
    })
}

fn holds_together(load: &Load) {
    let known = keys();
    let count = load.definitions.len();
    for write in &load.writes {
        assert_eq!(known.exists(&write.path), Some(true), "{}", write.path);
        assert!(write.definition < count);
    }
    for (key, claims) in &load.claims {
        assert!(claims.is_sorted_by_key(|(at, _)| *at), "{key}");
        assert!(claims.iter().all(|(at, _)| *at < count), "{key}");
    }
    // Who writes a key last has won it.
    for (at, write) in load.writes.iter().enumerate() {
        let later = &load.writes[at + 1..];
        let key = tcptune::catalog::canonical(&write.path).into_owned();
        let same = |other: &str| tcptune::catalog::canonical(other) == key;
        let fate = load.claims[&key]
            .iter()
            .find(|(definition, _)| *definition == write.definition)
            .map(|(_, outcome)| outcome.fate);
        let last = !later.iter().any(|other| same(&other.path));
        if last {
            assert_eq!(fate, Some(Fate::Wins), "{key}");
        }
    }
    for definition in &load.definitions {
        let outcome = &definition.outcome;
        let told = match outcome.fate {
            Fate::Wins => outcome.by.is_none() && outcome.why.is_none(),
            Fate::Shadowed | Fate::Masked | Fate::Excluded => outcome.by.is_some(),
            Fate::Ignored | Fate::Invalid => outcome.why.is_some(),
        };
        assert!(told, "{definition:?}");
    }
}

proptest! {
    #[test]
    fn any_tree_is_read_and_every_definition_gets_a_fate(tree in tree(), cmdline in text()) {
        for engine in ENGINES {
            holds_together(&load(&tree, &keys(), engine, Some(&cmdline)));
        }
    }

    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let tree = MemoryTree::new().file("/etc/sysctl.d/a.conf", &bytes);
        for engine in ENGINES {
            holds_together(&load(&tree, &keys(), engine, Some(&bytes)));
        }
    }
}
