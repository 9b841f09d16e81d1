//! The sample that one `check --remember` leaves to the next: a file for each network namespace of this boot,
//! `<boot id>-<namespace>.json`, in a folder that nobody else can write.
//!
//! Nothing but the window of one run hangs on it. So a file that cannot be used is a remark in the report and
//! replaced at its end, and never an error.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, Dir, FlockOperation, OFlags, flock, statat};

use super::clock::SystemClock;
use super::private_folder::{self, Unusable};
use super::replace::{self, Look};
use super::snapshot_file::{SnapshotErrorKind, understood};
use crate::apply::Clock as _;
use crate::fact::{Host, Sample, Snapshot, WindowError};

/// No such file comes near: a few hundred numbers, and 4096 listeners at most.
const LIMIT: u64 = 4 * 1024 * 1024;

/// For how many seconds a file of another boot stays. A home may be that of many machines, and what one of
/// them left an hour ago is the start of its next window.
const OTHERS_STAY: i64 = 24 * 60 * 60;

/// How many namespaces of a boot are remembered. Where one is made for every job of a build server, those
/// that are gone must not fill the disk.
const NAMESPACES: usize = 256;

/// Where the sample of a network namespace is kept in this boot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    folder: PathBuf,
    boot: String,
    name: String,
}

/// Why the window does not begin with the last run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Forgotten {
    /// The kernel does not tell boot or namespace.
    NotKnown,
    /// No run was remembered.
    Nothing,
    /// Runs of other boots were.
    OtherBoots,
    /// Runs of this boot were, in other network namespaces.
    OtherNamespaces,
    /// The folder or the file cannot be used.
    Unusable(PathBuf, Unusable),
    /// It is larger than any such file.
    TooLarge(PathBuf),
    /// It ends in the middle.
    Truncated(PathBuf),
    /// It is something else; the parser's words.
    NotASample(PathBuf, String),
    /// Another version of the format.
    OtherSchema(PathBuf, String),
    /// What is in it cannot start a window that ends now.
    NotBefore(PathBuf, WindowError),
    /// A counter of the namespace is lower than it was.
    StartedAgain(String),
}

impl fmt::Display for Forgotten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotKnown => f.write_str("the boot or the network namespace is not known here"),
            Self::Nothing => f.write_str("no run was remembered yet"),
            Self::OtherBoots => f.write_str("the last run was in another boot"),
            Self::OtherNamespaces => {
                f.write_str("no run in this network namespace was remembered yet")
            }
            Self::Unusable(path, why) => write!(f, "cannot use `{}`: {why}", path.display()),
            Self::TooLarge(path) => {
                write!(f, "`{}` is larger than {LIMIT} bytes", path.display())
            }
            Self::Truncated(path) => write!(f, "`{}` ends in the middle", path.display()),
            Self::NotASample(path, words) => {
                write!(f, "`{}` is not understood: {words}", path.display())
            }
            Self::OtherSchema(path, schema) => write!(
                f,
                "`{}` has the format `{}`",
                path.display(),
                schema.escape_debug()
            ),
            Self::NotBefore(path, why) => {
                let why = match why {
                    WindowError::OtherBoot => "it is of another boot",
                    WindowError::OtherNamespace => "it is of another network namespace",
                    WindowError::NotEarlier => "it was taken later than this run",
                    WindowError::NotKnown => "it does not say of what boot, namespace or time",
                };
                write!(f, "`{}` was of no use: {why}", path.display())
            }
            Self::StartedAgain(counter) => write!(
                f,
                "{counter} is lower than it was: this network namespace is a new one with the number of an \
                 old one, or it has wrapped"
            ),
        }
    }
}

/// Why a sample was not kept: the folder or the file outside, the reason inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotKept {
    /// The folder, or the file.
    pub path: PathBuf,
    /// What is wrong.
    pub why: Unusable,
}

impl fmt::Display for NotKept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "cannot remember this run in `{}`: {}",
            self.path.display(),
            self.why
        )
    }
}

impl Remembered {
    /// The place of a namespace in this boot, below a folder; `None` where either is not known.
    pub fn of(folder: &Path, host: &Host) -> Option<Self> {
        let boot = host.boot_id.clone()?;
        // It becomes a part of a name.
        if !is_boot(boot.as_bytes()) {
            return None;
        }
        let name = format!("{boot}-{}.json", host.netns?);
        let folder = folder.to_owned();
        Some(Self { folder, boot, name })
    }

    /// What the last run left.
    pub fn recall(&self) -> Result<Sample, Forgotten> {
        let unusable = |why| Forgotten::Unusable(self.folder.clone(), why);
        let Some(folder) = private_folder::open(&self.folder).map_err(unusable)? else {
            return Err(Forgotten::Nothing);
        };
        let path = || self.folder.join(&self.name);
        let opened = private_folder::open_file(&folder, self.name.as_str(), OFlags::RDONLY);
        let Some(file) = opened.map_err(|why| Forgotten::Unusable(path(), why))? else {
            return Err(self.others(&folder));
        };
        let mut bytes = Vec::new();
        let read = file.take(LIMIT + 1).read_to_end(&mut bytes);
        let read = read.map_err(|error| Forgotten::Unusable(path(), error.into()))?;
        if read as u64 > LIMIT {
            return Err(Forgotten::TooLarge(path()));
        }
        let snapshot = understood(&bytes).map_err(|kind| match kind {
            SnapshotErrorKind::Truncated => Forgotten::Truncated(path()),
            SnapshotErrorKind::OtherSchema(schema) => Forgotten::OtherSchema(path(), schema),
            SnapshotErrorKind::NotJson(words)
            | SnapshotErrorKind::NotASnapshot(words)
            | SnapshotErrorKind::Unreadable(words) => Forgotten::NotASample(path(), words),
            SnapshotErrorKind::TooLarge => Forgotten::TooLarge(path()),
        })?;
        Ok(snapshot.now)
    }

    /// The window from a remembered sample to this one.
    pub fn window(&self, earlier: Sample, now: Sample) -> Result<Snapshot, Forgotten> {
        if let Some(counter) = now.fell_since(&earlier) {
            return Err(Forgotten::StartedAgain(counter.to_owned()));
        }
        let window = Snapshot::new(None, now).since(earlier);
        window.map_err(|why| Forgotten::NotBefore(self.folder.join(&self.name), why))
    }

    /// Keeps a sample for the next run, in one step, and takes those of other boots away.
    pub fn keep(&self, now: &Sample) -> Result<(), NotKept> {
        let fail = |path: &Path, why| NotKept {
            path: path.to_owned(),
            why,
        };
        let of_folder = |why: Unusable| fail(&self.folder, why);
        let of_file = |why: Unusable| fail(&self.folder.join(&self.name), why);
        let folder = private_folder::make(&self.folder).map_err(of_folder)?;
        // Where nobody else writes, what killed runs left half-written can go. Whoever writes then waits.
        if flock(&folder, FlockOperation::NonBlockingLockExclusive).is_ok() {
            // The disk is a little fuller than it has to be, and no more.
            let _ = self.clear(&folder);
        }
        let writes = flock(&folder, FlockOperation::LockShared);
        writes.map_err(|errno| of_folder(errno.into()))?;
        let snapshot = Snapshot::new(None, now.remembered());
        let mut bytes = serde_json::to_vec(&snapshot)
            .map_err(|error| of_file(Unusable::Errno(error.to_string())))?;
        bytes.push(b'\n');
        let look = Look {
            mode: 0o600,
            owner: None,
        };
        replace::replace(&folder, self.name.as_ref(), &bytes, look)
            .map_err(|error| of_file(error.into()))
    }

    /// What there is instead of the file that was looked for.
    fn others(&self, folder: &OwnedFd) -> Forgotten {
        let others = samples(folder).unwrap_or_default();
        if others.is_empty() {
            Forgotten::Nothing
        } else if others.iter().any(|name| self.is_of_this_boot(name)) {
            Forgotten::OtherNamespaces
        } else {
            Forgotten::OtherBoots
        }
    }

    fn is_of_this_boot(&self, name: &OsStr) -> bool {
        let rest = name.as_bytes().strip_prefix(self.boot.as_bytes());
        rest.is_some_and(|rest| rest.starts_with(b"-"))
    }

    /// Takes away what no run will use any more: files that were never finished, those of other boots that
    /// have not been written for a day, and of this boot the oldest where there are too many.
    fn clear(&self, folder: &OwnedFd) -> std::io::Result<()> {
        replace::clean(folder, None)?;
        let (own, others): (Vec<OsString>, Vec<OsString>) = samples(folder)?
            .into_iter()
            .partition(|name| self.is_of_this_boot(name));
        let age = |name: &OsString| {
            let stat = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW);
            stat.map_or((0, 0), |stat| (stat.st_mtime, stat.st_mtime_nsec))
        };
        let mut own: Vec<_> = own
            .into_iter()
            .filter(|name| *name != *self.name)
            .map(|name| (age(&name), name))
            .collect();
        own.sort();
        // This one is to have room too.
        let too_many = own.len().saturating_sub(NAMESPACES - 1);
        let oldest = own.into_iter().take(too_many).map(|(_, name)| name);
        let now = i64::try_from(SystemClock.unix_seconds()).unwrap_or(i64::MAX);
        let is_left = |name: &OsString| now.saturating_sub(age(name).0) > OTHERS_STAY;
        for name in others.into_iter().filter(is_left).chain(oldest) {
            replace::remove(folder, &name)?;
        }
        Ok(())
    }
}

/// Whether it can be the id of a boot.
fn is_boot(name: &[u8]) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b'-';
    (1..=64).contains(&name.len()) && name.iter().all(is_plain)
}

/// Whether a file is called as a sample is, `<boot id>-<namespace>.json`: all others are somebody else's.
fn is_sample(name: &[u8]) -> bool {
    let parts = name.strip_suffix(b".json").and_then(|stem| {
        let at = stem.iter().rposition(|byte| *byte == b'-')?;
        stem.split_at_checked(at)
    });
    parts.is_some_and(|(boot, number)| {
        let digits = number.strip_prefix(b"-").unwrap_or_default();
        is_boot(boot) && !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
    })
}

/// The names of all samples in a folder.
fn samples(folder: &OwnedFd) -> std::io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if is_sample(name) {
            names.push(OsStr::from_bytes(name).to_owned());
        }
    }
    Ok(names)
}

#[cfg(test)]
#[path = "remembered_tests.rs"]
mod tests;
