//! Texts as literals of other languages.

use std::fmt::Write as _;

use crate::fact::is_active;

/// A string of YAML in double quotes, which nothing reads as a number, a switch or null (YAML 1.2, 7.3.1).
pub(super) fn yaml(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        // Writing into a `String` does not fail.
        let _ = match letter {
            '"' => quoted.write_str("\\\""),
            '\\' => quoted.write_str("\\\\"),
            _ if is_active(letter) => write!(quoted, "\\U{:08X}", u32::from(letter)),
            _ => quoted.write_char(letter),
        };
    }
    quoted.push('"');
    quoted
}

/// A string of Puppet in single quotes, in which `\` and `'` are the only ones with a meaning.
pub(super) fn puppet(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('\'', "\\'");
    format!("'{escaped}'")
}

/// A string of Nix in double quotes: `${` would begin an expression.
pub(super) fn nix(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", escaped.replace("${", "\\${"))
}

/// One word of a shell: as it is where that is safe, else in single quotes.
pub(super) fn shell(text: &str) -> String {
    let tame = |letter: char| letter.is_ascii_alphanumeric() || "-_.,:/=@%+".contains(letter);
    if !text.is_empty() && text.chars().all(tame) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// A value of Compose: what begins with `$` is taken for a variable unless the sign is doubled.
pub(super) fn compose(text: &str) -> String {
    yaml(&text.replace('$', "$$"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_its_own_escapes() {
        let text = "a\"b'c\\d${e}";
        assert_eq!(yaml(text), r#""a\"b'c\\d${e}""#);
        assert_eq!(puppet(text), r#"'a"b\'c\\d${e}'"#);
        assert_eq!(nix(text), r#""a\"b'c\\d\${e}""#);
        assert_eq!(shell(text), r#"'a"b'\''c\d${e}'"#);
        assert_eq!(compose(text), r#""a\"b'c\\d$${e}""#);
    }

    #[test]
    fn a_word_without_need_is_not_quoted_for_a_shell() {
        assert_eq!(shell("net.core.somaxconn=4096"), "net.core.somaxconn=4096");
        assert_eq!(shell("a b"), "'a b'");
        assert_eq!(shell(""), "''");
    }

    #[test]
    fn what_a_reader_of_yaml_would_not_print_is_spelled_out() {
        assert_eq!(yaml("a\u{2028}b\u{85}"), "\"a\\U00002028b\\U00000085\"");
        assert_eq!(yaml("no"), "\"no\"");
    }
}
