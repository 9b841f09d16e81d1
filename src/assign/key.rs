//! The name of a key in a text.

use memchr::memmem;

use crate::catalog;

/// A key in a line of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// Where it begins, in bytes; of a path below /proc/sys where the path begins.
    pub(super) start: usize,
    /// Where it ends.
    pub(super) end: usize,
    /// The dotted name; what was misspelt stays so.
    pub(super) key: String,
    /// It was written as a path below /proc/sys.
    pub(super) is_path: bool,
}

/// What stands before a key that is written as a path.
const PATH: &str = "/proc/sys/";

/// The first key of a line from a byte on.
pub(super) fn next(line: &str, from: usize) -> Option<Named> {
    let mut at = from;
    while let Some(rest) = line.get(at..) {
        let found = at + memmem::find(rest.as_bytes(), b"net")?;
        let path = line.get(at..found)?.ends_with(PATH);
        let start = if path { found - PATH.len() } else { found };
        let separated = matches!(line.as_bytes().get(found + 3), Some(b'.' | b'/'));
        if separated && let Some(named) = whole(line, start, found + "net.".len()) {
            return Some(named);
        }
        at = found + "net".len();
    }
    None
}

/// The key that begins here, if it stands for itself and has more than its beginning.
fn whole(line: &str, start: usize, prefix_end: usize) -> Option<Named> {
    let before = line.get(..start)?.chars().next_back();
    // `"…\nnet.core…"` in a language that is not known.
    let escaped = line.get(..start)?.ends_with("\\n");
    if !escaped && before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '/')) {
        return None;
    }
    let rest = line.get(start..)?;
    let is_part =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '*' | '@' | '+');
    let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
    let written = rest.get(..end)?.trim_end_matches(['.', '/', '-', '*']);
    if start + written.len() <= prefix_end || is_file(written) {
        return None;
    }
    Some(Named {
        start,
        end: start + written.len(),
        key: catalog::canonical(written).into_owned(),
        is_path: written.starts_with('/'),
    })
}

/// A file of the kernel's source: `net/ipv4/tcp.c`.
fn is_file(written: &str) -> bool {
    let last = written.rsplit_once('/').map(|(_, last)| last);
    let end = last.and_then(|last| last.rsplit_once('.'));
    end.is_some_and(|(_, end)| matches!(end, "c" | "h" | "S" | "o" | "ko" | "rs" | "rst" | "txt"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_in_every_spelling() {
        for (line, key) in [
            ("sysctl -w net.ipv4.tcp_sack=0", "net.ipv4.tcp_sack"),
            (
                "net/ipv4/conf/eth0.1/rp_filter = 1",
                "net.ipv4.conf.eth0/1.rp_filter",
            ),
            (
                "echo 1 > /proc/sys/net/ipv4/ip_forward",
                "net.ipv4.ip_forward",
            ),
            ("\"net.core.somaxconn\": 1", "net.core.somaxconn"),
            ("net.ipv4.tcp_rme = 1", "net.ipv4.tcp_rme"),
        ] {
            assert_eq!(
                next(line, 0).map(|named| named.key).as_deref(),
                Some(key),
                "{line}"
            );
        }
        for line in [
            "internet.example.org",
            "see net.",
            "a/net/x",
            "net/ipv4/tcp_input.c: 1",
            "dotnet.ipv4.x",
        ] {
            assert_eq!(next(line, 0), None, "{line}");
        }
    }
}
