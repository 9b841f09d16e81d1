//! The words of `sysctl` and of what takes its words: `docker run --sysctl`.

use super::variables::Variables;
use super::words::Word;
use crate::assign::found::{Found, Source};
use crate::assign::{Flaw, Syntax, conf, value};
use crate::catalog;

/// Options of sysctl that take the next word, unless it begins with `-`.
const TAKING: [&str; 5] = ["-p", "-f", "-r", "--pattern", "--load"];

/// What the words behind `sysctl` set.
pub(super) fn arguments(words: &[Word], variables: &Variables, found: &mut Vec<Found>) {
    let mut rest = words;
    let mut writes = false;
    while let Some((word, after)) = rest.split_first() {
        rest = after;
        writes |= matches!(word.text(), "-w" | "-qw" | "-ew" | "--write");
        if TAKING.contains(&word.text()) {
            if after.first().is_some_and(|file| !file.text().contains('=')) {
                rest = after.get(1..).unwrap_or_default();
            }
            continue;
        }
        let word = word_of_option(word);
        for (text, at) in variables.all(&word) {
            let Some(key) = key_of(&text) else { continue };
            let begin = key.start;
            let behind = text.get(key.end..).unwrap_or_default();
            if let Some(written) = behind.trim_start().strip_prefix('=') {
                let lead = text.len() - written.len();
                let resolved = text.len() != word.text.len() || *text != *word.text;
                let place = if resolved { at } else { word.at(begin) };
                let value_at = if resolved {
                    word.at(0)
                } else {
                    word.at(lead.min(text.len().saturating_sub(1)))
                };
                let mut one = assignment(&text, key, written, place, value_at);
                let more = loose(after);
                if !written.is_empty() && is_number(written) && !more.is_empty() {
                    one.value = joined(written, more);
                    one.flaw = Some(Flaw::Blanks);
                    rest = after.get(more.len()..).unwrap_or_default();
                } else if written.trim().is_empty() && !more.is_empty() {
                    one.value = joined("", more);
                    one.flaw = Some(Flaw::Blanks);
                    rest = after.get(more.len()..).unwrap_or_default();
                } else if behind.len() > written.len() + 1 || written.starts_with(' ') {
                    // `"key = value"` in one word: procps takes the blanks off.
                    one.flaw = None;
                }
                if !one.value.is_empty() {
                    found.push(one);
                }
            } else if behind.trim().is_empty()
                && let Some((equals, values)) = after.split_first()
                && equals.text().starts_with('=')
            {
                let written = equals.text().get(1..).unwrap_or_default();
                let more = if written.is_empty() {
                    first_and_loose(values)
                } else {
                    loose(values)
                };
                if written.is_empty() && more.is_empty() {
                    continue;
                }
                let value_at = more
                    .first()
                    .filter(|_| written.is_empty())
                    .unwrap_or(equals)
                    .source
                    .at(0);
                let mut one = assignment(&text, key, written, at, value_at);
                one.value = joined(written, more);
                one.dynamic |= value::is_dynamic(&one.value);
                one.flaw = Some(Flaw::Blanks);
                rest = values.get(more.len()..).unwrap_or_default();
                found.push(one);
            } else if writes
                && behind.trim().is_empty()
                && let [value, ..] = loose(after)
            {
                // `-w key value`: neither is an assignment.
                let mut one = assignment(&text, key, value.text(), at, value.source.at(0));
                one.value = joined("", loose(after));
                one.flaw = Some(Flaw::Blanks);
                rest = after.get(loose(after).len()..).unwrap_or_default();
                found.push(one);
            }
        }
    }
}

/// `--write=key=value`, `--sysctl=key=value`, `-wkey=value`: the word behind the option.
fn word_of_option(word: &Word) -> Source<'_> {
    let text = word.text();
    let skipped = ["--write=", "--sysctl=", "-w"]
        .iter()
        .find(|option| text.starts_with(**option))
        .map_or(0, |option| option.len());
    word.source.part(skipped, text.len())
}

/// What `--sysctl` of a container sets.
pub(super) fn options(words: &[Word], variables: &Variables, found: &mut Vec<Found>) {
    for (at, word) in words.iter().enumerate() {
        let text = word.text();
        if text == "--sysctl" {
            let next = words.get(at + 1..at + 2).unwrap_or_default();
            arguments(next, variables, found);
        } else if text.starts_with("--sysctl=") {
            arguments(words.get(at..=at).unwrap_or_default(), variables, found);
        }
    }
}

/// One word that is a whole assignment: `net.core.somaxconn=1024`, `[net.core.somaxconn]=1024`.
pub(super) fn whole(word: &Word, found: &mut Vec<Found>) -> bool {
    let text = word.text();
    let open = text
        .find('[')
        .filter(|at| *at < text.find('=').unwrap_or(0));
    let (begin, close) = match open {
        Some(at) => (at + 1, text.find(']')),
        None => (0, None),
    };
    let name = text
        .get(begin..close.unwrap_or(text.len()))
        .unwrap_or_default();
    let inner = name.trim_matches(['"', '\'']);
    let shift = begin + name.find(inner).unwrap_or(0);
    if open.is_none() {
        let Some(says) = conf::statement(text) else {
            return false;
        };
        let mut one = says.found(&word.source, 0, text);
        one.syntax = Syntax::Command;
        if text.contains('\n') {
            return false;
        }
        found.push(one);
        return true;
    }
    let Some(key) = key_of(inner).filter(|key| key.end == inner.len()) else {
        return false;
    };
    let Some(written) = close
        .and_then(|close| text.get(close + 1..))
        .and_then(|rest| rest.strip_prefix('='))
    else {
        return false;
    };
    let value_at = word.source.at(text.len() - written.len());
    found.push(assignment(
        inner,
        key,
        written,
        word.source.at(shift),
        value_at,
    ));
    true
}

/// Where a key stands in a word.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The key a word begins with, dotted, with slashes, or as a path.
pub(super) fn key_of(text: &str) -> Option<Place> {
    let start = text.len() - text.trim_start().len();
    let rest = text.get(start..)?;
    let below = rest.strip_prefix("/proc/sys/").unwrap_or(rest);
    if !(below.starts_with("net.") || below.starts_with("net/")) || below.len() <= "net.".len() {
        return None;
    }
    let end = start + value::key_end(rest);
    Some(Place { start, end })
}

fn assignment(text: &str, key: Place, written: &str, at: usize, value_at: usize) -> Found {
    let key = text.get(key.start..key.end).unwrap_or_default();
    Found {
        at,
        value_at,
        key: catalog::canonical(key).into_owned(),
        value: value::plain(written),
        trail: None,
        commented: false,
        dynamic: value::is_dynamic(key) || value::is_dynamic(written),
        syntax: Syntax::Command,
        flaw: None,
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The numbers that follow and belong to nothing else.
fn loose(words: &[Word]) -> &[Word] {
    let count = words
        .iter()
        .take_while(|word| is_number(word.text()))
        .count();
    words.get(..count).unwrap_or_default()
}

/// A value behind `=`, whatever it is, and the numbers behind it.
fn first_and_loose(words: &[Word]) -> &[Word] {
    let Some((first, rest)) = words.split_first() else {
        return &[];
    };
    if first.text().starts_with('-') && !is_number(first.text()) {
        return &[];
    }
    words.get(..1 + loose(rest).len()).unwrap_or_default()
}

fn joined(first: &str, more: &[Word]) -> String {
    let mut value = value::plain(first);
    for word in more {
        if !value.is_empty() {
            value.push(' ');
        }
        value.push_str(&value::plain(word.text()));
    }
    value
}
