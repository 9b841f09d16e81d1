//! Results that are written to a file instead of standard output.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;

use super::errno::io_name;
use super::replace::{self, Look};

/// Writes a result in one step: whoever looks finds the old file or the new one, whole. A new file has mode
/// 0644, an old one keeps its own. The errno by name.
pub fn write_result(path: &Path, bytes: &[u8]) -> Result<(), String> {
    write(path, bytes).map_err(|error| io_name(&error))
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let in_place = || {
        let mut file = OpenOptions::new().write(true).truncate(true).open(path)?;
        file.write_all(bytes)
    };
    let (path, mode) = match fs::metadata(path) {
        Ok(stat) if stat.is_dir() => return Err(Errno::ISDIR.into()),
        // A rename would put a regular file in the place of /dev/null.
        Ok(stat) if !stat.is_file() => return in_place(),
        // Nor may it replace a link, such as /dev/stdout: the file behind it is meant.
        Ok(stat) => match fs::canonicalize(path) {
            Ok(behind) => (behind, stat.permissions().mode() & 0o7777),
            // A file that is open and has no name any more.
            Err(_) => return in_place(),
        },
        Err(_) => (path.to_owned(), 0o644),
    };
    let name = path.file_name().ok_or(Errno::ISDIR)?;
    let parent = path.parent().filter(|parent| *parent != Path::new(""));
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = openat(CWD, parent.unwrap_or(Path::new(".")), flags, Mode::empty())?;
    replace::replace(&folder, name, bytes, Look { mode, owner: None })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_keeps_its_mode_and_its_link() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        write_result(&file, b"one").unwrap();
        let mode = || fs::metadata(&file).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode(), 0o644);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        symlink(&file, &link).unwrap();
        write_result(&link, b"two").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"two");
        assert_eq!(mode(), 0o600);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_is_no_regular_file_is_written_to_and_stays_what_it_is() {
        let folder = tempfile::tempdir().unwrap();
        write_result(Path::new("/dev/null"), b"x").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
        assert_eq!(write_result(folder.path(), b"x"), Err("EISDIR".to_owned()));
        let nowhere = folder.path().join("no/file");
        assert_eq!(write_result(&nowhere, b"x"), Err("ENOENT".to_owned()));
        assert_eq!(write_result(Path::new("/"), b"x"), Err("EISDIR".to_owned()));
    }
}
