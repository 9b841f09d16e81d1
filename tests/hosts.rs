//! The proc trees of `tests/hosts/`: what their README says of them, and what every tree must be like.
//!
//! Nothing here uses the engine. A tree that is not what it claims would make other tests prove nothing.

#![expect(
    clippy::expect_used,
    reason = "a tree that cannot be read is a failed test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use tcptune::fact::KernelVersion;

/// The one tree whose files are broken on purpose.
const BROKEN: &str = "truncated";

/// Trees written down rather than recorded: their numbers were made to agree.
const CONSTRUCTED: [&str; 4] = ["el7-3.10", "el7-3.10-tw-recycle", "el8-4.18", "el9-5.14"];

fn hosts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts")
}

fn text(tree: &str, file: &str) -> String {
    let path = hosts().join(tree).join(file);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn exists(tree: &str, file: &str) -> bool {
    hosts().join(tree).join(file).exists()
}

fn trees() -> BTreeSet<String> {
    let entries = fs::read_dir(hosts()).expect("tests/hosts is there");
    entries
        .map(|entry| entry.expect("a readable entry"))
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().expect("a plain name"))
        .collect()
}

/// Every file below `directory`.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("a readable directory") {
        let entry = entry.expect("a readable entry");
        let path = entry.path();
        // Links are files of their own here: some lead nowhere, on purpose.
        let kind = entry.file_type().expect("a kind");
        if kind.is_symlink() {
            continue;
        }
        if kind.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// The README's table: tree, and the kernel it names.
fn rows() -> BTreeMap<String, String> {
    let readme = fs::read_to_string(hosts().join("README.md")).expect("the README is there");
    readme
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .map(|row| {
            let mut cells = row.split(" | ");
            let tree = cells.next().expect("a name").trim_end_matches('`');
            let kernel = cells.next().expect("a kernel");
            (tree.to_owned(), kernel.to_owned())
        })
        .collect()
}

/// The fields of one protocol in `net/netstat` or `net/snmp`.
fn counters(tree: &str, file: &str, protocol: &str) -> BTreeMap<String, i64> {
    let text = text(tree, file);
    let mut lines = text.lines().filter_map(|line| {
        let (name, rest) = line.split_once(": ")?;
        (name == protocol).then_some(rest)
    });
    let names = lines
        .next()
        .unwrap_or_else(|| panic!("{tree}: no {protocol}"));
    let values = lines
        .next()
        .unwrap_or_else(|| panic!("{tree}: no values of {protocol}"));
    names
        .split_whitespace()
        .map(str::to_owned)
        .zip(
            values
                .split_whitespace()
                .map(|v| v.parse().expect("a number")),
        )
        .collect()
}

/// The socket lines of `net/tcp` and, where it exists, `net/tcp6`, split at blanks.
fn sockets(tree: &str) -> Vec<Vec<String>> {
    ["net/tcp", "net/tcp6"]
        .into_iter()
        .filter(|file| exists(tree, file))
        .flat_map(|file| {
            let lines = text(tree, file);
            let split = |line: &str| line.split_whitespace().map(str::to_owned).collect();
            lines.lines().skip(1).map(split).collect::<Vec<_>>()
        })
        .collect()
}

fn in_state(tree: &str, state: &str) -> usize {
    sockets(tree)
        .iter()
        .filter(|socket| socket[3] == state)
        .count()
}

#[test]
fn every_tree_has_a_row_in_the_readme_and_every_row_a_tree() {
    let named: BTreeSet<String> = rows().into_keys().collect();
    assert_eq!(named, trees());
}

#[test]
fn every_release_parses_and_is_the_one_in_the_readme() {
    for (tree, kernel) in rows() {
        let release = text(&tree, "sys/kernel/osrelease");
        assert_eq!(release, format!("{kernel}\n"), "{tree}");
        let version = KernelVersion::parse(&release).unwrap_or_else(|| panic!("{tree}: {release}"));
        assert_eq!(version.is_vendor(), tree.starts_with("el"), "{tree}");
    }
}

#[test]
fn every_header_has_as_many_names_as_values() {
    for tree in trees() {
        for file in ["net/netstat", "net/snmp"] {
            if tree == BROKEN && file == "net/netstat" {
                continue;
            }
            let text = text(&tree, file);
            let lines: Vec<&str> = text.lines().collect();
            assert!(
                lines.len() >= 4 && lines.len().is_multiple_of(2),
                "{tree}/{file}"
            );
            for pair in lines.chunks(2) {
                let [names, values] = [pair[0], pair[1]].map(|l| l.split(' ').collect::<Vec<_>>());
                assert_eq!(names[0], values[0], "{tree}/{file}");
                assert_eq!(names.len(), values.len(), "{tree}/{file}: {}", names[0]);
                let distinct: BTreeSet<_> = names.iter().collect();
                assert_eq!(distinct.len(), names.len(), "{tree}/{file}: {}", names[0]);
                assert!(
                    values[1..].iter().all(|v| v.parse::<i64>().is_ok()),
                    "{tree}/{file}"
                );
            }
        }
    }
}

#[test]
fn every_ipv4_socket_line_is_149_wide_and_numbered() {
    for tree in trees().into_iter().filter(|tree| tree != BROKEN) {
        let text = text(&tree, "net/tcp");
        assert!(text.ends_with('\n'), "{tree}");
        for line in text.lines() {
            assert_eq!(line.len(), 149, "{tree}: {line}");
        }
        for (at, line) in text.lines().skip(1).enumerate() {
            assert!(line.starts_with(&format!("{at:4}: ")), "{tree}: {line}");
        }
    }
}

#[test]
fn every_key_holds_one_line() {
    for tree in trees().into_iter().filter(|tree| tree != BROKEN) {
        for file in files(&hosts().join(&tree).join("sys")) {
            let value = fs::read_to_string(&file).expect("text");
            assert!(value.ends_with('\n'), "{}", file.display());
            assert_eq!(value.lines().count(), 1, "{}", file.display());
        }
    }
}

#[test]
fn the_trees_stay_small() {
    let mut whole = 0;
    for file in files(&hosts()) {
        let size = fs::metadata(&file).expect("metadata").len();
        assert!(size <= 300_000, "{}: {size} bytes", file.display());
        whole += size;
    }
    assert!(whole <= 2_500_000, "{whole} bytes in all");
}

#[test]
fn the_gauges_of_a_constructed_tree_agree_with_its_sockets() {
    for tree in CONSTRUCTED {
        let tcp = counters(tree, "net/snmp", "Tcp");
        let established = i64::try_from(in_state(tree, "01")).expect("few");
        assert_eq!(tcp["CurrEstab"], established, "{tree}");
        // A TIME_WAIT entry, or an orphaned FIN_WAIT2 one, is the line whose timer is of kind 03.
        let entries = sockets(tree)
            .iter()
            .filter(|s| s[5].starts_with("03:"))
            .count();
        let sockstat = text(tree, "net/sockstat");
        assert!(
            sockstat.contains(&format!(" tw {entries} ")),
            "{tree}: {entries}"
        );
        let states: BTreeSet<_> = sockets(tree).into_iter().map(|s| s[3].clone()).collect();
        let all = ["01", "02", "03", "04", "05", "06", "08", "09", "0A", "0B"].map(str::to_owned);
        assert_eq!(states, BTreeSet::from(all), "{tree}");
    }
}

#[test]
fn softnet_stat_has_one_line_for_each_cpu() {
    for tree in trees().into_iter().filter(|tree| tree != BROKEN) {
        let stat = text(&tree, "stat");
        let numbered = |l: &&str| l.starts_with("cpu") && !l.starts_with("cpu ");
        let cpus = stat.lines().filter(numbered).count();
        let softnet = text(&tree, "net/softnet_stat");
        assert_eq!(softnet.lines().count(), cpus, "{tree}");
        let columns: BTreeSet<_> = softnet.lines().map(|l| l.split(' ').count()).collect();
        let expected = match tree.as_str() {
            "el7-3.10" | "el7-3.10-tw-recycle" => 10,
            "debian-12-6.12" | "debian-13-6.12" | "plain-6.18" => 15,
            _ => 13,
        };
        assert_eq!(columns, BTreeSet::from([expected]), "{tree}");
    }
}

#[test]
fn only_the_old_kernel_has_the_recycling_key_and_its_counter() {
    for tree in trees().into_iter().filter(|tree| tree != BROKEN) {
        let old = tree.starts_with("el7");
        let fields = counters(&tree, "net/netstat", "TcpExt");
        assert_eq!(exists(&tree, "sys/net/ipv4/tcp_tw_recycle"), old, "{tree}");
        assert_eq!(fields.contains_key("PAWSPassive"), old, "{tree}");
        assert_eq!(fields.contains_key("TCPKeepAlive"), !old, "{tree}");
    }
    assert_eq!(
        counters("el7-3.10", "net/netstat", "TcpExt")["PAWSPassive"],
        0
    );
    let recycling = "el7-3.10-tw-recycle";
    assert_eq!(text(recycling, "sys/net/ipv4/tcp_tw_recycle"), "1\n");
    assert!(counters(recycling, "net/netstat", "TcpExt")["PAWSPassive"] > 4_000_000);
}

#[test]
fn a_container_lacks_the_keys_of_the_host() {
    for key in [
        "ipv4/tcp_mem",
        "ipv4/tcp_max_orphans",
        "core/netdev_max_backlog",
        "core/rmem_max",
    ] {
        let file = format!("sys/net/{key}");
        assert!(exists("debian-12-6.1", &file), "{key}");
        assert!(!exists("container-ro", &file), "{key}");
    }
    assert!(exists("container-ro", "sys/net/core/somaxconn"));
    assert!(!exists("container-ro", "sys/kernel/random"));
    assert!(!exists("container-masked", "sys/net"));
    assert!(exists("container-masked", "net/netstat"));
}

#[test]
fn a_host_without_ipv6_has_none_of_its_files() {
    for file in [
        "net/tcp6",
        "net/udp6",
        "net/sockstat6",
        "net/snmp6",
        "sys/net/ipv6",
    ] {
        assert!(exists("debian-12-6.1", file), "{file}");
        assert!(!exists("no-ipv6", file), "{file}");
    }
}

#[test]
fn the_broken_tree_is_broken_as_its_row_says() {
    let netstat = text(BROKEN, "net/netstat");
    let lines: Vec<&str> = netstat.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[1].split(' ').count() < lines[0].split(' ').count());
    assert!(!netstat.ends_with('\n'));
    assert!(!text(BROKEN, "net/snmp").contains("UdpLite"));
    let key = hosts().join(BROKEN).join("sys/net/ipv4/tcp_fin_timeout");
    assert!(std::str::from_utf8(&fs::read(key).expect("it is there")).is_err());
    assert_eq!(text(BROKEN, "sys/net/ipv4/tcp_keepalive_time"), "");
    assert_eq!(text(BROKEN, "net/tcp6"), "");
    assert!(!text(BROKEN, "net/tcp").ends_with('\n'));
}

#[test]
fn the_flooded_host_drops_syns_for_want_of_cookies() {
    let tree = "syn-flood";
    let fields = counters(tree, "net/netstat", "TcpExt");
    assert_eq!(text(tree, "sys/net/ipv4/tcp_syncookies"), "0\n");
    assert_eq!(in_state(tree, "03"), 257);
    assert_eq!(fields["TCPReqQFullDrop"], 5229);
    assert_eq!(fields["ListenDrops"] - fields["ListenOverflows"], 5229);
}

#[test]
fn the_exhausted_host_holds_950_time_wait_ports_towards_one_destination() {
    let tree = "ports-exhausted-6.1";
    assert_eq!(
        text(tree, "sys/net/ipv4/ip_local_port_range"),
        "20000\t20999\n"
    );
    let ports: BTreeSet<u16> = sockets(tree)
        .iter()
        .filter(|socket| socket[2] == "0903000A:1F90" && socket[3] == "06")
        .filter_map(|socket| socket[1].split_once(':'))
        .map(|(_, port)| u16::from_str_radix(port, 16).expect("a port"))
        .collect();
    assert_eq!(ports.len(), 950);
    assert!(ports.iter().all(|port| (20_000..=20_999).contains(port)));
}
