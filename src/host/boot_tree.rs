//! The files of the boot configuration: of this host, or of an image, a chroot, a recorded tree.
//!
//! Of another tree every link is followed inside it, as a loader running there would follow it. Nothing
//! but a regular file is ever opened for reading.

mod walk;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use rustix::fd::{AsFd as _, OwnedFd};
use rustix::fs::{
    AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags, Stat, fstat, major, minor, openat, openat2,
    statat,
};
use rustix::io::Errno;

use super::errno::{io_name, name as errno_name};
use crate::bootconf::{Entry, Tree};

/// More names than any folder of settings has; a folder beyond it is not taken for a short one.
const NAMES: usize = 200_000;

/// The files below a root.
#[derive(Debug)]
pub struct BootTree {
    path: PathBuf,
    root: OwnedFd,
    links: Links,
    /// Folders once looked for, so that thousands of files in one cost one walk.
    folders: RefCell<BTreeMap<String, Result<Rc<OwnedFd>, Errno>>>,
}

/// Who follows links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Links {
    /// The kernel, as for every program: the root is `/`.
    Ordinary,
    /// The kernel, inside the root.
    InRoot,
    /// We do, inside the root.
    Walked,
}

impl BootTree {
    /// Opens a root, `/` or a folder that holds the files of another system.
    pub fn open(root: &Path) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let descriptor = rustix::fs::open(root, flags, Mode::empty())?;
        let resolve = ResolveFlags::IN_ROOT;
        let links = if is_own_root(&descriptor)? {
            Links::Ordinary
        } else if openat2(&descriptor, ".", flags, Mode::empty(), resolve).is_ok() {
            Links::InRoot
        } else {
            Links::Walked
        };
        Ok(Self {
            path: root.to_owned(),
            root: descriptor,
            links,
            folders: RefCell::default(),
        })
    }

    /// The folder it was opened with.
    pub fn root(&self) -> &Path {
        &self.path
    }

    /// The same root with links followed without the kernel's help, as on kernels before 5.6.
    #[must_use]
    pub fn walked(mut self) -> Self {
        self.links = Links::Walked;
        self.folders.get_mut().clear();
        self
    }

    /// Opens a path of the tree, links followed.
    fn at(&self, path: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
        let flags = flags | OFlags::CLOEXEC;
        match self.links {
            Links::Ordinary => rustix::fs::open(path, flags, Mode::empty()),
            Links::InRoot => {
                let relative = path.strip_prefix(b"/").unwrap_or(path);
                let relative = if relative.is_empty() { b"." } else { relative };
                let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
                match openat2(&self.root, relative, flags, Mode::empty(), resolve) {
                    // Something was renamed meanwhile and the kernel cannot vouch for the way back.
                    Err(Errno::AGAIN) => walk::follow(self.root.as_fd(), path).open(flags),
                    other => other,
                }
            }
            Links::Walked => walk::follow(self.root.as_fd(), path).open(flags),
        }
    }

    fn folder(&self, directory: &str) -> Result<Rc<OwnedFd>, Errno> {
        let known = self.folders.borrow().get(directory).cloned();
        known.unwrap_or_else(|| {
            let flags = OFlags::PATH | OFlags::DIRECTORY;
            let found = self.at(directory.as_bytes(), flags).map(Rc::new);
            let mut folders = self.folders.borrow_mut();
            folders.insert(directory.to_owned(), found.clone());
            found
        })
    }

    /// What stands at a name itself, links not followed.
    fn stand(&self, directory: &str, name: &[u8]) -> Result<Stat, Errno> {
        if !is_name(name) {
            return Err(Errno::NOENT);
        }
        let folder = self.folder(directory)?;
        statat(&*folder, name, AtFlags::SYMLINK_NOFOLLOW)
    }

    fn through_link(&self, path: &[u8]) -> Result<Entry, Errno> {
        // Images often come without their devices, or with an empty file in the place of one.
        if walk::follow(self.root.as_fd(), path).path == b"/dev/null" {
            return Ok(Entry::Null);
        }
        let file = self.at(path, OFlags::PATH)?;
        Ok(entry_of(&fstat(file)?))
    }

    fn regular(&self, directory: &str, name: &[u8]) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        let stat = self.stand(directory, name)?;
        let file = if kind(&stat) == FileType::Symlink {
            let path = join(directory, name);
            // Opening some devices does something: looked at first, and once more when open.
            only_regular(&fstat(self.at(&path, OFlags::PATH)?)?)?;
            self.at(&path, flags)?
        } else {
            only_regular(&stat)?;
            let folder = self.folder(directory)?;
            let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            openat(&*folder, name, flags, Mode::empty())?
        };
        only_regular(&fstat(&file)?)?;
        Ok(File::from(file))
    }
}

impl Tree for BootTree {
    fn list(&self, directory: &str) -> Result<Vec<Vec<u8>>, String> {
        match self.names(directory) {
            Err(Errno::NOENT) => Ok(Vec::new()),
            Err(errno) => Err(errno_name(errno)),
            Ok(names) => names,
        }
    }

    fn entry(&self, directory: &str, name: &[u8]) -> Option<Entry> {
        let stat = match self.stand(directory, name) {
            Ok(stat) => stat,
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return None,
            Err(errno) => return Some(Entry::Denied(errno_name(errno))),
        };
        if kind(&stat) != FileType::Symlink {
            return Some(entry_of(&stat));
        }
        Some(match self.through_link(&join(directory, name)) {
            Ok(entry) => entry,
            Err(Errno::NOENT | Errno::LOOP | Errno::NOTDIR | Errno::NAMETOOLONG) => Entry::Dangling,
            Err(errno) => Entry::Denied(errno_name(errno)),
        })
    }

    fn target(&self, directory: &str, name: &[u8]) -> Option<String> {
        if kind(&self.stand(directory, name).ok()?) != FileType::Symlink {
            return None;
        }
        let end = walk::follow(self.root.as_fd(), &join(directory, name));
        Some(String::from_utf8_lossy(&end.path).into_owned())
    }

    fn read(&self, directory: &str, name: &[u8], limit: usize) -> Result<(Rc<[u8]>, bool), String> {
        let wanted = u64::try_from(limit).unwrap_or(u64::MAX);
        let contents = self.regular(directory, name).and_then(|mut file| {
            let size = file.metadata()?.len().min(wanted);
            let room = usize::try_from(size).unwrap_or(limit);
            let mut bytes = Vec::with_capacity(room);
            file.by_ref().take(wanted).read_to_end(&mut bytes)?;
            let more = bytes.len() == limit && file.read(&mut [0])? > 0;
            Ok((Rc::from(bytes), more))
        });
        contents.map_err(|error| io_name(&error))
    }
}

impl BootTree {
    fn names(&self, directory: &str) -> Result<Result<Vec<Vec<u8>>, String>, Errno> {
        let folder = self.folder(directory)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = openat(&*folder, ".", flags, Mode::empty())?;
        let mut names = Vec::new();
        for entry in Dir::new(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if matches!(name, b"." | b"..") {
                continue;
            }
            if names.len() == NAMES {
                return Ok(Err(format!("more than {NAMES} names")));
            }
            names.push(name.to_vec());
        }
        Ok(Ok(names))
    }
}

/// Whether a folder is the root of this process, by whatever name.
fn is_own_root(folder: &OwnedFd) -> Result<bool, Errno> {
    let (given, own) = (fstat(folder)?, rustix::fs::stat("/")?);
    Ok((given.st_dev, given.st_ino) == (own.st_dev, own.st_ino))
}

/// Whether bytes can be a name in a folder, and not a way out of it.
fn is_name(name: &[u8]) -> bool {
    !matches!(name, b"" | b"." | b"..") && !name.iter().any(|byte| matches!(byte, b'/' | 0))
}

fn join(directory: &str, name: &[u8]) -> Vec<u8> {
    let mut path = directory.as_bytes().to_vec();
    path.push(b'/');
    path.extend_from_slice(name);
    path
}

fn kind(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

fn entry_of(stat: &Stat) -> Entry {
    // The device that `/dev/null` is: memory device 3.
    let null = (major(stat.st_rdev), minor(stat.st_rdev)) == (1, 3);
    match kind(stat) {
        FileType::RegularFile => Entry::File,
        FileType::Directory => Entry::Directory,
        FileType::CharacterDevice if null => Entry::Null,
        _ => Entry::Other,
    }
}

fn only_regular(stat: &Stat) -> io::Result<()> {
    match kind(stat) {
        FileType::RegularFile => Ok(()),
        FileType::Directory => Err(Errno::ISDIR.into()),
        _ => Err(io::Error::other("not a regular file")),
    }
}

#[cfg(test)]
mod tests;
