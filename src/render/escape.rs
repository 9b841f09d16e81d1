//! Escaping: text from outside becomes text a terminal only shows.

use crate::fact::push_inert;

/// One line of text in which every active character is spelled out: `\x1b`, `\u{202e}`, `\n`. Tabs
/// become blanks.
pub(super) fn line(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        push(&mut shown, letter);
    }
    shown
}

/// Appends one character, spelled out if it is active.
pub(super) fn push(shown: &mut String, letter: char) {
    if letter == '\t' {
        shown.push(' ');
    } else {
        push_inert(shown, letter);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_to_a_terminal_are_spelled_out() {
        assert_eq!(line("a\x1b[31mb\x07"), "a\\x1b[31mb\\x07");
        assert_eq!(line("\u{9b}2J"), "\\x9b2J");
        assert_eq!(line("evil\u{202e}txt"), "evil\\u{202e}txt");
        assert_eq!(line("two\nlines\tand\r"), "two\\nlines and\\r");
    }

    #[test]
    fn a_message_and_a_page_spell_orders_alike() {
        for active in ["a\x1b[31m\x07", "\u{9b}2J", "\u{202e}\u{feff}", "\n\r"] {
            assert_eq!(crate::fact::inert(active), line(active));
            assert_eq!(line(&line(active)), line(active), "spelled out once only");
        }
    }

    #[test]
    fn every_script_stays_as_it_is() {
        assert_eq!(line("größer 数据 🦀"), "größer 数据 🦀");
    }
}
