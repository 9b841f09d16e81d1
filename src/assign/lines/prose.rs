//! Sentences: what a line says in passing, as `net.core.somaxconn = 1024`.

use super::{call, record};
use crate::assign::found::{Finds, Found, Source};
use crate::assign::key::{self, Named};
use crate::assign::{Flaw, Syntax, value};
use crate::catalog;

/// What a line of prose, or of a language that is not known, sets.
pub(super) fn line(source: &Source<'_>, begin: usize, line: &str, finds: &mut Finds) {
    let mut from = 0;
    while let Some(named) = key::next(line, from) {
        from = named.end;
        let found = if named.is_path {
            written(line, &named).or_else(|| assigned(line, &named))
        } else {
            assigned(line, &named)
        };
        let found = found
            .or_else(|| called(source, begin, &named))
            .or_else(|| recorded(source, begin, line, &named));
        let Some(says) = found else { continue };
        from = from.max(says.end);
        let written = line.get(named.start..says.key_end).unwrap_or_default();
        finds.found.push(Found {
            at: source.at(begin + named.start),
            value_at: source.at(begin + says.value_at),
            key: catalog::canonical(written).into_owned(),
            dynamic: says.put_in || value::is_dynamic(&says.value) || value::is_dynamic(written),
            value: says.value,
            trail: None,
            commented: false,
            syntax: says.syntax,
            flaw: says.flaw,
        });
    }
}

/// What stands around a key.
struct Says {
    key_end: usize,
    value_at: usize,
    value: String,
    end: usize,
    syntax: Syntax,
    flaw: Option<Flaw>,
    /// The program fills the value in.
    put_in: bool,
}

/// `echo 1 > /proc/sys/…` within a sentence.
fn written(line: &str, named: &Named) -> Option<Says> {
    let near = named.start.saturating_sub(200);
    let near = (near..=named.start).find(|at| line.is_char_boundary(*at))?;
    let before = line.get(near..named.start)?;
    let bare = before.trim_end_matches([' ', '"', '\'', '\t']);
    let bare = bare
        .strip_suffix("tee -a")
        .or_else(|| bare.strip_suffix("tee"))
        .map_or(bare, |bare| {
            bare.trim_end()
                .strip_suffix("sudo")
                .unwrap_or(bare)
                .trim_end()
        });
    let open = bare.trim_end_matches('>');
    let bare = if open.len() < bare.len() {
        open
    } else {
        bare.strip_suffix('|')?
    };
    let echo = bare.rfind("echo ")?;
    let written = bare.get(echo + "echo ".len()..)?;
    let written = written.trim().trim_start_matches("-n ").trim();
    let value = written.trim_matches(['"', '\'']);
    (value.len() < 100 && !value.is_empty()).then(|| Says {
        key_end: named.end,
        value_at: named.start,
        value: value::plain(value),
        end: named.end,
        syntax: Syntax::ProcWrite,
        flaw: None,
        put_in: false,
    })
}

/// `write("/proc/sys/…", "1")`, whose value may stand on another line.
fn called(source: &Source<'_>, begin: usize, named: &Named) -> Option<Says> {
    // The name may stand on a line of its own.
    let at = begin + named.start;
    let near = (at.saturating_sub(160)..=at).find(|near| source.text.is_char_boundary(*near))?;
    let before = source.text.get(near..at)?;
    let behind = source.text.get(begin + named.end..)?;
    let said = call::value(before, behind)?;
    Some(Says {
        key_end: named.end,
        value_at: named.end + said.at,
        value: said.value,
        end: named.end,
        syntax: if named.is_path {
            Syntax::ProcWrite
        } else {
            Syntax::Command
        },
        flaw: None,
        put_in: false,
    })
}

/// `{ name = "key", value = "1" }`, whose value may stand on the next line.
fn recorded(source: &Source<'_>, begin: usize, line: &str, named: &Named) -> Option<Says> {
    let behind = source.text.get(begin + named.end..)?;
    let before = line.get(..named.start)?;
    let said = record::value(before, behind, takes_several(&named.key))?;
    Some(Says {
        key_end: named.end,
        value_at: named.end + said.at,
        value: said.value,
        end: named.end,
        syntax: Syntax::Prose,
        flaw: None,
        put_in: false,
    })
}

/// `key = value`, `"key": "value"`, `key=value`.
fn assigned(line: &str, named: &Named) -> Option<Says> {
    let rest = line.get(named.start..)?;
    let whole = value::key_end(
        rest.get(..rest.len().min(named.end - named.start + 256))
            .unwrap_or(rest),
    );
    let written = rest.get(..whole)?.trim_end_matches(['.', '/', '-', '*']);
    let key_end = named.start + written.len().max(named.end - named.start);
    let before = line.get(..named.start)?.chars().next_back();
    let around = before.filter(|mark| matches!(mark, '"' | '\'' | '`'));
    let mut at = key_end;
    let closed = line
        .get(at..)?
        .trim_start_matches(['"', '\'', '`', '*', ']']);
    let is_closed = closed.len() < line.get(at..)?.len();
    at = line.len() - closed.len();
    let after_blanks = closed.trim_start_matches(value::is_blank);
    let blank_before = after_blanks.len() < closed.len();
    at += closed.len() - after_blanks.len();
    let operator = ["=>", ":=", "=", ":", ","]
        .into_iter()
        .find(|one| after_blanks.starts_with(one))?;
    let behind = after_blanks.get(operator.len()..)?;
    if behind.starts_with(['=', '~', ':']) {
        return None;
    }
    at += operator.len();
    let start = behind.trim_start_matches(value::is_blank);
    let blank_after = start.len() < behind.len();
    at += behind.len() - start.len();
    let open = around.filter(|_| !is_closed);
    let multiple = takes_several(written);
    let lead = line
        .get(..named.start)?
        .trim_end_matches(['"', '\'', ' ', '`', ',', '=']);
    // `f"…"` of Python
    let lead = lead.strip_suffix("\", f").unwrap_or(lead);
    let is_command = lead.ends_with("sysctl") || lead.ends_with(" -w") || lead.ends_with("\"-w");
    let plain = read_value(start, open, multiple);
    let is_put_in = plain.is_none() && is_command && operator == "=";
    let (value, length) = plain.or_else(|| put_in(start).filter(|_| is_put_in))?;
    let numeric = value.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    let fits = match operator {
        ":" => (is_closed && is_value(&value)) || (numeric && blank_after),
        "," => is_closed && numeric,
        _ => true,
    };
    if !fits {
        return None;
    }
    Some(Says {
        key_end,
        value_at: at,
        end: at + length,
        value,
        syntax: if is_command {
            Syntax::Command
        } else {
            Syntax::Prose
        },
        flaw: (is_command && open.is_none() && (blank_before || blank_after))
            .then_some(Flaw::Blanks),
        put_in: is_put_in,
    })
}

/// The value that begins here, and how many bytes it takes.
pub(super) fn read_value(
    text: &str,
    open: Option<char>,
    multiple: bool,
) -> Option<(String, usize)> {
    let near = text
        .char_indices()
        .nth(200)
        .map_or(text.len(), |(at, _)| at);
    let window = text.get(..near)?;
    let first = window.chars().next()?;
    if let Some(mark) = open
        && let Some(end) = window.find(mark)
    {
        let end = window.find("\\n").map_or(end, |line| line.min(end));
        let value = value::plain(window.get(..end)?.trim_matches(['"', '\'', '\\']));
        return is_value(&value).then_some((value, end));
    }
    if matches!(first, '"' | '\'' | '`') {
        let inner = window.get(1..)?;
        let end = inner.find(first)?;
        let value = value::plain(inner.get(..end)?);
        return is_value(&value).then_some((value, end + 2));
    }
    let template = value::template(window);
    if template > 0 {
        return Some((window.get(..template)?.to_owned(), template));
    }
    let mut end = 0;
    let mut value = String::new();
    for _ in 0..3 {
        let rest = window.get(end..)?;
        let blanks = rest.len() - rest.trim_start_matches(value::is_blank).len();
        let rest = rest.get(blanks..)?;
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let word = rest.get(..length)?.trim_end_matches(['.', '-', '_']);
        if !is_word(word) || (!value.is_empty() && !word.bytes().all(|byte| byte.is_ascii_digit()))
        {
            break;
        }
        if !value.is_empty() {
            value.push(' ');
        }
        value.push_str(word);
        end += blanks + word.len();
        if !multiple {
            break;
        }
    }
    (!value.is_empty()).then_some((value, end))
}

/// What a program puts into the text of a command: `%d`, `{size}`, `" + size`.
fn put_in(text: &str) -> Option<(String, usize)> {
    let quoted = text
        .strip_prefix("\\\"")
        .or_else(|| text.strip_prefix(['\'', '"']));
    let inner = quoted.unwrap_or(text);
    let lead = text.len() - inner.len();
    let mut end = 0;
    while let Some(rest) = inner.get(end..) {
        let blanks = rest.len() - rest.trim_start_matches(' ').len();
        let length = placeholder(rest.get(blanks..)?);
        if length == 0 || (blanks > 0 && end == 0) {
            break;
        }
        end += blanks + length;
    }
    if end > 0 {
        return Some((inner.get(..end)?.to_owned(), lead + end));
    }
    // The text ends here, and an expression goes on.
    let behind = quoted?.trim_start();
    let added = behind.strip_prefix(['+', '.', '%'])?.trim_start();
    let near = added
        .char_indices()
        .nth(60)
        .map_or(added.len(), |(at, _)| at);
    let mut depth = 0_usize;
    let size = added.get(..near)?.find(|c| {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' if depth > 0 => depth -= 1,
            ')' | ']' | ',' | ';' | '+' | '"' | '\'' => return depth == 0,
            _ => {}
        }
        false
    });
    let written = added.get(..size.unwrap_or(near))?.trim_end();
    let whole = text.len() - added.len() + written.len();
    (!written.is_empty()).then(|| (written.to_owned(), whole))
}

/// How long the place is that begins here and is filled in: `%d`, `{}`, `{size}`, `{size:d}`.
fn placeholder(text: &str) -> usize {
    if let Some(rest) = text.strip_prefix('%') {
        let width = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let letters = rest.get(width..).unwrap_or_default();
        let long = letters.len() - letters.trim_start_matches('l').len();
        let kind = letters.get(long..).unwrap_or_default();
        return if kind.starts_with(['d', 's', 'u', 'i', 'v']) {
            2 + width + long
        } else {
            0
        };
    }
    let Some(inner) = text.strip_prefix('{') else {
        return 0;
    };
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_.:?#[]()'$*".contains(c);
    let length = inner.find(|c| !is_part(c)).unwrap_or(inner.len());
    if length < 64
        && inner
            .get(length..)
            .is_some_and(|rest| rest.starts_with('}'))
    {
        length + 2
    } else {
        0
    }
}

/// Whether a key takes several numbers.
fn takes_several(key: &str) -> bool {
    ["mem", "range", "key", "fastopen_key", "gc_thresh"]
        .iter()
        .any(|end| key.ends_with(end))
}

/// Whether a text can be the value of a key: numbers, a name that keys take, a variable.
pub(super) fn is_value(text: &str) -> bool {
    if text.is_empty() || text.len() > 100 {
        return false;
    }
    // A message may be filled in as well: `net.core.rmem_max=%d is too small`.
    let is_filled_in = |word: &str| word.contains('%') && !text.contains(['$', '{', '<', '(', '`']);
    if value::is_dynamic(text) && !text.split(' ').any(is_filled_in) {
        return true;
    }
    text.split(' ')
        .all(|word| is_word(word.trim_matches(',')) || is_filled_in(word))
}

/// The value before a sentence that goes on behind it; `None` where all of it can be a value, or nothing.
pub(in crate::assign) fn before_sentence(value: &str) -> Option<String> {
    let words: Vec<&str> = value.split_whitespace().collect();
    let count = words.iter().take_while(|word| is_value(word)).count();
    let said = words
        .get(..count)
        .filter(|said| !said.is_empty() && said.len() < words.len())?;
    Some(said.join(" "))
}

fn is_word(word: &str) -> bool {
    let digits = word.strip_prefix('-').unwrap_or(word);
    digits.starts_with(|c: char| c.is_ascii_digit())
        || matches!(
            word,
            "bbr"
                | "bbr2"
                | "bbr3"
                | "cubic"
                | "reno"
                | "htcp"
                | "dctcp"
                | "vegas"
                | "westwood"
                | "illinois"
                | "hybla"
                | "veno"
                | "yeah"
                | "bic"
                | "lp"
                | "fq"
                | "fq_codel"
                | "fq_pie"
                | "cake"
                | "pfifo_fast"
                | "sfq"
                | "codel"
                | "pie"
                | "noqueue"
                | "true"
                | "false"
                | "on"
                | "off"
        )
}
