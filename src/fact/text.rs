//! Text from outside: processes, files and hosts may be named anything.

use std::borrow::Cow;

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

/// The text with every active character spelled out, as Rust would: `\u{1b}`, `\n`.
pub fn inert(text: &str) -> Cow<'_, str> {
    if !text.contains(is_active) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        if is_active(letter) {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gives_orders_is_spelled_out_and_the_rest_is_kept() {
        assert_eq!(inert("n\u{e9}z (pid 812)"), "n\u{e9}z (pid 812)");
        assert_eq!(inert("a\u{1b}[2J\n"), "a\\u{1b}[2J\\n");
        assert_eq!(inert("\u{202e}x\u{feff}"), "\\u{202e}x\\u{feff}");
    }
}
