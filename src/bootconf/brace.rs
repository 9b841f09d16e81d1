//! Braces in a pattern, as glob(3) expands them with `GLOB_BRACE`.

/// How many patterns one may grow into; beyond it the loader itself would hardly come to an end.
const MOST: usize = 4096;

/// How many bytes they may be in all.
const MOST_BYTES: usize = 1 << 20;

/// Braces that stand for too many patterns.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooMany;

/// The patterns that one with braces stands for, in order; `None` if there are no braces.
pub(super) fn expand(pattern: &[u8]) -> Result<Option<Vec<Vec<u8>>>, TooMany> {
    let Some(first) = split(pattern)? else {
        return Ok(None);
    };
    let mut done = Vec::new();
    // The next one to look at is the last, so alternatives are put there backwards.
    let mut open: Vec<Vec<u8>> = first.into_iter().rev().collect();
    let mut bytes = 0;
    while let Some(next) = open.pop() {
        bytes += next.len();
        match split(&next)? {
            Some(alternatives) => open.extend(alternatives.into_iter().rev()),
            None => done.push(next),
        }
        if open.len() + done.len() > MOST || bytes > MOST_BYTES {
            return Err(TooMany);
        }
    }
    Ok(Some(done))
}

/// The alternatives of the first braces; `None` without any, or if the first are not closed.
fn split(pattern: &[u8]) -> Result<Option<Vec<Vec<u8>>>, TooMany> {
    let Some((before, mut rest)) = at_brace(pattern) else {
        return Ok(None);
    };
    let mut alternatives = Vec::new();
    loop {
        let Some(end) = next_in_level(rest) else {
            return Ok(None);
        };
        let (alternative, after) = rest.split_at_checked(end).unwrap_or_default();
        alternatives.push(alternative);
        rest = after.get(1..).unwrap_or_default();
        if after.first() == Some(&b'}') {
            break;
        }
        if alternatives.len().saturating_mul(pattern.len()) > MOST_BYTES {
            return Err(TooMany);
        }
    }
    let whole = |middle: &&[u8]| [before, *middle, rest].concat();
    Ok(Some(alternatives.iter().map(whole).collect()))
}

/// What stands before the first brace that is not quoted, and what after it.
fn at_brace(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut escaped = false;
    let at = text.iter().position(|byte| match byte {
        _ if escaped => {
            escaped = false;
            false
        }
        b'\\' => {
            escaped = true;
            false
        }
        byte => *byte == b'{',
    })?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// Where the comma or the closing brace of this level stands.
fn next_in_level(text: &[u8]) -> Option<usize> {
    let mut depth = 0_usize;
    let mut escaped = false;
    for (at, byte) in text.iter().enumerate() {
        if escaped {
            escaped = false;
            continue;
        }
        match byte {
            b'\\' => escaped = true,
            b'{' => depth += 1,
            b'}' | b',' if depth == 0 => return Some(at),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(pattern: &str) -> Option<Vec<String>> {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let all = expand(pattern.as_bytes()).unwrap()?;
        Some(all.into_iter().map(text).collect())
    }

    #[test]
    fn alternatives_come_in_their_order_and_may_nest() {
        assert_eq!(
            expanded("a{b,c{d,e},}f").unwrap(),
            ["abf", "acdf", "acef", "af"]
        );
        assert_eq!(expanded("{a}{b,c}").unwrap(), ["ab", "ac"]);
    }

    #[test]
    fn without_a_closed_brace_there_is_nothing_to_expand() {
        for pattern in ["abc", "a{b,c", "a}b", "\\{a,b}"] {
            assert_eq!(expanded(pattern), None, "{pattern}");
        }
        assert_eq!(expanded("{a,b}{c").unwrap(), ["a{c", "b{c"]);
    }

    #[test]
    fn braces_that_grow_beyond_measure_are_refused() {
        assert_eq!(expand("{a,b}".repeat(30).as_bytes()), Err(TooMany));
        assert_eq!(
            expand(format!("{{{}", ",".repeat(100_000)).as_bytes()),
            Err(TooMany)
        );
    }
}
