//! Files that lint mends: read whole, written in one step, and not at all if somebody else wrote meanwhile.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::fd::AsFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::errno::io_name;
use super::file;
use super::replace::{self, Look};

/// The bytes of a file.
///
/// # Errors
///
/// The errno by name, or a phrase.
pub fn read_to_fix(path: &Path, limit: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = file::open(path)
        .and_then(|file| file.take(limit.saturating_add(1)).read_to_end(&mut bytes));
    match read {
        Ok(size) if size as u64 > limit => Err("EFBIG".to_owned()),
        Ok(_) => Ok(bytes),
        Err(error) => Err(io_name(&error)),
    }
}

/// Puts new bytes in the place of the old ones: the file behind a link, with the mode, the owner and the
/// extended attributes it has.
///
/// # Errors
///
/// The errno by name, or a phrase; the file is as it was.
pub fn write_fixed(path: &Path, old: &[u8], new: &[u8]) -> Result<(), String> {
    let words = |error: std::io::Error| io_name(&error);
    let path = fs::canonicalize(path).map_err(words)?;
    let stat = fs::metadata(&path).map_err(words)?;
    if stat.nlink() > 1 {
        // Replacing one name would leave the old text behind the others.
        return Err(format!("it has {} names (hard links)", stat.nlink()));
    }
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err("EISDIR".to_owned());
    };
    let folder = File::open(folder).map_err(words)?;
    if read_to_fix(&path, old.len() as u64).ok().as_deref() != Some(old) {
        return Err("somebody else has changed it meanwhile".to_owned());
    }
    let look = Look {
        mode: stat.mode(),
        owner: Some((stat.uid(), stat.gid())),
    };
    let whole = file::open(&path).map_err(words)?;
    replace::replace_like(&folder, name, new, look, Some(whole.as_fd())).map_err(words)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn mode_and_link_stay_and_the_file_behind_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("x.conf"));
        fs::write(&real, "old").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
        symlink("real", &link).unwrap();
        write_fixed(&link, b"old", b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&real).unwrap(), b"new");
        assert_eq!(fs::metadata(&real).unwrap().mode() & 0o7777, 0o640);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn access_lists_and_other_attributes_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.conf");
        fs::write(&path, "old").unwrap();
        let set = rustix::fs::setxattr(
            &path,
            "user.why",
            b"a note",
            rustix::fs::XattrFlags::empty(),
        );
        if set == Err(rustix::io::Errno::NOTSUP) {
            return;
        }
        set.unwrap();
        write_fixed(&path, b"old", b"new").unwrap();
        let mut room = [0; 16];
        let size = rustix::fs::getxattr(&path, "user.why", &mut room[..]).unwrap();
        assert_eq!(&room[..size], b"a note");
    }

    #[test]
    fn what_others_wrote_and_what_has_two_names_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.conf");
        fs::write(&path, "other").unwrap();
        let changed = write_fixed(&path, b"old", b"new").unwrap_err();
        assert!(changed.contains("meanwhile"), "{changed}");
        fs::hard_link(&path, folder.path().join("y")).unwrap();
        let named = write_fixed(&path, b"other", b"new").unwrap_err();
        assert!(named.contains("2 names"), "{named}");
        assert_eq!(fs::read(&path).unwrap(), b"other");
        assert_eq!(read_to_fix(&path, 4).unwrap_err(), "EFBIG");
    }
}
