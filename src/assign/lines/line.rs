//! What kind of line a line is: of a configuration, a comment, a command, a row of a table, a sentence.

use super::prose;
use super::script::Style;
use super::table::Table;
use crate::assign::conf;
use crate::assign::found::{Finds, Found, Source};

/// What has become of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is done with.
    Whole,
    /// It is a comment; what may be a command begins here, in bytes of the line.
    Commented(usize),
    /// A command begins here.
    CommandFrom(usize),
}

/// Whether a line is what a command before it has put out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Output {
    /// It is not.
    None,
    /// It is; a blank line may stand between the two.
    Awaited,
    /// It is.
    Begun,
}

/// Goes over lines, and remembers what the lines before tell about the next.
pub(super) struct Lines {
    style: Style,
    /// What follows is what a command has put out.
    output: Output,
    table: Table,
    /// The text has none at all.
    is_silent: bool,
}

impl Lines {
    pub(super) fn new(style: Style, text: &str) -> Self {
        Self {
            style,
            output: Output::None,
            table: Table::default(),
            is_silent: !text.contains("net"),
        }
    }

    /// Takes a line as far as it is no command.
    pub(super) fn take(
        &mut self,
        source: &Source<'_>,
        begin: usize,
        line: &str,
        finds: &mut Finds,
    ) -> Taken {
        let trimmed = line.trim_start();
        let indent = line.len() - trimmed.len();
        if trimmed.is_empty() || self.is_silent {
            if self.output != Output::Awaited {
                self.output = Output::None;
            }
            self.table = Table::default();
            return Taken::Whole;
        }
        let line = line.strip_suffix('\r').unwrap_or(line);
        let names = line.contains("net");
        let headings = matches!(self.style, Style::Mixed { headings: true, .. });
        let statement =
            || conf::statement(line).filter(|says| !self.is_pattern(says.written(line)));
        if names && let Some(says) = statement() {
            let mixed = self.style != Style::Script;
            if headings && says.commented && !is_code(line) {
                prose::line(source, begin, line, finds);
            } else if self.is_output() && !says.commented {
                self.output = Output::Begun;
            } else {
                let found = says.found(source, begin, line);
                if mixed && !says.commented && goes_on(&found) {
                    prose::line(source, begin, line, finds);
                } else {
                    finds.found.push(found);
                }
            }
            return Taken::Whole;
        }
        if !names {
            self.output = Output::None;
        }
        if self.is_output() && (trimmed.starts_with("net.") || trimmed.starts_with("net/")) {
            self.output = Output::Begun;
            return Taken::Whole;
        }
        match self.style {
            Style::Script => self.script(source, begin, line, indent, finds),
            Style::Mixed { prompts, headings } => {
                self.mixed(source, begin, line, indent, prompts, headings, finds)
            }
        }
    }

    /// Whether a value ends a pattern of `case`: `net.ipv4.tcp_sack=0) echo off ;;`.
    fn is_pattern(&self, written: &str) -> bool {
        let mut depth = 0_i32;
        let unopened = |c: char| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            depth < 0
        };
        self.style == Style::Script && written.chars().any(unopened)
    }

    fn is_output(&self) -> bool {
        self.output != Output::None
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "a line and all that is known of it"
    )]
    fn mixed(
        &mut self,
        source: &Source<'_>,
        begin: usize,
        line: &str,
        indent: usize,
        prompts: bool,
        headings: bool,
        finds: &mut Finds,
    ) -> Taken {
        let trimmed = line.get(indent..).unwrap_or_default();
        if self.table.row(source, begin, line, finds) {
            return Taken::Whole;
        }
        let marks = trimmed.len() - trimmed.trim_start_matches(['#', ';']).len();
        if marks > 0 && (!headings || is_code(line)) {
            let from = indent + marks;
            let body = line.get(from..).unwrap_or_default();
            let command = body.trim_start();
            if !is_command(command) {
                return Taken::Whole;
            }
            let from = from + body.len() - command.len();
            if prompts && marks == 1 && trimmed.starts_with("# ") {
                self.output = shows(command, true);
                return Taken::CommandFrom(from);
            }
            return Taken::Commented(from);
        }
        if trimmed.starts_with("//") || trimmed.starts_with("<!--") {
            let body = trimmed
                .trim_start_matches(['/', '<', '!', '-'])
                .trim_start();
            return if is_command(body) {
                Taken::Commented(line.len() - body.len())
            } else {
                Taken::Whole
            };
        }
        // A report of this program: what takes a change back is no advice to make it.
        if trimmed.starts_with("undo  ") && trimmed.ends_with(char::is_alphanumeric) {
            return Taken::Whole;
        }
        let from = indent + prompt(trimmed);
        let from = from + named(line.get(from..).unwrap_or_default());
        let body = line.get(from..).unwrap_or_default();
        if is_command(body) {
            self.output = shows(body, from > indent);
            return Taken::CommandFrom(from);
        }
        if line.contains("net") {
            prose::line(source, begin, line, finds);
        }
        Taken::Whole
    }
    fn script(
        &mut self,
        source: &Source<'_>,
        begin: usize,
        line: &str,
        indent: usize,
        finds: &mut Finds,
    ) -> Taken {
        let trimmed = line.get(indent..).unwrap_or_default();
        if trimmed.starts_with('#') {
            let body = trimmed.trim_start_matches(['#', ' ', '\t']);
            return if is_command(body) {
                Taken::Commented(line.len() - body.len())
            } else {
                Taken::Whole
            };
        }
        // Dockerfiles have commands as lists.
        let listed = ["CMD", "ENTRYPOINT", "RUN", "HEALTHCHECK"]
            .iter()
            .any(|word| {
                trimmed
                    .strip_prefix(word)
                    .is_some_and(|rest| rest.trim_start().starts_with('['))
            });
        if listed && trimmed.ends_with(']') {
            prose::line(source, begin, line, finds);
            return Taken::Whole;
        }
        let from = indent + shell_prompt(trimmed);
        self.output = shows(line.get(from..).unwrap_or_default(), from > indent);
        Taken::CommandFrom(from)
    }
}

/// Whether a sentence goes on behind the value: `net.ipv4.tcp_sack = 1 turns it on`.
fn goes_on(found: &Found) -> bool {
    found.flaw.is_none() && !found.dynamic && prose::before_sentence(&found.value).is_some()
}

/// What the lines behind a command are, if it shows values: one that sets them does so at a prompt, and one
/// that loads a file shows the lines of it.
fn shows(command: &str, prompted: bool) -> Output {
    let bare = command.strip_prefix("sudo ").unwrap_or(command);
    let mut words = bare.split([' ', '\t']);
    if !words.next().unwrap_or_default().ends_with("sysctl") {
        return Output::None;
    }
    let sets = command.contains('=');
    let loads = words.any(|word| matches!(word, "-p" | "--load" | "--system") || word == "-f");
    match (sets || loads, prompted) {
        (false, _) => Output::Awaited,
        (true, true) => Output::Begun,
        (true, false) if loads && !sets => Output::Begun,
        (true, false) => Output::None,
    }
}

/// How long the prompt of a shell is that a line begins with, where the line may be a command without one.
fn shell_prompt(line: &str) -> usize {
    if line.starts_with("$ ") {
        return 2;
    }
    let near = line.char_indices().nth(80).map_or(line.len(), |(at, _)| at);
    let window = line.get(..near).unwrap_or_default();
    let end = window.find("$ ").or_else(|| window.find("# "));
    let is_prompt = |lead: &str| lead.contains('@') && !lead.contains(['"', '\'', '=', ';', '|']);
    end.filter(|end| window.get(..*end).is_some_and(is_prompt))
        .map_or(0, |end| end + 2)
}

/// Whether a line of a page is set as code.
fn is_code(line: &str) -> bool {
    line.starts_with("    ") || line.starts_with('\t')
}

/// How long a prompt is that a line begins with.
fn prompt(line: &str) -> usize {
    for mark in ["$ ", "% ", "> $ ", "> ", "- ", "* "] {
        if line.starts_with(mark) {
            return mark.len();
        }
    }
    let first = line.split(' ').next().unwrap_or_default();
    if line.starts_with('[') || first.contains('@') {
        let near = line.char_indices().nth(80).map_or(line.len(), |(at, _)| at);
        let window = line.get(..near).unwrap_or_default();
        if let Some(at) = window.find("# ").or_else(|| window.find("$ ")) {
            return at + 2;
        }
    }
    0
}

/// How long the name is that a command stands behind: `command=/sbin/sysctl -w …` of supervisord.
fn named(line: &str) -> usize {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    match line.split_once('=') {
        Some((name, command))
            if !name.is_empty() && name.chars().all(is_part) && is_command(command) =>
        {
            name.len() + 1
        }
        _ => 0,
    }
}

/// Whether `# command` is a prompt in a text: nothing else in it is a command without one.
pub(super) fn has_prompts(text: &str) -> bool {
    !text.lines().any(|line| is_command(line.trim_start()))
}

/// Whether a line is a command that may set something.
pub(super) fn is_command(line: &str) -> bool {
    let mut words = line.split([' ', '\t']).filter(|word| !word.is_empty());
    let mut first = words.next().unwrap_or_default();
    while matches!(first, "sudo" | "RUN" | "doas" | "&&") {
        first = words.next().unwrap_or_default();
    }
    let name = first.rsplit('/').next().unwrap_or_default();
    let second = words.next().unwrap_or_default();
    match name {
        "sysctl" => {
            second.starts_with(['-', '"', '\'', '$'])
                || second.starts_with("net")
                || second.contains('=')
        }
        "echo" | "printf" => {
            line.contains(['>', '|'])
                || line.matches(['"', '\'']).count() % 2 == 1
                || line.ends_with('\\')
        }
        "cat" => second.starts_with(['<', '>']) || line.contains("<<"),
        "tee" => second.starts_with(['-', '/', '<']) || line.contains("<<"),
        "for" => words.next() == Some("in"),
        "sed" | "perl" => second.starts_with(['-', '\'', '"']),
        "docker" | "podman" | "nerdctl" => {
            matches!(second, "run" | "create" | "container" | "exec")
        }
        "sh" | "bash" | "su" => line.contains("-c"),
        "grep" | "test" | "[" | "modprobe" | "mkdir" | "cp" | "touch" | "ssh" | "ip"
        | "nsenter" => line.contains("&&") || line.contains("||") || line.contains("sysctl"),
        "if" | "while" => line.contains("; then") || line.contains("; do"),
        _ => false,
    }
}
