//! HTML: the text without its tags.

use super::line::has_prompts;
use super::script::{Script, Style};
use crate::assign::found::{Finds, Source};

/// Reads a page.
pub(super) fn read(source: &Source<'_>, finds: &mut Finds) {
    let text = shown(source);
    let style = Style::Mixed {
        prompts: has_prompts(&text.text),
        headings: false,
    };
    Script::new(finds, 0).read(&text, style);
}

/// What a reader sees; every byte knows its place.
fn shown(source: &Source<'_>) -> Source<'static> {
    let text: &str = &source.text;
    let mut made = Source::default();
    let mut at = 0;
    let ends = Ends::of(text);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let plain = rest.find(['<', '&']).unwrap_or(rest.len());
        if plain > 0 {
            made.push(rest.get(..plain).unwrap_or_default(), source.at(at));
            at += plain;
            continue;
        }
        if rest.starts_with('&') {
            let (written, length) = entity(rest);
            made.push(written, source.at(at));
            at += length;
            continue;
        }
        let Some(length) = ends.tag(rest, at) else {
            made.push("<", source.at(at));
            at += 1;
            continue;
        };
        match instead(rest) {
            "" => {}
            mark => made.push(mark, source.at(at)),
        }
        at += length;
    }
    made
}

/// Where the last of each mark stands: nothing behind it is ended, and need not be looked for.
struct Ends {
    tag: Option<usize>,
    comment: Option<usize>,
    script: Option<usize>,
    style: Option<usize>,
}

impl Ends {
    fn of(text: &str) -> Self {
        Self {
            tag: text.rfind('>'),
            comment: text.rfind("-->"),
            script: text.rfind("</script"),
            style: text.rfind("</style"),
        }
    }

    /// How long the tag is, with all of a script, a style or a comment; none where a `<` is text.
    fn tag(&self, rest: &str, at: usize) -> Option<usize> {
        let ahead = |last: Option<usize>| last.is_some_and(|last| last > at);
        if rest.starts_with("<!--") && ahead(self.comment) {
            return rest.find("-->").map(|end| end + "-->".len());
        }
        let second = rest.as_bytes().get(1)?;
        if !(second.is_ascii_alphabetic() || matches!(second, b'/' | b'!' | b'?')) {
            return None;
        }
        for (open, close, last) in [
            ("<script", "</script", self.script),
            ("<style", "</style", self.style),
        ] {
            let is_open = rest
                .get(..open.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(open));
            if is_open && ahead(last) {
                return rest.find(close).map(|end| end + close.len());
            }
        }
        if ahead(self.tag) {
            rest.find('>').map(|end| end + 1)
        } else {
            None
        }
    }
}

/// What stands for a tag: a line end, a border of a table, or nothing.
fn instead(rest: &str) -> &'static str {
    let bare = rest.trim_start_matches(['<', '/']);
    let end = bare
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(bare.len());
    let name = bare.get(..end).unwrap_or_default();
    let is = |one: &&str| name.eq_ignore_ascii_case(one);
    if ["td", "th"].iter().any(is) {
        if rest.starts_with("</") { "" } else { "|" }
    } else if [
        "br",
        "p",
        "li",
        "div",
        "tr",
        "pre",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "ul",
        "ol",
        "table",
        "blockquote",
        "dt",
        "dd",
    ]
    .iter()
    .any(is)
    {
        "\n"
    } else {
        ""
    }
}

/// The character of an entity, and how long it is written.
fn entity(rest: &str) -> (&'static str, usize) {
    for (written, stands_for) in [
        ("&gt;", ">"),
        ("&lt;", "<"),
        ("&amp;", "&"),
        ("&quot;", "\""),
        ("&nbsp;", " "),
        ("&#39;", "'"),
        ("&#039;", "'"),
        ("&#x27;", "'"),
        ("&apos;", "'"),
        ("&#34;", "\""),
        ("&#x22;", "\""),
        ("&#61;", "="),
        ("&#x3D;", "="),
        ("&equals;", "="),
        ("&#46;", "."),
        ("&#62;", ">"),
        ("&#x3E;", ">"),
        ("&#160;", " "),
        ("&#xA0;", " "),
    ] {
        if rest
            .get(..written.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(written))
        {
            return (stands_for, written.len());
        }
    }
    ("&", 1)
}
