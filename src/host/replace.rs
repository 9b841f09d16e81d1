//! Replacing a file in one step: whoever looks, and whatever fails, finds the old one or the new one, whole.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::fd::{AsFd, BorrowedFd};
use rustix::fs::{
    AtFlags, Dir, Gid, Mode, OFlags, Uid, XattrFlags, fchmod, fchown, fgetxattr, flistxattr,
    fsetxattr, fstat, fsync, openat, renameat, unlinkat,
};
use rustix::io::{Errno, retry_on_intr};

/// What a file is to look like from outside.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    /// Permission bits, exactly: the umask has no say.
    pub(super) mode: u32,
    /// User and group; `None` for those of the process.
    pub(super) owner: Option<(u32, u32)>,
}

/// Ends the names of files that are being written. Loaders read `*.conf`, and procps those with a dot in
/// front as well.
const UNFINISHED: &str = ".new";

/// Puts a file into a folder, in the place of the one that has its name, if any. File and folder are on the
/// disk when this returns. After an error the old file stands; only when the last step fails, the
/// synchronisation of the folder, the new one does, and may be gone after a crash.
pub(super) fn replace(folder: impl AsFd, name: &OsStr, bytes: &[u8], look: Look) -> io::Result<()> {
    replace_like(folder, name, bytes, look, None)
}

/// Like [`replace`], with the extended attributes of another file, among them access lists and labels. Where
/// one of them cannot be kept, the old file stands.
pub(super) fn replace_like(
    folder: impl AsFd,
    name: &OsStr,
    bytes: &[u8],
    look: Look,
    like: Option<BorrowedFd<'_>>,
) -> io::Result<()> {
    let folder = folder.as_fd();
    let beside = unfinished(name);
    let file = create(folder, &beside)?;
    let written =
        fill(file, bytes, look, like).and_then(|()| Ok(renameat(folder, &beside, folder, name)?));
    if written.is_err() {
        // The half-written file must not stay; that the removal may fail too changes nothing.
        let _ = unlinkat(folder, &beside, AtFlags::empty());
    }
    written?;
    synchronise(folder)
}

/// Takes a file out of a folder; that there was none is no error. Its absence is on the disk when this
/// returns.
pub(super) fn remove(folder: impl AsFd, name: &OsStr) -> io::Result<()> {
    match unlinkat(&folder, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => synchronise(folder.as_fd()),
        Err(errno) => Err(errno.into()),
    }
}

/// Takes away what crashed runs left of a file (of any file: `None`). Nobody else may be writing there.
pub(super) fn clean(folder: impl AsFd, name: Option<&OsStr>) -> io::Result<()> {
    for entry in Dir::read_from(&folder)? {
        let entry = entry?;
        if is_unfinished(entry.file_name().to_bytes(), name) {
            unlinkat(&folder, entry.file_name(), AtFlags::empty())?;
        }
    }
    Ok(())
}

/// Whether a name is that of a file that was being written (for the file of this name).
fn is_unfinished(entry: &[u8], name: Option<&OsStr>) -> bool {
    let stem = entry
        .strip_prefix(b".")
        .and_then(|rest| rest.strip_suffix(UNFINISHED.as_bytes()));
    let dot = |stem: &[u8]| stem.iter().rposition(|byte| *byte == b'.');
    stem.is_some_and(|stem| {
        let (of, number) = stem.split_at(dot(stem).unwrap_or(0));
        let digit = |byte: &u8| byte.is_ascii_digit() || *byte == b'-';
        number.len() > 1
            && number.iter().skip(1).all(digit)
            && name.is_none_or(|name| name.as_bytes() == of)
    })
}

/// The name of the file that becomes `name`: of no other process, and of no other write of this one.
fn unfinished(name: &OsStr) -> OsString {
    static WRITES: AtomicU32 = AtomicU32::new(0);
    let write = WRITES.fetch_add(1, Ordering::Relaxed);
    let mut beside = OsString::from(".");
    beside.push(name);
    beside.push(format!(".{}-{write}{UNFINISHED}", std::process::id()));
    beside
}

fn create(folder: BorrowedFd<'_>, beside: &OsStr) -> io::Result<File> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let open = || openat(folder, beside, flags, Mode::RUSR | Mode::WUSR);
    let file = match open() {
        // The name has this process's number in it: a dead one that had it before left the file.
        Err(Errno::EXIST) => {
            unlinkat(folder, beside, AtFlags::empty())?;
            open()?
        }
        other => other?,
    };
    Ok(File::from(file))
}

fn fill(mut file: File, bytes: &[u8], look: Look, like: Option<BorrowedFd<'_>>) -> io::Result<()> {
    file.write_all(bytes)?;
    let stat = fstat(&file)?;
    if let Some((user, group)) = look.owner
        && (stat.st_uid, stat.st_gid) != (user, group)
    {
        fchown(&file, Some(Uid::from_raw(user)), Some(Gid::from_raw(group)))?;
    }
    if let Some(other) = like {
        take_attributes(other, file.as_fd())?;
    }
    fchmod(&file, Mode::from_raw_mode(look.mode & 0o7777))?;
    synchronise(file.as_fd())
}

/// Gives a file the extended attributes of another one, those left out that it has already.
fn take_attributes(from: BorrowedFd<'_>, to: BorrowedFd<'_>) -> io::Result<()> {
    let names = match attribute(|room| flistxattr(from, room)) {
        // The file system has none.
        Err(Errno::NOTSUP) => return Ok(()),
        other => other?,
    };
    for name in names
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
    {
        let value = attribute(|room| fgetxattr(from, name, room))?;
        let own = attribute(|room| fgetxattr(to, name, room));
        if own.as_ref() != Ok(&value) {
            fsetxattr(to, name, &value, XattrFlags::empty())?;
        }
    }
    Ok(())
}

/// What a call fills into room that is large enough for any attribute (`XATTR_SIZE_MAX`).
fn attribute(fill: impl FnOnce(&mut [u8]) -> Result<usize, Errno>) -> Result<Vec<u8>, Errno> {
    let mut room = vec![0; 64 * 1024];
    let size = fill(&mut room)?;
    room.truncate(size);
    Ok(room)
}

fn synchronise(file: BorrowedFd<'_>) -> io::Result<()> {
    Ok(retry_on_intr(|| fsync(file))?)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    use std::path::Path;

    use super::*;

    const LOOK: Look = Look {
        mode: 0o664,
        owner: None,
    };

    fn names(folder: &Path) -> Vec<OsString> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<OsString> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_replaced_file_is_another_one_with_the_mode_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.conf");
        fs::write(&path, "old").unwrap();
        let mut reader = File::open(&path).unwrap();
        let place = File::open(folder.path()).unwrap();
        replace(&place, "x.conf".as_ref(), b"new", LOOK).unwrap();
        // Who has the old one open reads the old one to its end.
        let mut seen = String::new();
        io::Read::read_to_string(&mut reader, &mut seen).unwrap();
        assert_eq!(seen, "old");
        assert_eq!(fs::read(&path).unwrap(), b"new");
        // The umask of nearly everybody would have taken the group's write bit.
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o664);
        assert_eq!(names(folder.path()), ["x.conf"]);
    }

    #[test]
    fn what_cannot_be_replaced_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("x.conf")).unwrap();
        let place = File::open(folder.path()).unwrap();
        let error = replace(&place, "x.conf".as_ref(), b"new", LOOK).unwrap_err();
        assert_eq!(super::super::errno::io_name(&error), "EISDIR");
        assert_eq!(names(folder.path()), ["x.conf"]);
    }

    #[test]
    fn the_owner_is_the_one_asked_for() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let place = File::open(folder.path()).unwrap();
        let look = Look {
            mode: 0o4755,
            owner: Some((7, 8)),
        };
        replace(&place, "x".as_ref(), b"", look).unwrap();
        let stat = fs::metadata(folder.path().join("x")).unwrap();
        // A change of the owner takes the set-user-id bit away, so the mode comes after it.
        assert_eq!(
            (stat.uid(), stat.gid(), stat.mode() & 0o7777),
            (7, 8, 0o4755)
        );
    }

    #[test]
    fn leftovers_are_known_by_name_and_nothing_else_is() {
        let of =
            |entry: &str, name: Option<&str>| is_unfinished(entry.as_bytes(), name.map(OsStr::new));
        let own = unfinished("7.json".as_ref()).into_string().unwrap();
        assert!(of(&own, None) && of(&own, Some("7.json")), "{own}");
        assert!(!of(&own, Some("8.json")) && !of(&own, Some("json")));
        for other in [
            "7.json",
            ".7.json",
            ".new",
            "..new",
            ".7.json.new",
            ".x.y.new",
            "a.1-2.new",
        ] {
            assert!(!of(other, None), "{other}");
        }
    }

    #[test]
    fn cleaning_takes_leftovers_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".a.1-0.new", ".b.2-5.new", "a", ".b"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let place = File::open(folder.path()).unwrap();
        clean(&place, Some("a".as_ref())).unwrap();
        assert_eq!(names(folder.path()), [".b", ".b.2-5.new", "a"]);
        clean(&place, None).unwrap();
        assert_eq!(names(folder.path()), [".b", "a"]);
    }
}
