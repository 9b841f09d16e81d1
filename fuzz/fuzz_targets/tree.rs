//! A file tree in memory, decoded from any bytes.
//!
//! Records stand between bytes 0x1e; a record is a letter, a name, byte 0x1f, and contents:
//! `0`–`4` a file in that folder, `L` a link in the first one, `M` a link in the last one, `D` a folder in
//! the first one, `P` something that is never opened, `S` `/etc/sysctl.conf`, `C` the kernel command line.

use std::collections::BTreeMap;
use std::rc::Rc;

use tcptune::bootconf::{Entry, Keys, Tree};

const FOLDERS: [&str; 5] = [
    "/etc/sysctl.d",
    "/run/sysctl.d",
    "/usr/local/lib/sysctl.d",
    "/usr/lib/sysctl.d",
    "/lib/sysctl.d",
];

#[derive(Debug)]
enum Node {
    File(Rc<[u8]>),
    Link(Vec<u8>),
    Folder,
    Pipe,
}

/// The tree, and the command line if there is one.
#[derive(Debug, Default)]
pub struct Memory {
    nodes: BTreeMap<Vec<u8>, Node>,
    pub command_line: Option<Vec<u8>>,
}

impl Memory {
    pub fn decode(bytes: &[u8]) -> Self {
        let mut memory = Self::default();
        for record in bytes.split(|byte| *byte == 0x1e) {
            let Some((letter, rest)) = record.split_first() else {
                continue;
            };
            let at = rest.iter().position(|byte| *byte == 0x1f);
            let (name, contents) = at.map_or((rest, &b""[..]), |at| (&rest[..at], &rest[at + 1..]));
            memory.add(*letter, name, contents);
        }
        memory
    }

    fn add(&mut self, letter: u8, name: &[u8], contents: &[u8]) {
        let (folder, node) = match letter {
            b'0'..=b'4' => (usize::from(letter - b'0'), Node::File(contents.into())),
            b'L' => (0, Node::Link(contents.to_vec())),
            b'M' => (3, Node::Link(contents.to_vec())),
            b'D' => (0, Node::Folder),
            b'P' => (1, Node::Pipe),
            b'S' => {
                self.nodes
                    .insert(b"/etc/sysctl.conf".to_vec(), Node::File(contents.into()));
                return;
            }
            b'C' => {
                self.command_line = Some(contents.to_vec());
                return;
            }
            _ => return,
        };
        // What no file system gives.
        if name.is_empty()
            || name == b"."
            || name == b".."
            || name.contains(&0)
            || name.contains(&b'/')
        {
            return;
        }
        self.nodes.insert(path(FOLDERS[folder], name), node);
    }

    /// Where a path ends, links followed.
    fn follow(&self, path: Vec<u8>) -> Option<Vec<u8>> {
        let mut path = path;
        for _ in 0..8 {
            match self.nodes.get(&path) {
                Some(Node::Link(target)) if target.starts_with(b"/") => path = target.clone(),
                Some(Node::Link(target)) => {
                    let end = path.iter().rposition(|byte| *byte == b'/')?;
                    path.truncate(end + 1);
                    path.extend_from_slice(target);
                }
                _ => return Some(path),
            }
        }
        None
    }
}

fn path(directory: &str, name: &[u8]) -> Vec<u8> {
    [directory.as_bytes(), b"/", name].concat()
}

impl Tree for Memory {
    fn list(&self, directory: &str) -> Result<Vec<Vec<u8>>, String> {
        let start = path(directory, b"");
        let names = self
            .nodes
            .keys()
            .filter_map(|path| path.strip_prefix(&*start));
        Ok(names
            .filter(|name| !name.contains(&b'/'))
            .map(<[u8]>::to_vec)
            .collect())
    }

    fn entry(&self, directory: &str, name: &[u8]) -> Option<Entry> {
        let own = path(directory, name);
        self.nodes.get(&own)?;
        let end = self.follow(own);
        Some(match end.as_ref().and_then(|end| self.nodes.get(end)) {
            _ if end.as_deref() == Some(b"/dev/null") => Entry::Null,
            Some(Node::File(bytes)) if &**bytes == b"denied" => Entry::Denied("EACCES".to_owned()),
            Some(Node::File(_)) => Entry::File,
            Some(Node::Folder) => Entry::Directory,
            Some(Node::Pipe) => Entry::Other,
            Some(Node::Link(_)) | None => Entry::Dangling,
        })
    }

    fn target(&self, directory: &str, name: &[u8]) -> Option<String> {
        let own = path(directory, name);
        let Node::Link(target) = self.nodes.get(&own)? else {
            return None;
        };
        let end = self.follow(own).unwrap_or_else(|| target.clone());
        Some(String::from_utf8_lossy(&end).into_owned())
    }

    fn read(&self, directory: &str, name: &[u8], limit: usize) -> Result<(Rc<[u8]>, bool), String> {
        let end = self.follow(path(directory, name)).ok_or("ELOOP")?;
        match self.nodes.get(&end) {
            Some(Node::File(bytes)) if &**bytes == b"broken" => Err("EIO".to_owned()),
            Some(Node::File(bytes)) if bytes.len() > limit => Ok((bytes[..limit].into(), true)),
            Some(Node::File(bytes)) => Ok((Rc::clone(bytes), false)),
            _ => Err("ENOENT".to_owned()),
        }
    }
}

/// A few settings, some of which nobody can tell whether they are there.
#[derive(Debug)]
pub struct SomeKeys;

const INTERFACES: [&str; 5] = ["all", "default", "lo", "eth9", "eth9.5"];

impl Keys for SomeKeys {
    fn children(&self, folder: &str) -> Vec<(String, bool)> {
        let names: &[(&str, bool)] = match folder {
            "" => &[("net", true), ("kernel", true)],
            "net" => &[("ipv4", true)],
            "net/ipv4" => &[
                ("conf", true),
                ("tcp_sack", false),
                ("tcp_rmem", false),
                ("tcp_fastopen_key", false),
            ],
            "net/ipv4/conf" => return INTERFACES.map(|name| (name.to_owned(), true)).to_vec(),
            other if interface(other) => &[("rp_filter", false), ("accept_redirects", false)],
            _ => &[],
        };
        names
            .iter()
            .map(|(name, folder)| ((*name).to_owned(), *folder))
            .collect()
    }

    fn exists(&self, path: &str) -> Option<bool> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let known = self
            .children(folder)
            .into_iter()
            .find(|(known, _)| known == name);
        match known {
            Some((_, folder)) => Some(!folder),
            None => (path.len() % 2 == 0).then_some(false),
        }
    }
}

fn interface(folder: &str) -> bool {
    folder
        .strip_prefix("net/ipv4/conf/")
        .is_some_and(|name| INTERFACES.contains(&name))
}
