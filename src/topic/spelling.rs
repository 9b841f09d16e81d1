//! The spellings of a topic: as `ss`, `netstat`, `nstat`, the RFCs and people write it.

use std::collections::BTreeSet;

use super::table::{ERRORS, TEXTS};
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
    letters(word).collect()
}

fn letters(word: &str) -> impl Iterator<Item = char> {
    let kept = word.chars().filter(|c| c.is_alphanumeric());
    kept.flat_map(char::to_lowercase)
}

/// How well a plain word names a topic; `None` when it does not. Nothing is allocated for the many that differ
/// early.
pub(super) fn strength(kind: Kind, name: &'static str, word: &str) -> Option<Strength> {
    let mut found = None;
    spell(kind, name, &mut |spelling, strength| {
        if found.is_none() && letters(spelling).eq(word.chars()) {
            found = Some(strength);
        }
    });
    found
}

/// The plain spellings of a topic, the strongest first.
pub(super) fn spellings(kind: Kind, name: &str) -> Vec<(String, Strength)> {
    let mut all = Vec::new();
    spell(kind, name, &mut |spelling, strength| {
        all.push((plain(spelling), strength));
    });
    all
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

/// Whether there is a text under exactly this name.
pub(super) fn is_stored(kind: Kind, name: &str) -> bool {
    stored(kind, name).is_some()
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

/// Tells every spelling of a topic, the strongest first.
fn spell(kind: Kind, name: &str, tell: &mut impl FnMut(&str, Strength)) {
    tell(name, Strength::Full);
    match kind {
        Kind::Key => key(name, tell),
        Kind::State => {
            let others = STATES.iter().find(|(state, _)| *state == name);
            for other in others.into_iter().flat_map(|(_, others)| *others) {
                tell(other, Strength::Full);
            }
        }
        Kind::Counter => {
            if let Some((_, field)) = name.split_once('.') {
                tell(field, Strength::Short);
            }
        }
        Kind::Option => {
            if let Some(rest) = LEVELS.iter().find_map(|level| name.strip_prefix(level)) {
                tell(rest, Strength::Bare);
            }
        }
        // Its number, its message, its other names.
        Kind::Error => {
            let at = ERRORS.binary_search_by(|(error, _)| (*error).cmp(name));
            let others = at.ok().and_then(|at| ERRORS.get(at));
            for other in others.into_iter().flat_map(|(_, others)| *others) {
                tell(other, Strength::Full);
            }
        }
        Kind::Concept | Kind::Timing | Kind::Myth => {}
    }
}

/// A key may be written without `net.ipv4`, as its last part or two, and without its protocol.
fn key(name: &str, tell: &mut impl FnMut(&str, Strength)) {
    if let Some(rest) = name.splitn(3, '.').nth(2) {
        tell(rest, Strength::Short);
    }
    let start = |parts: usize| {
        let ends = name.rmatch_indices('.').nth(parts - 1);
        ends.and_then(|(dot, _)| name.get(dot + 1..))
    };
    let last = start(1).unwrap_or(name);
    tell(last, Strength::Short);
    if let Some(both) = start(2) {
        tell(both, Strength::Short);
    }
    for prefix in PREFIXES {
        if let Some(rest) = last.strip_prefix(prefix) {
            tell(rest, Strength::Bare);
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
