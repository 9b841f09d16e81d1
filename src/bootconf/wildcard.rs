//! One part of a pattern against one name, as fnmatch(3) of glibc does in the C locale.

/// Whether glob(3) treats the part as a pattern: `?`, `*`, or a `[` with a `]` behind it.
pub(super) fn is_magic(part: &[u8]) -> bool {
    let mut open = false;
    let mut bytes = part.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'*' | b'?' => return true,
            b'[' => open = true,
            b']' if open => return true,
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
    false
}

/// The part without the backslashes that quote.
pub(super) fn unescaped(part: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(part.len());
    let mut bytes = part.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => plain.push(*bytes.next().unwrap_or(byte)),
            _ => plain.push(*byte),
        }
    }
    plain
}

/// Whether a name matches. A leading dot has to be written out.
pub(super) fn matches(pattern: &[u8], name: &[u8]) -> bool {
    if name.first() == Some(&b'.') && !matches!(pattern, [b'.' | b'\\', ..]) {
        return false;
    }
    let (mut rest, mut left) = (pattern, name);
    // Where to go on when the last `*` has to take one byte more.
    let mut again: Option<(&[u8], &[u8])> = None;
    loop {
        if let [b'*', after @ ..] = rest {
            again = Some((after, left));
            rest = after;
            continue;
        }
        match (one(rest, left.first().copied()), left) {
            (One::End, []) => return true,
            (One::Matched(after), [_, next @ ..]) => {
                rest = after;
                left = next;
                continue;
            }
            _ => {}
        }
        match again {
            Some((after, [_, longer @ ..])) => {
                again = Some((after, longer));
                rest = after;
                left = longer;
            }
            _ => return false,
        }
    }
}

/// What the head of a pattern says of one byte.
enum One<'a> {
    /// The pattern is at its end.
    End,
    /// It matches; the rest of the pattern.
    Matched(&'a [u8]),
    /// It does not.
    Differs,
}

fn one(pattern: &[u8], byte: Option<u8>) -> One<'_> {
    let (Some(byte), [head, rest @ ..]) = (byte, pattern) else {
        return if pattern.is_empty() {
            One::End
        } else {
            One::Differs
        };
    };
    let (matched, rest) = match head {
        b'?' => (true, rest),
        b'[' => bracket(rest, byte).unwrap_or((byte == b'[', rest)),
        b'\\' => match rest {
            [quoted, rest @ ..] => (*quoted == byte, rest),
            [] => (false, rest),
        },
        plain => (*plain == byte, rest),
    };
    if matched {
        One::Matched(rest)
    } else {
        One::Differs
    }
}

/// A bracket expression, its `[` taken; `None` if it has no end, when the `[` is an ordinary byte.
fn bracket(expression: &[u8], byte: u8) -> Option<(bool, &[u8])> {
    let (negated, mut rest) = match expression {
        [b'!' | b'^', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let mut found = false;
    let mut first = true;
    loop {
        if !first && let [b']', after @ ..] = rest {
            return Some((found != negated, after));
        }
        first = false;
        match class(rest, byte) {
            Some((Some(has), after)) => {
                found |= has;
                rest = after;
                continue;
            }
            // With a class that nobody knows the whole expression matches nothing.
            Some((None, _)) => return Some((false, &[])),
            None => {}
        }
        let (low, after) = match rest {
            [b'\\', quoted, after @ ..] => (*quoted, after),
            [plain, after @ ..] => (*plain, after),
            [] => return None,
        };
        (found, rest) = match after {
            [b'-', b']', ..] => (found || low == byte, after),
            [b'-', b'\\', high, after @ ..] | [b'-', high, after @ ..] => {
                (found || (low..=*high).contains(&byte), after)
            }
            after => (found || low == byte, after),
        };
    }
}

/// `[:alpha:]` or `[=a=]` at the head of a bracket expression. What is no name up to its end is none, and its `[` an
/// ordinary byte (`fnmatch_loop` of glibc): so nothing is looked for beyond the letters of a name. Whether the byte is of
/// that class comes with it, `None` for a class that there is not.
fn class(expression: &[u8], byte: u8) -> Option<(Option<bool>, &[u8])> {
    match expression {
        [b'[', b'=', one, b'=', b']', after @ ..] => Some((Some(*one == byte), after)),
        [b'[', b':', class @ ..] => {
            let letters = class.iter().take_while(|byte| byte.is_ascii_lowercase());
            let (name, after) = class.split_at_checked(letters.count())?;
            let after = after.strip_prefix(b":]")?;
            Some((in_class(name, byte), after))
        }
        _ => None,
    }
}

fn in_class(name: &[u8], byte: u8) -> Option<bool> {
    Some(match name {
        b"alpha" => byte.is_ascii_alphabetic(),
        b"digit" => byte.is_ascii_digit(),
        b"alnum" => byte.is_ascii_alphanumeric(),
        b"upper" => byte.is_ascii_uppercase(),
        b"lower" => byte.is_ascii_lowercase(),
        b"xdigit" => byte.is_ascii_hexdigit(),
        b"punct" => byte.is_ascii_punctuation(),
        b"graph" => byte.is_ascii_graphic(),
        b"print" => byte.is_ascii_graphic() || byte == b' ',
        b"blank" => matches!(byte, b' ' | b'\t'),
        b"space" => matches!(byte, b' ' | b'\t'..=b'\r'),
        b"cntrl" => byte.is_ascii_control(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matches_and_what_does_not() {
        for (pattern, name, expected) in [
            ("*", "eth0", true),
            ("*", ".hidden", false),
            (".*", ".hidden", true),
            ("eth?", "eth10", false),
            ("e*h*0", "eth10", true),
            ("*a*b", "xaxbx", false),
            ("eth[0-9]", "eth9", true),
            ("eth[!0-9]", "eth9", false),
            ("eth[^a-z]", "eth9", true),
            ("[]a]", "]", true),
            ("[!]a]", "]", false),
            ("[a-]", "-", true),
            ("[[:digit:][:upper:]]", "7", true),
            ("[[:digit:][:upper:]]", "a", false),
            ("[[=e=]]", "e", true),
            // As fnmatch(3) of glibc answered: what is no class is made of ordinary bytes.
            ("[[:9:]]", ":]", true),
            ("[[:9:]]", "9", false),
            ("[[:digit]", "d", true),
            ("[[=ab=]]", "=]", true),
            ("[[=ab=]]", "a", false),
            ("[[:foo:]x]", "x", false),
            ("[![:foo:]]", "x", false),
            ("eth[0", "eth[0", true),
            ("eth[0", "eth0", false),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("[\\]]", "]", true),
            ("?", "", false),
            ("", "", true),
            ("**", "", true),
        ] {
            let matched = matches(pattern.as_bytes(), name.as_bytes());
            assert_eq!(matched, expected, "{pattern} {name}");
        }
    }

    #[test]
    fn what_begins_like_a_class_a_hundred_thousand_times_is_read_once() {
        let pattern = [b"[", "[:".repeat(100_000).as_bytes(), b"x]"].concat();
        assert!(matches(&pattern, b"x") && !matches(&pattern, b"y"));
    }

    #[test]
    fn a_bracket_without_an_end_makes_no_pattern() {
        for (part, magic) in [
            ("a*", true),
            ("a[b]", true),
            ("a[b", false),
            ("a]b[", false),
            ("\\*", false),
        ] {
            assert_eq!(is_magic(part.as_bytes()), magic, "{part}");
        }
    }

    #[test]
    fn a_backslash_quotes_one_byte() {
        assert_eq!(unescaped(b"a\\*\\\\b\\"), b"a*\\b\\");
    }
}
