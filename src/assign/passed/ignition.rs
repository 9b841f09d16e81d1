//! Files in Ignition: `"source": "data:,net.core.somaxconn%3D1024%0A"`, a text of a `data:` address (RFC 2397).

use memchr::memmem;

use crate::assign::conf;
use crate::assign::found::{Found, Source};

/// The lines of such texts.
pub(super) fn find(text: &str, finds: &mut Vec<Found>) {
    let mut done = 0;
    for at in memmem::find_iter(text.as_bytes(), "data:") {
        let begin = at + "data:".len();
        let rest = text.get(begin..).unwrap_or_default();
        // A media type is short; what goes on for longer is no address.
        let head = rest.bytes().take(80).position(|byte| byte == b',');
        let Some(head) = head.filter(|_| begin >= done) else {
            continue;
        };
        let kind = rest.get(..head).unwrap_or_default();
        if kind.contains(['"', '\'', ' ', '\n']) || kind.ends_with("base64") {
            continue;
        }
        let body = rest.get(head + 1..).unwrap_or_default();
        let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'');
        let size = body.find(ends).unwrap_or(body.len());
        let from = begin + head + 1;
        done = from + size;
        let written = body.get(..size).unwrap_or_default();
        if written.contains("net") {
            conf::content(&decoded(written, from), finds);
        }
    }
}

/// The text without its `%0A`.
fn decoded(written: &str, from: usize) -> Source<'static> {
    let mut made = Source::default();
    let mut at = 0;
    while let Some(rest) = written.get(at..).filter(|rest| !rest.is_empty()) {
        let plain = rest.find('%').unwrap_or(rest.len());
        if plain > 0 {
            made.push(rest.get(..plain).unwrap_or_default(), from + at);
            at += plain;
            continue;
        }
        let byte = rest
            .get(1..3)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let Some(byte) = byte.filter(u8::is_ascii) {
            let mut letter = [0; 4];
            made.push(char::from(byte).encode_utf8(&mut letter), from + at);
            at += 3;
        } else {
            made.push("%", from + at);
            at += 1;
        }
    }
    made
}
