//! Escapes that `echo -e`, `printf` and `$'…'` write out.

use crate::assign::found::Source;

/// `\n` and `\t` as `echo -e` and `printf` write them.
pub(in crate::assign::lines) fn unescaped(source: &Source<'_>) -> Source<'static> {
    let mut made = Source::default();
    let text: &str = &source.text;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let plain = memchr::memchr(b'\\', rest.as_bytes()).unwrap_or(rest.len());
        if plain > 0 {
            // Piece by piece, for the places may jump in between.
            let part = source.part(at, at + plain);
            made.append(&part);
            at += plain;
            continue;
        }
        let (written, length) = match rest.as_bytes().get(1) {
            Some(b'n') => ("\n", 2),
            Some(b't') => ("\t", 2),
            Some(b'"') => ("\"", 2),
            Some(b'\'') => ("'", 2),
            Some(b'\\') => ("\\", 2),
            Some(b'\n') => ("", 2),
            _ => ("\\", 1),
        };
        if written == "\\" && rest.starts_with("\\\\n") {
            // `\\n` between quotes.
            made.push("\n", source.at(at));
            at += 3;
            continue;
        }
        made.push(written, source.at(at));
        at += length;
    }
    made
}
