//! Loops of Ansible: one task for each item of a list, which may stand elsewhere in the file.

use std::collections::HashMap;

use super::node::{Node, Scalar};
use super::record::{self, Field};
use super::walk::Walk;
use super::{field, oneline};
use crate::assign::written;

/// Lists of scalars by the names of their fields.
pub(super) type Lists<'t> = HashMap<&'t str, List>;

/// A list, and how often it is gone through at most.
pub(super) struct List {
    items: Vec<Scalar>,
    left: usize,
}

/// So many loops over one list; nobody writes more.
const LOOPS: usize = 16;

/// The lists of a tree that hold keys.
pub(super) fn lists<'t>(text: &'t str, parts: &[Node]) -> Lists<'t> {
    let mut lists = Lists::new();
    // Without a loop over a variable nobody asks.
    if text.contains("{{") {
        for part in parts {
            gather(text, part, &mut lists);
        }
    }
    lists
}

fn gather<'t>(text: &'t str, node: &Node, lists: &mut Lists<'t>) {
    match node {
        Node::Empty | Node::Scalar(_) => {}
        Node::Seq(items) => {
            for item in items {
                gather(text, item, lists);
            }
        }
        Node::Map(entries) => {
            for entry in entries {
                if let (Some(key), Node::Seq(items)) = (&entry.key, &entry.value)
                    && let scalars = scalars(items)
                    && scalars
                        .iter()
                        .any(|scalar| written::may_hold_key(scalar.raw(text)))
                {
                    lists.entry(key.raw(text).trim()).or_insert(List {
                        items: scalars,
                        left: LOOPS,
                    });
                } else {
                    gather(text, &entry.value, lists);
                }
            }
        }
    }
}

fn scalars(items: &[Node]) -> Vec<Scalar> {
    let scalar = |item: &Node| match item {
        Node::Scalar(scalar) => Some(*scalar),
        _ => None,
    };
    items.iter().filter_map(scalar).collect()
}

/// The name in `{{ name }}`, `{{ name | unique }}`.
fn variable(text: &str) -> Option<&str> {
    let inner = text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    Some(inner.split('|').next()?.trim())
}

impl Walk<'_> {
    /// The items of a list, or of the one that a variable names.
    fn items(&mut self, node: &Node) -> Vec<Scalar> {
        match node {
            Node::Seq(items) => scalars(items),
            Node::Scalar(scalar) => {
                let list = variable(scalar.raw(self.text))
                    .and_then(|name| self.lists.get_mut(name))
                    .filter(|list| list.left > 0);
                list.map_or_else(Vec::new, |list| {
                    list.left -= 1;
                    list.items.clone()
                })
            }
            _ => Vec::new(),
        }
    }

    /// A task that takes keys away.
    pub(super) fn clears(&self, (name, node): &Field<'_>) -> bool {
        if !field::is_module(name.raw(self.text)) {
            return false;
        }
        match node {
            Node::Map(entries) => self.is_gone(&record::fields(entries)),
            Node::Scalar(scalar) => oneline::words(scalar.raw(self.text))
                .iter()
                .any(|word| field::is_state(word.name) && field::is_gone(word.value)),
            _ => false,
        }
    }

    /// A task whose key is the item of a loop over keys.
    pub(super) fn looped(&mut self, fields: &[Field<'_>]) {
        let Some((value, value_at)) = fields.iter().find_map(|field| self.item_value(field)) else {
            return;
        };
        let lists = fields
            .iter()
            .filter(|field| field::is_loop(field.0.raw(self.text)));
        for (_, node) in lists {
            for scalar in self.items(node) {
                if let Some((at, written)) = self.key_of(&scalar) {
                    self.say((at, value_at), written, &value, scalar.trail);
                }
            }
        }
    }

    /// The value that a task gives to each item.
    fn item_value(&self, field: &Field<'_>) -> Option<(String, usize)> {
        let is_item = |name: &str| {
            let inner = name.trim().strip_prefix("{{")?.strip_suffix("}}")?.trim();
            (inner == "item" || inner.ends_with("_item")).then_some(())
        };
        if !field::is_module(field.0.raw(self.text)) {
            return None;
        }
        match field.1 {
            Node::Scalar(scalar) => {
                let said = scalar.said(self.text);
                let words = oneline::words(&said.text);
                let named = |names: [&str; 2]| words.iter().find(|word| names.contains(&word.name));
                is_item(named(["name", "key"])?.value)?;
                let value = named(["value", "val"])?;
                Some((value.value.trim().to_owned(), said.source(value.at)))
            }
            Node::Map(entries) => {
                let fields = record::fields(entries);
                if self.is_gone(&fields) {
                    return None;
                }
                fields.iter().find_map(|(_, node)| match node {
                    Node::Scalar(scalar) => is_item(scalar.raw(self.text)),
                    _ => None,
                })?;
                let value = self.value_field(&fields)?.first()?;
                let said = value.said(self.text).text;
                is_item(&said).is_none().then_some((said, value.start))
            }
            _ => None,
        }
    }
}
