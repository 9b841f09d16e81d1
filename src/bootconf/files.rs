//! Which files a loader reads, in which order, and which it passes over.

use std::collections::HashMap;

use super::tree::{Entry, Tree};
use super::{brace, wildcard};
use crate::fact::boot::Engine;

/// A file with settings, or what should have been one.
pub(super) struct Source {
    pub(super) directory: &'static str,
    pub(super) name: Vec<u8>,
    /// What stands in the way of it, if anything does.
    pub(super) aside: Option<Aside>,
}

/// Why a loader does not read a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Aside {
    /// Another file of the same name comes first.
    Masked(String),
    /// It never looks at it; why.
    Unread(&'static str),
    /// It gives up before it gets there; why. This befalls lines, not files.
    Lost(&'static str),
}

impl Source {
    /// The path as the loader names it.
    pub(super) fn path(&self) -> String {
        joined(self.directory, &self.name)
    }
}

/// From the strongest to the weakest; a name in one hides the same name in those behind it. The last
/// one is read only by loaders built for systems where /lib is not a link.
const DIRECTORIES: [&str; 5] = [
    "/etc/sysctl.d",
    "/run/sysctl.d",
    "/usr/local/lib/sysctl.d",
    "/usr/lib/sysctl.d",
    "/lib/sysctl.d",
];

const NOT_READ_BY_SYSTEMD: &str = "systemd-sysctl does not read this file";
const NO_SUFFIX: &str = "only names that end in .conf are read";

/// Endings of names that are left behind by editors and packages, or that say "not now": nobody thinks
/// that such a file is read, so that none of its lines becomes a definition.
const LEFTOVERS: [&str; 18] = [
    "~",
    ".bak",
    ".backup",
    ".orig",
    ".old",
    ".save",
    ".saved",
    ".swp",
    ".swo",
    ".tmp",
    ".rej",
    ".sample",
    ".example",
    ".disabled",
    ".disable",
    ".off",
    ".md",
    "#",
];

/// Parts of names that package managers leave behind.
const PACKAGED: [&str; 8] = [
    ".dpkg-", ".rpmnew", ".rpmsave", ".rpmorig", ".ucf-", ".pacnew", ".pacsave", ".apk-new",
];

/// How many names may be held against names that look like patterns.
const MOST_COMPARED: usize = 1_000_000;

/// The files, those that are read first and in order, and the directories that cannot be listed with
/// the errno.
pub(super) fn sources(
    tree: &dyn Tree,
    engine: Engine,
) -> (Vec<Source>, Vec<(&'static str, String)>) {
    let mut closed = Vec::new();
    let mut chosen: Vec<Source> = Vec::new();
    let mut masked = Vec::new();
    let mut strays = Vec::new();
    let mut first: HashMap<Vec<u8>, &'static str> = HashMap::new();
    let mut listed: Vec<String> = Vec::new();
    for directory in DIRECTORIES {
        let place = resolved(tree, directory);
        if listed.contains(&place) {
            continue;
        }
        listed.push(place);
        let mut names = match tree.list(directory) {
            Ok(names) => names,
            Err(error) => {
                closed.push((directory, error));
                continue;
            }
        };
        names.sort_unstable();
        for name in names {
            let source = |aside| Source {
                directory,
                name: name.clone(),
                aside,
            };
            if !is_read(&name, engine) {
                if is_meant(&name) {
                    strays.push(source(Some(Aside::Unread(NO_SUFFIX))));
                }
            } else if let Some(by) = first.get(&name) {
                masked.push(source(Some(Aside::Masked(joined(by, &name)))));
            } else {
                first.insert(name.clone(), directory);
                chosen.push(source(None));
            }
        }
    }
    chosen.sort_by(|a, b| a.name.cmp(&b.name));
    let conf = |aside| Source {
        directory: "/etc",
        name: b"sysctl.conf".to_vec(),
        aside,
    };
    match engine {
        Engine::Procps => {
            chosen = opened(tree, chosen);
            if tree.entry("/etc", b"sysctl.conf") == Some(Entry::File) {
                chosen.push(conf(None));
            }
        }
        Engine::Systemd if !linked(tree, &chosen) => {
            strays.push(conf(Some(Aside::Unread(NOT_READ_BY_SYSTEMD))));
        }
        Engine::Systemd => {}
    }
    chosen.extend(masked);
    chosen.extend(strays);
    (chosen, closed)
}

/// Whether the loader takes the name for one of its files.
fn is_read(name: &[u8], engine: Engine) -> bool {
    name.ends_with(b".conf") && (engine == Engine::Procps || !name.starts_with(b"."))
}

/// Whether someone may have thought that a file of this name is read.
fn is_meant(name: &[u8]) -> bool {
    let text = String::from_utf8_lossy(name).to_lowercase();
    !text.starts_with(['.', '#'])
        && !text.starts_with("readme")
        && !LEFTOVERS.iter().any(|ending| text.ends_with(ending))
        && !PACKAGED.iter().any(|part| text.contains(part))
}

/// Whether one of the files is a link to `/etc/sysctl.conf`.
fn linked(tree: &dyn Tree, read: &[Source]) -> bool {
    let conf = tree
        .target("/etc", b"sysctl.conf")
        .unwrap_or_else(|| joined(&resolved(tree, "/etc"), b"sysctl.conf"));
    read.iter().any(|source| {
        tree.target(source.directory, &source.name)
            .is_some_and(|target| target == conf || target == "/etc/sysctl.conf")
    })
}

/// procps hands every path it found to glob(3) once more (`Preload`): a name that looks like a pattern
/// opens the files it matches, and itself only if there are none.
fn opened(tree: &dyn Tree, read: Vec<Source>) -> Vec<Source> {
    let special = |byte: &u8| matches!(byte, b'*' | b'?' | b'[' | b'{' | b'\\');
    let mut listings: HashMap<&'static str, Vec<Vec<u8>>> = HashMap::new();
    let mut left = MOST_COMPARED;
    let mut all = Vec::with_capacity(read.len());
    for source in read {
        if !source.name.iter().any(special) || left == 0 {
            all.push(source);
            continue;
        }
        let names = listings.entry(source.directory).or_insert_with(|| {
            let mut names = tree.list(source.directory).unwrap_or_default();
            names.sort_unstable();
            names
        });
        left = left.saturating_sub(names.len());
        let directory = source.directory;
        for name in matching(names, source.name) {
            // The first that cannot be opened ends the matter.
            let last = tree.entry(directory, &name) == Some(Entry::Dangling);
            all.push(Source {
                directory,
                name,
                aside: None,
            });
            if last {
                break;
            }
        }
    }
    all
}

/// The names that a name matches, or else itself.
fn matching(names: &[Vec<u8>], wanted: Vec<u8>) -> Vec<Vec<u8>> {
    let alternatives = match brace::expand(&wanted) {
        Ok(Some(alternatives)) => alternatives,
        Ok(None) | Err(brace::TooMany) => vec![wanted.clone()],
    };
    let mut found = Vec::new();
    for pattern in &alternatives {
        if wildcard::is_magic(pattern) {
            let matching = names.iter().filter(|name| wildcard::matches(pattern, name));
            found.extend(matching.cloned());
        } else {
            let plain = wildcard::unescaped(pattern);
            found.extend(names.binary_search(&plain).is_ok().then_some(plain));
        }
    }
    if found.is_empty() {
        found.push(wanted);
    }
    found
}

/// The directory with every link on the way followed.
fn resolved(tree: &dyn Tree, directory: &str) -> String {
    let mut path = String::new();
    for part in directory.split('/').filter(|part| !part.is_empty()) {
        let parent = if path.is_empty() { "/" } else { &path };
        path = tree
            .target(parent, part.as_bytes())
            .unwrap_or_else(|| joined(parent, part.as_bytes()));
    }
    path
}

fn joined(directory: &str, name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name);
    match directory {
        "/" => format!("/{name}"),
        directory => format!("{directory}/{name}"),
    }
}
