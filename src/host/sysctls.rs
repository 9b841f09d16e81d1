//! `/proc/sys`: reading by name.
//!
//! Reading is our own: the `sysctl` crate turns every open error into "not found", which would fold
//! *denied* into *absent*, and it knows no root but `/proc/sys`.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rustix::fd::{AsFd as _, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, StatVfsMountFlags};
use rustix::io::Errno;

use super::errno::{io_name, name};
use super::file;
use crate::catalog::{self, KeySpec};
use crate::fact::{Reading, Value};

/// A tree laid out like `/proc/sys`.
#[derive(Debug)]
pub struct Sysctls {
    directory: Result<OwnedFd, Errno>,
    /// Those of [`FOLDERS`] that a setting was read from, each opened once: a look-up asks every folder on
    /// its way for permission (`proc_sys_permission`), which is most of what it takes.
    folders: [OnceLock<Option<OwnedFd>>; FOLDERS.len()],
    net: Result<(), Errno>,
    path: PathBuf,
    read_only: bool,
}

/// Where nearly all settings lie.
const FOLDERS: [&str; 4] = ["net/ipv4/", "net/ipv6/", "net/core/", "net/netfilter/"];

/// Larger than any setting the kernel prints: every other port in `ip_local_reserved_ports` makes 192 KiB.
const VALUE_LIMIT: usize = 512 * 1024;

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
            folders: Default::default(),
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
        self.read_as(catalog::find(key), key)
    }

    /// The same for a key whose entry is at hand.
    pub(super) fn read_as(&self, spec: Option<&KeySpec>, key: &str) -> Reading<Value> {
        match self.raw_as(spec, key) {
            Ok((bytes, writable)) => typed(spec, &String::from_utf8_lossy(&bytes), writable),
            Err(reading) => reading,
        }
    }

    /// The bytes of one setting by name and whether it has a write bit, or the reading without them.
    pub(super) fn raw<T>(&self, key: &str) -> Result<(Vec<u8>, bool), Reading<T>> {
        self.raw_as(catalog::find(key), key)
    }

    fn raw_as<T>(&self, spec: Option<&KeySpec>, key: &str) -> Result<(Vec<u8>, bool), Reading<T>> {
        if spec.is_some_and(|spec| spec.secret) {
            return Err(Reading::Denied("secret, never read".to_owned()));
        }
        let path = catalog::path(key).ok_or(Reading::Absent)?;
        if self.net.is_err() && path.starts_with("net/") {
            return Err(Reading::Denied("/proc/sys/net is not visible".to_owned()));
        }
        let bytes = match self.folder_of(&path) {
            Some((folder, name)) => self.bytes_at(folder, name),
            None => self.bytes(&path),
        };
        bytes.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Reading::Absent,
            _ => Reading::Denied(io_name(&error)),
        })
    }

    /// The open folder that a path leads through, and what is left of the path.
    fn folder_of<'p>(&self, path: &'p str) -> Option<(BorrowedFd<'_>, &'p str)> {
        let root = self.directory.as_ref().ok()?;
        let mut known = FOLDERS.iter().zip(&self.folders);
        let (folder, name, cell) =
            known.find_map(|(folder, cell)| Some((folder, path.strip_prefix(folder)?, cell)))?;
        let open = cell.get_or_init(|| {
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            rustix::fs::openat(root, *folder, flags, Mode::empty()).ok()
        });
        Some((open.as_ref()?.as_fd(), name))
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
    pub(super) fn text(&self, path: impl rustix::path::Arg) -> io::Result<(String, bool)> {
        let (bytes, writable) = self.bytes(path)?;
        Ok((String::from_utf8_lossy(&bytes).into_owned(), writable))
    }

    /// The bytes of one file and whether it has a write bit.
    fn bytes(&self, path: impl rustix::path::Arg) -> io::Result<(Vec<u8>, bool)> {
        let root = self.directory.as_ref().map_err(|errno| *errno)?;
        self.bytes_at(root.as_fd(), path)
    }

    fn bytes_at(
        &self,
        folder: BorrowedFd<'_>,
        path: impl rustix::path::Arg,
    ) -> io::Result<(Vec<u8>, bool)> {
        let (file, mode) = file::open_with_mode(folder, path)?;
        let write = Mode::WUSR | Mode::WGRP | Mode::WOTH;
        let writable = !self.read_only && mode.intersects(write);
        let mut small = [0_u8; 4096];
        let read = rustix::io::pread(&file, &mut small, 0)?;
        if read < small.len() {
            return Ok((small.get(..read).unwrap_or_default().to_vec(), writable));
        }
        // From the start again: a list of ports has no second part. Whatever did not fit into the first
        // read, `proc_do_large_bitmap` gives to no later one.
        let mut large = vec![0_u8; VALUE_LIMIT];
        let read = rustix::io::pread(&file, &mut large, 0)?;
        if read == large.len() {
            return Err(Errno::FBIG.into());
        }
        large.truncate(read);
        Ok((large, writable))
    }

    /// The names of the folders in a folder, which are those of interfaces.
    pub(super) fn folders(&self, path: &str) -> io::Result<Vec<OsString>> {
        let root = self.directory.as_ref().map_err(|errno| *errno)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::openat(root, path, flags, Mode::empty())?;
        let mut names = Vec::new();
        for entry in Dir::new(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            // Not every file system tells the type; a name that is no folder has nothing below it.
            if entry.file_type() != FileType::RegularFile && name != b"." && name != b".." {
                names.push(OsStr::from_bytes(name).to_owned());
            }
        }
        Ok(names)
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
    fn a_long_value_is_read_whole_and_an_endless_one_not_at_all() {
        let tree = tempfile::tempdir().unwrap();
        let folder = tree.path().join("sys/net/ipv4");
        fs::create_dir_all(&folder).unwrap();
        let ports = |length: usize| "1,".repeat(length / 2);
        let sysctls = Sysctls::open(tree.path());
        for length in [4094, 4096, 4098, 200_000] {
            fs::write(folder.join("ports"), ports(length)).unwrap();
            let (text, _) = sysctls.text("net/ipv4/ports").unwrap();
            assert_eq!(text, ports(length), "{length}");
        }
        fs::write(folder.join("ports"), ports(VALUE_LIMIT)).unwrap();
        let error = sysctls.text("net/ipv4/ports").unwrap_err();
        assert_eq!(io_name(&error), "EFBIG");
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
