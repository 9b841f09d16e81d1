//! How many sockets there are, without a walk: `sockstat` and `sockstat6`.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use crate::fact::{Reading, parse};
use crate::host::file;

/// The sockets of a namespace as the kernel keeps count of them (`sockstat_seq_show`,
/// `sockstat6_seq_show`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Gauges {
    /// Whole sockets with IPv4 and with IPv6: in every state but `TIME_WAIT`, half-open requests and most
    /// of `FIN_WAIT2`; listeners included.
    pub(super) in_use: [u64; 2],
    /// What is left of sockets in `TIME_WAIT` and `FIN_WAIT2`, both families together (`tw`).
    pub(super) resting: u64,
}

impl Gauges {
    /// Reads the files of a directory; `None` when they do not say. A missing `sockstat6` is a system
    /// without IPv6.
    pub(super) fn read(directory: &Path) -> Option<Self> {
        let ipv4 = file::text(&directory.join("sockstat")).ok()?;
        let ipv6 = match file::text(&directory.join("sockstat6")) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(_) => return None,
        };
        let fields = parse::sockstat(&ipv4);
        let (in_use, resting) = (gauge(&fields, "TCP.inuse")?, gauge(&fields, "TCP.tw")?);
        let in_use_ipv6 =
            ipv6.map_or(Some(0), |text| gauge(&parse::sockstat(&text), "TCP6.inuse"))?;
        Some(Self {
            in_use: [in_use, in_use_ipv6],
            resting,
        })
    }

    /// The same without sockets that listen, of each family.
    pub(super) fn without(self, listeners: [u64; 2]) -> Self {
        let [ipv4, ipv6] = self.in_use;
        let [listening, listening_ipv6] = listeners;
        Self {
            in_use: [
                ipv4.saturating_sub(listening),
                ipv6.saturating_sub(listening_ipv6),
            ],
            ..self
        }
    }

    /// Whole sockets of both families.
    pub(super) fn whole(self) -> u64 {
        let [ipv4, ipv6] = self.in_use;
        ipv4.saturating_add(ipv6)
    }

    /// How far the counts of two moments are apart.
    pub(super) fn apart(self, other: Self) -> u64 {
        let pairs = self.in_use.iter().zip(other.in_use);
        pairs.fold(self.resting.abs_diff(other.resting), |sum, (one, two)| {
            sum.saturating_add(one.abs_diff(two))
        })
    }
}

fn gauge(fields: &BTreeMap<String, Reading<i64>>, name: &str) -> Option<u64> {
    u64::try_from(*fields.get(name)?.value()?).ok()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn of(ipv4: &str, ipv6: Option<&str>) -> Option<Gauges> {
        let tree = tempfile::tempdir().unwrap();
        fs::write(tree.path().join("sockstat"), ipv4).unwrap();
        if let Some(text) = ipv6 {
            fs::write(tree.path().join("sockstat6"), text).unwrap();
        }
        Gauges::read(tree.path())
    }

    #[test]
    fn both_families_count_and_a_system_without_ipv6_has_none() {
        let ipv4 = "sockets: used 9\nTCP: inuse 5 orphan 1 tw 7 alloc 6 mem 1\n";
        let expected = Gauges {
            in_use: [5, 3],
            resting: 7,
        };
        assert_eq!(of(ipv4, Some("TCP6: inuse 3\n")), Some(expected));
        assert_eq!(of(ipv4, None).unwrap().whole(), 5);
    }

    #[test]
    fn a_file_that_does_not_say_is_no_zero() {
        assert_eq!(of("TCP: inuse 5\n", None), None);
        assert_eq!(of("TCP: inuse 5 tw 7\n", Some("UDP6: inuse 3\n")), None);
        assert_eq!(of("TCP: inuse -5 tw 7\n", None), None);
    }

    #[test]
    fn no_count_falls_below_zero() {
        let gauges = Gauges {
            in_use: [5, 0],
            resting: 7,
        };
        assert_eq!(gauges.without([1, 2]).in_use, [4, 0]);
        assert_eq!(gauges.apart(Gauges::default()), 12);
    }
}
