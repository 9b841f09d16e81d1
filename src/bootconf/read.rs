//! From a file tree to what follows: two loaders over one kernel.

use std::collections::{BTreeMap, BTreeSet};

use super::forecast::{Absent, After, Ground};
use super::load::{Load, load};
use super::modules::Modules;
use super::tree::{Keys, Tree};
use crate::catalog::{find, module_of, path};
use crate::fact::boot::{Boot, BootSetting, Definition, Engine, Fate, Forecast, Outcome, Place};
use crate::fact::{KernelVersion, Value};

/// What is known besides the files.
pub struct Request<'a> {
    /// The loader of the next boot.
    pub engine: Engine,
    /// How that was found out, a phrase.
    pub decided: String,
    /// The kernel command line of the next boot.
    pub cmdline: Option<&'a [u8]>,
    /// The kernel of the next boot.
    pub kernel: Option<KernelVersion>,
    /// The value a key has now.
    pub live: &'a dyn Fn(&str) -> Option<Value>,
    /// The value a key has at boot before any file, that is the kernel's own default.
    pub default: &'a dyn Fn(&str) -> Option<Value>,
    /// Whether the kernel has an algorithm or would load it, by the key that names it: see
    /// [`crate::catalog::Beside::available`].
    pub available: &'a dyn Fn(&str, &str) -> Option<bool>,
    /// Whether a module (`nf_conntrack`) is built into the kernel: it is in `modules.builtin`, or its keys
    /// are there while `/proc/modules` does not have it. `None` when that is not known.
    pub builtin: &'a dyn Fn(&str) -> Option<bool>,
    /// Why the files say nothing of the next boot: "no init system is seen here …".
    pub opaque: Option<String>,
}

/// Reads the boot configuration of a tree: every definition and what becomes of it, and for each key the
/// value after the next boot and the one `sysctl --system` would leave now.
pub fn read(tree: &dyn Tree, keys: &dyn Keys, request: &Request) -> Boot {
    let boot = load(tree, keys, request.engine, request.cmdline);
    let now = if request.engine == Engine::Procps && request.cmdline.is_none() {
        boot.clone()
    } else {
        load(tree, keys, Engine::Procps, None)
    };
    let modules = Modules::read(tree, request.engine, request.cmdline);

    let absent_at_boot = |key: &str| absent(key, keys, request, &modules);
    let next = Ground {
        before: request.default,
        available: request.available,
        absent: &absent_at_boot,
        kernel: request.kernel.as_ref(),
        keys,
        boot: true,
    };
    let next = After::of(&boot, &next);
    let present = |_: &str| None;
    let system = Ground {
        before: request.live,
        available: request.available,
        absent: &present,
        kernel: request.kernel.as_ref(),
        keys,
        boot: false,
    };
    let system = After::of(&now, &system);
    joined(boot, &now, &next, &system, request)
}

/// Why a key is not there when the files are loaded.
fn absent(key: &str, keys: &dyn Keys, request: &Request, modules: &Modules) -> Option<Absent> {
    if let Some(module) = module_of(key) {
        let builtin = (request.builtin)(module);
        if builtin == Some(true) || modules.has(module) {
            return None;
        }
        let (certain, why) = match builtin {
            Some(_) => (true, format!("module {module} is not loaded at that time")),
            None => (
                false,
                format!("module {module} may not be loaded at that time"),
            ),
        };
        return Some(Absent { why, certain });
    }
    // Of a tree without keys, the release tells what was removed.
    let told = path(key).is_none_or(|path| keys.exists(&path).is_some());
    let removed = find(key)?.removed_in?;
    let gone = request
        .kernel
        .as_ref()
        .is_some_and(|kernel| removed.is_in(kernel));
    (gone && !told).then(|| Absent {
        why: format!("no such key on this kernel: removed in {removed}"),
        certain: true,
    })
}

/// Both loaders in one.
fn joined(boot: Load, now: &Load, next: &After, system: &After, request: &Request) -> Boot {
    let mut definitions = boot.definitions;
    let unreadable = boot.unreadable;
    let index = placed(&mut definitions, &now.definitions);
    let place = |at: usize| {
        definitions
            .get(at)
            .map(|definition| definition.place.clone())
    };

    let mut names: BTreeSet<&String> = boot.claims.keys().collect();
    names.extend(now.claims.keys());
    names.extend(next.keys().chain(system.keys()));
    let mut overall: BTreeMap<usize, Outcome> = BTreeMap::new();
    let mut settings = BTreeMap::new();
    for key in names {
        let mut claims = Vec::new();
        for (at, given) in boot.claims.get(key).into_iter().flatten() {
            let outcome = next.outcome(key, *at, given, &place);
            let whole = overall.entry(*at).or_insert_with(|| outcome.clone());
            // Of a pattern, the best that happens to any of its keys.
            if (outcome.fate, &outcome.by) < (whole.fate, &whole.by) {
                whole.clone_from(&outcome);
            }
            claims.push((*at, outcome));
        }
        let (next_boot, set_by) = next.forecast(key);
        let (system_now, system_by) = system.forecast(key);
        let next_boot = clouded(next_boot, set_by, &definitions, &unreadable);
        let system_now = clouded(system_now, system_by, &now.definitions, &now.unreadable);
        let next_boot = request
            .opaque
            .as_ref()
            .map_or(next_boot, |why| Forecast::Unknown(why.clone()));
        settings.insert(
            key.clone(),
            BootSetting {
                next_boot,
                set_by,
                system_now,
                system_by: system_by.and_then(|at| index.get(at).copied()),
                claims,
            },
        );
    }
    for (at, outcome) in overall {
        if let Some(definition) = definitions.get_mut(at) {
            definition.outcome = outcome;
        }
    }
    Boot {
        engine: request.engine,
        decided: request.decided.clone(),
        definitions,
        settings,
        writers: Vec::new(),
        notes: boot.notes,
    }
}

/// A file that the loader reads and this reading could not may set any key, unless a later file does.
fn clouded(
    forecast: Forecast,
    by: Option<usize>,
    definitions: &[Definition],
    unreadable: &[Place],
) -> Forecast {
    let winner = by.and_then(|at| definitions.get(at));
    let may_be_later = |place: &&Place| {
        winner.is_none_or(|winner| order(&winner.place.file) <= order(&place.file))
    };
    match unreadable.iter().find(may_be_later) {
        Some(place) => {
            Forecast::Unknown(format!("{} may set it, and could not be read", place.file))
        }
        None => forecast,
    }
}

/// What files are read in the order of: the command line, then by bare name, and `/etc/sysctl.conf` itself
/// last.
fn order(file: &str) -> (u8, &str) {
    match file {
        "/proc/cmdline" => (0, ""),
        "/etc/sysctl.conf" => (2, ""),
        _ => (1, file.rsplit('/').next().unwrap_or(file)),
    }
}

/// For each definition of the other loader its index among the definitions of the boot loader; one that
/// this loader does not even know is put behind them.
fn placed(definitions: &mut Vec<Definition>, others: &[Definition]) -> Vec<usize> {
    let mut by_place: BTreeMap<(Place, String), usize> = BTreeMap::new();
    let mut by_line: BTreeMap<Place, usize> = BTreeMap::new();
    for (at, definition) in definitions.iter().enumerate() {
        let place = definition.place.clone();
        by_line.entry(place.clone()).or_insert(at);
        by_place
            .entry((place, definition.key.clone()))
            .or_insert(at);
    }
    others
        .iter()
        .map(|other| {
            let same = (other.place.clone(), other.key.clone());
            let found = by_place.get(&same).or_else(|| by_line.get(&other.place));
            found.copied().unwrap_or_else(|| {
                definitions.push(Definition {
                    outcome: Outcome {
                        fate: Fate::Ignored,
                        by: None,
                        why: Some("the loader of the next boot does not read it".to_owned()),
                    },
                    unread: true,
                    ..other.clone()
                });
                definitions.len() - 1
            })
        })
        .collect()
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
