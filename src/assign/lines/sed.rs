//! `sed` and `perl -pe`: replacements that are assignments.

use super::words::Word;
use crate::assign::found::{Found, Source};
use crate::assign::{Syntax, conf};

/// What the words behind `sed` put into a file.
pub(super) fn arguments(words: &[Word], found: &mut Vec<Found>) {
    for word in words.iter().filter(|word| word.text().contains("net")) {
        let mut made = Vec::new();
        script(&word.source, &mut made);
        for mut one in made {
            one.syntax = Syntax::Sed;
            found.push(one);
        }
    }
}

/// The commands of a script, one after the other.
fn script(source: &Source<'_>, found: &mut Vec<Found>) {
    let text: &str = &source.text;
    let mut at = 0;
    while at < text.len() {
        let (address, after) = address(text, at);
        let Some(command) = text.get(after..).and_then(|rest| rest.chars().next()) else {
            return;
        };
        at = after + command.len_utf8();
        match command {
            's' => match parts(text, at) {
                Some((pattern, replacement, end)) => {
                    substitution(source, address, pattern, replacement, found);
                    at = end;
                }
                None => return,
            },
            'a' | 'c' | 'i' => {
                let end = text
                    .get(at..)
                    .and_then(line_end)
                    .map_or(text.len(), |end| at + end);
                let rest = text.get(at..end).unwrap_or_default();
                let begin =
                    at + (rest.len() - rest.trim_start_matches(['\\', ' ', '\t', '\n']).len());
                appended(&source.part(begin, end), found);
                at = end;
            }
            'd' | 'p' | 'q' | 'g' | 'h' | 'x' | 'n' | 'N' | 'D' | 'P' | 'G' | 'H' | '!' | '{'
            | '}' | ';' | ' ' | '\t' | '\n' | '$' | ',' => {}
            _ if command.is_ascii_digit() => {}
            _ => return,
        }
    }
}

/// The end of a text that `a`, `c` or `i` put in: the first line end without `\`.
fn line_end(rest: &str) -> Option<usize> {
    let mut before = ' ';
    let mut said = false;
    for (at, c) in rest.char_indices() {
        if c == '\n' && before != '\\' && said {
            return Some(at);
        }
        said |= !matches!(c, ' ' | '\t' | '\n' | '\\');
        before = c;
    }
    None
}

/// An address of the form `/pattern/`, and where the command begins.
fn address(text: &str, at: usize) -> (Option<(usize, usize)>, usize) {
    let rest = text.get(at..).unwrap_or_default();
    let (skipped, mark) = match rest.as_bytes() {
        [b'/', ..] => (1, '/'),
        [b'\\', mark, ..] if mark.is_ascii_punctuation() => (2, char::from(*mark)),
        _ => return (None, at),
    };
    let begin = at + skipped;
    match unescaped_end(text, begin, mark) {
        Some(end) => {
            let behind = text.get(end + 1..).unwrap_or_default();
            let blanks = behind.len() - behind.trim_start_matches([' ', '\t', '!', 'I']).len();
            (Some((begin, end)), end + 1 + blanks)
        }
        None => (None, text.len()),
    }
}

/// From where to where.
type Range = (usize, usize);

/// Pattern, replacement, and where the flags end.
fn parts(text: &str, at: usize) -> Option<(Range, Range, usize)> {
    let mark = text.get(at..)?.chars().next()?;
    let pattern = at + mark.len_utf8();
    let pattern_end = unescaped_end(text, pattern, mark)?;
    let replacement = pattern_end + mark.len_utf8();
    let replacement_end = unescaped_end(text, replacement, mark)?;
    let flags = replacement_end + mark.len_utf8();
    let rest = text.get(flags..)?;
    let length = rest
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(rest.len());
    Some((
        (pattern, pattern_end),
        (replacement, replacement_end),
        flags + length,
    ))
}

fn unescaped_end(text: &str, from: usize, mark: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.get(from..)?.char_indices() {
        if c == mark && !escaped {
            return Some(from + at);
        }
        escaped = c == '\\' && !escaped;
    }
    None
}

fn substitution(
    source: &Source<'_>,
    address: Option<(usize, usize)>,
    pattern: (usize, usize),
    replacement: (usize, usize),
    found: &mut Vec<Found>,
) {
    let matched = source.text.get(pattern.0..pattern.1).unwrap_or_default();
    let put = source
        .text
        .get(replacement.0..replacement.1)
        .unwrap_or_default();
    if put.is_empty() && matched.trim_start_matches('^').starts_with('#') {
        // `/net.core.x=1/s/^#//`: the comment mark goes.
        if let Some((from, to)) = address {
            let pattern = source.text.get(from..to).unwrap_or_default();
            let mark = |c: char| matches!(c, '^' | '#' | '\\' | '?' | '*' | ' ');
            let skipped = pattern.len() - pattern.trim_start_matches(mark).len();
            inserted(&source.part(from + skipped, to), found);
        }
        return;
    }
    let mut made = Source::default();
    let mut at = replacement.0;
    while let Some(rest) = source
        .text
        .get(at..replacement.1)
        .filter(|rest| !rest.is_empty())
    {
        let plain = rest.find('\\').unwrap_or(rest.len());
        if plain > 0 {
            made.append(&source.part(at, at + plain));
            at += plain;
            continue;
        }
        match rest.chars().nth(1) {
            Some('n') => made.push("\n", source.at(at)),
            Some(digit @ '1'..='9') => {
                let number = usize::from(digit as u8 - b'1');
                made.push(&group(matched, number), source.at(at));
            }
            Some(other) => {
                let mut written = [0; 4];
                made.push(other.encode_utf8(&mut written), source.at(at + 1));
            }
            None => {}
        }
        at += 1 + rest.chars().nth(1).map_or(0, char::len_utf8);
    }
    inserted(&made, found);
}

/// The text of `a`, `c` or `i`, with the line ends that it spells out.
fn appended(text: &Source<'_>, found: &mut Vec<Found>) {
    let mut plain = Source::default();
    let mut letters = text.text.char_indices();
    while let Some((at, c)) = letters.next() {
        let said = match c {
            '\\' => match letters.next() {
                Some((_, 'n')) => '\n',
                Some((_, 't')) => '\t',
                Some((_, other)) => other,
                None => continue,
            },
            other => other,
        };
        let mut written = [0; 4];
        plain.push(said.encode_utf8(&mut written), text.at(at));
    }
    inserted(&plain, found);
}

/// A text that goes into the file; what is a comment there sets nothing and has been taken out on purpose.
fn inserted(text: &Source<'_>, found: &mut Vec<Found>) {
    let mut plain = Source::default();
    for (at, c) in text.text.char_indices().filter(|(_, c)| *c != '\\') {
        let mut written = [0; 4];
        plain.push(c.encode_utf8(&mut written), text.at(at));
    }
    let mut made = Vec::new();
    conf::content(&plain, &mut made);
    found.extend(made.into_iter().filter(|one| !one.commented));
}

/// The text that a group of a pattern stands for, as far as it is one.
fn group(pattern: &str, number: usize) -> String {
    let plain = pattern.replace("\\(", "(").replace("\\)", ")");
    let Some(inner) = plain
        .split('(')
        .nth(number + 1)
        .and_then(|rest| rest.split(')').next())
    else {
        return String::new();
    };
    let mut text = inner.to_owned();
    for (mark, stands_for) in [
        ("\\.", "."),
        ("[[:space:]]", " "),
        ("[[:blank:]]", " "),
        ("[ \\t]", " "),
        ("\\s", " "),
        ("#\\?", ""),
        ("#*", ""),
        (" *", " "),
        (" +", " "),
        (" \\+", " "),
        ("^", ""),
    ] {
        text = text.replace(mark, stands_for);
    }
    text
}
