//! What numbers a kernel takes, by its release.

use super::{KeySpec, Lineage, Release};
use crate::fact::KernelVersion;

/// The numbers that a write accepts, for each number of the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The smallest.
    pub min: i64,
    /// The largest.
    pub max: i64,
    /// The first mainline release known to hold to them; `None` where all do that have the key.
    pub since: Option<Release>,
    /// The first release of which that is not known any more.
    pub before: Option<Release>,
}

impl KeySpec {
    /// What the newest kernels of the catalogue accept; `None` for a key that is no number. A range left
    /// open is that of an `int`.
    pub fn bounds(&self) -> Option<Bounds> {
        let newest = self.bounds.len().checked_sub(1);
        let last = newest.and_then(|at| self.bounds_at(at));
        last.or_else(|| self.always())
    }

    /// What a kernel accepts. `None` where that is not known: the kernel is older than what the catalogue
    /// knows of, or a vendor's, which may have taken over any change.
    pub fn bounds_in(&self, kernel: &KernelVersion) -> Option<Bounds> {
        let always = self.always()?;
        if self.bounds.is_empty() {
            return Some(always);
        }
        if let Lineage::RedHat(own) = Lineage::of(kernel)
            && let Some((_, max)) = self.max_el.iter().find(|(el, _)| *el == own)
        {
            let max = *max;
            return Some(Bounds { max, ..always });
        }
        let at = self
            .bounds
            .iter()
            .rposition(|one| one.since.is_in(kernel))?;
        // The next change may be there by backport.
        let last = at + 1 == self.bounds.len();
        (last || !kernel.is_vendor())
            .then(|| self.bounds_at(at))
            .flatten()
    }

    /// An entry of the list, as far as it has numbers.
    fn bounds_at(&self, at: usize) -> Option<Bounds> {
        let one = self.bounds.get(at)?;
        let (min, max) = one.range?;
        Some(Bounds {
            min,
            max,
            since: Some(one.since),
            before: self.bounds.get(at + 1).map(|next| next.since),
        })
    }

    fn always(&self) -> Option<Bounds> {
        Some(Bounds {
            min: self.min?,
            max: self.max?,
            since: None,
            before: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::find;
    use super::*;

    fn bounds(key: &str, release: &str) -> Option<(i64, i64)> {
        let kernel = KernelVersion::parse(release).unwrap();
        let bounds = find(key).unwrap().bounds_in(&kernel)?;
        Some((bounds.min, bounds.max))
    }

    const RHEL_7: &str = "3.10.0-1160.el7.x86_64";

    #[test]
    fn a_byte_is_one_from_linux_5_13_on_and_nothing_is_claimed_before() {
        let retries = "net.ipv4.tcp_retries2";
        assert_eq!(bounds(retries, "5.13.0"), Some((0, 255)));
        assert_eq!(bounds(retries, "5.14.0-570.el9.x86_64"), Some((0, 255)));
        for older in ["5.10.0", "3.10.0", RHEL_7, "4.18.0-553.el8_10.x86_64"] {
            assert_eq!(bounds(retries, older), None, "{older}");
        }
        // What was always checked is so of any kernel.
        assert_eq!(bounds("net.ipv4.tcp_syn_retries", RHEL_7), Some((1, 127)));
    }

    #[test]
    fn bounds_that_changed_go_by_the_release() {
        let ecn = "net.ipv4.tcp_ecn";
        assert_eq!(bounds(ecn, "6.18.44"), Some((0, 2)));
        assert_eq!(bounds(ecn, "6.19.0"), None);
        assert_eq!(bounds(ecn, "6.1.0"), None);
        assert_eq!(bounds(ecn, "6.12.0-55.el10.x86_64"), None);
        let queue = "net.core.somaxconn";
        assert_eq!(bounds(queue, RHEL_7), Some((0, 65_535)));
        assert_eq!(bounds(queue, "3.10.0"), None);
        let rhel_8 = "4.18.0-553.el8_10.x86_64";
        assert_eq!(bounds(queue, rhel_8), Some((0, i64::from(i32::MAX))));
        let reuse = "net.ipv4.tcp_tw_reuse";
        assert_eq!(bounds(reuse, "4.19.0"), Some((0, 2)));
        assert_eq!(bounds(reuse, "4.14.0"), None);
    }

    #[test]
    fn no_bounds_lie_outside_those_of_the_key() {
        for spec in super::super::keys() {
            if let (Some(one), Some(min), Some(max)) = (spec.bounds(), spec.min, spec.max) {
                assert!(min <= one.min && one.max <= max, "{}", spec.key);
            }
            let bound = spec.max_key.map(|key| find(key).unwrap());
            if let Some(bound) = bound {
                let newest = bound.defaults.last().and_then(|one| one.value).unwrap();
                assert_eq!(newest.parse().ok(), spec.max, "{}", spec.key);
            }
        }
    }
}
