//! The kernel's own default, by kernel.

use super::KeySpec;
use crate::fact::{KernelVersion, Value};

/// RHEL releases and the mainline release each is numbered after.
const EL: [(u8, u32, u32); 4] = [(7, 3, 10), (8, 4, 18), (9, 5, 14), (10, 6, 12)];

/// Whose kernel it is, which tells what its number proves. Found out once for many keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lineage {
    /// One that has what its number says.
    Mainline,
    /// A RHEL release, or a rebuild of it.
    RedHat(u8),
    /// Of another vendor that backports.
    Vendor,
}

impl Lineage {
    /// That of a kernel.
    pub fn of(kernel: &KernelVersion) -> Self {
        match el_release(kernel) {
            Some(release) => Self::RedHat(release),
            None if kernel.is_vendor() => Self::Vendor,
            None => Self::Mainline,
        }
    }
}

impl KeySpec {
    /// The default this kernel has built in; `None` when the catalogue does not know it, as for
    /// values scaled by memory.
    ///
    /// On a RHEL kernel goes by what is known of that RHEL, and otherwise by the number. On other
    /// vendor kernels, which backport, the number proves nothing: there only a default that never
    /// changed is told.
    pub fn default_for(&self, kernel: &KernelVersion) -> Option<Value> {
        self.default_in(kernel, Lineage::of(kernel))
    }

    /// The same for a kernel whose lineage is at hand.
    pub fn default_in(&self, kernel: &KernelVersion, lineage: Lineage) -> Option<Value> {
        let text = match lineage {
            Lineage::RedHat(el) => self
                .default_el
                .iter()
                .find(|(release, _)| *release == el)
                .map(|(_, value)| *value)
                .or_else(|| self.by_number(kernel))
                .or_else(|| self.only_default(kernel)),
            Lineage::Vendor => self.only_default(kernel),
            Lineage::Mainline => self.by_number(kernel),
        };
        self.parse(text?).ok()
    }

    /// The default of the mainline release with this number.
    fn by_number(&self, kernel: &KernelVersion) -> Option<&'static str> {
        if self.removed_in.is_some_and(|release| release.is_in(kernel)) {
            return None;
        }
        let mut past = self
            .defaults
            .iter()
            .filter(|default| default.since.is_in(kernel));
        past.next_back()?.value
    }

    /// The default, if it is known never to have changed between this kernel and now: the list
    /// has one entry, and that begins with the key or before this kernel.
    fn only_default(&self, kernel: &KernelVersion) -> Option<&'static str> {
        match self.defaults {
            [only] => {
                let from_the_start = self.since.is_some_and(|since| only.since <= since);
                (from_the_start || only.since.is_in(kernel)).then_some(only.value)?
            }
            _ => None,
        }
    }
}

/// The RHEL release of a kernel (or of a rebuild of RHEL). The number must fit, since others put
/// `.elN` into the names of their own kernels for RHEL.
fn el_release(kernel: &KernelVersion) -> Option<u8> {
    if kernel.release.contains("uek") || kernel.release.contains("elrepo") {
        return None;
    }
    let (_, after) = kernel.release.split_once(".el")?;
    let digits = after.split(|c: char| !c.is_ascii_digit()).next()?;
    let named: u8 = digits.parse().ok()?;
    let fits = |&&(el, major, minor): &&(u8, u32, u32)| {
        el == named && (kernel.major, kernel.minor) == (major, minor)
    };
    EL.iter().find(fits).map(|(el, ..)| *el)
}

#[cfg(test)]
mod tests {
    use super::super::find;
    use super::*;

    fn default(key: &str, release: &str) -> Option<String> {
        let kernel = KernelVersion::parse(release).unwrap();
        find(key)
            .unwrap()
            .default_for(&kernel)
            .map(|value| value.to_string())
    }

    #[test]
    fn a_default_goes_by_the_release_that_changed_it() {
        let retries = |release| default("net.ipv4.tcp_syn_retries", release);
        assert_eq!(retries("3.6.11").as_deref(), Some("5"));
        assert_eq!(retries("3.7.0").as_deref(), Some("6"));
        assert_eq!(retries("6.18.44").as_deref(), Some("6"));
        assert_eq!(
            default("net.core.somaxconn", "5.3.18").as_deref(),
            Some("128")
        );
        assert_eq!(
            default("net.core.somaxconn", "5.4.0-rc1").as_deref(),
            Some("4096")
        );
        assert_eq!(
            default("net.core.rmem_max", "6.17.1").as_deref(),
            Some("212992")
        );
    }

    #[test]
    fn no_default_is_told_before_the_key_and_where_it_is_not_known() {
        assert_eq!(default("net.ipv4.tcp_tw_reuse_delay", "6.13.0"), None);
        assert_eq!(default("net.ipv4.tcp_limit_output_bytes", "6.16.0"), None);
        assert_eq!(
            default("net.ipv4.tcp_limit_output_bytes", "6.17.0").as_deref(),
            Some("4194304")
        );
        assert_eq!(default("net.ipv4.tcp_rmem", "6.18.0"), None);
    }

    #[test]
    fn a_red_hat_kernel_has_its_own_defaults() {
        let reuse = |release| default("net.ipv4.tcp_tw_reuse", release);
        assert_eq!(reuse("4.18.0-553.el8_10.x86_64").as_deref(), Some("2"));
        assert_eq!(reuse("4.18.0").as_deref(), Some("0"));
        assert_eq!(reuse("3.10.0-1160.el7.x86_64").as_deref(), Some("0"));
        assert_eq!(
            default("net.mptcp.enabled", "6.12.0-55.el10.x86_64").as_deref(),
            Some("0")
        );
        // By number 48 came with 5.2; RHEL has it by backport.
        assert_eq!(
            default("net.ipv4.tcp_min_snd_mss", "4.18.0-553.el8_10.x86_64").as_deref(),
            Some("48")
        );
    }

    #[test]
    fn a_default_known_of_late_kernels_only_says_nothing_of_an_old_vendor_kernel() {
        let stream = |release| default("net.netfilter.nf_conntrack_udp_timeout_stream", release);
        assert_eq!(stream("6.1.0").as_deref(), Some("120"));
        assert_eq!(stream("3.10.0-1160.el7.x86_64"), None);
        assert_eq!(stream("5.14.21-150500.53-default").as_deref(), Some("120"));
        assert_eq!(stream("4.12.14-122.37-default"), None);
    }

    #[test]
    fn the_number_of_another_vendor_kernel_proves_nothing() {
        for release in [
            "5.3.18-150300.59-default",
            "5.4.17-2136.el8uek.x86_64",
            "6.1.0-1.el7.elrepo.x86_64",
            "5.10.1.el8",
        ] {
            assert_eq!(default("net.core.somaxconn", release), None, "{release}");
            assert_eq!(
                default("net.ipv4.tcp_keepalive_time", release).as_deref(),
                Some("7200"),
                "{release}"
            );
        }
    }
}
