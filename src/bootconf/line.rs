//! The lines of a file, as each loader takes them apart.

use crate::fact::boot::Engine;

/// What a line says, blanks removed the loader's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Statement<'a> {
    /// `key = value`.
    Assign {
        /// As written.
        key: &'a [u8],
        /// As it goes to the kernel.
        value: &'a [u8],
        /// `-` stands before the key.
        lenient: bool,
    },
    /// `-key`.
    Exclude {
        /// As written.
        key: &'a [u8],
    },
    /// Neither: no `=`.
    Broken {
        /// The line.
        text: &'a [u8],
    },
}

/// A line of that many bytes ends the file for systemd (`LONG_LINE_MAX`, `src/basic/fileio.h`).
const LONG_LINE: usize = 1 << 20;

/// Calls `each` with the number and the content of every line that says something. The number is that
/// of an editor, which counts line feeds; the result is the number of a line too long to be read.
pub(super) fn each<'a>(
    engine: Engine,
    text: &'a [u8],
    mut each: impl FnMut(u32, Statement<'a>),
) -> Option<u32> {
    match engine {
        Engine::Systemd => {
            let mut number = 1;
            let ends = |byte: &u8| matches!(byte, b'\n' | b'\r' | 0);
            for line in text.split_inclusive(ends) {
                let (content, end) = match line.split_last() {
                    Some((end, content)) if ends(end) => (content, *end),
                    _ => (line, 0),
                };
                if content.len() >= LONG_LINE {
                    return Some(number);
                }
                if let Some(statement) = of_systemd(content) {
                    each(number, statement);
                }
                number = number.saturating_add(u32::from(end == b'\n'));
            }
        }
        Engine::Procps => {
            for (number, line) in (1..).zip(text.split(|byte| *byte == b'\n')) {
                if let Some(statement) = of_procps(line) {
                    each(number, statement);
                }
            }
        }
    }
    None
}

/// `parse_file` of systemd (`src/sysctl/sysctl.c`).
fn of_systemd(line: &[u8]) -> Option<Statement<'_>> {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    let line = trimmed(line, blank);
    if matches!(line, [] | [b'#' | b';', ..]) {
        return None;
    }
    Some(match (split(line), line) {
        (Some(([b'-', key @ ..], value)), _) => Statement::Assign {
            key: trimmed(key, blank),
            value: trimmed(value, blank),
            lenient: true,
        },
        (Some((key, value)), _) => Statement::Assign {
            key: trimmed(key, blank),
            value: trimmed(value, blank),
            lenient: false,
        },
        (None, [b'-', key @ ..]) => Statement::Exclude {
            key: trimmed(key, blank),
        },
        (None, text) => Statement::Broken { text },
    })
}

/// `parse_setting_line` of procps (`src/sysctl.c`), which sees a line as a C string with its line end.
fn of_procps(line: &[u8]) -> Option<Statement<'_>> {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
    let line = line.split(|byte| *byte == 0).next().unwrap_or_default();
    let line = start_trimmed(line, blank);
    if matches!(line, [] | [b'#' | b';', ..]) {
        return None;
    }
    Some(match (split(line), line) {
        (Some((key, value)), _) => {
            let (key, lenient) = match key {
                [b'-', key @ ..] => (key, true),
                key => (key, false),
            };
            Statement::Assign {
                key: end_trimmed(key, blank),
                value: trimmed(value, blank),
                lenient,
            }
        }
        (None, [b'-', key @ ..]) => Statement::Exclude {
            key: end_trimmed(key, blank),
        },
        (None, text) => Statement::Broken {
            text: end_trimmed(text, blank),
        },
    })
}

/// What stands before and after the first `=`.
fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = line.iter().position(|byte| *byte == b'=')?;
    Some((line.get(..at)?, line.get(at + 1..)?))
}

fn trimmed(text: &[u8], blank: fn(&u8) -> bool) -> &[u8] {
    let mut text = start_trimmed(text, blank);
    while let [rest @ .., last] = text
        && blank(last)
    {
        text = rest;
    }
    text
}

fn start_trimmed(mut text: &[u8], blank: fn(&u8) -> bool) -> &[u8] {
    while let [first, rest @ ..] = text
        && blank(first)
    {
        text = rest;
    }
    text
}

/// `rstrip` of procps, which never removes the first byte.
fn end_trimmed(text: &[u8], blank: fn(&u8) -> bool) -> &[u8] {
    match text {
        [first, rest @ ..] if blank(first) => {
            let kept = 1 + rest.len() - blanks_at_end(rest, blank);
            text.get(..kept).unwrap_or_default()
        }
        _ => trimmed(text, blank),
    }
}

fn blanks_at_end(text: &[u8], blank: fn(&u8) -> bool) -> usize {
    text.iter().rev().take_while(|byte| blank(byte)).count()
}
