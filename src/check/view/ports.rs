//! Facts of the ports that the kernel chooses from for outgoing connections.

use std::ops::RangeInclusive;

use super::{View, unread_sockets};
use crate::fact::Value;
use crate::fact::socket::Listener;
use crate::rule::expr::{Facts as _, Lookup, Missing, Why};

/// The ports that the kernel chooses from for outgoing connections.
struct ChosenPorts {
    range: RangeInclusive<i64>,
    reserved: Vec<(u16, u16)>,
}

impl View<'_> {
    /// `port.usable` (of `sysctl`) and `port.usable_at_boot` (of `boot`): worked out from the range and the
    /// reserved list, so that the first follows a value that is being tried out.
    pub(super) fn usable_ports(&self, time: &str) -> Lookup {
        let range = &format!("{time}.net.ipv4.ip_local_port_range");
        let (low, high) = match self.value(range) {
            Lookup::Value(Value::Range([low, high])) => (port(low), port(high)),
            Lookup::Value(_) => return Self::missing(range, Why::Malformed),
            missing @ Lookup::Missing(_) => return missing,
        };
        let list = &format!("{time}.net.ipv4.ip_local_reserved_ports");
        let reserved: i64 = match self.value(list) {
            Lookup::Value(Value::Ports(ranges)) => ranges
                .iter()
                .map(|(from, to)| (i64::from(*to).min(high) - i64::from(*from).max(low) + 1).max(0))
                .sum(),
            // A kernel without the list reserves nothing; one that hides it may.
            Lookup::Missing(Missing {
                why: Why::Absent | Why::NotCollected(_),
                ..
            }) if time == "sysctl" => 0,
            Lookup::Value(_) => return Self::missing(list, Why::Malformed),
            missing @ Lookup::Missing(_) => return missing,
        };
        Lookup::Value(Value::Int((high - low + 1 - reserved).max(0)))
    }

    /// The ports for outgoing connections and those reserved from them, as set or as tried out.
    fn chosen_ports(&self) -> Result<ChosenPorts, Lookup> {
        let range = "sysctl.net.ipv4.ip_local_port_range";
        let (low, high) = match self.value(range) {
            Lookup::Value(Value::Range([low, high])) => (port(low), port(high)),
            Lookup::Value(_) => return Err(Self::missing(range, Why::Malformed)),
            missing @ Lookup::Missing(_) => return Err(missing),
        };
        let list = "sysctl.net.ipv4.ip_local_reserved_ports";
        match self.value(list) {
            Lookup::Value(Value::Ports(reserved)) => Ok(ChosenPorts {
                range: low..=high,
                reserved,
            }),
            Lookup::Value(_) => Err(Self::missing(list, Why::Malformed)),
            missing @ Lookup::Missing(_) => Err(missing),
        }
    }

    /// Whether the kernel may give the port of a listener to an outgoing connection.
    pub(super) fn is_in_range(&self, listener: &Listener) -> Lookup {
        let chosen = match self.chosen_ports() {
            Ok(chosen) => chosen,
            Err(missing) => return missing,
        };
        let own = listener.address.port();
        let holds = |(from, to): &(u16, u16)| (*from..=*to).contains(&own);
        let is_reserved = chosen.reserved.iter().any(holds);
        let given = chosen.range.contains(&i64::from(own)) && !is_reserved;
        Lookup::Value(Value::Bool(given))
    }

    /// The reserved ports and, beside them, those of services that other hosts can reach and that lie in
    /// the range: a write replaces the whole list, so nothing that is reserved may be left out.
    pub(super) fn reserved_and_services(&self, fact: &str) -> Lookup {
        let ChosenPorts {
            range,
            reserved: mut ports,
        } = match self.chosen_ports() {
            Ok(chosen) => chosen,
            Err(missing) => return missing,
        };
        let Some(sockets) = &self.snapshot.now.sockets else {
            return Self::missing(fact, unread_sockets());
        };
        let services = sockets
            .listeners
            .iter()
            .filter(|one| !one.address.ip().is_loopback())
            .map(|one| one.address.port())
            .filter(|own| range.contains(&i64::from(*own)));
        ports.extend(services.map(|own| (own, own)));
        Lookup::Value(Value::Ports(joined(ports)))
    }
}

/// The same ports as ascending ranges that neither meet nor overlap.
fn joined(mut ranges: Vec<(u16, u16)>) -> Vec<(u16, u16)> {
    ranges.sort_unstable();
    let mut all: Vec<(u16, u16)> = Vec::new();
    for (from, to) in ranges {
        match all.last_mut() {
            Some((_, end)) if u32::from(from) <= u32::from(*end) + 1 => *end = to.max(*end),
            _ => all.push((from, to)),
        }
    }
    all
}

/// A port number, whatever a snapshot says it is.
fn port(number: i64) -> i64 {
    number.clamp(0, i64::from(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_reserved_ports_are_joined_where_they_meet_or_overlap() {
        let of = |ranges: &[(u16, u16)]| joined(ranges.to_vec());
        assert_eq!(
            of(&[(5, 9), (1, 4), (20, 30), (25, 26)]),
            [(1, 9), (20, 30)]
        );
        assert_eq!(of(&[(1, 3), (5, 6)]), [(1, 3), (5, 6)]);
        let last = [(65_535, 65_535), (65_534, 65_535)];
        assert_eq!(of(&last), [(65_534, 65_535)]);
    }
}
