//! Collecting one sample: only what was asked for, each thing once.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::thread::{self, ScopedJoinHandle};

use crate::catalog::{self, KeySpec};
use crate::fact::parse;
use crate::fact::{Host, KernelVersion, Reading, Sample, Value};

use super::boot::{self, BootSource};
use super::clock;
use super::defaults::Defaults;
use super::errno::io_name;
use super::file;
use super::interfaces;
use super::namespace;
use super::settings::{self, Listed};
use super::socket_facts;
use super::sockets::Walk;
use super::statistics;
use super::sysctls::Sysctls;
use super::udp_drops;

/// Where to read.
#[derive(Clone, Debug)]
pub struct Source {
    proc: PathBuf,
    recorded: bool,
    boot: Option<BootSource>,
    walk: Walk,
}

impl Source {
    /// The running kernel, as the calling thread sees it.
    pub fn live() -> Self {
        Self {
            proc: PathBuf::from("/proc"),
            recorded: false,
            boot: None,
            walk: Walk::Auto,
        }
    }

    /// A recorded tree laid out like `/proc`.
    pub fn recorded(tree: &Path) -> Self {
        Self {
            proc: tree.to_owned(),
            recorded: true,
            boot: None,
            walk: Walk::Auto,
        }
    }

    /// The same, with the files that set its keys at boot.
    #[must_use]
    pub fn with_boot(self, boot: BootSource) -> Self {
        Self {
            boot: Some(boot),
            ..self
        }
    }

    /// The same with another walk over its sockets.
    #[must_use]
    pub fn walking(self, walk: Walk) -> Self {
        Self { walk, ..self }
    }

    /// How many sockets to walk over.
    pub(super) const fn walk(&self) -> Walk {
        self.walk
    }

    /// The files that set its keys at boot, if any do.
    pub(super) const fn boot(&self) -> Option<&BootSource> {
        self.boot.as_ref()
    }

    /// Whether it is a recorded tree, which does not change between two samples.
    pub const fn is_recorded(&self) -> bool {
        self.recorded
    }

    /// The tree itself.
    pub fn proc(&self) -> &Path {
        &self.proc
    }

    /// The network statistics. `/proc/net` is the *main* thread's namespace, so a live host is read
    /// through the calling thread.
    pub(super) fn net(&self) -> PathBuf {
        if self.recorded {
            self.proc.join("net")
        } else {
            self.proc.join("thread-self/net")
        }
    }

    fn file(&self, path: &str) -> Result<String, String> {
        file::text(&self.proc.join(path)).map_err(|error| io_name(&error))
    }
}

/// What to collect.
#[derive(Clone, Debug)]
pub enum Needs {
    /// The whole vocabulary.
    Everything,
    /// These facts and no others.
    Facts(BTreeSet<String>),
}

impl Needs {
    pub(super) fn has(&self, fact: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Facts(facts) => facts.contains(fact),
        }
    }

    pub(super) fn any(&self, prefix: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Facts(facts) => facts
                .range(prefix.to_owned()..)
                .next()
                .is_some_and(|fact| fact.starts_with(prefix)),
        }
    }

    /// The keys that somebody asks for by name in a family of facts, such as `sysctl.`; of the whole
    /// vocabulary none is asked for by name.
    pub(super) fn keys<'n>(&'n self, family: &'static str) -> impl Iterator<Item = &'n str> {
        let facts = match self {
            Self::Everything => None,
            Self::Facts(facts) => Some(facts.range(family.to_owned()..)),
        };
        let facts = facts.into_iter().flatten();
        facts.map_while(move |fact| fact.strip_prefix(family))
    }

    fn sockets(&self) -> bool {
        [
            "socket.",
            "listener.",
            "destination.",
            "port.listeners",
            "port.reserved_and_services",
        ]
        .iter()
        .any(|prefix| self.any(prefix))
    }

    pub(super) fn owners(&self) -> bool {
        self.has("listener.process") || self.any("socket.close_wait_owner")
    }
}

/// Which sample of a run is taken.
#[derive(Clone, Copy, Debug)]
pub enum Moment<'a> {
    /// The start of a window. Nobody reads the owners of its sockets, so they are not looked for.
    Start,
    /// The state that is judged, and the start of its window, if there is one: it tells which
    /// listeners dropped in between, whose owner is then worth looking for.
    End(Option<&'a Sample>),
}

/// Takes one sample.
pub fn collect(source: &Source, needs: &Needs, moment: Moment<'_>) -> Sample {
    let sysctls = Sysctls::open(&source.proc);
    let mut sample = Sample {
        uptime_seconds: uptime(source),
        host: host(source, &sysctls),
        ..Sample::default()
    };
    if let Some(refusal) = sysctls.refusal() {
        sample
            .notes
            .push(format!("settings cannot be read: {refusal}"));
    }
    settings::put(&sysctls, settings::unasked(needs), &mut sample);
    // Settings are hundreds of small files, sockets a few long answers of the kernel: neither waits for
    // the other. A thread is in the network namespace of the one that started it (`copy_namespaces`).
    let seed = Sample {
        readings: sample.readings.clone(),
        ..Sample::default()
    };
    let kernel = sample.host.kernel.clone();
    let defaults = Defaults::new(kernel.as_ref(), !source.recorded);
    let listed = match moment {
        Moment::Start => None,
        Moment::End(_) => Some(Listed::of(source, needs, &sysctls, &defaults)),
    };
    let traffic = || traffic(source, needs, moment, seed.clone());
    let counted = thread::scope(|scope| {
        let thread = thread::Builder::new().spawn_scoped(scope, || {
            let counted = traffic();
            listed.iter().for_each(Listed::read);
            counted
        });
        settings::asked(&sysctls, needs, &mut sample);
        machine(source, &sysctls, needs, &mut sample);
        if let Some(listed) = &listed {
            interfaces::collect(&sysctls, needs, &mut sample);
            if let Some(files) = &source.boot {
                boot::collect(files, source, &sysctls, &defaults, &mut sample);
            }
            listed.read();
        }
        match thread.map(ScopedJoinHandle::join) {
            Ok(Ok(counted)) => counted,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            // Where no thread can be made, one after the other.
            Err(_) => traffic(),
        }
    });
    if let Some(listed) = listed {
        configuration(source, &sysctls, needs, listed, defaults, &mut sample);
    }
    sample.readings.extend(counted.readings);
    sample.sampled = counted.sampled;
    sample.sockets = counted.sockets;
    sample.notes.extend(counted.notes);
    sample
}

/// What the kernel counts, and its sockets, which are held against the settings that were read before.
fn traffic(source: &Source, needs: &Needs, moment: Moment<'_>, mut sample: Sample) -> Sample {
    statistics::collect(source, needs, &mut sample);
    if let Moment::End(_) = moment {
        udp_drops::collect(source, needs, &mut sample);
    }
    if needs.sockets() {
        socket_facts::collect(source, needs, moment, &mut sample);
    }
    sample
}

/// What the state that is judged is compared with: the boot files, the kernel's own defaults, and the
/// settings either names.
fn configuration(
    source: &Source,
    sysctls: &Sysctls,
    needs: &Needs,
    mut listed: Listed<'_>,
    defaults: Defaults<'_>,
    sample: &mut Sample,
) {
    let there = boot_files(source, sample);
    sample.readings.insert("host.boot_files".to_owned(), there);
    let asked = needs.keys("boot.").chain(needs.keys("default."));
    let mut keys: BTreeSet<String> = asked.map(str::to_owned).collect();
    // Without files nothing is judged key by key.
    let mut every = Vec::new();
    if let Some(boot) = &sample.boot {
        if needs.any("definition.") {
            // Of a namespace whose next boot nobody can tell there are settings that no file names.
            let named = boot
                .settings
                .iter()
                .filter(|(_, one)| !one.claims.is_empty());
            keys.extend(named.map(|(key, _)| key.clone()));
        }
        sample.readings.extend(listed.take_read());
        every = listed.into_keys();
    }
    let readings = &mut sample.readings;
    let mut fact = String::new();
    let mut live = |spec: Option<&KeySpec>, key: &str| {
        // One buffer for all: nearly every key has been read by now.
        fact.clear();
        fact.push_str("sysctl.");
        fact.push_str(key);
        if let Some(reading) = readings.get(&fact) {
            return reading.value().cloned();
        }
        let reading = sysctls.read_as(spec, key);
        let value = reading.value().cloned();
        readings.insert(fact.clone(), reading);
        value
    };
    // Asked for so that it is kept; a value that is not is worked out when it is needed.
    for key in keys {
        let live = live(catalog::find(&key), &key);
        defaults.of(&key, live.as_ref());
    }
    // Nobody makes a namespace for keys of which nothing is known; where there is one, it is asked.
    let mut unknown = Vec::new();
    for (spec, listed) in every {
        match listed {
            None => unknown.push(spec),
            listed => {
                let live = live(Some(spec), spec.key);
                defaults.beside(spec, spec.key, live.as_ref(), listed);
            }
        }
    }
    // Without a default there is nothing to hold a value against, and a file that names the key has had
    // it read already.
    if defaults.is_made() {
        for spec in unknown {
            let live = live(Some(spec), spec.key);
            defaults.beside(spec, spec.key, live.as_ref(), None);
        }
    }
    sample.readings.extend(defaults.into_facts());
}

/// Whether there is a boot configuration: rules that read it do not apply where no file can act, and stay
/// unknown where files could not be read.
fn boot_files(source: &Source, sample: &Sample) -> Reading<Value> {
    match (&sample.boot, &source.boot) {
        (Some(_), _) => Reading::Known(Value::Bool(true)),
        (None, Some(_)) => Reading::Denied("the boot configuration cannot be read".to_owned()),
        (None, None) if source.recorded => {
            Reading::Denied("no boot configuration was given; --root".to_owned())
        }
        // Nobody asks for the files of a namespace that was made after boot.
        (None, None) => Reading::Absent,
    }
}

/// The settings of the network that a source has and whose names begin so, in the order of the folders.
pub fn present(source: &Source, beginning: &str) -> Vec<String> {
    let mut keys = Sysctls::open(&source.proc).walk();
    keys.retain(|key| key.starts_with(beginning));
    keys
}

fn uptime(source: &Source) -> Option<f64> {
    if !source.recorded {
        return Some(clock::uptime());
    }
    source
        .file("uptime")
        .ok()
        .and_then(|text| parse::uptime(&text).value().copied())
}

/// The running kernel, this boot, and the network namespace of the calling thread.
pub fn here() -> Host {
    let source = Source::live();
    host(&source, &Sysctls::open(&source.proc))
}

fn host(source: &Source, sysctls: &Sysctls) -> Host {
    let text = |path: &str| {
        sysctls
            .text(path)
            .ok()
            .map(|(text, _)| text.trim().to_owned())
            .filter(|text| !text.is_empty())
    };
    let (name, release) = if source.recorded {
        (text("kernel/hostname"), text("kernel/osrelease"))
    } else {
        // uname(2) answers even where /proc/sys is masked.
        let uname = rustix::system::uname();
        let own = |part: &std::ffi::CStr| part.to_str().ok().map(str::to_owned);
        (own(uname.nodename()), own(uname.release()))
    };
    Host {
        name,
        kernel: release.and_then(|release| KernelVersion::parse(&release)),
        boot_id: text("kernel/random/boot_id"),
        netns: if source.recorded {
            None
        } else {
            namespace::current().ok()
        },
    }
}

fn machine(source: &Source, sysctls: &Sysctls, needs: &Needs, sample: &mut Sample) {
    let kernel = sample.host.kernel.as_ref();
    let kernel = kernel.map(|kernel| kernel.release.clone());
    let mut put = |fact: &str, reading: &dyn Fn() -> Reading<Value>| {
        // The plan asks for the namespace whatever the rules read: a setting of the machine is not
        // changed from inside a container.
        if needs.has(fact) || fact == "host.initial_netns" {
            sample.readings.insert(fact.to_owned(), reading());
        }
    };
    put("host.cpus", &|| match source.file("stat") {
        Ok(text) => {
            let cpus = text.lines().filter(|line| {
                line.strip_prefix("cpu")
                    .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
            });
            Reading::Known(Value::Int(i64::try_from(cpus.count()).unwrap_or(i64::MAX)))
        }
        Err(errno) => unread(errno),
    });
    put("host.memory", &|| memory(source));
    put("host.page_size", &|| {
        let size = if source.recorded {
            4096
        } else {
            rustix::param::page_size()
        };
        Reading::Known(Value::Int(i64::try_from(size).unwrap_or(i64::MAX)))
    });
    put("host.kernel", &|| match &kernel {
        Some(release) => Reading::Known(Value::Text(release.clone())),
        None => Reading::Absent,
    });
    // netdev_max_backlog is registered for the initial namespace only (`sysctl_core_init`), so its
    // presence tells the machine's own namespace from all others.
    put("host.initial_netns", &|| match (
        sysctls.exists("net/core"),
        sysctls.exists("net/core/netdev_max_backlog"),
    ) {
        (Some(true), Some(here)) => Reading::Known(Value::Bool(here)),
        _ => Reading::Denied("settings cannot be read".to_owned()),
    });
    put("host.kubernetes_node", &|| {
        if source.recorded {
            // A change is never made to a recording, so no guard rests on this.
            return Reading::Known(Value::Bool(false));
        }
        let root = source.boot.as_ref().map(|files| files.root.as_path());
        kubernetes_node(root.unwrap_or(Path::new("/")))
    });
    if let (true, Some(uptime)) = (needs.has("host.uptime"), sample.uptime_seconds) {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "an uptime is far below 2^63 seconds"
        )]
        let seconds = uptime as i64;
        sample.readings.insert(
            "host.uptime".to_owned(),
            Reading::Known(Value::Int(seconds)),
        );
    }
}

/// Whether the kubelet has left its marks below a root: that of this host, or where a container sees its
/// node's files. A folder that may not be looked into, as the kubelet makes its own, leaves the question open,
/// and so does a root that the container sees a part of.
fn kubernetes_node(root: &Path) -> Reading<Value> {
    let mut refused = None;
    if !root.join("var/lib").is_dir() {
        refused = Some(format!("no {}", root.join("var/lib").display()));
    }
    for mark in [
        "var/lib/kubelet/config.yaml",
        "etc/kubernetes/kubelet.conf",
        "var/lib/kubelet/pki",
    ] {
        match root.join(mark).try_exists() {
            Ok(true) => return Reading::Known(Value::Bool(true)),
            Ok(false) => {}
            Err(error) => refused = Some(io_name(&error)),
        }
    }
    refused.map_or(Reading::Known(Value::Bool(false)), Reading::Denied)
}

fn memory(source: &Source) -> Reading<Value> {
    match source.file("meminfo") {
        Ok(text) => parse::memory_total(&text).map(Value::Int),
        Err(errno) => unread(errno),
    }
}

/// The reading of a file that could not be read; the errno by name.
fn unread<T>(errno: String) -> Reading<T> {
    if errno == "ENOENT" {
        Reading::Absent
    } else {
        Reading::Denied(errno)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn facts(names: &[&str]) -> Needs {
        Needs::Facts(names.iter().map(|name| (*name).to_owned()).collect())
    }

    /// A tree with a setting, a memory size and an uptime.
    fn tree() -> tempfile::TempDir {
        let tree = tempfile::tempdir().unwrap();
        let core = tree.path().join("sys/net/core");
        fs::create_dir_all(&core).unwrap();
        fs::write(core.join("somaxconn"), "128\n").unwrap();
        fs::write(tree.path().join("meminfo"), "MemTotal: 4 kB\n").unwrap();
        fs::write(tree.path().join("uptime"), "350.25 1.00\n").unwrap();
        tree
    }

    #[test]
    fn only_what_was_asked_for_is_read() {
        let tree = tree();
        let needs = facts(&["sysctl.net.core.somaxconn", "host.memory"]);
        let sample = collect(&Source::recorded(tree.path()), &needs, Moment::End(None));
        let known = |fact: &str| sample.readings.get(fact).and_then(Reading::value).cloned();
        let somaxconn = Some(Value::Int(128));
        assert_eq!(known("sysctl.net.core.somaxconn"), somaxconn);
        assert_eq!(known("host.memory"), Some(Value::Int(4096)));
        assert_eq!(sample.uptime_seconds, Some(350.25));
        assert!(!sample.readings.contains_key("host.page_size"));
        assert!(sample.sockets.is_none(), "nobody asked for sockets");
    }

    #[test]
    fn what_every_report_tells_is_read_unasked() {
        let tree = tree();
        let sample = collect(
            &Source::recorded(tree.path()),
            &facts(&[]),
            Moment::End(None),
        );
        let recycle = &sample.readings["sysctl.net.ipv4.tcp_tw_recycle"];
        assert_eq!(*recycle, Reading::Absent);
        // net/core is there and netdev_max_backlog is not: a namespace of its own.
        let initial = &sample.readings["host.initial_netns"];
        assert_eq!(*initial, Reading::Known(Value::Bool(false)));
    }

    #[test]
    fn a_masked_tree_refuses_settings_and_says_so_once() {
        let tree = tempfile::tempdir().unwrap();
        fs::create_dir(tree.path().join("sys")).unwrap();
        let needs = facts(&["sysctl.net.core.somaxconn"]);
        let sample = collect(&Source::recorded(tree.path()), &needs, Moment::End(None));
        for fact in ["sysctl.net.core.somaxconn", "host.initial_netns"] {
            let reading = &sample.readings[fact];
            assert!(matches!(reading, Reading::Denied(_)), "{fact}: {reading:?}");
        }
        assert_eq!(sample.notes.len(), 1, "{:?}", sample.notes);
    }

    #[test]
    fn a_mark_of_the_kubelet_tells_and_what_cannot_be_looked_at_leaves_it_open() {
        let known = |on| Reading::Known(Value::Bool(on));
        let root = tempfile::tempdir().unwrap();
        // A container that sees the node's /etc alone.
        fs::create_dir_all(root.path().join("etc/kubernetes")).unwrap();
        let open = |root: &Path| matches!(kubernetes_node(root), Reading::Denied(_));
        assert!(open(root.path()));
        fs::create_dir_all(root.path().join("var/lib")).unwrap();
        assert_eq!(kubernetes_node(root.path()), known(false));
        // Below a file nothing can be looked up, as below a folder of somebody else.
        let kubelet = root.path().join("var/lib/kubelet");
        fs::write(&kubelet, "").unwrap();
        assert!(open(root.path()));
        fs::write(root.path().join("etc/kubernetes/kubelet.conf"), "").unwrap();
        assert_eq!(kubernetes_node(root.path()), known(true));
    }
}
