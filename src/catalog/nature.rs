//! What sort of key it is, as its name tells.

use super::KeySpec;

/// Whether a key belongs to one interface, or is what new interfaces start with; the entry is that of the
/// key. `neigh.default.gc_thresh1` is one limit for all, and an entry of its own.
pub fn is_of_interface(key: &str, spec: Option<&KeySpec>) -> bool {
    let Some((family, interface)) = family_and_interface(key) else {
        return false;
    };
    let single = spec.is_some_and(|spec| !spec.is_pattern());
    let limit = family == "neigh" && single;
    !limit && (!single || interface == "default") && interface != "all"
}

/// The third and the fourth part of a key that has them: `conf` and `eth0`.
fn family_and_interface(key: &str) -> Option<(&str, &str)> {
    let (_, rest) = key.split_once('.')?;
    let (_, rest) = rest.split_once('.')?;
    let (family, rest) = rest.split_once('.')?;
    let interface = rest
        .split_once('.')
        .map_or(rest, |(interface, _)| interface);
    matches!(family, "conf" | "neigh").then_some((family, interface))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::find;

    #[test]
    fn what_every_interface_has_is_told_from_what_all_share() {
        for (key, of_interface) in [
            ("net.ipv4.conf.eth0.rp_filter", true),
            ("net.ipv4.conf.default.rp_filter", true),
            ("net.ipv6.conf.default.accept_ra", true),
            ("net.ipv4.neigh.eth0.gc_stale_time", true),
            ("net.ipv4.conf.all.rp_filter", false),
            ("net.ipv4.neigh.default.gc_thresh3", false),
            ("net.ipv4.tcp_sack", false),
            ("net.core.somaxconn", false),
        ] {
            assert_eq!(is_of_interface(key, find(key)), of_interface, "{key}");
        }
    }

    #[test]
    fn a_limit_is_room_and_not_a_time_or_a_switch() {
        for (key, limit) in [
            ("net.core.somaxconn", true),
            ("net.core.rmem_max", true),
            ("net.ipv4.tcp_rmem", true),
            ("net.ipv4.tcp_max_tw_buckets", true),
            ("net.ipv4.tcp_fin_timeout", false),
            ("net.ipv4.tcp_rto_max_ms", false),
            ("net.ipv4.tcp_sack", false),
        ] {
            assert_eq!(find(key).unwrap().is_limit(), limit, "{key}");
        }
    }
}
