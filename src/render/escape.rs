//! Escaping: text from outside becomes text a terminal only shows.

use std::fmt::Write as _;

/// Whether a terminal, or the reader's eye, could take the character for an order: C0 and C1 controls,
/// line and direction marks, and characters without a picture.
pub(super) fn is_active(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{00ad}'
                | '\u{061c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

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
    let code = u32::from(letter);
    // Writing into a `String` does not fail.
    let _ = match letter {
        '\t' => shown.write_char(' '),
        '\n' => shown.write_str("\\n"),
        '\r' => shown.write_str("\\r"),
        _ if !is_active(letter) => shown.write_char(letter),
        _ if code < 0x100 => write!(shown, "\\x{code:02x}"),
        _ => write!(shown, "\\u{{{code:x}}}"),
    };
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
    fn every_script_stays_as_it_is() {
        assert_eq!(line("größer 数据 🦀"), "größer 数据 🦀");
    }
}
