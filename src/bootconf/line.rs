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

/// A line of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// The number an editor shows, which counts line feeds.
    pub(super) number: u32,
    /// What it says.
    pub(super) says: Statement<'a>,
    /// It stands behind a line too long, where the loader has given up.
    pub(super) lost: bool,
}

/// Calls `each` with every line that says something. The result is the number of the first line too
/// long to be read.
pub(super) fn each<'a>(
    engine: Engine,
    text: &'a [u8],
    mut each: impl FnMut(Line<'a>),
) -> Option<u32> {
    let mut too_long = None;
    let mut number: u32 = 1;
    let ends: fn(&u8) -> bool = match engine {
        Engine::Systemd => |byte| matches!(byte, b'\n' | b'\r' | 0),
        Engine::Procps => |byte| *byte == b'\n',
    };
    for line in text.split_inclusive(ends) {
        let (content, end) = match line.split_last() {
            Some((end, content)) if ends(end) => (content, *end),
            _ => (line, 0),
        };
        let says = match engine {
            Engine::Systemd => of_systemd(content),
            Engine::Procps => of_procps(content),
        };
        if engine == Engine::Systemd && content.len() >= LONG_LINE {
            too_long = too_long.or(Some(number));
        } else if let Some(says) = says {
            each(Line {
                number,
                says,
                lost: too_long.is_some(),
            });
        }
        number = number.saturating_add(u32::from(end == b'\n'));
    }
    too_long
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What the lines say, in the words of a reader: `2 key=value`, `-key=value`, `!key`, `?line`.
    fn read(engine: Engine, text: &str) -> Vec<String> {
        let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut lines = Vec::new();
        each(engine, text.as_bytes(), |line| {
            let says = match line.says {
                Statement::Assign {
                    key,
                    value,
                    lenient,
                } => {
                    let minus = if lenient { "-" } else { "" };
                    format!("{minus}{}={}", shown(key), shown(value))
                }
                Statement::Exclude { key } => format!("!{}", shown(key)),
                Statement::Broken { text } => format!("?{}", shown(text)),
            };
            lines.push(format!("{} {says}", line.number));
        });
        lines
    }

    #[test]
    fn blanks_around_key_and_value_are_dropped() {
        for engine in [Engine::Systemd, Engine::Procps] {
            assert_eq!(read(engine, " \ta.b\t =  1 2\t\r\n"), ["1 a.b=1 2"]);
            assert_eq!(read(engine, "-a.b = 1\n -a.c \n"), ["1 -a.b=1", "2 !a.c"]);
        }
    }

    #[test]
    fn only_systemd_drops_a_blank_behind_the_minus() {
        assert_eq!(
            read(Engine::Systemd, "- a.b=1\n- a.c"),
            ["1 -a.b=1", "2 !a.c"]
        );
        assert_eq!(
            read(Engine::Procps, "- a.b=1\n- a.c"),
            ["1 - a.b=1", "2 ! a.c"]
        );
    }

    #[test]
    fn only_procps_takes_a_form_feed_for_a_blank() {
        assert_eq!(
            read(Engine::Systemd, "\u{b}a.b\u{c}=1\u{c}"),
            ["1 \u{b}a.b\u{c}=1\u{c}"]
        );
        assert_eq!(read(Engine::Procps, "\u{b}a.b\u{c}=1\u{c}"), ["1 a.b=1"]);
    }

    #[test]
    fn a_carriage_return_or_a_nul_ends_a_line_of_systemd_and_the_number_stays_that_of_an_editor() {
        let text = "a=1\rb=2\0c=3\r\nd=4";
        assert_eq!(
            read(Engine::Systemd, text),
            ["1 a=1", "1 b=2", "1 c=3", "2 d=4"]
        );
        assert_eq!(read(Engine::Procps, text), ["1 a=1\rb=2", "2 d=4"]);
    }

    #[test]
    fn comments_and_what_is_behind_a_value_are_told_apart() {
        for engine in [Engine::Systemd, Engine::Procps] {
            assert_eq!(
                read(engine, "# a=1\n\t; a=1\na=1 # b\na==1\n"),
                ["3 a=1 # b", "4 a==1"]
            );
            assert_eq!(read(engine, "a 1\n"), ["1 ?a 1"]);
        }
    }

    #[test]
    fn a_line_of_one_mebibyte_ends_the_file_for_systemd() {
        let lost = |engine, length: usize| {
            let text = format!("a=1\n{}\nb=2\n", "#".repeat(length));
            let mut lost = Vec::new();
            let too_long = each(engine, text.as_bytes(), |line| lost.push(line.lost));
            (too_long, lost)
        };
        assert_eq!(
            lost(Engine::Systemd, LONG_LINE),
            (Some(2), vec![false, true])
        );
        assert_eq!(
            lost(Engine::Systemd, LONG_LINE - 1),
            (None, vec![false, false])
        );
        assert_eq!(lost(Engine::Procps, LONG_LINE), (None, vec![false, false]));
    }
}
