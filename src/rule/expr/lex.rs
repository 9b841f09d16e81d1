//! From text to tokens.

use std::borrow::Cow;
use std::ops::Range;

use super::error::{ExprError, ExprErrorKind};

/// A byte range of the text. Texts are at most 4096 bytes, so this stays small beside a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Span {
    pub(super) fn new(start: usize, end: usize) -> Self {
        let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self {
            start: narrow(start),
            end: narrow(end),
        }
    }

    pub(super) fn to(self, last: Self) -> Self {
        Self {
            start: self.start,
            end: last.end,
        }
    }

    pub(super) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The part of `text` it covers.
    pub(super) fn of(self, text: &str) -> &str {
        text.get(self.range()).unwrap_or_default()
    }
}

/// One token. Names and texts are read again from their span.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Token {
    Number(f64),
    /// A text literal with its quotes.
    Text,
    /// A dotted name, indices by text included: `sysctl["net.core.somaxconn"]`.
    Name,
    True,
    False,
    /// An operator or a bracket, by its spelling; `in` is one.
    Mark(&'static str),
    End,
}

/// Two-character marks come first, so that the longest match wins.
const MARKS: [&str; 22] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", "(", ")",
    "[", "]", ",", "=",
];

/// What other languages write, and what is written here; none of it may stand in an expression.
const FOREIGN: [(&str, &str); 5] = [
    ("===", "=="),
    ("!==", "!="),
    ("=>", ">="),
    ("=<", "<="),
    ("<>", "!="),
];

/// Cuts a text into tokens, one at a time.
pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    fn peek(&self) -> Option<u8> {
        self.byte(0)
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_while(&mut self, wanted: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&wanted) {
            self.at += 1;
        }
    }

    /// The next token and where it stands.
    pub(super) fn next_token(&mut self) -> Result<(Token, Span), ExprError> {
        loop {
            self.skip_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c));
            if self.peek() != Some(b'/') || self.byte(1) != Some(b'/') {
                break;
            }
            self.skip_while(|byte| byte != b'\n');
        }
        let start = self.at;
        let token = match self.peek() {
            None => Token::End,
            Some(b'0'..=b'9') => self.number()?,
            Some(b'"' | b'\'') => {
                self.text_literal()?;
                Token::Text
            }
            Some(byte) if starts_name(byte) => self.name()?,
            Some(_) => self.mark()?,
        };
        Ok((token, Span::new(start, self.at)))
    }

    fn error(start: usize, end: usize, kind: ExprErrorKind) -> ExprError {
        ExprError {
            span: start..end,
            kind,
        }
    }

    fn number(&mut self) -> Result<Token, ExprError> {
        let start = self.at;
        self.skip_while(|byte| byte.is_ascii_digit());
        if self.peek() == Some(b'.') && self.byte(1).is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
            self.skip_while(|byte| byte.is_ascii_digit());
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(self.byte(1), Some(b'+' | b'-')));
            if self
                .byte(1 + sign)
                .is_some_and(|byte| byte.is_ascii_digit())
            {
                self.at += 1 + sign;
                self.skip_while(|byte| byte.is_ascii_digit());
            }
        }
        let digits = self.text.get(start..self.at).unwrap_or_default();
        let value = digits.parse::<f64>().ok().filter(|value| value.is_finite());
        let suffix = self.at;
        self.skip_while(continues_name);
        match value {
            Some(value) if suffix == self.at => Ok(Token::Number(value)),
            _ => {
                let text = self.text.get(start..self.at).unwrap_or_default().to_owned();
                Err(Self::error(
                    start,
                    self.at,
                    ExprErrorKind::BadNumber { text },
                ))
            }
        }
    }

    fn text_literal(&mut self) -> Result<(), ExprError> {
        let start = self.at;
        let quote = self.peek();
        self.at += 1;
        loop {
            match self.peek() {
                None | Some(b'\n' | b'\r') => {
                    return Err(Self::error(start, self.at, ExprErrorKind::UnclosedText));
                }
                Some(b'\\') => {
                    let Some((_, length)) = escape(self.rest()) else {
                        let second = self.rest().chars().nth(1).map_or(0, char::len_utf8);
                        let end = self.at + 1 + second;
                        return Err(Self::error(self.at, end, ExprErrorKind::BadEscape));
                    };
                    self.at += length;
                }
                // A text is shown in reports, so what cannot be seen is written as an escape.
                Some(byte) if byte.is_ascii_control() || byte == 0xc2 => {
                    let found = self.rest().chars().next().unwrap_or('\0');
                    let end = self.at + found.len_utf8();
                    if found.is_control() {
                        let kind = ExprErrorKind::UnexpectedCharacter { found };
                        return Err(Self::error(self.at, end, kind));
                    }
                    self.at = end;
                }
                byte => {
                    self.at += 1;
                    if byte == quote {
                        return Ok(());
                    }
                }
            }
        }
    }

    fn name(&mut self) -> Result<Token, ExprError> {
        let start = self.at;
        self.skip_while(continues_name);
        match self.text.get(start..self.at) {
            Some("true") => return Ok(Token::True),
            Some("false") => return Ok(Token::False),
            Some("in") => return Ok(Token::Mark("in")),
            _ => {}
        }
        loop {
            match (self.peek(), self.byte(1)) {
                (Some(b'.'), Some(byte)) if starts_name(byte) => {
                    self.at += 1;
                    self.skip_while(continues_name);
                }
                (Some(b'['), Some(b'"' | b'\'')) => {
                    let open = self.at;
                    self.at += 1;
                    self.text_literal()?;
                    if self.peek() != Some(b']') {
                        return Err(Self::error(open, self.at, ExprErrorKind::BadIndex));
                    }
                    self.at += 1;
                }
                (Some(b'['), _) => {
                    return Err(Self::error(self.at, self.at + 1, ExprErrorKind::BadIndex));
                }
                _ => return Ok(Token::Name),
            }
        }
    }

    fn mark(&mut self) -> Result<Token, ExprError> {
        let rest = self.rest();
        if let Some((found, written)) = FOREIGN.iter().find(|(found, _)| rest.starts_with(found)) {
            let kind = ExprErrorKind::Spelling {
                found: (*found).to_owned(),
                written,
            };
            return Err(Self::error(self.at, self.at + found.len(), kind));
        }
        if let Some(mark) = MARKS.iter().find(|mark| rest.starts_with(**mark)) {
            self.at += mark.len();
            return Ok(Token::Mark(mark));
        }
        let found = rest.chars().next().unwrap_or('\0');
        let kind = match found {
            '&' | '|' => ExprErrorKind::Spelling {
                found: found.to_string(),
                written: if found == '&' { "&&" } else { "||" },
            },
            _ => ExprErrorKind::UnexpectedCharacter { found },
        };
        Err(Self::error(self.at, self.at + found.len_utf8(), kind))
    }
}

fn starts_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

fn continues_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The character that the escape at the start of `text` stands for, and the length of the escape.
fn escape(text: &str) -> Option<(char, usize)> {
    match *text.as_bytes().get(1)? {
        b'n' => Some(('\n', 2)),
        b'r' => Some(('\r', 2)),
        b't' => Some(('\t', 2)),
        quoted @ (b'\\' | b'"' | b'\'') => Some((char::from(quoted), 2)),
        b'u' => {
            let digits = text.get(2..6)?;
            if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return None;
            }
            let code = u32::from_str_radix(digits, 16).ok()?;
            Some((char::from_u32(code)?, 6))
        }
        _ => None,
    }
}

/// What a text literal, given with its quotes, stands for.
pub(super) fn unquote(literal: &str) -> Cow<'_, str> {
    let inner = literal
        .get(1..literal.len().saturating_sub(1))
        .unwrap_or_default();
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        let (before, escaped) = rest.split_at(at);
        text.push_str(before);
        // The lexer has let only good escapes through.
        let Some((character, length)) = escape(escaped) else {
            break;
        };
        text.push(character);
        rest = escaped.get(length..).unwrap_or_default();
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// The dotted path of a name: `sysctl["net.core.somaxconn"]` is `sysctl.net.core.somaxconn`.
pub(super) fn path(name: &str) -> Cow<'_, str> {
    let Some(first) = name.find('[') else {
        return Cow::Borrowed(name);
    };
    let (head, mut rest) = name.split_at(first);
    let mut path = head.to_owned();
    while let Some(index) = rest.strip_prefix('[') {
        let end = literal_end(index);
        let (literal, after) = index.split_at(end);
        path.push('.');
        path.push_str(&unquote(literal));
        let after = after.strip_prefix(']').unwrap_or(after);
        let next = after.find('[').unwrap_or(after.len());
        let (dotted, further) = after.split_at(next);
        path.push_str(dotted);
        rest = further;
    }
    Cow::Owned(path)
}

/// Where the text literal at the start of `text` ends.
fn literal_end(text: &str) -> usize {
    let mut lexer = Lexer::new(text);
    match lexer.text_literal() {
        Ok(()) => lexer.at,
        Err(_) => text.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Result<Vec<Token>, ExprErrorKind> {
        let mut lexer = Lexer::new(text);
        let mut tokens = Vec::new();
        loop {
            match lexer.next_token().map_err(|error| error.kind)? {
                (Token::End, _) => return Ok(tokens),
                (token, _) => tokens.push(token),
            }
        }
    }

    #[test]
    fn the_longest_mark_wins() {
        let marks = ["<=", "<", "!=", "!", "==", "=", "in"].map(Token::Mark);
        assert_eq!(tokens("<= < != ! == = in"), Ok(marks.to_vec()));
    }

    #[test]
    fn numbers_are_read_with_fraction_and_exponent() {
        let values = [0.0, 12.0, 0.75, 1e9, 2.5e-3].map(Token::Number);
        assert_eq!(tokens("0 12 0.75 1e9 2.5E-3"), Ok(values.to_vec()));
    }

    #[test]
    fn a_number_with_a_tail_or_without_an_end_is_refused() {
        for text in ["60s", "4K", "1e", "0x10", "1e999", "5u"] {
            let kind = ExprErrorKind::BadNumber {
                text: text.to_owned(),
            };
            assert_eq!(tokens(text), Err(kind), "{text}");
        }
    }

    #[test]
    fn a_comment_ends_with_its_line() {
        assert_eq!(
            tokens("1 // one && \"\n// more\n2"),
            Ok(vec![Token::Number(1.0), Token::Number(2.0)])
        );
    }

    #[test]
    fn a_keyword_is_never_the_start_of_an_index() {
        let list = [
            Token::Name,
            Token::Mark("in"),
            Token::Mark("["),
            Token::Text,
        ];
        assert_eq!(tokens("a in['b'").unwrap(), list.to_vec());
    }

    #[test]
    fn an_index_becomes_part_of_the_path() {
        assert_eq!(path("a.b"), "a.b");
        assert_eq!(path(r#"sysctl["net.core.x"].max"#), "sysctl.net.core.x.max");
        assert_eq!(path(r#"a['b]["c"]'].d["e\"f"]"#), r#"a.b]["c"].d.e"f"#);
    }

    #[test]
    fn escapes_stand_for_their_characters() {
        assert_eq!(unquote(r#""a\"\\\n\u00e9z""#), "a\"\\\n\u{e9}z");
        assert_eq!(unquote("'plain'"), "plain");
        for text in [
            r#""\x""#,
            r#""\u12""#,
            r#""\ud800""#,
            r#""\é""#,
            r#""\u+123""#,
        ] {
            assert_eq!(tokens(text), Err(ExprErrorKind::BadEscape), "{text}");
        }
    }

    #[test]
    fn a_text_closes_on_its_own_line() {
        for text in ["\"", "'a", "\"a\nb\"", "\"a'", "a[\"b"] {
            assert_eq!(tokens(text), Err(ExprErrorKind::UnclosedText), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_seen_is_not_in_a_text() {
        for found in ['\u{1b}', '\t', '\u{7f}', '\u{9b}'] {
            let kind = ExprErrorKind::UnexpectedCharacter { found };
            assert_eq!(tokens(&format!("'a{found}'")), Err(kind));
        }
        assert_eq!(tokens("'\u{a0}£é'"), Ok(vec![Token::Text]));
    }

    #[test]
    fn an_index_is_a_text_and_closes() {
        for text in ["a[0]", "a[b]", "a['b'", "a['b' ]"] {
            assert_eq!(tokens(text), Err(ExprErrorKind::BadIndex), "{text}");
        }
    }
}
