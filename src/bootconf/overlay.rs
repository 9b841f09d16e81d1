//! A file tree as it will be, and a file tree that remembers what was read of it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use sha2::{Digest as _, Sha256};

use super::tree::{Entry, Tree};

/// A tree in which one file has another content, or is there although it is not.
pub struct Overlay<'t> {
    tree: &'t dyn Tree,
    directory: &'t str,
    name: &'t [u8],
    content: Rc<[u8]>,
}

impl<'t> Overlay<'t> {
    /// The tree with this content at an absolute path of two parts or more.
    pub fn new(tree: &'t dyn Tree, path: &'t str, content: &[u8]) -> Self {
        let (directory, name) = path.rsplit_once('/').unwrap_or(("/", path));
        Self {
            tree,
            directory,
            name: name.as_bytes(),
            content: content.into(),
        }
    }

    fn is_it(&self, directory: &str, name: &[u8]) -> bool {
        directory == self.directory && name == self.name
    }
}

impl Tree for Overlay<'_> {
    fn list(&self, directory: &str) -> Result<Vec<Vec<u8>>, String> {
        let mut names = self.tree.list(directory)?;
        if directory == self.directory && !names.iter().any(|name| name == self.name) {
            names.push(self.name.to_vec());
        }
        Ok(names)
    }

    fn entry(&self, directory: &str, name: &[u8]) -> Option<Entry> {
        if self.is_it(directory, name) {
            return Some(Entry::File);
        }
        self.tree.entry(directory, name)
    }

    fn target(&self, directory: &str, name: &[u8]) -> Option<String> {
        self.tree.target(directory, name)
    }

    fn read(&self, directory: &str, name: &[u8], limit: usize) -> Result<(Rc<[u8]>, bool), String> {
        if !self.is_it(directory, name) {
            return self.tree.read(directory, name, limit);
        }
        match self.content.get(..limit) {
            Some(part) if limit < self.content.len() => Ok((part.into(), true)),
            _ => Ok((Rc::clone(&self.content), false)),
        }
    }
}

/// A tree that remembers the SHA-256 of every file that was read through it.
pub struct Recording<'t> {
    tree: &'t dyn Tree,
    seen: RefCell<BTreeMap<String, String>>,
}

impl<'t> Recording<'t> {
    /// A tree of which nothing was read yet.
    pub fn new(tree: &'t dyn Tree) -> Self {
        let seen = RefCell::default();
        Self { tree, seen }
    }

    /// Path and SHA-256, in hexadecimal, of every file that was read; a file that could not be read has the
    /// reason in its place.
    pub fn into_seen(self) -> BTreeMap<String, String> {
        self.seen.into_inner()
    }
}

impl Tree for Recording<'_> {
    fn list(&self, directory: &str) -> Result<Vec<Vec<u8>>, String> {
        self.tree.list(directory)
    }

    fn entry(&self, directory: &str, name: &[u8]) -> Option<Entry> {
        self.tree.entry(directory, name)
    }

    fn target(&self, directory: &str, name: &[u8]) -> Option<String> {
        self.tree.target(directory, name)
    }

    fn read(&self, directory: &str, name: &[u8], limit: usize) -> Result<(Rc<[u8]>, bool), String> {
        let read = self.tree.read(directory, name, limit);
        let mark = match &read {
            Ok((bytes, _)) => hexadecimal(bytes),
            Err(why) => why.clone(),
        };
        let path = format!("{directory}/{}", String::from_utf8_lossy(name));
        self.seen.borrow_mut().insert(path, mark);
        read
    }
}

/// The SHA-256 of some bytes in hexadecimal.
pub fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        // Writing into a `String` does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with one file.
    struct One;

    impl Tree for One {
        fn list(&self, directory: &str) -> Result<Vec<Vec<u8>>, String> {
            let names = if directory == "/etc/sysctl.d" {
                vec![b"a.conf".to_vec()]
            } else {
                Vec::new()
            };
            Ok(names)
        }

        fn entry(&self, _: &str, name: &[u8]) -> Option<Entry> {
            (name == b"a.conf").then_some(Entry::File)
        }

        fn target(&self, _: &str, _: &[u8]) -> Option<String> {
            None
        }

        fn read(&self, _: &str, name: &[u8], _: usize) -> Result<(Rc<[u8]>, bool), String> {
            match name {
                b"a.conf" => Ok((Rc::from(&b"a\n"[..]), false)),
                _ => Err("ENOENT".to_owned()),
            }
        }
    }

    const NEW: &str = "/etc/sysctl.d/b.conf";

    #[test]
    fn a_file_that_is_to_come_is_there_and_the_others_stay() {
        let overlay = Overlay::new(&One, NEW, b"x = 1\n");
        let mut names = overlay.list("/etc/sysctl.d").unwrap();
        names.sort();
        assert_eq!(names, [b"a.conf".to_vec(), b"b.conf".to_vec()]);
        assert_eq!(overlay.list("/run/sysctl.d").unwrap().len(), 0);
        assert_eq!(overlay.entry("/etc/sysctl.d", b"b.conf"), Some(Entry::File));
        assert_eq!(overlay.entry("/run/sysctl.d", b"b.conf"), None);
        let read = |limit| overlay.read("/etc/sysctl.d", b"b.conf", limit).unwrap();
        assert_eq!(read(99), (Rc::from(&b"x = 1\n"[..]), false));
        assert_eq!(read(6), (Rc::from(&b"x = 1\n"[..]), false));
        assert_eq!(read(2), (Rc::from(&b"x "[..]), true));
        let other = overlay.read("/etc/sysctl.d", b"a.conf", 99).unwrap();
        assert_eq!(&*other.0, b"a\n");
    }

    #[test]
    fn a_file_that_is_there_is_listed_once() {
        let overlay = Overlay::new(&One, "/etc/sysctl.d/a.conf", b"");
        assert_eq!(overlay.list("/etc/sysctl.d").unwrap().len(), 1);
        let read = overlay.read("/etc/sysctl.d", b"a.conf", 99).unwrap();
        assert!(read.0.is_empty());
    }

    #[test]
    fn what_was_read_is_remembered_by_its_sum() {
        let recording = Recording::new(&One);
        let _ = recording.read("/etc/sysctl.d", b"a.conf", 99);
        let _ = recording.read("/etc/sysctl.d", b"c.conf", 99);
        let seen = recording.into_seen();
        // sha256sum of "a\n".
        let sum = "87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7";
        assert_eq!(seen["/etc/sysctl.d/a.conf"], sum);
        assert_eq!(seen["/etc/sysctl.d/c.conf"], "ENOENT");
    }
}
