//! Values that are never shown.

use super::{brace, wildcard};
use crate::catalog;

/// What is shown in the place of a secret.
pub(super) const SECRET: &str = "(secret)";

/// The keys whose values are secrets.
pub(super) struct Secrets {
    keys: Vec<&'static str>,
}

impl Secrets {
    pub(super) fn new() -> Self {
        let secret = catalog::keys().iter().filter(|spec| spec.secret);
        Self {
            keys: secret.map(|spec| spec.key).collect(),
        }
    }

    /// Whether a name or pattern may mean a secret. A name that only has the name of one in it counts: a
    /// slip of the pen must not bring the value to light.
    pub(super) fn is_one(&self, text: &[u8], pattern: bool) -> bool {
        let means = |text: &[u8]| self.are_in(text) || (pattern && self.may_match(text));
        match brace::expand(text) {
            Ok(None) => means(text),
            Ok(Some(alternatives)) => alternatives.iter().any(|text| means(text)),
            Err(brace::TooMany) => true,
        }
    }

    /// Whether the name of a secret stands in a text: in a value, as when a line end is lost.
    pub(super) fn are_in(&self, text: &[u8]) -> bool {
        self.end_in(text).is_some()
    }

    /// The name of a line as it may be shown, where its value has become a part of it: for want of the
    /// right sign between them, `tcp_fastopen_key;VALUE`.
    pub(super) fn cut(&self, key: &str) -> Option<String> {
        let (name, value) = key.split_at_checked(self.end_in(key.as_bytes())?)?;
        let swallowed = value.contains(char::is_alphanumeric);
        swallowed.then(|| format!("{name}{SECRET}"))
    }

    /// Where the first name of a secret in a text ends.
    fn end_in(&self, text: &[u8]) -> Option<usize> {
        let shortest = self.leaves().map(<[u8]>::len).min().unwrap_or(usize::MAX);
        if text.len() < shortest {
            return None;
        }
        let ends = self.leaves().filter_map(|leaf| {
            let mut windows = text.windows(leaf.len());
            let at = windows.position(|window| window.eq_ignore_ascii_case(leaf))?;
            Some(at + leaf.len())
        });
        ends.min()
    }

    fn leaves(&self) -> impl Iterator<Item = &'static [u8]> {
        self.keys.iter().map(|key| last(key.as_bytes()))
    }

    fn may_match(&self, pattern: &[u8]) -> bool {
        let parts: Vec<&[u8]> = pattern
            .split(|byte| *byte == b'/')
            .filter(|part| !matches!(*part, b"" | b"."))
            .collect();
        let odd = parts.contains(&&b".."[..]);
        self.keys.iter().any(|key| {
            let own: Vec<&[u8]> = key.as_bytes().split(|byte| *byte == b'.').collect();
            let fits = |(part, own): (&&[u8], &&[u8])| *own == b"*" || wildcard::matches(part, own);
            if odd {
                parts.last().zip(own.last()).is_some_and(fits)
            } else {
                parts.len() == own.len() && parts.iter().zip(&own).all(fits)
            }
        })
    }
}

/// What stands behind the last separator.
fn last(text: &[u8]) -> &[u8] {
    text.rsplit(|byte| matches!(byte, b'.' | b'/'))
        .next()
        .unwrap_or_default()
        .trim_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_secret_key_is_one() {
        let secrets = Secrets::new();
        for name in [
            "net/ipv4/tcp_fastopen_key",
            "net.ipv4/TCP_fastopen_key ",
            "net/ipv6/conf/eth0/stable_secret",
            "tcp_fastopen_key",
            "\"net/ipv4/tcp_fastopen_key\"",
            "net/ipv4/tcp_fast{o,0}pen_key",
        ] {
            assert!(secrets.is_one(name.as_bytes(), false), "{name}");
        }
        assert!(!secrets.is_one(b"net/ipv4/tcp_fastopen", false));
    }

    #[test]
    fn a_name_that_swallowed_its_value_is_cut_behind_the_name() {
        let secrets = Secrets::new();
        for (key, shown) in [
            (
                "net.ipv4.tcp_fastopen_key;1-2",
                "net.ipv4.tcp_fastopen_key(secret)",
            ),
            (
                "net.ipv4.TCP_fastopen_key.1",
                "net.ipv4.TCP_fastopen_key(secret)",
            ),
            ("stable_secret\u{e4}", "stable_secret(secret)"),
        ] {
            assert_eq!(secrets.cut(key).as_deref(), Some(shown), "{key}");
        }
        for key in [
            "net.ipv4.tcp_fastopen_key",
            "\"stable_secret\"",
            "net.ipv4.tcp_sack",
        ] {
            assert_eq!(secrets.cut(key), None, "{key}");
        }
    }

    #[test]
    fn a_pattern_that_can_match_a_secret_is_one() {
        let secrets = Secrets::new();
        for pattern in [
            "net/ipv4/tcp_fast*_key",
            "net/ipv6/conf/*/stable_[r-t]ecret",
            "net/ipv6/conf/{lo,*}/stable_secret",
            "net/../net/*/tcp_fastopen_key",
        ] {
            assert!(secrets.is_one(pattern.as_bytes(), true), "{pattern}");
        }
        for pattern in ["net/ipv4/tcp_keepalive_*", "net/ipv6/conf/*/accept_ra"] {
            assert!(!secrets.is_one(pattern.as_bytes(), true), "{pattern}");
        }
    }

    #[test]
    fn a_value_that_swallowed_the_line_of_a_secret_is_seen() {
        let secrets = Secrets::new();
        assert!(secrets.are_in(b"1\rnet.ipv4.tcp_fastopen_key=1-2-3-4"));
        assert!(!secrets.are_in(b"4096 131072 6291456"));
    }
}
