//! Puppet: resources of sysctl types, hashes of keys, texts of files and commands.

use super::embed::{self, Hint};
use super::frames::{Frame, Frames, Title};
use super::spot::{Spot, settle};
use super::token::{Kind, Said, Token, Tongue, tokens, value};
use super::written;
use super::{Assignment, Syntax};

/// Every assignment of the text.
pub(super) fn find(text: &str) -> Vec<Assignment> {
    if !written::may_hold_key(text) && !text.contains("sysctl") {
        return Vec::new();
    }
    settle(text, walked(text, false))
}

fn walked(text: &str, commented: bool) -> Vec<Spot> {
    let mut walk = Walk {
        text,
        tokens: tokens(text, Tongue::Puppet),
        frames: Frames::new(text, Syntax::Puppet, commented),
        list: Vec::new(),
        loops: Vec::new(),
        prose: false,
    };
    walk.run();
    walk.frames.spots
}

/// Attributes that people read, or that only test.
const PROSE: [&str; 8] = [
    "unless",
    "onlyif",
    "message",
    "description",
    "match",
    "match_for_absence",
    "comment",
    "notice",
];

/// Functions whose text people read.
const SAYS: [&str; 8] = [
    "fail", "notice", "warning", "info", "err", "debug", "crit", "alert",
];

struct Walk<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    frames: Frames<'t>,
    /// The keys of the list read last.
    list: Vec<Title>,
    /// Variables that run over keys.
    loops: Vec<(String, Vec<Title>)>,
    /// The attribute at hand is not for the machine.
    prose: bool,
}

impl Walk<'_> {
    fn run(&mut self) {
        let mut comments: Vec<Token> = Vec::new();
        let all = std::mem::take(&mut self.tokens);
        for token in all {
            match token.kind {
                Kind::Comment => comments.push(token),
                Kind::Line => {}
                _ => self.tokens.push(token),
            }
        }
        self.frames.with_comments(&comments);
        let mut at = 0;
        while let Some(token) = self.tokens.get(at).copied() {
            at = self.step(at, token);
        }
        while !self.frames.open.is_empty() {
            self.frames.close();
        }
        if !self.frames.commented {
            self.comments(&comments);
        }
    }

    fn mark(&self, at: usize, mark: &str) -> bool {
        let token = self.tokens.get(at);
        token.is_some_and(|token| token.kind == Kind::Mark && token.raw(self.text) == mark)
    }

    /// One token, or a field with its value.
    fn step(&mut self, at: usize, token: Token) -> usize {
        let raw = token.raw(self.text);
        if token.kind != Kind::Mark && (self.mark(at + 1, "=>") || self.mark(at + 1, "+>")) {
            return self.field(at, token);
        }
        match (token.kind, raw) {
            (Kind::Mark, "{") => self.open(at),
            (Kind::Mark, "}") => self.frames.close(),
            (Kind::Mark, ";") => self.next_body(at + 1),
            (Kind::Mark, "[") => self.list = self.titles(at).0,
            (Kind::Mark, "|") => self.variable(at),
            _ if token.is_text() => self.string(at, token),
            _ => {}
        }
        at + 1
    }

    /// `name => value`
    fn field(&mut self, at: usize, token: Token) -> usize {
        let raw = token.raw(self.text);
        self.prose = PROSE.contains(&raw);
        let from = at + 2;
        if self.mark(from, "{") {
            let mut path = self.frames.path();
            path.push(raw.to_owned());
            let titles = title(self.text, token).into_iter().collect();
            let is_test = raw == "kernel-param";
            self.frames.push(Frame {
                path,
                titles,
                is_test,
                ..Frame::default()
            });
            return from + 1;
        }
        let end = self.expression(from);
        let tokens = self.tokens.get(from..end).unwrap_or_default();
        let said = value(self.text, tokens, Tongue::Puppet);
        let says = match tokens {
            [only] if !self.prose => title(self.text, *only),
            _ => None,
        };
        self.frames.field(raw, token.start, said, says);
        from
    }

    /// Where the expression that begins here ends.
    fn expression(&self, from: usize) -> usize {
        let mut depth = 0_usize;
        let mut at = from;
        while let Some(token) = self.tokens.get(at) {
            if token.kind == Kind::Mark {
                match token.raw(self.text) {
                    "(" | "[" | "{" => depth += 1,
                    ")" | "]" | "}" if depth == 0 => break,
                    ")" | "]" | "}" => depth -= 1,
                    "," | ";" if depth == 0 => break,
                    "=>" if depth == 0 => break,
                    _ => {}
                }
            }
            // Long expressions are no values.
            if at - from > 64 {
                break;
            }
            at += 1;
        }
        at
    }

    /// A brace: of a resource, where a title and a colon follow.
    fn open(&mut self, at: usize) {
        let mut frame = Frame::default();
        let before = at.checked_sub(1).and_then(|at| self.tokens.get(at));
        if before.is_some_and(|token| token.kind == Kind::Word) {
            let (titles, end) = self.titles(at + 1);
            if self.mark(end, ":") {
                frame.titles = titles;
            }
        }
        self.frames.push(frame);
    }

    /// Another body of the same resource.
    fn next_body(&mut self, at: usize) {
        let (titles, end) = self.titles(at);
        if !titles.is_empty() && self.mark(end, ":") {
            let path = self.frames.path();
            self.frames.close();
            self.frames.push(Frame {
                path,
                titles,
                ..Frame::default()
            });
        }
    }

    /// The keys of a title or list, and where it ends.
    fn titles(&self, at: usize) -> (Vec<Title>, usize) {
        let Some(first) = self.tokens.get(at).copied() else {
            return (Vec::new(), at);
        };
        if first.kind == Kind::Word {
            let name = first.raw(self.text);
            let known = self.loops.iter().rev().find(|(known, _)| known == name);
            return (
                known.map_or_else(Vec::new, |(_, keys)| keys.clone()),
                at + 1,
            );
        }
        if !first.is(self.text, "[") {
            return (title(self.text, first).into_iter().collect(), at + 1);
        }
        let mut titles = Vec::new();
        let mut end = at + 1;
        while let Some(token) = self.tokens.get(end).copied() {
            end += 1;
            if token.is_text() {
                titles.extend(title(self.text, token));
            } else if !token.is(self.text, ",") {
                break;
            }
        }
        (titles, end)
    }

    /// `.each |$key|` behind a list of keys.
    fn variable(&mut self, at: usize) {
        let before: Vec<&str> = (1..=3)
            .filter_map(|back| self.tokens.get(at.checked_sub(back)?))
            .map(|token| token.raw(self.text))
            .collect();
        let is_each = before.contains(&"each");
        let names = self.tokens.get(at + 1..).unwrap_or_default();
        let name = names
            .iter()
            .take(4)
            .find(|token| token.raw(self.text).starts_with('$'));
        if let (true, false, Some(name)) = (is_each, self.list.is_empty(), name) {
            let keys = std::mem::take(&mut self.list);
            self.loops.push((name.raw(self.text).to_owned(), keys));
            let surplus = self.loops.len().saturating_sub(16);
            self.loops.drain(..surplus);
        }
    }

    /// A string: a command, a text for a file, a change of Augeas.
    fn string(&mut self, at: usize, token: Token) {
        let raw = token.raw(self.text);
        let before = |back: usize| {
            let token = at.checked_sub(back).and_then(|at| self.tokens.get(at));
            token.map(|token| token.raw(self.text)).unwrap_or_default()
        };
        let is_title = self.mark(at + 1, ":") && before(2) != "exec";
        let is_said = SAYS.contains(&before(1)) || SAYS.contains(&before(2));
        if self.prose || is_title || is_said || self.frames.commented || !written::may_hold_key(raw)
        {
            return;
        }
        let is_gone = self.frames.open.last().is_some_and(|frame| frame.is_gone);
        if title(self.text, token).is_some() || is_gone {
            return;
        }
        let said = token.said(self.text);
        if let Some(spot) = augeas(&said.text) {
            let title = Title {
                at: said.source(spot.0.at),
                ..spot.0
            };
            let value = Said {
                at: said.source(spot.1.at),
                ..spot.1
            };
            self.frames.say(&title, &value);
            return;
        }
        self.frames.spots.extend(embed::find(&said, Hint::Any, 0));
    }

    /// Runs of comment lines, read as if their marks were not there.
    fn comments(&mut self, comments: &[Token]) {
        let spots = bared(self.text, comments, |bare| walked(bare, true));
        self.frames.spots.extend(spots);
    }
}

/// Reads runs of comments without their marks.
pub(super) fn bared(text: &str, comments: &[Token], read: impl Fn(&str) -> Vec<Spot>) -> Vec<Spot> {
    let mut spots = Vec::new();
    let joins = |one: &Token, next: &Token| {
        let between = text.get(one.end..next.start).unwrap_or("x");
        between.trim().is_empty() && between.matches('\n').count() <= 1
    };
    for run in comments.chunk_by(joins) {
        let Some((first, last)) = run.first().zip(run.last()) else {
            continue;
        };
        let block = text.get(first.start..last.end).unwrap_or_default();
        if !block.contains("net") {
            continue;
        }
        let mut bare = String::with_capacity(block.len());
        for line in block.split_inclusive('\n') {
            let body = line.trim_start_matches([' ', '\t']);
            let rest = body.trim_start_matches(['#', '/', '*']);
            bare.extend(std::iter::repeat_n(' ', line.len() - rest.len()));
            bare.push_str(rest);
        }
        spots.extend(read(&bare).into_iter().map(|mut spot| {
            spot.key_at += first.start;
            spot.value_at += first.start;
            spot
        }));
    }
    spots
}

/// The key that a string is.
fn title(text: &str, token: Token) -> Option<Title> {
    if !token.is_text() {
        return None;
    }
    let mut written = written::whole_key(token.raw(text))?;
    written.dynamic |= token.kind == Kind::Double && token.raw(text).contains('$');
    Some(Title {
        written,
        at: token.start,
    })
}

/// `set /files/etc/sysctl.conf/net.core.somaxconn 1024`
fn augeas(text: &str) -> Option<(Title, Said)> {
    let rest = text.strip_prefix("set ")?;
    let path = rest.trim_start();
    let size = path.find([' ', '\t'])?;
    let name = path.get(..size)?;
    let key = name.rsplit("sysctl.conf/").next()?;
    let written = written::whole_key(key)?;
    let behind = path.get(size..)?;
    let value = behind.trim();
    let at = text.len() - path.len() + size + (behind.len() - behind.trim_start().len());
    let bare = value.trim_matches(['"', '\'']);
    Some((
        Title {
            written,
            at: text.len() - path.len() + name.len() - key.len(),
        },
        Said {
            value: written::collapse(bare),
            dynamic: written::is_dynamic(bare),
            at,
            end: text.len(),
        },
    ))
}
