//! Families of keys that the catalogue knows by name only.

use super::{canonical, find, nearest, slashed};

/// What keys of subsystems and modules begin with that are not, or not all, listed one by one
/// (`register_net_sysctl` of `net/ipv6`, `net/bridge`, `net/netfilter`, `net/core/neighbour.c` and others).
const FAMILIES: [&str; 19] = [
    "net.ipv6.",
    "net.bridge.",
    "net.netfilter.",
    "net.nf_conntrack_",
    "net.ipv4.neigh.",
    "net.ipv4.netfilter.",
    "net.ipv4.vs.",
    "net.sctp.",
    "net.unix.",
    "net.mpls.",
    "net.rds.",
    "net.smc.",
    "net.llc.",
    "net.x25.",
    "net.ax25.",
    "net.dccp.",
    "net.rxrpc.",
    "net.iw_cm.",
    "net.appletalk.",
];

/// Keys of interfaces: most of them are listed, so what is near to one of them is a slip.
const INTERFACES: &str = "net.ipv4.conf.";

/// The family of a key of which nothing else is known, without the dot at its end; `None` for a key of the
/// catalogue, and for a name of no family.
///
/// ```
/// use tcptune::catalog::family;
/// assert_eq!(family("net.ipv6.brought_by_a_later_kernel"), Some("net.ipv6"));
/// assert_eq!(family("net.ipv4.tcp_rme"), None);
/// ```
pub fn family(key: &str) -> Option<&'static str> {
    let key = canonical(key);
    if find(&key).is_some_and(|spec| !spec.unlisted) || slashed(&key).is_some() {
        return None;
    }
    let shown = |start: &'static str| start.trim_end_matches(['.', '_']);
    if key.starts_with(INTERFACES) {
        return nearest(&key).is_none().then(|| shown(INTERFACES));
    }
    let start = FAMILIES.iter().find(|start| key.starts_with(**start));
    start.map(|start| shown(start))
}

/// What keys of the BSDs and of macOS begin with that Linux has none of (`sysctl(3)` of FreeBSD).
const OF_BSD: [&str; 8] = [
    "net.inet.",
    "net.inet6.",
    "net.link.",
    "net.local.",
    "net.isr.",
    "net.bpf.",
    "net.pf.",
    "net.route.",
];

/// Whether a key is one of the BSDs or of macOS: a text that sets it need not mean Linux.
pub fn is_of_bsd(key: &str) -> bool {
    OF_BSD.iter().any(|start| key.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_listed_belongs_to_its_family() {
        for (key, name) in [
            ("net.ipv6.made_up", "net.ipv6"),
            ("net.ipv6.conf.all.made_up", "net.ipv6"),
            ("net.ipv4.neigh.eth0.made_up", "net.ipv4.neigh"),
            ("net.bridge.bridge-nf-made-up", "net.bridge"),
            ("net.netfilter.nf_made_up", "net.netfilter"),
            ("net.ipv4.conf.eth0.entirely_else", "net.ipv4.conf"),
        ] {
            assert_eq!(family(key), Some(name), "{key}");
        }
        for key in [
            "net.ipv4.tcp_sack",
            "net.ipv6.conf.all.forwarding",
            "net.ipv4.conf.all.rp_fliter",
            "net.ipv4.conf.eth0.5.rp_filter",
            "net.ipv4.tcp_made_up",
            "net.core.made_up",
            "",
        ] {
            assert_eq!(family(key), None, "{key}");
        }
    }

    #[test]
    fn keys_of_other_systems_are_told_by_their_start() {
        assert!(is_of_bsd("net.inet.tcp.msl"));
        assert!(!is_of_bsd("net.ipv4.tcp_sack"));
        assert!(!is_of_bsd("net.inet_made_up"));
    }
}
