//! A file tree as it is generated, shown, and laid out.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// The folders that a loader reads, first one first.
pub(crate) const FOLDERS: [&str; 4] = [
    "/etc/sysctl.d",
    "/run/sysctl.d",
    "/usr/local/lib/sysctl.d",
    "/usr/lib/sysctl.d",
];

/// What procps reads last.
pub(crate) const LAST: &str = "/etc/sysctl.conf";

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    File(Vec<u8>),
    Link(Vec<u8>),
    Folder,
}

/// What stands where, by absolute path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Files(pub(crate) BTreeMap<Vec<u8>, Node>);

impl Files {
    /// Lays the tree out below a root, over what was laid out there before.
    pub(crate) fn lay_out(&self, root: &Path) {
        clear(root);
        for (path, node) in &self.0 {
            let path = below(root, path);
            let folder = path.parent().expect("every path has a folder");
            fs::create_dir_all(folder).expect("folders can be made");
            let made = match node {
                Node::File(bytes) => fs::write(&path, bytes),
                Node::Link(target) => symlink(OsStr::from_bytes(target), &path),
                Node::Folder => fs::create_dir_all(&path),
            };
            made.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
    }
}

fn below(root: &Path, path: &[u8]) -> PathBuf {
    let relative = path.strip_prefix(b"/").expect("paths are absolute");
    root.join(OsStr::from_bytes(relative))
}

/// Takes everything away that [`Files::lay_out`] may have made. A folder that is a mount stays, empty.
fn clear(root: &Path) {
    for path in FOLDERS.into_iter().chain([LAST]) {
        let path = below(root, path.as_bytes());
        if fs::symlink_metadata(&path).is_ok_and(|found| !found.is_dir()) {
            fs::remove_file(&path).expect("what was laid out can be taken away");
            continue;
        }
        for entry in fs::read_dir(&path).into_iter().flatten().flatten() {
            let kind = entry.file_type().expect("an entry has a type");
            let gone = if kind.is_dir() {
                fs::remove_dir_all(entry.path())
            } else {
                fs::remove_file(entry.path())
            };
            gone.expect("what was laid out can be taken away");
        }
        let _ = fs::remove_dir(&path);
    }
}

impl fmt::Display for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (path, node) in &self.0 {
            write!(f, "{}", path.escape_ascii())?;
            match node {
                Node::Folder => writeln!(f, " is a folder")?,
                Node::Link(target) => writeln!(f, " -> {}", target.escape_ascii())?,
                Node::File(bytes) => {
                    writeln!(f, ":")?;
                    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
                        let shown = line.get(..400).unwrap_or(line);
                        let cut = if shown.len() < line.len() { "…" } else { "" };
                        writeln!(f, "    {}{cut} ", shown.escape_ascii())?;
                    }
                }
            }
        }
        Ok(())
    }
}
