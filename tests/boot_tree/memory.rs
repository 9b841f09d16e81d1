//! A file tree and the keys of a kernel, in memory. Whoever includes this file has the ports in scope:
//! `use …::bootconf::{Entry, Keys, Tree};`.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::{Entry, Keys, Tree};

/// What stands at a path.
#[derive(Clone, Debug)]
enum Node {
    File(Rc<[u8]>),
    Link(String),
    Directory,
    Null,
    Other,
    Denied,
}

/// A file tree. Directories come into being with what is put into them.
#[derive(Clone, Debug, Default)]
pub(crate) struct MemoryTree {
    nodes: BTreeMap<Vec<u8>, Node>,
}

impl MemoryTree {
    /// A tree with `/dev/null` and nothing else.
    pub(crate) fn new() -> Self {
        Self::default().with("/dev/null", Node::Null)
    }

    pub(crate) fn file(self, path: impl AsRef<[u8]>, text: impl AsRef<[u8]>) -> Self {
        self.with(path, Node::File(text.as_ref().into()))
    }

    /// A symbolic link; the target may be relative.
    pub(crate) fn link(self, path: impl AsRef<[u8]>, target: &str) -> Self {
        self.with(path, Node::Link(target.to_owned()))
    }

    pub(crate) fn directory(self, path: impl AsRef<[u8]>) -> Self {
        self.with(path, Node::Directory)
    }

    /// A pipe.
    pub(crate) fn pipe(self, path: impl AsRef<[u8]>) -> Self {
        self.with(path, Node::Other)
    }

    /// Something nobody may look at.
    pub(crate) fn denied(self, path: impl AsRef<[u8]>) -> Self {
        self.with(path, Node::Denied)
    }

    fn with(mut self, path: impl AsRef<[u8]>, node: Node) -> Self {
        let path = path.as_ref();
        for (at, byte) in path.iter().enumerate().skip(1) {
            if *byte == b'/' {
                self.nodes
                    .entry(path[..at].to_vec())
                    .or_insert(Node::Directory);
            }
        }
        self.nodes.insert(path.to_vec(), node);
        self
    }

    /// The path with every link followed; `None` if it leads nowhere or in a circle.
    fn followed(&self, path: &[u8]) -> Option<Vec<u8>> {
        let mut left = 40;
        let mut done: Vec<u8> = Vec::new();
        let mut parts: Vec<Vec<u8>> = path
            .split(|b| *b == b'/')
            .rev()
            .map(<[u8]>::to_vec)
            .collect();
        while let Some(part) = parts.pop() {
            match part.as_slice() {
                b"" | b"." => continue,
                b".." => {
                    let end = done.iter().rposition(|b| *b == b'/').unwrap_or(0);
                    done.truncate(end);
                    continue;
                }
                _ => {}
            }
            let next = [done.as_slice(), b"/", &part].concat();
            match self.nodes.get(&next)? {
                Node::Link(target) => {
                    left -= 1;
                    if left == 0 {
                        return None;
                    }
                    if target.starts_with('/') {
                        done.clear();
                    }
                    let target = target.as_bytes().split(|b| *b == b'/').rev();
                    parts.extend(target.map(<[u8]>::to_vec));
                }
                _ => done = next,
            }
        }
        Some(done)
    }

    fn at(directory: &str, name: &[u8]) -> Vec<u8> {
        let directory = directory.trim_end_matches('/');
        [directory.as_bytes(), b"/", name].concat()
    }

    /// What stands at the path itself, links on the way followed.
    fn itself(&self, directory: &str, name: &[u8]) -> Option<&Node> {
        let directory = self.followed(directory.as_bytes())?;
        self.nodes.get(&[directory.as_slice(), b"/", name].concat())
    }
}

impl Tree for MemoryTree {
    fn list(&self, directory: &str) -> Result<Vec<Vec<u8>>, String> {
        let Some(directory) = self.followed(directory.as_bytes()) else {
            return Ok(Vec::new());
        };
        match self.nodes.get(&directory) {
            None => return Ok(Vec::new()),
            Some(Node::Directory) => {}
            Some(Node::Denied) => return Err("EACCES".to_owned()),
            Some(_) => return Err("ENOTDIR".to_owned()),
        }
        let start = [directory.as_slice(), b"/"].concat();
        Ok(self
            .nodes
            .range(start.clone()..)
            .map_while(|(path, _)| path.strip_prefix(start.as_slice()))
            .filter(|name| !name.contains(&b'/'))
            .map(<[u8]>::to_vec)
            .collect())
    }

    fn entry(&self, directory: &str, name: &[u8]) -> Option<Entry> {
        self.itself(directory, name)?;
        let Some(path) = self.followed(&Self::at(directory, name)) else {
            return Some(Entry::Dangling);
        };
        Some(match self.nodes.get(&path)? {
            Node::File(_) => Entry::File,
            Node::Directory => Entry::Directory,
            Node::Null => Entry::Null,
            Node::Other => Entry::Other,
            Node::Denied => Entry::Denied("EACCES".to_owned()),
            Node::Link(_) => Entry::Dangling,
        })
    }

    fn target(&self, directory: &str, name: &[u8]) -> Option<String> {
        match self.itself(directory, name)? {
            Node::Link(_) => {
                let path = self.followed(&Self::at(directory, name))?;
                Some(String::from_utf8_lossy(&path).into_owned())
            }
            _ => None,
        }
    }

    fn read(&self, directory: &str, name: &[u8], limit: usize) -> Result<(Rc<[u8]>, bool), String> {
        let path = self.followed(&Self::at(directory, name)).ok_or("ENOENT")?;
        match self.nodes.get(&path) {
            Some(Node::File(text)) if text.len() > limit => Ok((text[..limit].into(), true)),
            Some(Node::File(text)) => Ok((Rc::clone(text), false)),
            _ => Err("EINVAL".to_owned()),
        }
    }
}

/// The keys of a kernel.
#[derive(Clone, Debug, Default)]
pub(crate) struct MemoryKeys {
    keys: BTreeSet<String>,
    /// Nothing can be told of keys.
    unknown: bool,
}

impl MemoryKeys {
    /// These paths (`net/ipv4/tcp_sack`) and no others.
    pub(crate) fn of<'a>(paths: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            keys: paths.into_iter().map(str::to_owned).collect(),
            unknown: false,
        }
    }

    /// A tree of which nothing is known.
    pub(crate) fn unknown() -> Self {
        Self {
            keys: BTreeSet::new(),
            unknown: true,
        }
    }
}

impl Keys for MemoryKeys {
    fn children(&self, folder: &str) -> Vec<(String, bool)> {
        let start = match folder {
            "" => String::new(),
            folder => format!("{folder}/"),
        };
        let mut children: Vec<(String, bool)> = self
            .keys
            .range(start.clone()..)
            .map_while(|path| path.strip_prefix(&start))
            .map(|rest| match rest.split_once('/') {
                Some((name, _)) => (name.to_owned(), true),
                None => (rest.to_owned(), false),
            })
            .collect();
        children.sort();
        children.dedup();
        children
    }

    fn exists(&self, path: &str) -> Option<bool> {
        (!self.unknown).then(|| self.keys.contains(path))
    }
}
