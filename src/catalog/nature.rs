//! What sort of key it is, as its name and its unit tell.

use super::{KeySpec, Kind};
use crate::fact::Unit;

impl KeySpec {
    /// Whether a larger number means more room, so that somebody who set it wanted it high.
    pub fn is_limit(&self) -> bool {
        const PARTS: [&str; 8] = [
            "max",
            "mem",
            "backlog",
            "thresh",
            "budget",
            "limit_output",
            "qlen",
            "max_size",
        ];
        let name = self.key.rsplit('.').next().unwrap_or_default();
        matches!(self.kind, Kind::Int | Kind::Triple)
            && matches!(
                self.unit,
                Unit::Count | Unit::Bytes | Unit::Pages | Unit::Number
            )
            && PARTS.iter().any(|part| name.contains(part))
    }
}

/// Whether a key belongs to one interface, or is what new interfaces start with; the entry is that of the
/// key. `neigh.default.gc_thresh1` is one limit for all, and an entry of its own.
pub fn is_of_interface(key: &str, spec: Option<&KeySpec>) -> bool {
    let mut parts = key.split('.').skip(2);
    let (family, interface) = (parts.next(), parts.next());
    let listed = matches!(family, Some("conf" | "neigh")) && interface.is_some();
    let single = spec.is_some_and(|spec| !spec.is_pattern());
    let limit = family == Some("neigh") && single;
    listed && !limit && !(single && interface != Some("default")) && interface != Some("all")
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
