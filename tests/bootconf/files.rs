//! Files that are passed over, hidden, or cannot be read.

use std::rc::Rc;

use tcptune::bootconf::{Entry, Load, Tree, load};
use tcptune::fact::boot::{Engine, Fate};

use super::fates::{ETC, keys, writes};
use super::memory::MemoryTree;
use super::{ENGINES, words};

const SACK: &str = "net.ipv4.tcp_sack = 0\n";

fn places(load: &Load) -> Vec<String> {
    let place = |at: usize| load.definitions[at].place.to_string();
    (0..load.definitions.len()).map(place).collect()
}

#[test]
fn a_file_that_was_plainly_meant_is_listed_as_unread() {
    let tree = MemoryTree::new()
        .file("/etc/sysctl.d/99-tuning", SACK)
        .file(
            "/etc/sysctl.d/tuning.cfg",
            "some words\nx = 1\nnet.ipv4.tcp_sack = 1\n",
        )
        .file("/etc/sysctl.d/10-capital.CONF", SACK);
    for engine in ENGINES {
        let load = load(&tree, &keys(), engine, None);
        assert_eq!(
            places(&load),
            [
                "/etc/sysctl.d/10-capital.CONF:1",
                "/etc/sysctl.d/99-tuning:1",
                "/etc/sysctl.d/tuning.cfg:3"
            ]
        );
        assert!(load.writes.is_empty());
        for definition in &load.definitions {
            assert!(definition.unread);
            assert_eq!(definition.outcome.fate, Fate::Ignored);
            assert_eq!(
                definition.outcome.why.as_deref(),
                Some("only names that end in .conf are read")
            );
        }
        assert_eq!(load.claims["net.ipv4.tcp_sack"].len(), 3);
    }
}

#[test]
fn what_is_left_behind_is_not_listed() {
    let mut tree = MemoryTree::new().directory("/etc/sysctl.d/sub.d");
    for name in [
        "a.conf~",
        "a.conf.bak",
        "a.conf.backup",
        "a.conf.orig",
        "a.conf.old",
        "a.conf.save",
        ".a.conf.swp",
        "a.conf.dpkg-dist",
        "a.conf.dpkg-old",
        "a.conf.rpmnew",
        "a.conf.pacnew",
        "a.conf.rpmsave",
        "a.conf.ucf-old",
        "a.conf.sample",
        "a.conf.example",
        "a.conf.disabled",
        "README",
        "README.sysctl",
        "#a.conf#",
    ] {
        tree = tree.file(format!("/etc/sysctl.d/{name}"), SACK);
    }
    for engine in ENGINES {
        assert_eq!(places(&load(&tree, &keys(), engine, None)), [""; 0]);
    }
}

#[test]
fn the_old_file_is_unread_by_systemd_unless_a_link_that_counts_leads_to_it() {
    let conf = || MemoryTree::new().file("/etc/sysctl.conf", SACK);
    let unread = |tree: &MemoryTree| {
        let load = load(tree, &keys(), Engine::Systemd, None);
        load.definitions
            .iter()
            .map(|d| d.unread)
            .collect::<Vec<_>>()
    };
    assert_eq!(unread(&conf()), [true]);
    assert_eq!(
        unread(&conf().link("/etc/sysctl.d/99-sysctl.conf", "../sysctl.conf")),
        [false]
    );
    assert_eq!(
        unread(
            &conf()
                .link("/usr/lib/sysctl.d/99-a.conf", "/run/step")
                .link("/run/step", "/etc/sysctl.conf")
        ),
        [false]
    );
    let masked = conf()
        .link("/usr/lib/sysctl.d/99-a.conf", "/etc/sysctl.conf")
        .link("/etc/sysctl.d/99-a.conf", "/dev/null");
    assert_eq!(unread(&masked), [false, true]);
}

#[test]
fn the_old_directory_counts_only_where_it_is_one_of_its_own() {
    let tree = MemoryTree::new().file("/usr/lib/sysctl.d/a.conf", SACK);
    let merged = tree.clone().link("/lib", "usr/lib");
    let split = tree.file("/lib/sysctl.d/b.conf", "net.ipv4.tcp_fin_timeout = 9\n");
    for engine in ENGINES {
        let merged = load(&merged, &keys(), engine, None);
        assert_eq!(places(&merged), ["/usr/lib/sysctl.d/a.conf:1"]);
        let split = load(&split, &keys(), engine, None);
        assert_eq!(
            places(&split),
            ["/usr/lib/sysctl.d/a.conf:1", "/lib/sysctl.d/b.conf:1"]
        );
        assert_eq!(split.writes.len(), 2);
    }
}

#[test]
fn what_is_hidden_names_what_hides_it() {
    let tree = MemoryTree::new().link(ETC, "/dev/null").file(
        "/run/sysctl.d/50-a.conf",
        "net.ipv4.conf.*.rp_filter = 1\n-net.ipv4.tcp_sack\n",
    );
    for engine in ENGINES {
        let load = load(&tree, &keys(), engine, None);
        assert!(load.writes.is_empty());
        for key in ["net.ipv4.conf.lo.rp_filter", "net.ipv4.tcp_sack"] {
            assert_eq!(words(&load.claims[key][0].1), format!("masked {ETC}"));
        }
        let fates: Vec<_> = load
            .definitions
            .iter()
            .map(|d| (words(&d.outcome), d.unread))
            .collect();
        assert_eq!(
            fates,
            [
                (format!("masked {ETC}"), false),
                (format!("masked {ETC}"), false)
            ]
        );
    }
}

#[test]
fn what_cannot_be_read_is_noted_and_said_to_be_missing() {
    let tree = MemoryTree::new()
        .pipe("/etc/sysctl.d/10-pipe.conf")
        .denied("/etc/sysctl.d/20-denied.conf")
        .link("/etc/sysctl.d/30-loop.conf", "30-loop.conf")
        .directory("/etc/sysctl.d/40-folder.conf")
        .file("/etc/sysctl.d/50-a.conf", SACK)
        .denied("/run/sysctl.d");
    for engine in ENGINES {
        let load = load(&tree, &keys(), engine, None);
        assert_eq!(writes(&load), ["net/ipv4/tcp_sack=0"]);
        let unreadable: Vec<&str> = load
            .unreadable
            .iter()
            .map(|place| place.file.as_str())
            .collect();
        assert_eq!(
            unreadable,
            [
                "/run/sysctl.d",
                "/etc/sysctl.d/10-pipe.conf",
                "/etc/sysctl.d/20-denied.conf"
            ]
        );
        for name in [
            "10-pipe",
            "20-denied",
            "30-loop",
            "40-folder",
            "/run/sysctl.d",
        ] {
            assert!(load.notes.iter().any(|note| note.contains(name)), "{name}");
        }
    }
}

#[test]
fn a_link_that_leads_nowhere_needs_no_note_where_it_is_hidden() {
    let tree = MemoryTree::new()
        .file(ETC, SACK)
        .link("/usr/lib/sysctl.d/50-a.conf", "/nowhere");
    assert_eq!(load(&tree, &keys(), Engine::Systemd, None).notes, [""; 0]);
}

#[test]
fn procps_takes_a_file_name_for_a_pattern_of_file_names() {
    let tree = MemoryTree::new()
        .file("/etc/sysctl.d/a[12].conf", "net.ipv4.tcp_sack = 0\n")
        .file("/etc/sysctl.d/a1.conf", "net.ipv4.tcp_sack = 1\n")
        .file("/etc/sysctl.d/b[3].conf", "net.ipv4.tcp_fin_timeout = 9\n")
        .file(
            "/etc/sysctl.d/c{1,2}.conf",
            "net.ipv4.tcp_fin_timeout = 8\n",
        );
    assert_eq!(
        places(&load(&tree, &keys(), Engine::Procps, None)),
        [
            "/etc/sysctl.d/a1.conf:1",
            "/etc/sysctl.d/a1.conf:1",
            "/etc/sysctl.d/b[3].conf:1",
            "/etc/sysctl.d/c{1,2}.conf:1"
        ]
    );
    assert_eq!(
        places(&load(&tree, &keys(), Engine::Systemd, None)),
        [
            "/etc/sysctl.d/a1.conf:1",
            "/etc/sysctl.d/a[12].conf:1",
            "/etc/sysctl.d/b[3].conf:1",
            "/etc/sysctl.d/c{1,2}.conf:1"
        ]
    );
}

#[test]
fn a_pattern_of_file_names_ends_at_the_first_that_cannot_be_opened() {
    let tree = MemoryTree::new()
        .link("/etc/sysctl.d/*.conf", "/nowhere")
        .file("/etc/sysctl.d/a.conf", SACK);
    // Once by the pattern is prevented, once by its own name is left.
    assert_eq!(
        places(&load(&tree, &keys(), Engine::Procps, None)),
        ["/etc/sysctl.d/a.conf:1"]
    );
}

/// A tree whose files are never read beyond a few bytes.
struct Short(MemoryTree, usize);

impl Tree for Short {
    fn list(&self, directory: &str) -> Result<Vec<Vec<u8>>, String> {
        self.0.list(directory)
    }
    fn entry(&self, directory: &str, name: &[u8]) -> Option<Entry> {
        self.0.entry(directory, name)
    }
    fn target(&self, directory: &str, name: &[u8]) -> Option<String> {
        self.0.target(directory, name)
    }
    fn read(&self, directory: &str, name: &[u8], limit: usize) -> Result<(Rc<[u8]>, bool), String> {
        self.0.read(directory, name, limit.min(self.1))
    }
}

#[test]
fn of_a_file_too_long_the_whole_lines_are_read_and_the_rest_is_said_to_be_missing() {
    let tree = MemoryTree::new().file(
        ETC,
        "net.ipv4.tcp_sack = 0\nnet.ipv4.tcp_fin_timeout = 93\n",
    );
    for engine in ENGINES {
        let load = load(&Short(tree.clone(), 50), &keys(), engine, None);
        assert_eq!(writes(&load), ["net/ipv4/tcp_sack=0"]);
        assert_eq!(load.unreadable.len(), 1);
        assert!(load.notes[0].starts_with(ETC), "{:?}", load.notes);
    }
}

#[test]
fn lines_behind_one_too_long_are_invalid_for_systemd() {
    let text = format!(
        "net.ipv4.tcp_sack = 0\n#{}\nnet.ipv4.tcp_sack = 1\n",
        "x".repeat(1 << 20)
    );
    let tree = MemoryTree::new().file(ETC, text);
    let load = load(&tree, &keys(), Engine::Systemd, None);
    assert_eq!(writes(&load), ["net/ipv4/tcp_sack=0"]);
    assert_eq!(places(&load), [format!("{ETC}:1"), format!("{ETC}:3")]);
    let fates: Vec<_> = load
        .definitions
        .iter()
        .map(|d| (d.outcome.fate, d.unread))
        .collect();
    assert_eq!(fates, [(Fate::Wins, false), (Fate::Invalid, false)]);
    assert!(
        load.notes[0].starts_with(&format!("{ETC}:2")),
        "{:?}",
        load.notes
    );
}

#[test]
fn settings_beyond_measure_are_not_kept_and_the_file_is_said_to_be_unread_in_part() {
    let tree = MemoryTree::new()
        .file(ETC, "a.b=1\n".repeat(260_000))
        .file("/etc/sysctl.d/60-b.conf", SACK);
    let load = load(&tree, &keys(), Engine::Systemd, None);
    assert_eq!(load.definitions.len(), 250_000);
    let unreadable: Vec<&str> = load.unreadable.iter().map(|p| p.file.as_str()).collect();
    assert_eq!(unreadable, [ETC, "/etc/sysctl.d/60-b.conf"]);
    assert_eq!(load.notes.len(), 2);
}
