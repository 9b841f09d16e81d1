//! sysctl.conf and its like.

use super::found::{Finds, Found, Source, may_name_a_key};
use super::{Assignment, FileKind, Flaw, Syntax, lines, value};
use crate::catalog;

/// Every assignment of the text.
pub(super) fn find(text: &str) -> Vec<Assignment> {
    if !may_name_a_key(text) {
        return Vec::new();
    }
    // Drop-ins of units and jobs of upstart end in `.conf` too.
    if ["\n[Service]", "\n[Unit]"]
        .iter()
        .any(|mark| text.contains(mark))
        || text.starts_with("[Service]")
    {
        return lines::find(FileKind::Unit, text);
    }
    if text.contains("\nend script") {
        return lines::find(FileKind::Shell, text);
    }
    let source = Source::plain(text, 0);
    let mut finds = Finds::default();
    for (begin, line) in source.lines() {
        if !line.contains("net") {
            continue;
        }
        match statement(line) {
            Some(says) => finds.found.push(Found {
                flaw: says.flaw(line),
                ..says.found(&source, begin, line)
            }),
            None => match unassigned(line) {
                Some(says) => finds.found.push(Found {
                    flaw: Some(Flaw::NoAssignment),
                    ..says.found(&source, begin, line)
                }),
                None => command(&source, begin, line, &mut finds),
            },
        }
    }
    finds.placed(text)
}

/// The assignments of the lines of a text that is written into such a file.
pub(super) fn content(source: &Source<'_>, found: &mut Vec<Found>) {
    for (begin, line) in source.lines() {
        if let Some(says) = statement(line) {
            found.push(says.found(source, begin, line));
        }
    }
}

/// Whether every line sets a key, is a comment, or is empty; and one sets a key of the network.
pub(super) fn is_pure(text: &str) -> bool {
    let mut named = false;
    text.lines().all(|line| {
        let line = line.trim();
        named |= statement(line).is_some();
        let before = line.split('=').next().unwrap_or_default().trim();
        line.is_empty()
            || line.starts_with(['#', ';'])
            || (line.contains('=') && before.contains(['.', '/']) && !before.contains(' '))
    }) && named
}

/// A line that sets a key, in bytes of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    /// Where the key begins.
    pub(super) key: usize,
    /// Where it ends.
    key_end: usize,
    /// Where the value begins.
    pub(super) value: usize,
    /// Where it ends.
    value_end: usize,
    /// Behind a comment mark.
    pub(super) commented: bool,
}

impl Statement {
    /// The value, in the line.
    pub(super) fn written(self, line: &str) -> &str {
        line.get(self.value..self.value_end).unwrap_or_default()
    }

    /// What a loader would trip over, in a file that it reads.
    fn flaw(self, line: &str) -> Option<Flaw> {
        flaw(self.written(line)).or_else(|| is_stray(line).then_some(Flaw::StrayCharacter))
    }

    /// The assignment with its place.
    pub(super) fn found(self, source: &Source<'_>, begin: usize, line: &str) -> Found {
        let key = line.get(self.key..self.key_end).unwrap_or_default();
        let written = self.written(line);
        Found {
            at: source.at(begin + self.key),
            value_at: source.at(begin + self.value.min(line.len().saturating_sub(1))),
            key: catalog::canonical(key).into_owned(),
            value: value::plain(written),
            trail: None,
            commented: self.commented,
            dynamic: value::is_dynamic(key)
                || value::is_dynamic(written)
                || value::is_placeholder(written),
            syntax: Syntax::Conf,
            flaw: flaw(written),
        }
    }
}

/// What a loader would trip over in a value.
fn flaw(written: &str) -> Option<Flaw> {
    let mut at = 0;
    let mut blank = false;
    while let Some(rest) = written.get(at..).filter(|rest| !rest.is_empty()) {
        let skipped = value::template(rest);
        if skipped > 0 {
            at += skipped;
            blank = false;
            continue;
        }
        let comment =
            rest.starts_with('#') || (blank && (rest.starts_with(';') || rest.starts_with("//")));
        if comment {
            return Some(Flaw::TrailingComment);
        }
        let first = rest.chars().next().unwrap_or_default();
        blank = value::is_blank(first);
        at += first.len_utf8();
    }
    written
        .contains(['"', '\''])
        .then_some(Flaw::Quotes)
        .filter(|_| {
            written.starts_with(['"', '\''])
                || (written.ends_with(['"', '\'']) && value::template(written) == 0)
        })
}

/// Whether a line holds a character that readers take for a blank, or do not see, and loaders take for a part of
/// the key or the value; in a template it may be either.
fn is_stray(line: &str) -> bool {
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let skipped = match value::template(rest) {
            0 if matches!(first, '\u{a0}' | '\u{3000}' | '\u{feff}') => return true,
            0 => first.len_utf8(),
            skipped => skipped,
        };
        rest = rest.get(skipped..).unwrap_or_default();
    }
    false
}

/// What a line sets, if nothing else stands on it: comment marks, `-`, key, `=`, value.
pub(super) fn statement(line: &str) -> Option<Statement> {
    let mut at = blanks(line, 0);
    let mut commented = false;
    loop {
        let rest = line.get(at..)?;
        let skipped = if rest.starts_with(['#', ';']) {
            commented = true;
            1
        } else if rest.starts_with("//") {
            commented = true;
            2
        } else if rest.starts_with("{%") || (rest.starts_with("<%") && !rest.starts_with("<%=")) {
            value::template(rest)
        } else if rest.starts_with("{#") {
            commented = true;
            2
        } else {
            break;
        };
        if skipped == 0 {
            return None;
        }
        at = blanks(line, at + skipped);
    }
    if line.get(at..)?.starts_with('-') {
        at += 1;
    }
    let rest = line.get(at..)?;
    if !(rest.starts_with("net.") || rest.starts_with("net/")) {
        return None;
    }
    let length = value::key_end(rest);
    let key = rest.get(..length)?;
    if key.len() <= "net.".len() {
        return None;
    }
    let equals = blanks(line, at + length);
    let after = line.get(equals..)?.strip_prefix('=')?;
    if after.starts_with(['=', '>', '~']) {
        return None;
    }
    let begin = blanks(line, equals + 1);
    Some(Statement {
        key: at,
        key_end: at + length,
        value: begin,
        value_end: value_end(line, begin),
        commented,
    })
}

/// A line that means to set a key and lacks the `=`: `net.ipv4.tcp_sack 0`, `net.ipv4.tcp_sack: 0`. Only a key
/// of the catalogue and a value it takes, at the start of a line: anything else may be a list of keys, prose, or
/// a part of another language.
fn unassigned(line: &str) -> Option<Statement> {
    let length = value::key_end(line);
    let key = line.get(..length)?.trim_end_matches(':');
    if !(key.starts_with("net.") || key.starts_with("net/")) {
        return None;
    }
    let after = line.get(key.len()..)?;
    let parted = after.starts_with(value::is_blank) || after.starts_with(':');
    let colon = usize::from(after.starts_with(':'));
    let begin = blanks(line, key.len() + colon);
    let end = value_end(line, begin);
    let written = line.get(begin..end)?;
    let spec = catalog::find(&catalog::canonical(key))?;
    let is_value = written.starts_with(|first: char| first.is_ascii_digit() || first == '-')
        && spec.parse(written).is_ok();
    (parted && is_value).then_some(Statement {
        key: 0,
        key_end: key.len(),
        value: begin,
        value_end: end,
        commented: false,
    })
}

/// Where the value ends: blanks, and the end of a block of a template behind it, are no part of it.
fn value_end(line: &str, begin: usize) -> usize {
    let mut text = line
        .get(begin..)
        .unwrap_or_default()
        .trim_end_matches(value::is_blank);
    for (open, close) in [("{%", "%}"), ("{#", "#}"), ("<%", "%>")] {
        while text.ends_with(close) {
            match text.rfind(open) {
                Some(at) if at > 0 && !text.get(at..).is_some_and(|end| end.starts_with("<%=")) => {
                    text = text
                        .get(..at)
                        .unwrap_or_default()
                        .trim_end_matches(value::is_blank);
                }
                _ => break,
            }
        }
    }
    begin + text.len()
}

fn blanks(line: &str, from: usize) -> usize {
    let rest = line.get(from..).unwrap_or_default();
    from + (rest.len()
        - rest
            .trim_start_matches(|c| value::is_blank(c) || c == '\u{feff}')
            .len())
}

/// A command where a loader expects an assignment.
fn command(source: &Source<'_>, begin: usize, line: &str, finds: &mut Finds) {
    let bare = line.trim_start_matches(|c| value::is_blank(c) || c == '#');
    let commented = line.trim_start().starts_with('#');
    let mut words = bare.split(value::is_blank);
    let mut first = words.next().unwrap_or_default();
    if first == "sudo" {
        first = words.next().unwrap_or_default();
    }
    if !matches!(first.rsplit('/').next(), Some("sysctl" | "echo")) {
        return;
    }
    let part = source.part(begin + line.len() - bare.len(), begin + line.len());
    for mut one in lines::of_commands(&part) {
        one.commented |= commented;
        one.flaw = Some(Flaw::CommandInConf);
        finds.found.push(one);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `LINE KEY=VALUE`, then `#` where commented, `~` where dynamic, `!flaw`.
    fn shown(text: &str) -> Vec<String> {
        let one = |one: &Assignment| {
            let commented = if one.commented { " #" } else { "" };
            let dynamic = if one.dynamic { " ~" } else { "" };
            let flaw = one
                .flaw
                .map_or(String::new(), |flaw| format!(" !{}", flaw.word()));
            format!(
                "{} {}={}{commented}{dynamic}{flaw}",
                one.line, one.key, one.value
            )
        };
        find(text).iter().map(one).collect()
    }

    #[test]
    fn slashes_and_dots_may_stand_in_one_file() {
        assert_eq!(
            shown(
                "net/ipv4/conf/eth0.1/rp_filter=1\n-net.ipv4.tcp_sack =\t0\r\n net.ipv4.tcp_rmem=1 2\t 3\n"
            ),
            [
                "1 net.ipv4.conf.eth0/1.rp_filter=1",
                "2 net.ipv4.tcp_sack=0",
                "3 net.ipv4.tcp_rmem=1 2 3"
            ]
        );
    }

    #[test]
    fn what_only_looks_like_a_blank_is_none_to_a_loader() {
        assert_eq!(
            shown(
                "\u{feff}net.ipv4.tcp_sack = 0\nnet.ipv4.tcp_sack =\u{a0}1\n\u{a0}net.core.rmem_max=2\n\
                 net.core.wmem_max = 3\u{3000}\nnet.ipv4.tcp_rmem = 1\u{a0}2 3\n\
                 net.core.somaxconn = {{ a\u{a0}| b }}\nnet.core.optmem_max = 1 # a\u{a0}b\n"
            ),
            [
                "1 net.ipv4.tcp_sack=0 !stray-character",
                "2 net.ipv4.tcp_sack=1 !stray-character",
                "3 net.core.rmem_max=2 !stray-character",
                "4 net.core.wmem_max=3 !stray-character",
                "5 net.ipv4.tcp_rmem=1 2 3 !stray-character",
                "6 net.core.somaxconn={{ a | b }} ~",
                "7 net.core.optmem_max=1 # a b !trailing-comment",
            ]
        );
    }

    #[test]
    fn what_a_loader_takes_into_the_value_is_a_flaw() {
        assert_eq!(
            shown(
                "net.core.somaxconn = 1024 # more\nnet.core.rmem_max=1#x\nnet.ipv4.tcp_rmem = \"1 2 3\"\n\
                 net.core.wmem_max = 1 ; x\nnet.core.optmem_max = 1 // x\n"
            ),
            [
                "1 net.core.somaxconn=1024 # more !trailing-comment",
                "2 net.core.rmem_max=1#x !trailing-comment",
                "3 net.ipv4.tcp_rmem=\"1 2 3\" !quotes",
                "4 net.core.wmem_max=1 ; x !trailing-comment",
                "5 net.core.optmem_max=1 // x !trailing-comment",
            ]
        );
    }

    #[test]
    fn commands_in_a_configuration_set_nothing() {
        assert_eq!(
            shown(
                "sysctl -w net.core.somaxconn=8\n# sysctl -w net.core.rmem_max=8\necho 1 > /proc/sys/net/ipv4/tcp_sack\n"
            ),
            [
                "1 net.core.somaxconn=8 !command-in-conf",
                "2 net.core.rmem_max=8 # !command-in-conf",
                "3 net.ipv4.tcp_sack=1 !command-in-conf",
            ]
        );
    }

    #[test]
    fn a_key_and_its_value_without_an_equals_sign_set_nothing() {
        assert_eq!(
            shown("net.ipv4.tcp_sack 0\nnet.core.somaxconn: 5\nnet.ipv4.tcp_rmem\t1 2 3\n"),
            [
                "1 net.ipv4.tcp_sack=0 !no-assignment",
                "2 net.core.somaxconn=5 !no-assignment",
                "3 net.ipv4.tcp_rmem=1 2 3 !no-assignment",
            ]
        );
    }

    #[test]
    fn templates_are_dynamic() {
        assert_eq!(
            shown(
                "net.core.somaxconn = {{ sysctl['net.core.somaxconn'] | default(\"1#2\") }}\n\
                 net.ipv4.conf.{{ dev }}.rp_filter = 0\n{% if x %}net.ipv4.tcp_sack = 1{% endif %}\n\
                 net.core.rmem_max = <%= @max %>\nnet.core.wmem_max = ${MAX}\n{{ key }} = 1\n"
            ),
            [
                "1 net.core.somaxconn={{ sysctl['net.core.somaxconn'] | default(\"1#2\") }} ~",
                "2 net.ipv4.conf.{{ dev }}.rp_filter=0 ~",
                "3 net.ipv4.tcp_sack=1",
                "4 net.core.rmem_max=<%= @max %> ~",
                "5 net.core.wmem_max=${MAX} ~",
            ]
        );
    }

    #[test]
    fn comments_with_other_words_before_the_key_are_comments() {
        assert_eq!(
            shown(
                "#net.core.somaxconn = 8\n; net.core.rmem_max=1\n## # net.core.wmem_max=1\n# set net.ipv4.x = 1\n"
            ),
            [
                "1 net.core.somaxconn=8 #",
                "2 net.core.rmem_max=1 #",
                "3 net.core.wmem_max=1 #"
            ]
        );
    }

    #[test]
    fn lines_without_an_assignment_are_none() {
        for text in [
            "net.core.somaxconn",
            "net.core.somaxconn many",
            "net.core.somaxconn: {",
            "net.core.somaxconn 8 is too low",
            "  net.core.somaxconn: 8",
            "# net.core.somaxconn 8",
            "net.unknown.key 8",
            "net. = 1",
            "kernel.x = net.y",
            "-net.ipv4.x",
            "net.x == 1",
        ] {
            assert_eq!(shown(text), [""; 0], "{text}");
        }
    }
}
