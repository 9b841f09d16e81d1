//! What a kernel's release tells of a key.

use super::{KeyScope, KeySpec};
use crate::fact::KernelVersion;

impl KeySpec {
    /// Whether a kernel that has the key ignores it. `None` for a vendor's kernel below the release that
    /// began to: it may have the change or not.
    pub fn is_ignored_by(&self, kernel: &KernelVersion) -> Option<bool> {
        self.noop_since
            .map_or(Some(false), |release| release.known_in(kernel))
    }

    /// Where a kernel has the key. Before [`KeySpec::netns_since`] that is the initial network namespace,
    /// for the whole machine. `None` for a vendor's kernel below that release, which may have the change or
    /// not.
    pub fn scope_in(&self, kernel: &KernelVersion) -> Option<KeyScope> {
        let here = self
            .netns_since
            .map_or(Some(true), |release| release.known_in(kernel))?;
        Some(if here { self.scope } else { KeyScope::Host })
    }
}

#[cfg(test)]
mod tests {
    use super::super::find;
    use super::*;

    const RHEL_7: &str = "3.10.0-1160.el7.x86_64";

    #[test]
    fn a_key_is_ignored_from_its_release_on_and_nobody_knows_of_a_vendor_before() {
        let ignored = |key, release| {
            let kernel = KernelVersion::parse(release).unwrap();
            find(key).unwrap().is_ignored_by(&kernel)
        };
        let share = "net.ipv4.tcp_adv_win_scale";
        assert_eq!(ignored(share, "6.1.0"), Some(false));
        assert_eq!(ignored(share, "6.6.0"), Some(true));
        assert_eq!(ignored(share, RHEL_7), None);
        assert_eq!(
            ignored("net.ipv4.tcp_fack", "4.18.0-553.el8_10.x86_64"),
            Some(true)
        );
        assert_eq!(ignored("net.ipv4.tcp_sack", RHEL_7), Some(false));
    }

    #[test]
    fn a_key_was_one_for_the_machine_before_each_namespace_got_its_own() {
        let scope = |key, release| {
            let kernel = KernelVersion::parse(release).unwrap();
            find(key).unwrap().scope_in(&kernel)
        };
        let retries = "net.ipv4.tcp_syn_retries";
        assert_eq!(scope(retries, "4.4.0"), Some(KeyScope::Host));
        assert_eq!(scope(retries, "4.6.0"), Some(KeyScope::Netns));
        assert_eq!(scope(retries, RHEL_7), None);
        let cap = "net.core.rmem_max";
        assert_eq!(scope(cap, "6.1.0"), Some(KeyScope::Host));
        assert_eq!(scope(cap, "6.12.0"), Some(KeyScope::HostReadonly));
        assert_eq!(
            scope("net.ipv4.tcp_max_orphans", RHEL_7),
            Some(KeyScope::Host)
        );
    }
}
