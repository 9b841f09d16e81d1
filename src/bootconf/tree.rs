//! The ports: a file tree, and the settings a kernel has.

use std::rc::Rc;

/// What a name in a directory leads to, links followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A regular file. Its bytes are read with [`Tree::read`].
    File,
    /// A directory.
    Directory,
    /// `/dev/null`, however it is reached.
    Null,
    /// A link that leads nowhere, or round in a circle.
    Dangling,
    /// A pipe, a socket, another device: never opened.
    Other,
    /// It cannot be looked at; the errno by name.
    Denied(String),
}

/// A file tree as a loader sees it. Paths are absolute within the tree and links are followed inside it:
/// of an image, `/etc/sysctl.d/x.conf -> /usr/lib/x.conf` leads to the image's file.
pub trait Tree {
    /// The names in a directory, in any order. A directory that is not there is empty; one that cannot
    /// be read is the errno by name.
    fn list(&self, directory: &str) -> Result<Vec<Vec<u8>>, String>;

    /// What stands at a path, `None` when nothing does. The name may hold any bytes.
    fn entry(&self, directory: &str, name: &[u8]) -> Option<Entry>;

    /// Where the link at a path leads, if it is one: the target as an absolute path of the tree, links
    /// followed to the end; for messages, and to find out whether `/etc/sysctl.conf` is read by link.
    fn target(&self, directory: &str, name: &[u8]) -> Option<String>;

    /// The bytes of a regular file, at most `limit` of them and the word whether there are more; or the
    /// errno by name.
    fn read(&self, directory: &str, name: &[u8], limit: usize) -> Result<(Rc<[u8]>, bool), String>;
}

/// The keys that exist, as the kernel's tree below `/proc/sys` shows them.
pub trait Keys {
    /// The names in a folder (`net/ipv4/conf`), in any order, each with the word whether it is a folder
    /// itself; empty when there is no such folder.
    fn children(&self, folder: &str) -> Vec<(String, bool)>;

    /// Whether a path (`net/ipv4/tcp_sack`) is a setting: `Some(false)` for one that is not there, `None`
    /// when that cannot be told.
    fn exists(&self, path: &str) -> Option<bool>;
}
