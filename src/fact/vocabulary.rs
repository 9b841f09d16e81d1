//! The facts that are neither settings nor kernel counters: sockets, ports, the machine.
//!
//! Settings (`sysctl.*`, and as `default.*` and `boot.*` their values at other times) and kernel
//! counters (`counter.*`, `gauge.*`) come from the catalogue; these are listed here, once, with what
//! they mean.

mod assignment;
mod boot;
mod connection;
mod network;
mod waiver;

use super::Unit;

pub use network::param_default;

/// What kind of value a fact has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactKind {
    /// A number of this unit.
    Number(Unit),
    /// A number of this unit that only rises; judged as a difference, never bare.
    Monotone(Unit),
    /// True or false.
    Bool,
    /// Text.
    Text,
    /// A list of ports; what a key that takes such a list may be set to.
    Ports,
}

/// Where a fact is to be found, and so when a rule may use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactClass {
    /// One value for the namespace or machine, stored in the sample.
    Stored,
    /// Worked out from other facts when it is asked for.
    Derived,
    /// One value for each listener; only in rules with `each: listener`.
    Listener,
    /// One value for each destination; only in rules with `each: destination`.
    Destination,
    /// One value for each line that sets a key at boot; only in rules with `each: definition`.
    Definition,
    /// One value for each key; only in rules with `each: setting`.
    Setting,
    /// One value for each waiver of the site; only in rules with `each: waiver`.
    Waiver,
    /// One value for each line of a text that sets a key; only in rules with `each: assignment`.
    Assignment,
    /// A parameter: what the profile says of this site, never collected.
    Param,
}

/// One row of the vocabulary.
#[derive(Clone, Copy, Debug)]
pub struct FactSpec {
    /// The name rules use.
    pub name: &'static str,
    /// The kind of value.
    pub kind: FactKind,
    /// Where it is found.
    pub class: FactClass,
    /// True when the number is the machine's even inside a network namespace.
    pub host_wide: bool,
    /// Where it is read.
    pub source: &'static str,
    /// What it is, in one line.
    pub summary: &'static str,
}

const DIAG: &str = "sock_diag, else /proc/net/tcp and tcp6";
const DIAG_ONLY: &str = "sock_diag";
const COUNT: FactKind = FactKind::Number(Unit::Count);
const RISING: FactKind = FactKind::Monotone(Unit::Count);

const fn of(
    class: FactClass,
    name: &'static str,
    kind: FactKind,
    source: &'static str,
    summary: &'static str,
) -> FactSpec {
    FactSpec {
        name,
        kind,
        class,
        host_wide: false,
        source,
        summary,
    }
}

const fn stored(
    name: &'static str,
    kind: FactKind,
    source: &'static str,
    summary: &'static str,
) -> FactSpec {
    of(FactClass::Stored, name, kind, source, summary)
}

const fn host_wide(
    name: &'static str,
    kind: FactKind,
    source: &'static str,
    summary: &'static str,
) -> FactSpec {
    FactSpec {
        host_wide: true,
        ..stored(name, kind, source, summary)
    }
}

macro_rules! states {
    ($($state:literal: $summary:literal,)+) => {
        [$(
            stored(concat!("socket.", $state), COUNT, DIAG, $summary),
            stored(concat!("socket.ipv4.", $state), COUNT, DIAG, concat!($summary, ", IPv4 only")),
            stored(concat!("socket.ipv6.", $state), COUNT, DIAG, concat!($summary, ", IPv6 only")),
        )+]
    };
}

/// Sockets in each of the eleven TCP states (RFC 9293 section 3.3.2, plus Linux's `CLOSE`).
const STATES: [FactSpec; 33] = states! {
    "established": "open connections",
    "syn_sent": "connect() waiting for the peer's SYN-ACK",
    "syn_recv": "half-open requests waiting for the client's last ACK",
    "fin_wait_1": "closed here, the peer has not acknowledged our FIN",
    "fin_wait_2": "closed here, waiting for the peer's FIN",
    "time_wait": "closed by us first, kept for 60 s",
    "closed": "sockets with a port and no connection",
    "close_wait": "the peer has closed, the program here has not",
    "last_ack": "both closed, waiting for the last ACK",
    "listening": "listening sockets",
    "closing": "both closed at once, waiting for the ACK",
};

const OTHERS: [FactSpec; 55] = [
    stored(
        "socket.established_keepalive",
        COUNT,
        DIAG_ONLY,
        "ESTABLISHED sockets with a keepalive timer armed",
    ),
    stored(
        "socket.established_backoff",
        COUNT,
        DIAG_ONLY,
        "ESTABLISHED sockets that are retransmitting",
    ),
    stored(
        "socket.fin_wait_1_backoff",
        COUNT,
        DIAG_ONLY,
        "FIN-WAIT-1 sockets that are retransmitting",
    ),
    stored(
        "socket.syn_sent_backoff",
        COUNT,
        DIAG_ONLY,
        "SYN-SENT sockets whose SYN was sent again",
    ),
    stored(
        "socket.fin_wait_2_orphaned",
        COUNT,
        DIAG_ONLY,
        "FIN-WAIT-2 sockets no process holds",
    ),
    of(
        FactClass::Derived,
        "socket.fin_wait_2_persisting",
        COUNT,
        DIAG_ONLY,
        "orphaned FIN-WAIT-2 sockets that are in both samples",
    ),
    of(
        FactClass::Derived,
        "socket.syn_sent_persisting",
        COUNT,
        DIAG_ONLY,
        "SYN-SENT sockets that are in both samples",
    ),
    stored(
        "socket.close_wait_older_10s",
        COUNT,
        DIAG_ONLY,
        "CLOSE-WAIT sockets quiet for at least 10 s",
    ),
    stored(
        "socket.close_wait_older_60s",
        COUNT,
        DIAG_ONLY,
        "CLOSE-WAIT sockets quiet for at least 60 s",
    ),
    stored(
        "socket.close_wait_older_600s",
        COUNT,
        DIAG_ONLY,
        "CLOSE-WAIT sockets quiet for at least 10 min",
    ),
    stored(
        "socket.close_wait_older_3600s",
        COUNT,
        DIAG_ONLY,
        "CLOSE-WAIT sockets quiet for at least 1 h",
    ),
    stored(
        "socket.close_wait_owner",
        FactKind::Text,
        "/proc/PID/fd",
        "the process that holds most old CLOSE-WAIT sockets",
    ),
    stored(
        "socket.close_wait_owner_count",
        COUNT,
        "/proc/PID/fd",
        "how many of them it holds",
    ),
    stored(
        "socket.syn_sent_top",
        FactKind::Text,
        DIAG,
        "the destination most SYNs were sent again to",
    ),
    stored(
        "socket.syn_sent_top_count",
        COUNT,
        DIAG,
        "how many connects sent their SYN to it again",
    ),
    of(
        FactClass::Derived,
        "port.usable",
        COUNT,
        "/proc/sys",
        "ports of ip_local_port_range that are not reserved",
    ),
    of(
        FactClass::Derived,
        "port.usable_at_boot",
        COUNT,
        "boot configuration",
        "the same after the next boot",
    ),
    stored(
        "port.listeners_below",
        COUNT,
        DIAG,
        "services (TCP, UDP) on unreserved ports from 16384 up to the range",
    ),
    stored(
        "port.listeners_above",
        COUNT,
        DIAG,
        "services (TCP, UDP) on unreserved ports above the range",
    ),
    stored("host.cpus", COUNT, "/proc/stat", "CPUs online"),
    stored(
        "host.memory",
        FactKind::Number(Unit::Bytes),
        "/proc/meminfo",
        "memory of the machine",
    ),
    stored(
        "host.uptime",
        FactKind::Number(Unit::Seconds),
        "/proc/uptime",
        "time since boot",
    ),
    stored(
        "host.page_size",
        FactKind::Number(Unit::Bytes),
        "sysconf",
        "size of a memory page",
    ),
    stored(
        "host.initial_netns",
        FactKind::Bool,
        "/proc/sys/net/core",
        "whether this is the machine's own network namespace",
    ),
    stored(
        "host.boot_files",
        FactKind::Bool,
        "/etc/sysctl.d and its like",
        "whether the files that set keys at boot were read",
    ),
    stored(
        "host.kubernetes_node",
        FactKind::Bool,
        "/var/lib/kubelet",
        "whether a kubelet manages this machine",
    ),
    stored(
        "host.kernel",
        FactKind::Text,
        "/proc/sys/kernel/osrelease",
        "kernel release",
    ),
    of(
        FactClass::Derived,
        "window.seconds",
        FactKind::Number(Unit::Seconds),
        "two samples",
        "length of the window",
    ),
    host_wide(
        "softnet.processed",
        RISING,
        "/proc/net/softnet_stat",
        "packets handled, all CPUs",
    ),
    host_wide(
        "softnet.dropped",
        RISING,
        "/proc/net/softnet_stat",
        "packets dropped because a CPU's backlog was full",
    ),
    host_wide(
        "softnet.time_squeeze",
        RISING,
        "/proc/net/softnet_stat",
        "rounds that ended with work left",
    ),
    host_wide(
        "softnet.received_rps",
        RISING,
        "/proc/net/softnet_stat",
        "wake-ups by another CPU",
    ),
    host_wide(
        "softnet.flow_limit",
        RISING,
        "/proc/net/softnet_stat",
        "packets dropped by the flow limit",
    ),
    stored(
        "sockstat.TCP.inuse",
        COUNT,
        "/proc/net/sockstat",
        "IPv4 TCP sockets that are not TIME-WAIT",
    ),
    host_wide(
        "sockstat.TCP.orphan",
        COUNT,
        "/proc/net/sockstat",
        "TCP sockets no process holds",
    ),
    stored(
        "sockstat.TCP.tw",
        COUNT,
        "/proc/net/sockstat",
        "TIME-WAIT and orphaned FIN-WAIT-2 entries",
    ),
    host_wide(
        "sockstat.TCP.alloc",
        COUNT,
        "/proc/net/sockstat",
        "TCP sockets allocated",
    ),
    host_wide(
        "sockstat.TCP.mem",
        FactKind::Number(Unit::Pages),
        "/proc/net/sockstat",
        "memory in TCP queues",
    ),
    stored(
        "sockstat.UDP.inuse",
        COUNT,
        "/proc/net/sockstat",
        "IPv4 UDP sockets",
    ),
    host_wide(
        "sockstat.UDP.mem",
        FactKind::Number(Unit::Pages),
        "/proc/net/sockstat",
        "memory in UDP queues",
    ),
    stored(
        "sockstat.RAW.inuse",
        COUNT,
        "/proc/net/sockstat",
        "IPv4 raw sockets",
    ),
    stored(
        "sockstat.FRAG.inuse",
        COUNT,
        "/proc/net/sockstat",
        "IPv4 fragment queues",
    ),
    stored(
        "sockstat.FRAG.memory",
        FactKind::Number(Unit::Bytes),
        "/proc/net/sockstat",
        "memory of IPv4 fragments",
    ),
    stored(
        "sockstat.TCP6.inuse",
        COUNT,
        "/proc/net/sockstat6",
        "IPv6 TCP sockets that are not TIME-WAIT",
    ),
    stored(
        "sockstat.UDP6.inuse",
        COUNT,
        "/proc/net/sockstat6",
        "IPv6 UDP sockets",
    ),
    of(
        FactClass::Listener,
        "listener.address",
        FactKind::Text,
        DIAG,
        "address and port",
    ),
    of(FactClass::Listener, "listener.port", COUNT, DIAG, "port"),
    of(
        FactClass::Listener,
        "listener.queue",
        COUNT,
        DIAG,
        "connections waiting for accept(); the larger of both samples",
    ),
    of(
        FactClass::Listener,
        "listener.bound",
        COUNT,
        DIAG_ONLY,
        "min(backlog, somaxconn) at the time of listen(); it holds one more",
    ),
    of(
        FactClass::Listener,
        "listener.drops",
        RISING,
        DIAG_ONLY,
        "packets this listener dropped (sk_drops), resets and deferred ACKs too",
    ),
    of(
        FactClass::Listener,
        "listener.process",
        FactKind::Text,
        "/proc/PID/fd",
        "the process that holds it",
    ),
    of(
        FactClass::Destination,
        "destination.source",
        FactKind::Text,
        DIAG,
        "source address",
    ),
    of(
        FactClass::Destination,
        "destination.address",
        FactKind::Text,
        DIAG,
        "destination address and port",
    ),
    of(
        FactClass::Destination,
        "destination.used",
        COUNT,
        DIAG,
        "ports of the range in use from that source to that destination",
    ),
    of(
        FactClass::Destination,
        "destination.time_wait",
        COUNT,
        DIAG,
        "how many of those are TIME-WAIT",
    ),
];

/// Every row, in the order of the listing.
pub fn vocabulary() -> impl Iterator<Item = &'static FactSpec> {
    STATES
        .iter()
        .chain(&OTHERS)
        .chain(&connection::CONNECTION)
        .chain(&network::NETWORK)
        .chain(&boot::BOOT)
        .chain(&waiver::WAIVERS)
        .chain(&assignment::ASSIGNMENTS)
}

/// The row of a name.
pub fn fact_spec(name: &str) -> Option<&'static FactSpec> {
    vocabulary().find(|spec| spec.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = vocabulary().map(|spec| spec.name).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn a_monotone_fact_is_never_derived() {
        for spec in vocabulary() {
            let derived = spec.class == FactClass::Derived;
            assert!(
                !(derived && matches!(spec.kind, FactKind::Monotone(_))),
                "{}",
                spec.name
            );
        }
    }
}
