//! Text from outside: processes, files and hosts may be named anything.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a terminal, or the reader's eye, could take the character for an order: C0 and C1 controls,
/// line and direction marks, and characters without a picture.
pub fn is_active(letter: char) -> bool {
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

/// Appends one character, spelled out if it is active: `\x1b`, `\u{202e}`, `\n`. The one spelling of all
/// pages and messages.
pub fn push_inert(shown: &mut String, letter: char) {
    let code = u32::from(letter);
    // Writing into a `String` does not fail.
    let _ = match letter {
        '\t' => shown.write_str("\\t"),
        '\n' => shown.write_str("\\n"),
        '\r' => shown.write_str("\\r"),
        _ if !is_active(letter) => shown.write_char(letter),
        _ if code < 0x100 => write!(shown, "\\x{code:02x}"),
        _ => write!(shown, "\\u{{{code:x}}}"),
    };
}

/// The text with every active character spelled out.
pub fn inert(text: &str) -> Cow<'_, str> {
    if !text.contains(is_active) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        push_inert(&mut shown, letter);
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gives_orders_is_spelled_out_and_the_rest_is_kept() {
        assert_eq!(inert("n\u{e9}z (pid 812)"), "n\u{e9}z (pid 812)");
        assert_eq!(inert("a\u{1b}[2J\n"), "a\\x1b[2J\\n");
        assert_eq!(inert("\u{202e}x\u{feff}"), "\\u{202e}x\\u{feff}");
    }
}
