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

    pub(super) fn has_children(&self, folder: &str) -> bool {
        !self.children(folder).is_empty()
    }

    /// Nothing is known of the keys of this kernel.
    pub(super) fn is_unknown(&self) -> bool {
        !self.has_children("") && !self.has_children("net")
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

    /// Whether the parts of an absolute path, `/proc/sys` first, lead to a folder.
    pub(super) fn is_folder(&self, parts: &[&[u8]]) -> bool {
        let below: Vec<&str> = parts
            .iter()
            .skip(2)
            .filter_map(|part| std::str::from_utf8(part).ok())
            .collect();
        let Some((name, parent)) = below.split_last() else {
            return true;
        };
        self.children(&parent.join("/"))
            .iter()
            .any(|(child, folder)| child == name && *folder)
    }
}
