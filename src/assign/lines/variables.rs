//! Variables of a script that stand for keys.

use std::cell::Cell;
use std::collections::HashMap;

use super::words::Word;
use crate::assign::found::Source;

/// What a variable may be, and where that is written.
type Values = Vec<(String, usize)>;

/// The variables known so far.
#[derive(Debug, Default)]
pub(super) struct Variables {
    /// Lists that loops go over: the key stands in the list.
    lists: HashMap<String, Values>,
    /// Plain ones: the key stands where it is used.
    plain: HashMap<String, String>,
    /// The folder of `cd`.
    pub(super) folder: Option<String>,
    /// Words made so far, for a loop over many keys around many commands.
    made: Cell<usize>,
}

/// No more words of a list are kept.
const LIST: usize = 256;

/// No name of a key is longer.
const LONG: usize = 256;

/// No more words are made of lists.
const MADE: usize = 100_000;

impl Variables {
    /// `NAME=value`.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.lists.remove(name);
        if value.len() > LONG {
            self.plain.remove(name);
        } else if value.starts_with("/proc/sys")
            || value.starts_with("net.")
            || value.starts_with("net/")
        {
            self.plain.insert(name.to_owned(), value.to_owned());
        } else {
            self.plain.remove(name);
        }
    }

    /// `NAME=(…)`, `for NAME in …`.
    pub(super) fn set_list(&mut self, name: &str, words: &[Word]) {
        let mut values = Values::new();
        for word in words.iter().take(LIST) {
            match list_name(word.text()).and_then(|list| self.lists.get(list)) {
                Some(list) => values.extend(list.iter().take(LIST).cloned()),
                None => values.extend(words_of(&word.source)),
            }
        }
        values.retain(|(value, _)| value.len() <= LONG);
        values.truncate(LIST);
        self.plain.remove(name);
        self.lists.insert(name.to_owned(), values);
    }

    /// Everything a word may be: itself, or what its variables stand for.
    pub(super) fn all(&self, word: &Source<'_>) -> Values {
        let text: &str = &word.text;
        let itself = || vec![(text.to_owned(), word.at(0))];
        let Some((from, to, name)) = variable(text).filter(|_| text.len() <= LONG) else {
            return itself();
        };
        let before = text.get(..from).unwrap_or_default();
        let after = text.get(to..).unwrap_or_default();
        if let Some(value) = self.plain.get(name).filter(|_| before.is_empty()) {
            return vec![(format!("{value}{after}"), word.at(0))];
        }
        let whole = before.is_empty();
        let ends = before.ends_with(['/', '.']) && (after.is_empty() || after.starts_with('='));
        match self.lists.get(name) {
            Some(values) if (whole || ends) && self.made.get() < MADE => {
                self.made.set(self.made.get() + values.len());
                values
                    .iter()
                    .map(|(value, at)| (format!("{before}{value}{after}"), *at))
                    .collect()
            }
            _ => itself(),
        }
    }

    /// The path a word names, `cd` followed.
    pub(super) fn paths(&self, word: &Source<'_>) -> Values {
        let mut paths = self.all(word);
        if let Some(folder) = &self.folder {
            for (path, _) in &mut paths {
                if !path.starts_with(['/', '$', '~']) {
                    let below = path.strip_prefix("./").unwrap_or(path);
                    *path = format!("{folder}/{below}");
                }
            }
        }
        paths
    }
}

/// The first variable of a word: where it stands, and its name.
fn variable(text: &str) -> Option<(usize, usize, &str)> {
    let from = text.find('$')?;
    let rest = text.get(from + 1..)?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if let Some(braced) = rest.strip_prefix('{') {
        let end = braced.find('}')?;
        let name = braced.get(..end)?;
        return name
            .chars()
            .all(is_name)
            .then_some((from, from + end + 3, name));
    }
    let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
    (end > 0).then_some((from, from + 1 + end, rest.get(..end)?))
}

/// `${NAME[@]}`
fn list_name(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("${")?;
    let inner = inner.strip_prefix('!').unwrap_or(inner);
    let (name, rest) = inner.split_once('[')?;
    matches!(rest, "@]}" | "*]}").then_some(name)
}

/// The words of a text between blanks, with their places.
fn words_of(source: &Source<'_>) -> Values {
    let mut at = 0;
    let mut values = Values::new();
    for piece in source.text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end();
        if !word.is_empty() && values.len() < LIST {
            values.push((word.to_owned(), source.at(at)));
        }
        at += piece.len();
    }
    values
}
