//! Nix: `boot.kernel.sysctl`, its attributes quoted and dotted, and texts in strings.

use super::embed::{self, Hint};
use super::spot::{Spot, settle};
use super::token::{Kind, Said, Token, Tongue, tokens, value};
use super::written::{self, Written};
use super::{Assignment, Syntax};

/// Strings under these names are read by people.
const PROSE: [&str; 4] = ["description", "message", "example", "longDescription"];

/// Every assignment of the text.
pub(super) fn find(text: &str) -> Vec<Assignment> {
    if !written::may_hold_key(text) && !text.contains("sysctl") {
        return Vec::new();
    }
    let mut walk = Walk::new(text, false);
    walk.run();
    settle(text, walk.spots)
}

/// A name on the way to a value.
#[derive(Clone, Debug)]
struct Step {
    name: String,
    at: usize,
    is_text: bool,
}

struct Walk<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    commented: bool,
    spots: Vec<Spot>,
}

/// An open set: how many steps lead to it, and how many its statement had.
struct Open {
    outer: usize,
    value_of: Option<usize>,
}

impl<'t> Walk<'t> {
    fn new(text: &'t str, commented: bool) -> Self {
        Self {
            text,
            tokens: tokens(text, Tongue::Nix),
            commented,
            spots: Vec::new(),
        }
    }

    fn run(&mut self) {
        // The steps of all open sets, then those of the statement at hand.
        let mut steps: Vec<Step> = Vec::new();
        let mut opens: Vec<Open> = Vec::new();
        let mut base = 0;
        let mut in_value = None;
        let mut after_dot = false;
        let mut at = 0;
        while let Some(token) = self.tokens.get(at).copied() {
            at += 1;
            let raw = token.raw(self.text);
            match token.kind {
                Kind::Line => continue,
                Kind::Comment => {
                    self.comment(token);
                    continue;
                }
                _ if token.is_text() && in_value.is_some() => self.string(token, &steps),
                Kind::Word | Kind::Double | Kind::Single | Kind::Long if in_value.is_none() => {
                    if !after_dot {
                        steps.truncate(base);
                    }
                    steps.push(Step {
                        name: raw.to_owned(),
                        at: token.start,
                        is_text: token.is_text(),
                    });
                    after_dot = false;
                    continue;
                }
                Kind::Mark if raw == "." => {
                    after_dot = in_value.is_none();
                    continue;
                }
                Kind::Mark if raw == "=" && in_value.is_none() && steps.len() > base => {
                    in_value = Some(steps.len());
                    let end = self.expression(at);
                    self.value(&steps, base, at, end);
                }
                Kind::Mark if raw == "{" => {
                    if in_value.is_none() {
                        steps.truncate(base);
                    }
                    opens.push(Open {
                        outer: base,
                        value_of: in_value,
                    });
                    base = steps.len();
                    in_value = None;
                }
                Kind::Mark if raw == "}" => {
                    if let Some(open) = opens.pop() {
                        steps.truncate(base);
                        base = open.outer;
                        in_value = open.value_of;
                    }
                }
                Kind::Mark if raw == ";" => {
                    steps.truncate(base);
                    in_value = None;
                }
                _ => {}
            }
            after_dot = false;
        }
    }

    /// Where the expression that begins here ends, if no set is in it; else where the set begins.
    fn expression(&self, from: usize) -> Option<usize> {
        let rest = self.tokens.get(from..)?;
        let size = rest.iter().position(|token| {
            token.kind == Kind::Mark && matches!(token.raw(self.text), ";" | "{" | "}")
        })?;
        let end = rest.get(size)?;
        end.is(self.text, ";").then_some(from + size)
    }

    /// Notes what a statement sets.
    fn value(&mut self, steps: &[Step], base: usize, from: usize, end: Option<usize>) {
        let end = match end {
            Some(end) => end,
            None if self.commented => self.tokens.len(),
            None => return,
        };
        let Some((written, key_at)) = self.key(steps, base) else {
            return;
        };
        let expression = self.tokens.get(from..end).unwrap_or_default();
        let Some(said) = value(self.text, expression, Tongue::Nix) else {
            return;
        };
        let is_long = expression.iter().any(|token| token.kind == Kind::Long);
        if is_long && said.value.contains('=') || said.dynamic && self.commented {
            return;
        }
        self.say(written, key_at, said, end);
    }

    fn say(&mut self, written: Written, key_at: usize, said: Said, end: usize) {
        let rest = self.tokens.get(end + 1..).unwrap_or_default();
        let trail = rest
            .iter()
            .take_while(|token| token.kind != Kind::Line)
            .find(|token| token.kind == Kind::Comment)
            .map(|token| token.raw(self.text).trim_end().to_owned());
        self.spots.push(Spot {
            key_at,
            value_at: said.at,
            key: written.key,
            value: said.value,
            trail,
            commented: self.commented,
            dynamic: said.dynamic || written.dynamic,
            syntax: Syntax::Nix,
            flaw: None,
        });
    }

    /// The key that a way of steps names.
    fn key(&self, steps: &[Step], base: usize) -> Option<(Written, usize)> {
        let is_sysctl = |step: &Step| step.name.to_ascii_lowercase().contains("sysctl");
        let mut in_sysctl = self.commented;
        // No real set is nested deeper.
        let outer = steps.len().saturating_sub(32);
        for (at, step) in steps.iter().enumerate().skip(outer) {
            let whole = step.is_text && step.name.starts_with("net");
            if (in_sysctl && step.name == "net") || whole {
                let names: Vec<&str> = steps
                    .get(at..)?
                    .iter()
                    .map(|step| step.name.as_str())
                    .collect();
                let mut written = written::whole_key(&names.join("."))?;
                written.dynamic |= names.iter().any(|name| name.contains("${"));
                if !in_sysctl && !written::is_kernels(&written.key) {
                    return None;
                }
                let place = if at >= base { step } else { steps.get(base)? };
                return Some((written, place.at));
            }
            in_sysctl |= is_sysctl(step);
        }
        None
    }

    /// A string that is a value: a script, a sysctl.conf, a word of a command.
    fn string(&mut self, token: Token, steps: &[Step]) {
        let last = steps
            .last()
            .map(|step| step.name.as_str())
            .unwrap_or_default();
        if PROSE.contains(&last) || !written::may_hold_key(token.raw(self.text)) {
            return;
        }
        let said = token.said(self.text);
        let trimmed = said.text.trim();
        let body = trimmed.strip_prefix("--sysctl=").unwrap_or(trimmed);
        if let Some(pair) = written::pair(body)
            && !steps.iter().any(|step| step.name.contains("sysctl.d"))
        {
            let lead = said.text.find(body).unwrap_or_default();
            self.spots.push(Spot {
                key_at: said.source(lead),
                value_at: said.source(lead + pair.value_at),
                dynamic: pair.written.dynamic || written::is_dynamic(&pair.value),
                key: pair.written.key,
                value: pair.value,
                trail: None,
                commented: self.commented,
                syntax: Syntax::Command,
                flaw: None,
            });
            return;
        }
        let is_conf = steps.iter().any(|step| step.name.contains("sysctl"));
        let hint = if is_conf { Hint::Conf } else { Hint::Any };
        self.spots.extend(embed::find(&said, hint, 0));
    }

    /// A comment whose lines are statements, of Nix or of a sysctl.conf.
    fn comment(&mut self, token: Token) {
        if self.commented || !written::may_hold_key(token.raw(self.text)) {
            return;
        }
        let mut start = token.start;
        for line in token.raw(self.text).split_inclusive('\n') {
            let body = line.trim_start_matches(['#', '/', '*', ' ', '\t']);
            let at = start + line.len() - body.len();
            start += line.len();
            self.spots
                .extend(commented(body.trim_end()).into_iter().map(|mut spot| {
                    spot.key_at += at;
                    spot.value_at += at;
                    spot
                }));
        }
    }
}

/// What a line would set without its mark.
fn commented(body: &str) -> Vec<Spot> {
    let is_statement = ["\"net", "net.", "net/", "boot.kernel.sysctl"]
        .iter()
        .any(|start| body.starts_with(start));
    if !is_statement {
        return Vec::new();
    }
    let mut walk = Walk::new(body, true);
    walk.run();
    if walk.spots.is_empty()
        && let Some(pair) = written::pair(body)
    {
        let rest = body.get(pair.value_at..).unwrap_or_default();
        let cut = rest.find(" #").unwrap_or(rest.len());
        let (value, trail) = rest.split_at_checked(cut).unwrap_or((rest, ""));
        walk.spots.push(Spot {
            key_at: 0,
            value_at: pair.value_at,
            dynamic: pair.written.dynamic,
            key: pair.written.key,
            value: written::collapse(value.trim_end_matches(';').trim_matches('"')),
            trail: (!trail.is_empty()).then(|| trail.trim().to_owned()),
            commented: true,
            syntax: Syntax::Nix,
            flaw: None,
        });
    }
    walk.spots.retain(|spot| written::is_plausible(&spot.value));
    walk.spots
}
