//! The walk over the tree: which of its parts set a key.

use super::node::{Entry, Node, Scalar};
use super::record::{self, Field, Value};
use super::repeat::Lists;
use super::{camel, field, oneline};
use crate::assign::embed::{self, Hint, Passage};
use crate::assign::spot::Spot;
use crate::assign::written::{self, Written};
use crate::assign::{Flaw, Syntax};

/// What a commented-out command begins with.
const COMMANDS: [&str; 4] = ["sysctl ", "echo ", "sudo ", "printf "];

/// The walk, and what it has found.
pub(super) struct Walk<'t> {
    pub(super) text: &'t str,
    depth: usize,
    /// The text was a comment: only what is nothing but an assignment counts.
    pub(super) commented: bool,
    pub(super) spots: Vec<Spot>,
    /// Lists of keys that a loop may name.
    pub(super) lists: Lists<'t>,
}

/// Where the walk is.
#[derive(Clone, Copy, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each holds on its own, for all that is below"
)]
pub(super) struct Place<'t> {
    /// The field that holds what is walked over.
    field: &'t str,
    /// A field above speaks of sysctls.
    in_sysctl: bool,
    /// A field above says that things are only tested for.
    in_test: bool,
    /// Beside the field stands one that says that the entry is to be gone.
    is_gone: bool,
    /// It goes into a file of sysctls.
    is_conf: bool,
    /// The item stands in a list of words of a command.
    is_word: bool,
    /// Ansible's module sets it.
    is_module: bool,
}

impl<'t> Walk<'t> {
    /// A walk over a text.
    pub(super) fn new(text: &'t str, depth: usize, commented: bool) -> Self {
        Self {
            text,
            depth,
            commented,
            spots: Vec::new(),
            lists: Lists::default(),
        }
    }

    /// Walks over a part that stands at the margin.
    pub(super) fn part(&mut self, node: &Node) {
        self.node(node, Place::default());
    }

    fn node(&mut self, node: &Node, place: Place<'t>) {
        match node {
            Node::Empty => {}
            Node::Scalar(scalar) => self.scalar(scalar, place),
            Node::Map(entries) => self.map(entries, place),
            Node::Seq(items) => self.seq(items, place),
        }
    }

    fn seq(&mut self, items: &[Node], place: Place<'t>) {
        if let Some(record) = record::listed(items).and_then(|fields| self.record(&fields)) {
            self.set(record.key_at, record.written, record.value);
            return;
        }
        if let [Node::Scalar(first), rest @ ..] = items
            && let Some((at, written)) = self.key_of(first)
            && let [Node::Scalar(second)] = rest
            && second
                .raw(self.text)
                .split_whitespace()
                .all(written::is_numeric)
        {
            self.set(at, written, Value::One(second));
            return;
        }
        let mut place = place;
        for item in items {
            if let Node::Scalar(scalar) = item {
                let raw = scalar.raw(self.text);
                place.is_word |=
                    matches!(raw, "-w" | "--write" | "--sysctl") || raw.ends_with("sysctl");
            }
            self.node(item, place);
        }
    }

    fn map(&mut self, entries: &[Entry], place: Place<'t>) {
        let fields = record::fields(entries);
        let mut place = place;
        place.is_gone |= self.is_gone(&fields);
        // Below a task of the module: its arguments, and what it loops over.
        let is_module = |field: &Field<'_>| field::is_module(field.0.raw(self.text));
        place.is_module |= field::is_module(place.field) || fields.iter().any(is_module);
        place.is_conf |= self.goes_into_conf(&fields);
        let record = self.record(&fields).filter(|_| !place.in_test);
        let value = record
            .as_ref()
            .and_then(|record| record.value.first().copied());
        let key_at = record.as_ref().map(|record| record.key_at);
        let first = self.spots.len();
        if let Some(record) = record {
            self.set(record.key_at, record.written, record.value);
        }
        self.looped(&fields);
        if place.is_module {
            self.switched(first);
        }
        let is_cleared = fields.iter().any(|field| self.clears(field));
        for entry in entries {
            let is_loop = |key: &Scalar| field::is_loop(key.raw(self.text));
            if is_cleared && entry.key.as_ref().is_some_and(is_loop) {
                continue;
            }
            if let Node::Scalar(scalar) = &entry.value {
                let is_done = value.is_some_and(|value| value.start == scalar.start)
                    || key_at.is_some_and(|at| at >= scalar.start && at <= scalar.end);
                if is_done {
                    continue;
                }
            }
            match &entry.key {
                Some(key) => self.entry(key, &entry.value, place),
                None => self.node(&entry.value, place),
            }
        }
    }

    fn entry(&mut self, key: &Scalar, value: &Node, place: Place<'t>) {
        let name = key.raw(self.text).trim();
        let below = Place {
            field: name,
            in_sysctl: place.in_sysctl || field::is_sysctl(name),
            in_test: place.in_test || field::is_test(name),
            is_gone: place.is_gone,
            is_conf: place.is_conf || (name.contains(".conf") && field::is_sysctl(name)),
            is_word: false,
            is_module: place.is_module,
        };
        if let Some((at, written)) = self.key_of(key) {
            let counts = place.in_sysctl || written::is_kernels(&written.key);
            if counts && !place.in_test {
                self.keyed(at, written, value, below);
            }
            return;
        }
        if place.in_sysctl
            && let Some(camel) = camel::key(name)
            && let Some(value) = Value::of(value)
        {
            let written = Written {
                key: camel,
                len: name.len(),
                dynamic: false,
            };
            self.set(key.start, written, value);
            return;
        }
        if name == "net" && place.in_sysctl && matches!(value, Node::Map(_)) {
            self.nested("net", value);
            return;
        }
        if let Node::Scalar(scalar) = value
            && (field::is_module(name) || matches!(name, "action" | "local_action"))
            && self.module(scalar).is_some()
        {
            return;
        }
        self.node(value, below);
    }

    /// A key with what stands behind its colon.
    fn keyed(&mut self, at: usize, written: Written, node: &Node, place: Place<'t>) {
        if let Some(value) = Value::of(node) {
            self.set(at, written, value);
            return;
        }
        match node {
            Node::Map(entries) => {
                let fields = record::fields(entries);
                if self.is_gone(&fields) {
                    return;
                }
                if let Some(value) = self.value_field(&fields).or_else(|| self.salt(&fields)) {
                    self.set(at, written, value);
                } else if fields.iter().any(|field| self.names_state(field)) {
                    self.map(entries, place);
                } else {
                    self.nested(&written.key, node);
                }
            }
            Node::Seq(items) => {
                let fields = record::listed(items);
                if let Some(value) = fields.and_then(|fields| self.value_field(&fields)) {
                    self.set(at, written, value);
                } else {
                    self.seq(items, place);
                }
            }
            Node::Empty | Node::Scalar(_) => {}
        }
    }

    /// `sysctl.present:` of Salt.
    fn names_state(&self, field: &Field<'_>) -> bool {
        field.0.raw(self.text).starts_with("sysctl")
    }

    /// The value below `sysctl.present:`, unless another name stands there.
    fn salt<'n>(&self, fields: &[Field<'n>]) -> Option<Value<'n>> {
        let state = fields.iter().find(|field| self.names_state(field))?;
        let inner = match state.1 {
            Node::Seq(items) => record::listed(items)?,
            Node::Map(entries) => record::fields(entries),
            _ => return None,
        };
        let has_name = inner.iter().any(|field| {
            let is_key = matches!(field.1, Node::Scalar(scalar) if self.key_of(scalar).is_some());
            is_key && field.0.raw(self.text) == "name"
        });
        if has_name {
            return None;
        }
        self.value_field(&inner)
    }

    /// Maps within maps: `net: { core: { somaxconn: 1 } }`.
    fn nested(&mut self, prefix: &str, node: &Node) {
        let Node::Map(entries) = node else {
            return;
        };
        for entry in entries {
            let Some(key) = &entry.key else {
                continue;
            };
            let name = key.raw(self.text).trim();
            let is_name = !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"_-./".contains(&byte));
            if !is_name {
                continue;
            }
            let full = format!("{prefix}.{name}");
            let written = Written {
                len: name.len(),
                dynamic: prefix.contains("{{"),
                key: full,
            };
            let inner = match &entry.value {
                Node::Map(entries) => self.value_field(&record::fields(entries)),
                other => Value::of(other),
            };
            match inner {
                Some(value) if written.key.matches('.').count() > 1 => {
                    self.set(key.start, written, value);
                }
                Some(_) => {}
                None => self.nested(&written.key, &entry.value),
            }
        }
    }

    /// `sysctl: name=… value=…`; `None` where the text is no such thing.
    fn module(&mut self, scalar: &Scalar) -> Option<()> {
        let said = scalar.said(self.text);
        let words = oneline::words(&said.text);
        let named = |names: [&str; 2]| words.iter().find(|word| names.contains(&word.name));
        let name = named(["name", "key"])?;
        let value = named(["value", "val"])?;
        let is_gone = words
            .iter()
            .any(|word| field::is_state(word.name) && field::is_gone(word.value));
        let written = written::whole_key(name.value.trim()).filter(|_| !is_gone);
        if let Some(written) = written {
            let places = (said.source(name.at), said.source(value.at));
            let first = self.spots.len();
            self.say(places, written, value.value.trim(), scalar.trail);
            self.switched(first);
        }
        Some(())
    }

    /// The words that Ansible's module takes for switches, from one spot on.
    fn switched(&mut self, first: usize) {
        for spot in self.spots.iter_mut().skip(first) {
            if let Some(value) = field::switch(&spot.value) {
                value.clone_into(&mut spot.value);
            }
        }
    }

    /// A field beside says that the text goes into a file of sysctls.
    fn goes_into_conf(&self, fields: &[Field<'_>]) -> bool {
        fields.iter().any(|(name, node)| {
            let Node::Scalar(scalar) = node else {
                return false;
            };
            let path = scalar.raw(self.text).trim();
            matches!(
                name.raw(self.text),
                "path" | "dest" | "file" | "filename" | "name"
            ) && path.contains("sysctl")
                && path.contains(".conf")
        })
    }

    /// A text that stands for itself.
    fn scalar(&mut self, scalar: &Scalar, place: Place<'t>) {
        if place.is_gone || place.in_test || field::is_prose(place.field) {
            return;
        }
        let raw = scalar.raw(self.text);
        if !written::may_hold_key(raw) {
            return;
        }
        let is_content = place.is_conf || field::is_content(place.field);
        let is_known = place.field.is_empty() || is_content || place.in_sysctl;
        if self.commented && !is_known && !field::is_command(place.field) {
            return;
        }
        let said = scalar.said(self.text);
        if !is_content && self.pairs(scalar, &said, place) {
            return;
        }
        let starts = |word: &&str| said.text.starts_with(*word);
        if self.commented && place.field.is_empty() && !COMMANDS.iter().any(starts) {
            return;
        }
        let hint = if place.is_conf || field::is_lines(place.field) {
            Hint::Conf
        } else {
            Hint::Any
        };
        let mut found = embed::find(&said, hint, self.depth);
        for spot in &mut found {
            spot.commented |= self.commented;
        }
        self.spots.extend(found);
    }

    /// A text that is nothing but `key=value`, or several with commas.
    fn pairs(&mut self, scalar: &Scalar, said: &Passage, place: Place<'t>) -> bool {
        let text = said.text.as_str();
        if text.trim().contains('\n') {
            return false;
        }
        let mut parts: Vec<(usize, usize)> = Vec::new();
        let mut at = 0;
        for part in text.split(',') {
            let end = at + part.len();
            let body = part.trim_start();
            match parts.last_mut() {
                // A comma within a value, as of reserved ports.
                Some(last) if body.starts_with(|c: char| c.is_ascii_digit()) => last.1 = end,
                _ => parts.push((end - body.len(), end)),
            }
            at = end + 1;
        }
        let mut found = Vec::new();
        for (start, end) in parts {
            let body = text.get(start..end).unwrap_or_default();
            let option = body.strip_prefix("--sysctl=").unwrap_or(body);
            let Some(pair) = written::pair(option) else {
                return false;
            };
            found.push((end - option.len(), pair));
        }
        let first = self.spots.len();
        for (at, pair) in found {
            if place.in_sysctl || written::is_kernels(&pair.written.key) {
                let places = (said.source(at), said.source(at + pair.value_at));
                self.say(places, pair.written, &pair.value, scalar.trail);
            }
        }
        if place.is_word {
            for spot in self.spots.iter_mut().skip(first) {
                spot.syntax = Syntax::Command;
            }
        }
        true
    }

    /// Notes a key whose value is in the tree.
    pub(super) fn set(&mut self, key_at: usize, written: Written, value: Value<'_>) {
        let Some(first) = value.first() else {
            return;
        };
        match value {
            Value::One(scalar) if scalar.is_null(self.text) => {}
            Value::One(scalar) => {
                let said = scalar.said(self.text);
                let lead = said.text.len() - said.text.trim_start().len();
                let places = (key_at, said.source(lead));
                self.say(places, written, &said.text, scalar.trail);
            }
            Value::Many(items) => {
                let words = items.iter().filter_map(|item| match item {
                    Node::Scalar(scalar) => Some(scalar.said(self.text).text),
                    _ => None,
                });
                let joined = words.collect::<Vec<_>>().join(" ");
                self.say((key_at, first.start), written, &joined, None);
            }
        }
    }

    /// Notes an assignment.
    pub(super) fn say(
        &mut self,
        (key_at, value_at): (usize, usize),
        written: Written,
        value: &str,
        trail: Option<(usize, usize)>,
    ) {
        let value = written::collapse(value);
        if self.commented && !written::is_plausible(&value) {
            return;
        }
        let trail = trail.and_then(|(start, end)| self.text.get(start..end));
        let is_quoted =
            |quote| value.len() > 1 && value.starts_with(quote) && value.ends_with(quote);
        self.spots.push(Spot {
            key_at,
            value_at,
            dynamic: written.dynamic || written::is_dynamic(&value) || value.starts_with('*'),
            key: written.key,
            trail: trail.map(str::to_owned),
            commented: self.commented,
            syntax: Syntax::Yaml,
            flaw: (is_quoted('"') || is_quoted('\'')).then_some(Flaw::Quotes),
            value,
        });
    }
}
