//! YAML as a tree that remembers where everything stood.
//!
//! Rule and case files are read into this tree first and given meaning afterwards, so that every
//! problem of a file can be reported at once and at its own place. A syntax error ends the tree.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::{Location, Spanned};

/// A place in a file: line and column, both counted from 1 in characters; 0 means unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
    /// Byte offset of the start in the text, where known.
    pub offset: Option<u32>,
}

impl From<Location> for Place {
    fn from(location: Location) -> Self {
        Self {
            line: u32::try_from(location.line()).unwrap_or(0),
            column: u32::try_from(location.column()).unwrap_or(0),
            offset: location
                .span()
                .byte_offset()
                .and_then(|at| u32::try_from(at).ok()),
        }
    }
}

/// One node of the tree.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it starts.
    pub place: Place,
    /// What it is.
    pub content: Content,
}

/// The content of a node.
#[derive(Clone, Debug)]
pub enum Content {
    /// `~`, `null` or nothing.
    Null,
    /// `true` or `false`; the YAML 1.1 words (`yes`, `on`) stay text.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Another number.
    Float(f64),
    /// Text of any style.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping in the order written; keys are text and unique.
    Map(Vec<(Key, Node)>),
}

/// A mapping key and its place.
#[derive(Clone, Debug)]
pub struct Key {
    /// Where it starts.
    pub place: Place,
    /// The key as text.
    pub name: String,
}

impl Content {
    /// The name of this kind of node, with an article, for messages.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "a boolean",
            Self::Int(_) | Self::Float(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
        }
    }
}

/// Why a text is no YAML tree: a place and the parser's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Where the parser stopped.
    pub place: Place,
    /// What it says.
    pub message: String,
}

/// The largest rule or case file that is read, in bytes.
pub const FILE_LIMIT: usize = 256 * 1024;

impl Node {
    /// Reads one YAML document.
    ///
    /// Refused: more than one document, duplicate keys, more than [`FILE_LIMIT`] bytes, nesting and
    /// alias expansion beyond what a rule file can need.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        if text.len() > FILE_LIMIT {
            let message = format!("file is larger than {FILE_LIMIT} bytes");
            return Err(SyntaxError {
                place: Place::default(),
                message,
            });
        }
        let mut budget = serde_yaml::Budget::default();
        budget.max_nodes = 20_000;
        budget.max_events = 60_000;
        budget.max_depth = 32;
        budget.max_aliases = 64;
        let mut options = serde_yaml::Options::default();
        options.budget = Some(budget);
        options.strict_booleans = true;
        options.with_snippet = false;
        serde_yaml::from_str_with_options::<Spanned<Content>>(text, options)
            .map(Self::from)
            .map_err(|error| {
                let place = error.location().map(Place::from).unwrap_or_default();
                SyntaxError {
                    place,
                    message: plain_message(&error),
                }
            })
    }

    /// The text of a text node.
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// The parser's message without its own "line N column M" prefix; the place is reported apart.
fn plain_message(error: &serde_yaml::Error) -> String {
    let text = error.without_snippet().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let after = text
        .strip_prefix("line ")
        .and_then(|rest| rest.split_once(": "))
        .filter(|(place, _)| place.len() < 40)
        .map_or(text, |(_, message)| message);
    let first = after.lines().next().unwrap_or("not understood");
    // Words for programmers, who call the parser, become words for whoever writes the file.
    if first.starts_with("multiple YAML documents") {
        return "a second document starts here; a file holds one".to_owned();
    }
    if first.starts_with("budget breached") {
        return "the file unfolds to more than a rule file can need".to_owned();
    }
    if first.starts_with("recursion limit") {
        return "nested deeper than a rule file can need".to_owned();
    }
    let without_api = first.split(", set DuplicateKeyPolicy").next();
    let without_place = without_api.and_then(|words| {
        let (words, place) = words.rsplit_once(" at line ")?;
        place
            .starts_with(|c: char| c.is_ascii_digit())
            .then_some(words)
    });
    without_place.or(without_api).unwrap_or(first).to_owned()
}

impl From<Spanned<Content>> for Node {
    fn from(spanned: Spanned<Content>) -> Self {
        Self {
            place: spanned.referenced.into(),
            content: spanned.value,
        }
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a scalar, a list or a mapping")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Content, E> {
        Ok(Content::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Content, E> {
        Ok(Content::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Content, E> {
        Ok(i64::try_from(value).map_or(Content::Float(value as f64), Content::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Content, E> {
        Ok(Content::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Content, E> {
        Ok(Content::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Content, E> {
        Ok(Content::Text(value))
    }

    fn visit_unit<E>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_none<E>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Content, D::Error> {
        Content::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Content, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = sequence.next_element::<Spanned<Content>>()? {
            nodes.push(node.into());
        }
        Ok(Content::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut mapping: A) -> Result<Content, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = mapping.next_key::<Spanned<String>>()? {
            let value = mapping.next_value::<Spanned<Content>>()?;
            entries.push((
                Key {
                    place: key.referenced.into(),
                    name: key.value,
                },
                value.into(),
            ));
        }
        Ok(Content::Map(entries))
    }
}

impl From<serde_json::Value> for Node {
    /// The same tree from the compact form the built-in rules are kept in; it has no places.
    fn from(value: serde_json::Value) -> Self {
        use serde_json::Value as Json;
        let content = match value {
            Json::Null => Content::Null,
            Json::Bool(on) => Content::Bool(on),
            Json::Number(number) => match number.as_i64() {
                Some(whole) => Content::Int(whole),
                None => Content::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => Content::Text(text),
            Json::Array(items) => Content::List(items.into_iter().map(Self::from).collect()),
            Json::Object(fields) => Content::Map(
                fields
                    .into_iter()
                    .map(|(name, value)| {
                        (
                            Key {
                                place: Place::default(),
                                name,
                            },
                            value.into(),
                        )
                    })
                    .collect(),
            ),
        };
        Self {
            place: Place::default(),
            content,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn every_node_knows_its_place() {
        let node =
            Node::parse("id: a\nset:\n  net.core.somaxconn: 12\nlist: [ab, \"c d\"]\n").unwrap();
        let Content::Map(entries) = &node.content else {
            panic!("{node:?}")
        };
        assert_eq!((entries[1].0.place.line, entries[1].0.place.column), (2, 1));
        let Content::List(items) = &entries[2].1.content else {
            panic!("{entries:?}")
        };
        assert_eq!((items[1].place.line, items[1].place.column), (4, 12));
        let Content::Map(set) = &entries[1].1.content else {
            panic!("{entries:?}")
        };
        assert!(matches!(set[0].1.content, Content::Int(12)));
        assert_eq!((set[0].1.place.line, set[0].1.place.column), (3, 23));
    }

    #[test]
    fn old_yaml_booleans_stay_text() {
        let node = Node::parse("a: yes\nb: on\nc: true\nd: NO").unwrap();
        let Content::Map(entries) = &node.content else {
            panic!("{node:?}")
        };
        assert_eq!(entries[0].1.text(), Some("yes"));
        assert_eq!(entries[1].1.text(), Some("on"));
        assert!(matches!(entries[2].1.content, Content::Bool(true)));
        assert_eq!(entries[3].1.text(), Some("NO"));
    }

    #[test]
    fn a_duplicate_key_is_refused_at_its_place() {
        let error = Node::parse("id: a\nwhen: b\nid: c\n").unwrap_err();
        assert_eq!((error.place.line, error.place.column), (3, 1), "{error:?}");
        assert!(error.message.contains("duplicate"), "{error:?}");
    }

    #[test]
    fn bombs_are_refused() {
        let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for at in 1..10 {
            let before = at - 1;
            let aliases = vec![format!("*a{before}"); 10].join(",");
            let _ = writeln!(bomb, "a{at}: &a{at} [{aliases}]");
        }
        assert!(Node::parse(&bomb).is_err());
        assert!(Node::parse(&"[".repeat(20_000)).is_err());
        assert!(Node::parse(&"x".repeat(FILE_LIMIT + 1)).is_err());
        assert!(Node::parse("a: 1\n---\nb: 2\n").is_err());
    }
}
