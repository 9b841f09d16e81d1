//! The settings of a sample: those that rules ask for, and those that are looked over one by one.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::catalog::{self, KeySpec};
use crate::fact::{Reading, Sample, Value};

use super::collect::{Needs, Source};
use super::defaults::Defaults;
use super::socket_facts;
use super::sysctls::Sysctls;

/// Settings that are read for every report: the note on `tcp_tw_recycle` stands in each, and the
/// derived facts are worked out from the others.
const ALWAYS: [&str; 3] = [
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_tw_recycle",
];

/// How large the buffers of connections may grow.
const BUFFERS: [&str; 2] = ["net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"];

/// The settings that are read for every report, and first, since sockets are held against them.
pub(super) fn unasked(needs: &Needs) -> impl Iterator<Item = &'static str> {
    let capped = socket_facts::CAPPED.iter().any(|fact| needs.any(fact));
    let buffers = capped.then_some(BUFFERS).into_iter().flatten();
    ALWAYS.into_iter().chain(buffers)
}

pub(super) fn asked(sysctls: &Sysctls, needs: &Needs, sample: &mut Sample) {
    match needs {
        Needs::Facts(_) => put(sysctls, needs.keys("sysctl."), sample),
        // What the catalogue knows and the tree lacks is absent, which is worth saying.
        Needs::Everything => {
            let walked = sysctls.walk();
            put(sysctls, walked.iter().map(String::as_str), sample);
            let known = catalog::keys().iter().filter(|spec| !spec.is_pattern());
            put(sysctls, known.map(|spec| spec.key), sample);
        }
    }
}

/// Reads settings that were not read yet.
pub(super) fn put<'k>(sysctls: &Sysctls, keys: impl Iterator<Item = &'k str>, sample: &mut Sample) {
    for key in keys {
        let reading = sample.readings.entry(format!("sysctl.{key}"));
        reading.or_insert_with(|| sysctls.read(key));
    }
}

/// The keys that are held against their defaults though no file names them: some two hundred small reads,
/// shared by whoever has time.
#[derive(Debug)]
pub(super) struct Listed<'s> {
    sysctls: &'s Sysctls,
    /// All of them, with the default that the catalogue knows.
    keys: Vec<(&'static KeySpec, Option<Value>)>,
    /// Those that no rule asks for by name. Without a default there is nothing to hold a value against.
    unread: Vec<&'static KeySpec>,
    /// How many of these were taken by a reader.
    taken: AtomicUsize,
    read: Mutex<Vec<(&'static str, Reading<Value>)>>,
}

impl<'s> Listed<'s> {
    /// How many are read between two looks at what is left.
    const STRETCH: usize = 8;

    /// The keys that are wanted of this source: none where there are no files to hold them against.
    pub(super) fn of(
        source: &Source,
        needs: &Needs,
        sysctls: &'s Sysctls,
        defaults: &Defaults<'_>,
    ) -> Self {
        let wanted = source.boot().is_some() && needs.any("setting.");
        let keys = catalog::keys().iter();
        let keys: Vec<_> = keys
            .filter(|spec| wanted && may_stand_out(spec))
            .map(|spec| (spec, defaults.listed(spec)))
            .collect();
        let unread = match needs {
            Needs::Everything => Vec::new(),
            Needs::Facts(_) => {
                let asked: BTreeSet<&str> = needs.keys("sysctl.").collect();
                let keys = keys
                    .iter()
                    .filter(|(spec, listed)| listed.is_some() && !asked.contains(spec.key));
                keys.map(|(spec, _)| *spec).collect()
            }
        };
        Self {
            sysctls,
            keys,
            unread,
            taken: AtomicUsize::new(0),
            read: Mutex::default(),
        }
    }

    /// Reads until no key is left that nobody has taken.
    pub(super) fn read(&self) {
        let mut own = Vec::new();
        loop {
            let from = self.taken.fetch_add(Self::STRETCH, Ordering::Relaxed);
            let Some(rest) = self.unread.get(from..) else {
                break;
            };
            let stretch = rest.iter().take(Self::STRETCH);
            own.extend(stretch.map(|spec| (spec.key, self.sysctls.read_as(Some(spec), spec.key))));
        }
        let read = self.read.lock();
        read.unwrap_or_else(PoisonError::into_inner).extend(own);
    }

    /// What was read of those that no rule asks for, in no order.
    pub(super) fn take_read(&mut self) -> impl Iterator<Item = (String, Reading<Value>)> + use<> {
        let read = self.read.get_mut();
        let read = std::mem::take(read.unwrap_or_else(PoisonError::into_inner));
        read.into_iter()
            .map(|(key, reading)| (format!("sysctl.{key}"), reading))
    }

    /// Every key with the default that the catalogue knows.
    pub(super) fn into_keys(self) -> Vec<(&'static KeySpec, Option<Value>)> {
        self.keys
    }
}

/// Whether a key that no file names can be worth a word: a single key of the network, and of those that
/// new interfaces start with only limits and keys without effect, since whoever brings up an interface
/// writes the others.
fn may_stand_out(spec: &KeySpec) -> bool {
    spec.key.starts_with("net.")
        && !spec.is_pattern()
        && (spec.is_limit()
            || spec.noop_since.is_some()
            || !catalog::is_of_interface(spec.key, Some(spec)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::fact::KernelVersion;
    use crate::host::BootSource;

    /// Of this kernel or a newer one: which keys have a default is what matters here.
    fn kernel() -> Option<KernelVersion> {
        KernelVersion::parse("6.18.0")
    }

    fn needs(facts: &[&str]) -> Needs {
        Needs::Facts(facts.iter().map(|fact| (*fact).to_owned()).collect())
    }

    #[test]
    fn each_key_is_read_once_by_any_number_of_readers() {
        let sysctls = Sysctls::open(Path::new("/proc"));
        let source = Source::live().with_boot(BootSource::own());
        let asked = needs(&["setting.key", "sysctl.net.ipv4.tcp_syncookies"]);
        for readers in 1..4 {
            let kernel = kernel();
            let defaults = Defaults::new(kernel.as_ref(), true);
            let mut listed = Listed::of(&source, &asked, &sysctls, &defaults);
            std::thread::scope(|scope| {
                for _ in 0..readers {
                    scope.spawn(|| listed.read());
                }
            });
            let unread = listed.unread.len();
            let facts: Vec<String> = listed.take_read().map(|(fact, _)| fact).collect();
            let keys = listed.into_keys();
            let once: BTreeSet<&String> = facts.iter().collect();
            assert!(unread > 100, "{unread}");
            assert_eq!((facts.len(), once.len()), (unread, unread));
            let keys: BTreeSet<String> = keys
                .iter()
                .map(|(spec, _)| format!("sysctl.{}", spec.key))
                .collect();
            assert!(facts.iter().all(|fact| keys.contains(fact)));
            assert!(!facts.contains(&"sysctl.net.ipv4.tcp_syncookies".to_owned()));
        }
    }

    #[test]
    fn nothing_is_listed_where_no_file_or_no_rule_wants_it() {
        let sysctls = Sysctls::open(Path::new("/proc"));
        let with_files = Source::live().with_boot(BootSource::own());
        let setting = needs(&["setting.key"]);
        for (source, needs) in [(Source::live(), setting), (with_files, needs(&[]))] {
            let kernel = kernel();
            let defaults = Defaults::new(kernel.as_ref(), true);
            let mut listed = Listed::of(&source, &needs, &sysctls, &defaults);
            listed.read();
            assert_eq!(listed.take_read().count(), 0);
            assert!(listed.into_keys().is_empty());
        }
    }
}
