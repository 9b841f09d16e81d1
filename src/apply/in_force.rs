//! What a change does not reach: sockets and programs that keep the value they began with.

use super::record::Step;
use super::value::same;
use crate::fact::Snapshot;
use crate::fact::socket::{SocketSummary, Sockets, TcpState};

/// Something that goes on with an older value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lag {
    /// The key.
    pub key: String,
    /// What keeps the old value, how many of them, and what ends it.
    pub what: String,
    /// How many sockets; `None` where they cannot be counted.
    pub count: Option<u64>,
}

/// What keeps the old value of a key.
enum Keeps {
    /// Listening sockets with this bound.
    Listeners,
    /// Sockets in these states, and the word on when the new value reaches them.
    States(&'static [TcpState], &'static str),
    /// Established connections with a keepalive timer running.
    KeepaliveTimers(&'static str),
    /// Things that are not counted here.
    Others(&'static str),
}

use TcpState::{Established, FinWait2, TimeWait};

const NEGOTIATED: &str = "agreed on this in their handshake and keep it until they close";

/// By key, with the place in the kernel where the value is taken. Keys that the kernel looks up each time it
/// needs them (`tcp_syncookies`, `tcp_max_syn_backlog`, `tcp_retries2`, `tcp_syn_retries`, `tcp_tw_reuse`,
/// `tcp_abort_on_overflow`) are not here: they are in force at once.
const TABLE: [(&str, Keeps); 19] = [
    // __sys_listen: backlog = min(backlog, somaxconn), once (net/socket.c).
    ("net.core.somaxconn", Keeps::Listeners),
    // tcp_keepalive_timer and keepalive_time_when look the value up when the timer fires; what it was set to
    // stays (net/ipv4/tcp_timer.c). A socket's own TCP_KEEPIDLE and its like win over it.
    (
        "net.ipv4.tcp_keepalive_time",
        Keeps::KeepaliveTimers("wait out the timer they have before the new time counts"),
    ),
    (
        "net.ipv4.tcp_keepalive_intvl",
        Keeps::KeepaliveTimers("take it up when their timer fires next"),
    ),
    // tcp_assign_congestion_control: when a socket is made, and for an accepted one at its handshake
    // (net/ipv4/tcp_cong.c, tcp_ca_openreq_child in net/ipv4/tcp_minisocks.c).
    (
        "net.ipv4.tcp_congestion_control",
        Keeps::States(
            &[Established],
            "keep their congestion control until they close",
        ),
    ),
    // tcp_init_sock takes field 2 for a new socket, an accepted one is a copy of its listener
    // (net/ipv4/tcp.c, sk_clone_lock in net/core/sock.c); field 3 also decides the window scale, which the
    // handshake fixes (tcp_select_initial_window in net/ipv4/tcp_output.c).
    (
        "net.ipv4.tcp_rmem",
        Keeps::States(
            &[Established],
            "keep the window scale of their handshake; listeners hand their old first buffer on until they \
             are restarted",
        ),
    ),
    (
        "net.ipv4.tcp_wmem",
        Keeps::Others("listeners hand their old first buffer on until they are restarted"),
    ),
    // sock_init_data_uid: once for each socket (net/core/sock.c).
    (
        "net.core.rmem_default",
        Keeps::Others("sockets that are open keep the buffer they were made with"),
    ),
    (
        "net.core.wmem_default",
        Keeps::Others("sockets that are open keep the buffer they were made with"),
    ),
    // sk_setsockopt, SO_RCVBUF and SO_SNDBUF: the bound of the moment (net/core/sock.c).
    (
        "net.core.rmem_max",
        Keeps::Others(
            "programs that asked for a larger buffer and were cut short have to ask again",
        ),
    ),
    (
        "net.core.wmem_max",
        Keeps::Others(
            "programs that asked for a larger buffer and were cut short have to ask again",
        ),
    ),
    // tcp_fin_time, when a socket enters FIN_WAIT2 (include/net/tcp.h).
    (
        "net.ipv4.tcp_fin_timeout",
        Keeps::States(&[FinWait2], "wait out the time they were given"),
    ),
    // inet_twsk_alloc compares when a socket enters TIME_WAIT; those that rest stay for 60 s
    // (net/ipv4/inet_timewait_sock.c).
    (
        "net.ipv4.tcp_max_tw_buckets",
        Keeps::States(&[TimeWait], "stay for the rest of their 60 s"),
    ),
    // tcp_syn_options, tcp_synack_options, tcp_parse_options: in the handshake (net/ipv4/tcp_output.c,
    // net/ipv4/tcp_input.c).
    (
        "net.ipv4.tcp_timestamps",
        Keeps::States(&[Established], NEGOTIATED),
    ),
    (
        "net.ipv4.tcp_sack",
        Keeps::States(&[Established], NEGOTIATED),
    ),
    (
        "net.ipv4.tcp_window_scaling",
        Keeps::States(&[Established], NEGOTIATED),
    ),
    (
        "net.ipv4.tcp_ecn",
        Keeps::States(&[Established], NEGOTIATED),
    ),
    // tcp_init_transfer calls tcp_mtup_init (net/ipv4/tcp_input.c).
    (
        "net.ipv4.tcp_mtu_probing",
        Keeps::States(&[Established], "go on probing, or not, as they began"),
    ),
    // inet_csk_get_port and inet_hash_connect: when a port is taken.
    (
        "net.ipv4.ip_local_port_range",
        Keeps::Others("connections that are open keep the port they have"),
    ),
    // attach_default_qdiscs, when an interface is brought up (net/sched/sch_generic.c).
    (
        "net.core.default_qdisc",
        Keeps::Others("interfaces that are up keep the queue they have; tc(8) replaces it"),
    ),
];

/// What the changes do not reach, as a snapshot from just before them shows it. Nothing is said of sockets
/// that are not there.
pub fn not_in_force(steps: &[Step], snapshot: &Snapshot) -> Vec<Lag> {
    let sockets = snapshot.now.sockets.as_ref();
    let mut lags = Vec::new();
    // A value that is only made to last is what they go by already.
    let changed = |step: &&Step| !same(&step.key, &step.before, &step.after);
    for step in steps.iter().filter(changed) {
        let Some((_, keeps)) = TABLE.iter().find(|(key, _)| *key == step.key) else {
            continue;
        };
        let lag = |what: String, count| Lag {
            key: step.key.clone(),
            what,
            count,
        };
        match keeps {
            Keeps::Listeners => lags.extend(sockets.into_iter().flat_map(|sockets| {
                let told = listeners(step, sockets).into_iter();
                told.map(|what| lag(what, Some(1)))
            })),
            Keeps::States(states, what) => {
                let count = |summary: &SocketSummary| {
                    let counts = states.iter().map(|state| summary.count(*state));
                    counts.fold(0, u64::saturating_add)
                };
                lags.extend(counted(
                    sockets.map(|all| count(&all.summary)),
                    states,
                    what,
                    &lag,
                ));
            }
            Keeps::KeepaliveTimers(what) => {
                let count = sockets.and_then(|all| all.summary.established_keepalive);
                lags.extend(counted(count, &[], what, &lag));
            }
            Keeps::Others(what) => lags.push(lag((*what).to_owned(), None)),
        }
    }
    lags
}

fn counted(
    count: Option<u64>,
    states: &[TcpState],
    what: &str,
    lag: &impl Fn(String, Option<u64>) -> Lag,
) -> Option<Lag> {
    let names: Vec<&str> = states.iter().map(|state| state.ss_name()).collect();
    let (one, many) = if states.is_empty() {
        (
            "connection with a keepalive timer",
            "connections with a keepalive timer",
        )
    } else {
        ("connection in", "connections in")
    };
    let names = if names.is_empty() {
        String::new()
    } else {
        format!(" {}", names.join(", "))
    };
    match count {
        Some(0) => None,
        Some(number) => {
            let noun = if number == 1 { one } else { many };
            Some(lag(
                format!("{number} {noun}{names}: they {what}"),
                Some(number),
            ))
        }
        None => Some(lag(format!("{many}{names}: they {what}"), None)),
    }
}

/// The listeners whose bound is the old value: they asked for as much or more, and `listen` cut it.
fn listeners(step: &Step, sockets: &Sockets) -> Vec<String> {
    let number = |text: &str| text.trim().parse::<u32>().ok();
    let (Some(before), Some(after)) = (number(&step.before), number(&step.after)) else {
        return Vec::new();
    };
    let kept = sockets
        .listeners
        .iter()
        .filter(|one| one.bound == Some(before) && before != after);
    kept.map(|one| {
        let who = one.process.as_deref().unwrap_or("the listener");
        format!(
            "{who} on {} queues at most {before} until it is restarted",
            one.address
        )
    })
    .collect()
}

#[cfg(test)]
#[path = "in_force_tests.rs"]
mod tests;
