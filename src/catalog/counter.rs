//! What the catalogue says of one counter.

use super::Release;
use super::table::COUNTERS;
use crate::fact::Unit;

/// One field of `/proc/net/netstat` or `/proc/net/snmp` (the tables in `net/ipv4/proc.c` and
/// `net/mptcp/mib.c`), in kernel spelling. All count per network namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CounterSpec {
    /// The line: `TcpExt`.
    pub proto: &'static str,
    /// The field: `ListenOverflows`; `*` for any.
    pub name: &'static str,
    /// Not a monotone counter but a level or a setting.
    pub gauge: bool,
    /// What it counts or measures.
    pub unit: Unit,
    /// The oldest mainline release known to have it; `None` for those of 3.1 or older.
    pub since: Option<Release>,
    /// The first mainline release without it.
    pub removed_in: Option<Release>,
    /// Counted per network namespace, but caused by a limit of the whole machine.
    pub host_cause: bool,
}

/// The entry of a counter in kernel spelling. `IcmpMsg`, which has one field for each type seen, is
/// one entry.
pub fn counter(proto: &str, name: &str) -> Option<&'static CounterSpec> {
    let search = |name: &str| {
        let at = COUNTERS
            .binary_search_by(|spec| (spec.proto, spec.name).cmp(&(proto, name)))
            .ok()?;
        COUNTERS.get(at)
    };
    search(name).or_else(|| search("*"))
}

/// Every entry, sorted by line and field.
pub fn counters() -> &'static [CounterSpec] {
    COUNTERS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_found_by_its_kernel_spelling_only() {
        assert!(counter("TcpExt", "ListenOverflows").is_some());
        assert!(counter("Tcp", "ListenOverflows").is_none());
        assert!(counter("TcpExt", "listenoverflows").is_none());
        assert!(counter("IcmpMsg", "InType3").is_some());
        assert!(counter("TcpExt", "").is_none());
    }

    #[test]
    fn gauges_are_told_from_counters() {
        let gauge = |proto, name| counter(proto, name).map(|spec| spec.gauge);
        assert_eq!(gauge("Tcp", "CurrEstab"), Some(true));
        assert_eq!(gauge("Tcp", "PassiveOpens"), Some(false));
        assert_eq!(gauge("MPTcpExt", "MPCurrEstab"), Some(true));
    }

    #[test]
    fn the_table_is_sorted_for_the_search() {
        assert!(COUNTERS.is_sorted_by(|a, b| (a.proto, a.name) < (b.proto, b.name)));
    }
}
