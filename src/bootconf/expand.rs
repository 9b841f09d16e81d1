//! Patterns against the keys that exist, as glob(3) of glibc goes about it.

use std::cell::Cell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::rc::Rc;

use super::key::{self, Target, dotted, followed};
use super::key_tree::{Children, KeyTree};
use super::{brace, wildcard};
use crate::fact::boot::Engine;

/// How many names may be held against patterns in one load.
const BUDGET: usize = 1_000_000;

/// glob(3) without sorting keeps what it finds in a folder in blocks of 64, 128, 256… names and hands
/// them out newest block first (glibc, `posix/glob.c`, `glob_in_dir`).
const FIRST_BLOCK: usize = 64;

/// A key that a pattern matches.
pub(super) struct Match {
    /// As the loader spells it below `/proc/sys`; it compares this with the names of the files.
    pub(super) text: Vec<u8>,
    /// The path below `/proc/sys`.
    pub(super) path: String,
    /// The canonical dotted name.
    pub(super) key: Rc<str>,
}

/// What a pattern matches, in the order the loader writes.
pub(super) struct Expansion {
    pub(super) matches: Vec<Match>,
    /// Not everything could be looked at.
    pub(super) cut: bool,
}

/// Expands patterns, each once.
pub(super) struct Expander<'a> {
    engine: Engine,
    keys: &'a KeyTree<'a>,
    known: HashMap<Vec<u8>, Rc<Expansion>>,
    left: Cell<usize>,
}

impl<'a> Expander<'a> {
    pub(super) fn new(engine: Engine, keys: &'a KeyTree<'a>) -> Self {
        Self {
            engine,
            keys,
            known: HashMap::new(),
            left: Cell::new(BUDGET),
        }
    }

    /// Nothing is known of the keys, so nothing can be matched.
    pub(super) fn is_blind(&self) -> bool {
        self.keys.is_unknown()
    }

    /// The keys a pattern matches now.
    pub(super) fn expand(&mut self, pattern: &[u8]) -> Rc<Expansion> {
        match self.known.entry(pattern.to_vec()) {
            Entry::Occupied(known) => Rc::clone(known.get()),
            Entry::Vacant(place) => {
                let walk = Walk {
                    engine: self.engine,
                    keys: self.keys,
                    left: &self.left,
                };
                Rc::clone(place.insert(Rc::new(walk.expansion(pattern))))
            }
        }
    }
}

/// One pattern on its way through the tree.
struct Walk<'a> {
    engine: Engine,
    keys: &'a KeyTree<'a>,
    left: &'a Cell<usize>,
}

impl Walk<'_> {
    fn expansion(&self, pattern: &[u8]) -> Expansion {
        let mut texts = Vec::new();
        let mut cut = false;
        // systemd asks for braces, procps does not; neither calls braces alone a pattern.
        if self.engine == Engine::Systemd {
            match brace::expand(pattern) {
                Ok(None) => {}
                Ok(Some(alternatives)) => {
                    for alternative in &alternatives {
                        texts.extend(self.walk(alternative));
                    }
                }
                Err(brace::TooMany) => cut = true,
            }
        }
        if texts.is_empty() && !cut {
            texts = self.walk(pattern);
        }
        if self.engine == Engine::Procps {
            texts.sort_unstable();
        }
        let matches = texts
            .into_iter()
            .filter_map(|text| match followed(&text, self.keys) {
                Target::Key(path) => Some(Match {
                    key: dotted(&path).into(),
                    path,
                    text,
                }),
                _ => None,
            })
            .collect();
        cut |= self.left.get() == 0;
        Expansion { matches, cut }
    }

    /// Every name that is there and matches, part by part.
    fn walk(&self, pattern: &[u8]) -> Vec<Vec<u8>> {
        // A slash at the end marks folders among what matches, and lets everything else match as well.
        let slashes = pattern.iter().rev().take_while(|byte| **byte == b'/');
        let end = pattern.len().saturating_sub(slashes.count());
        let pattern = pattern.get(..end).unwrap_or_default();
        let parts: Vec<&[u8]> = pattern.split(|byte| *byte == b'/').collect();
        let mut found: Vec<Vec<u8>> = vec![Vec::new()];
        for (at, part) in parts.iter().enumerate() {
            let last = at + 1 == parts.len();
            let mut next = Vec::new();
            for folder in &found {
                let joined = |name: &[u8]| match at {
                    0 => name.to_vec(),
                    _ => [folder.as_slice(), b"/", name].concat(),
                };
                if wildcard::is_magic(part) {
                    let Some(path) = key::folder(folder, self.keys) else {
                        continue;
                    };
                    let children = self.keys.children(&path);
                    let names = self.matching(part, &children, !last);
                    next.extend(names.into_iter().map(|name| joined(name.as_bytes())));
                } else {
                    // Whether it is there shows at the end of the path.
                    next.push(joined(&wildcard::unescaped(part)));
                }
            }
            found = next;
        }
        found
    }

    /// The matching names in the order the engine's glob(3) finds them.
    fn matching(&self, part: &[u8], children: &Children, folders: bool) -> Vec<String> {
        let cost = children.len().saturating_mul(1 + part.len() / 8);
        let left = self.left.get().saturating_sub(cost);
        self.left.set(left);
        if left == 0 {
            return Vec::new();
        }
        let names: Vec<String> = children
            .iter()
            .filter(|(name, folder)| {
                (*folder || !folders) && wildcard::matches(part, name.as_bytes())
            })
            .map(|(name, _)| name.clone())
            .collect();
        match self.engine {
            Engine::Systemd => newest_block_first(names),
            Engine::Procps => names,
        }
    }
}

fn newest_block_first(names: Vec<String>) -> Vec<String> {
    if names.len() <= FIRST_BLOCK {
        return names;
    }
    let mut blocks: Vec<Vec<String>> = Vec::new();
    let mut size = FIRST_BLOCK;
    let mut rest = names.into_iter();
    loop {
        let block: Vec<String> = rest.by_ref().take(size).collect();
        if block.is_empty() {
            break;
        }
        blocks.push(block);
        size *= 2;
    }
    blocks.into_iter().rev().flatten().collect()
}
