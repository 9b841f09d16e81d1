//! Maps that name a key in one field and its value in another.

use super::field;
use super::node::{Entry, Node, Scalar};
use super::walk::Walk;
use crate::assign::written::{self, Written};

/// A value: the nodes it is made of.
#[derive(Clone, Copy)]
pub(super) enum Value<'n> {
    One(&'n Scalar),
    /// Of a list, the items in their order.
    Many(&'n [Node]),
}

impl<'n> Value<'n> {
    /// The value a node holds: a scalar or a list of scalars.
    pub(super) fn of(node: &'n Node) -> Option<Self> {
        match node {
            Node::Scalar(scalar) => Some(Self::One(scalar)),
            Node::Seq(items) if !items.is_empty() => items
                .iter()
                .all(|item| matches!(item, Node::Scalar(_)))
                .then_some(Self::Many(items)),
            _ => None,
        }
    }

    /// Its first scalar.
    pub(super) fn first(self) -> Option<&'n Scalar> {
        match self {
            Self::One(scalar) => Some(scalar),
            Self::Many(items) => match items.first() {
                Some(Node::Scalar(scalar)) => Some(scalar),
                _ => None,
            },
        }
    }
}

/// A field: its name and what it holds.
pub(super) type Field<'n> = (&'n Scalar, &'n Node);

/// The fields of a map.
pub(super) fn fields(entries: &[Entry]) -> Vec<Field<'_>> {
    entries
        .iter()
        .filter_map(|entry| Some((entry.key.as_ref()?, &entry.value)))
        .collect()
}

/// The fields of a list of maps of one entry each, as Salt has them.
pub(super) fn listed(items: &[Node]) -> Option<Vec<Field<'_>>> {
    let mut fields = Vec::new();
    for item in items {
        match item {
            Node::Map(entries) if entries.len() == 1 => {
                let entry = entries.first()?;
                fields.push((entry.key.as_ref()?, &entry.value));
            }
            Node::Scalar(_) => {}
            _ => return None,
        }
    }
    (!fields.is_empty()).then_some(fields)
}

/// What a record sets.
pub(super) struct Record<'n> {
    pub(super) key_at: usize,
    pub(super) written: Written,
    pub(super) value: Value<'n>,
}

impl Walk<'_> {
    /// The record that these fields are.
    pub(super) fn record<'n>(&self, fields: &[Field<'n>]) -> Option<Record<'n>> {
        let (name_at, key_at, written) = fields.iter().enumerate().find_map(|(at, field)| {
            let Node::Scalar(scalar) = field.1 else {
                return None;
            };
            let (key_at, written) = self.key_of(scalar)?;
            (!field::is_value(field.0.raw(self.text))).then_some((at, key_at, written))
        })?;
        if self.is_gone(fields) {
            return None;
        }
        let value = self
            .value_field(fields)
            .or_else(|| self.other_field(fields, name_at))?;
        Some(Record {
            key_at,
            written,
            value,
        })
    }

    /// The key that a scalar is.
    pub(super) fn key_of(&self, scalar: &Scalar) -> Option<(usize, Written)> {
        let raw = scalar.raw(self.text);
        if !written::may_hold_key(raw) || raw.contains('\n') {
            return None;
        }
        let lead = raw.len() - raw.trim_start().len();
        let written = written::whole_key(raw.trim())?;
        Some((scalar.start + lead, written))
    }

    /// The field that holds a value.
    pub(super) fn value_field<'n>(&self, fields: &[Field<'n>]) -> Option<Value<'n>> {
        fields
            .iter()
            .filter(|field| field::is_value(field.0.raw(self.text)))
            .find_map(|field| Value::of(field.1))
    }

    /// Of two fields the other one, if a number or template is in it.
    fn other_field<'n>(&self, fields: &[Field<'n>], name_at: usize) -> Option<Value<'n>> {
        if fields.len() != 2 {
            return None;
        }
        let other = fields.get(1 - name_at.min(1))?;
        if field::is_prose(other.0.raw(self.text)) {
            return None;
        }
        let value = Value::of(other.1)?;
        let raw = value.first()?.raw(self.text);
        let is_number = raw.split_whitespace().all(written::is_numeric) && !raw.trim().is_empty();
        is_number.then_some(value)
    }

    /// The fields say that the entry is to be gone.
    pub(super) fn is_gone(&self, fields: &[Field<'_>]) -> bool {
        fields.iter().any(|(name, node)| {
            let Node::Scalar(scalar) = node else {
                return false;
            };
            field::is_state(name.raw(self.text)) && field::is_gone(scalar.raw(self.text))
        })
    }
}
