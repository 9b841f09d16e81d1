//! Mainline releases, as far as the catalogue names them.

use std::fmt;

use crate::fact::KernelVersion;

/// A mainline release such as 4.12, ordered by age. The third number serves the 2.x series, where
/// it counted releases (2.6.29); it is 0 everywhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release {
    /// The first number.
    pub major: u16,
    /// The second number.
    pub minor: u16,
    /// The third number of a 2.x release, else 0.
    pub patch: u16,
}

impl Release {
    /// The release `major.minor`.
    pub const fn new(major: u16, minor: u16) -> Self {
        Self {
            major,
            minor,
            patch: 0,
        }
    }

    /// Whether a kernel has this release behind it. Goes by the number alone: of a vendor kernel,
    /// which backports, a "no" says little.
    pub fn is_in(self, kernel: &KernelVersion) -> bool {
        let own = (
            u32::from(self.major),
            u32::from(self.minor),
            u32::from(self.patch),
        );
        (kernel.major, kernel.minor, kernel.patch) >= own
    }

    /// Whether a kernel has what this release brought. `None` for a vendor's kernel below the release, which
    /// may have it by backport.
    pub fn known_in(self, kernel: &KernelVersion) -> Option<bool> {
        let here = self.is_in(kernel);
        (here || !kernel.is_vendor()).then_some(here)
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        if self.patch > 0 {
            write!(f, ".{}", self.patch)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_order_by_number_and_not_by_text() {
        assert!(Release::new(4, 9) < Release::new(4, 12));
        assert!(Release::new(4, 19) < Release::new(5, 4));
        assert_eq!(Release::new(4, 12).to_string(), "4.12");
    }

    #[test]
    fn a_kernel_has_the_releases_before_it() {
        let kernel = KernelVersion::parse("4.12.0-rc1").unwrap();
        assert!(Release::new(4, 12).is_in(&kernel));
        assert!(!Release::new(4, 13).is_in(&kernel));
    }
}
