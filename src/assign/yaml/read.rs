//! Block YAML by lines and indentation. Tolerant: templates make most real files something no parser takes.

use super::node::{Entry, Node, Scalar, Style};

/// Deeper structures are read as plain lines.
pub(super) const DEPTH: usize = 48;

/// Reads a text line by line.
pub(super) struct Reader<'t> {
    pub(super) text: &'t str,
    /// Where each line begins and ends, without its line end.
    pub(super) lines: Vec<(usize, usize)>,
    /// The line to read next.
    pub(super) at: usize,
    /// Where on it, if not at its start: behind a dash.
    resume: Option<usize>,
    /// Lines that are comments, of the structure and not of a block text.
    pub(super) comments: Vec<usize>,
    /// A quote of this kind was looked for in vain: there is none from here on.
    pub(super) lacks: [bool; 2],
    /// Every line stands for itself: of comments.
    pub(super) is_flat: bool,
}

/// The line at hand.
#[derive(Clone, Copy)]
struct Head {
    indent: usize,
    start: usize,
    end: usize,
}

impl<'t> Reader<'t> {
    /// A reader at the start of a text.
    pub(super) fn new(text: &'t str) -> Self {
        let mut lines = Vec::new();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let body = line.trim_end_matches(['\n', '\r']);
            lines.push((start, start + body.len()));
            start += line.len();
        }
        Self {
            text,
            lines,
            at: 0,
            resume: None,
            comments: Vec::new(),
            lacks: [false; 2],
            is_flat: false,
        }
    }

    /// Every part of the text that stands at its margin.
    pub(super) fn document(&mut self) -> Vec<Node> {
        let mut parts = Vec::new();
        while self.peek().is_some() {
            parts.push(self.block(0, 0));
        }
        parts
    }

    pub(super) fn slice(&self, start: usize, end: usize) -> &'t str {
        self.text.get(start..end).unwrap_or_default()
    }

    fn advance(&mut self) {
        self.at += 1;
        self.resume = None;
    }

    /// The next line that holds structure.
    fn peek(&mut self) -> Option<Head> {
        loop {
            let (begin, end) = *self.lines.get(self.at)?;
            let from = self.resume.unwrap_or(begin);
            let line = self.slice(from, end);
            let body = line.trim();
            if self.resume.is_none() && self.is_passed(body) {
                self.at += 1;
                continue;
            }
            let lead = line.len() - line.trim_start().len();
            return Some(Head {
                indent: from + lead - begin,
                start: from + lead,
                end: from + lead + body.len(),
            });
        }
    }

    /// A line without structure: blank, a comment, a mark of the document, a template's own.
    fn is_passed(&mut self, body: &str) -> bool {
        if body.starts_with('#') || body.starts_with("//") {
            self.comments.push(self.at);
            return true;
        }
        body.is_empty()
            || matches!(body, "---" | "...")
            || body.starts_with("%YAML")
            || is_template_line(body)
    }

    fn block(&mut self, floor: usize, depth: usize) -> Node {
        let Some(head) = self.peek().filter(|head| head.indent >= floor) else {
            return Node::Empty;
        };
        if depth >= DEPTH {
            self.advance();
            return Node::Scalar(Scalar::plain(head.start, head.end));
        }
        if is_dash(self.slice(head.start, head.end)) {
            self.seq(head.indent, depth)
        } else if self.map_key(head).is_some() {
            self.map(head.indent, depth)
        } else {
            self.value(head.start, floor, depth)
        }
    }

    fn seq(&mut self, indent: usize, depth: usize) -> Node {
        let mut items = Vec::new();
        while let Some(head) = self.peek() {
            if head.indent < indent {
                break;
            }
            if head.indent > indent {
                items.push(self.block(indent + 1, depth + 1));
                continue;
            }
            if !is_dash(self.slice(head.start, head.end)) {
                break;
            }
            let rest = self.slice(head.start + 1, head.end);
            let lead = rest.len() - rest.trim_start().len();
            let body = rest.trim_start();
            if body.is_empty() || body.starts_with('#') {
                self.advance();
                let has_child = self.peek().is_some_and(|next| next.indent > indent);
                items.push(if has_child {
                    self.block(indent + 1, depth + 1)
                } else {
                    Node::Empty
                });
            } else {
                self.resume = Some(head.start + 1 + lead);
                items.push(self.block(indent + 1, depth + 1));
            }
        }
        Node::Seq(items)
    }

    fn map(&mut self, indent: usize, depth: usize) -> Node {
        let mut entries = Vec::new();
        while let Some(head) = self.peek() {
            if head.indent < indent {
                break;
            }
            if head.indent > indent {
                let value = self.block(indent + 1, depth + 1);
                entries.push(Entry { key: None, value });
                continue;
            }
            if is_dash(self.slice(head.start, head.end)) {
                let value = self.seq(indent, depth + 1);
                entries.push(Entry { key: None, value });
                continue;
            }
            match self.map_key(head) {
                Some((key, after)) => {
                    let value = self.entry(head, after, indent, depth);
                    entries.push(Entry {
                        key: Some(key),
                        value,
                    });
                }
                None => {
                    let value = self.value(head.start, indent + 1, depth);
                    entries.push(Entry { key: None, value });
                }
            }
        }
        Node::Map(entries)
    }

    /// What stands behind the colon of a key, on its line or below.
    fn entry(&mut self, head: Head, after: usize, indent: usize, depth: usize) -> Node {
        let rest = self.slice(after, head.end);
        let mut start = head.end - rest.trim_start().len();
        while self.slice(start, head.end).starts_with(['&', '!']) {
            let word = self.slice(start, head.end);
            let size = word.find([' ', '\t']).unwrap_or(word.len());
            let rest = word.get(size..).unwrap_or_default().trim_start();
            start = head.end - rest.len();
        }
        let body = self.slice(start, head.end);
        if !body.is_empty() && !body.starts_with('#') {
            return self.value(start, indent + 1, depth);
        }
        self.advance();
        match self.peek() {
            Some(next) if next.indent > indent => self.block(indent + 1, depth + 1),
            Some(next) if next.indent == indent && is_dash(self.slice(next.start, next.end)) => {
                self.seq(indent, depth + 1)
            }
            _ => Node::Empty,
        }
    }

    /// A value that begins here; its further lines are indented by at least `floor`.
    fn value(&mut self, start: usize, floor: usize, depth: usize) -> Node {
        let end = self.lines.get(self.at).map_or(start, |line| line.1);
        let body = self.slice(start, end);
        let header = body.split(" #").next().unwrap_or_default().trim_end();
        if header.len() <= 4
            && header.starts_with(['|', '>'])
            && header
                .chars()
                .skip(1)
                .all(|c| matches!(c, '+' | '-' | '0'..='9'))
        {
            let style = if header.starts_with('|') {
                Style::Literal
            } else {
                Style::Folded
            };
            return self.block_text(style, floor);
        }
        if body.starts_with(['"', '\''])
            && let Some((scalar, after)) = self.quoted(start, false)
        {
            return Node::Scalar(self.with_trail(scalar, after));
        }
        let is_template = ["{{", "{%", "[["].iter().any(|open| body.starts_with(open));
        if body.starts_with(['{', '[']) && !is_template || is_nested_list(body) {
            let (node, after) = self.flow(start, floor, depth);
            self.go_behind(after);
            return node;
        }
        self.plain(start, end, floor)
    }

    /// The text below `|` or `>`.
    fn block_text(&mut self, style: Style, floor: usize) -> Node {
        self.advance();
        let start = self
            .lines
            .get(self.at)
            .map_or(self.text.len(), |line| line.0);
        let mut end = start;
        while let Some((begin, close)) = self.lines.get(self.at).copied() {
            let line = self.slice(begin, close);
            let body = line.trim_start();
            let indent = line.len() - body.len();
            if !body.is_empty() && indent < floor && !is_template_line(body.trim_end()) {
                break;
            }
            end = close;
            self.advance();
        }
        Node::Scalar(Scalar {
            start,
            end,
            style,
            trail: None,
        })
    }

    /// A plain scalar, and the lines that continue it.
    fn plain(&mut self, start: usize, end: usize, floor: usize) -> Node {
        let body = self.slice(start, end);
        let cut = comment(body).map_or(end, |at| start + at);
        let said = self.slice(start, cut).trim_end();
        let mut scalar = Scalar::plain(start, start + said.len());
        self.advance();
        if cut < end {
            scalar.trail = Some((cut, start + body.trim_end().len()));
            return Node::Scalar(scalar);
        }
        while let Some((begin, close)) = self.lines.get(self.at).copied() {
            let line = self.slice(begin, close);
            let body = line.trim();
            let indent = line.len() - line.trim_start().len();
            let head = Head {
                indent,
                start: begin + indent,
                end: begin + indent + body.len(),
            };
            let ends = self.is_flat
                || body.is_empty()
                || indent < floor
                || body.starts_with('#')
                || is_dash(body)
                || is_template_line(body)
                || matches!(body, "---" | "...")
                || self.map_key(head).is_some();
            if ends {
                break;
            }
            let cut = comment(body).unwrap_or(body.len());
            let said = body.get(..cut).unwrap_or_default().trim_end();
            scalar.end = head.start + said.len();
            self.advance();
            if cut < body.len() {
                break;
            }
        }
        Node::Scalar(scalar)
    }

    /// Goes to the line behind the one that holds an offset.
    fn go_behind(&mut self, after: usize) {
        self.resume = None;
        self.at += 1;
        while self.lines.get(self.at).is_some_and(|line| line.0 <= after) {
            self.at += 1;
        }
    }

    /// The comment behind a quoted scalar; goes to the next line.
    fn with_trail(&mut self, mut scalar: Scalar, after: usize) -> Scalar {
        self.go_behind(after.saturating_sub(1));
        let line = self.at.checked_sub(1).and_then(|at| self.lines.get(at));
        let end = line.map_or(after, |line| line.1);
        let rest = self.slice(after, end);
        if rest.trim_start().starts_with('#') {
            let lead = rest.len() - rest.trim_start().len();
            scalar.trail = Some((after + lead, after + rest.trim_end().len()));
        }
        scalar
    }

    /// The key of a line `key: …`, and where its value may begin.
    fn map_key(&mut self, head: Head) -> Option<(Scalar, usize)> {
        let body = self.slice(head.start, head.end);
        let bytes = body.as_bytes();
        if let Some(quote @ (b'"' | b'\'')) = bytes.first() {
            let close = 1 + body.get(1..)?.find(char::from(*quote))?;
            let rest = body.get(close + 1..)?;
            rest.trim_start().starts_with(':').then_some(())?;
            let colon = body.len() - rest.trim_start().len();
            let style = if *quote == b'"' {
                Style::Double
            } else {
                Style::Single
            };
            let key = Scalar {
                start: head.start + 1,
                end: head.start + close,
                style,
                trail: None,
            };
            return Some((key, head.start + colon + 1));
        }
        if matches!(bytes.first(), Some(b'[' | b'|' | b'>' | b'#' | b'%'))
            || (body.starts_with('{') && !body.starts_with("{{"))
        {
            return None;
        }
        let colon = key_end(body)?;
        let key = body.get(..colon)?.trim_end();
        let odd = |quote: char| key.matches(quote).count() % 2 == 1;
        let is_key = !key.is_empty() && !odd('"') && !odd('\'') && !odd('`');
        is_key.then(|| {
            let scalar = Scalar::plain(head.start, head.start + key.len());
            (scalar, head.start + colon + 1)
        })
    }
}

/// Where the colon of a plain key stands.
fn key_end(body: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let rest = body.get(from..)?;
        let next = rest.find([':', '{', '#'])?;
        let at = from + next;
        let tail = body.get(at..)?;
        if let Some(inner) = tail.strip_prefix("{{") {
            from = at + 2 + inner.find("}}").map_or(0, |end| end + 2);
        } else if tail.starts_with(':') {
            let after = tail.as_bytes().get(1);
            if after.is_none_or(u8::is_ascii_whitespace) {
                return Some(at);
            }
            from = at + 1;
        } else if tail.starts_with('#') && body.get(..at)?.ends_with([' ', '\t']) {
            return None;
        } else {
            from = at + 1;
        }
    }
}

/// A list within a list: `[[a, b], [c, d]]`, and no test of a shell.
fn is_nested_list(body: &str) -> bool {
    body.starts_with("[[") && !body.starts_with("[[ ")
}

fn is_dash(body: &str) -> bool {
    body == "-" || body.starts_with("- ") || body.starts_with("-\t")
}

/// Where a comment begins behind a plain scalar.
fn comment(body: &str) -> Option<usize> {
    let space = body.find(" #").map(|at| at + 1);
    let tab = body.find("\t#").map(|at| at + 1);
    space.into_iter().chain(tab).min()
}

/// A line that is nothing but a template's statement or one inserted text.
fn is_template_line(body: &str) -> bool {
    let ends = |open: &str, close: &str| body.starts_with(open) && body.ends_with(close);
    ends("{%", "%}")
        || ends("%{", "}")
        || ends("{#", "#}")
        || ends("<%", "%>")
        || (ends("{{", "}}") && !body.contains(": "))
}
