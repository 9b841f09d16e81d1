//! Ruby, as of Chef: node attributes, hashes, resources, and texts in strings.

use super::embed::{self, Hint};
use super::frames::{Frame, Frames, Title, key_of};
use super::puppet::bared;
use super::spot::{Spot, settle};
use super::token::{Kind, Token, Tongue, tokens, value};
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
        tokens: Vec::new(),
        frames: Frames::new(text, Syntax::Ruby, commented),
        names: Vec::new(),
        list: Vec::new(),
        loops: Vec::new(),
        ends: 0,
    };
    walk.run(tokens(text, Tongue::Ruby));
    walk.frames.spots
}

/// Words before strings that people read, or that only test.
const PROSE: [&str; 20] = [
    "log",
    "warn",
    "info",
    "error",
    "fatal",
    "debug",
    "raise",
    "puts",
    "print",
    "message",
    "description",
    "describe",
    "it",
    "context",
    "title",
    "desc",
    "expect",
    "fail",
    "not_if",
    "only_if",
];

/// Words that an `end` closes, at the start of a statement.
const OPENERS: [&str; 10] = [
    "if", "unless", "case", "while", "until", "begin", "def", "class", "module", "for",
];

/// A name of a chain `node.default['sysctl']['params']`.
struct Step {
    name: String,
    at: usize,
    is_index: bool,
}

struct Walk<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    frames: Frames<'t>,
    /// Variables that stand for a part of the attributes.
    names: Vec<(String, Vec<String>)>,
    /// The keys of the list read last.
    list: Vec<Title>,
    /// Variables that run over keys.
    loops: Vec<(String, Vec<Title>)>,
    /// Words open that an `end` closes.
    ends: usize,
}

impl Walk<'_> {
    fn run(&mut self, all: Vec<Token>) {
        let (comments, tokens): (Vec<_>, Vec<_>) = all
            .into_iter()
            .partition(|token| token.kind == Kind::Comment);
        self.tokens = tokens;
        self.frames.with_comments(&comments);
        let mut at = 0;
        while let Some(token) = self.tokens.get(at).copied() {
            at = self.step(at, token).max(at + 1);
        }
        while !self.frames.open.is_empty() {
            self.frames.close();
        }
        if !self.frames.commented {
            let spots = bared(self.text, &comments, |bare| walked(bare, true));
            self.frames.spots.extend(spots);
        }
    }

    fn is(&self, at: usize, word: &str) -> bool {
        self.tokens
            .get(at)
            .is_some_and(|token| token.is(self.text, word))
    }

    fn is_line_start(&self, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|at| self.tokens.get(at));
        before.is_none_or(|token| token.kind == Kind::Line || token.is(self.text, ";"))
    }

    fn step(&mut self, at: usize, token: Token) -> usize {
        let raw = token.raw(self.text);
        if token.kind == Kind::Word || token.is_text() {
            let is_label = self.is(at + 1, ":") && !self.is(at + 2, ":");
            let is_field = self.is(at + 1, "=>");
            if is_label || is_field {
                return self.field(at, token);
            }
        }
        match (token.kind, raw) {
            (Kind::Mark, "{") => {
                let frame = self.block(at);
                self.frames.push(frame);
            }
            (Kind::Mark, "}") => {
                if self
                    .frames
                    .open
                    .last()
                    .is_some_and(|frame| frame.ends.is_none())
                {
                    self.frames.close();
                }
            }
            (Kind::Mark, "[" | "%w[" | "%w(" | "%w{") => self.list(at),
            (Kind::Word, "do") => {
                self.ends += 1;
                let mut frame = self.block(at);
                frame.ends = Some(self.ends);
                self.frames.push(frame);
            }
            (Kind::Word, "end") => self.end(),
            (Kind::Word, word) if OPENERS.contains(&word) && self.is_line_start(at) => {
                self.ends += 1
            }
            (Kind::Word, "value" | "key" | "action" | "val")
                if self.is_line_start(at) || self.is(at.saturating_sub(1), "{") =>
            {
                return self.property(at, token);
            }
            (Kind::Word, _) if !self.is(at.saturating_sub(1), ".") || at == 0 => {
                return self.chain(at);
            }
            _ if token.is_text() => self.string(at, token),
            _ => {}
        }
        at + 1
    }

    fn end(&mut self) {
        while let Some(frame) = self.frames.open.last() {
            match frame.ends {
                Some(ends) if ends == self.ends => {
                    self.frames.close();
                    break;
                }
                // A brace that was never closed.
                None => self.frames.close(),
                Some(_) => break,
            }
        }
        self.ends = self.ends.saturating_sub(1);
    }

    /// `name => value`, `name: value`
    fn field(&mut self, at: usize, token: Token) -> usize {
        let name = token.raw(self.text);
        let mut from = at + 2;
        while self
            .tokens
            .get(from)
            .is_some_and(|token| token.kind == Kind::Line)
        {
            from += 1;
        }
        if self.is(from, "{") {
            let mut path = self.frames.path();
            path.push(name.to_owned());
            let titles = title(self.text, token).into_iter().collect();
            self.frames.push(Frame {
                path,
                titles,
                ..Frame::default()
            });
            return from + 1;
        }
        let end = self.expression(from, true);
        let tokens = self.tokens.get(from..end).unwrap_or_default();
        let says = self.named(tokens);
        let said = value(self.text, tokens, Tongue::Ruby);
        self.frames.field(name, token.start, said, says);
        from
    }

    /// `value 1` in the block of a resource.
    fn property(&mut self, at: usize, token: Token) -> usize {
        if self.is(at + 1, "=")
            || self.is(at + 1, ".")
            || self.is(at + 1, "[") && self.is(at + 2, ":")
        {
            return at + 1;
        }
        let end = self.expression(at + 1, false);
        let tokens = self.tokens.get(at + 1..end).unwrap_or_default();
        let says = self.named(tokens);
        let said = value(self.text, tokens, Tongue::Ruby);
        if said.is_some() {
            self.frames
                .field(token.raw(self.text), token.start, said, says);
        }
        at + 1
    }

    /// The key that an expression is.
    fn named(&self, tokens: &[Token]) -> Option<Title> {
        match tokens {
            [only] => title(self.text, *only),
            _ => None,
        }
    }

    /// Where the expression that begins here ends: its line, or in a list the next comma.
    fn expression(&self, from: usize, in_list: bool) -> usize {
        let mut depth = 0_usize;
        let mut at = from;
        while let Some(token) = self.tokens.get(at) {
            let raw = token.raw(self.text);
            match token.kind {
                Kind::Line if depth == 0 => break,
                Kind::Mark => match raw {
                    "(" | "[" | "{" | "%w(" | "%w[" | "%w{" => depth += 1,
                    ")" | "]" | "}" if depth == 0 => break,
                    ")" | "]" | "}" => depth -= 1,
                    ";" if depth == 0 => break,
                    "," if depth == 0 && in_list => break,
                    _ => {}
                },
                Kind::Word if depth == 0 && matches!(raw, "if" | "unless" | "do") && at > from => {
                    break;
                }
                _ => {}
            }
            // Long expressions are no values.
            if at - from > 64 {
                break;
            }
            at += 1;
        }
        at
    }

    /// A brace or `do`: of a resource where a word and a key stand before it.
    fn block(&mut self, at: usize) -> Frame {
        let mut frame = Frame::default();
        let back = |steps: usize| {
            at.checked_sub(steps)
                .and_then(|at| self.tokens.get(at))
                .copied()
        };
        let closes = usize::from(back(1).is_some_and(|token| token.is(self.text, ")")));
        let named = back(1 + closes);
        let kind = back(2 + 2 * closes)
            .map(|token| token.raw(self.text))
            .unwrap_or_default();
        if let Some(named) = named
            && kind.contains("sysctl")
        {
            let name = named.raw(self.text);
            let known = self.loops.iter().rev().find(|(known, _)| known == name);
            frame.titles = match (title(self.text, named), known) {
                (Some(title), _) => vec![title],
                (None, Some((_, keys))) if named.kind == Kind::Word => keys.clone(),
                _ => Vec::new(),
            };
        } else if matches!(kind, "describe" | "kernel_parameter") {
            frame.is_test = true;
        }
        if back(1).is_some_and(|token| token.is(self.text, "each"))
            && self.is(at + 1, "|")
            && let Some(name) = self.tokens.get(at + 2)
        {
            let keys = std::mem::take(&mut self.list);
            self.loops.push((name.raw(self.text).to_owned(), keys));
            let surplus = self.loops.len().saturating_sub(16);
            self.loops.drain(..surplus);
        }
        frame
    }

    /// A list at the start of an expression: its keys, for a loop over them.
    fn list(&mut self, at: usize) {
        let rest = self.tokens.get(at + 1..).unwrap_or_default();
        let texts = rest
            .iter()
            .filter(|token| !token.is(self.text, ",") && token.kind != Kind::Line)
            .take_while(|token| token.is_text());
        self.list = texts.filter_map(|token| title(self.text, *token)).collect();
    }

    /// A chain of names, and what is done with it.
    fn chain(&mut self, at: usize) -> usize {
        let (steps, end) = self.steps(at);
        let is_set = self.is(end, "=")
            || (self.is(end, "|") && self.is(end + 1, "|") && self.is(end + 2, "="));
        let path = self.path(&steps);
        if is_set {
            let from = end + if self.is(end, "=") { 1 } else { 3 };
            return self.set(&steps, path, from);
        }
        let is_block = self.is(end, "do") || self.is(end, "{");
        if is_block && self.is(end + 1, "|") && steps.last().is_some_and(|step| step.name == "tap")
        {
            let mut path = path;
            path.pop();
            if let Some(name) = self.tokens.get(end + 2) {
                self.know(name.raw(self.text).to_owned(), path);
            }
        }
        // Arguments of a method `default_attributes 'sysctl' => {` stand below no name.
        at + 1
    }

    /// The names of the chain that begins here.
    fn steps(&self, at: usize) -> (Vec<Step>, usize) {
        let mut steps = Vec::new();
        let mut end = at;
        let step = |token: &Token, is_index| Step {
            name: token.raw(self.text).to_owned(),
            at: token.start,
            is_index,
        };
        if let Some(first) = self.tokens.get(at) {
            steps.push(step(first, false));
            end += 1;
        }
        while steps.len() < 24 {
            let next = |offset: usize| self.tokens.get(end + offset);
            let is_name = |token: &&Token| token.kind == Kind::Word || token.is_text();
            if self.is(end, ".") {
                let Some(name) = next(1).filter(is_name) else {
                    break;
                };
                steps.push(step(name, false));
                end += 2;
            } else if self.is(end, "[") {
                let colon = usize::from(self.is(end + 1, ":"));
                let Some(name) = next(1 + colon).filter(is_name) else {
                    break;
                };
                if !self.is(end + 2 + colon, "]") {
                    break;
                }
                steps.push(step(name, true));
                end += 3 + colon;
            } else {
                break;
            }
        }
        (steps, end)
    }

    /// The names that a chain leads over, with what its first one stands for.
    fn path(&self, steps: &[Step]) -> Vec<String> {
        let mut path = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            let known = self.names.iter().rev().find(|(name, _)| *name == step.name);
            match known {
                Some((_, known)) if index == 0 => path.extend(known.iter().cloned()),
                _ => path.push(step.name.clone()),
            }
        }
        path
    }

    /// `chain = value`
    fn set(&mut self, steps: &[Step], path: Vec<String>, from: usize) -> usize {
        let mut from = from;
        while self
            .tokens
            .get(from)
            .is_some_and(|token| token.kind == Kind::Line)
        {
            from += 1;
        }
        if self.is(from, "{") {
            self.frames.push(Frame {
                path,
                ..Frame::default()
            });
            return from + 1;
        }
        let is_chain = steps.iter().any(|step| step.is_index) || steps.len() > 3;
        if let Some(written) = key_of(&path).filter(|_| is_chain) {
            let end = self.expression(from, false);
            let tokens = self.tokens.get(from..end).unwrap_or_default();
            // The chain's own place: where its key begins, or the name that ends it.
            let at = steps
                .iter()
                .find(|step| step.name.starts_with("net"))
                .or_else(|| steps.last())
                .map_or(0, |step| step.at);
            if let Some(said) = value(self.text, tokens, Tongue::Ruby) {
                self.frames.say(&Title { written, at }, &said);
            }
            return from;
        }
        if let [name] = steps {
            let (right, end) = self.steps(from);
            let is_whole = self
                .tokens
                .get(end)
                .is_none_or(|token| token.kind == Kind::Line);
            let path = self.path(&right);
            if is_whole && path.iter().any(|name| name.contains("sysctl")) {
                self.know(name.name.clone(), path);
                return end;
            }
        }
        from
    }

    fn know(&mut self, name: String, path: Vec<String>) {
        self.names.push((name, path));
        let surplus = self.names.len().saturating_sub(32);
        self.names.drain(..surplus);
    }

    /// A string: a command, a text for a file.
    fn string(&mut self, at: usize, token: Token) {
        let raw = token.raw(self.text);
        if self.frames.commented || !written::may_hold_key(raw) || title(self.text, token).is_some()
        {
            return;
        }
        let before = |steps: usize| at.checked_sub(steps).and_then(|at| self.tokens.get(at));
        let is_prose = (1..=2)
            .filter_map(before)
            .take_while(|token| token.kind != Kind::Line);
        if is_prose
            .map(|token| token.raw(self.text))
            .any(|word| PROSE.contains(&word))
        {
            return;
        }
        let said = token.said(self.text);
        self.frames.spots.extend(embed::find(&said, Hint::Any, 0));
    }
}

/// The key that a string is.
fn title(text: &str, token: Token) -> Option<Title> {
    if !token.is_text() {
        return None;
    }
    let mut written = written::whole_key(token.raw(text))?;
    written.dynamic &= token.kind == Kind::Double;
    Some(Title {
        written,
        at: token.start,
    })
}
