//! What a kernel has built in and what it could load: lists that stand beside the kernel.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::path::Path;

use super::errno::io_name;
use super::file;
use super::sysctls::Sysctls;
use crate::bootconf::{Entry, Tree};
use crate::fact::Value;

/// `modules.dep` of a distribution has less than 1 MiB.
const LIMIT: usize = 16 * 1024 * 1024;

/// Settings that are there exactly when a module is, by its name.
const MARKS: [(&str, &str); 6] = [
    ("br_netfilter", "net/bridge"),
    ("ip_vs", "net/ipv4/vs"),
    ("mpls_router", "net/mpls"),
    ("nf_conntrack", "net/netfilter/nf_conntrack_max"),
    ("sctp", "net/sctp"),
    ("sunrpc", "sunrpc"),
];

/// Queueing disciplines that no kernel is without (`pktsched_init` in `net/sched/sch_api.c`).
const QUEUES: [&str; 4] = ["pfifo", "bfifo", "pfifo_fast", "mq"];

/// The modules of one kernel, looked up when somebody asks.
pub(super) struct KernelModules<'a> {
    pub(super) tree: &'a dyn Tree,
    pub(super) proc: &'a Path,
    /// It is the running kernel: what is not in its `/proc` is not there.
    pub(super) running: bool,
    pub(super) sysctls: &'a Sysctls,
    pub(super) release: Option<&'a str>,
    pub(super) loadable: OnceCell<Option<BTreeSet<String>>>,
    pub(super) built_in: OnceCell<Option<BTreeSet<String>>>,
    pub(super) loaded: OnceCell<Loaded>,
}

/// The modules that are loaded.
#[derive(Debug)]
pub(super) enum Loaded {
    These(BTreeSet<String>),
    /// The kernel has no module support at all.
    Never,
    NotKnown,
}

impl KernelModules<'_> {
    /// Whether the algorithm that a key names is there or would be loaded at its first use.
    pub(super) fn available(&self, key: &str, name: &str) -> Option<bool> {
        let (listed, module) = match key {
            "net.core.default_qdisc" => (QUEUES.contains(&name), format!("sch_{name}")),
            "net.ipv4.tcp_congestion_control" => {
                let list = self
                    .sysctls
                    .read("net.ipv4.tcp_available_congestion_control");
                let has = |value: &Value| match value {
                    Value::Words(words) => words.iter().any(|word| word == name),
                    _ => false,
                };
                (list.value().is_some_and(has), format!("tcp_{name}"))
            }
            _ => return None,
        };
        let in_use = self.sysctls.read(key).value() == Some(&Value::Text(name.to_owned()));
        if listed || in_use {
            return Some(true);
        }
        let lists = [self.loadable(), self.built_in()];
        if lists.iter().flatten().any(|list| list.contains(&module)) {
            return Some(true);
        }
        match lists {
            [Some(_), Some(_)] => Some(false),
            // All that such a kernel has is there; congestion controls are listed whole.
            _ if matches!(self.loaded(), Loaded::Never) && key.starts_with("net.ipv4") => {
                Some(false)
            }
            _ => None,
        }
    }

    /// Whether a module is part of the kernel itself.
    pub(super) fn is_built_in(&self, module: &str) -> Option<bool> {
        let named = self.built_in().is_some_and(|list| list.contains(module));
        if named || matches!(self.loaded(), Loaded::Never) {
            return Some(true);
        }
        let mark = MARKS.iter().find(|(name, _)| *name == module);
        let here = mark.and_then(|(_, path)| self.sysctls.exists(path));
        match (here, self.loaded()) {
            (_, Loaded::These(list)) if list.contains(module) => Some(false),
            (Some(true), Loaded::These(_)) => Some(true),
            _ => self.built_in().map(|_| false),
        }
    }

    fn loadable(&self) -> Option<&BTreeSet<String>> {
        let list = || self.list("modules.dep");
        self.loadable.get_or_init(list).as_ref()
    }

    fn built_in(&self) -> Option<&BTreeSet<String>> {
        let list = || self.list("modules.builtin");
        self.built_in.get_or_init(list).as_ref()
    }

    /// The names in a list of depmod(8).
    fn list(&self, name: &str) -> Option<BTreeSet<String>> {
        let release = self.release.filter(|release| !release.contains('/'))?;
        ["/usr/lib/modules", "/lib/modules"]
            .iter()
            .find_map(|folder| {
                let folder = format!("{folder}/{release}");
                if self.tree.entry(&folder, name.as_bytes()) != Some(Entry::File) {
                    return None;
                }
                let (bytes, _) = self.tree.read(&folder, name.as_bytes(), LIMIT).ok()?;
                Some(names(&String::from_utf8_lossy(&bytes)))
            })
    }

    fn loaded(&self) -> &Loaded {
        self.loaded
            .get_or_init(|| match file::text(&self.proc.join("modules")) {
                Ok(text) => {
                    let first = |line: &str| line.split(' ').next().map(str::to_owned);
                    Loaded::These(text.lines().filter_map(first).collect())
                }
                // Without CONFIG_MODULES there is no such file.
                Err(error) if self.running && io_name(&error) == "ENOENT" => Loaded::Never,
                Err(_) => Loaded::NotKnown,
            })
    }
}

/// The names of the modules at the beginning of each line: `kernel/net/ipv4/tcp_bbr.ko.xz: …`.
fn names(text: &str) -> BTreeSet<String> {
    let name = |line: &str| {
        let path = line.split(':').next()?;
        let (_, file) = path.rsplit_once('/')?;
        let (name, _) = file.split_once(".ko")?;
        Some(name.replace('-', "_"))
    };
    text.lines().filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::boot_tree::BootTree;
    use super::*;

    /// A tree with lists of modules and a recorded `/proc`.
    fn asked<T>(modules: &str, ask: impl FnOnce(&KernelModules<'_>) -> T) -> T {
        let root = tempfile::tempdir().unwrap();
        let lists = root.path().join("lib/modules/6.1.0");
        fs::create_dir_all(&lists).unwrap();
        let loadable = "kernel/net/ipv4/tcp_bbr.ko.xz:\nkernel/net/sched/sch-fq.ko: kernel/x.ko\n";
        fs::write(lists.join("modules.dep"), loadable).unwrap();
        fs::write(lists.join("modules.builtin"), "kernel/net/sctp/sctp.ko\n").unwrap();
        let proc = root.path().join("proc");
        let ipv4 = proc.join("sys/net/ipv4");
        fs::create_dir_all(proc.join("sys/net/bridge")).unwrap();
        fs::create_dir_all(proc.join("sys/net/mpls")).unwrap();
        fs::create_dir_all(&ipv4).unwrap();
        fs::write(
            ipv4.join("tcp_available_congestion_control"),
            "reno cubic\n",
        )
        .unwrap();
        fs::write(ipv4.join("tcp_congestion_control"), "dctcp\n").unwrap();
        fs::write(proc.join("modules"), modules).unwrap();
        let tree = BootTree::open(root.path()).unwrap();
        let sysctls = Sysctls::open(&proc);
        ask(&KernelModules {
            tree: &tree,
            proc: &proc,
            running: false,
            sysctls: &sysctls,
            release: Some("6.1.0"),
            loadable: OnceCell::new(),
            built_in: OnceCell::new(),
            loaded: OnceCell::new(),
        })
    }

    #[test]
    fn an_algorithm_is_there_when_it_is_listed_used_or_can_be_loaded() {
        let key = "net.ipv4.tcp_congestion_control";
        for (name, there) in [
            ("cubic", true),
            ("dctcp", true),
            ("bbr", true),
            ("bbt", false),
        ] {
            let told = asked("", |modules| modules.available(key, name));
            assert_eq!(told, Some(there), "{name}");
        }
        let queue = |name| {
            asked("", |modules| {
                modules.available("net.core.default_qdisc", name)
            })
        };
        assert_eq!(queue("fq"), Some(true));
        assert_eq!(queue("pfifo_fast"), Some(true));
        assert_eq!(queue("fq_codle"), Some(false));
    }

    #[test]
    fn a_module_whose_keys_are_there_and_that_is_not_loaded_is_built_in() {
        let loaded = "br_netfilter 32768 0 - Live 0x0\n";
        let built_in = |name| asked(loaded, |modules| modules.is_built_in(name));
        assert_eq!(built_in("br_netfilter"), Some(false));
        assert_eq!(built_in("mpls_router"), Some(true));
        assert_eq!(built_in("sctp"), Some(true));
        assert_eq!(built_in("nf_conntrack"), Some(false));
    }

    #[test]
    fn without_lists_nothing_is_claimed() {
        let tree = BootTree::open(Path::new("/nonexistent"));
        assert!(tree.is_err());
        let empty = tempfile::tempdir().unwrap();
        let tree = BootTree::open(empty.path()).unwrap();
        let sysctls = Sysctls::open(empty.path());
        let modules = KernelModules {
            tree: &tree,
            proc: empty.path(),
            running: false,
            sysctls: &sysctls,
            release: None,
            loadable: OnceCell::new(),
            built_in: OnceCell::new(),
            loaded: OnceCell::new(),
        };
        assert_eq!(modules.is_built_in("nf_conntrack"), None);
        assert_eq!(modules.available("net.core.default_qdisc", "cake"), None);
        assert_eq!(modules.available("net.ipv4.tcp_sack", "1"), None);
    }
}
