//! Reading the fields of a mapping, collecting every problem on the way.

use std::rc::Rc;

use crate::fact::nearest;

use super::form::Field;
use super::problem::{Problem, ProblemKind, Source};
use super::terms::Term;
use super::yaml::{Content, Key, Node, Place};

/// Where problems are collected, and the source they belong to.
pub(super) struct Sink {
    pub(super) source: Rc<Source>,
    pub(super) problems: Vec<Problem>,
}

impl Sink {
    pub(super) fn new(source: Rc<Source>) -> Self {
        Self {
            source,
            problems: Vec::new(),
        }
    }

    /// Adds a problem at a place; the span covers the word that starts there.
    pub(super) fn at(&mut self, place: Place, kind: ProblemKind) {
        let span = self.word(place);
        self.span(span, kind);
    }

    /// The bytes of the word that starts at a place.
    pub(super) fn word(&self, place: Place) -> std::ops::Range<usize> {
        let start = self.offset(place);
        let rest = self.source.text.get(start..).unwrap_or("");
        let width = rest.find(['\n', ':', ',', '}', ']']).unwrap_or(rest.len());
        start..start + width
    }

    /// Adds a problem at a span of bytes.
    pub(super) fn span(&mut self, span: std::ops::Range<usize>, kind: ProblemKind) {
        self.problems.push(Problem {
            source: Rc::clone(&self.source),
            span,
            kind,
        });
    }

    /// The byte offset of a place; 0 where it is not known.
    pub(super) fn offset(&self, place: Place) -> usize {
        if let Some(offset) = place.offset {
            return usize::try_from(offset)
                .unwrap_or(0)
                .min(self.source.text.len());
        }
        let Some(line) = place.line.checked_sub(1) else {
            return 0;
        };
        let line = usize::try_from(line).unwrap_or(0);
        let start: usize = self
            .source
            .text
            .split_inclusive('\n')
            .take(line)
            .map(str::len)
            .sum();
        let column = usize::try_from(place.column.saturating_sub(1)).unwrap_or(0);
        let rest = self.source.text.get(start..).unwrap_or("");
        start
            + rest
                .char_indices()
                .nth(column)
                .map_or(rest.len(), |(at, _)| at)
    }
}

/// The fields of one mapping.
pub(super) struct Fields<'a> {
    place: Place,
    entries: &'a [(Key, Node)],
    known: &'static [Field],
}

impl<'a> Fields<'a> {
    /// Opens a mapping whose fields are `known`; unknown fields are problems at once.
    pub(super) fn open(
        node: &'a Node,
        what: &str,
        known: &'static [Field],
        sink: &mut Sink,
    ) -> Option<Self> {
        let Content::Map(entries) = &node.content else {
            let message = format!("{what} must be a mapping, not {}", node.content.kind());
            sink.at(node.place, ProblemKind::Other(message, None));
            return None;
        };
        for (key, _) in entries {
            if !known.iter().any(|field| field.name == key.name) {
                let nearest = nearest(&key.name, known.iter().map(|field| field.name));
                sink.at(
                    key.place,
                    ProblemKind::UnknownField(key.name.clone(), nearest),
                );
            }
        }
        Some(Self {
            place: node.place,
            entries,
            known,
        })
    }

    /// A field that may be missing.
    pub(super) fn optional(&self, name: &'static str) -> Option<&'a Node> {
        debug_assert_eq!(self.demands(name), Some(false), "{name}");
        self.find(name)
    }

    /// Whether the table has a field, and demands it. Editors are told by the same table.
    fn demands(&self, name: &str) -> Option<bool> {
        let field = self.known.iter().find(|field| field.name == name);
        field.map(|field| field.must)
    }

    fn find(&self, name: &str) -> Option<&'a Node> {
        self.entries
            .iter()
            .find(|(key, node)| key.name == name && !matches!(node.content, Content::Null))
            .map(|(_, node)| node)
    }

    /// A field that must be there.
    pub(super) fn required(&self, name: &'static str, sink: &mut Sink) -> Option<&'a Node> {
        debug_assert_eq!(self.demands(name), Some(true), "{name}");
        let found = self.find(name);
        if found.is_none() {
            sink.at(self.place, ProblemKind::MissingField(name));
        }
        found
    }

    /// Text that must be there.
    pub(super) fn required_text(
        &self,
        name: &'static str,
        sink: &mut Sink,
    ) -> Option<(&'a str, Place)> {
        let node = self.required(name, sink)?;
        text(node, name, sink)
    }

    /// Text that may be missing.
    pub(super) fn optional_text(
        &self,
        name: &'static str,
        sink: &mut Sink,
    ) -> Option<(&'a str, Place)> {
        text(self.optional(name)?, name, sink)
    }

    /// A word of a closed list that must be there.
    pub(super) fn required_term<T: Term>(&self, name: &'static str, sink: &mut Sink) -> Option<T> {
        let node = self.required(name, sink)?;
        term(node, name, sink)
    }

    /// The items of a list that may be missing.
    pub(super) fn items(&self, name: &'static str, sink: &mut Sink) -> &'a [Node] {
        let Some(node) = self.optional(name) else {
            return &[];
        };
        if let Content::List(items) = &node.content {
            return items;
        }
        sink.at(
            node.place,
            ProblemKind::WrongKind(name.to_owned(), "a list", node.content.kind()),
        );
        &[]
    }

    /// The entries of a mapping that may be missing.
    pub(super) fn entries(&self, name: &'static str, sink: &mut Sink) -> &'a [(Key, Node)] {
        let Some(node) = self.optional(name) else {
            return &[];
        };
        if let Content::Map(entries) = &node.content {
            return entries;
        }
        sink.at(
            node.place,
            ProblemKind::WrongKind(name.to_owned(), "a mapping", node.content.kind()),
        );
        &[]
    }

    /// A whole number, zero or more, that may be missing.
    pub(super) fn whole(&self, name: &'static str, sink: &mut Sink) -> Option<u64> {
        let node = self.optional(name)?;
        let number = match node.content {
            Content::Int(number) => u64::try_from(number).ok(),
            _ => None,
        };
        if number.is_none() {
            let kind = node.content.kind();
            let kind = ProblemKind::WrongKind(name.to_owned(), "a whole number from 0 on", kind);
            sink.at(node.place, kind);
        }
        number
    }

    /// A switch that may be missing.
    pub(super) fn flag(&self, name: &'static str, sink: &mut Sink) -> Option<bool> {
        let node = self.optional(name)?;
        if let Content::Bool(on) = node.content {
            return Some(on);
        }
        let kind = ProblemKind::WrongKind(name.to_owned(), "true or false", node.content.kind());
        sink.at(node.place, kind);
        None
    }
}

/// The text of a node, or a problem.
pub(super) fn text<'a>(node: &'a Node, field: &str, sink: &mut Sink) -> Option<(&'a str, Place)> {
    let found = node.text();
    if found.is_none() {
        sink.at(
            node.place,
            ProblemKind::WrongKind(field.to_owned(), "text", node.content.kind()),
        );
    }
    found.map(|text| (text, node.place))
}

/// A word of a closed list, or a problem.
pub(super) fn term<T: Term>(node: &Node, field: &'static str, sink: &mut Sink) -> Option<T> {
    let (word, place) = text(node, field, sink)?;
    let found = T::from_word(word);
    if found.is_none() {
        let words: Vec<_> = T::WORDS
            .iter()
            .map(|(word, _)| format!("`{word}`"))
            .collect();
        sink.at(
            place,
            ProblemKind::UnknownWord(field, word.to_owned(), words.join(", ")),
        );
    }
    found
}
