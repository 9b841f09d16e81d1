//! The files of the trees in `tests/hosts/`: what their `root/` says of the next boot, and what is found
//! wrong with it.

#![expect(
    clippy::expect_used,
    reason = "a tree that cannot be read is a failed test"
)]

use std::path::{Path, PathBuf};

use tcptune::bootconf::{Request, read};
use tcptune::catalog;
use tcptune::check::{Finding, Verdict, check};
use tcptune::fact::boot::{Boot, Engine};
use tcptune::fact::{Reading, Sample, Snapshot, Value};
use tcptune::host::{BootTree, KernelKeys, Moment, Needs, Source, collect};
use tcptune::plan::plan;
use tcptune::render::{HumanOptions, human, report};
use tcptune::rule::Rulebook;

/// Algorithms that are there, or would be loaded.
const ALGORITHMS: [&str; 5] = ["bbr", "cubic", "fq", "fq_codel", "reno"];

fn tree(host: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/hosts")
        .join(host)
}

fn boot(host: &str, sample: &Sample, engine: Engine) -> Boot {
    let files = BootTree::open(&tree(host).join("root")).expect("it has files");
    let keys = KernelKeys::open(&tree(host));
    let kernel = sample.host.kernel.clone();
    let live = |key: &str| {
        sample
            .readings
            .get(&format!("sysctl.{key}"))?
            .value()
            .cloned()
    };
    let default = |key: &str| catalog::find(key)?.default_for(kernel.as_ref()?);
    let request = Request {
        engine,
        decided: "the test says so".to_owned(),
        cmdline: None,
        kernel: kernel.clone(),
        live: &live,
        default: &default,
        available: &|_, name| Some(ALGORITHMS.contains(&name)),
        builtin: &|_| Some(false),
        opaque: None,
    };
    read(&files, &keys, &request)
}

fn snapshot(host: &str, engine: Engine) -> Snapshot {
    let source = Source::recorded(&tree(host));
    let mut now = collect(&source, &Needs::Everything, Moment::End(None));
    now.boot = Some(boot(host, &now, engine));
    let read = Reading::Known(Value::Bool(true));
    now.readings.insert("host.boot_files".to_owned(), read);
    Snapshot::new(None, now)
}

/// Each rule about the files that fires, with the places and keys it names.
fn found(host: &str, engine: Engine) -> Vec<String> {
    let book = Rulebook::built_in();
    let snapshot = snapshot(host, engine);
    let mut found = Vec::new();
    for judgement in check(&snapshot, &book) {
        if judgement.rule.mechanism != "hygiene" {
            continue;
        }
        match judgement.verdict {
            Verdict::Fires(finding) => found.extend(lines(&judgement.rule.id, &finding)),
            Verdict::Unknown(missing) => {
                let missing: Vec<_> = missing.iter().map(ToString::to_string).collect();
                found.push(format!(
                    "{} unknown: {}",
                    judgement.rule.id,
                    missing.join("; ")
                ));
            }
            Verdict::Holds | Verdict::NotApplicable(_) => {}
        }
    }
    found
}

fn lines(rule: &str, finding: &Finding) -> Vec<String> {
    let line = |key: &str, place: Option<String>| {
        let place = place.map_or_else(String::new, |place| format!(" {place}"));
        format!("{rule}{place} {key}")
    };
    if finding.instances.is_empty() {
        return vec![rule.to_owned()];
    }
    let each = finding.instances.iter();
    each.map(|one| line(&one.key, one.place.as_ref().map(ToString::to_string)))
        .collect()
}

#[test]
fn nothing_is_wrong_with_what_a_distribution_brings() {
    for host in [
        "debian-12-6.1",
        "debian-13-6.12",
        "ubuntu-22.04-5.15",
        "el9-5.14",
    ] {
        assert_eq!(found(host, Engine::Systemd), [""; 0], "{host}");
    }
}

#[test]
fn what_is_wrong_with_the_hand_edited_host_is_told_line_by_line() {
    let expected = [
        "boot-differs-from-live /etc/sysctl.d/60-web.conf:2 net.core.netdev_max_backlog",
        "boot-differs-from-live /etc/sysctl.d/50-net.conf:13 net.ipv4.tcp_fin_timeout",
        "boot-differs-from-live /etc/sysctl.d/50-net.conf:9 net.ipv4.tcp_low_latency",
        "boot-differs-from-live /etc/sysctl.d/70-ops.conf:2 net.ipv4.tcp_syn_retries",
        "boot-differs-from-live /etc/sysctl.d/50-net.conf:4 net.ipv4.tcp_timestamps",
        "boot-differs-from-live /etc/sysctl.d/50-net.conf:2 net.ipv4.tcp_tw_reuse",
        "contradictory-settings",
        "duplicate-in-file /etc/sysctl.d/50-net.conf:5 net.ipv4.tcp_fin_timeout",
        "ineffective-value /etc/sysctl.d/50-net.conf:6 net.core.somaxconn",
        "ineffective-value /etc/sysctl.d/50-net.conf:7 net.ipv4.tcp_congestion_control",
        "ineffective-value /etc/sysctl.d/50-net.conf:8 net.ipv4.tcp_max_syn_backlog",
        "ineffective-value /etc/sysctl.d/50-net.conf:14 net.ipv4.tcp_orphan_retries",
        "ineffective-value /etc/sysctl.d/60-web.conf:3 net.ipv4.tcp_rmem",
        "module-key-at-boot /etc/sysctl.d/50-net.conf:12 net.netfilter.nf_conntrack_buckets",
        "no-op-key /etc/sysctl.d/50-net.conf:9 net.ipv4.tcp_low_latency",
        "removed-key-in-file /etc/sysctl.d/50-net.conf:10 net.ipv4.tcp_thin_dupack",
        "set-in-unread-file /etc/sysctl.d/99-tuning:1 net.ipv4.tcp_retries2",
        "set-in-unread-file /etc/sysctl.conf:3 net.ipv4.tcp_keepalive_time",
        "setting-vanishes-at-boot net.ipv4.tcp_keepalive_intvl",
        "shadowed-setting /etc/sysctl.d/50-net.conf:11 net.ipv4.tcp_syn_retries",
        "stale-raise /etc/sysctl.d/60-web.conf:2 net.core.netdev_max_backlog",
        "tw-recycle-removed /etc/sysctl.d/50-net.conf:3 net.ipv4.tcp_tw_recycle",
        "tw-recycle-removed /etc/sysctl.conf:2 net.ipv4.tcp_tw_recycle",
    ];
    assert_eq!(found("hand-edited-6.1", Engine::Systemd), expected);
}

#[test]
fn a_loader_that_reads_sysctl_conf_finds_nothing_unread_there() {
    let found = found("hand-edited-6.1", Engine::Procps);
    let unread: Vec<_> = found
        .iter()
        .filter(|line| line.starts_with("set-in-unread-file"))
        .collect();
    assert_eq!(
        unread,
        ["set-in-unread-file /etc/sysctl.d/99-tuning:1 net.ipv4.tcp_retries2"]
    );
}

/// What an operator reads: `BLESS=1 cargo test --test hosts_boot` rewrites the file.
#[test]
fn the_page_of_the_hand_edited_host_is_as_agreed() {
    let book = Rulebook::built_in();
    let snapshot = snapshot("hand-edited-6.1", Engine::Systemd);
    let mut judgements = check(&snapshot, &book);
    judgements.retain(|one| one.rule.mechanism == "hygiene");
    let report = report(&snapshot, &book, &judgements, &plan(&judgements, &snapshot));
    let mut page = Vec::new();
    human(&report, &HumanOptions::default(), &mut page).expect("a vector takes everything");
    let page = String::from_utf8(page).expect("pages are text");
    for line in page.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/screens/hand-edited.txt");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &page).expect("the screen can be written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        page == expected,
        "hand-edited.txt has changed; look at it and run BLESS=1\n{page}"
    );
}

#[test]
fn what_is_odd_about_the_files_is_among_the_notes_of_a_report() {
    let book = Rulebook::built_in();
    let notes = |odd: usize| {
        let mut snapshot = snapshot("debian-12-6.1", Engine::Systemd);
        if let Some(boot) = &mut snapshot.now.boot {
            boot.notes = (1..=odd)
                .map(|at| format!("/etc/{at}.conf: EACCES"))
                .collect();
        }
        let judgements = check(&snapshot, &book);
        let plan = plan(&judgements, &snapshot);
        let mut notes = report(&snapshot, &book, &judgements, &plan).notes;
        notes.retain(|note| note.contains("EACCES") || note.starts_with("and "));
        notes
    };
    assert_eq!(notes(0), [""; 0]);
    assert_eq!(notes(5).len(), 5);
    let many = notes(8);
    assert_eq!(many.len(), 6);
    assert_eq!(many[0], "/etc/1.conf: EACCES");
    assert_eq!(
        many[5],
        "and 3 more about boot files: `tcptune why KEY` tells all"
    );
}

/// On a kernel that nobody tuned every value is the default: none may be called lost. (The trees of RHEL have
/// values that the files of RHEL set.)
#[test]
fn the_defaults_of_a_recorded_kernel_do_not_vanish() {
    for host in ["debian-12-6.1", "debian-12-6.12", "no-ipv6"] {
        let book = Rulebook::built_in();
        let source = Source::recorded(&tree(host));
        let mut now = collect(&source, &Needs::Everything, Moment::End(None));
        now.boot = Some(Boot {
            engine: Engine::Systemd,
            decided: "the test says so".to_owned(),
            definitions: Vec::new(),
            settings: std::collections::BTreeMap::new(),
            writers: Vec::new(),
            notes: Vec::new(),
        });
        let snapshot = Snapshot::new(None, now);
        let mut judgements = check(&snapshot, &book).into_iter();
        let rule = judgements.find(|one| one.rule.id == "setting-vanishes-at-boot");
        let verdict = rule.expect("it is built in").verdict;
        if let Verdict::Fires(finding) = &verdict {
            panic!("{host}: {:?}", lines("", finding));
        }
    }
}
