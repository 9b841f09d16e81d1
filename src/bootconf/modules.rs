//! The modules that are there when the files are loaded.
//!
//! systemd-modules-load runs before systemd-sysctl, the `kmod` script before `procps`: modules-load.d(5),
//! modules(5). What loads modules later (a packet filter, a container runtime) brings its keys too late.

use std::collections::BTreeSet;

use super::tree::{Entry, Tree};
use crate::fact::boot::Engine;

/// The folders in the order of precedence: a name in the first hides it in the others.
const FOLDERS: [&str; 4] = [
    "/etc/modules-load.d",
    "/run/modules-load.d",
    "/usr/local/lib/modules-load.d",
    "/usr/lib/modules-load.d",
];

/// Longer lists are read up to here.
const LIMIT: usize = 1 << 20;

/// Beginnings of the names of modules that load another one with them.
const BRINGS: [(&str, &[&str]); 2] = [
    (
        "nf_conntrack",
        &[
            "nf_conntrack_",
            "nf_nat",
            "nft_ct",
            "nft_nat",
            "nft_masq",
            "nft_redir",
            "xt_conntrack",
            "xt_nat",
            "xt_MASQUERADE",
            "iptable_nat",
            "ip6table_nat",
            "ip_vs",
            "openvswitch",
        ],
    ),
    ("ip_vs", &["ip_vs_"]),
];

/// The names of the modules that are loaded before the files are, with `_` for every `-`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Modules {
    names: BTreeSet<String>,
}

impl Modules {
    /// Reads the lists of a tree and of the kernel command line (`modules_load=`).
    pub fn read(tree: &dyn Tree, engine: Engine, cmdline: Option<&[u8]>) -> Self {
        let mut modules = Self::default();
        let mut seen: BTreeSet<Vec<u8>> = BTreeSet::new();
        for folder in FOLDERS {
            let mut names = tree.list(folder).unwrap_or_default();
            names.sort();
            for name in names {
                let list = name.ends_with(b".conf") && !name.starts_with(b".");
                if list && seen.insert(name.clone()) {
                    modules.add_file(tree, folder, &name);
                }
            }
        }
        if engine == Engine::Procps {
            // The init script of kmod reads it; systemd only through Debian's link to it.
            modules.add_file(tree, "/etc", b"modules");
        }
        let cmdline = String::from_utf8_lossy(cmdline.unwrap_or_default());
        for word in cmdline.split_ascii_whitespace() {
            let Some((name, list)) = word.split_once('=') else {
                continue;
            };
            let name = name.strip_prefix("rd.").unwrap_or(name);
            if matches!(name, "modules_load" | "modules-load") {
                let list = list.trim_matches('"');
                modules.names.extend(list.split(',').map(plain));
            }
        }
        modules
    }

    fn add_file(&mut self, tree: &dyn Tree, folder: &str, name: &[u8]) {
        if tree.entry(folder, name) != Some(Entry::File) {
            return;
        }
        let Ok((bytes, _)) = tree.read(folder, name, LIMIT) else {
            return;
        };
        for line in String::from_utf8_lossy(&bytes).lines() {
            let line = line.trim();
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            // Debian's /etc/modules may hold options behind the name.
            if let Some(module) = line.split_ascii_whitespace().next() {
                self.names.insert(plain(module));
            }
        }
    }

    /// Whether a module is in a list, by its own name or through one that needs it.
    pub fn has(&self, module: &str) -> bool {
        let brings = BRINGS
            .iter()
            .find(|(brought, _)| *brought == module)
            .map_or(&[][..], |(_, by)| *by);
        self.names.contains(module)
            || self
                .names
                .iter()
                .any(|name| brings.iter().any(|start| name.starts_with(start)))
    }
}

/// The kernel takes `-` and `_` in names of modules for the same.
fn plain(name: &str) -> String {
    name.replace('-', "_")
}

#[cfg(test)]
#[path = "modules_tests.rs"]
mod tests;
