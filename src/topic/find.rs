//! From a word to the topics it may mean.

use serde_json::Value;

use super::Kind;
use super::spelling::{self, Strength, plain, spellings, strength};
use super::table::TEXTS;
use super::text::{Text, text};
use crate::catalog;
use crate::fact;

/// Longer texts name nothing, and the cost stays bounded.
const LONGEST: usize = 128;

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
}

/// The topics a word may mean, the likeliest first; empty when there is none.
///
/// A word may be a key in any spelling or its last part, with or without `tcp_`; a state as `ss`,
/// `netstat` or an RFC writes it; an error by name, number or message; a counter with or without its
/// protocol, or as `nstat` joins them; the name of an option, concept, timing or myth. `kind/name` asks
/// for one kind.
pub fn find(word: &str) -> Vec<Topic> {
    if word.len() > LONGEST {
        return Vec::new();
    }
    if let Some((kind, rest)) = spelling::qualified(word) {
        let mut found = find(rest);
        found.retain(|topic| topic.kind == kind);
        return found;
    }
    let mut found: Vec<(Strength, Topic)> = Vec::new();
    let whole = catalog::canonical(word);
    if let Some(spec) = catalog::find(&whole).filter(|spec| !spec.unlisted) {
        let name = if spec.is_pattern() {
            whole.into_owned()
        } else {
            spec.key.to_owned()
        };
        found.push((
            Strength::Full,
            Topic {
                kind: Kind::Key,
                name,
            },
        ));
    }
    let number = word.parse::<i32>().ok();
    let plain = plain(word);
    if plain.is_empty() {
        return Vec::new();
    }
    for (kind, name) in names() {
        let by_name = strength(kind, name, &plain);
        let strength = match kind {
            Kind::Error => by_name.or_else(|| is_error(name, number, &plain)),
            _ => by_name,
        };
        if let Some(strength) = strength {
            let topic = topic(kind, name);
            if !found.iter().any(|(_, other)| *other == topic) {
                found.push((strength, topic));
            }
        }
    }
    found.sort_by_key(|(strength, topic)| (*strength, topic.kind, rank(&topic.name)));
    found.into_iter().map(|(_, topic)| topic).collect()
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
    if word.is_empty() {
        return None;
    }
    let mut spelled: Vec<(String, Topic)> = Vec::new();
    for (kind, name) in names() {
        for (spelling, _) in spellings(kind, name) {
            spelled.push((spelling.into_owned(), topic(kind, name)));
        }
    }
    let near = fact::nearest(&word, spelled.iter().map(|(spelling, _)| spelling.as_str()))?;
    let at = spelled.iter().position(|(spelling, _)| spelling == near)?;
    spelled.into_iter().nth(at).map(|(_, topic)| topic)
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

/// The kind and name of every topic: the listed keys, and whatever else has a text.
fn names() -> impl Iterator<Item = (Kind, &'static str)> {
    let keys = catalog::keys().iter().filter(|spec| !spec.unlisted);
    let keys = keys.filter(|spec| !is_template(spec.key));
    let keys = keys.map(|spec| (Kind::Key, spec.key));
    let others = TEXTS.iter().filter(|(kind, ..)| *kind != Kind::Key);
    keys.chain(others.map(|(kind, name, _)| (*kind, *name)))
}

/// Whether a key is the entry for new interfaces that its family stands for as well.
fn is_template(key: &str) -> bool {
    let family = || key.replacen(".default.", ".*.", 1);
    key.contains(".default.") && catalog::keys().iter().any(|spec| spec.key == family())
}

fn topic(kind: Kind, name: &str) -> Topic {
    Topic {
        kind,
        name: name.to_owned(),
    }
}

/// Among keys that end alike, IPv4 before IPv6 and a family before what concerns all interfaces.
fn rank(name: &str) -> (bool, bool) {
    (name.contains(".ipv6."), name.contains(".all."))
}

/// Whether an error has this number, this message, or this other name.
fn is_error(name: &str, number: Option<i32>, word: &str) -> Option<Strength> {
    let Ok(Some(Text::Error(error))) = text(&topic(Kind::Error, name)) else {
        return None;
    };
    let other = || error.aliases.iter().any(|alias| plain(alias) == word);
    let same = number == Some(error.number) || plain(&error.text) == word || other();
    same.then_some(Strength::Full)
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
