//! Settings of the running kernel, to be changed: the one place that writes `/proc/sys`.
//!
//! Everything happens in the network namespace of the calling thread, which `/proc/sys/net` follows.
//! Writing goes through the `sysctl` crate, whose write errors keep the errno. Two gaps are bridged by a
//! write by path: a name with a dot inside one segment, and a refusal to open, which the crate calls
//! "not found" whatever it is.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use rustix::fs::{Access, AtFlags, CWD, accessat};
use sysctl::Sysctl as _;

use super::errno::io_name;
use super::sysctls::Sysctls;
use crate::apply;
use crate::catalog::{self, KeySpec, Write};
use crate::fact::Reading;

/// `/proc/sys` as the calling thread sees it, for reading and writing.
///
/// A reading keeps its five states: *read-only* is a key without a write bit, one on a read-only mount,
/// and one that this user may not write. A secret is neither read nor written.
#[derive(Debug)]
pub struct LiveSysctls {
    tree: Sysctls,
    by_root: bool,
}

impl LiveSysctls {
    /// The running kernel's settings.
    pub fn open() -> Self {
        Self {
            tree: Sysctls::open(Path::new("/proc")),
            by_root: false,
        }
    }

    /// The same, to show what root would change: a key that this user may not write is *known* all the same.
    pub fn as_root_sees() -> Self {
        Self {
            by_root: true,
            ..Self::open()
        }
    }

    /// Whether the kernel would let this user write the key: it asks the capabilities over the
    /// namespace (`net_ctl_permissions`) and looks at mode and mount.
    fn lets_write(key: &str) -> bool {
        let path = catalog::path(key).map(|path| Path::new("/proc/sys").join(path));
        path.is_some_and(|path| accessat(CWD, path, Access::WRITE_OK, AtFlags::EACCESS).is_ok())
    }
}

impl apply::Sysctls for LiveSysctls {
    fn read(&mut self, key: &str) -> Reading<String> {
        match self.tree.raw(key) {
            Ok((bytes, writable)) => {
                let writable = writable && (self.by_root || Self::lets_write(key));
                understood(catalog::find(key), &bytes, writable)
            }
            Err(reading) => reading,
        }
    }

    fn write(&mut self, key: &str, text: &str) -> Result<(), String> {
        if let Some(why) = refusal(key) {
            return Err(why);
        }
        put(key, text).map_err(|error| io_name(&error))
    }
}

/// Why a key is written by nobody. The last of several places that ask: whoever wants it written, what
/// the write does is not undone by the old value.
fn refusal(key: &str) -> Option<String> {
    let spec = catalog::find(key)?;
    match spec.write {
        _ if spec.secret => Some("secret, never written".to_owned()),
        Write::Never { why } => Some(format!("never written: {why}")),
        Write::Allowed | Write::ReadOnly => None,
    }
}

/// The text as it stands, if it is one that can be put back: of the kind the catalogue states.
fn understood(spec: Option<&KeySpec>, bytes: &[u8], writable: bool) -> Reading<String> {
    let shown = String::from_utf8_lossy(bytes);
    let text = shown.trim_end_matches(['\n', '\0']).to_owned();
    let garbled = matches!(shown, std::borrow::Cow::Owned(_));
    if garbled || spec.is_some_and(|spec| spec.parse(&text).is_err()) {
        return Reading::Malformed(text.chars().take(200).collect());
    }
    if writable {
        Reading::Known(text)
    } else {
        Reading::ReadOnly(text)
    }
}

fn put(key: &str, text: &str) -> io::Result<()> {
    // No bytes are no write: an empty list is written as an empty line.
    let text = if text.is_empty() { "\n" } else { text };
    let path = catalog::path(key).ok_or_else(|| io::Error::from(rustix::io::Errno::NOENT))?;
    if key.contains('/') {
        return put_by_path(&path, text);
    }
    match sysctl::Ctl::new(key).and_then(|control| control.set_value_string(text)) {
        Ok(_) => Ok(()),
        Err(sysctl::SysctlError::IoError(error)) => Err(error),
        // It could not be opened, for whatever reason; or it was gone when the crate read it back, and is written once
        // more, which changes nothing.
        Err(sysctl::SysctlError::NotFound(_)) => put_by_path(&path, text),
        Err(other) => Err(io::Error::other(other.to_string())),
    }
}

fn put_by_path(path: &str, text: &str) -> io::Result<()> {
    let path = Path::new("/proc/sys").join(path);
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use crate::apply::Sysctls as _;

    use super::*;

    #[test]
    fn what_cannot_be_put_back_exactly_is_malformed() {
        let spec = catalog::find("net.ipv4.tcp_rmem");
        let text = |bytes: &[u8]| understood(spec, bytes, true);
        let whole = "4096\t131072\t6291456";
        let known = Reading::Known(whole.to_owned());
        assert_eq!(text(format!("{whole}\n").as_bytes()), known);
        assert!(matches!(text(b"4096 many\n"), Reading::Malformed(_)));
        let unknown = |bytes: &[u8]| understood(None, bytes, true);
        assert_eq!(unknown(b"fq\n"), Reading::Known("fq".to_owned()));
        assert!(matches!(unknown(b"f\xff\n"), Reading::Malformed(_)));
    }

    #[test]
    fn a_secret_and_what_cannot_be_undone_are_refused_by_their_writer() {
        // Asked for and not tried: were it not refused, the write would be real.
        let why = |key: &str| refusal(key).unwrap_or_default();
        assert_eq!(why("net.ipv4.tcp_fastopen_key"), "secret, never written");
        assert!(why("net.ipv4.ip_forward").starts_with("never written: "));
        assert_eq!(refusal("net.core.somaxconn"), None);
        let secret = LiveSysctls::open().read("net.ipv4.tcp_fastopen_key");
        assert_eq!(secret, Reading::Denied("secret, never read".to_owned()));
    }

    #[test]
    fn a_name_that_is_no_key_is_absent_and_not_written() {
        let mut sysctls = LiveSysctls::open();
        for key in ["net.ipv4.tcp_no_such_key", "net..ipv4", "//.etc.passwd", ""] {
            assert_eq!(sysctls.read(key), Reading::Absent, "{key}");
            assert_eq!(sysctls.write(key, "1"), Err("ENOENT".to_owned()), "{key}");
        }
    }
}
