//! What a loader makes of a file tree: definitions, the writes they lead to, and who claims which key.

use std::collections::BTreeMap;

use super::expand::Expander;
use super::key_tree::KeyTree;
use super::plan::Plan;
use super::tree::{Keys, Tree};
use super::{gather, outcome, procps, systemd};
use crate::fact::boot::{Definition, Engine, Outcome, Place};

/// One write of a loader to the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedWrite {
    /// The path below `/proc/sys`: `net/ipv4/tcp_sack`.
    pub path: String,
    /// The bytes the loader hands to the kernel, without the line end it adds. Empty for a secret.
    pub value: Vec<u8>,
    /// The definition it comes from: an index into [`Load::definitions`].
    pub definition: usize,
    /// The loader ignores an error of this write.
    pub lenient: bool,
    /// The value is a secret and has been left out.
    pub secret: bool,
}

/// What one loader makes of one file tree, as far as it can be told without the kernel's answers.
///
/// The outcomes assume that the kernel takes every write; whoever knows better corrects them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Load {
    /// The loader.
    pub engine: Engine,
    /// Every definition in the order it is read; those that are not read (masked files too) stand at
    /// the end.
    pub definitions: Vec<Definition>,
    /// The writes, in the order the loader makes them; first those of the kernel command line. A write
    /// to a key that is known not to exist is left out.
    pub writes: Vec<PlannedWrite>,
    /// By canonical dotted key: every definition that names or matches it, in the order of
    /// [`Load::definitions`], and what becomes of it for this key.
    pub claims: BTreeMap<String, Vec<(usize, Outcome)>>,
    /// Files the loader reads and this reading could not, wholly or in part: what they set is not known.
    pub unreadable: Vec<Place>,
    /// What could not be read, and what is odd about a file, one phrase each with its place.
    pub notes: Vec<String>,
}

/// Reads the boot configuration of a tree as one loader does.
///
/// `cmdline` is the kernel command line: its `sysctl.KEY=VALUE` words act before any file.
pub fn load(tree: &dyn Tree, keys: &dyn Keys, engine: Engine, cmdline: Option<&[u8]>) -> Load {
    let keys = KeyTree::new(keys);
    let mut gathered = gather::gather(tree, &keys, engine, cmdline);
    let mut plan = Plan::new(&gathered, Expander::new(engine, &keys));
    plan.kernel();
    match engine {
        Engine::Systemd => systemd::plan(&mut plan),
        Engine::Procps => procps::plan(&mut plan),
    }
    plan.broken();
    plan.asides();
    let writes = plan
        .writes
        .iter()
        .filter_map(|write| {
            let said = gathered.said.get(write.said)?;
            let value = said.value.as_ref().filter(|_| !said.secret);
            Some(PlannedWrite {
                path: write.path.clone(),
                value: value.map_or_else(Vec::new, |value| gathered.bytes(value).to_vec()),
                definition: said.definition,
                lenient: write.lenient,
                secret: said.secret,
            })
        })
        .collect();
    let (claims, outcomes) = outcome::settled(&plan);
    let notes = std::mem::take(&mut plan.notes);
    drop(plan);
    for (definition, outcome) in gathered.definitions.iter_mut().zip(outcomes) {
        definition.outcome = outcome;
    }
    gathered.notes.extend(notes);
    Load {
        engine,
        definitions: gathered.definitions,
        writes,
        claims,
        unreadable: gathered.unreadable,
        notes: gathered.notes,
    }
}
