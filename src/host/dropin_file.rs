//! The drop-in on disk, `/etc/sysctl.d/60-tcptune.conf`.
//!
//! A link in its place is followed and the file behind it is meant, as it is for the loaders. Whatever else
//! stands there is somebody's decision: it is named and left alone.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::Read as _;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::fd::OwnedFd;
use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags, Stat, fchmod, fsync, mkdirat, openat,
    openat2, readlinkat, statat,
};
use rustix::io::Errno;

use super::errno::{io_name, name as errno_name};
use super::file;
use super::lock::Lock;
use super::replace::{self, Look};
use crate::apply::dropin::DROPIN;
use crate::apply::{Fault, FileImage, Files};
use crate::fact::boot::Forecast;

/// No file of ours comes near, nor does one that somebody else put there and we have to keep.
const LIMIT: u64 = 4 * 1024 * 1024;

/// As many links as the kernel follows in one path (`MAXSYMLINKS`).
const LINKS: usize = 40;

/// Tells the value a key will have after the next boot.
type NextBoot<'a> = dyn FnMut(&str) -> Result<Forecast, Fault> + 'a;

/// The drop-in below a root, and what all files come to at the next boot.
pub struct DropinFile<'a> {
    root: PathBuf,
    next_boot: Box<NextBoot<'a>>,
}

impl fmt::Debug for DropinFile<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DropinFile")
            .field("root", &self.root)
            .finish_non_exhaustive()
    }
}

/// Where the file is, links followed.
struct There {
    folder: OwnedFd,
    name: OsString,
    /// What stands there; `None` when nothing does.
    stat: Option<Stat>,
    /// Whether a link led there.
    linked: bool,
}

impl<'a> DropinFile<'a> {
    /// The drop-in below a root: `/`, or the folder of another system. `next_boot` tells the value a key will
    /// have after the next boot; it is asked after the file has changed, and has to read the files anew.
    pub fn new(root: &Path, next_boot: impl FnMut(&str) -> Result<Forecast, Fault> + 'a) -> Self {
        Self {
            root: root.to_owned(),
            next_boot: Box::new(next_boot),
        }
    }

    /// Takes away what crashed runs left half-written beside the file. The lock tells that nobody is writing.
    pub fn clean(&self, _held: &Lock) -> Result<(), Fault> {
        match self.find("clean up beside")? {
            Some(there) => replace::clean(&there.folder, Some(&there.name))
                .map_err(|error| self.fault("clean up beside", io_name(&error))),
            None => Ok(()),
        }
    }

    fn path(&self) -> PathBuf {
        self.root.join(DROPIN.trim_start_matches('/'))
    }

    fn fault(&self, doing: &str, why: impl Into<String>) -> Fault {
        Fault {
            doing: format!("{doing} `{}`", self.path().display()),
            why: why.into(),
        }
    }

    /// Follows the links to where the file is; `None` when its folder is not there.
    fn find(&self, doing: &str) -> Result<Option<There>, Fault> {
        let fault = |errno: Errno| self.fault(doing, errno_name(errno));
        let mut path = PathBuf::from(DROPIN);
        for links in 0..=LINKS {
            let linked = links > 0;
            let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
                return Err(self.fault(doing, "it is a link to a folder; remove the link"));
            };
            let folder = match self.open_folder(parent) {
                Ok(folder) => folder,
                Err(Errno::NOENT) if !linked => return Ok(None),
                Err(Errno::NOENT | Errno::NOTDIR) if linked => {
                    return Err(self.dangling(doing, &path));
                }
                Err(errno) => return Err(fault(errno)),
            };
            let stat = match statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => Some(stat),
                Err(Errno::NOENT) if linked => return Err(self.dangling(doing, &path)),
                Err(Errno::NOENT) => None,
                Err(errno) => return Err(fault(errno)),
            };
            let kind = stat.map(|stat| FileType::from_raw_mode(stat.st_mode));
            if kind != Some(FileType::Symlink) {
                if let Some(why) = kind.and_then(|kind| obstacle(kind, linked)) {
                    return Err(self.fault(doing, why));
                }
                return Ok(Some(There {
                    name: name.to_owned(),
                    folder,
                    stat,
                    linked,
                }));
            }
            let target = readlinkat(&folder, name, Vec::new()).map_err(fault)?;
            path = parent.join(OsString::from_vec(target.into_bytes()));
        }
        Err(self.fault(doing, "its links lead round in a circle; remove them"))
    }

    fn dangling(&self, doing: &str, end: &Path) -> Fault {
        let why = format!(
            "it is a link to `{}`, where nothing is; remove the link, or make that file",
            end.display()
        );
        self.fault(doing, why)
    }

    /// Opens a folder by its path below the root, links followed inside the root.
    fn open_folder(&self, path: &Path) -> Result<OwnedFd, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        if self.root == Path::new("/") {
            return openat(CWD, path, flags, Mode::empty());
        }
        let root = openat(CWD, &self.root, flags | OFlags::PATH, Mode::empty())?;
        openat2(&root, path, flags, Mode::empty(), ResolveFlags::IN_ROOT)
    }

    /// Makes the folder of the file, and those above it, where they are missing.
    fn make_folder(&self) -> Result<(), Errno> {
        let mut made = PathBuf::from("/");
        for part in Path::new(DROPIN)
            .parent()
            .into_iter()
            .flat_map(Path::components)
        {
            let Component::Normal(part) = part else {
                continue;
            };
            let above = self.open_folder(&made)?;
            made.push(part);
            match mkdirat(&above, part, Mode::RWXU) {
                Ok(()) => {
                    // Every loader reads it, whatever the umask of this run.
                    fchmod(self.open_folder(&made)?, Mode::from_raw_mode(0o755))?;
                    fsync(&above)?;
                }
                Err(Errno::EXIST) => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(())
    }

    fn put(&self, image: &FileImage) -> Result<(), Fault> {
        let doing = "write";
        let there = if let Some(there) = self.find(doing)? {
            there
        } else {
            self.make_folder()
                .map_err(|errno| self.fault(doing, errno_name(errno)))?;
            self.find(doing)?
                .ok_or_else(|| self.fault(doing, errno_name(Errno::NOENT)))?
        };
        let look = Look {
            mode: image.mode,
            owner: there.stat.map(|stat| (stat.st_uid, stat.st_gid)),
        };
        replace::replace(&there.folder, &there.name, &image.bytes, look)
            .map_err(|error| self.fault(doing, io_name(&error)))
    }

    fn take_away(&self) -> Result<(), Fault> {
        let doing = "remove";
        let fault = |error: std::io::Error| self.fault(doing, io_name(&error));
        let Some(there) = self.find(doing)? else {
            return Ok(());
        };
        // The link goes first: what it leads to is still ours, and at no time it leads nowhere.
        if there.linked {
            let (folder, name) = split(Path::new(DROPIN));
            let folder = self
                .open_folder(folder)
                .map_err(|errno| fault(errno.into()))?;
            replace::remove(&folder, name).map_err(fault)?;
        }
        replace::remove(&there.folder, &there.name).map_err(fault)
    }
}

impl Files for DropinFile<'_> {
    fn dropin(&mut self) -> Result<Option<FileImage>, Fault> {
        let doing = "read";
        let Some(there) = self.find(doing)? else {
            return Ok(None);
        };
        if there.stat.is_none() {
            return Ok(None);
        }
        let fault = |error: std::io::Error| self.fault(doing, io_name(&error));
        let file = file::open_at(&there.folder, there.name.as_os_str()).map_err(fault)?;
        let stat = rustix::fs::fstat(&file).map_err(|errno| fault(errno.into()))?;
        let mut bytes = Vec::new();
        let read = file
            .take(LIMIT + 1)
            .read_to_end(&mut bytes)
            .map_err(fault)?;
        if read as u64 > LIMIT {
            let why = format!("it is larger than {LIMIT} bytes, so it is not ours; move it away");
            return Err(self.fault(doing, why));
        }
        Ok(Some(FileImage {
            bytes,
            mode: stat.st_mode & 0o7777,
        }))
    }

    fn replace_dropin(&mut self, image: Option<&FileImage>) -> Result<(), Fault> {
        match image {
            Some(image) => self.put(image),
            None => self.take_away(),
        }
    }

    fn next_boot(&mut self, key: &str) -> Result<Forecast, Fault> {
        (self.next_boot)(key)
    }
}

fn split(path: &Path) -> (&Path, &OsStr) {
    (
        path.parent().unwrap_or(Path::new("/")),
        path.file_name().unwrap_or_default(),
    )
}

/// Why what stands there is no file to write, and what to do about it.
fn obstacle(kind: FileType, linked: bool) -> Option<&'static str> {
    match (kind, linked) {
        (FileType::RegularFile, _) => None,
        (FileType::Directory, false) => Some("it is a folder; move it away"),
        (FileType::Directory, true) => Some("it is a link to a folder; remove the link"),
        // `/dev/null`: whoever made the link does not want such a file.
        (FileType::CharacterDevice | FileType::BlockDevice, true) => {
            Some("it is a link to a device, which masks it; remove the link")
        }
        (_, true) => Some("it is a link to something that is no file; remove the link"),
        (_, false) => Some("it is no regular file; move it away"),
    }
}

#[cfg(test)]
mod tests;
