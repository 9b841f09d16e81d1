//! "Did you mean": the known name nearest to a mistyped one.

use super::table::{COUNTERS, KEYS};
use super::{CounterSpec, KeySpec, canonical, find};
use crate::fact::distance;

/// Longer texts are no mistyped name, and the cost stays bounded.
const LONGEST: usize = 128;

/// The key, or the family, nearest to a name that is not in the catalogue; `None` when nothing is
/// near. A name without its beginning (`tcp_tw_reuse`) counts as near. Of two that are as near, one that acts
/// comes before one that is gone or ignored.
pub fn nearest(key: &str) -> Option<&'static str> {
    let key = canonical(key);
    if key.is_empty() || key.len() > LONGEST {
        return None;
    }
    let listed = || KEYS.iter().filter(|spec| !spec.unlisted);
    if !key.contains('.') {
        let ends = |name: &str| name.rsplit('.').next() == Some(key.as_ref());
        if let Some(spec) = listed().find(|spec| ends(spec.key)) {
            return Some(spec.key);
        }
    }
    let nearest = listed()
        .filter_map(|spec| {
            let distance = distance(&masked(&key, spec.key), spec.key, allowed(&key))?;
            Some((distance, is_past(spec), spec.key))
        })
        .min_by_key(|(distance, past, _)| (*distance, *past));
    match nearest {
        Some((_, false, near)) => Some(near),
        Some((_, true, past)) => same_end(&key, false).or(Some(past)),
        None => same_end(&key, false).or_else(|| same_end(&key, true)),
    }
}

/// Whether Linux has removed a key, or ignores it.
const fn is_past(spec: &KeySpec) -> bool {
    spec.removed_in.is_some() || spec.noop_since.is_some()
}

/// The one key whose last part is that of a name in another place (`net.ipv4.somaxconn`), or ends with it
/// (`net.ipv4.fin_timeout`); of those that are gone or ignored, or of the others.
fn same_end(key: &str, past: bool) -> Option<&'static str> {
    /// Beginnings that stand twice, or in the wrong place: `net.ipv4_timestamps`.
    const DOUBLED: [&str; 4] = ["ipv4_", "core_", "net_", "tcp_"];
    let (place, own) = key.rsplit_once('.')?;
    let doubled = DOUBLED.iter().find_map(|start| own.strip_prefix(start));
    same_part(place, own, past).or_else(|| same_part(place, doubled?, past))
}

fn same_part(place: &str, own: &str, past: bool) -> Option<&'static str> {
    /// What people leave away at the beginning. In front of more it is another key (`tcp_time_wait` is no
    /// `nf_conntrack_tcp_timeout_time_wait`), but for one of the same place.
    const FRONTS: [&str; 3] = ["tcp_", "nf_", "ip_"];
    // `net.ipv4.mem` may be the end of many.
    if own.len() < 6 {
        return None;
    }
    let listed = || {
        KEYS.iter()
            .filter(|spec| !spec.unlisted && !spec.is_pattern() && is_past(spec) == past)
    };
    let parts = |spec: &'static KeySpec| spec.key.rsplit_once('.').unwrap_or_default();
    let whole = || only(listed().filter(|spec| parts(spec).1 == own));
    let end = || {
        only(listed().filter(|spec| {
            let (other, last) = parts(spec);
            last.strip_suffix(own).is_some_and(|front| {
                FRONTS.contains(&front) || (front.ends_with('_') && other == place)
            })
        }))
    };
    whole().or_else(end)
}

/// The key of the only entry.
fn only(mut found: impl Iterator<Item = &'static KeySpec>) -> Option<&'static str> {
    let first = found.next()?;
    found.next().is_none().then_some(first.key)
}

/// The spelling of a key in which the dots of an interface name are slashes, where it was written with
/// dots throughout: `net.ipv4.conf.eth0.5.rp_filter`.
pub fn slashed(key: &str) -> Option<String> {
    let key = canonical(key);
    if find(&key).is_some() || key.len() > LONGEST {
        return None;
    }
    let meant = |pattern: &str| {
        let (front, back) = pattern
            .split_once('*')
            .filter(|(_, back)| !back.contains('*'))?;
        let name = key.strip_prefix(front)?.strip_suffix(back)?;
        let parts = name.split('.').all(|part| !part.is_empty());
        parts.then(|| format!("{front}{}{back}", name.replace('.', "/")))
    };
    KEYS.iter()
        .filter(|spec| !spec.unlisted)
        .find_map(|spec| meant(spec.key))
}

/// The counter nearest to `Proto.Field` or to a bare field name.
pub fn nearest_counter(name: &str) -> Option<&'static CounterSpec> {
    if name.is_empty() || name.len() > LONGEST {
        return None;
    }
    let (proto, field) = match name.split_once('.') {
        Some((proto, field)) => (Some(proto), field),
        None => (None, name),
    };
    let candidates = COUNTERS.iter().filter(|spec| spec.name != "*").map(|spec| {
        let wrong_line = usize::from(proto.is_some_and(|proto| proto != spec.proto));
        let apart = if field.eq_ignore_ascii_case(spec.name) {
            Some(usize::from(field != spec.name))
        } else {
            distance(field, spec.name, allowed(field))
        };
        (apart.map(|apart| apart + wrong_line), spec)
    });
    best(candidates)
}

/// The first of the candidates with the smallest distance.
fn best<T>(candidates: impl Iterator<Item = (Option<usize>, T)>) -> Option<T> {
    candidates
        .filter_map(|(distance, candidate)| Some((distance?, candidate)))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many slips a name of this length may hold.
fn allowed(name: &str) -> usize {
    (name.len() / 6).clamp(1, 3)
}

/// The key with `*` where the pattern has it, so that an interface name costs nothing.
fn masked(key: &str, pattern: &str) -> String {
    if !pattern.contains('*') || key.split('.').count() != pattern.split('.').count() {
        return key.to_owned();
    }
    let segments: Vec<&str> = key
        .split('.')
        .zip(pattern.split('.'))
        .map(|(own, wanted)| if wanted == "*" { "*" } else { own })
        .collect();
    segments.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_the_key() {
        for (given, meant) in [
            ("net.ipv4.tcp_tw_resue", "net.ipv4.tcp_tw_reuse"),
            ("net.ipv4.tcp_fintimeout", "net.ipv4.tcp_fin_timeout"),
            ("net/core/somaxcon", "net.core.somaxconn"),
            ("tcp_keepalive_time", "net.ipv4.tcp_keepalive_time"),
            ("net.ipv4.conf.eth0.rp_fliter", "net.ipv4.conf.*.rp_filter"),
            ("net.ip4.tcp_rmem", "net.ipv4.tcp_rmem"),
            ("net.ipv4.tcp_rme", "net.ipv4.tcp_rmem"),
            ("net.ipv4.fin_timeout", "net.ipv4.tcp_fin_timeout"),
            ("net.ipv4.somaxconn", "net.core.somaxconn"),
            ("net.ipv4_timestamps", "net.ipv4.tcp_timestamps"),
            ("net.ipv4.tcp_somaxconn", "net.core.somaxconn"),
            (
                "net.core.tcp_max_syn_backlog",
                "net.ipv4.tcp_max_syn_backlog",
            ),
            (
                "net.ipv4.nf_conntrack_max",
                "net.netfilter.nf_conntrack_max",
            ),
            ("net.ipv4.conntrack_max", "net.netfilter.nf_conntrack_max"),
            ("net.ipv4.tcp_tw_recyle", "net.ipv4.tcp_tw_recycle"),
            ("net.ipv4.tw_recycle", "net.ipv4.tcp_tw_recycle"),
            ("net.ipv4.tcp_lowlatency", "net.ipv4.tcp_low_latency"),
            (
                "net.netfilter.tcp_timeout_time_wait",
                "net.netfilter.nf_conntrack_tcp_timeout_time_wait",
            ),
        ] {
            assert_eq!(nearest(given), Some(meant), "{given}");
        }
    }

    #[test]
    fn the_dots_of_an_interface_name_are_told_from_those_of_the_key() {
        for (given, meant) in [
            (
                "net.ipv4.conf.eth0.5.rp_filter",
                "net.ipv4.conf.eth0/5.rp_filter",
            ),
            (
                "net.ipv6.neigh.a.b.c.gc_stale_time",
                "net.ipv6.neigh.a/b/c.gc_stale_time",
            ),
        ] {
            assert_eq!(slashed(given).as_deref(), Some(meant), "{given}");
        }
        for given in [
            "net.ipv4.conf.eth0.rp_filter",
            "net.ipv4.conf.eth0.5.made_up",
            "net.ipv4.conf.eth0..rp_filter",
            "net.ipv4.tcp_sack.x",
            "",
        ] {
            assert_eq!(slashed(given), None, "{given}");
        }
    }

    #[test]
    fn what_is_far_from_everything_suggests_nothing() {
        let long = "x.".repeat(5000);
        for given in [
            "",
            "vm.swappiness",
            "net.ipv4.entirely_else",
            "net.ipv4.tcp_prequeue",
            "net.ipv4.tcp_time_wait",
            long.as_str(),
        ] {
            assert_eq!(nearest(given), None, "{given}");
        }
    }

    #[test]
    fn a_slip_finds_the_counter() {
        let name = |given| nearest_counter(given).map(|spec| (spec.proto, spec.name));
        assert_eq!(
            name("TcpExt.ListenOverflow"),
            Some(("TcpExt", "ListenOverflows"))
        );
        assert_eq!(
            name("Tcp.ListenOverflows"),
            Some(("TcpExt", "ListenOverflows"))
        );
        assert_eq!(name("listendrops"), Some(("TcpExt", "ListenDrops")));
        assert_eq!(name("Udp.RcvBufErrors"), Some(("Udp", "RcvbufErrors")));
        assert_eq!(name("NothingLikeIt"), None);
    }
}
