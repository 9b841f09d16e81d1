//! Boot configuration: who sets which key, what becomes of each definition, and what follows for the
//! next boot.
//!
//! `bootconf` works this out from files; the types stand here because a snapshot holds them and every
//! floor above reads them.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::Value;

/// The program that loads the files at boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// `systemd-sysctl.service`, see sysctl.d(5).
    Systemd,
    /// `sysctl --system` of procps-ng 4, see sysctl(8).
    Procps,
}

impl Engine {
    /// The word of `--boot-engine` and of JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Systemd => "systemd",
            Self::Procps => "procps",
        }
    }
}

/// A file, and where it matters a line in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The path as the loader names it, `/etc/sysctl.d/50-net.conf`; bytes that are no UTF-8 replaced.
    pub file: String,
    /// The line, from 1; `None` where the file as a whole is meant.
    pub line: Option<u32>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.file),
            None => f.write_str(&self.file),
        }
    }
}

/// What becomes of a definition at the next boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// The key has what it asks for (for a pattern: at least one key has).
    Wins,
    /// Another definition of the key comes later.
    Shadowed,
    /// Another file of the same name takes the place of its file.
    Masked,
    /// An exclusion (`-key`) takes the key out.
    Excluded,
    /// The loader does not act on it: its file is not read, its key does not exist, it matches nothing.
    Ignored,
    /// It cannot be understood by the loader, or the kernel refuses the value.
    Invalid,
}

impl Fate {
    /// The word of reports and JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Wins => "wins",
            Self::Shadowed => "shadowed",
            Self::Masked => "masked",
            Self::Excluded => "excluded",
            Self::Ignored => "ignored",
            Self::Invalid => "invalid",
        }
    }
}

/// What became of one definition, or of one definition for one key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// The fate.
    pub fate: Fate,
    /// What shadows, masks or excludes it.
    pub by: Option<Place>,
    /// Why it is ignored or invalid, a phrase: "no such key on this kernel".
    pub why: Option<String>,
}

/// One line that sets or excludes a key or a pattern of keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// File and line. The kernel command line is `/proc/cmdline`, line 1.
    pub place: Place,
    /// The dotted name, or the pattern, as [`crate::catalog::canonical`] spells names: a slash stands for
    /// a dot of an interface name.
    pub key: String,
    /// The value as written, blanks at the ends removed; `None` for an exclusion. A secret's is `(secret)`.
    pub value: Option<String>,
    /// A `-` stands before the key: errors of the write are ignored.
    pub lenient: bool,
    /// What becomes of it.
    pub outcome: Outcome,
    /// The loader never opens its file: `/etc/sysctl.conf` without a link under systemd, a name that
    /// does not end in `.conf`.
    pub unread: bool,
}

/// What a loader will make of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Forecast {
    /// This value.
    Value(Value),
    /// What it is without any file: the kernel's default at boot, the live value now.
    Untouched,
    /// It cannot be told from files; why, as a phrase.
    Unknown(String),
}

/// What the files say of one key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BootSetting {
    /// The value after the next boot.
    pub next_boot: Forecast,
    /// The definition it comes from: an index into [`Boot::definitions`].
    pub set_by: Option<usize>,
    /// The value if `sysctl --system` (procps) were run now.
    pub system_now: Forecast,
    /// The definition that comes from.
    pub system_by: Option<usize>,
    /// Every definition of the key, patterns included, in the order they are read, and what becomes of
    /// it for this key.
    pub claims: Vec<(usize, Outcome)>,
}

/// Another program that is known to set keys on this host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Writer {
    /// Who: `tuned profile throughput-performance`, `ufw`, `docker`, `kubelet`, `kube-proxy`,
    /// `NetworkManager`.
    pub name: String,
    /// Where it is configured.
    pub place: Place,
    /// The keys it is known to set, with the value where a file states one.
    pub sets: BTreeMap<String, Option<String>>,
}

impl Writer {
    /// In a name of [`Self::sets`]: one interface, neither `all` nor `default`.
    pub const INTERFACE: &str = "{interface}";

    /// Whether it sets a key, and the value where one is stated. A `*` in a name stands for one whole
    /// segment, and [`Self::INTERFACE`] for one that names an interface.
    pub fn value_of(&self, key: &str) -> Option<Option<&str>> {
        let fits = |name: &str| {
            let (mut own, mut given) = (name.split('.'), key.split('.'));
            loop {
                match (own.next(), given.next()) {
                    (None, None) => return true,
                    (Some("*"), Some(_)) => {}
                    (Some(Self::INTERFACE), Some(name)) if name != "all" && name != "default" => {}
                    (own, given) if own == given => {}
                    _ => return false,
                }
            }
        };
        let found = self.sets.iter().find(|(name, _)| fits(name));
        found.map(|(_, value)| value.as_deref())
    }
}

/// The boot configuration of one file tree, as one loader reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Boot {
    /// The loader.
    pub engine: Engine,
    /// How that was found out, a phrase: "/run/systemd/system exists".
    pub decided: String,
    /// Every definition in the order it is read; those that are not read stand at the end.
    pub definitions: Vec<Definition>,
    /// By dotted key (an alias counts as the name it stands for): what follows for each key that any
    /// definition names or matches. A key that is not here is left alone.
    pub settings: BTreeMap<String, BootSetting>,
    /// Other programs that set keys.
    pub writers: Vec<Writer>,
    /// What could not be read, and what is odd about a file, one phrase each with its place.
    pub notes: Vec<String>,
}

impl Boot {
    /// The definition behind an index of [`BootSetting`].
    pub fn definition(&self, index: Option<usize>) -> Option<&Definition> {
        self.definitions.get(index?)
    }
}
