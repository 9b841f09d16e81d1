//! The ports: everything the transaction needs from the world.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::record::Record;
use crate::fact::Reading;
use crate::fact::boot::Forecast;

/// Why a port could not do its work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What was tried: "write `/etc/sysctl.d/60-tcptune.conf`".
    pub doing: String,
    /// The errno by name, or a phrase.
    pub why: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}: {}", self.doing, self.why)
    }
}

/// The settings of the running kernel, in one network namespace.
pub trait Sysctls {
    /// The text of a key as the kernel shows it, without the newline at its end.
    fn read(&mut self, key: &str) -> Reading<String>;

    /// Writes a text; the errno by name when the kernel refuses.
    fn write(&mut self, key: &str, text: &str) -> Result<(), String>;
}

/// The records of all applies.
pub trait Journal {
    /// Stores a record under its id, in place of an earlier one, so that after a crash either the old or
    /// the new one is there, whole: file and folder are on the disk when this returns.
    fn save(&mut self, record: &Record) -> Result<(), Fault>;
}

/// A file as it was: bytes and permission bits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileImage {
    /// The bytes, in hexadecimal in the journal.
    #[serde(with = "super::record::hex")]
    pub bytes: Vec<u8>,
    /// Permission bits, `0o644`.
    pub mode: u32,
}

/// The one file that tcptune owns, `/etc/sysctl.d/60-tcptune.conf`, and what all files come to.
pub trait Files {
    /// The file as it is, `None` when there is none. A directory, a device or a dangling link in its place
    /// is a fault.
    fn dropin(&mut self) -> Result<Option<FileImage>, Fault>;

    /// Replaces the file in one step, or removes it; on the disk when this returns.
    fn replace_dropin(&mut self, image: Option<&FileImage>) -> Result<(), Fault>;

    /// The value a key will have after the next boot, with the files as they are now.
    fn next_boot(&mut self, key: &str) -> Result<Forecast, Fault>;
}

/// The time.
pub trait Clock {
    /// Seconds since 1970.
    fn unix_seconds(&self) -> u64;

    /// Seconds since boot, time asleep included (`CLOCK_BOOTTIME`).
    fn uptime_seconds(&self) -> f64;
}

/// The four together.
#[expect(missing_debug_implementations, reason = "it holds trait objects")]
pub struct Ports<'a> {
    /// The kernel's settings.
    pub sysctls: &'a mut dyn Sysctls,
    /// The journal.
    pub journal: &'a mut dyn Journal,
    /// The drop-in file.
    pub files: &'a mut dyn Files,
    /// The time.
    pub clock: &'a dyn Clock,
    /// This boot (`/proc/sys/kernel/random/boot_id`).
    pub boot_id: Option<&'a str>,
}
