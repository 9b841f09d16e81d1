//! The spellings of a key: dotted, with slashes, as a path.

use std::borrow::Cow;

use super::find;

/// The dotted name of a key, in which a slash stands for a dot of an interface name, as in
/// sysctl(8): `net.ipv4.conf.eth0/100.rp_filter`.
///
/// The first separator tells the spelling, so `net/ipv4/conf/eth0.100/rp_filter` and
/// `/proc/sys/net/ipv4/tcp_sack` are understood too. An alias becomes the name it stands for.
pub fn canonical(key: &str) -> Cow<'_, str> {
    let key = key.trim();
    let relative = key.strip_prefix("/proc/sys/").unwrap_or(key);
    let separator = relative.chars().find(|c| matches!(c, '.' | '/'));
    let dotted = if separator == Some('/') {
        Cow::Owned(swapped(relative))
    } else {
        Cow::Borrowed(relative)
    };
    match find::alias(&dotted) {
        Some(spec) => Cow::Borrowed(spec.key),
        None => dotted,
    }
}

/// The path of a dotted key below `/proc/sys`: `net/ipv4/conf/eth0.100/rp_filter`. `None` for a
/// name that no key can have or that would lead out of the tree.
pub fn path(key: &str) -> Option<String> {
    let outside = |segment: &str| matches!(segment, "" | "/" | "//");
    if key.contains('\0') || !key.contains('.') || key.split('.').any(outside) {
        return None;
    }
    Some(swapped(key))
}

/// Dots to slashes and slashes to dots.
fn swapped(name: &str) -> String {
    let mut swapped = String::with_capacity(name.len());
    for part in name.split_inclusive(['.', '/']) {
        let (rest, mark) = match part.strip_suffix('.') {
            Some(rest) => (rest, "/"),
            None => part
                .strip_suffix('/')
                .map_or((part, ""), |rest| (rest, ".")),
        };
        swapped.push_str(rest);
        swapped.push_str(mark);
    }
    swapped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_has_one_dotted_name() {
        for (given, dotted) in [
            ("net.ipv4.tcp_sack", "net.ipv4.tcp_sack"),
            ("net/ipv4/tcp_sack", "net.ipv4.tcp_sack"),
            ("/proc/sys/net/ipv4/tcp_sack\n", "net.ipv4.tcp_sack"),
            (
                "net/ipv4/conf/eth0.100/rp_filter",
                "net.ipv4.conf.eth0/100.rp_filter",
            ),
            (
                "net.ipv4.conf.eth0/100.rp_filter",
                "net.ipv4.conf.eth0/100.rp_filter",
            ),
            ("net.nf_conntrack_max", "net.netfilter.nf_conntrack_max"),
            ("", ""),
            ("é/ü.ö", "é.ü/ö"),
        ] {
            assert_eq!(canonical(given), dotted, "{given}");
        }
    }

    #[test]
    fn a_path_never_leads_out_of_the_tree() {
        assert_eq!(
            path("net.ipv4.conf.eth0/100.rp_filter").as_deref(),
            Some("net/ipv4/conf/eth0.100/rp_filter")
        );
        for key in [
            "",
            "net",
            "net..ipv4",
            ".net.ipv4",
            "net.",
            "net.//.kernel",
            "net./.x",
            "a.b\0c",
        ] {
            assert_eq!(path(key), None, "{key:?}");
        }
    }
}
