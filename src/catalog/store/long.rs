//! The text of a number: `proc_get_long` of `kernel/sysctl.c`.

/// A number as `proc_get_long` reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Long {
    /// The number without its sign.
    pub(super) magnitude: u64,
    /// A `-` stands before it.
    pub(super) negative: bool,
    /// Where the text goes on.
    pub(super) after: usize,
}

/// `proc_get_long`: an optional `-`, then digits as `strtoul` reads them with base 0 (`0x15`, `025`), in
/// at most 20 bytes, followed by one of `trailers` or the end. `None` stands for `EINVAL`.
pub(super) fn long(text: &[u8], at: usize, trailers: &[u8]) -> Option<Long> {
    /// `TMPBUFLEN` without the zero.
    const WINDOW: usize = 21;
    let rest = text.get(at..)?;
    let window = rest.get(..WINDOW).unwrap_or(rest);
    let negative = window.first() == Some(&b'-') && rest.len() > 1;
    let digits = window.get(usize::from(negative)..)?;
    if !digits.first()?.is_ascii_digit() {
        return None;
    }
    let (base, prefix) = match digits {
        [b'0', b'x' | b'X', first, ..] if first.is_ascii_hexdigit() => (16, 2),
        [b'0', ..] => (8, 0),
        _ => (10, 0),
    };
    let mut magnitude = 0_u64;
    let mut length = usize::from(negative) + prefix;
    for byte in digits.get(prefix..)? {
        let Some(digit) = char::from(*byte).to_digit(base) else {
            break;
        };
        magnitude = magnitude
            .checked_mul(u64::from(base))?
            .checked_add(u64::from(digit))?;
        length += 1;
    }
    if length == WINDOW {
        return None;
    }
    match rest.get(length) {
        Some(next) if !trailers.contains(next) => None,
        _ => Some(Long {
            magnitude,
            negative,
            after: at + length,
        }),
    }
}

/// `isspace` of the kernel, which counts the Latin-1 no-break space.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ' | 0xa0)
}
