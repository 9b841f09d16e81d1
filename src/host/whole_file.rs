//! A file that appears whole or not at all, for results: whoever reads it meanwhile finds the old one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};
use rustix::io::Errno;

use super::errno::io_name;

/// Where a result goes.
#[derive(Clone, Debug)]
pub struct Destination {
    file: PathBuf,
    /// A device or a pipe is written into: a rename would put a regular file in the place of `/dev/null`.
    in_place: bool,
}

impl Destination {
    /// The place of this name, and whether it can be written as things stand; the errno by name where it
    /// cannot. Nothing is left there, and what stands there stays.
    pub fn of(path: &Path) -> Result<Self, String> {
        let destination = Self::look(path);
        let checked = destination.and_then(|place| place.check().map(|()| place));
        checked.map_err(|error| io_name(&error))
    }

    fn look(path: &Path) -> io::Result<Self> {
        let there = |file: &Path, in_place| Self {
            file: file.to_owned(),
            in_place,
        };
        match fs::metadata(path) {
            Ok(stat) if stat.is_dir() => Err(Errno::ISDIR.into()),
            Ok(stat) if !stat.is_file() => Ok(there(path, true)),
            // Nor may a rename replace a link, such as /dev/stdout: the file behind it is meant.
            Ok(_) => match fs::canonicalize(path) {
                Ok(file) => Ok(there(&file, false)),
                // A file that is open and has no name any more.
                Err(_) => Ok(there(path, true)),
            },
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Err(error) if path.as_os_str().is_empty() => Err(error),
            Err(_) if path.as_os_str().as_bytes().ends_with(b"/") => Err(Errno::ISDIR.into()),
            // A link to a file that is not there yet. The kernel has followed the chain to its end, so it has one.
            Err(_) => match fs::read_link(path) {
                Ok(behind) => Self::look(&path.with_file_name(behind)),
                Err(_) => Ok(there(path, false)),
            },
        }
    }

    /// Root passes every check of rights, also in `/proc` and `/sys`: only making a file tells.
    fn check(&self) -> io::Result<()> {
        if self.in_place {
            return Ok(access(&self.file, Access::WRITE_OK)?);
        }
        let (beside, _) = self.beside()?;
        fs::remove_file(beside)
    }

    /// A new file beside, which nobody else can open yet.
    fn beside(&self) -> io::Result<(PathBuf, File)> {
        let mut name = self.file.file_name().ok_or(Errno::ISDIR)?.to_owned();
        // Collectors take files by how their names end.
        name.push(format!(".{}.tmp", std::process::id()));
        let beside = self.file.with_file_name(name);
        let create = || {
            let mut options = OpenOptions::new();
            options.write(true).create_new(true).mode(0o600);
            options.open(&beside)
        };
        let out = match create() {
            // The name has this process's number in it: a dead one that had it before left the file. In a
            // container every run may have the same.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                fs::remove_file(&beside)?;
                create()?
            }
            other => other?,
        };
        Ok((beside, out))
    }

    /// Writes the file with exactly this mode, in one step; the errno by name. After an error the old file
    /// stands as it was.
    pub fn write(&self, bytes: &[u8], mode: u32) -> Result<(), String> {
        let mut begun = self.begin()?;
        begun.write(bytes)?;
        begun.finish(mode)
    }

    /// Begins to write the file piece by piece; the errno by name. Nobody sees it before it is finished.
    pub fn begin(&self) -> Result<Begun, String> {
        let opened = if self.in_place {
            let mut options = OpenOptions::new();
            let open = options.write(true).truncate(true).open(&self.file);
            open.map(|out| (None, out))
        } else {
            let beside = self.beside();
            beside.map(|(beside, out)| (Some((beside, self.file.clone())), out))
        };
        let (becomes, out) = opened.map_err(|error| io_name(&error))?;
        Ok(Begun {
            out: BufWriter::new(out),
            becomes,
        })
    }
}

/// Writes a result in one step, as [`Destination::write`] does. A new file has mode 0644, an old one keeps its own. The
/// errno by name.
pub fn write_result(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let destination = Destination::of(path)?;
    let mode = fs::metadata(path).map_or(0o644, |stat| stat.permissions().mode() & 0o7777);
    destination.write(bytes, mode)
}

/// A result of which a part is written. Without [`Begun::finish`] nothing of it stays, except in a device or
/// a pipe.
#[derive(Debug)]
pub struct Begun {
    out: BufWriter<File>,
    /// The file beside and the one it becomes; `None` where it is written in place.
    becomes: Option<(PathBuf, PathBuf)>,
}

impl Begun {
    /// Writes the next piece; the errno by name.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.out.write_all(bytes).map_err(|error| io_name(&error))
    }

    /// Whether nobody sees it yet: a device or a pipe has what was written so far.
    pub const fn is_apart(&self) -> bool {
        self.becomes.is_some()
    }

    /// Puts the file in its place with exactly this mode, in one step; the errno by name.
    pub fn finish(mut self, mode: u32) -> Result<(), String> {
        self.finished(mode).map_err(|error| io_name(&error))
    }

    fn finished(&mut self, mode: u32) -> io::Result<()> {
        self.out.flush()?;
        let Some((beside, file)) = &self.becomes else {
            return Ok(());
        };
        let out = self.out.get_ref();
        // The umask has no say.
        out.set_permissions(fs::Permissions::from_mode(mode))?;
        out.sync_all()?;
        fs::rename(beside, file)?;
        self.becomes = None;
        Ok(())
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        if let Some((beside, _)) = &self.becomes {
            // The half-written file must not stay; that the removal may fail too changes nothing.
            let _ = fs::remove_file(beside);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_there_stays_whole_until_the_new_one_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.prom");
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let mut reader = File::open(&file).unwrap();
        Destination::of(&file)
            .unwrap()
            .write(b"new", 0o644)
            .unwrap();
        let mut seen = String::new();
        io::Read::read_to_string(&mut reader, &mut seen).unwrap();
        assert_eq!(seen, "old");
        assert_eq!(fs::read(&file).unwrap(), b"new");
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o644);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_stays_a_link_and_a_device_a_device() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("x"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        Destination::of(&link)
            .unwrap()
            .write(b"new", 0o644)
            .unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"new");
        Destination::of(Path::new("/dev/null"))
            .unwrap()
            .write(b"x", 0o644)
            .unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    #[test]
    fn a_link_to_a_file_that_is_not_there_yet_stays_a_link_too() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("d")).unwrap();
        for (at, target) in [("one", "d/new"), ("two", "one"), ("three", "d/other")] {
            std::os::unix::fs::symlink(target, folder.path().join(at)).unwrap();
        }
        write_result(&folder.path().join("two"), b"new").unwrap();
        write_result(&folder.path().join("three"), b"other").unwrap();
        assert_eq!(fs::read(folder.path().join("d/new")).unwrap(), b"new");
        assert_eq!(fs::read(folder.path().join("d/other")).unwrap(), b"other");
        for link in ["one", "two", "three"] {
            let stat = fs::symlink_metadata(folder.path().join(link));
            assert!(stat.unwrap().is_symlink(), "{link}");
        }
        let nowhere = folder.path().join("nowhere");
        std::os::unix::fs::symlink("none/x", &nowhere).unwrap();
        assert_eq!(write_result(&nowhere, b"x"), Err("ENOENT".to_owned()));
    }

    #[test]
    fn a_result_keeps_the_mode_of_an_old_file_and_a_folder_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        let mode = || fs::metadata(&file).unwrap().permissions().mode() & 0o7777;
        write_result(&file, b"one").unwrap();
        assert_eq!(mode(), 0o644);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        write_result(&file, b"two").unwrap();
        assert_eq!((mode(), fs::read(&file).unwrap()), (0o600, b"two".to_vec()));
        for place in [folder.path().to_owned(), folder.path().join("new/")] {
            assert_eq!(write_result(&place, b"x"), Err("EISDIR".to_owned()));
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_a_dead_run_of_the_same_number_left_is_no_obstacle() {
        let folder = tempfile::tempdir().unwrap();
        let left = format!("x.{}.tmp", std::process::id());
        fs::write(folder.path().join(left), "half").unwrap();
        let file = folder.path().join("x");
        Destination::of(&file)
            .unwrap()
            .write(b"whole", 0o600)
            .unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"whole");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn asking_whether_it_can_be_written_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |path: &Path| Destination::of(path).map(|_| ()).unwrap_err();
        assert_eq!(refused(&folder.path().join("none/x")), "ENOENT");
        assert_eq!(refused(folder.path()), "EISDIR");
        assert_eq!(refused(&folder.path().join("x/")), "EISDIR");
        assert_eq!(refused(Path::new("")), "ENOENT");
        assert_eq!(refused(Path::new("/proc/x")), "ENOENT");
        Destination::of(&folder.path().join("x")).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
