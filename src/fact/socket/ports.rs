//! Which local ports are meant for outgoing connections, and which a service holds.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// How a tally looks at local ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortView {
    /// `ip_local_port_range`, both ends included.
    pub range: (u16, u16),
    /// Ports with a TCP listener: sockets there came in, whatever the range says.
    pub listening: BTreeSet<u16>,
}

impl PortView {
    /// Whether a connection from a local port came in: something listens on it.
    pub(super) fn came_in(&self, port: u16) -> bool {
        self.listening.contains(&port)
    }

    /// Whether a local port was taken by an outgoing connection: it lies in the range and nothing
    /// listens on it.
    pub(super) fn is_ephemeral(&self, port: u16) -> bool {
        let (low, high) = self.range;
        (low..=high).contains(&port) && !self.listening.contains(&port)
    }
}

/// Local ports that services hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortOccupancy {
    /// Ports with a TCP listener.
    pub tcp: BTreeSet<u16>,
    /// Ports of UDP sockets; `None` when they could not be read.
    pub udp: Option<BTreeSet<u16>>,
}

impl PortOccupancy {
    /// How many ports from `low` to `high`, both included, are held over TCP or UDP; `None` when
    /// the UDP side is not known. A port held over both counts once; an empty range holds none.
    ///
    /// Ports in `reserved` (inclusive ranges) do not count: the kernel never chooses them by itself,
    /// so their services are safe in any `ip_local_port_range`.
    pub fn held(&self, low: u16, high: u16, reserved: &[(u16, u16)]) -> Option<u64> {
        let udp = self.udp.as_ref()?;
        if low > high {
            return Some(0);
        }
        let only_udp = udp
            .range(low..=high)
            .filter(|port| !self.tcp.contains(port));
        let exposed = |port: &&u16| {
            let listed = |(from, to): &(u16, u16)| (*from..=*to).contains(*port);
            !reserved.iter().any(listed)
        };
        let held = self.tcp.range(low..=high).chain(only_udp).filter(exposed);
        Some(held.count() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_held_over_both_protocols_counts_once() {
        let ports = PortOccupancy {
            tcp: BTreeSet::from([53, 20_000]),
            udp: Some(BTreeSet::from([53, 16_384, 20_000, 40_000])),
        };
        assert_eq!(ports.held(16_384, 32_767, &[]), Some(2));
        assert_eq!(ports.held(1, 65_535, &[]), Some(4));
        assert_eq!(ports.held(5, 4, &[]), Some(0));
    }

    #[test]
    fn a_service_on_a_reserved_port_is_safe() {
        let ports = PortOccupancy {
            tcp: BTreeSet::from([16_384, 20_000]),
            udp: Some(BTreeSet::from([20_001, 30_000])),
        };
        let reserved = [(16_000, 16_384), (20_000, 20_001)];
        assert_eq!(ports.held(16_384, 32_767, &reserved), Some(1));
    }

    #[test]
    fn without_the_udp_side_nobody_knows_what_is_held() {
        let ports = PortOccupancy {
            tcp: BTreeSet::from([80]),
            udp: None,
        };
        assert_eq!(ports.held(1, 100, &[]), None);
    }

    #[test]
    fn a_listening_port_inside_the_range_is_not_ephemeral() {
        let view = PortView {
            range: (32_768, 60_999),
            listening: BTreeSet::from([40_000]),
        };
        assert!(view.is_ephemeral(32_768) && view.is_ephemeral(60_999));
        assert!(!view.is_ephemeral(40_000));
        assert!(!view.is_ephemeral(32_767) && !view.is_ephemeral(61_000));
    }
}
