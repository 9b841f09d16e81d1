//! What the catalogue says of one key.

use super::Release;
use crate::fact::Unit;

/// One key of `/proc/sys`, or a family of keys with `*` in place of one segment.
///
/// The claims rest on the kernel's sources (`net/ipv4/sysctl_net_ipv4.c`, `net/core/sysctl_net_core.c`,
/// `net/ipv4/devinet.c` and their like) and on writes tried in throw-away namespaces.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each tells another thing of a key, and none follows from the others"
)]
pub struct KeySpec {
    /// The dotted name or pattern.
    pub key: &'static str,
    /// How the text is to be understood.
    pub kind: Kind,
    /// What the numbers measure.
    pub unit: Unit,
    /// What a count counts: "retransmissions".
    pub noun: Option<&'static str>,
    /// The smallest number a write accepts, for each number of the value.
    pub min: Option<i64>,
    /// The largest number a write accepts. Bounds that depend on the clock tick are those of 1000 Hz.
    pub max: Option<i64>,
    /// The bounds by mainline release, oldest first; empty where they were always `min` and `max`. See
    /// [`KeySpec::bounds_in`].
    pub(super) bounds: &'static [BoundsSince],
    /// The largest number of a RHEL kernel, by RHEL release.
    pub(super) max_el: &'static [(u8, i64)],
    /// The key whose value is the true upper bound; `max` is what that has by default.
    pub max_key: Option<&'static str>,
    /// The meaning of enum values or mask bits; empty when nothing is known.
    pub values: &'static [(i64, &'static str)],
    /// The first mainline release in which all values mean that, where some meant something else before.
    pub values_since: Option<Release>,
    /// What those meant before.
    pub values_before: &'static [(i64, &'static str)],
    /// Where the key exists.
    pub scope: KeyScope,
    /// The first release that has the key in every network namespace, where later than `since`.
    pub netns_since: Option<Release>,
    /// The first mainline release with the key.
    pub since: Option<Release>,
    /// The first mainline release without the key.
    pub removed_in: Option<Release>,
    /// The first mainline release that keeps the key and ignores it.
    pub noop_since: Option<Release>,
    /// What took the place of a removed key.
    pub replacement: Option<&'static str>,
    /// The first Kubernetes release that lets pods set it without being told to.
    pub kubernetes_safe_since: Option<&'static str>,
    /// The value is never read into a report, a snapshot or a journal.
    pub secret: bool,
    /// Whether it may be written.
    pub write: Write,
    /// How the kernel understands a written text, where type and bounds do not tell.
    pub handler: Handler,
    /// Other names of the same value.
    pub aliases: &'static [&'static str],
    /// What a new network namespace starts with.
    pub new_netns: NewNetns,
    /// The kernel's own defaults by mainline release, oldest first.
    pub defaults: &'static [DefaultSince],
    /// Defaults of RHEL kernels, by RHEL release, where they differ from mainline.
    pub default_el: &'static [(u8, &'static str)],
    /// How the default comes about where it depends on memory, clock tick or build.
    pub scaled: Option<&'static str>,
    /// Nothing is known but the name of the family.
    pub unlisted: bool,
    /// Whether this is a family and not a single key.
    pub(super) family: bool,
    /// Whether it is a limit by its name and unit.
    pub(super) limit: bool,
}

impl KeySpec {
    /// Whether this is a family and not a single key.
    pub const fn is_pattern(&self) -> bool {
        self.family
    }

    /// Whether a larger number means more room, so that somebody who set it wanted it high.
    pub const fn is_limit(&self) -> bool {
        self.limit
    }

    /// The meaning of an enum value or of one mask bit.
    pub fn meaning(&self, number: i64) -> Option<&'static str> {
        self.values
            .iter()
            .find(|(known, _)| *known == number)
            .map(|(_, meaning)| *meaning)
    }
}

/// How the text of a key is to be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A whole number.
    Int,
    /// A switch; any non-zero number is "on".
    Bool,
    /// One number out of [`KeySpec::values`].
    Enum,
    /// A sum of the bits in [`KeySpec::values`].
    Bitmask,
    /// Three numbers, `min default max`.
    Triple,
    /// Two numbers, `low high`.
    Range,
    /// A list of ports and port ranges, `8080,9148-9150`.
    Ports,
    /// Words separated by blanks.
    Words,
    /// One line of text.
    Text,
}

impl Kind {
    /// The name used in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Int => "int",
            Self::Bool => "bool",
            Self::Enum => "enum",
            Self::Bitmask => "bitmask",
            Self::Triple => "triple",
            Self::Range => "range",
            Self::Ports => "ports",
            Self::Words => "words",
            Self::Text => "text",
        }
    }
}

/// Where a key exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyScope {
    /// Each network namespace has its own.
    Netns,
    /// Only the initial network namespace shows it; it acts on the whole machine.
    Host,
    /// As `Host`, and other network namespaces show the host's value read-only.
    HostReadonly,
}

/// Whether a key may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Write {
    /// A rule or a profile may ask for it.
    Allowed,
    /// Never written, whoever asks: the old value does not undo what a write does.
    Never {
        /// What it is that cannot be undone.
        why: &'static str,
    },
    /// The kernel lets nobody write it.
    ReadOnly,
}

/// How the kernel understands a written text, where type and bounds do not tell: the `proc_handler` of
/// the key's `ctl_table` entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Handler {
    /// As type and bounds say: signed with bounds that lie so or none, unsigned for other bounds.
    Plain,
    /// `proc_dointvec_minmax`, although the bounds are those of an unsigned number: takes `-0`.
    Signed,
    /// `proc_dointvec_ms_jiffies`: milliseconds, kept in clock ticks and rounded up to them.
    Milliseconds,
    /// `proc_dointvec_userhz_jiffies`: hundredths of a second, kept in clock ticks.
    UserTicks,
    /// A function of the key's own, which rounds the number or asks the device.
    Own,
}

/// What a new network namespace starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NewNetns {
    /// The kernel's default, whatever the host has.
    Default,
    /// A copy of the initial network namespace.
    InheritInit,
    /// A copy of the namespace that creates it.
    InheritCreator,
    /// The host's value itself.
    HostValue,
    /// The key is not there.
    Absent,
}

/// Bounds and the release that brought them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct BoundsSince {
    /// The first mainline release with them.
    pub(super) since: Release,
    /// The smallest and the largest number; `None` where they are not known from there on.
    pub(super) range: Option<(i64, i64)>,
}

/// A default and the release that brought it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DefaultSince {
    /// The first mainline release with it.
    pub since: Release,
    /// The value as `/proc/sys` shows it; `None` where it is not known from there on.
    pub value: Option<&'static str>,
}
