//! Opening what may be anything: a recorded tree is somebody else's folder.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use rustix::fd::AsFd;
use rustix::fs::{CWD, FileType, Mode, OFlags};
use rustix::io::Errno;

/// Larger than any statistics file of a kernel; a `netstat` has some 10 KiB.
const LIMIT: u64 = 4 * 1024 * 1024;

/// Room for most of them at once.
const ROOM: usize = 16 * 1024;

/// What is said of a pipe, a socket or a device.
const NOT_REGULAR: &str = "not a regular file";

/// Opens a regular file for reading. A pipe or a device in its place is refused without waiting for
/// anybody to write into it.
pub(super) fn open(path: &Path) -> io::Result<File> {
    open_at(CWD, path)
}

/// Like [`open`], below a folder.
pub(super) fn open_at(folder: impl AsFd, path: impl rustix::path::Arg) -> io::Result<File> {
    open_with_mode(folder, path).map(|(file, _)| file)
}

/// Like [`open_at`], with the permissions of the file.
pub(super) fn open_with_mode(
    folder: impl AsFd,
    path: impl rustix::path::Arg,
) -> io::Result<(File, Mode)> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = match rustix::fs::openat(folder, path, flags, Mode::empty()) {
        // A socket, or a device that nothing stands behind.
        Err(Errno::NXIO) => return Err(io::Error::other(NOT_REGULAR)),
        other => File::from(other?),
    };
    let mode = rustix::fs::fstat(&file)?.st_mode;
    match FileType::from_raw_mode(mode) {
        FileType::RegularFile => Ok((file, Mode::from_raw_mode(mode))),
        FileType::Directory => Err(Errno::ISDIR.into()),
        _ => Err(io::Error::other(NOT_REGULAR)),
    }
}

/// The text of a regular file, as [`bytes`] reads it. What is no UTF-8 is replaced.
pub(super) fn text(path: &Path) -> io::Result<String> {
    let bytes = bytes(path)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The bytes of a regular file. What is beyond the size of any statistics file is refused.
pub(super) fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    // A file of /proc tells no size, and without room it is read in small pieces first.
    let mut bytes = Vec::with_capacity(ROOM);
    let read = open(path)?.take(LIMIT + 1).read_to_end(&mut bytes)?;
    if read as u64 > LIMIT {
        return Err(Errno::FBIG.into());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use rustix::fs::mknodat;

    use super::*;

    #[test]
    fn a_pipe_is_refused_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("netstat");
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR, 0).unwrap();
        let error = text(&pipe).unwrap_err();
        assert_eq!(error.to_string(), "not a regular file");
    }

    #[test]
    fn a_folder_and_a_loop_of_links_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = text(folder.path()).unwrap_err();
        assert_eq!(super::super::errno::io_name(&error), "EISDIR");
        let link = folder.path().join("loop");
        std::os::unix::fs::symlink(&link, &link).unwrap();
        let error = text(&link).unwrap_err();
        assert_eq!(super::super::errno::io_name(&error), "ELOOP");
    }

    #[test]
    fn a_file_larger_than_any_statistics_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("netstat");
        File::create(&path).unwrap().set_len(LIMIT + 1).unwrap();
        let error = text(&path).unwrap_err();
        assert_eq!(super::super::errno::io_name(&error), "EFBIG");
        File::create(&path).unwrap().set_len(LIMIT).unwrap();
        assert!(text(&path).is_ok());
    }
}
