//! One changing command at a time.
//!
//! The lock is the kernel's `flock` on an open file, which ends with the process, however that ends. What
//! the file says, the holder's number, is for people.

use std::fmt;
use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, FlockOperation, OFlags, flock, ftruncate, statat};
use rustix::io::{Errno, pread, pwrite, retry_on_intr};

use super::private_folder::{self, Unusable};

/// The lock, held as long as this value lives. Children do not inherit it.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

/// Why the lock was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockError {
    /// Another run holds it; its process number, where that run has told it.
    Held(Option<u32>),
    /// The file of the lock, and what is wrong with it.
    Unusable(PathBuf, Unusable),
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held(Some(pid)) => write!(f, "another run holds the lock: pid {pid}"),
            Self::Held(None) => f.write_str("another run holds the lock"),
            Self::Unusable(file, why) => write!(f, "cannot use lock `{}`: {why}", file.display()),
        }
    }
}

impl LockError {
    /// What to do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Held(_) => Some("wait until it has ended, and run this again"),
            Self::Unusable(_, why) => why.help(),
        }
    }
}

impl Lock {
    /// Takes the lock, or tells who has it.
    pub fn take(path: &Path) -> Result<Self, LockError> {
        let unusable = |why: Unusable| LockError::Unusable(path.to_owned(), why);
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(unusable(Errno::INVAL.into()));
        };
        let folder = private_folder::make(folder).map_err(unusable)?;
        loop {
            let flags = OFlags::RDWR | OFlags::CREATE;
            let opened = private_folder::open_file(&folder, name, flags).map_err(unusable)?;
            let file = opened.ok_or_else(|| unusable(Errno::NOENT.into()))?;
            match retry_on_intr(|| flock(&file, FlockOperation::NonBlockingLockExclusive)) {
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => return Err(LockError::Held(holder(&file))),
                Err(errno) => return Err(unusable(errno.into())),
            }
            // Whoever removes the file must not let two runs in, each with a file of its own.
            if stands(&folder, name, &file).map_err(unusable)? {
                // Only people read it: a full disk is no reason to stop.
                let _ = ftruncate(&file, 0);
                let _ = pwrite(&file, format!("{}\n", std::process::id()).as_bytes(), 0);
                return Ok(Self { file });
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // So that the next one who has to wait is not told of this process.
        let _ = ftruncate(&self.file, 0);
    }
}

fn holder(file: &File) -> Option<u32> {
    let mut text = [0_u8; 16];
    let read = pread(file, &mut text, 0).ok()?;
    let text = std::str::from_utf8(text.get(..read)?).ok()?;
    text.strip_suffix('\n')?.parse().ok()
}

/// Whether the file is still the one of this name.
fn stands(folder: &OwnedFd, name: &std::ffi::OsStr, file: &File) -> Result<bool, Unusable> {
    let own = file.metadata()?;
    match statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(there) => Ok((there.st_dev, there.st_ino) == (own.dev(), own.ino())),
        Err(Errno::NOENT) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    fn path(folder: &tempfile::TempDir) -> PathBuf {
        folder.path().join("run/tcptune/lock")
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn the_second_one_is_told_who_holds_the_lock_and_the_third_gets_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(&folder);
        let held = Lock::take(&path).unwrap();
        let refused = Lock::take(&path).unwrap_err();
        assert_eq!(refused, LockError::Held(Some(std::process::id())));
        let own = format!("another run holds the lock: pid {}", std::process::id());
        assert_eq!(refused.to_string(), own);
        drop(held);
        assert!(Lock::take(&path).is_ok());
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    }

    #[test]
    fn what_a_killed_run_left_in_the_file_is_harmless() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(&folder);
        drop(Lock::take(&path).unwrap());
        fs::write(&path, "99999999999 is not a number of mine").unwrap();
        let held = Lock::take(&path).unwrap();
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            format!("{}\n", std::process::id())
        );
        // Nor is what somebody else writes into it while it is held.
        fs::write(&path, "nobody").unwrap();
        assert_eq!(Lock::take(&path).unwrap_err(), LockError::Held(None));
        drop(held);
        assert_eq!(fs::read_to_string(&path).unwrap(), "");
    }

    #[test]
    fn a_removed_file_is_not_what_is_locked() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(&folder);
        let first = Lock::take(&path).unwrap();
        fs::remove_file(&path).unwrap();
        // Somebody opened the old file before it went, and waits for it.
        let place = File::open(path.parent().unwrap()).unwrap();
        assert!(!stands(&place.into(), "lock".as_ref(), &first.file).unwrap());
        let second = Lock::take(&path).unwrap();
        assert!(matches!(Lock::take(&path), Err(LockError::Held(_))));
        drop((first, second));
    }

    #[test]
    fn a_link_a_pipe_and_a_folder_in_its_place_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(&folder);
        drop(Lock::take(&path).unwrap());
        let refused = || match Lock::take(&path) {
            Err(LockError::Unusable(_, why)) => why,
            other => panic!("{other:?}"),
        };
        fs::rename(&path, folder.path().join("elsewhere")).unwrap();
        symlink(folder.path().join("elsewhere"), &path).unwrap();
        assert_eq!(refused(), Unusable::Errno("ELOOP".to_owned()));
        fs::remove_file(&path).unwrap();
        mknodat(CWD, &path, FileType::Fifo, Mode::RWXU, 0).unwrap();
        assert_eq!(refused(), Unusable::NotAFile);
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert_eq!(refused(), Unusable::Errno("EISDIR".to_owned()));
    }

    #[test]
    fn a_lock_that_others_can_write_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(&folder);
        drop(Lock::take(&path).unwrap());
        for trap in [path.as_path(), path.parent().unwrap()] {
            let before = mode(trap);
            fs::set_permissions(trap, fs::Permissions::from_mode(before | 0o020)).unwrap();
            let refused = Lock::take(&path).unwrap_err();
            assert!(
                matches!(refused, LockError::Unusable(_, Unusable::NotOurs)),
                "{refused:?}"
            );
            assert!(refused.help().is_some());
            fs::set_permissions(trap, fs::Permissions::from_mode(before)).unwrap();
        }
        assert!(Lock::take(&path).is_ok());
    }
}
