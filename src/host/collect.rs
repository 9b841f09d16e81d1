//! Collecting one sample: only what was asked for, each thing once.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::catalog;
use crate::fact::parse;
use crate::fact::{Host, KernelVersion, Reading, Sample, Value};

use super::errno::io_name;
use super::namespace;
use super::socket_facts;
use super::sysctls::Sysctls;

/// Where to read.
#[derive(Clone, Debug)]
pub struct Source {
    proc: PathBuf,
    recorded: bool,
}

impl Source {
    /// The running kernel, as the calling thread sees it.
    pub fn live() -> Self {
        Self {
            proc: PathBuf::from("/proc"),
            recorded: false,
        }
    }

    /// A recorded tree laid out like `/proc`.
    pub fn recorded(tree: &Path) -> Self {
        Self {
            proc: tree.to_owned(),
            recorded: true,
        }
    }

    /// Whether it is a recorded tree, which does not change between two samples.
    pub const fn is_recorded(&self) -> bool {
        self.recorded
    }

    /// The tree itself.
    pub(super) fn proc(&self) -> &Path {
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
        std::fs::read(self.proc.join(path))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .map_err(|error| io_name(&error))
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
    fn has(&self, fact: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Facts(facts) => facts.contains(fact),
        }
    }

    fn any(&self, prefix: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Facts(facts) => facts
                .range(prefix.to_owned()..)
                .next()
                .is_some_and(|fact| fact.starts_with(prefix)),
        }
    }

    fn sockets(&self) -> bool {
        ["socket.", "listener.", "destination.", "port.listeners"]
            .iter()
            .any(|prefix| self.any(prefix))
    }

    fn owners(&self) -> bool {
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
    settings(&sysctls, needs, &mut sample);
    counters(source, needs, &mut sample);
    machine(source, &sysctls, needs, &mut sample);
    if needs.sockets() {
        let moment = if needs.owners() {
            moment
        } else {
            Moment::Start
        };
        socket_facts::collect(source, moment, &mut sample);
    }
    sample
}

/// Settings that are read for every report: the note on `tcp_tw_recycle` stands in each, and the
/// derived facts are worked out from the others.
const ALWAYS: [&str; 3] = [
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_tw_recycle",
];

fn settings(sysctls: &Sysctls, needs: &Needs, sample: &mut Sample) {
    let walked = match needs {
        Needs::Everything => sysctls.walk(),
        Needs::Facts(_) => Vec::new(),
    };
    let mut keys: BTreeSet<&str> = walked.iter().map(String::as_str).collect();
    keys.extend(ALWAYS);
    match needs {
        Needs::Facts(facts) => {
            let wanted = facts.range("sysctl.".to_owned()..);
            keys.extend(wanted.map_while(|fact| fact.strip_prefix("sysctl.")));
        }
        // What the catalogue knows and the tree lacks is absent, which is worth saying.
        Needs::Everything => {
            let known = catalog::keys().iter().filter(|spec| !spec.is_pattern());
            keys.extend(known.map(|spec| spec.key));
        }
    }
    for key in keys {
        let reading = sysctls.read(key);
        sample.readings.insert(format!("sysctl.{key}"), reading);
    }
}

fn counters(source: &Source, needs: &Needs, sample: &mut Sample) {
    let net = source.net();
    let read = |name: &str| {
        std::fs::read(net.join(name)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    };
    if needs.any("counter.") || needs.any("gauge.") {
        let mut refused = None;
        let mut fact = String::new();
        for name in ["netstat", "snmp"] {
            match read(name) {
                Ok(text) => parse::visit_counters(&text, |proto, field, reading| {
                    let gauge = catalog::counter(proto, field).is_some_and(|spec| spec.gauge);
                    // The kernel has hundreds, and few are asked for: one buffer serves all names.
                    fact.clear();
                    fact.push_str(if gauge { "gauge." } else { "counter." });
                    fact.push_str(proto);
                    fact.push('.');
                    fact.push_str(field);
                    if needs.has(&fact) {
                        sample
                            .readings
                            .insert(fact.clone(), reading.map(Value::Int));
                    }
                }),
                Err(error) => {
                    let errno = io_name(&error);
                    sample.notes.push(format!(
                        "kernel counters cannot be read: {}: {errno}",
                        net.join(name).display()
                    ));
                    refused = Some(errno);
                }
            }
        }
        missing_counters(needs, refused.as_deref(), sample);
    }
    if needs.any("sockstat.") {
        for name in ["sockstat", "sockstat6"] {
            let Ok(text) = read(name) else { continue };
            for (field, reading) in parse::sockstat(&text) {
                let fact = format!("sockstat.{field}");
                if needs.has(&fact) {
                    sample.readings.insert(fact, reading.map(Value::Int));
                }
            }
        }
    }
    if needs.any("softnet.")
        && let Ok(text) = read("softnet_stat")
    {
        let softnet = parse::softnet_stat(&text);
        let columns = [
            ("processed", softnet.processed),
            ("dropped", softnet.dropped),
            ("time_squeeze", softnet.time_squeeze),
            ("received_rps", softnet.received_rps),
            ("flow_limit", softnet.flow_limit),
        ];
        for (name, reading) in columns {
            sample
                .readings
                .insert(format!("softnet.{name}"), reading.map(Value::Int));
        }
    }
}

/// Counters that were asked for and not found: absent from this kernel, or the file was refused.
fn missing_counters(needs: &Needs, refused: Option<&str>, sample: &mut Sample) {
    let mut note = |fact: String| {
        sample
            .readings
            .entry(fact)
            .or_insert_with(|| match refused {
                Some(errno) => Reading::Denied(errno.to_owned()),
                None => Reading::Absent,
            });
    };
    match needs {
        Needs::Facts(facts) => facts
            .iter()
            .filter(|fact| fact.starts_with("counter.") || fact.starts_with("gauge."))
            .for_each(|fact| note(fact.clone())),
        Needs::Everything => {
            for spec in catalog::counters()
                .iter()
                .filter(|spec| !spec.name.contains('*'))
            {
                let prefix = if spec.gauge { "gauge" } else { "counter" };
                note(format!("{prefix}.{}.{}", spec.proto, spec.name));
            }
        }
    }
}

fn uptime(source: &Source) -> Option<f64> {
    if !source.recorded {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        return Some(now.tv_sec as f64 + now.tv_nsec as f64 / 1e9);
    }
    source
        .file("uptime")
        .ok()
        .and_then(|text| parse::uptime(&text).value().copied())
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
    let denied = |errno: String| {
        if errno == "ENOENT" {
            Reading::Absent
        } else {
            Reading::Denied(errno)
        }
    };
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
        Err(errno) => denied(errno),
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
    put("host.kernel", &|| match sample_kernel(source, sysctls) {
        Some(release) => Reading::Known(Value::Text(release)),
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
            return Reading::Known(Value::Bool(false));
        }
        let marks = [
            "/var/lib/kubelet/config.yaml",
            "/etc/kubernetes/kubelet.conf",
            "/var/lib/kubelet/pki",
        ];
        Reading::Known(Value::Bool(
            marks.iter().any(|path| Path::new(path).exists()),
        ))
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

fn sample_kernel(source: &Source, sysctls: &Sysctls) -> Option<String> {
    host(source, sysctls).kernel.map(|kernel| kernel.release)
}

fn memory(source: &Source) -> Reading<Value> {
    use procfs::FromBufRead as _;
    let text = match source.file("meminfo") {
        Ok(text) => text,
        Err(errno) if errno == "ENOENT" => return Reading::Absent,
        Err(errno) => return Reading::Denied(errno),
    };
    match procfs::Meminfo::from_buf_read(text.as_bytes()) {
        Ok(meminfo) => i64::try_from(meminfo.mem_total).map_or_else(
            |_| Reading::Malformed(meminfo.mem_total.to_string()),
            |bytes| Reading::Known(Value::Int(bytes)),
        ),
        Err(_) => Reading::Malformed(text.lines().next().unwrap_or_default().to_owned()),
    }
}
