//! Flow style, `{ a: 1, b: [2, 3] }`, which JSON is, and quoted scalars.

use super::node::{Entry, Node, Scalar, Style};
use super::read::{DEPTH, Reader};

impl Reader<'_> {
    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn starts(&self, at: usize, mark: &str) -> bool {
        self.text
            .as_bytes()
            .get(at..)
            .is_some_and(|rest| rest.starts_with(mark.as_bytes()))
    }

    /// A map or list that begins here, and where it ends. Lines that are indented less end it as well.
    pub(super) fn flow(&mut self, start: usize, floor: usize, depth: usize) -> (Node, usize) {
        let is_map = self.byte(start) == Some(b'{');
        let mut entries = Vec::new();
        let mut items = Vec::new();
        let mut at = start + 1;
        loop {
            at = match self.gap(at, floor) {
                Ok(next) => next,
                Err(stop) => {
                    at = stop;
                    break;
                }
            };
            match self.byte(at) {
                None => break,
                Some(b',') => at += 1,
                Some(b'}' | b']') => {
                    at += 1;
                    break;
                }
                Some(_) => {
                    let (key, behind) = self.item(at, floor, depth);
                    at = behind.max(at + 1);
                    let next = self.gap(at, floor).unwrap_or(at);
                    let Node::Scalar(name) = key else {
                        items.push(key);
                        continue;
                    };
                    if self.byte(next) != Some(b':') {
                        items.push(Node::Scalar(name));
                        continue;
                    }
                    at = next + 1;
                    let value;
                    (value, at) = self.flow_value(at, floor, depth);
                    entries.push(Entry {
                        key: Some(name),
                        value,
                    });
                }
            }
        }
        let node = if is_map || items.is_empty() {
            let strays = items.into_iter().map(|value| Entry { key: None, value });
            entries.extend(strays);
            Node::Map(entries)
        } else {
            items.extend(entries.into_iter().map(|entry| Node::Map(vec![entry])));
            Node::Seq(items)
        };
        (node, at)
    }

    fn flow_value(&mut self, at: usize, floor: usize, depth: usize) -> (Node, usize) {
        let Ok(next) = self.gap(at, floor) else {
            return (Node::Empty, at);
        };
        match self.byte(next) {
            None | Some(b',' | b'}' | b']') => (Node::Empty, next),
            Some(_) => {
                let (value, behind) = self.item(next, floor, depth);
                (value, behind.max(next + 1))
            }
        }
    }

    /// One thing in a map or list.
    fn item(&mut self, at: usize, floor: usize, depth: usize) -> (Node, usize) {
        let is_template = self.starts(at, "{{") || self.starts(at, "{%");
        match self.byte(at) {
            Some(b'{' | b'[') if !is_template && depth < DEPTH => self.flow(at, floor, depth + 1),
            Some(b'"' | b'\'') => match self.quoted(at, true) {
                Some((scalar, behind)) => (Node::Scalar(scalar), behind),
                None => self.bare(at),
            },
            _ => self.bare(at),
        }
    }

    /// A plain scalar of flow style.
    fn bare(&self, start: usize) -> (Node, usize) {
        let mut at = start;
        while let Some(byte) = self.byte(at) {
            let next = self.byte(at + 1);
            let is_colon = byte == b':'
                && next
                    .is_none_or(|next| next.is_ascii_whitespace() || matches!(next, b',' | b'}'));
            let blank = at > start && matches!(self.byte(at - 1), Some(b' ' | b'\t'));
            if matches!(byte, b',' | b'[' | b']' | b'}' | b'\n') && at > start
                || is_colon
                || (byte == b'#' && blank)
            {
                break;
            }
            at += match self.template(at) {
                Some(size) => size,
                None => 1,
            };
        }
        let end = start + self.slice(start, at).trim_end().len();
        (Node::Scalar(Scalar::plain(start, end)), at.max(start))
    }

    /// How long the template is that begins here; it ends on its line.
    fn template(&self, at: usize) -> Option<usize> {
        let close = match self.byte(at)? {
            b'{' if self.starts(at, "{{") => "}}",
            b'{' if self.starts(at, "{%") => "%}",
            b'$' if self.starts(at, "${") => "}",
            b'%' if self.starts(at, "%{") => "}",
            _ => return None,
        };
        let mut end = at + 2;
        while let Some(byte) = self.byte(end) {
            if byte == b'\n' {
                return Some(end - at);
            }
            if self.starts(end, close) {
                return Some(end - at + close.len());
            }
            end += 1;
        }
        Some(end - at)
    }

    /// The next byte behind blanks, line ends and comments; `Err` where the flow ends without its bracket.
    fn gap(&mut self, from: usize, floor: usize) -> Result<usize, usize> {
        let mut at = from;
        let mut line_start = None;
        while let Some(byte) = self.byte(at) {
            match byte {
                b'\n' => {
                    line_start = Some(at + 1);
                    at += 1;
                }
                b' ' | b'\t' | b'\r' => at += 1,
                b'#' | b'/' if byte == b'#' || self.starts(at, "//") => {
                    if line_start.is_some() {
                        let line = self.lines.partition_point(|(begin, _)| *begin <= at);
                        self.comments.push(line.saturating_sub(1));
                    }
                    at += self.rest_of_line(at);
                }
                b'}' | b']' => return Ok(at),
                _ => {
                    return match line_start {
                        Some(start) if at - start < floor => Err(start.saturating_sub(1)),
                        _ => Ok(at),
                    };
                }
            }
        }
        Ok(at)
    }

    fn rest_of_line(&self, at: usize) -> usize {
        let rest = self.slice(at, self.text.len());
        rest.find('\n').unwrap_or(rest.len())
    }

    /// A quoted scalar that begins here, and what is behind its closing quote. `None` where it does not close
    /// as one would.
    pub(super) fn quoted(&mut self, start: usize, in_flow: bool) -> Option<(Scalar, usize)> {
        let quote = self.byte(start)?;
        let is_double = quote == b'"';
        let slot = usize::from(is_double);
        if self.lacks.get(slot).copied().unwrap_or_default() {
            return None;
        }
        let mut at = start + 1;
        let end = loop {
            let Some(byte) = self.byte(at) else {
                if let Some(lacks) = self.lacks.get_mut(slot) {
                    *lacks = true;
                }
                return None;
            };
            if byte == b'\\' && is_double {
                at += 2;
            } else if byte == quote && !is_double && self.byte(at + 1) == Some(quote) {
                at += 2;
            } else if byte == quote {
                break at;
            } else {
                at += 1;
            }
        };
        let mut behind = end + 1;
        while matches!(self.byte(behind), Some(b' ' | b'\t' | b'\r')) {
            behind += 1;
        }
        let closes = match self.byte(behind) {
            None | Some(b'\n' | b'#') => true,
            Some(b',' | b']' | b'}' | b':') => in_flow,
            Some(_) => false,
        };
        if !closes && !in_flow || !closes && self.slice(start, end).contains('\n') {
            return None;
        }
        let scalar = Scalar {
            start: start + 1,
            end,
            style: if is_double {
                Style::Double
            } else {
                Style::Single
            },
            trail: None,
        };
        Some((scalar, end + 1))
    }
}
