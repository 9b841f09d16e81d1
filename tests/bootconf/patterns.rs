//! The order in which patterns are expanded, and what only one loader takes for a pattern.

use tcptune::bootconf::load;
use tcptune::fact::boot::Engine;

use super::fates::{ETC, one, writes};
use super::memory::{MemoryKeys, MemoryTree};

fn interfaces(written: &[String]) -> Vec<&str> {
    let name = |write: &'_ String| write.split('/').nth(3).map(str::len).unwrap();
    written
        .iter()
        .map(|write| &write["net/ipv4/conf/".len()..][..name(write)])
        .collect()
}

#[test]
fn braces_count_for_systemd_where_something_else_makes_it_a_pattern() {
    let braces = "net.ipv4.conf.{lo,eth*}.rp_filter = 2\n";
    assert_eq!(
        interfaces(&writes(&one(Engine::Systemd, braces))),
        ["lo", "eth9", "eth9.5"]
    );
    assert!(one(Engine::Procps, braces).writes.is_empty());
}

#[test]
fn systemd_goes_folder_by_folder_and_procps_sorts_the_paths() {
    let star = "net.ipv4.conf.*.rp_filter = 2\n";
    assert_eq!(
        interfaces(&writes(&one(Engine::Systemd, star))),
        ["all", "eth9", "eth9.5", "lo"]
    );
    assert_eq!(
        interfaces(&writes(&one(Engine::Procps, star))),
        ["all", "eth9.5", "eth9", "lo"]
    );
}

#[test]
fn systemd_writes_what_goes_beyond_64_names_first() {
    let paths: Vec<String> = (0..200)
        .map(|n| format!("net/ipv4/conf/i{n:03}/rp_filter"))
        .collect();
    let keys = MemoryKeys::of(paths.iter().map(String::as_str));
    let tree = MemoryTree::new().file(ETC, "net.ipv4.conf.*.rp_filter = 2\n");
    let order = |engine| {
        let written = writes(&load(&tree, &keys, engine, None));
        let number = |name: &str| name[1..].parse::<usize>().unwrap();
        interfaces(&written)
            .into_iter()
            .map(number)
            .collect::<Vec<_>>()
    };
    let blocks: Vec<usize> = (192..200).chain(64..192).chain(0..64).collect();
    assert_eq!(order(Engine::Systemd), blocks);
    assert_eq!(order(Engine::Procps), (0..200).collect::<Vec<_>>());
}

#[test]
fn a_key_found_twice_is_claimed_once_and_written_twice() {
    let load = one(Engine::Systemd, "net.ipv4.conf.{lo,l*}.rp_filter = 2\n");
    assert_eq!(load.writes.len(), 2);
    assert_eq!(load.claims["net.ipv4.conf.lo.rp_filter"].len(), 1);
}

#[test]
fn braces_beyond_measure_are_noted_and_not_followed() {
    let text = format!("net.ipv4.conf.{}*.rp_filter = 2\n", "{a,b}".repeat(40));
    let load = one(Engine::Systemd, text);
    assert!(load.writes.is_empty());
    assert!(
        load.notes.iter().any(|note| note.contains("too long")),
        "{:?}",
        load.notes
    );
}

#[test]
fn stars_beyond_measure_come_to_an_end() {
    let text = format!("net.ipv4.conf.{}x.rp_filter = 2\n", "*a".repeat(200_000));
    for engine in super::ENGINES {
        assert!(one(engine, &text).writes.is_empty());
    }
}

#[test]
fn a_slash_at_the_end_of_a_pattern_lets_keys_match_as_well() {
    let slash = "net/ipv4/conf/l*/rp_filter// = 2\n";
    for engine in [Engine::Systemd, Engine::Procps] {
        assert_eq!(
            writes(&one(engine, slash)),
            ["net/ipv4/conf/lo/rp_filter=2"],
            "{engine:?}"
        );
    }
}

#[test]
fn only_folders_are_counted_where_a_pattern_goes_on() {
    let paths: Vec<String> = (0..50)
        .flat_map(|n| [format!("net/i{n:03}/x"), format!("net/i{n:03}f")])
        .collect();
    let keys = MemoryKeys::of(paths.iter().map(String::as_str));
    let tree = MemoryTree::new().file(ETC, "net.i*.x = 2\n");
    let first = &load(&tree, &keys, Engine::Systemd, None).writes[0];
    assert_eq!(first.path, "net/i000/x");
}
