//! Texts that know where they came from, and what is found in them.

use std::borrow::Cow;

use memchr::{memchr_iter, memmem};

use super::spot::Spot;
use super::{Assignment, Flaw, Syntax};

/// A text of a file, or one made of it without its quotes, escapes or tags. Every byte knows its place.
#[derive(Clone, Debug, Default)]
pub(super) struct Source<'a> {
    /// The text.
    pub(super) text: Cow<'a, str>,
    /// From which byte on the places follow each other: here, and in the file.
    marks: Vec<(usize, usize)>,
}

impl<'a> Source<'a> {
    /// A passage as it stands in the file.
    pub(super) fn plain(text: &'a str, at: usize) -> Self {
        Self {
            text: Cow::Borrowed(text),
            marks: vec![(0, at)],
        }
    }

    /// Where a byte of the text stands in the file.
    pub(super) fn at(&self, offset: usize) -> usize {
        let next = self.marks.partition_point(|(here, _)| *here <= offset);
        match next.checked_sub(1).and_then(|last| self.marks.get(last)) {
            Some((here, there)) => there + (offset - here),
            None => offset,
        }
    }

    /// More text, and where it stands in the file.
    pub(super) fn push(&mut self, text: &str, at: usize) {
        let here = self.text.len();
        if self.marks.is_empty() || self.at(here) != at {
            self.marks.push((here, at));
        }
        self.text.to_mut().push_str(text);
    }

    /// More text of another one.
    pub(super) fn append(&mut self, other: &Source<'_>) {
        let here = self.text.len();
        for (place, at) in &other.marks {
            self.marks.push((here + place, *at));
        }
        self.text.to_mut().push_str(&other.text);
    }

    /// A part of it.
    pub(super) fn part(&self, from: usize, to: usize) -> Source<'_> {
        let mut marks = vec![(0, self.at(from))];
        let first = self.marks.partition_point(|(here, _)| *here <= from);
        for (here, at) in self.marks.get(first..).unwrap_or_default() {
            if *here >= to {
                break;
            }
            marks.push((here - from, *at));
        }
        Source {
            text: Cow::Borrowed(self.text.get(from..to).unwrap_or_default()),
            marks,
        }
    }

    /// The lines: where each begins, and its text without the line end.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut at = 0;
        self.text.split_inclusive('\n').map(move |line| {
            let begin = at;
            at += line.len();
            let line = line.strip_suffix('\n').unwrap_or(line);
            (begin, line.strip_suffix('\r').unwrap_or(line))
        })
    }
}

/// An assignment whose place is a byte of the file.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// Where the key begins.
    pub(super) at: usize,
    /// Where the value begins.
    pub(super) value_at: usize,
    /// The dotted key.
    pub(super) key: String,
    /// See [`Assignment::value`].
    pub(super) value: String,
    /// See [`Assignment::trail`].
    pub(super) trail: Option<String>,
    /// See [`Assignment::commented`].
    pub(super) commented: bool,
    /// See [`Assignment::dynamic`].
    pub(super) dynamic: bool,
    /// See [`Assignment::syntax`].
    pub(super) syntax: Syntax,
    /// See [`Assignment::flaw`].
    pub(super) flaw: Option<Flaw>,
}

impl From<Spot> for Found {
    fn from(spot: Spot) -> Self {
        Self {
            at: spot.key_at,
            value_at: spot.value_at,
            key: spot.key,
            value: spot.value,
            trail: spot.trail,
            commented: spot.commented,
            dynamic: spot.dynamic,
            syntax: spot.syntax,
            flaw: spot.flaw,
        }
    }
}

/// What has been found so far.
#[derive(Debug, Default)]
pub(super) struct Finds {
    /// By places in the file.
    pub(super) found: Vec<Found>,
    /// By lines of a passage that another reader has read, and where the passage begins.
    pub(super) embedded: Vec<(usize, Assignment)>,
}

impl Finds {
    /// The assignments with their lines and columns.
    pub(super) fn placed(mut self, text: &str) -> Vec<Assignment> {
        if self.found.is_empty() && self.embedded.is_empty() {
            return Vec::new();
        }
        let ends: Vec<usize> = memchr_iter(b'\n', text.as_bytes()).collect();
        let line_of = |at: usize| ends.partition_point(|end| *end < at) + 1;
        self.found.sort_by_key(|one| one.at);
        self.found.dedup_by(|one, before| {
            one.at == before.at && (one.key == before.key || one.commented)
        });
        let mut cursor = Cursor::default();
        let mut placed: Vec<Assignment> = Vec::with_capacity(self.found.len());
        for one in self.found {
            let line = line_of(one.at);
            let begin = ends.get(line.wrapping_sub(2)).map_or(0, |end| end + 1);
            placed.push(Assignment {
                line,
                column: cursor.column(text, begin, one.at),
                value_line: line_of(one.value_at),
                key: one.key,
                value: one.value,
                trail: one.trail,
                commented: one.commented,
                dynamic: one.dynamic,
                syntax: one.syntax,
                flaw: one.flaw,
            });
        }
        for (at, mut one) in self.embedded {
            let before = line_of(at) - 1;
            one.line += before;
            one.value_line += before;
            placed.push(one);
        }
        placed.sort_by_key(|one| (one.line, one.column));
        placed
    }
}

/// Counts the characters of a line once, however many places are asked for.
#[derive(Default)]
struct Cursor {
    begin: usize,
    at: usize,
    characters: usize,
}

impl Cursor {
    fn column(&mut self, text: &str, begin: usize, at: usize) -> usize {
        if self.begin != begin || at < self.at {
            *self = Self {
                begin,
                at: begin,
                characters: 0,
            };
        }
        self.characters += text
            .get(self.at..at)
            .map_or(0, |passed| passed.chars().count());
        self.at = at;
        self.characters + 1
    }
}

/// Whether a text may name a key of the network at all; most do not.
pub(super) fn may_name_a_key(text: &str) -> bool {
    let bytes = text.as_bytes();
    memmem::find_iter(bytes, b"net").any(|at| {
        matches!(bytes.get(at + 3), Some(b'.' | b'/' | b'\\'))
            && match at.checked_sub(1).and_then(|before| bytes.get(before)) {
                Some(b'n' | b't') => at >= 2 && bytes.get(at - 2) == Some(&b'\\'),
                Some(before) => !before.is_ascii_alphanumeric() && *before != b'_',
                None => true,
            }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_a_text_without_its_escapes_knows_its_place() {
        let mut source = Source::default();
        source.push("a", 10);
        source.push("b", 11);
        source.push("c", 13);
        assert_eq!((source.at(0), source.at(1), source.at(2)), (10, 11, 13));
        let part = source.part(1, 3);
        assert_eq!((&*part.text, part.at(0), part.at(1)), ("bc", 11, 13));
    }

    #[test]
    fn words_that_end_in_net_name_no_key() {
        for text in [
            "the internet.",
            "example.internet/x",
            "network",
            "planet.",
            "",
        ] {
            assert!(!may_name_a_key(text), "{text}");
        }
        for text in [
            "net.core.x",
            "x\nnet/ipv4/x",
            "\"a\\nnet.core.x\"",
            "/proc/sys/net/x",
        ] {
            assert!(may_name_a_key(text), "{text}");
        }
    }
}
