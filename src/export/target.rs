//! The tools that settings can be exported to.

use std::io::{self, Write};

use super::setting::Setting;
use super::sheet::Sheet;
use super::{ansible, cloud_init, container, kubernetes, nixos, puppet, salt, sysctl_d, tuned};

/// A tool that takes settings.
pub trait Target: Sync {
    /// What it is called on the command line.
    fn word(&self) -> &'static str;

    /// What is written, and how that was held against the tool itself.
    fn about(&self) -> &'static str;

    /// Why it cannot carry a setting; `None` where it can. What nobody may write is refused before.
    fn refuses(&self, setting: &Setting, terms: &Terms) -> Option<String>;

    /// Whether the tool writes the keys in the order it is given; else in any.
    fn keeps_order(&self) -> bool {
        true
    }

    /// Writes the settings of a sheet, which it can carry.
    fn write(&self, sheet: &Sheet, out: &mut dyn Write) -> io::Result<()>;
}

/// What was said about the tool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// The Kubernetes release, as two numbers; `None`: the newest that is known.
    pub kubernetes: Option<(u32, u32)>,
    /// The kubelet is told to let pods set keys that Kubernetes does not call safe.
    pub allow_unsafe: bool,
}

/// Every target, as the help lists them.
pub static TARGETS: [&dyn Target; 10] = [
    &sysctl_d::SysctlD,
    &ansible::Ansible,
    &salt::Salt,
    &puppet::Puppet,
    &tuned::Tuned,
    &nixos::NixOs,
    &cloud_init::CloudInit,
    &kubernetes::Kubernetes,
    &container::Docker,
    &container::Compose,
];

/// The target of this name.
pub fn target(word: &str) -> Option<&'static dyn Target> {
    TARGETS.into_iter().find(|target| target.word() == word)
}
