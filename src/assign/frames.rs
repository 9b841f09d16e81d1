//! Hashes and resources, as Ruby and Puppet have them: what is known of each until it closes.

use super::expression::Said;
use super::spot::Spot;
use super::token::Token;
use super::written::{self, Written};
use super::{Flaw, Syntax};

/// Deeper hashes are not told apart.
const DEPTH: usize = 16;

/// No key and no folder has a longer name.
const LONGEST: usize = 256;

/// A key by its name and place.
#[derive(Clone, Debug)]
pub(super) struct Title {
    pub(super) written: Written,
    pub(super) at: usize,
}

/// An open hash, resource or block.
#[derive(Clone, Debug, Default)]
pub(super) struct Frame {
    /// The names that lead to it: `sysctl`, `params`, `net`.
    pub(super) path: Vec<String>,
    /// The keys it is about.
    pub(super) titles: Vec<Title>,
    /// A field of its own names the key.
    pub(super) named: Option<Title>,
    pub(super) value: Option<Said>,
    /// It says that the entry is to be gone.
    pub(super) is_gone: bool,
    /// Nothing in it sets anything: a test.
    pub(super) is_test: bool,
    /// It ends with the word `end`, after so many others.
    pub(super) ends: Option<usize>,
}

/// The open frames, and what was found.
pub(super) struct Frames<'t> {
    text: &'t str,
    /// The comments of the text.
    comments: Vec<Token>,
    pub(super) open: Vec<Frame>,
    pub(super) spots: Vec<Spot>,
    pub(super) commented: bool,
    syntax: Syntax,
}

impl<'t> Frames<'t> {
    pub(super) fn new(text: &'t str, syntax: Syntax, commented: bool) -> Self {
        Self {
            text,
            comments: Vec::new(),
            open: Vec::new(),
            spots: Vec::new(),
            commented,
            syntax,
        }
    }

    /// Takes the comments, for what stands behind values.
    pub(super) fn with_comments(&mut self, comments: &[Token]) {
        self.comments = comments.to_vec();
    }

    /// The comment behind a value on its line.
    fn trail(&self, end: usize) -> Option<String> {
        let next = self.comments.partition_point(|one| one.start < end);
        let comment = self.comments.get(next)?;
        let between = self.text.get(end..comment.start)?;
        let is_near = between.len() < 128 && !between.contains('\n');
        is_near.then(|| comment.raw(self.text).trim_end().to_owned())
    }

    /// The names that lead here.
    pub(super) fn path(&self) -> Vec<String> {
        let frame = self.open.last();
        frame.map_or_else(Vec::new, |frame| frame.path.clone())
    }

    pub(super) fn push(&mut self, mut frame: Frame) {
        frame.path.retain(|name| name.len() <= LONGEST);
        let surplus = frame.path.len().saturating_sub(DEPTH);
        frame.path.drain(..surplus);
        self.open.push(frame);
    }

    /// A field of the innermost frame with its value.
    pub(super) fn field(&mut self, name: &str, at: usize, said: Option<Said>, says: Option<Title>) {
        if name.len() > LONGEST {
            return;
        }
        let names_key = written::whole_key(name).is_some_and(|key| written::is_kernels(&key.key));
        let mut path = if names_key { Vec::new() } else { self.path() };
        path.push(name.to_owned());
        // A key's own fields lead no further, unless they name a key themselves.
        let is_about = |frame: &Frame| {
            let title = frame.titles.first();
            title.is_some_and(|title| written::is_kernels(&title.written.key))
        };
        let is_own = self.open.last().is_some_and(is_about);
        let is_test = self
            .open
            .iter()
            .rev()
            .take(DEPTH)
            .any(|frame| frame.is_test);
        if let Some(written) = key_of(&path).filter(|_| names_key || !is_own)
            && let Some(said) = said.clone()
        {
            if !is_test {
                self.say(&Title { written, at }, &said);
            }
            return;
        }
        let Some(frame) = self.open.last_mut() else {
            return;
        };
        match name {
            "value" | "val" | "values" => {
                frame.value = said;
            }
            "ensure" | "state" | "action" => {
                let word = said.map(|said| said.value).unwrap_or_default();
                frame.is_gone |= ["absent", "remove", "delete", "purged"]
                    .iter()
                    .any(|gone| word.contains(gone));
            }
            _ if says.is_some() => frame.named = says,
            _ => {}
        }
    }

    /// Closes the innermost frame.
    pub(super) fn close(&mut self) {
        let last = self.open.pop();
        self.end(last);
    }

    /// What a frame that was closed is about is set if it has a value.
    pub(super) fn end(&mut self, frame: Option<Frame>) {
        let Some(frame) = frame else {
            return;
        };
        let (false, Some(said)) = (frame.is_gone || frame.is_test, &frame.value) else {
            return;
        };
        let titles = match &frame.named {
            Some(named) => std::slice::from_ref(named),
            None => &frame.titles,
        };
        for title in titles {
            self.say(title, said);
        }
    }

    pub(super) fn say(&mut self, title: &Title, said: &Said) {
        let value = said.value.as_str();
        if self.commented && !said.dynamic && !written::is_plausible(value) {
            return;
        }
        let is_quoted =
            |quote| value.len() > 1 && value.starts_with(quote) && value.ends_with(quote);
        let flaw = !said.dynamic && (is_quoted('"') || is_quoted('\''));
        self.spots.push(Spot {
            key_at: title.at,
            value_at: said.at,
            key: title.written.key.clone(),
            value: said.value.clone(),
            trail: self.trail(said.end),
            commented: self.commented,
            dynamic: said.dynamic || title.written.dynamic,
            syntax: self.syntax,
            flaw: flaw.then_some(Flaw::Quotes),
        });
    }
}

/// The key that a way of names ends with: from the first name on that is one, or from `net` on.
pub(super) fn key_of(path: &[String]) -> Option<Written> {
    let mut in_sysctl = false;
    for (at, name) in path.iter().enumerate() {
        let starts = name == "net" || written::key_at_start(name).is_some();
        if starts {
            let joined = path.get(at..)?.join(".");
            let written = written::whole_key(&joined)?;
            let counts = written::is_kernels(&written.key) || in_sysctl;
            return (counts && written.key.matches('.').count() > 1
                || written.key.ends_with("_max"))
            .then_some(written);
        }
        in_sysctl |= name.to_ascii_lowercase().contains("sysctl");
    }
    None
}
