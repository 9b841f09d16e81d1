//! The spellings of a topic: as `ss`, `netstat`, `nstat`, the RFCs and people write it.

use std::borrow::Cow;

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
const PREFIXES: [&str; 6] = [
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

/// Whether a word, as texts use it to point at others, means this topic.
pub(super) fn means(word: &str, topic: &Topic) -> bool {
    if let Some((kind, rest)) = qualified(word) {
        return kind == topic.kind && means(rest, topic);
    }
    let family = match topic.kind {
        Kind::Key => catalog::find(&topic.name).map(|spec| spec.key),
        _ => None,
    };
    let word = plain(word);
    let same = |name: &str| strength(topic.kind, name, &word) <= Some(Strength::Short);
    let is = |name: &str| strength(topic.kind, name, &word).is_some() && same(name);
    is(&topic.name) || family.is_some_and(is)
}

/// `kind/name` and `kind:name`.
pub(super) fn qualified(word: &str) -> Option<(Kind, &str)> {
    let (kind, rest) = word.split_once(['/', ':'])?;
    Some((Kind::of_word(kind)?, rest))
}

/// How well a plain word names the topic of this kind and name; `None` when it does not.
pub(super) fn strength(kind: Kind, name: &str, word: &str) -> Option<Strength> {
    spellings(kind, name)
        .into_iter()
        .find_map(|(spelling, strength)| (spelling == word).then_some(strength))
}

/// The plain spellings of a topic, the strongest first.
pub(super) fn spellings(kind: Kind, name: &str) -> Vec<(Cow<'static, str>, Strength)> {
    let mut all = vec![(Cow::Owned(plain(name)), Strength::Full)];
    let mut add = |text: &str, strength| all.push((Cow::Owned(plain(text)), strength));
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
        Kind::Error | Kind::Concept | Kind::Timing | Kind::Myth => {}
    }
    all
}

fn key(name: &str, add: &mut impl FnMut(&str, Strength)) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_for_the_search() {
        assert!(TEXTS.is_sorted_by(|a, b| (a.0, a.1) < (b.0, b.1)));
    }

    #[test]
    fn every_state_has_an_entry_of_other_names() {
        let states = TEXTS.iter().filter(|(kind, ..)| *kind == Kind::State);
        for (_, name, _) in states {
            assert!(STATES.iter().any(|(state, _)| state == name), "{name}");
        }
    }

    #[test]
    fn case_and_marks_do_not_matter() {
        for word in ["TIME-WAIT", "time_wait", "TimeWait", "TIME WAIT"] {
            assert_eq!(plain(word), "timewait");
        }
    }
}
