//! The tree of a YAML or JSON text: spans, nothing decoded.

use crate::assign::embed::Passage;

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Single,
    Double,
    /// `|`
    Literal,
    /// `>`
    Folded,
}

/// A scalar: where it stands, without its quotes or its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scalar {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) style: Style,
    /// The comment behind it.
    pub(super) trail: Option<(usize, usize)>,
}

/// A part of the text.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Empty,
    Scalar(Scalar),
    Map(Vec<Entry>),
    Seq(Vec<Node>),
}

/// A key of a map with its value; what stands in a map and is no entry has no key.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: Option<Scalar>,
    pub(super) value: Node,
}

impl Scalar {
    /// A plain scalar.
    pub(super) const fn plain(start: usize, end: usize) -> Self {
        Self {
            start,
            end,
            style: Style::Plain,
            trail: None,
        }
    }

    /// What stands between its ends.
    pub(super) fn raw<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.start..self.end).unwrap_or_default()
    }

    /// It says that there is nothing.
    pub(super) fn is_null(&self, text: &str) -> bool {
        self.style == Style::Plain
            && matches!(self.raw(text).trim(), "null" | "Null" | "NULL" | "~")
    }

    /// What it says.
    pub(super) fn said(&self, text: &str) -> Passage {
        let raw = self.raw(text);
        let mut passage = Passage::default();
        let has_escapes = match self.style {
            Style::Plain => false,
            Style::Single => raw.contains('\''),
            Style::Double => raw.contains('\\'),
            Style::Literal | Style::Folded => true,
        };
        if !has_escapes && !raw.contains('\n') {
            passage.push(raw, self.start);
            return passage;
        }
        match self.style {
            Style::Literal | Style::Folded => self.block(raw, &mut passage),
            Style::Plain | Style::Single | Style::Double => self.flowing(raw, &mut passage),
        }
        passage
    }

    /// A block text: its indentation goes, folded lines become one.
    fn block(&self, raw: &str, passage: &mut Passage) {
        let first = raw.split('\n').find(|line| !line.trim().is_empty());
        let indent = first.map_or(0, |line| line.len() - line.trim_start_matches(' ').len());
        let mut at = self.start;
        let mut folds = false;
        for line in raw.split_inclusive('\n') {
            let blanks = line.len() - line.trim_start_matches(' ').len();
            let skip = blanks.min(indent);
            let rest = line.get(skip..).unwrap_or_default();
            let body = rest.trim_end_matches(['\n', '\r']);
            let is_text = !body.trim().is_empty() && !body.starts_with(' ');
            if self.style == Style::Folded && folds && is_text {
                passage.push(" ", at);
            } else if self.style == Style::Folded && at > self.start {
                passage.push("\n", at);
            }
            folds = is_text;
            passage.push(body, at + skip);
            if self.style == Style::Literal && line.ends_with('\n') {
                passage.push("\n", at + line.len() - 1);
            }
            at += line.len();
        }
    }

    /// A scalar over lines that flow together, with the escapes of its quotes.
    fn flowing(&self, raw: &str, passage: &mut Passage) {
        let mut rest = raw;
        let mut at = self.start;
        let is_mark = |c: char| match self.style {
            Style::Single => matches!(c, '\'' | '\n'),
            Style::Double => matches!(c, '\\' | '\n'),
            _ => c == '\n',
        };
        while let Some(next) = rest.find(is_mark) {
            let before = rest.get(..next).unwrap_or_default();
            let tail = rest.get(next..).unwrap_or_default();
            let (taken, said, trims) = match tail.as_bytes().first() {
                Some(b'\'') => (2, "'", false),
                Some(b'\\') => escape(tail),
                _ => (1 + blanks(tail.get(1..)), fold(tail), true),
            };
            let before = if trims { before.trim_end() } else { before };
            passage.push(before, at);
            passage.push(said, at + next);
            let step = (next + taken).min(rest.len());
            at += step;
            rest = rest.get(step..).unwrap_or_default();
        }
        passage.push(rest, at);
    }
}

/// Blanks and line ends at the start.
fn blanks(rest: Option<&str>) -> usize {
    let rest = rest.unwrap_or_default();
    rest.len() - rest.trim_start().len()
}

/// A line end within a scalar is a blank, an empty line a line end.
fn fold(tail: &str) -> &'static str {
    let gap = tail.get(..1 + blanks(tail.get(1..))).unwrap_or_default();
    if gap.matches('\n').count() > 1 {
        "\n"
    } else {
        " "
    }
}

/// An escape in double quotes: its length, what it says, whether blanks before it go.
fn escape(tail: &str) -> (usize, &'static str, bool) {
    let mut chars = tail.chars().skip(1);
    match chars.next() {
        Some('n') => (2, "\n", false),
        Some('t') => (2, "\t", false),
        Some('"') => (2, "\"", false),
        Some('\\') => (2, "\\", false),
        Some('/') => (2, "/", false),
        Some('\'') => (2, "'", false),
        Some('r') => (2, "", false),
        Some('\n') => (2 + blanks(tail.get(2..)), "", false),
        Some('u') => match tail.get(2..6) {
            Some("003e" | "003E") => (6, ">", false),
            Some("003c" | "003C") => (6, "<", false),
            Some("0026") => (6, "&", false),
            _ => (2, " ", false),
        },
        Some(other) => (1 + other.len_utf8(), " ", false),
        None => (1, "", false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(raw: &str, style: Style) -> String {
        let scalar = Scalar {
            start: 0,
            end: raw.len(),
            style,
            trail: None,
        };
        scalar.said(raw).text
    }

    #[test]
    fn scalars_say_what_yaml_lets_them_say() {
        for (raw, style, text) in [
            ("a b", Style::Plain, "a b"),
            ("a\n   b\n\n c", Style::Plain, "a b\nc"),
            ("it''s", Style::Single, "it's"),
            (
                "a \\\"b\\\"\\n\\u003e c\\\n   d",
                Style::Double,
                "a \"b\"\n> cd",
            ),
            ("  a\n   b\n  c\n", Style::Literal, "a\n b\nc\n"),
            ("  a\n  b\n\n  c\n", Style::Folded, "a b\n\nc"),
            ("é\\", Style::Double, "é"),
        ] {
            assert_eq!(said(raw, style), text, "{raw:?}");
        }
    }

    #[test]
    fn what_is_said_keeps_its_place() {
        let scalar = Scalar {
            start: 0,
            end: 12,
            style: Style::Double,
            trail: None,
        };
        let passage = scalar.said("a \\\"b\\\" \\n c");
        let at = passage.text.find('c').unwrap();
        assert_eq!(passage.source(at), 11);
    }
}
