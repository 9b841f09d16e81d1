//! Problems of rule and case files: where, and what is wrong there.

use std::fmt;
use std::ops::Range;
use std::rc::Rc;

use super::expr::ExprError;

/// A text that was read, with the name to call it by.
#[derive(Debug)]
pub struct Source {
    /// File name as given or found.
    pub name: String,
    /// The whole text; empty for built-in rules, which carry no places.
    pub text: String,
}

/// One problem: the place outside, the kind inside.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The file.
    pub source: Rc<Source>,
    /// The bytes of the file it concerns; empty at 0 when it concerns the whole file.
    pub span: Range<usize>,
    /// What is wrong.
    pub kind: ProblemKind,
}

/// What can be wrong with a rule or case file.
#[derive(Clone, Debug)]
pub enum ProblemKind {
    /// The file cannot be read; the errno by name.
    Unreadable(String),
    /// As root, a file or folder that others may write is refused.
    WritableByOthers,
    /// Not YAML; the parser's words.
    Syntax(String),
    /// A field this schema does not have, and the nearest one it has.
    UnknownField(String, Option<&'static str>),
    /// A field that must be there.
    MissingField(&'static str),
    /// A node of the wrong kind: field, expected, found.
    WrongKind(String, &'static str, &'static str),
    /// A word outside a closed list: field, word, the list.
    UnknownWord(&'static str, String, String),
    /// A broken expression or template.
    Expression(ExprError),
    /// A key of `set` that the catalogue does not have, and the nearest one it has.
    UnknownKey(String, Option<String>),
    /// A key of `set` that is never written; the reason.
    NeverWritten(String, &'static str),
    /// A value that does not fit its key: key and reason.
    BadValue(String, String),
    /// Two rules with one id; where the other one is.
    DuplicateId(String, String),
    /// An id that is disabled and that no layer below has; the nearest one that is there.
    NothingToDisable(String, Option<String>),
    /// An id that is not kebab-case, or not the file's stem.
    BadId(String, String),
    /// The explanation lacks a heading, or has them out of order.
    Headings(&'static str),
    /// `stable` without an experiment.
    NoLab,
    /// Anything the schema asks for in words.
    Other(String, Option<String>),
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(errno) => write!(f, "cannot read the file: {errno}"),
            Self::WritableByOthers => {
                f.write_str("others than root can write this, so it is not trusted")
            }
            Self::Syntax(words) => write!(f, "not YAML: {words}"),
            Self::UnknownField(name, _) => write!(f, "unknown field `{}`", name.escape_debug()),
            Self::MissingField(name) => write!(f, "missing field `{name}`"),
            Self::WrongKind(field, expected, found) => {
                write!(
                    f,
                    "`{}` must be {expected}, not {found}",
                    field.escape_debug()
                )
            }
            Self::UnknownWord(field, word, _) => {
                write!(f, "unknown {field} `{}`", word.escape_debug())
            }
            Self::Expression(error) => error.fmt(f),
            Self::UnknownKey(key, _) => write!(f, "unknown sysctl key `{}`", key.escape_debug()),
            Self::NeverWritten(key, _) => write!(f, "`{key}` is never written"),
            Self::BadValue(key, why) => write!(f, "value does not fit `{key}`: {why}"),
            Self::DuplicateId(id, _) => {
                write!(f, "a second rule has the id `{}`", id.escape_debug())
            }
            Self::NothingToDisable(id, _) => {
                write!(f, "nothing to disable: no rule `{}`", id.escape_debug())
            }
            Self::BadId(id, why) => write!(f, "bad id `{}`: {why}", id.escape_debug()),
            Self::Headings(missing) => {
                write!(f, "explanation lacks the heading `{missing}` at its place")
            }
            Self::NoLab => f.write_str("a stable rule needs its experiment in `lab`"),
            Self::Other(message, _) => f.write_str(message),
        }
    }
}

impl ProblemKind {
    /// What to do about it, in the imperative.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::UnknownField(_, Some(nearest)) => Some(format!("did you mean `{nearest}`?")),
            Self::UnknownKey(_, Some(nearest)) | Self::NothingToDisable(_, Some(nearest)) => {
                Some(format!("did you mean `{nearest}`?"))
            }
            Self::UnknownWord(_, _, allowed) => Some(format!("write one of {allowed}")),
            Self::Expression(error) => error.help(),
            Self::NeverWritten(_, why) => Some(format!("advise instead: {why}")),
            Self::DuplicateId(_, other) => Some(format!("rename one; the other is {other}")),
            Self::Headings(_) => {
                Some("keep the six headings in their order; see rules/README.md".to_owned())
            }
            Self::NoLab => Some("name the experiment, or set `maturity: preview`".to_owned()),
            Self::WritableByOthers => {
                Some("chown it to root and remove the write bits of group and others".to_owned())
            }
            Self::Other(_, help) => help.clone(),
            _ => None,
        }
    }
}

impl Problem {
    /// Line and column of the start, from 1, in characters; `None` when the whole file is meant.
    pub fn line_column(&self) -> Option<(usize, usize)> {
        if self.source.text.is_empty() || (self.span.start == 0 && self.span.end == 0) {
            return None;
        }
        let before = self.source.text.get(..self.span.start)?;
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.matches('\n').count() + 1;
        let column = before.get(line_start..)?.chars().count() + 1;
        Some((line, column))
    }

    /// `FILE:LINE:COLUMN`, or the file alone.
    pub fn location(&self) -> String {
        match self.line_column() {
            Some((line, column)) => format!("{}:{line}:{column}", self.source.name),
            None => self.source.name.clone(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.location(), self.kind)
    }
}

/// Where byte `at` of a parsed scalar stands in the source, when the scalar's source starts at
/// `start`. Plain scalars map one to one; in quoted, folded and block scalars the source has more
/// (quotes, indentation, escapes), which is skipped.
pub(super) fn source_offset(source: &str, start: usize, parsed: &str, at: usize) -> usize {
    let mut raw = source.get(start..).unwrap_or("").char_indices().peekable();
    if let Some((_, '"' | '\'')) = raw.peek() {
        raw.next();
    }
    for (index, wanted) in parsed.char_indices() {
        // Indentation and line folding: blanks in the source that the parsed text has not, or has
        // as one blank.
        while let Some((here, found)) = raw.peek().copied() {
            if index == at && (found == wanted || wanted.is_whitespace()) {
                return start + here;
            }
            raw.next();
            if found == wanted || (wanted.is_whitespace() && found.is_whitespace()) {
                break;
            }
        }
    }
    raw.peek()
        .map_or(source.len(), |(here, _)| start + here)
        .min(source.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_scalar_maps_one_to_one() {
        let source = "when: a + bb";
        assert_eq!(source_offset(source, 6, "a + bb", 4), 10);
    }

    #[test]
    fn indentation_of_a_block_scalar_is_skipped() {
        let source = "when: |\n  // why\n  a &&\n    bb\n";
        let parsed = "// why\na &&\n  bb\n";
        let at = parsed.find("bb").unwrap();
        assert_eq!(
            source_offset(source, 10, parsed, at),
            source.find("bb").unwrap()
        );
    }

    #[test]
    fn quotes_and_escapes_are_skipped() {
        let source = "m: \"x \\\" {yy}\"";
        let parsed = "x \" {yy}";
        let at = parsed.find("yy").unwrap();
        assert_eq!(
            source_offset(source, 3, parsed, at),
            source.find("yy").unwrap()
        );
    }
}
