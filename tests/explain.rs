//! What `tcptune explain` says: every topic in every format, no pointer into the void, no claim without a
//! source, no name that does not exist.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its own tree should stop there"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use tcptune::catalog::{self, Kind as KeyKind, Write};
use tcptune::fact::{KernelVersion, Sample, Snapshot};
use tcptune::render::explain::{self, Basis, Block, Explanation, Now};
use tcptune::render::{self, HumanOptions};
use tcptune::rule::Rulebook;
use tcptune::timing;
use tcptune::topic::{self, Kind, Text, Topic};

fn text(topic: &Topic) -> Option<Text> {
    topic::text(topic).unwrap_or_else(|error| panic!("{}: {error}", topic.qualified()))
}

fn texts(kind: Kind) -> Vec<(String, Text)> {
    let topics = topic::topics().filter(|topic| topic.kind == kind);
    topics
        .filter_map(|topic| Some((topic.name.clone(), text(&topic)?)))
        .collect()
}

/// Every topic explained for the newest kernel, once for all tests.
static EXPLAINED: LazyLock<Vec<(Topic, Explanation)>> =
    LazyLock::new(|| explained(topic::topics(), "6.18.0"));

/// Topics explained for a kernel, without a host.
fn explained(topics: impl Iterator<Item = Topic>, release: &str) -> Vec<(Topic, Explanation)> {
    let kernel = KernelVersion::parse(release).unwrap();
    let snapshot = Snapshot::new(None, Sample::default());
    let now = Now {
        basis: Basis::Kernel,
        snapshot: &snapshot,
        kernel: Some(&kernel),
        no_files: None,
        holding: None,
    };
    let book = Rulebook::built_in();
    topics
        .map(|topic| {
            let answer = explain::explain(&topic, &[], &now, &book).unwrap();
            (topic, answer)
        })
        .collect()
}

/// What stands as it is: addresses, commands, drawings, names that are to be copied.
fn may_be_wide(line: &str) -> bool {
    line.contains("://") || !line.trim().contains(' ')
}

#[test]
fn every_topic_is_a_page_of_80_columns_with_something_on_it() {
    for (topic, answer) in EXPLAINED.iter() {
        let mut page = Vec::new();
        render::human_explain(answer, &HumanOptions::default(), &mut page).unwrap();
        let page = String::from_utf8(page).unwrap();
        let name = topic.qualified();
        assert!(page.lines().count() > 4, "{name} says nothing:\n{page}");
        for line in page.lines() {
            let wide = line.chars().count() > 80;
            assert!(!wide || may_be_wide(line), "{name}: {line}");
            assert_eq!(line, line.trim_end(), "{name}: blanks at the end");
        }
        assert!(!page.contains("\n\n\n"), "{name}: two empty lines");
    }
}

#[test]
fn every_topic_is_markdown_and_json_by_its_schema() {
    let schema: serde_json::Value = serde_json::from_str(&explain::schema()).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    for (topic, answer) in EXPLAINED.iter() {
        let name = topic.qualified();
        let mut text = Vec::new();
        render::markdown(answer, &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert!(text.starts_with("# "), "{name}");
        assert!(text.contains("\n## "), "{name} has no section");
        let mut json = Vec::new();
        render::json(&answer, &mut json).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&json).unwrap();
        let faults: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| error.to_string())
            .collect();
        assert_eq!(faults, [""; 0], "{name}");
        let back: Explanation = serde_json::from_value(value).unwrap();
        assert_eq!(&back, answer, "{name}");
    }
}

#[test]
fn every_overview_has_every_topic_of_its_kind() {
    let snapshot = Snapshot::new(None, Sample::default());
    let kernel = KernelVersion::parse("6.18.0").unwrap();
    let now = Now {
        basis: Basis::Kernel,
        snapshot: &snapshot,
        kernel: Some(&kernel),
        no_files: None,
        holding: None,
    };
    for kind in Kind::ALL {
        let answer = explain::overview(kind, &now).unwrap();
        let mut page = Vec::new();
        render::human_explain(&answer, &HumanOptions::default(), &mut page).unwrap();
        let page = String::from_utf8(page).unwrap();
        for topic in topic::topics().filter(|topic| topic.kind == kind) {
            let named = match text(&topic) {
                // A myth is told, not named.
                Some(Text::Myth(myth)) => words(&page).contains(&words(&myth.claim)),
                _ => page.contains(&topic.name),
            };
            assert!(named, "{} is not on the page of all", topic.qualified());
        }
    }
}

/// A text without its line breaks and blanks.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_pointer_leads_somewhere() {
    let book = Rulebook::built_in();
    let mut dead = Vec::new();
    for topic in topic::topics() {
        let Some(text) = text(&topic) else { continue };
        let mut pointers = text.about().see;
        match &text {
            Text::Myth(myth) => pointers.extend(myth.about.clone()),
            Text::Option(option) => pointers.extend(option.overrides.clone()),
            Text::Timing(timing) => pointers.extend(timing.keys.clone()),
            Text::State(state) => {
                let unknown = state.rules.iter().filter(|id| book.rule(id).is_none());
                dead.extend(unknown.map(|id| format!("{}: rule {id}", topic.qualified())));
            }
            _ => {}
        }
        let found = explain::references(&topic, &pointers);
        for (pointer, found) in pointers.iter().zip(found) {
            // What means only the topic itself leads nowhere.
            if found.is_none() && book.rule(pointer).is_none() {
                dead.push(format!("{}: {pointer}", topic.qualified()));
            }
        }
        for id in text.timings() {
            if !timing::IDS.contains(&id.as_str()) {
                dead.push(format!("{}: timing {id}", topic.qualified()));
            }
        }
    }
    assert_eq!(dead, [""; 0]);
}

#[test]
fn no_claim_is_without_a_source_and_every_experiment_named_is_there() {
    let experiments = experiments();
    for topic in topic::topics() {
        let Some(text) = text(&topic) else { continue };
        let about = text.about();
        assert!(!about.sources.is_empty(), "{}", topic.qualified());
        for lab in about
            .sources
            .iter()
            .filter_map(|source| source.lab.as_ref())
        {
            assert!(experiments.contains(lab), "{}: {lab}", topic.qualified());
        }
    }
}

/// `module::function` of everything in the lab.
fn experiments() -> BTreeSet<String> {
    let lab = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab");
    let mut all = BTreeSet::new();
    for file in fs::read_dir(lab).unwrap() {
        let file = file.unwrap().path();
        if file.extension().is_some_and(|end| end == "rs") {
            let module = file.file_stem().unwrap().to_string_lossy().into_owned();
            let text = fs::read_to_string(&file).unwrap();
            let functions = text.lines().filter_map(|line| line.strip_prefix("fn "));
            let functions = functions.filter_map(|line| line.split('(').next());
            all.extend(functions.map(|name| format!("{module}::{name}")));
        }
    }
    all
}

#[test]
fn every_key_of_the_catalogue_has_its_sentences() {
    let mut lacking = Vec::new();
    for topic in topic::topics().filter(|topic| topic.kind == Kind::Key) {
        let spec = catalog::find(&topic.name).unwrap();
        let Some(Text::Key(text)) = text(&topic) else {
            lacking.push(topic.name);
            continue;
        };
        let is_gone = spec.removed_in.is_some();
        let mut needs = vec![("does", !text.does.is_empty())];
        if is_gone || spec.noop_since.is_some() {
            needs.push(("gone", text.gone.is_some()));
        }
        if !is_gone && spec.write != Write::ReadOnly {
            needs.push(("leave", text.leave.is_some()));
            match spec.kind {
                KeyKind::Int | KeyKind::Bool | KeyKind::Triple | KeyKind::Range => {
                    needs.push(("up", text.up.is_some()));
                    needs.push(("down", text.down.is_some()));
                }
                _ => needs.push(("change", text.change.is_some())),
            }
        }
        let missing = needs.into_iter().filter(|(_, there)| !there);
        lacking.extend(missing.map(|(field, _)| format!("{}: {field}", topic.name)));
    }
    assert_eq!(lacking, [""; 0]);
}

#[test]
fn the_eleven_states_the_times_and_enough_counters_are_there() {
    let states: BTreeSet<String> = texts(Kind::State)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let eleven = tcptune::fact::socket::TcpState::ALL.map(|state| state.ss_name().to_owned());
    assert_eq!(states, BTreeSet::from(eleven));

    let times: BTreeSet<String> = texts(Kind::Timing)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(times, timing::IDS.map(str::to_owned).into());
    for (id, text) in texts(Kind::Timing) {
        let Text::Timing(text) = text else { continue };
        let read: BTreeSet<&str> = timing::keys_of(&id).into_iter().collect();
        let told: BTreeSet<&str> = text.keys.iter().map(String::as_str).collect();
        let forgotten: Vec<_> = told.difference(&read).collect();
        assert!(
            forgotten.is_empty(),
            "{id} does not follow from {forgotten:?}"
        );
    }

    let counters: BTreeSet<String> = texts(Kind::Counter)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert!(counters.len() >= 60, "{}", counters.len());
    for name in &counters {
        let (proto, field) = name.split_once('.').unwrap();
        assert!(catalog::counter(proto, field).is_some(), "{name}");
    }
    let book = Rulebook::built_in();
    let read = book.facts();
    let read = read.iter().filter_map(|fact| fact.strip_prefix("counter."));
    let unexplained: Vec<&str> = read.filter(|name| !counters.contains(*name)).collect();
    assert_eq!(unexplained, [""; 0], "counters that rules read");
}

#[test]
fn every_errno_up_to_124_is_there_and_thirteen_in_full() {
    let mut by_number = BTreeMap::new();
    let mut full = BTreeSet::new();
    for (name, text) in texts(Kind::Error) {
        let Text::Error(text) = text else { continue };
        // rustix tells what strerror(3) says only by way of std.
        let said = std::io::Error::from_raw_os_error(text.number).to_string();
        let said = said.split(" (os error").next().unwrap().to_owned();
        assert_eq!(text.text, said, "{name}");
        if text.brief.is_none() {
            assert!(!text.calls.is_empty() && !text.causes.is_empty(), "{name}");
            assert!(!text.tell.is_empty() && text.event.is_some(), "{name}");
            assert!(text.until.is_some() && text.fix.is_some(), "{name}");
            full.insert(name.clone());
        }
        assert!(by_number.insert(text.number, name).is_none());
    }
    // 41 and 58 are EWOULDBLOCK and EDEADLOCK of other systems: Linux has no such numbers.
    let missing: Vec<i32> = (1..=124)
        .filter(|number| ![41, 58].contains(number) && !by_number.contains_key(number))
        .collect();
    assert_eq!(missing, [0; 0]);
    for name in [
        "ECONNRESET",
        "EPIPE",
        "ETIMEDOUT",
        "ECONNREFUSED",
        "EADDRINUSE",
        "EADDRNOTAVAIL",
        "EHOSTUNREACH",
        "ENETUNREACH",
        "EAGAIN",
        "EINPROGRESS",
        "EMFILE",
        "ENOBUFS",
        "ECONNABORTED",
    ] {
        assert!(full.contains(name), "{name} is not explained in full");
    }
}

#[test]
fn every_name_in_a_text_exists() {
    let mut unknown = Vec::new();
    for file in data(&Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/topics")) {
        let text = fs::read_to_string(&file).unwrap();
        let file = file.file_name().unwrap().to_string_lossy().into_owned();
        for (number, line) in text.lines().enumerate() {
            // Sources name functions and files of the kernel.
            let is_source = [
                "kernel ", "doc ", "rfc ", "man ", "commit ", "lab ", "tried ", "web ",
            ]
            .iter()
            .any(|kind| line.contains(&format!("\"{kind}")) || line.contains(&format!("- {kind}")));
            if is_source || line.trim_start().starts_with('#') {
                continue;
            }
            let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '*');
            for word in line.split(|c: char| !is_name(c)) {
                let word = word.trim_matches(['.', '_', '-']);
                if looks_like_a_name(word) && topic::find(word).is_empty() {
                    unknown.push(format!("{file}:{}: {word}", number + 1));
                }
            }
        }
    }
    assert_eq!(unknown, [""; 0]);
}

fn looks_like_a_name(word: &str) -> bool {
    let key = ["tcp_", "udp_", "ip_local_", "nf_conntrack_"];
    let key = key.iter().any(|prefix| word.starts_with(prefix)) && !STRUCTS.contains(&word);
    let counter = ["TcpExt.", "Tcp.", "Udp.", "Ip."];
    let counter = counter.iter().any(|prefix| word.starts_with(prefix));
    let dotted = word.starts_with("net.") && word.matches('.').count() >= 2;
    key || counter || dotted
}

/// Kernel names that begin like a key.
const STRUCTS: [&str; 2] = ["tcp_info", "tcp_sock"];

fn data(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(data(&path));
        } else if path.extension().is_some_and(|end| end == "yaml") {
            files.push(path);
        }
    }
    files
}

#[test]
fn every_topic_is_found_by_its_own_name() {
    for topic in topic::topics() {
        assert!(
            topic::find(&topic.name).contains(&topic),
            "{}",
            topic.qualified()
        );
        assert_eq!(topic::find(&topic.qualified()).first(), Some(&topic));
    }
}

#[test]
fn an_exact_name_means_what_a_search_names_first() {
    for topic in topic::topics() {
        let short = topic.name.rsplit('.').next().unwrap();
        for word in [topic.name.as_str(), short] {
            if let Some(exact) = topic::exact(word) {
                assert_eq!(topic::find(word).first(), Some(&exact), "{word}");
            }
        }
    }
}

#[test]
fn every_spelling_leads_to_the_topic() {
    for (word, kind, name) in [
        ("fin_timeout", Kind::Key, "net.ipv4.tcp_fin_timeout"),
        ("tcp_fin_timeout", Kind::Key, "net.ipv4.tcp_fin_timeout"),
        (
            "net/ipv4/tcp_fin_timeout",
            Kind::Key,
            "net.ipv4.tcp_fin_timeout",
        ),
        (
            "/proc/sys/net/core/somaxconn",
            Kind::Key,
            "net.core.somaxconn",
        ),
        ("TCP_FIN_TIMEOUT", Kind::Key, "net.ipv4.tcp_fin_timeout"),
        (
            "net.ipv4.conf.eth0.rp_filter",
            Kind::Key,
            "net.ipv4.conf.eth0.rp_filter",
        ),
        ("rp_filter", Kind::Key, "net.ipv4.conf.*.rp_filter"),
        (
            "conf.all.rp_filter",
            Kind::Key,
            "net.ipv4.conf.all.rp_filter",
        ),
        (
            "net.nf_conntrack_max",
            Kind::Key,
            "net.netfilter.nf_conntrack_max",
        ),
        ("conntrack_max", Kind::Key, "net.netfilter.nf_conntrack_max"),
        ("TIME-WAIT", Kind::State, "TIME-WAIT"),
        ("time_wait", Kind::State, "TIME-WAIT"),
        ("TIME_WAIT", Kind::State, "TIME-WAIT"),
        ("time wait", Kind::State, "TIME-WAIT"),
        ("ESTABLISHED", Kind::State, "ESTAB"),
        ("estab", Kind::State, "ESTAB"),
        ("SYN_RCVD", Kind::State, "SYN-RECV"),
        ("SYN-RECEIVED", Kind::State, "SYN-RECV"),
        ("FIN_WAIT2", Kind::State, "FIN-WAIT-2"),
        ("fin_wait_1", Kind::State, "FIN-WAIT-1"),
        ("LISTENING", Kind::State, "LISTEN"),
        ("CLOSED", Kind::State, "UNCONN"),
        ("110", Kind::Error, "ETIMEDOUT"),
        ("ETIMEDOUT", Kind::Error, "ETIMEDOUT"),
        ("etimedout", Kind::Error, "ETIMEDOUT"),
        ("connection timed out", Kind::Error, "ETIMEDOUT"),
        ("Connection reset by peer", Kind::Error, "ECONNRESET"),
        ("EWOULDBLOCK", Kind::Error, "EAGAIN"),
        ("ENOTSUP", Kind::Error, "EOPNOTSUPP"),
        (
            "TCPTimeWaitOverflow",
            Kind::Counter,
            "TcpExt.TCPTimeWaitOverflow",
        ),
        (
            "TcpExt.TCPTimeWaitOverflow",
            Kind::Counter,
            "TcpExt.TCPTimeWaitOverflow",
        ),
        (
            "TcpExtListenOverflows",
            Kind::Counter,
            "TcpExt.ListenOverflows",
        ),
        ("listenoverflows", Kind::Counter, "TcpExt.ListenOverflows"),
        ("SO_KEEPALIVE", Kind::Option, "SO_KEEPALIVE"),
        ("user_timeout", Kind::Option, "TCP_USER_TIMEOUT"),
        ("timing/time-wait", Kind::Timing, "time-wait"),
        ("state:time-wait", Kind::State, "TIME-WAIT"),
        ("handshake", Kind::Concept, "handshake"),
    ] {
        let found = topic::find(word);
        let first = found.first().map(|topic| (topic.kind, topic.name.as_str()));
        assert_eq!(first, Some((kind, name)), "{word}: {found:?}");
    }
}

#[test]
fn a_slip_is_told_what_was_meant() {
    for (word, name) in [
        ("tcp_kepalive_time", "net.ipv4.tcp_keepalive_time"),
        ("TIMEWAITT", "TIME-WAIT"),
        ("ECONRESET", "ECONNRESET"),
        ("TCPTimeWaitOverflw", "TcpExt.TCPTimeWaitOverflow"),
        ("SO_KEEPALVE", "SO_KEEPALIVE"),
    ] {
        assert!(topic::find(word).is_empty(), "{word}");
        assert_eq!(
            topic::nearest(word).map(|topic| topic.name).as_deref(),
            Some(name)
        );
    }
    for word in ["", "!", "entirely something else", &"x".repeat(10_000)] {
        assert!(topic::find(word).is_empty());
        assert_eq!(topic::nearest(word), None, "{word:.20}");
    }
}

#[test]
fn a_search_finds_names_before_texts() {
    let found = topic::search("keepalive");
    assert!(found.len() > 10);
    assert!(found[0].name.contains("keepalive"));
    assert!(
        topic::search("NAT")
            .iter()
            .any(|topic| topic.name.contains("conntrack"))
    );
    assert!(topic::search("   ").is_empty());
    assert!(topic::search("zebra crossing").is_empty());
}

#[test]
fn another_kernel_has_its_own_numbers() {
    let value = |release: &str, topic: &str, name: &str| {
        let all = explained(topic::find(topic).into_iter().take(1), release);
        let (_, answer) = all.first().unwrap();
        let told = answer.values.iter().find(|one| one.name == name).unwrap();
        told.value.clone()
    };
    let connect = |release: &str| value(release, "connect", "timing.connect");
    assert_eq!(connect("6.18.0").as_deref(), Some("131"));
    assert_eq!(connect("5.14.0").as_deref(), Some("127"));
    let backlog = |release: &str| value(release, "net.core.somaxconn", "sysctl.net.core.somaxconn");
    assert_eq!(backlog("4.18.0-553.el8_10").as_deref(), Some("128"));
    assert_eq!(backlog("5.14.0-570.el9").as_deref(), Some("4096"));
}

#[test]
fn a_secret_is_never_on_a_page() {
    let secret = |topic: &Topic| {
        topic.kind == Kind::Key && catalog::find(&topic.name).is_some_and(|spec| spec.secret)
    };
    let mut seen = 0;
    for (topic, answer) in EXPLAINED.iter().filter(|(topic, _)| secret(topic)) {
        seen += 1;
        let fact = format!("sysctl.{}", topic.name);
        assert!(
            answer
                .values
                .iter()
                .all(|told| told.name != fact || told.value.is_none())
        );
    }
    assert!(seen > 0);
}

#[test]
fn no_code_on_a_page_is_wider_than_it() {
    for (topic, answer) in EXPLAINED.iter() {
        for section in &answer.sections {
            for block in &section.blocks {
                let Block::Code(lines) = block else { continue };
                for line in lines {
                    let is_command = topic.kind != Kind::Concept;
                    assert!(
                        is_command || line.chars().count() <= 74,
                        "{}: {line}",
                        topic.name
                    );
                }
            }
        }
    }
}
