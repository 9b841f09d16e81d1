//! From a word to the topics it may mean.

use serde_json::Value;

use super::Kind;
use super::spelling::{self, Strength, names, plain, spellings, strength};
use crate::catalog;
use crate::fact;

/// Longer texts name nothing, and the cost stays bounded.
const LONGEST: usize = 128;

/// What a key may be written without, where an interface stands in it: `conf.eth0.rp_filter`.
const PLACES: [&str; 3] = ["net.ipv4.", "net.ipv6.", "net."];

/// Something that can be explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// What it is.
    pub kind: Kind,
    /// Its name: a key in the catalogue's spelling, a state as `ss` prints it, a counter as `Proto.Field`.
    pub name: String,
}

impl Topic {
    /// The name with its kind, which means nothing else: `timing/time-wait`.
    pub fn qualified(&self) -> String {
        format!("{}/{}", self.kind.word(), self.name)
    }

    /// What opens exactly this one: the name, or with its kind where the name alone opens another. Only a
    /// time is named like something else: `time-wait`.
    pub fn opener(&self) -> String {
        let is_second = self.kind == Kind::Timing && find(&self.name).first() != Some(self);
        if is_second {
            self.qualified()
        } else {
            self.name.clone()
        }
    }
}

/// The topics a word may mean, the likeliest first; empty when there is none.
///
/// A word may be a key in any spelling or its last part, with or without `tcp_`; a state as `ss`,
/// `netstat` or an RFC writes it; an error by name, number or message; a counter with or without its
/// protocol, or as `nstat` joins them; the name of an option, concept, timing or myth. Among those that
/// differ in case or marks only, the one written exactly so comes first. `kind/name` asks for one kind.
pub fn find(word: &str) -> Vec<Topic> {
    if word.len() > LONGEST {
        return Vec::new();
    }
    if let Some((kind, rest)) = spelling::qualified(word) {
        let mut found = find(rest);
        found.retain(|topic| topic.kind == kind);
        return found;
    }
    let letters = plain(word);
    if letters.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<(Strength, Topic)> = Vec::new();
    if let Some(name) = key(word) {
        found.push((Strength::Full, topic(Kind::Key, &name)));
    } else if word.contains('.') {
        for place in PLACES {
            if let Some(name) = key(&format!("{place}{word}")) {
                found.push((Strength::Short, topic(Kind::Key, &name)));
            }
        }
    }
    for (kind, name) in names() {
        if let Some(strength) = strength(kind, name, &letters) {
            let topic = topic(kind, name);
            if !found.iter().any(|(_, other)| *other == topic) {
                found.push((strength, topic));
            }
        }
    }
    // An option and its key may differ in case only: TCP_NOTSENT_LOWAT, tcp_notsent_lowat.
    let exact = |topic: &Topic| topic.name == word || topic.name.ends_with(&format!(".{word}"));
    found.sort_by_key(|(strength, topic)| {
        let as_written = !(exact(topic) && topic.kind != Kind::Timing);
        (as_written, *strength, topic.kind, rank(&topic.name))
    });
    found.into_iter().map(|(_, topic)| topic).collect()
}

/// The topic with exactly this name, or the TCP or IP key that ends so: what [`find`] would name first, without
/// a look at all others. `None` leaves it to [`find`].
pub fn exact(word: &str) -> Option<Topic> {
    const PLAIN: [Kind; 5] = [
        Kind::State,
        Kind::Error,
        Kind::Counter,
        Kind::Option,
        Kind::Concept,
    ];
    let named = |kind: &Kind| spelling::is_stored(*kind, word);
    if let Some(kind) = PLAIN.into_iter().find(named) {
        return Some(topic(kind, word));
    }
    let is_short = ["tcp_", "ip_"].iter().any(|start| word.starts_with(start));
    let whole = format!("net.ipv4.{word}");
    let found = is_short && spelling::is_stored(Kind::Key, &whole);
    found.then(|| topic(Kind::Key, &whole))
}

/// The name of the key that is written out in full, an interface in it or not.
fn key(word: &str) -> Option<String> {
    let whole = catalog::canonical(word);
    let spec = catalog::find(&whole).filter(|spec| !spec.unlisted)?;
    Some(if spec.is_pattern() {
        whole.into_owned()
    } else {
        spec.key.to_owned()
    })
}

/// The topic of a kind with exactly this name.
pub fn named(kind: Kind, name: &str) -> Option<Topic> {
    names()
        .find(|(other, stored)| *other == kind && *stored == name)
        .map(|(kind, name)| topic(kind, name))
}

/// Every topic, by kind and name.
pub fn topics() -> impl Iterator<Item = Topic> {
    names().map(|(kind, name)| topic(kind, name))
}

/// The topic whose spelling is nearest to a word that means none; `None` when nothing is near.
pub fn nearest(word: &str) -> Option<Topic> {
    let word = plain(word.split_once(['/', ':']).map_or(word, |(_, rest)| rest));
    if word.is_empty() || word.len() > LONGEST {
        return None;
    }
    let spelled = names().flat_map(|(kind, name)| {
        let own = spellings(kind, name).into_iter();
        own.map(move |(plain, _)| (plain, kind, name))
    });
    let spelled: Vec<(String, Kind, &str)> = spelled.collect();
    let near = fact::nearest(&word, spelled.iter().map(|(plain, ..)| plain.as_str()))?;
    let (_, kind, name) = spelled.iter().find(|(plain, ..)| plain == near)?;
    Some(topic(*kind, name))
}

/// Every topic whose name or text holds these letters, in any case; those by name first.
pub fn search(words: &str) -> Vec<Topic> {
    let letters = words.to_lowercase();
    let in_name = plain(words);
    if letters.trim().is_empty() {
        return Vec::new();
    }
    let mut by_name = Vec::new();
    let mut by_text = Vec::new();
    for (kind, name) in names() {
        let topic = topic(kind, name);
        if !in_name.is_empty() && plain(name).contains(&in_name) {
            by_name.push(topic);
        } else if spelling::entry(&topic).is_some_and(|json| holds(json, &letters)) {
            by_text.push(topic);
        }
    }
    by_name.append(&mut by_text);
    by_name
}

fn topic(kind: Kind, name: &str) -> Topic {
    Topic {
        kind,
        name: name.to_owned(),
    }
}

/// Among keys that end alike: those that still are before those that are gone, IPv4 before IPv6, a family
/// before what concerns all interfaces.
fn rank(name: &str) -> (bool, bool, bool) {
    let gone = catalog::find(name).is_some_and(|spec| spec.removed_in.is_some());
    (gone, name.contains(".ipv6."), name.contains(".all."))
}

/// Whether the sentences of a stored text hold these letters.
fn holds(json: &str, letters: &str) -> bool {
    fn look(value: &Value, letters: &str) -> bool {
        match value {
            Value::String(text) => text.to_lowercase().contains(letters),
            Value::Array(items) => items.iter().any(|item| look(item, letters)),
            Value::Object(fields) => fields
                .iter()
                .filter(|(name, _)| !matches!(name.as_str(), "sources" | "see" | "confidence"))
                .any(|(_, value)| look(value, letters)),
            _ => false,
        }
    }
    serde_json::from_str(json).is_ok_and(|value: Value| look(&value, letters))
}
