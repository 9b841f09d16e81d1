//! Finding the entry of a key.

use super::table::{ALIASES, KEYS, PATTERNS};
use super::{KeySpec, canonical};

/// The entry of a key in any spelling; see [`canonical`]. A key of its own beats a family such as
/// `net.ipv4.conf.*.rp_filter`, and that beats the catch-all `net.ipv4.conf.*.*`.
pub fn find(key: &str) -> Option<&'static KeySpec> {
    // Nearly all come in the spelling of the table, in which no name is another one's alias.
    if let Some(spec) = exact(key) {
        return Some(spec);
    }
    let key = canonical(key);
    exact(&key).or_else(|| {
        PATTERNS
            .iter()
            .filter_map(|at| KEYS.get(*at))
            .find(|spec| matches(spec.key, &key))
    })
}

/// The entry of a key in any spelling, if it has one of its own: no family is looked through.
pub fn find_single(key: &str) -> Option<&'static KeySpec> {
    let spec = exact(key).or_else(|| exact(&canonical(key)));
    spec.filter(|spec| !spec.is_pattern())
}

/// Every entry, families included, sorted by name.
pub fn keys() -> &'static [KeySpec] {
    KEYS
}

/// The entry whose name is exactly this.
fn exact(key: &str) -> Option<&'static KeySpec> {
    let at = KEYS.binary_search_by(|spec| spec.key.cmp(key)).ok()?;
    KEYS.get(at)
}

/// The entry a dotted name is another name of.
pub(super) fn alias(name: &str) -> Option<&'static KeySpec> {
    let at = ALIASES
        .binary_search_by(|(alias, _)| (*alias).cmp(name))
        .ok()?;
    KEYS.get(ALIASES.get(at)?.1)
}

/// Whether a dotted key belongs to a pattern: segment by segment, `*` for any one that is not empty.
///
/// Byte by byte, since every key that has no entry of its own is held against every pattern. They begin alike,
/// and almost all of them differ in their last byte.
fn matches(pattern: &str, key: &str) -> bool {
    let ends = pattern.bytes().rev().zip(key.bytes().rev());
    let mut ends = ends.take_while(|(wanted, _)| *wanted != b'*');
    if ends.any(|(wanted, byte)| wanted != byte) {
        return false;
    }
    let mut key = key.as_bytes();
    for wanted in pattern.bytes() {
        let taken = match wanted {
            b'*' => key.iter().take_while(|byte| **byte != b'.').count(),
            _ => usize::from(key.first() == Some(&wanted)),
        };
        if taken == 0 {
            return false;
        }
        key = key.get(taken..).unwrap_or_default();
    }
    key.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(key: &str) -> Option<&'static str> {
        find(key).map(|spec| spec.key)
    }

    #[test]
    fn a_key_of_its_own_beats_a_family_and_a_family_the_catch_all() {
        assert_eq!(
            found("net.ipv4.conf.all.rp_filter"),
            Some("net.ipv4.conf.all.rp_filter")
        );
        assert_eq!(
            found("net.ipv4.conf.eth0.rp_filter"),
            Some("net.ipv4.conf.*.rp_filter")
        );
        assert_eq!(
            found("net.ipv4.conf.eth0.made_up"),
            Some("net.ipv4.conf.*.*")
        );
        assert_eq!(
            found("net.ipv4.conf.default.made_up"),
            Some("net.ipv4.conf.default.*")
        );
        assert_eq!(
            found("net.ipv4.conf.all.made_up"),
            Some("net.ipv4.conf.*.*")
        );
    }

    #[test]
    fn a_key_of_a_family_has_no_entry_of_its_own() {
        let single = |key| find_single(key).map(|spec| spec.key);
        assert_eq!(single("net/core/somaxconn"), Some("net.core.somaxconn"));
        assert_eq!(single("net.ipv4.conf.eth0.rp_filter"), None);
        assert_eq!(single("net.ipv4.conf.*.rp_filter"), None);
    }

    #[test]
    fn aliases_and_interface_names_with_dots_are_found() {
        assert_eq!(
            found("net.nf_conntrack_max"),
            Some("net.netfilter.nf_conntrack_max")
        );
        assert_eq!(
            found("net/ipv4/conf/eth0.100/rp_filter"),
            Some("net.ipv4.conf.*.rp_filter")
        );
        assert_eq!(
            found("net.ipv4.conf.eth0/100.rp_filter"),
            Some("net.ipv4.conf.*.rp_filter")
        );
    }

    #[test]
    fn what_is_no_key_is_not_found() {
        for key in [
            "",
            ".",
            "net",
            "net.ipv4",
            "net.ipv4.tcp_made_up",
            "net.ipv4.conf..rp_filter",
            "net.ipv4.conf.a.b.rp_filter",
        ] {
            assert_eq!(found(key), None, "{key}");
        }
    }

    #[test]
    fn the_table_is_sorted_for_the_search() {
        assert!(KEYS.is_sorted_by(|a, b| a.key < b.key));
        assert!(ALIASES.is_sorted_by(|a, b| a.0 < b.0));
        assert!(ALIASES.iter().all(|(alias, _)| exact(alias).is_none()));
    }
}
