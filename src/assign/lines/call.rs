//! Calls in languages that are not known: `write("/proc/sys/net/…", "1")`, over one line or several.

use super::prose::is_value;
use crate::assign::value;

/// How far behind the name a value is looked for, in bytes.
const FAR: usize = 240;

/// What the name of a function has in it that sets something.
const SETS: [&str; 10] = [
    "write", "set", "put", "sysctl", "store", "apply", "save", "tune", "update", "echo",
];

/// What it has in it where it only looks, whatever else it has.
const LOOKS: [&str; 9] = [
    "read", "get", "assert", "expect", "check", "exist", "reset", "verif", "test",
];

/// A value and where it begins, in bytes behind the name.
pub(super) struct Said {
    pub(super) value: String,
    pub(super) at: usize,
}

/// The value that a call gives to the key whose name ends here. `before` is the line up to the name, `behind`
/// the text that follows it.
pub(super) fn value(before: &str, behind: &str) -> Option<Said> {
    let quote = opened(before)?;
    let end = (0..=behind.len().min(FAR))
        .rev()
        .find(|end| behind.is_char_boundary(*end))?;
    let window = behind.get(..end)?;
    // The end of a text in C, or of a line.
    let ended = ["\\0", "\\n", "\\x00"]
        .iter()
        .find_map(|end| window.strip_prefix(end))
        .unwrap_or(window);
    let rest = ended.strip_prefix(quote)?;
    let function = function(before)?;
    let opens = function.ends_with("open") || function.ends_with("path") || function == "file";
    let (from, rest) = if opens {
        written_later(rest).map(|at| (window.len() - rest.len() + at, rest.get(at..)))?
    } else {
        let sets = SETS.iter().any(|word| function.contains(word));
        let looks = LOOKS.iter().any(|word| function.contains(word));
        if !sets || (looks && !function.contains("write")) {
            return None;
        }
        let at = rest.find(',')?;
        // Nothing but a cast stands before the comma: `"…" as *const u8,`.
        if rest
            .get(..at)?
            .contains(['(', ')', '"', '\'', ';', '{', '}'])
        {
            return None;
        }
        (window.len() - rest.len() + at + 1, rest.get(at + 1..))
    };
    let (value, at) = literal(rest?)?;
    is_value(&value).then_some(Said {
        value,
        at: from + at,
    })
}

/// The quote that a name stands in as a whole.
fn opened(before: &str) -> Option<char> {
    before
        .chars()
        .next_back()
        .filter(|mark| matches!(mark, '"' | '\'' | '`'))
}

/// The function that the name is the first argument of, in small letters.
fn function(before: &str) -> Option<String> {
    let lead = before.trim_end_matches(['"', '\'', '`']);
    // `b"…"`, `r"…"`, `f"…"`
    let lead = lead
        .strip_suffix(['b', 'r', 'f', 'u', 'L', '@'])
        .unwrap_or(lead);
    let lead = lead.trim_end().strip_suffix('(')?.trim_end();
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '!');
    let start = lead.trim_end_matches(is_name).len();
    let name = lead
        .get(start..)?
        .trim_end_matches('!')
        .to_ascii_lowercase();
    (!name.is_empty()).then_some(name)
}

/// Where what is written to an opened file begins: behind `"w")` the next `write(`.
fn written_later(rest: &str) -> Option<usize> {
    let close = rest.find(')')?;
    let mode = rest.get(..close)?;
    let later = ["write", "puts", "print"].into_iter().filter_map(|word| {
        let at = rest.get(close..)?.find(word)? + close;
        let open = rest.get(at..)?.find('(')? + at;
        Some((at, open + 1))
    });
    let (at, open) = later.min()?;
    // Between the two no other file is opened, and the function does not end.
    let between = rest.get(close..at)?;
    let other = ["open", "/proc/", "}", "return", "def "];
    let only_path = mode.trim().is_empty() && rest.get(at..)?.starts_with("write");
    let writes = ["w", "a", "W", "Write", "write"]
        .iter()
        .any(|word| mode.contains(word));
    ((writes || only_path) && !other.iter().any(|word| between.contains(word))).then_some(open)
}

/// The text or number that stands here, in a cast perhaps: `[]byte("1")`, `b"1"`, `String::from("1")`.
fn literal(rest: &str) -> Option<(String, usize)> {
    let bare = rest.trim_start();
    let skipped = rest.len() - bare.len();
    if bare.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        let end = bare.find(|c: char| !(c.is_ascii_digit() || c == '-'))?;
        return Some((bare.get(..end)?.to_owned(), skipped));
    }
    let mark = bare.find(['"', '\'', '`'])?;
    let cast = bare.get(..mark)?;
    let is_cast = cast.len() <= 24
        && cast.chars().all(|c| {
            c.is_ascii_alphanumeric() || matches!(c, '_' | '[' | ']' | '(' | ':' | '.' | '&' | '$')
        });
    let quote = bare.get(mark..)?.chars().next()?;
    let inner = bare.get(mark + 1..)?;
    let end = inner.find(quote)?;
    let text = inner.get(..end)?;
    let text = text.trim_end_matches("\\n").trim_end_matches("\\0");
    is_cast.then(|| (value::plain(text), skipped + mark + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<String> {
        let at = text.find("/proc").or_else(|| text.find("net."))?;
        let name = text.get(at..)?;
        let end = name.find(|c: char| !(c.is_ascii_alphanumeric() || "_./".contains(c)))?;
        value(text.get(..at)?, name.get(end..)?).map(|said| said.value)
    }

    #[test]
    fn a_call_that_writes_sets_what_it_is_given() {
        for text in [
            "put_text(b\"/proc/sys/net/ipv4/tcp_sack\\0\" as *const u8, b\"1\");",
            "write_file(\n  \"/proc/sys/net/ipv4/tcp_sack\",\n  \"1\",\n);",
            "os.WriteFile(\"/proc/sys/net/ipv4/tcp_sack\", []byte(\"1\\n\"), 0o644)",
            "open('/proc/sys/net/ipv4/tcp_sack', 'w').write('1')",
            "with open(\"/proc/sys/net/ipv4/tcp_sack\", \"w\") as f:\n    f.write(\"1\\n\")\n",
            "Path(\"/proc/sys/net/ipv4/tcp_sack\").write_text(\"1\")",
            "fp = fopen(\"/proc/sys/net/ipv4/tcp_sack\", \"w\");\nfputs(\"1\", fp);",
            "set_sysctl(\"net.ipv4.tcp_sack\", 1)",
        ] {
            assert_eq!(of(text).as_deref(), Some("1"), "{text}");
        }
    }

    #[test]
    fn a_call_that_looks_sets_nothing() {
        for text in [
            "read_file(\"/proc/sys/net/ipv4/tcp_sack\", \"1\")",
            "assert_sysctl(\"net.ipv4.tcp_sack\", \"1\")",
            "open(\"/proc/sys/net/ipv4/tcp_sack\").read() == \"1\"",
            "open(\"/proc/sys/net/ipv4/tcp_sack\", \"r\")\nprint(\"1\")",
            "write_file(path(\"/proc/sys/net/ipv4/tcp_sack\"), other(), \"1\")",
            "write_file(\"/proc/sys/net/ipv4/tcp_sack\", text)",
            "log(\"/proc/sys/net/ipv4/tcp_sack\", \"1\")",
            "write_file(\"/proc/sys/net/ipv4/tcp_sack\", \"is not to be read\")",
            "write_file(\"/proc/sys/net/ipv4/tcp_sack",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
