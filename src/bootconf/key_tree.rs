//! The keys that exist, each folder listed once.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::tree::Keys;

/// The names in a folder, sorted by bytes as the kernel lists them, each with the word whether it is a
/// folder.
pub(super) type Children = Rc<[(String, bool)]>;

/// [`Keys`] with a memory.
pub(super) struct KeyTree<'a> {
    keys: &'a dyn Keys,
    listed: RefCell<HashMap<String, Children>>,
}

impl<'a> KeyTree<'a> {
    pub(super) fn new(keys: &'a dyn Keys) -> Self {
        Self {
            keys,
            listed: RefCell::default(),
        }
    }

    pub(super) fn exists(&self, path: &str) -> Option<bool> {
        self.keys.exists(path)
    }

    /// Nothing is known of the keys of this kernel.
    pub(super) fn is_unknown(&self) -> bool {
        self.children("").is_empty() && self.children("net").is_empty()
    }

    /// Whether a path is a folder of keys. Goes down from the root, so that a name that is not there is
    /// looked for in what is known already.
    pub(super) fn is_folder(&self, path: &str) -> bool {
        let mut start = 0;
        for part in path.split('/') {
            let parent = path.get(..start.max(1) - 1).unwrap_or_default();
            if !self.has_folder(parent, part) {
                return false;
            }
            start += part.len() + 1;
        }
        true
    }

    fn has_folder(&self, parent: &str, name: &str) -> bool {
        self.children(parent)
            .binary_search_by(|(child, folder)| (child.as_str(), *folder).cmp(&(name, true)))
            .is_ok()
    }

    pub(super) fn children(&self, folder: &str) -> Children {
        if let Some(known) = self.listed.borrow().get(folder) {
            return Rc::clone(known);
        }
        let mut children = self.keys.children(folder);
        children.sort_unstable();
        let children: Children = children.into();
        self.listed
            .borrow_mut()
            .insert(folder.to_owned(), Rc::clone(&children));
        children
    }
}
