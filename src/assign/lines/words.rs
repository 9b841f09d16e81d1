//! The words of a shell: quotes, escapes, variables, redirections, heredocs.

use crate::assign::found::Source;
use crate::assign::value;

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
        let from = match self.resume {
            Some(resume) => resume,
            None => {
                let Some(next) = self.next_line() else {
                    // Without a line below, none of those that follow has a text either.
                    self.endless = ENDLESS;
                    return None;
                };
                next
            }
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

    /// The next word; empty where none begins.
    fn word(&mut self) -> Word {
        let mut word = Word::default();
        loop {
            let rest = self.rest();
            let Some(first) = rest.as_bytes().first() else {
                return word;
            };
            match first {
                b'<' if rest.starts_with("<%") => self.expansion(&mut word),
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b')' => {
                    return word;
                }
                b'(' => {
                    if word.text().ends_with('=') && !word.quoted && self.depth < DEEP {
                        self.depth += 1;
                        self.list(&mut word);
                        self.depth -= 1;
                    }
                    return word;
                }
                b'\'' | b'"' => self.quoted(&mut word, *first == b'"'),
                b'\\' => {
                    let skipped = line_end(rest, 1);
                    self.at += 1 + skipped;
                    if skipped == 0 {
                        let escaped = self.rest().chars().next().map_or(0, char::len_utf8);
                        // `\n` without quotes: meant for `echo -e` or `printf`, and lost.
                        self.take(&mut word, escaped);
                    }
                }
                b'$' if rest.starts_with("$'") => self.ansi(&mut word),
                b'$' | b'`' | b'{' | b'%' => self.expansion(&mut word),
                _ => {
                    let ends = |c: char| " \t\r\n;&|<>()'\"\\$`{%".contains(c);
                    let length = rest.find(ends).unwrap_or(rest.len()).max(1);
                    self.take(&mut word, length);
                }
            }
        }
    }

    /// So many bytes of the text into the word.
    fn take(&mut self, word: &mut Word, length: usize) {
        let taken = self.rest().get(..length).unwrap_or_default();
        word.source.push(taken, self.source.at(self.at));
        self.at += length;
    }

    /// A variable, a template, or the mark for itself.
    fn expansion(&mut self, word: &mut Word) {
        let rest = self.rest();
        let length = if rest.starts_with("$(") {
            self.ended("$(", command_end)
        } else if rest.starts_with('`') {
            self.ended("`", |rest| rest.get(1..)?.find('`').map(|end| end + 2))
        } else {
            value::template(rest)
        };
        if length == 0 {
            self.take(word, rest.chars().next().map_or(1, char::len_utf8));
            return;
        }
        if rest.starts_with("$(") {
            word.commands.push((self.at + 2, self.at + length - 1));
        } else if rest.starts_with('`') {
            word.commands.push((self.at + 1, self.at + length - 1));
        }
        self.take(word, length);
    }

    /// How long something is that has an end; 0 where it has none, which is found out once.
    fn ended(&mut self, mark: &'static str, length: fn(&str) -> Option<usize>) -> usize {
        if self.unended.contains(&mark) {
            return 0;
        }
        length(self.rest()).unwrap_or_else(|| {
            self.unended.push(mark);
            0
        })
    }

    /// How long a text in `"` is; 0 where nothing ends it.
    fn double_end(&mut self) -> usize {
        let marks = ["$(", "\""];
        let [commands, quotes] = marks.map(|mark| !self.unended.contains(&mark));
        if !quotes {
            return 0;
        }
        let (end, ended) = double_end(self.rest(), commands);
        if !ended && commands {
            self.unended.push("$(");
        }
        end.unwrap_or_else(|| {
            self.unended.push("\"");
            0
        })
    }

    fn quoted(&mut self, word: &mut Word, double: bool) {
        let mark = if double { "\"" } else { "'" };
        let length = if double {
            self.double_end()
        } else {
            self.ended(mark, single_end)
        };
        if length == 0 {
            self.take(word, 1);
            return;
        }
        word.quoted = true;
        let end = self.at + length - 1;
        self.at += 1;
        if !double {
            self.take(word, end - self.at);
            self.at += 1;
            return;
        }
        while self.at < end {
            let rest = self.rest();
            let within = rest.get(..end - self.at).unwrap_or_default();
            let plain = within.find(['\\', '$', '`']).unwrap_or(within.len());
            if plain > 0 {
                self.take(word, plain);
                continue;
            }
            if within.starts_with('\\') {
                match (line_end(rest, 1), rest.as_bytes().get(1)) {
                    (0, Some(b'$' | b'`' | b'"' | b'\\')) => {
                        self.at += 1;
                        self.take(word, 1);
                    }
                    (0, _) => self.take(word, 1),
                    (skipped, _) => self.at += 1 + skipped,
                }
            } else {
                self.expansion(word);
            }
        }
        self.at = end + 1;
    }

    /// `$'a\nb'`.
    fn ansi(&mut self, word: &mut Word) {
        self.at += 1;
        let length = self.ended("$'", |rest| {
            let mut escaped = false;
            let end = rest.bytes().skip(1).position(|byte| {
                let ends = byte == b'\'' && !escaped;
                escaped = byte == b'\\' && !escaped;
                ends
            })?;
            Some(end + 2)
        });
        if length == 0 {
            self.take(word, 1);
            return;
        }
        word.quoted = true;
        let end = self.at + length - 1;
        self.at += 1;
        let inner = self.source.part(self.at, end);
        word.source.append(&unescaped(&inner));
        self.at = end + 1;
    }

    /// `(a b c)`
    fn list(&mut self, word: &mut Word) {
        self.at += 1;
        loop {
            let rest = self.rest();
            let Some(first) = rest.as_bytes().first() else {
                return;
            };
            match first {
                b')' => {
                    self.at += 1;
                    return;
                }
                b'#' => self.at += memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len()),
                _ => {
                    let before = self.at;
                    let element = self.word();
                    if self.at == before {
                        self.at += 1;
                    } else {
                        word.list.push(element);
                    }
                }
            }
        }
    }
}

/// `\n` and `\t` as `echo -e` and `printf` write them.
pub(super) fn unescaped(source: &Source<'_>) -> Source<'static> {
    let mut made = Source::default();
    let text: &str = &source.text;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let plain = memchr::memchr(b'\\', rest.as_bytes()).unwrap_or(rest.len());
        if plain > 0 {
            // Piece by piece, for the places may jump in between.
            let part = source.part(at, at + plain);
            made.append(&part);
            at += plain;
            continue;
        }
        let (written, length) = match rest.as_bytes().get(1) {
            Some(b'n') => ("\n", 2),
            Some(b't') => ("\t", 2),
            Some(b'"') => ("\"", 2),
            Some(b'\'') => ("'", 2),
            Some(b'\\') => ("\\", 2),
            Some(b'\n') => ("", 2),
            _ => ("\\", 1),
        };
        if written == "\\" && rest.starts_with("\\\\n") {
            // `\\n` between quotes.
            made.push("\n", source.at(at));
            at += 3;
            continue;
        }
        made.push(written, source.at(at));
        at += length;
    }
    made
}

/// How long the line end is that stands here.
fn line_end(rest: &str, at: usize) -> usize {
    match rest.get(at..) {
        Some(end) if end.starts_with('\n') => 1,
        Some(end) if end.starts_with("\r\n") => 2,
        _ => 0,
    }
}

fn single_end(rest: &str) -> Option<usize> {
    rest.get(1..)?.find('\'').map(|end| end + 2)
}

/// Where a text in `"` ends, commands in it passed over; and whether all of these ended.
fn double_end(rest: &str, commands: bool) -> (Option<usize>, bool) {
    let bytes = rest.as_bytes();
    let mut at = 1;
    let mut ended = commands;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return (Some(at + 1), ended),
            b'\\' => at += 2,
            b'$' if ended && bytes.get(at + 1) == Some(&b'(') => {
                // Quotes within a command are not the end of these.
                let length = rest.get(at..).and_then(command_end);
                ended = length.is_some();
                at += length.unwrap_or(1);
            }
            _ => at += 1,
        }
    }
    (None, ended)
}

/// The end of `$(…)`.
fn command_end(rest: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut escaped = false;
    for (at, byte) in rest.bytes().enumerate() {
        if escaped {
            escaped = false;
            continue;
        }
        match (byte, quote) {
            (b'\\', Some(b'"') | None) => escaped = true,
            (b'\'' | b'"', None) => quote = Some(byte),
            (mark, Some(open)) if mark == open => quote = None,
            (b'(', None) => depth += 1,
            (b')', None) => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}
