//! Where marks end.

/// How long the line end is that stands here.
pub(super) fn line_end(rest: &str, at: usize) -> usize {
    match rest.get(at..) {
        Some(end) if end.starts_with('\n') => 1,
        Some(end) if end.starts_with("\r\n") => 2,
        _ => 0,
    }
}

/// The end of a text in `'`.
pub(super) fn single_end(rest: &str) -> Option<usize> {
    rest.get(1..)?.find('\'').map(|end| end + 2)
}

/// Where a text in `"` ends, commands in it passed over; and whether all of these ended.
pub(super) fn double_end(rest: &str, commands: bool) -> (Option<usize>, bool) {
    let bytes = rest.as_bytes();
    let mut at = 1;
    let mut ended = commands;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return (Some(at + 1), ended),
            b'\\' => at += 2,
            b'$' if ended && bytes.get(at + 1) == Some(&b'(') => {
                // Quotes within a command are not the end of these.
                let length = rest.get(at..).and_then(command_end);
                ended = length.is_some();
                at += length.unwrap_or(1);
            }
            _ => at += 1,
        }
    }
    (None, ended)
}

/// The end of `$(…)`.
pub(super) fn command_end(rest: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut escaped = false;
    for (at, byte) in rest.bytes().enumerate() {
        if escaped {
            escaped = false;
            continue;
        }
        match (byte, quote) {
            (b'\\', Some(b'"') | None) => escaped = true,
            (b'\'' | b'"', None) => quote = Some(byte),
            (mark, Some(open)) if mark == open => quote = None,
            (b'(', None) => depth += 1,
            (b')', None) => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}
