//! `--format json`: the report as it is, for programs.

use std::fmt::Write as _;
use std::io;

use serde::Serialize;

use crate::fact::is_active;

/// Writes a report, or an answer, as indented JSON with a final newline.
///
/// Serde escapes what JSON demands. Characters JSON allows and terminals act on (C1 controls,
/// direction overrides) are written as `\uXXXX` too, which reads back as the same text.
pub fn json(document: &impl Serialize, out: &mut impl io::Write) -> io::Result<()> {
    let text = serde_json::to_string_pretty(document).map_err(io::Error::from)?;
    out.write_all(inert(&text).as_bytes())
}

/// Writes a document on one line, as [`json`] otherwise.
pub(super) fn json_line(document: &impl Serialize, out: &mut impl io::Write) -> io::Result<()> {
    let text = serde_json::to_string(document).map_err(io::Error::from)?;
    out.write_all(inert(&text).as_bytes())
}

/// JSON text with a final newline, in which every active character of a value is escaped.
fn inert(text: &str) -> String {
    // Nearly every text is.
    if text
        .bytes()
        .all(|byte| byte == b'\n' || (b' '..=b'~').contains(&byte))
    {
        return format!("{text}\n");
    }
    let mut plain = String::with_capacity(text.len() + 1);
    for letter in text.chars() {
        // A raw newline in JSON text is indentation, never part of a value.
        if letter != '\n' && is_active(letter) {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                // Writing into a `String` does not fail.
                let _ = write!(plain, "\\u{unit:04x}");
            }
        } else {
            plain.push(letter);
        }
    }
    plain.push('\n');
    plain
}
