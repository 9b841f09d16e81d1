//! The words of a shell: quotes, escapes, variables, redirections, heredocs.

mod end;
mod escape;
mod word;

use crate::assign::found::Source;

use end::line_end;
pub(super) use escape::unescaped;

/// A word without its quotes.
#[derive(Clone, Debug, Default)]
pub(super) struct Word {
    /// Its text, with the places in the file.
    pub(super) source: Source<'static>,
    /// A part of it stood in quotes.
    pub(super) quoted: bool,
    /// The words of `NAME=(…)`.
    pub(super) list: Vec<Word>,
    /// Commands within it, in bytes of the text it was read from.
    pub(super) commands: Vec<(usize, usize)>,
}

impl Word {
    /// Its text.
    pub(super) fn text(&self) -> &str {
        &self.source.text
    }

    /// The last part of a path, of a command its name.
    pub(super) fn name(&self) -> &str {
        self.text().rsplit('/').next().unwrap_or_default()
    }
}

/// `> file`, `<<< word`.
#[derive(Clone, Debug)]
pub(super) struct Redirect {
    /// Without the number of a file: `>`, `>>`, `<`, `<<<`.
    pub(super) operator: &'static str,
    /// What stands behind it.
    pub(super) target: Word,
}

/// What ends a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// A line end, `;`, `&&`, `||`, `&`.
    Next,
    /// `|`.
    Pipe,
    /// `(`.
    Open,
    /// `)`.
    Close,
    /// The end of the text.
    Text,
}

/// A command with all that stands on its line.
#[derive(Clone, Debug)]
pub(super) struct Command {
    /// Its words.
    pub(super) words: Vec<Word>,
    /// Where its output goes.
    pub(super) redirects: Vec<Redirect>,
    /// The texts of its heredocs, in bytes of the text.
    pub(super) bodies: Vec<(usize, usize)>,
    /// What ends it.
    pub(super) end: End,
}

/// Reads commands one after the other. Never fails: what is not ended is taken as it stands.
pub(super) struct Words<'s> {
    source: &'s Source<'s>,
    at: usize,
    /// Where the next line is read from, if texts of heredocs stand in between.
    resume: Option<usize>,
    /// Marks that nothing ends any more; looked for once.
    unended: Vec<&'static str>,
    /// Heredocs without an end.
    endless: usize,
    /// How deep lists stand in lists.
    depth: usize,
}

/// So deep.
const DEEP: usize = 4;

/// So many heredocs without an end, and no more is looked for.
const ENDLESS: usize = 16;

/// The operators that send output somewhere, longest first.
const REDIRECTS: [(&str, &str); 10] = [
    ("<<<", "<<<"),
    ("&>>", ">>"),
    ("<<-", "<<"),
    ("<<~", "<<"),
    ("<<", "<<"),
    ("&>", ">"),
    (">>", ">>"),
    (">|", ">"),
    (">", ">"),
    ("<", "<"),
];

impl<'s> Words<'s> {
    pub(super) fn new(source: &'s Source<'s>) -> Self {
        Self {
            source,
            at: 0,
            resume: None,
            unended: Vec::new(),
            endless: 0,
            depth: 0,
        }
    }

    /// Where the next command is read from.
    pub(super) fn place(&self) -> usize {
        self.at
    }

    /// The rest of the line from here, if nothing but blanks stands before it.
    pub(super) fn line(&self) -> Option<&'s str> {
        let text: &'s str = &self.source.text;
        let before = text.get(..self.at)?;
        if !(before.is_empty() || before.ends_with('\n')) {
            return None;
        }
        let rest = text.get(self.at..)?;
        let end = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
        rest.get(..end)
    }

    /// Goes on with the next line.
    pub(super) fn skip_line(&mut self) {
        let rest = self.rest();
        match memchr::memchr(b'\n', rest.as_bytes()) {
            Some(end) => self.end_line(self.at + end),
            None => self.at += rest.len(),
        }
    }

    /// Goes on from a place further on.
    pub(super) fn skip_to(&mut self, at: usize) {
        self.at = at;
    }

    fn rest(&self) -> &'s str {
        let text: &'s str = &self.source.text;
        text.get(self.at..).unwrap_or_default()
    }

    /// Behind a line end, and behind the heredocs that follow it.
    fn end_line(&mut self, end: usize) {
        self.at = match self.resume {
            Some(resume) if resume > end => {
                self.resume = None;
                resume
            }
            _ => end + 1,
        };
    }

    /// The next command; its end tells whether there is another.
    pub(super) fn command(&mut self) -> Command {
        let mut command = Command {
            words: Vec::new(),
            redirects: Vec::new(),
            bodies: Vec::new(),
            end: End::Text,
        };
        loop {
            let rest = self.rest();
            let Some(first) = rest.as_bytes().first() else {
                return command;
            };
            let (length, end) = match first {
                b' ' | b'\t' | b'\r' => {
                    self.at += 1;
                    continue;
                }
                b'\\' if line_end(rest, 1) > 0 => {
                    self.at += 1 + line_end(rest, 1);
                    continue;
                }
                b'#' => {
                    let end = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
                    self.at += end;
                    continue;
                }
                b'\n' => {
                    self.end_line(self.at);
                    command.end = End::Next;
                    return command;
                }
                b';' => (1, End::Next),
                b'|' if rest.starts_with("||") => (2, End::Next),
                b'|' => (1 + usize::from(rest.starts_with("|&")), End::Pipe),
                b'&' if rest.starts_with("&&") => (2, End::Next),
                b'&' if !rest.starts_with("&>") => (1, End::Next),
                b'(' => (1, End::Open),
                b')' => (1, End::Close),
                b'>' | b'<' | b'&' if !rest.starts_with("<%") => {
                    self.redirect(&mut command);
                    continue;
                }
                _ => {
                    let before = self.at;
                    let word = self.word();
                    if self.at == before {
                        self.at += rest.chars().next().map_or(1, char::len_utf8);
                    }
                    let is_number = word.text().parse::<u8>().is_ok() && !word.quoted;
                    if is_number && self.rest().starts_with(['>', '<']) {
                        self.redirect_of(&mut command, word.text() == "1");
                    } else {
                        command.words.push(word);
                    }
                    continue;
                }
            };
            self.at += length;
            command.end = end;
            return command;
        }
    }

    fn redirect(&mut self, command: &mut Command) {
        self.redirect_of(command, true);
    }

    /// An operator and what stands behind it; kept if it is of the standard output or input.
    fn redirect_of(&mut self, command: &mut Command, kept: bool) {
        let rest = self.rest();
        let Some((written, operator)) = REDIRECTS
            .iter()
            .find(|(written, _)| rest.starts_with(written))
        else {
            self.at += 1;
            return;
        };
        self.at += written.len();
        if self.rest().starts_with('&') {
            // `>&2`
            self.at += 1;
            self.word();
            return;
        }
        if self.rest().starts_with('(') {
            // `<(…)`: what stands in it is read as a command.
            return;
        }
        self.at += self.rest().len() - self.rest().trim_start_matches([' ', '\t']).len();
        let target = self.word();
        if *operator == "<<" {
            if let Some(body) = self.body(target.text(), written.len() > 2) {
                command.bodies.push(body);
            }
        } else if kept {
            command.redirects.push(Redirect { operator, target });
        }
    }

    /// Where the line below begins, for a line that may go on behind `\\`.
    fn next_line(&self) -> Option<usize> {
        let mut at = self.at;
        loop {
            let rest = self.source.text.get(at..)?;
            let line = memchr::memchr(b'\n', rest.as_bytes())?;
            at += line + 1;
            if !rest.get(..line)?.trim_end_matches('\r').ends_with('\\') {
                return Some(at);
            }
        }
    }

    /// The text of a heredoc, which begins on the line below.
    fn body(&mut self, end: &str, indented: bool) -> Option<(usize, usize)> {
        if end.is_empty() || self.endless >= ENDLESS {
            return None;
        }
        let text: &'s str = &self.source.text;
        let from = if let Some(resume) = self.resume {
            resume
        } else if let Some(next) = self.next_line() {
            next
        } else {
            // Without a line below, none of those that follow has a text either.
            self.endless = ENDLESS;
            return None;
        };
        let mut at = from;
        for line in text.get(from..)?.split_inclusive('\n') {
            let bare = line.trim_end_matches(['\n', '\r']);
            let bare = if indented { bare.trim_start() } else { bare };
            // Embedded scripts are often indented as a whole.
            if bare == end || (bare.trim() == end) {
                self.resume = Some(at + line.len());
                return Some((from, at));
            }
            at += line.len();
        }
        self.endless += 1;
        None
    }
}
