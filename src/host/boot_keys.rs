//! Which settings there are: of a kernel, live or recorded, or as far as the catalogue knows.

use std::collections::BTreeMap;
use std::path::Path;

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, openat, statat};
use rustix::io::Errno;

use crate::bootconf::Keys;
use crate::catalog;
use crate::fact::KernelVersion;

/// More interfaces than a pattern is ever held against.
const NAMES: usize = 200_000;

/// The settings below a folder laid out like `/proc/sys`.
///
/// Live, it shows the network namespace of the thread that asks.
#[derive(Debug)]
pub struct KernelKeys {
    root: Result<OwnedFd, Errno>,
    net: bool,
}

impl KernelKeys {
    /// Opens the tree below `proc`: `/proc`, or a recorded one.
    pub fn open(proc: &Path) -> Self {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::open(proc.join("sys"), flags, Mode::empty());
        // A masked /proc/sys is an empty folder: what is not seen there may exist.
        let net = root
            .as_ref()
            .is_ok_and(|root| statat(root, "net", AtFlags::empty()).is_ok());
        Self { root, net }
    }

    /// Whether the network settings can be seen at all.
    pub fn is_visible(&self) -> bool {
        self.net
    }

    fn list(&self, folder: &str) -> Result<Vec<(String, bool)>, Errno> {
        let root = self.root.as_ref().map_err(|errno| *errno)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let folder = openat(
            root,
            below(folder).ok_or(Errno::NOENT)?,
            flags,
            Mode::empty(),
        )?;
        let mut found = Vec::new();
        for entry in Dir::read_from(&folder)?.take(NAMES) {
            let entry = entry?;
            let Ok(name) = entry.file_name().to_str() else {
                continue;
            };
            if matches!(name, "." | "..") {
                continue;
            }
            let kind = match entry.file_type() {
                FileType::Unknown => statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW)
                    .map_or(FileType::Unknown, |stat| {
                        FileType::from_raw_mode(stat.st_mode)
                    }),
                known => known,
            };
            found.push((name.to_owned(), kind == FileType::Directory));
        }
        Ok(found)
    }
}

impl Keys for KernelKeys {
    fn children(&self, folder: &str) -> Vec<(String, bool)> {
        self.list(folder).unwrap_or_default()
    }

    fn exists(&self, path: &str) -> Option<bool> {
        let root = self.root.as_ref().ok()?;
        let Some(relative) = below(path) else {
            return Some(false);
        };
        if !self.net && relative.starts_with("net/") {
            return None;
        }
        match statat(root, relative, AtFlags::empty()) {
            Ok(stat) => Some(FileType::from_raw_mode(stat.st_mode) != FileType::Directory),
            Err(Errno::NOENT | Errno::NOTDIR | Errno::NAMETOOLONG | Errno::LOOP) => Some(false),
            Err(_) => None,
        }
    }
}

/// A path that stays below the folder it starts in; `None` for any other.
fn below(path: &str) -> Option<&str> {
    let outside =
        path.starts_with('/') || path.contains('\0') || path.split('/').any(|p| p == "..");
    match path {
        _ if outside => None,
        "" => Some("."),
        path => Some(path),
    }
}

/// The settings that the catalogue knows, for a tree without a kernel: of families those of the
/// interfaces every kernel has.
#[derive(Debug)]
pub struct CatalogueKeys {
    kernel: Option<KernelVersion>,
    /// The names in each folder, with the word whether they are folders.
    folders: BTreeMap<String, BTreeMap<String, bool>>,
}

impl CatalogueKeys {
    /// The settings of a kernel of this version, or of any.
    pub fn new(kernel: Option<KernelVersion>) -> Self {
        let mut keys = Self {
            kernel,
            folders: BTreeMap::new(),
        };
        for spec in catalog::keys() {
            if keys.has(spec) != Some(true) || spec.unlisted {
                continue;
            }
            match spec.key.match_indices('*').count() {
                0 => keys.add(spec.key),
                1 => {
                    // Neighbour tables have no `all`.
                    let neighbour = spec.key.contains(".neigh.");
                    let everywhere: &[&str] = if neighbour {
                        &["default", "lo"]
                    } else {
                        &["all", "default", "lo"]
                    };
                    for interface in everywhere {
                        keys.add(&spec.key.replace('*', interface));
                    }
                }
                _ => {}
            }
        }
        keys
    }

    fn add(&mut self, key: &str) {
        let Some(path) = catalog::path(key) else {
            return;
        };
        let mut folder = String::new();
        let mut parts = path.split('/').peekable();
        while let Some(part) = parts.next() {
            let is_folder = parts.peek().is_some();
            let names = self.folders.entry(folder.clone()).or_default();
            let known = names.entry(part.to_owned()).or_default();
            *known |= is_folder;
            if !folder.is_empty() {
                folder.push('/');
            }
            folder.push_str(part);
        }
    }

    /// Whether this kernel has a key; `None` where that depends on a release nobody told.
    fn has(&self, spec: &catalog::KeySpec) -> Option<bool> {
        match &self.kernel {
            Some(kernel) => {
                let removed = spec.removed_in.is_some_and(|release| release.is_in(kernel));
                let begun = spec.since.is_none_or(|release| release.is_in(kernel));
                // A vendor's kernel may have what is newer than its number.
                let told = begun || !kernel.is_vendor();
                told.then_some(begun && !removed)
            }
            None => spec.removed_in.is_none().then_some(true),
        }
    }
}

impl Keys for CatalogueKeys {
    fn children(&self, folder: &str) -> Vec<(String, bool)> {
        let names = self.folders.get(folder).into_iter().flatten();
        names
            .map(|(name, folder)| (name.clone(), *folder))
            .collect()
    }

    fn exists(&self, path: &str) -> Option<bool> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        match self.folders.get(folder).and_then(|names| names.get(name)) {
            Some(is_folder) => Some(!is_folder),
            // Of a removed key it can be told; another may come from a module or a newer kernel.
            None => catalog::find(path)
                .and_then(|spec| self.has(spec))
                .filter(|has| !has),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(keys: &dyn Keys, folder: &str) -> Vec<(String, bool)> {
        let mut found = keys.children(folder);
        found.sort();
        found
    }

    fn recorded(files: &[&str]) -> (tempfile::TempDir, KernelKeys) {
        let proc = tempfile::tempdir().unwrap();
        for file in files {
            let path = proc.path().join("sys").join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "1\n").unwrap();
        }
        let keys = KernelKeys::open(proc.path());
        (proc, keys)
    }

    #[test]
    fn a_recorded_tree_has_the_settings_that_were_recorded() {
        let (_proc, keys) = recorded(&["net/ipv4/tcp_sack", "net/ipv4/conf/eth0.5/rp_filter"]);
        assert_eq!(keys.exists("net/ipv4/tcp_sack"), Some(true));
        assert_eq!(keys.exists("net/ipv4/tcp_made_up"), Some(false));
        assert_eq!(keys.exists("net/ipv4/tcp_sack/x"), Some(false));
        assert_eq!(
            keys.exists("net/ipv4"),
            Some(false),
            "a folder is no setting"
        );
        assert_eq!(
            names(&keys, "net/ipv4"),
            [("conf".to_owned(), true), ("tcp_sack".to_owned(), false)]
        );
        assert_eq!(names(&keys, "net/ipv4/conf"), [("eth0.5".to_owned(), true)]);
        assert_eq!(names(&keys, "net/ipv4/tcp_sack"), []);
        assert_eq!(names(&keys, ""), [("net".to_owned(), true)]);
    }

    #[test]
    fn nothing_outside_the_tree_is_a_setting() {
        let (proc, keys) = recorded(&["net/ipv4/tcp_sack"]);
        std::fs::write(proc.path().join("outside"), "").unwrap();
        assert_eq!(keys.exists("../outside"), Some(false));
        assert_eq!(keys.exists("/etc/passwd"), Some(false));
        assert_eq!(names(&keys, ".."), []);
        assert_eq!(names(&keys, "/"), []);
    }

    #[test]
    fn where_no_settings_are_seen_nothing_is_told() {
        let keys = KernelKeys::open(Path::new("/nonexistent"));
        assert_eq!(keys.exists("net/ipv4/tcp_sack"), None);
        let (_proc, masked) = recorded(&["kernel/osrelease"]);
        assert_eq!(masked.exists("net/ipv4/tcp_sack"), None);
        assert!(!masked.is_visible());
    }

    #[test]
    fn this_kernel_has_the_settings_of_the_loopback_interface() {
        let keys = KernelKeys::open(Path::new("/proc"));
        if keys.is_visible() {
            assert_eq!(keys.exists("net/ipv4/conf/lo/rp_filter"), Some(true));
            assert!(
                keys.children("net/ipv4/conf")
                    .contains(&("lo".to_owned(), true))
            );
        }
    }

    #[test]
    fn the_catalogue_knows_single_keys_and_the_interfaces_of_every_kernel() {
        let keys = CatalogueKeys::new(None);
        assert_eq!(keys.exists("net/ipv4/tcp_sack"), Some(true));
        assert_eq!(keys.exists("net/ipv4/conf/lo/rp_filter"), Some(true));
        assert_eq!(keys.exists("net/ipv4/conf/eth0/rp_filter"), None);
        assert_eq!(keys.exists("net/ipv4/tcp_made_up"), None);
        assert_eq!(keys.exists("net/ipv4"), Some(false));
        let interfaces = names(&keys, "net/ipv4/conf");
        let expected = ["all", "default", "lo"].map(|name| (name.to_owned(), true));
        assert_eq!(interfaces, expected);
        assert!(!names(&keys, "net/ipv4/neigh").contains(&("all".to_owned(), true)));
    }

    #[test]
    fn a_removed_key_is_told_of_a_known_kernel_only() {
        let new = CatalogueKeys::new(KernelVersion::parse("6.12.0"));
        let old = CatalogueKeys::new(KernelVersion::parse("3.10.0"));
        assert_eq!(new.exists("net/ipv4/tcp_tw_recycle"), Some(false));
        assert_eq!(old.exists("net/ipv4/tcp_tw_recycle"), Some(true));
        let unknown = CatalogueKeys::new(None);
        assert_eq!(unknown.exists("net/ipv4/tcp_tw_recycle"), None);
    }
}
