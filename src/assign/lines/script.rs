//! Scripts: command after command, with the variables, loops and groups around them.

use std::collections::HashSet;

use super::variables::Variables;
use super::words::{Command, End, Word, Words};
use super::{manifest, sed, sysctl, write};
use crate::assign::found::{Finds, Found, Source};
use crate::assign::{Syntax, conf};
use crate::catalog;

/// How a text is to be taken that is not surely a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// Every line is a command.
    Script,
    /// A line may be a command, a line of a configuration, or a sentence.
    Mixed {
        /// `# command` is a prompt, not a comment.
        prompts: bool,
        /// `#` begins a heading, not a comment.
        headings: bool,
    },
}

/// Scripts in scripts are read so deep.
pub(super) const DEEP: usize = 4;

/// A group whose output goes somewhere together: `{ … }`, `( … )`, `do … done`.
#[derive(Default)]
struct Group {
    /// What is written to its output.
    written: Vec<Found>,
    /// Read by a command: `<( … )`.
    is_read: bool,
    /// Ended by `)`.
    round: bool,
}

/// Reads a script.
pub(super) struct Script<'f> {
    pub(super) finds: &'f mut Finds,
    pub(super) variables: Variables,
    pub(super) depth: usize,
    groups: Vec<Group>,
    functions: HashSet<String>,
}

/// Groups stand in groups so deep; what is deeper is taken as one.
const GROUPS: usize = 64;

impl<'f> Script<'f> {
    pub(super) fn new(finds: &'f mut Finds, depth: usize) -> Self {
        Self {
            finds,
            variables: Variables::default(),
            depth,
            groups: Vec::new(),
            functions: HashSet::new(),
        }
    }

    /// Reads a text to its end.
    pub(super) fn read(&mut self, source: &Source<'_>, style: Style) {
        let mut words = Words::new(source);
        let mut lines = super::line::Lines::new(style, &source.text);
        loop {
            if let Some(line) = words.line() {
                let begin = words.place();
                match lines.take(source, begin, line, self.finds) {
                    super::line::Taken::Whole => {
                        words.skip_line();
                        if words.place() >= source.text.len() {
                            break;
                        }
                        continue;
                    }
                    super::line::Taken::Commented(from) => {
                        self.commented(&source.part(begin + from, begin + line.len()));
                        words.skip_line();
                        if words.place() >= source.text.len() {
                            break;
                        }
                        continue;
                    }
                    super::line::Taken::CommandFrom(from) => words.skip_to(begin + from),
                }
            }
            let mut pipeline: Vec<Command> = Vec::new();
            let end = loop {
                let command = words.command();
                let end = command.end;
                let is_empty = command.words.is_empty() && command.redirects.is_empty();
                let goes_on = is_empty && !pipeline.is_empty() && end == End::Next;
                if !goes_on {
                    pipeline.push(command);
                } else if words.line().is_none() {
                    break end;
                }
                if end != End::Pipe && !goes_on {
                    break end;
                }
            };
            self.pipeline(source, &pipeline);
            match end {
                End::Open => {
                    let before = source
                        .text
                        .get(..words.place().saturating_sub(1))
                        .unwrap_or_default();
                    self.open(Group {
                        is_read: before.ends_with(['<', '>']),
                        round: true,
                        ..Group::default()
                    });
                    if let Some(word) = pipeline.last().and_then(|command| command.words.last()) {
                        self.functions.insert(word.text().to_owned());
                    }
                }
                End::Close => {
                    if self.groups.last().is_some_and(|group| group.round) {
                        // What follows on the line tells where the output goes.
                        let mut behind: Vec<Command> = Vec::new();
                        let mut end = End::Pipe;
                        while end == End::Pipe {
                            let command = words.command();
                            end = command.end;
                            behind.push(command);
                        }
                        self.close(&behind);
                        let opens = end == End::Open;
                        if let Some(rest) = behind.get(1..).filter(|rest| !rest.is_empty()) {
                            self.pipeline(source, rest);
                        }
                        if behind.first().is_some_and(|first| !first.words.is_empty()) {
                            self.pipeline(source, behind.get(..1).unwrap_or_default());
                        }
                        if opens {
                            self.open(Group {
                                round: true,
                                ..Group::default()
                            });
                        }
                        if end == End::Text {
                            break;
                        }
                    }
                }
                End::Text => break,
                End::Next | End::Pipe => {}
            }
        }
        self.groups.clear();
    }

    /// A comment that may be a command.
    fn commented(&mut self, source: &Source<'_>) {
        if self.depth >= DEEP || !source.text.contains("net") {
            return;
        }
        let mut finds = Finds::default();
        let mut script = Script::new(&mut finds, self.depth + 1);
        let mut words = Words::new(source);
        let mut pipeline = Vec::new();
        loop {
            let command = words.command();
            let end = command.end;
            pipeline.push(command);
            if end != End::Pipe {
                break;
            }
        }
        script.pipeline(source, &pipeline);
        for mut one in finds.found {
            one.commented = true;
            self.finds.found.push(one);
        }
    }

    fn open(&mut self, group: Group) {
        if self.groups.len() < GROUPS {
            self.groups.push(group);
        }
    }

    /// Ends the innermost group; the commands behind it tell where its output goes.
    fn close(&mut self, behind: &[Command]) {
        let Some(group) = self.groups.pop() else {
            return;
        };
        let kept = group.is_read || write::is_kept(behind);
        if kept {
            self.finds.found.extend(group.written);
        } else if let Some(around) = self.groups.last_mut() {
            around.written.extend(group.written);
        }
    }

    /// Commands whose output goes into each other.
    fn pipeline(&mut self, source: &Source<'_>, commands: &[Command]) {
        for command in commands {
            self.inner(source, command);
        }
        let mut kept: Vec<Found> = Vec::new();
        for command in commands {
            self.command(command, &mut kept);
        }
        let mut written = Vec::new();
        let place = write::pipeline(source, commands, &mut written, self);
        match place {
            write::Place::File => kept.extend(written),
            write::Place::Output => {
                if let Some(group) = self.groups.last_mut() {
                    group.written.extend(written);
                }
            }
            write::Place::Nowhere => {}
        }
        self.finds.found.extend(kept);
    }

    /// Scripts within the words of a command.
    fn inner(&mut self, source: &Source<'_>, command: &Command) {
        if self.depth >= DEEP {
            return;
        }
        for word in &command.words {
            manifest::find(word, self.depth, &mut self.finds.found);
            for (from, to) in &word.commands {
                let part = source.part(*from, *to);
                if part.text.contains("net") {
                    Script::new(self.finds, self.depth + 1).read(&part, Style::Script);
                }
            }
        }
        let words = plain_words(command);
        let Some(name) = words.first().map(Word::name) else {
            return;
        };
        let runs_rest = matches!(
            name,
            "eval" | "ssh" | "watch" | "pdsh" | "su" | "runuser" | "ansible"
        );
        let mut after_c = runs_rest;
        for word in words {
            let text = word.text();
            if after_c && word.quoted && text.contains([' ', '\n']) && text.contains("net") {
                let inner = word.source.part(0, text.len());
                Script::new(self.finds, self.depth + 1).read(&inner, Style::Script);
            }
            after_c |= text.starts_with('-') && !text.starts_with("--") && text.ends_with('c');
        }
    }

    /// A command on its own: `sysctl`, `sed`, assignments of variables, functions.
    fn command(&mut self, command: &Command, found: &mut Vec<Found>) {
        let mut words = command.words.as_slice();
        while let Some((first, rest)) = words.split_first() {
            match first.text() {
                "{" | "do" => self.open(Group::default()),
                "}" | "done" => {
                    if self.groups.last().is_some_and(|group| !group.round) {
                        self.close(std::slice::from_ref(command));
                    }
                }
                "then" | "else" | "if" | "elif" | "while" | "until" | "!" | "time" | "sudo"
                | "RUN" => {}
                "for" => {
                    if let [name, keyword, list @ ..] = rest
                        && keyword.text() == "in"
                    {
                        self.variables.set_list(name.text(), list);
                        for word in list {
                            sysctl::whole(word, found);
                        }
                    }
                    return;
                }
                _ => break,
            }
            words = rest;
        }
        self.named(words, found);
    }

    fn named(&mut self, words: &[Word], found: &mut Vec<Found>) {
        let (assigned, rest) = self.assignments(words, found);
        if assigned && rest.is_empty() {
            return;
        }
        let Some(first) = rest.first() else { return };
        let name = first.name();
        let arguments = rest.get(1..).unwrap_or_default();
        if write::is_producer(name) || is_reader(name) {
            return;
        }
        match name {
            "cd" | "pushd" => {
                let folder = arguments
                    .first()
                    .map(|word| word.text().trim_end_matches('/').to_owned());
                self.variables.folder = folder.filter(|folder| folder.starts_with("/proc/sys/net"));
                return;
            }
            "sed" | "perl" | "gsed" => return sed::arguments(arguments, found),
            _ => {}
        }
        if let Some(at) = rest.iter().position(|word| word.name() == "sed") {
            return sed::arguments(rest.get(at + 1..).unwrap_or_default(), found);
        }
        if let Some(at) = rest.iter().position(|word| word.name() == "sysctl") {
            let behind = rest.get(at + 1..).unwrap_or_default();
            return sysctl::arguments(behind, &self.variables, found);
        }
        sysctl::options(arguments, &self.variables, found);
        self.function(name, arguments, found);
    }

    /// `NAME=value` before a command or on its own, `export NAME=value`, `NAME=(…)`.
    fn assignments<'w>(&mut self, words: &'w [Word], found: &mut Vec<Found>) -> (bool, &'w [Word]) {
        let mut rest = words;
        let mut assigned = false;
        while let Some((first, after)) = rest.split_first() {
            let text = first.text();
            if matches!(
                text,
                "export" | "local" | "readonly" | "declare" | "typeset" | "env" | "ENV"
            ) || (assigned && text.starts_with('-'))
            {
                assigned = true;
                rest = after;
                continue;
            }
            let Some((name, value)) = text.split_once('=') else {
                break;
            };
            let bare = name.strip_suffix('+').unwrap_or(name);
            if bare.is_empty() {
                break;
            }
            if !bare.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                // `TABLE[net.core.x]=1`
                if bare.contains('[') && sysctl::whole(first, found) {
                    assigned = true;
                    rest = after;
                    continue;
                }
                break;
            }
            assigned = true;
            rest = after;
            if !first.list.is_empty() {
                self.variables.set_list(bare, &first.list);
                for word in &first.list {
                    sysctl::whole(word, found);
                }
                continue;
            }
            self.variables.set(bare, value);
            let begin = text.len() - value.len();
            if conf::is_pure(value) || conf::is_pure(&value.replace("\\n", "\n")) {
                let part = first.source.part(begin, text.len());
                conf::content(&super::words::unescaped(&part), found);
            }
        }
        (assigned, rest)
    }

    /// A function that takes a path or a key, and a value.
    fn function(&self, name: &str, arguments: &[Word], found: &mut Vec<Found>) {
        let known = self.functions.contains(name);
        if !known && is_message(name) {
            return;
        }
        for (at, word) in arguments.iter().enumerate() {
            if sysctl::whole(word, found) {
                continue;
            }
            let text = word.text();
            let Some(key) =
                sysctl::key_of(text).filter(|key| key.start == 0 && key.end == text.len())
            else {
                continue;
            };
            let after = arguments.get(at + 1).filter(|value| is_value(value));
            let before = at
                .checked_sub(1)
                .and_then(|at| arguments.get(at))
                .filter(|value| is_value(value));
            let Some(value) = after.or(before.filter(|_| arguments.len() == 2)) else {
                continue;
            };
            let written = crate::assign::value::plain(value.text());
            found.push(Found {
                at: word.source.at(0),
                value_at: value.source.at(0),
                key: catalog::canonical(text.get(key.start..key.end).unwrap_or_default())
                    .into_owned(),
                trail: None,
                commented: false,
                dynamic: crate::assign::value::is_dynamic(&written)
                    || crate::assign::value::is_dynamic(text),
                value: written,
                syntax: if text.starts_with('/') {
                    Syntax::ProcWrite
                } else {
                    Syntax::Command
                },
                flaw: None,
            });
        }
    }
}

/// The words of a command without what only says how to run it.
fn plain_words(command: &Command) -> &[Word] {
    let mut words = command.words.as_slice();
    while let Some((first, rest)) = words.split_first() {
        match first.text() {
            "sudo" | "then" | "do" | "else" | "if" | "!" | "{" | "time" | "exec" | "RUN"
            | "nohup" => words = rest,
            _ => break,
        }
    }
    words
}

/// A word that may be the value of a key: a number, several, a variable, a plain name.
fn is_value(word: &Word) -> bool {
    let text = word.text();
    let first = text.chars().next();
    first.is_some_and(|c| c.is_ascii_digit() || c == '$')
        || (first == Some('-')
            && text.len() > 1
            && text.bytes().skip(1).all(|byte| byte.is_ascii_digit()))
        || matches!(
            text,
            "bbr" | "cubic" | "reno" | "htcp" | "fq" | "fq_codel" | "cake" | "pfifo_fast"
        )
}

/// Commands that only look at what they are given.
fn is_reader(name: &str) -> bool {
    matches!(
        name,
        "grep"
            | "egrep"
            | "fgrep"
            | "rg"
            | "["
            | "[["
            | "test"
            | "man"
            | "which"
            | "ls"
            | "stat"
            | "awk"
            | "cmp"
            | "diff"
            | "head"
            | "tail"
            | "cp"
            | "mv"
            | "rm"
            | "chmod"
            | "chown"
            | "case"
            | "vi"
            | "vim"
            | "nano"
            | "less"
            | "more"
            | "read"
            | "mount"
            | "umount"
            | "apropos"
            | "type"
            | "wc"
            | "find"
            | "touch"
    )
}

/// Commands and functions that only tell.
fn is_message(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [
        "log", "info", "warn", "err", "die", "fail", "msg", "message", "print", "say", "abort",
        "notice", "debug", "usage", "assert", "check", "expect", "verify", "show", "get", "read",
        "test", "yellow", "green", "red", "blue", "colo",
    ]
    .iter()
    .any(|word| name.contains(word))
        && !name.contains("set")
        && !name.contains("write")
}
