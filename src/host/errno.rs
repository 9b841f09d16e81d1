//! Error numbers by name.

use std::io;

use rustix::io::Errno;

/// The name of an error number that this module meets, else "errno 123".
pub(super) fn name(errno: Errno) -> String {
    let known = [
        (Errno::ACCESS, "EACCES"),
        (Errno::AFNOSUPPORT, "EAFNOSUPPORT"),
        (Errno::AGAIN, "EAGAIN"),
        (Errno::BADF, "EBADF"),
        (Errno::BUSY, "EBUSY"),
        (Errno::DQUOT, "EDQUOT"),
        (Errno::EXIST, "EEXIST"),
        (Errno::FBIG, "EFBIG"),
        (Errno::INTR, "EINTR"),
        (Errno::INVAL, "EINVAL"),
        (Errno::IO, "EIO"),
        (Errno::ISDIR, "EISDIR"),
        (Errno::LOOP, "ELOOP"),
        (Errno::MFILE, "EMFILE"),
        (Errno::NAMETOOLONG, "ENAMETOOLONG"),
        (Errno::NFILE, "ENFILE"),
        (Errno::NOBUFS, "ENOBUFS"),
        (Errno::NOENT, "ENOENT"),
        (Errno::NOMEM, "ENOMEM"),
        (Errno::NOSPC, "ENOSPC"),
        (Errno::NOSYS, "ENOSYS"),
        (Errno::NOTDIR, "ENOTDIR"),
        (Errno::NOTEMPTY, "ENOTEMPTY"),
        (Errno::NXIO, "ENXIO"),
        (Errno::OPNOTSUPP, "EOPNOTSUPP"),
        (Errno::PERM, "EPERM"),
        (Errno::PIPE, "EPIPE"),
        (Errno::PROTONOSUPPORT, "EPROTONOSUPPORT"),
        (Errno::RANGE, "ERANGE"),
        (Errno::ROFS, "EROFS"),
        (Errno::SRCH, "ESRCH"),
        (Errno::TXTBSY, "ETXTBSY"),
        (Errno::XDEV, "EXDEV"),
    ];
    known
        .into_iter()
        .find(|(number, _)| *number == errno)
        .map_or_else(
            || format!("errno {}", errno.raw_os_error()),
            |(_, name)| name.to_owned(),
        )
}

/// The name of the error number of an I/O error, or the error in words where it has none.
pub(crate) fn io_name(error: &io::Error) -> String {
    Errno::from_io_error(error).map_or_else(|| error.to_string(), name)
}
