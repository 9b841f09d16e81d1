//! Wrapping: text into lines of a number of terminal cells.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr};

/// Stands for what was left out.
const ELLIPSIS: &str = "…";

/// The name of a file or an interface has at most 255 bytes; this adds room for its folder, the key around it and
/// the number of a line.
const LONGEST_NAME: usize = 320;

/// Units that stay on the line of their number.
const UNITS: [&str; 15] = [
    "%", "/s", "s", "ms", "us", "ns", "min", "h", "day", "days", "B", "KiB", "MiB", "GiB", "bytes",
];

/// How many terminal cells a text takes.
pub(super) fn cells(text: &str) -> usize {
    // Nearly every text is, and the tables for the others cost more than the rest of a report.
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return text.len();
    }
    text.width()
}

/// The text with blanks behind it up to `width` cells.
pub(super) fn pad(text: &str, width: usize) -> String {
    let blanks = width.saturating_sub(cells(text));
    format!("{text}{}", " ".repeat(blanks))
}

/// Breaks a text at its blanks into lines of at most `width` cells; at least one line.
///
/// A word is never broken: one that is wider is cut, and an ellipsis tells so. One that is to be copied (a
/// path, an address, the name of a key) stands whole, alone on a line that is too long.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in words(text) {
        let word = if cells(&word) <= width || is_name(&word) {
            word
        } else {
            cut(&word, width)
        };
        if line.is_empty() {
            line = word;
        } else if cells(&line) + 1 + cells(&word) <= width {
            line.push(' ');
            line.push_str(&word);
        } else {
            lines.push(std::mem::replace(&mut line, word));
        }
    }
    lines.push(line);
    lines
}

/// The beginning of a text that is wider than `width` cells, an ellipsis behind it.
pub(super) fn cut(text: &str, width: usize) -> String {
    if cells(text) <= width {
        return text.to_owned();
    }
    let room = width.saturating_sub(cells(ELLIPSIS));
    let mut end = 0;
    let mut taken = 0;
    for (at, letter) in text.char_indices() {
        taken += letter.width().unwrap_or(0);
        if taken > room {
            break;
        }
        end = at + letter.len_utf8();
    }
    format!("{}{ELLIPSIS}", text.get(..end).unwrap_or_default())
}

/// Whether a word looks like what is to be copied, and is not longer than any of it.
fn is_name(word: &str) -> bool {
    let bare = word.trim_start_matches(['(', '`', '"', '\'']);
    let dotted = || bare.starts_with(|c: char| c.is_ascii_alphabetic()) && bare.contains('.');
    cells(word) <= LONGEST_NAME && (bare.starts_with('/') || bare.contains("://") || dotted())
}

/// The words of a text, a number and its unit being one.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let bare = word.trim_end_matches(['.', ',', ';', ':', ')']);
        match words.last_mut() {
            Some(number)
                if UNITS.contains(&bare) && number.ends_with(|c: char| c.is_ascii_digit()) =>
            {
                number.push(' ');
                number.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stay_within_the_width_and_lose_no_word() {
        let text = "one two three four five six seven";
        for width in 5..40 {
            let lines = wrap(text, width);
            assert!(lines.iter().all(|line| cells(line) <= width), "{width}");
            assert_eq!(lines.join(" "), text);
        }
    }

    #[test]
    fn a_word_too_wide_stands_alone_and_whole() {
        let lines = wrap("set net.ipv4.conf.all.accept_redirects now", 10);
        assert_eq!(lines, ["set", "net.ipv4.conf.all.accept_redirects", "now"]);
    }

    #[test]
    fn a_value_too_wide_is_cut_and_says_so() {
        let digits = "7".repeat(200);
        let lines = wrap(&format!("it is {digits} now"), 10);
        assert_eq!(lines, ["it is", "777777777…", "now"]);
        assert_eq!(cut("数据数据", 6), "数据…");
        assert_eq!(cut("数据数据", 8), "数据数据");
        assert_eq!(cut("ab", 0), "…");
        let endless = format!("/{}", "x".repeat(400));
        assert_eq!(cells(&wrap(&endless, 80).concat()), 80);
    }

    #[test]
    fn a_number_keeps_its_unit() {
        assert_eq!(wrap("about 97 %, said", 8), ["about", "97 %,", "said"]);
    }

    #[test]
    fn wide_letters_take_two_cells() {
        assert_eq!(wrap("数据 数据", 8), ["数据", "数据"]);
        assert_eq!(wrap("数据 数据", 9), ["数据 数据"]);
    }

    #[test]
    fn nothing_is_one_empty_line() {
        assert_eq!(wrap("", 10), [""]);
    }
}
