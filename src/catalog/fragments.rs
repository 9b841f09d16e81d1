//! The two thresholds of fragments that wait for the rest of their packet.

/// A threshold of the memory that fragments may take. Of each pair one is the bound of the other, whatever it is at the
/// moment: a low one above the high one is refused, and a high one below the low one (`ip4_frags_ns_ctl_register`,
/// `ip6_frags_ns_sysctl_register`, `nf_ct_frag6_sysctl_register`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FragmentBound {
    /// `ipfrag_low_thresh` and the like.
    Low,
    /// `ipfrag_high_thresh` and the like.
    High,
}

impl FragmentBound {
    /// What a high one starts with, in bytes (`ipv4_frags_init_net` and the like).
    pub const DEFAULT_HIGH: i64 = 4_194_304;

    /// Which of the two a key is; `None` for every other key.
    pub fn of(key: &str) -> Option<Self> {
        let (name, bound) = match key.strip_suffix("_low_thresh") {
            Some(name) => (name, Self::Low),
            None => (key.strip_suffix("_high_thresh")?, Self::High),
        };
        (name.ends_with("frag") || name.ends_with("frag6")).then_some(bound)
    }
}
