//! Folders and files that are tcptune's own: what nobody else can have written can be believed.

use std::fmt;
use std::fs::File;
use std::path::Path;

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, fsync, mkdirat, openat};
use rustix::io::Errno;

use super::errno::name;

/// Why a folder or a file of tcptune's own cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// The kernel refuses; the errno by name.
    Errno(String),
    /// Others own it or can write it, and could choose what is written on their behalf.
    NotOurs,
    /// It is no regular file.
    NotAFile,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Errno(errno) => f.write_str(errno),
            Self::NotOurs => f.write_str("others own it or can write it, so it is not trusted"),
            Self::NotAFile => f.write_str("not a regular file"),
        }
    }
}

impl Unusable {
    /// What to do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::NotOurs => Some(
                "look who put it there; then chown it to the user who runs tcptune, chmod go-w",
            ),
            Self::NotAFile => Some("move it out of the way"),
            Self::Errno(errno) => match errno.as_str() {
                "ENOSPC" | "EDQUOT" => Some("the disk is full; make room and run it again"),
                "EROFS" => {
                    Some("its file system is read-only; remount it, or mount a writable one there")
                }
                "EACCES" | "EPERM" => Some("run as root, or as the user whose folder it is"),
                "ELOOP" => Some("a link stands in its place; remove the link"),
                "ENOTDIR" => {
                    Some("a file or a link stands where a folder should be; move it out of the way")
                }
                "EISDIR" => Some("a folder stands where a file should be; move it out of the way"),
                _ => None,
            },
        }
    }
}

impl From<Errno> for Unusable {
    fn from(errno: Errno) -> Self {
        Self::Errno(name(errno))
    }
}

impl From<std::io::Error> for Unusable {
    fn from(error: std::io::Error) -> Self {
        Self::Errno(super::errno::io_name(&error))
    }
}

/// Readable, for a folder whose change is to be synchronised; no link in its place is followed.
const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// Opens a folder of our own, `None` when there is none.
pub(super) fn open(path: &Path) -> Result<Option<OwnedFd>, Unusable> {
    match openat(CWD, path, FOLDER, Mode::empty()) {
        Ok(folder) => {
            trust(&folder)?;
            Ok(Some(folder))
        }
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}

/// Opens a folder of our own, and makes it, for this user only, where it is missing; its parents too. That
/// it is there is on the disk when this returns.
pub(super) fn make(path: &Path) -> Result<OwnedFd, Unusable> {
    if let Some(folder) = open(path)? {
        return Ok(folder);
    }
    if let (Some(parent), Some(name)) = (path.parent(), path.file_name()) {
        let parent = make_parent(parent)?;
        match mkdirat(&parent, name, Mode::RWXU) {
            Ok(()) => fsync(&parent)?,
            // Somebody else was faster.
            Err(Errno::EXIST) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    open(path)?.ok_or_else(|| Errno::NOENT.into())
}

/// A parent may be whose it likes: `/var/lib` is packaged, `$XDG_RUNTIME_DIR` is the login's.
fn make_parent(path: &Path) -> Result<OwnedFd, Unusable> {
    // Links are followed: a state folder may well lie on another disk.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    match openat(CWD, path, flags, Mode::empty()) {
        Err(Errno::NOENT) if path.parent().is_some() => make(path),
        other => Ok(other?),
    }
}

/// Opens a file of our own in such a folder, `None` when there is none. No link is followed, nothing but a
/// regular file is opened, and a pipe is not waited for.
pub(super) fn open_file(
    folder: impl AsFd,
    name: impl rustix::path::Arg,
    flags: OFlags,
) -> Result<Option<File>, Unusable> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = match openat(folder, name, flags, Mode::RUSR | Mode::WUSR) {
        Ok(file) => file,
        Err(Errno::NOENT) => return Ok(None),
        // A pipe that nobody reads, or a socket.
        Err(Errno::NXIO) => return Err(Unusable::NotAFile),
        Err(errno) => return Err(errno.into()),
    };
    match FileType::from_raw_mode(fstat(&file)?.st_mode) {
        FileType::RegularFile => {}
        FileType::Directory => return Err(Errno::ISDIR.into()),
        _ => return Err(Unusable::NotAFile),
    }
    trust(&file)?;
    Ok(Some(File::from(file)))
}

fn trust(file: impl AsFd) -> Result<(), Unusable> {
    let stat = fstat(file)?;
    let others_write = Mode::WGRP.union(Mode::WOTH).bits();
    if stat.st_uid != rustix::process::geteuid().as_raw() || stat.st_mode & others_write != 0 {
        return Err(Unusable::NotOurs);
    }
    Ok(())
}
