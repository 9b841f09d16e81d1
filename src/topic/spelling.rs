//! The spellings of a topic: as `ss`, `netstat`, `nstat`, the RFCs and people write it.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::Deserialize;

use super::table::TEXTS;
use super::{Kind, Topic};
use crate::catalog;

/// How well a word names a topic; the smaller, the better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strength {
    /// It is the name, or all of another name.
    Full,
    /// The name without the part that tells its family: `tcp_fin_timeout`.
    Short,
    /// The name without its protocol, too: `fin_timeout`.
    Bare,
}

/// One way to write one topic, as words are compared: see [`plain`].
#[derive(Debug)]
pub(super) struct Spelling {
    pub(super) plain: String,
    pub(super) strength: Strength,
    pub(super) kind: Kind,
    pub(super) name: &'static str,
}

/// Every spelling of every topic, made at the first question.
pub(super) static SPELLINGS: LazyLock<Vec<Spelling>> = LazyLock::new(|| {
    let mut all = Vec::new();
    for (kind, name) in names() {
        for (plain, strength) in spellings(kind, name) {
            all.push(Spelling {
                plain,
                strength,
                kind,
                name,
            });
        }
    }
    all
});

/// The other names of states: those of the RFC, of `netstat`, of the kernel.
const STATES: [(&str, &[&str]); 11] = [
    ("ESTAB", &["established", "tcpestablished"]),
    ("SYN-SENT", &["tcpsynsent"]),
    (
        "SYN-RECV",
        &[
            "synreceived",
            "synrcvd",
            "newsynrecv",
            "tcpsynrecv",
            "tcpnewsynrecv",
        ],
    ),
    ("FIN-WAIT-1", &["tcpfinwait1"]),
    ("FIN-WAIT-2", &["tcpfinwait2"]),
    ("TIME-WAIT", &["tcptimewait", "2msl"]),
    ("UNCONN", &["close", "closed", "tcpclose"]),
    ("CLOSE-WAIT", &["tcpclosewait"]),
    ("LAST-ACK", &["tcplastack"]),
    ("LISTEN", &["listening", "tcplisten"]),
    ("CLOSING", &["tcpclosing"]),
];

/// What the last part of a key may be left without.
const PREFIXES: [&str; 7] = [
    "nf_",
    "tcp_",
    "udp_",
    "ip_",
    "icmp_",
    "nf_conntrack_tcp_",
    "nf_conntrack_",
];

/// What the name of a socket option may be left without.
const LEVELS: [&str; 4] = ["SO_", "TCP_", "IP_", "IPV6_"];

/// A word as it is compared: small letters and digits, so that `TIME-WAIT` is `time_wait`.
pub(super) fn plain(word: &str) -> String {
    let kept = word.chars().filter(|c| c.is_alphanumeric());
    kept.flat_map(char::to_lowercase).collect()
}

/// The kind and name of every topic: the listed keys, and whatever else has a text.
pub(super) fn names() -> impl Iterator<Item = (Kind, &'static str)> {
    let keys = catalog::keys().iter().filter(|spec| !spec.unlisted);
    let keys = keys.filter(|spec| !is_template(spec.key));
    let keys = keys.map(|spec| (Kind::Key, spec.key));
    let others = TEXTS.iter().filter(|(kind, ..)| *kind != Kind::Key);
    keys.chain(others.map(|(kind, name, _)| (*kind, *name)))
}

/// Whether a key is the entry for new interfaces that its family stands for as well.
fn is_template(key: &str) -> bool {
    if !key.contains(".default.") || stored(Kind::Key, key).is_some() {
        return false;
    }
    let family = key.replacen(".default.", ".*.", 1);
    let keys = catalog::keys();
    keys.binary_search_by(|spec| spec.key.cmp(&family)).is_ok()
}

/// The stored text of a topic, as JSON: of a key that of its own entry, else of its family.
pub(super) fn entry(topic: &Topic) -> Option<&'static str> {
    if topic.kind != Kind::Key {
        return stored(topic.kind, &topic.name);
    }
    let key = catalog::find(&topic.name).map_or(topic.name.as_str(), |spec| spec.key);
    stored(Kind::Key, key).or_else(|| {
        let family = key.replacen(".default.", ".*.", 1);
        stored(Kind::Key, &family)
    })
}

/// The text stored under exactly this name.
fn stored(kind: Kind, name: &str) -> Option<&'static str> {
    let at = TEXTS
        .binary_search_by(|(other, stored, _)| (*other, *stored).cmp(&(kind, name)))
        .ok()?;
    TEXTS.get(at).map(|(_, _, json)| *json)
}

/// Every text of a kind, with its name.
pub(super) fn stored_of(kind: Kind) -> impl Iterator<Item = (&'static str, &'static str)> {
    let own = TEXTS.iter().filter(move |(other, ..)| *other == kind);
    own.map(|(_, name, json)| (*name, *json))
}

/// The words that mean a topic without doubt: no other prefix has to be thought of. `kind/name` means it,
/// too; see [`qualified`].
pub(super) fn own_words(topic: &Topic) -> BTreeSet<String> {
    let family = match topic.kind {
        Kind::Key => catalog::find(&topic.name).map(|spec| spec.key),
        _ => None,
    };
    let names = [Some(topic.name.as_str()), family];
    let all = names.into_iter().flatten();
    all.flat_map(|name| spellings(topic.kind, name))
        .filter(|(_, strength)| *strength <= Strength::Short)
        .map(|(plain, _)| plain)
        .collect()
}

/// `kind/name` and `kind:name`.
pub(super) fn qualified(word: &str) -> Option<(Kind, &str)> {
    let (kind, rest) = word.split_once(['/', ':'])?;
    Some((Kind::of_word(kind)?, rest))
}

/// The plain spellings of a topic, the strongest first.
fn spellings(kind: Kind, name: &str) -> Vec<(String, Strength)> {
    let mut all = vec![(plain(name), Strength::Full)];
    let mut add = |text: &str, strength| all.push((plain(text), strength));
    match kind {
        Kind::Key => key(name, &mut add),
        Kind::State => {
            let others = STATES.iter().find(|(state, _)| *state == name);
            for other in others.into_iter().flat_map(|(_, others)| *others) {
                add(other, Strength::Full);
            }
        }
        Kind::Counter => {
            if let Some((_, field)) = name.split_once('.') {
                add(field, Strength::Short);
            }
        }
        Kind::Option => {
            if let Some(rest) = LEVELS.iter().find_map(|level| name.strip_prefix(level)) {
                add(rest, Strength::Bare);
            }
        }
        Kind::Error => error(name, &mut add),
        Kind::Concept | Kind::Timing | Kind::Myth => {}
    }
    all
}

/// A key may be written without `net.ipv4`, as its last part, and without its protocol.
fn key(name: &str, add: &mut impl FnMut(&str, Strength)) {
    if let Some(rest) = name.splitn(3, '.').nth(2) {
        add(rest, Strength::Short);
    }
    let mut parts = name.rsplit('.');
    let (last, above) = (parts.next().unwrap_or(name), parts.next());
    add(last, Strength::Short);
    if let Some(above) = above {
        add(&format!("{above}.{last}"), Strength::Short);
    }
    for prefix in PREFIXES {
        if let Some(rest) = last.strip_prefix(prefix) {
            add(rest, Strength::Bare);
        }
    }
}

/// An error may be written as its number, its message or another name.
fn error(name: &str, add: &mut impl FnMut(&str, Strength)) {
    #[derive(Deserialize)]
    struct Names {
        number: i32,
        text: String,
        #[serde(default)]
        aliases: Vec<String>,
    }
    let names = stored(Kind::Error, name).and_then(|json| serde_json::from_str(json).ok());
    if let Some(Names {
        number,
        text,
        aliases,
    }) = names
    {
        add(&number.to_string(), Strength::Full);
        add(&text, Strength::Full);
        for alias in aliases {
            add(&alias, Strength::Full);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_for_the_search() {
        assert!(TEXTS.is_sorted_by(|a, b| (a.0, a.1) < (b.0, b.1)));
    }

    #[test]
    fn every_state_has_an_entry_of_other_names() {
        for (name, _) in stored_of(Kind::State) {
            assert!(STATES.iter().any(|(state, _)| *state == name), "{name}");
        }
    }

    #[test]
    fn case_and_marks_do_not_matter() {
        for word in ["TIME-WAIT", "time_wait", "TimeWait", "TIME WAIT"] {
            assert_eq!(plain(word), "timewait");
        }
    }
}
