//! Kernel versions, and whether they may be believed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A kernel version as `uname -r` gives it.
///
/// Vendors backport: on a kernel with a vendor suffix a claim that rests on the number alone is
/// unknown, see [`KernelVersion::is_vendor`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KernelVersion {
    /// The first number.
    pub major: u32,
    /// The second number.
    pub minor: u32,
    /// The third number; 0 where the release has none, as in `6.12-rc1`.
    pub patch: u32,
    /// The whole release string, as read.
    pub release: String,
}

/// Suffixes of distribution kernels that carry backported features.
const VENDOR_MARKS: [&str; 11] = [
    ".el", "el7", "el8", "el9", "el10", "-default", "amzn", "-azure", "-aws", "-gcp", "uek",
];

impl KernelVersion {
    /// Reads a release string; `None` when it does not start with two numbers.
    pub fn parse(release: &str) -> Option<Self> {
        let release = release.trim();
        let mut numbers = [0_u32; 3];
        let mut rest = release;
        for (at, slot) in numbers.iter_mut().enumerate() {
            let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            let digits = rest.strip_suffix(after)?;
            *slot = digits.parse().ok()?;
            rest = after;
            match rest.strip_prefix('.') {
                Some(after) if after.starts_with(|c: char| c.is_ascii_digit()) => rest = after,
                _ if at == 0 => return None,
                _ => break,
            }
        }
        let [major, minor, patch] = numbers;
        Some(Self {
            major,
            minor,
            patch,
            release: release.to_owned(),
        })
    }

    /// Whether this is a distribution kernel known to carry features of later releases (RHEL and its
    /// rebuilds, SUSE, Amazon, Oracle UEK, the cloud flavours of Ubuntu).
    pub fn is_vendor(&self) -> bool {
        VENDOR_MARKS.iter().any(|mark| self.release.contains(mark))
    }

    /// Whether the number is at or after `major.minor`.
    pub const fn is_at_least(&self, major: u32, minor: u32) -> bool {
        self.major > major || (self.major == major && self.minor >= minor)
    }
}

impl fmt::Display for KernelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.release)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(release: &str) -> Option<(u32, u32, u32)> {
        KernelVersion::parse(release).map(|v| (v.major, v.minor, v.patch))
    }

    #[test]
    fn reads_the_spellings_of_distributions() {
        assert_eq!(numbers("6.1.0-28-amd64"), Some((6, 1, 0)));
        assert_eq!(numbers("3.10.0-1160.el7.x86_64"), Some((3, 10, 0)));
        assert_eq!(numbers("6.12-rc1"), Some((6, 12, 0)));
        assert_eq!(numbers("6.12.0-rc1\n"), Some((6, 12, 0)));
        assert_eq!(numbers("5.14.21-150500.53-default"), Some((5, 14, 21)));
    }

    #[test]
    fn refuses_what_is_no_version() {
        for text in ["", "linux", "6", "6.", ".1", "99999999999.1"] {
            assert_eq!(numbers(text), None, "{text}");
        }
    }

    #[test]
    fn a_vendor_kernel_is_known_by_its_suffix() {
        let vendor = |release| KernelVersion::parse(release).is_some_and(|v| v.is_vendor());
        assert!(vendor("4.18.0-553.el8_10.x86_64"));
        assert!(vendor("5.14.21-150500.53-default"));
        assert!(!vendor("6.1.0-28-amd64"));
    }
}
