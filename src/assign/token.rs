//! Words, strings and marks of Nix, Ruby and Puppet.

use super::embed::Passage;

/// Whose tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tongue {
    Nix,
    Ruby,
    Puppet,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name, a number, a variable.
    Word,
    /// A string whose backslashes and variables mean something.
    Double,
    /// A string that means what it says.
    Single,
    /// `''…''` of Nix, and texts below their mark.
    Long,
    Mark,
    Comment,
    /// The end of a line.
    Line,
}

/// A token by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Where it begins; of a string behind its quote.
    pub(super) start: usize,
    /// Where it ends; of a string before its quote.
    pub(super) end: usize,
}

impl Token {
    pub(super) fn raw<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.start..self.end).unwrap_or_default()
    }

    pub(super) const fn is_text(&self) -> bool {
        matches!(self.kind, Kind::Double | Kind::Single | Kind::Long)
    }

    /// It is this mark or word.
    pub(super) fn is(&self, text: &str, word: &str) -> bool {
        matches!(self.kind, Kind::Mark | Kind::Word) && self.raw(text) == word
    }

    /// What a string says.
    pub(super) fn said(&self, text: &str) -> Passage {
        let raw = self.raw(text);
        let mut passage = Passage::default();
        match self.kind {
            Kind::Double | Kind::Single => {
                let mut rest = raw;
                let mut at = self.start;
                while let Some(next) = rest.find('\\') {
                    let escaped = rest.get(next + 1..).and_then(|tail| tail.chars().next());
                    passage.push(rest.get(..next).unwrap_or_default(), at);
                    let size = 1 + escaped.map_or(0, char::len_utf8);
                    let said = match escaped {
                        Some('n') if self.kind == Kind::Double => "\n",
                        Some('t') if self.kind == Kind::Double => "\t",
                        Some('\n') => " ",
                        Some('"' | '\'' | '\\' | '$') => {
                            rest.get(next + 1..next + size).unwrap_or_default()
                        }
                        _ => rest.get(next..next + size).unwrap_or_default(),
                    };
                    passage.push(said, at + next);
                    at += next + size;
                    rest = rest.get(next + size..).unwrap_or_default();
                }
                passage.push(rest, at);
            }
            _ => {
                let lines = || raw.split_inclusive('\n');
                let lead = |line: &str| line.len() - line.trim_start_matches(' ').len();
                let indent = lines()
                    .filter(|line| !line.trim().is_empty())
                    .map(lead)
                    .min()
                    .unwrap_or_default();
                let mut at = self.start;
                for line in lines() {
                    let skip = lead(line).min(indent);
                    passage.push(line.get(skip..).unwrap_or_default(), at + skip);
                    at += line.len();
                }
            }
        }
        passage
    }
}

/// The tokens of a text.
pub(super) fn tokens(text: &str, tongue: Tongue) -> Vec<Token> {
    let mut scan = Scan {
        text,
        bytes: text.as_bytes(),
        tongue,
        at: 0,
        tokens: Vec::new(),
        below: None,
        lacks: [false; 4],
    };
    while scan.at < text.len() {
        scan.step();
    }
    scan.tokens
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$')
}

struct Scan<'t> {
    text: &'t str,
    bytes: &'t [u8],
    tongue: Tongue,
    at: usize,
    tokens: Vec<Token>,
    /// A text of this name begins on the next line.
    below: Option<&'t str>,
    /// What was looked for in vain and is not there from here on.
    lacks: [bool; 4],
}

/// Slots of `lacks`.
const SINGLE: usize = 0;
const DOUBLE: usize = 1;
const LONG: usize = 2;
const BELOW: usize = 3;

/// Marks of two bytes that are one token.
const PAIRS: [&str; 8] = ["=>", "==", "=~", "!=", "<=", ">=", "->", "+>"];

impl Scan<'_> {
    fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    fn starts(&self, mark: &str) -> bool {
        self.bytes
            .get(self.at..)
            .is_some_and(|rest| rest.starts_with(mark.as_bytes()))
    }

    fn push(&mut self, kind: Kind, start: usize, end: usize) {
        self.tokens.push(Token { kind, start, end });
    }

    fn step(&mut self) {
        let Some(byte) = self.byte(self.at) else {
            return;
        };
        let is_c = self.tongue != Tongue::Ruby;
        match byte {
            b'\n' => {
                self.push(Kind::Line, self.at, self.at + 1);
                self.at += 1;
                self.text_below();
            }
            b' ' | b'\t' | b'\r' => self.at += 1,
            b'#' => self.comment("\n", 0),
            b'/' if is_c && self.starts("/*") => self.comment("*/", 2),
            b'=' if !is_c && self.starts("=begin") && self.is_line_start() => {
                self.comment("\n=end", 5);
            }
            b'"' => self.string(b'"', DOUBLE),
            b'\'' if self.tongue == Tongue::Nix => self.long(),
            b'\'' => self.string(b'\'', SINGLE),
            b'<' if !is_c && self.starts("<<") => self.heredoc(),
            b'@' if self.tongue == Tongue::Puppet && self.starts("@(") => self.heredoc(),
            b'%' if !is_c && (self.starts("%w") || self.starts("%i")) => self.words(),
            _ if is_word(byte) => self.word(),
            _ => {
                let size = if PAIRS.iter().any(|pair| self.starts(pair)) {
                    2
                } else {
                    1
                };
                if byte.is_ascii() {
                    self.push(Kind::Mark, self.at, self.at + size);
                }
                self.at += size;
            }
        }
    }

    fn is_line_start(&self) -> bool {
        self.at == 0 || self.byte(self.at - 1) == Some(b'\n')
    }

    /// A comment up to its close.
    fn comment(&mut self, close: &str, skip: usize) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let size = rest.find(close).map_or(rest.len(), |end| end + skip);
        self.push(Kind::Comment, self.at, self.at + size);
        self.at += size;
    }

    fn word(&mut self) {
        let start = self.at;
        let is_number = self.byte(start).is_some_and(|byte| byte.is_ascii_digit());
        while let Some(byte) = self.byte(self.at) {
            let next = self.byte(self.at + 1);
            let goes_on = match byte {
                b'-' => self.tongue == Tongue::Nix && !is_number,
                b'.' => is_number && next.is_some_and(|byte| byte.is_ascii_digit()),
                b':' => {
                    let doubled = next == Some(b':') && self.tongue == Tongue::Puppet;
                    let is_second = self.at > start && self.byte(self.at - 1) == Some(b':');
                    doubled || (is_second && self.tongue == Tongue::Puppet)
                }
                b'?' | b'!' => self.tongue == Tongue::Ruby && next != Some(b'='),
                _ => is_word(byte),
            };
            if !goes_on {
                break;
            }
            self.at += 1;
        }
        self.push(Kind::Word, start, self.at);
    }

    /// A string in quotes; a quote that never closes is a mark.
    fn string(&mut self, quote: u8, slot: usize) {
        let start = self.at + 1;
        let kind = if quote == b'"' {
            Kind::Double
        } else {
            Kind::Single
        };
        let mut at = start;
        let mut lacks = self.lacks.get(slot).copied().unwrap_or_default();
        while !lacks {
            match self.byte(at) {
                None => lacks = true,
                Some(b'\\') => at += 2,
                Some(b'$' | b'#') if quote == b'"' && self.byte(at + 1) == Some(b'{') => {
                    at = self.inserted(at + 2);
                }
                Some(byte) if byte == quote => break,
                Some(_) => at += 1,
            }
        }
        if let Some(known) = self.lacks.get_mut(slot) {
            *known = lacks;
        }
        if lacks {
            self.push(Kind::Mark, self.at, start);
            self.at = start;
        } else {
            self.push(kind, start, at);
            self.at = at + 1;
        }
    }

    /// Behind the brace that closes an inserted expression; where it does not on its line, here.
    fn inserted(&self, from: usize) -> usize {
        let mut depth = 1;
        let mut at = from;
        while let Some(byte) = self.byte(at) {
            match byte {
                b'\n' => return from,
                // Longer ones are none; without a bound a text of openings would be read over and over.
                _ if at - from > 512 => return from,
                b'{' => depth += 1,
                b'}' => depth -= 1,
                _ => {}
            }
            at += 1;
            if depth == 0 {
                return at;
            }
        }
        from
    }

    /// `''…''`
    fn long(&mut self) {
        let start = self.at + 2;
        if !self.starts("''") || self.lacks.get(LONG).copied().unwrap_or_default() {
            self.push(Kind::Mark, self.at, self.at + 1);
            self.at += 1;
            return;
        }
        let mut at = start;
        loop {
            let rest = self.text.get(at..).unwrap_or_default();
            let Some(next) = rest.find("''") else {
                if let Some(lacks) = self.lacks.get_mut(LONG) {
                    *lacks = true;
                }
                self.push(Kind::Mark, self.at, start);
                self.at = start;
                return;
            };
            let end = at + next;
            if matches!(self.byte(end + 2), Some(b'\'' | b'$' | b'\\')) {
                at = end + 3;
                continue;
            }
            self.push(Kind::Long, start, end);
            self.at = end + 2;
            return;
        }
    }

    /// `<<~NAME`, `@(NAME)`: the text begins on the next line.
    fn heredoc(&mut self) {
        let rest = self.text.get(self.at + 2..).unwrap_or_default();
        let lead = rest.len() - rest.trim_start_matches(['~', '-', '"', '\'']).len();
        let name = rest.get(lead..).unwrap_or_default();
        let size = name
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(name.len());
        let name = name.get(..size).unwrap_or_default();
        self.push(Kind::Mark, self.at, self.at + 2);
        self.at += 2;
        if name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_') {
            self.at += lead + size;
            if matches!(self.byte(self.at), Some(b'"' | b'\'')) {
                self.at += 1;
            }
            self.below = Some(name);
        }
    }

    /// The text below the line that named it.
    fn text_below(&mut self) {
        let Some(name) = self.below.take() else {
            return;
        };
        if self.lacks.get(BELOW).copied().unwrap_or_default() {
            return;
        }
        let start = self.at;
        let mut at = start;
        let rest = self.text.get(start..).unwrap_or_default();
        for line in rest.split_inclusive('\n') {
            let mark = line.trim().trim_start_matches(['|', '-', ' ']);
            if mark == name {
                self.push(Kind::Long, start, at);
                self.at = at + line.len();
                self.push(Kind::Line, self.at, self.at);
                return;
            }
            at += line.len();
        }
        if let Some(lacks) = self.lacks.get_mut(BELOW) {
            *lacks = true;
        }
    }

    /// `%w[a b]` as a list of strings.
    fn words(&mut self) {
        let close = match self.byte(self.at + 2) {
            Some(b'[') => ']',
            Some(b'(') => ')',
            Some(b'{') => '}',
            Some(b'<') => '>',
            _ => {
                self.at += 2;
                return;
            }
        };
        let start = self.at + 3;
        let rest = self.text.get(start..).unwrap_or_default();
        let size = rest
            .bytes()
            .take(4096)
            .position(|byte| char::from(byte) == close);
        let Some(size) = size else {
            self.at = start;
            return;
        };
        self.push(Kind::Mark, self.at, start);
        let mut at = start;
        for word in rest
            .get(..size)
            .unwrap_or_default()
            .split_inclusive(char::is_whitespace)
        {
            let name = word.trim_end();
            if !name.is_empty() {
                self.push(Kind::Single, at, at + name.len());
            }
            at += word.len();
        }
        self.push(Kind::Mark, at, at + 1);
        self.at = at + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_below_its_mark_is_one_token() {
        let text = "a <<~EOS, b\n  x\n  y\nEOS\nc";
        let tokens = tokens(text, Tongue::Ruby);
        let long = tokens
            .iter()
            .find(|token| token.kind == Kind::Long)
            .unwrap();
        assert_eq!(long.said(text).text, "x\ny\n");
        assert!(tokens.last().unwrap().is(text, "c"));
    }
}
