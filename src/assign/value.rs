//! Values as people write them.

/// Runs of blanks as one.
pub(super) fn plain(written: &str) -> String {
    let mut value = String::with_capacity(written.len());
    for word in written.split(is_blank).filter(|word| !word.is_empty()) {
        if !value.is_empty() {
            value.push(' ');
        }
        value.push_str(word);
    }
    value
}

/// A blank within a line.
pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\u{a0}' | '\u{3000}' | '\n')
}

/// A variable, a template or an expression stands in it.
pub(super) fn is_dynamic(text: &str) -> bool {
    ["{{", "{%", "<%", "%{", "%(", "`"]
        .iter()
        .any(|mark| text.contains(mark))
        || has_variable(text)
}

/// Somebody is to fill something in: `<min>`, `{value}`, `@SOMAXCONN@`, `...`.
pub(super) fn is_placeholder(text: &str) -> bool {
    let is_name = |inner: &str| {
        inner.starts_with(|c: char| c.is_ascii_alphabetic())
            && inner
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ' '))
    };
    let holds = |open: char, close: char| {
        text.match_indices(open).any(|(at, _)| {
            let rest = text.get(at + 1..).unwrap_or_default();
            let inner = rest.split_once(close).map(|(inner, _)| inner);
            inner.is_some_and(is_name)
        })
    };
    text.contains("...")
        || text.contains('…')
        || holds('<', '>')
        || holds('{', '}')
        || holds('@', '@')
}

/// `$name`, `${name}`, `$(command)`, `$1`, or what `printf` puts in: `%s`.
fn has_variable(text: &str) -> bool {
    text.as_bytes().windows(2).any(|pair| match pair {
        [b'$', next] => next.is_ascii_alphanumeric() || matches!(next, b'_' | b'{' | b'('),
        [b'%', next] => matches!(next, b's' | b'd' | b'u' | b'i' | b'v'),
        _ => false,
    })
}

/// How many bytes a template or a variable takes that begins here; 0 where none does.
pub(super) fn template(text: &str) -> usize {
    for (open, close) in [
        ("{{", "}}"),
        ("{%", "%}"),
        ("<%", "%>"),
        ("${", "}"),
        ("%{", "}"),
        ("%(", ")"),
        ("$(", ")"),
    ] {
        if let Some(rest) = text.strip_prefix(open) {
            // No template of a value is longer; what does not end is none.
            let near = rest.len().min(400);
            let near = (near..=rest.len()).find(|end| rest.is_char_boundary(*end));
            let window = near.and_then(|end| rest.get(..end)).unwrap_or(rest);
            return window
                .find(close)
                .map_or(0, |end| open.len() + end + close.len());
        }
    }
    match text.strip_prefix('$') {
        Some(name) if name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') => {
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            1 + name.find(|c| !is_name(c)).unwrap_or(name.len())
        }
        _ => 0,
    }
}

/// Where a key ends that begins here: parts, separators, templates.
pub(super) fn key_end(text: &str) -> usize {
    let is_part =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '*' | '@' | '+');
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        let plain = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let length = match plain {
            0 => template(rest),
            plain => plain,
        };
        if length == 0 {
            break;
        }
        at += length;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_blanks_are_one() {
        assert_eq!(plain(" 4096\t 131072   6291456 "), "4096 131072 6291456");
    }

    #[test]
    fn variables_and_templates_are_dynamic() {
        for text in [
            "$X", "${X}", "{{ x }}", "<%= x %>", "$(nproc)", "%s", "1 $MAX",
        ] {
            assert!(is_dynamic(text), "{text}");
        }
        for text in ["1", "bbr", "4096 87380", "$", "100%"] {
            assert!(!is_dynamic(text), "{text}");
        }
    }

    #[test]
    fn what_is_to_be_filled_in_is_a_placeholder() {
        for text in [
            "<min> <default> <max>",
            "{value}",
            "@SOMAXCONN@",
            "...",
            "1 …",
        ] {
            assert!(is_placeholder(text), "{text}");
        }
        for text in ["1", "{1,2}", "a@b", "1 < 2", "1..2", "bbr", "<>", "@@"] {
            assert!(!is_placeholder(text), "{text}");
        }
    }

    #[test]
    fn a_key_may_hold_templates() {
        for (text, key) in [
            (
                "net.ipv4.conf.{{ a b }}.rp_filter = 1",
                "net.ipv4.conf.{{ a b }}.rp_filter",
            ),
            ("net.ipv4.conf.$dev.x=1", "net.ipv4.conf.$dev.x"),
            ("net.core.x=1", "net.core.x"),
            ("net.core.{{ x", "net.core."),
        ] {
            assert_eq!(text.get(..key_end(text)), Some(key));
        }
    }
}
