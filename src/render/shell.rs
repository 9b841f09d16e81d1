//! Shell: the commands a reader may copy. What is copied must do what is shown and nothing else.

use crate::fact::is_active;

/// The command that sets one sysctl, or `None` when it cannot be written safely on a line.
///
/// `through` stands before it and leads into another network namespace; it is empty for this one.
///
/// Interface names are part of keys and may hold nearly any character, so a key is quoted like any
/// other text from outside.
pub(super) fn set(through: &str, key: &str, value: &str) -> Option<[String; 2]> {
    // Vectors are shown by `/proc/sys` with tabs between the fields; it takes blanks as well.
    let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
    if key.is_empty() || key.starts_with('-') || key.contains('=') {
        return None;
    }
    if key.chars().chain(value.chars()).any(is_active) {
        return None;
    }
    let setting = if key.chars().all(is_tame) {
        if value.is_empty() || value.contains(' ') || !value.chars().all(is_tame) {
            let quoted = if value.chars().all(|c| c == ' ' || is_tame(c)) {
                format!("\"{value}\"")
            } else {
                single(&value)
            };
            format!("{key}={quoted}")
        } else {
            format!("{key}={value}")
        }
    } else {
        single(&format!("{key}={value}"))
    };
    let space = if through.is_empty() { "" } else { " " };
    Some([format!("sudo {through}{space}sysctl -w"), setting])
}

/// A text as one word to a shell; `None` when it holds what a terminal would act on.
pub fn word(text: &str) -> Option<String> {
    if text.is_empty() || text.chars().any(is_active) {
        return None;
    }
    if text.chars().all(is_tame) {
        return Some(text.to_owned());
    }
    Some(single(text))
}

/// Whether a character means only itself in every common shell.
const fn is_tame(letter: char) -> bool {
    letter.is_ascii_alphanumeric()
        || matches!(letter, '.' | '_' | '-' | '/' | ',' | ':' | '@' | '+' | '%')
}

/// The text in single quotes, inside which a POSIX shell reads nothing but text.
fn single(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(key: &str, value: &str) -> Option<String> {
        set("", key, value).map(|parts| parts.join(" "))
    }

    #[test]
    fn values_of_several_fields_are_one_word_to_the_shell() {
        let rmem = line("net.ipv4.tcp_rmem", "4096\t131072\t6291456");
        assert_eq!(
            rmem.as_deref(),
            Some("sudo sysctl -w net.ipv4.tcp_rmem=\"4096 131072 6291456\"")
        );
        let none = line("net.ipv4.ip_local_reserved_ports", "\n");
        assert_eq!(
            none.as_deref(),
            Some("sudo sysctl -w net.ipv4.ip_local_reserved_ports=\"\"")
        );
    }

    #[test]
    fn an_interface_name_cannot_smuggle_a_command() {
        let key = "net.ipv4.conf.a$(reboot)'b.rp_filter";
        assert_eq!(
            line(key, "1").as_deref(),
            Some(r"sudo sysctl -w 'net.ipv4.conf.a$(reboot)'\''b.rp_filter=1'")
        );
        assert_eq!(
            line("net.core.default_qdisc", "fq`id`").as_deref(),
            Some("sudo sysctl -w net.core.default_qdisc='fq`id`'")
        );
    }

    #[test]
    fn what_cannot_be_copied_is_not_offered() {
        assert_eq!(set("", "net.ipv4.conf.a\x1b.rp_filter", "1"), None);
        assert_eq!(set("", "net.ipv4.tcp_sack", "\u{202e}1"), None);
        assert_eq!(set("", "--system", "1"), None);
        assert_eq!(set("", "", "1"), None);
    }
}
