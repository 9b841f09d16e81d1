//! `/proc/sys`: reading by name, and the one place that writes.
//!
//! Reading is our own: the `sysctl` crate turns every open error into "not found", which would fold
//! *denied* into *absent*, and it knows no root but `/proc/sys`. Writing goes through that crate, whose
//! write errors keep the errno; keys it cannot address (a dot in an interface name) are written by path.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags, StatVfsMountFlags};
use rustix::io::Errno;
use sysctl::Sysctl as _;

use super::errno::{io_name, name};
use crate::catalog::{self, KeySpec};
use crate::fact::{Reading, Value};

/// A tree laid out like `/proc/sys`.
#[derive(Debug)]
pub struct Sysctls {
    directory: Result<rustix::fd::OwnedFd, Errno>,
    net: Result<(), Errno>,
    path: PathBuf,
    read_only: bool,
}

/// Larger than any setting the kernel prints; `ip_local_reserved_ports` can reach 64 KiB.
const VALUE_LIMIT: usize = 128 * 1024;

impl Sysctls {
    /// Opens the tree below `proc`: `/proc`, or a recorded one.
    pub fn open(proc: &Path) -> Self {
        let path = proc.join("sys");
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = rustix::fs::open(&path, flags, Mode::empty());
        // A masked /proc/sys is an empty folder: without net/ nothing below can be called absent.
        let net = directory
            .as_ref()
            .map_err(|errno| *errno)
            .and_then(|root| rustix::fs::statat(root, "net", AtFlags::empty()).map(|_| ()));
        let read_only = directory.as_ref().is_ok_and(|root| {
            rustix::fs::fstatvfs(root)
                .is_ok_and(|stat| stat.f_flag.contains(StatVfsMountFlags::RDONLY))
        });
        Self {
            directory,
            net,
            path,
            read_only,
        }
    }

    /// Why no network setting can be read here, if so.
    pub fn refusal(&self) -> Option<String> {
        let errno = self.net.err()?;
        Some(format!("{}/net: {}", self.path.display(), name(errno)))
    }

    /// Reads one setting by name. Secrets are never read.
    pub fn read(&self, key: &str) -> Reading<Value> {
        let spec = catalog::find(key);
        if spec.is_some_and(|spec| spec.secret) {
            return Reading::Denied("secret, never read".to_owned());
        }
        let Some(path) = catalog::path(key) else {
            return Reading::Absent;
        };
        if self.net.is_err() && path.starts_with("net/") {
            return Reading::Denied("/proc/sys/net is not visible".to_owned());
        }
        match self.text(&path) {
            Ok((text, writable)) => typed(spec, &text, writable),
            Err(Errno::NOENT) => Reading::Absent,
            Err(errno) => Reading::Denied(name(errno)),
        }
    }

    /// Whether a file or folder exists; `None` when the tree cannot be seen.
    pub fn exists(&self, path: &str) -> Option<bool> {
        self.net.ok()?;
        let root = self.directory.as_ref().ok()?;
        match rustix::fs::statat(root, path, AtFlags::empty()) {
            Ok(_) => Some(true),
            Err(Errno::NOENT) => Some(false),
            Err(_) => None,
        }
    }

    /// The text of one file and whether it has a write bit.
    pub(super) fn text(&self, path: &str) -> Result<(String, bool), Errno> {
        let root = self.directory.as_ref().map_err(|errno| *errno)?;
        let file = rustix::fs::openat(root, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
        let stat = rustix::fs::fstat(&file)?;
        let mut bytes = Vec::new();
        let mut chunk = [0_u8; 4096];
        while bytes.len() < VALUE_LIMIT {
            let read = rustix::io::read(&file, &mut chunk)?;
            bytes.extend_from_slice(chunk.get(..read).unwrap_or_default());
            // The kernel gives a setting whole in one read when the buffer has room to spare.
            if read < chunk.len() {
                break;
            }
        }
        let writable = !self.read_only && stat.st_mode & 0o222 != 0;
        Ok((String::from_utf8_lossy(&bytes).into_owned(), writable))
    }

    /// Every setting below `net/`, by dotted name, in the order of the folders.
    pub fn walk(&self) -> Vec<String> {
        let mut keys = Vec::new();
        if self.net.is_ok() {
            walk_folder(&self.path.join("net"), "net", &mut keys, 0);
        }
        keys.sort_unstable();
        keys
    }
}

fn walk_folder(folder: &Path, name: &str, keys: &mut Vec<String>, depth: usize) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    if depth > 8 || keys.len() > 200_000 {
        return;
    }
    for entry in entries.flatten() {
        // In a dotted name a dot of an interface name is written as a slash, as sysctl(8) does.
        let part = entry.file_name().to_string_lossy().replace('.', "/");
        let name = format!("{name}.{part}");
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk_folder(&entry.path(), &name, keys, depth + 1),
            Ok(kind) if kind.is_file() => keys.push(name),
            _ => {}
        }
    }
}

fn typed(spec: Option<&KeySpec>, text: &str, writable: bool) -> Reading<Value> {
    let text = text.trim_end_matches(['\n', '\0']);
    let value = match spec {
        Some(spec) => spec.parse(text).ok(),
        None => Some(Value::Text(text.to_owned())),
    };
    match value {
        Some(value) if writable => Reading::Known(value),
        Some(value) => Reading::ReadOnly(value),
        None => Reading::Malformed(text.chars().take(200).collect()),
    }
}

/// What came of one write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// Read back as written.
    Exactly,
    /// The write was accepted and reads back as something else.
    Otherwise(Reading<Value>),
    /// Refused; the errno by name, and what reads back now: a refused write may have changed the first
    /// field of a vector.
    Refused(String, Reading<Value>),
}

/// Writes one setting of the calling thread's namespace and reads it back.
pub fn write(key: &str, value: &Value) -> Written {
    let refused = write_text(key, &value.to_string()).err();
    let after = Sysctls::open(Path::new("/proc")).read(key);
    match refused {
        Some(error) => Written::Refused(io_name(&error), after),
        None if after.value() == Some(value) => Written::Exactly,
        None => Written::Otherwise(after),
    }
}

fn write_text(key: &str, text: &str) -> io::Result<()> {
    // No bytes are no write: an empty list is written as an empty line.
    let text = if text.is_empty() { "\n" } else { text };
    // The crate cannot address a name with a dot inside one segment, nor open a write-only file.
    if key.contains('/') {
        let path = catalog::path(key).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        return fs::write(Path::new("/proc/sys").join(path), text);
    }
    let by_crate = sysctl::Ctl::new(key).and_then(|control| control.set_value_string(text));
    match by_crate {
        Ok(_) => Ok(()),
        Err(sysctl::SysctlError::IoError(error)) => Err(error),
        Err(sysctl::SysctlError::NotFound(_)) => Err(io::Error::from(io::ErrorKind::NotFound)),
        Err(other) => Err(io::Error::other(other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_tree_is_refused_not_absent() {
        let sysctls = Sysctls::open(Path::new("/nonexistent"));
        assert!(sysctls.refusal().is_some());
        assert!(matches!(
            sysctls.read("net.ipv4.tcp_fin_timeout"),
            Reading::Denied(_)
        ));
        assert_eq!(sysctls.exists("net/core/netdev_max_backlog"), None);
    }

    #[test]
    fn a_missing_key_is_absent() {
        let sysctls = Sysctls::open(Path::new("/proc"));
        assert_eq!(
            sysctls.read("net.ipv4.tcp_there_is_no_such_key"),
            Reading::Absent
        );
    }
}
