//! Error numbers by name.

use rustix::io::Errno;

/// The name of an error number that the readers of this module meet, else "errno 123".
pub(super) fn name(errno: Errno) -> String {
    let known = [
        (Errno::ACCESS, "EACCES"),
        (Errno::AFNOSUPPORT, "EAFNOSUPPORT"),
        (Errno::AGAIN, "EAGAIN"),
        (Errno::INVAL, "EINVAL"),
        (Errno::IO, "EIO"),
        (Errno::MFILE, "EMFILE"),
        (Errno::NFILE, "ENFILE"),
        (Errno::NOBUFS, "ENOBUFS"),
        (Errno::NOENT, "ENOENT"),
        (Errno::NOMEM, "ENOMEM"),
        (Errno::NOSYS, "ENOSYS"),
        (Errno::OPNOTSUPP, "EOPNOTSUPP"),
        (Errno::PERM, "EPERM"),
        (Errno::PROTONOSUPPORT, "EPROTONOSUPPORT"),
        (Errno::SRCH, "ESRCH"),
    ];
    known
        .into_iter()
        .find(|(number, _)| *number == errno)
        .map_or_else(
            || format!("errno {}", errno.raw_os_error()),
            |(_, name)| name.to_owned(),
        )
}
