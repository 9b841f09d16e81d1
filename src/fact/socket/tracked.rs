//! Sockets that are recognised from one sample to the next.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

/// Fingerprints of connections, so that a later sample can say which are still there.
///
/// A burst of short closes and a pile of stuck sockets look alike in one sample; only the same
/// connections in both samples tell them apart. A fingerprint stands for the pair of addresses and
/// is the same in every run and release, because snapshots keep it. It has 52 bits, so that every
/// JSON reader keeps it exactly.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tracked {
    seen: BTreeSet<u64>,
    /// Whether there were more than are kept. The smallest fingerprints stay, which are the same
    /// ones in both samples.
    pub truncated: bool,
}

/// How many connections are in two samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Persisting {
    /// Connections found in both.
    pub count: u64,
    /// Whether a sample was cut short, so that the count is an estimate: good to a few hundredths where
    /// it is worth a word.
    pub estimated: bool,
}

impl Tracked {
    /// How many connections are kept at most.
    pub const CAPACITY: usize = 16_384;

    /// Notes one connection.
    pub fn insert(&mut self, local: SocketAddr, remote: SocketAddr) {
        let mark = fingerprint(local, remote);
        if self.seen.len() >= Self::CAPACITY && !self.seen.contains(&mark) {
            self.truncated = true;
            match self.seen.last() {
                Some(largest) if mark < *largest => {
                    self.seen.pop_last();
                }
                _ => return,
            }
        }
        self.seen.insert(mark);
    }

    /// How many connections are noted.
    pub fn len(&self) -> usize {
        self.seen.len()
    }

    /// Whether none is noted.
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    /// The connections that are in both samples.
    ///
    /// Of a sample that was cut short every fingerprint up to its largest is there, and fingerprints are
    /// spread evenly, so that those up to there stand for all.
    pub fn persisting(earlier: &Self, now: &Self) -> Persisting {
        let cut = [earlier, now].into_iter().filter(|one| one.truncated);
        let edge = cut.filter_map(|one| one.seen.last().copied()).min();
        let both = earlier.seen.intersection(&now.seen);
        let Some(edge) = edge else {
            return Persisting {
                count: both.count() as u64,
                estimated: false,
            };
        };
        let seen = both.take_while(|mark| **mark <= edge).count();
        let share = (edge as f64 + 1.0) / MARKS as f64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a float is cut to what the number can hold"
        )]
        let count = (seen as f64 / share).round() as u64;
        Persisting {
            count,
            estimated: true,
        }
    }
}

/// How many fingerprints there may be.
pub(super) const MARKS: u64 = 1 << 52;

/// FNV-1a over the bytes of both ends, mixed, cut to 52 bits.
pub(super) fn fingerprint(local: SocketAddr, remote: SocketAddr) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut take = |bytes: &[u8]| {
        for byte in bytes {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    };
    for end in [local, remote] {
        match end.ip() {
            IpAddr::V4(address) => take(&address.octets()),
            IpAddr::V6(address) => take(&address.octets()),
        }
        take(&end.port().to_be_bytes());
    }
    // The last bytes reach the high bits of FNV only; without this, cutting would lose them.
    hash ^= hash >> 32;
    hash = hash.wrapping_mul(0xd6e8_feb8_6659_fd93);
    hash ^= hash >> 32;
    hash & (MARKS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tracked(ports: impl Iterator<Item = u16>) -> Tracked {
        let mut tracked = Tracked::default();
        for port in ports {
            tracked.insert(
                SocketAddr::from(([10, 0, 0, 1], port)),
                SocketAddr::from(([10, 0, 3, 9], 80)),
            );
        }
        tracked
    }

    #[test]
    fn only_the_same_connections_persist() {
        let found = Tracked::persisting(&tracked(1000..1500), &tracked(1400..2000));
        assert_eq!(
            found,
            Persisting {
                count: 100,
                estimated: false
            }
        );
    }

    #[test]
    fn neighbouring_ports_never_share_a_fingerprint() {
        let local = |port| SocketAddr::from(([10, 0, 0, 1], port));
        let remote = SocketAddr::from(([10, 0, 3, 9], 80));
        let marks = (0..=u16::MAX).map(|port| fingerprint(local(port), remote));
        assert_eq!(marks.collect::<BTreeSet<u64>>().len(), 65_536);
    }

    #[test]
    fn the_direction_of_a_connection_matters() {
        let one = SocketAddr::from(([10, 0, 0, 1], 5));
        let two = SocketAddr::from(([10, 0, 0, 2], 6));
        assert_ne!(fingerprint(one, two), fingerprint(two, one));
    }

    #[test]
    fn a_fingerprint_of_today_is_a_fingerprint_of_tomorrow() {
        let local = "[2001:db8::1]:443".parse().unwrap();
        let remote = "[2001:db8::2]:50000".parse().unwrap();
        assert_eq!(fingerprint(local, remote), 24_227_241_324_950);
    }

    #[test]
    fn two_truncated_samples_keep_the_same_connections() {
        let fill = |shift: u8| {
            let mut tracked = tracked(0..=u16::MAX);
            for port in 0..1000 {
                tracked.insert(
                    SocketAddr::from(([10, 9, shift, 1], port)),
                    SocketAddr::from(([10, 0, 3, 9], 80)),
                );
            }
            tracked
        };
        let (earlier, now) = (fill(1), fill(2));
        assert!(earlier.truncated && now.truncated);
        assert_eq!(earlier.len(), Tracked::CAPACITY);
        let found = Tracked::persisting(&earlier, &now);
        assert!(found.estimated);
        // 65,536 are in both.
        assert!((64_000..67_000).contains(&found.count), "{}", found.count);
    }
}
