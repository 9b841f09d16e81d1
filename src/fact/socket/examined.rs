//! What `tcp_info` of ESTABLISHED connections adds up to.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::bulk::{self, Bulk, Receiving, Sending, Untold};
use super::{Ranked, SocketRow, SocketSummary, Timer};
use crate::fact::parse::{SocketMemory, TcpInfo};

/// From how far away a window that grows anew after a pause costs a noticeable time: 20 ms.
const FAR: u32 = 20_000;

/// Above how many segments a window has grown well beyond the ten that a connection starts with
/// (RFC 6928).
const GROWN: u32 = 30;

/// Larger segments than this do not fit every tunnel on the way; the kernel falls back to 1024 bytes
/// when it probes (`tcp_base_mss`).
const LARGE_SEGMENT: u32 = 1200;

/// ESTABLISHED connections, each looked at on its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Examined {
    /// How many were looked at: at most [`Examined::LIMIT`]. Nothing is scaled up.
    pub looked_at: u64,
    /// Whether there were more.
    pub cut: bool,
    /// How long they have been quiet.
    pub quiet: QuietTimes,
    /// The same of those without a timer: nobody would notice that the peer is gone.
    pub quiet_unarmed: QuietTimes,
    /// Far connections that pause for longer than their time-out with a grown window; `None` where the
    /// kernel does not tell the round trip.
    pub idle_window: Option<u64>,
    /// The peer of most of those, "10.0.3.9:80".
    pub idle_window_top: Option<Ranked>,
    /// Stuck connections whose peer answers other segments than their full ones.
    pub pmtu_suspects: u64,
    /// The peer of most of those.
    pub pmtu_suspects_top: Option<Ranked>,
    /// Those that receive with a buffer at its limit; `None` where it cannot be told.
    pub receiving: Option<Bulk<Receiving>>,
    /// Those that send with a buffer at its limit; `None` where it cannot be told.
    pub sending: Option<Bulk<Sending>>,
}

/// How many connections had no data for so long at least.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuietTimes {
    /// 60 s or more.
    pub for_60s: u64,
    /// 10 minutes or more.
    pub for_600s: u64,
    /// An hour or more.
    pub for_3600s: u64,
}

/// How large the kernel may make the buffers of a connection by itself, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BufferLimits {
    /// The third number of `tcp_rmem`; `None` when it cannot be read.
    pub receive: Option<u64>,
    /// The third number of `tcp_wmem`.
    pub send: Option<u64>,
}

/// Looks at connections, one at a time.
#[derive(Clone, Debug)]
pub struct Examination {
    limits: BufferLimits,
    found: Examined,
    idle_window: HashMap<SocketAddr, u64>,
    stuck: Vec<Stuck>,
    /// When each connection last heard from its peer, in milliseconds.
    heard: Vec<(Service, Service, u32)>,
}

/// One side's port as a peer's address meets it: a service of the peer, or one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Service {
    /// The peer's address and port.
    Theirs(IpAddr, u16),
    /// The peer's address and our port.
    Ours(IpAddr, u16),
}

/// The two services that a connection may belong to: to the peer's if it was opened here, to ours if it
/// came in. Another service of the same peer proves nothing of this one.
fn services(local: SocketAddr, remote: SocketAddr) -> (Service, Service) {
    (
        Service::Theirs(remote.ip(), remote.port()),
        Service::Ours(remote.ip(), local.port()),
    )
}

/// A connection that sends full segments in vain.
#[derive(Clone, Copy, Debug)]
struct Stuck {
    local: SocketAddr,
    remote: SocketAddr,
    /// A sign of life this young, in milliseconds, is younger than the trouble.
    young: f64,
}

impl Examined {
    /// How many connections are looked at, each under its lock. Where the kernel is asked for no more, they
    /// are the first of its list: since Linux 6.15 (`inet_ehashfn`) an even part of those that came in to
    /// each service, but whole groups of those that went out from neighbouring ports. So a count of them is
    /// one of at least so many, and is not scaled up.
    pub const LIMIT: u64 = 20_000;
}

impl Examined {
    /// Why a count of what was looked at says nothing of all: there are more connections (`of`), and it is
    /// below what would be `enough` by itself. A part tells how many there are at least, never that there
    /// are none.
    pub fn says_too_little(&self, count: u64, enough: u64, of: u64) -> Option<String> {
        let looked_at = self.looked_at;
        (self.cut && count < enough).then(|| format!("{looked_at} of {of} looked at"))
    }
}

impl QuietTimes {
    fn observe(&mut self, milliseconds: u32) {
        let steps = [
            (&mut self.for_60s, 60_000),
            (&mut self.for_600s, 600_000),
            (&mut self.for_3600s, 3_600_000),
        ];
        for (count, from) in steps {
            *count += u64::from(milliseconds >= from);
        }
    }
}

impl Examination {
    /// Nothing looked at yet.
    pub fn new(limits: BufferLimits) -> Self {
        let found = Examined {
            idle_window: Some(0),
            receiving: limits.receive.map(|_| Bulk::new()),
            sending: limits.send.map(|_| Bulk::new()),
            ..Examined::default()
        };
        Self {
            limits,
            found,
            idle_window: HashMap::new(),
            stuck: Vec::new(),
            heard: Vec::new(),
        }
    }

    /// Looks at one connection; beyond [`Examined::LIMIT`] it only notes that there are more. False when
    /// the source does not tell what it takes.
    pub fn observe(
        &mut self,
        row: &SocketRow,
        info: Option<&TcpInfo>,
        memory: Option<SocketMemory>,
    ) -> bool {
        if self.found.looked_at >= Examined::LIMIT {
            self.found.cut = true;
            return true;
        }
        let Some(info) = info else {
            return false;
        };
        self.found.looked_at += 1;
        let quiet = info.quiet();
        self.found.quiet.observe(quiet);
        // A peer on this machine does not vanish unnoticed: its end is closed with it.
        if row.timer == Some(Timer::Off) && !row.remote.ip().is_loopback() {
            self.found.quiet_unarmed.observe(quiet);
        }
        self.look_at_window(row, info);
        self.look_at_path(row, info);
        self.look_at_buffers(row, info, memory);
        true
    }

    fn look_at_window(&mut self, row: &SocketRow, info: &TcpInfo) {
        let (Some(count), Some(is_far)) = (&mut self.found.idle_window, info.is_far(FAR)) else {
            self.found.idle_window = None;
            return;
        };
        // `tcp_slow_start_after_idle_check` compares the same two when data is sent next.
        let pauses = u64::from(info.last_data_sent) * 1000 > u64::from(info.rto);
        if is_far && pauses && info.congestion_window > GROWN {
            *count += 1;
            *self.idle_window.entry(row.remote).or_default() += 1;
        }
    }

    fn look_at_path(&mut self, row: &SocketRow, info: &TcpInfo) {
        let age = info.last_ack_received.min(info.last_data_received);
        let (theirs, ours) = services(row.local, row.remote);
        self.heard.push((theirs, ours, age));
        let retransmits = row.retransmits.unwrap_or(0);
        let is_stuck = row.was_sent_again(SocketSummary::STUCK) == Some(true);
        let has_full_segment = row.send_queue >= info.send_mss && info.send_mss > LARGE_SEGMENT;
        if is_stuck && has_full_segment {
            // Each of n time-outs doubled the next one, so that the first was rto / 2^n and they took
            // rto - rto / 2^n together. What a peer that died meanwhile had sent was here within the
            // first, which is longer than a round trip.
            let first = 0.5_f64.powi(i32::from(retransmits));
            self.stuck.push(Stuck {
                local: row.local,
                remote: row.remote,
                young: f64::from(info.rto) / 1000.0 * (1.0 - 2.0 * first),
            });
        }
    }

    fn look_at_buffers(&mut self, row: &SocketRow, info: &TcpInfo, memory: Option<SocketMemory>) {
        if let (Some(kept), Some(limit)) = (&mut self.found.receiving, self.limits.receive) {
            match memory.map(|memory| Receiving::of(row, info, memory, limit)) {
                Some(Ok(Some(one))) => bulk::keep(kept, row, one),
                Some(Ok(None)) => {}
                Some(Err(Untold)) | None => self.found.receiving = None,
            }
        }
        if let (Some(kept), Some(limit)) = (&mut self.found.sending, self.limits.send) {
            match memory.map(|memory| Sending::of(row, info, memory, limit)) {
                Some(Ok(Some(one))) => bulk::keep(kept, row, one),
                Some(Ok(None)) => {}
                Some(Err(Untold)) | None => self.found.sending = None,
            }
        }
    }

    /// Ends the look.
    pub fn finish(self) -> Examined {
        let mut found = self.found;
        if found.idle_window.is_some() {
            found.idle_window_top = foremost(self.idle_window);
        }
        // The youngest sign of life of each service that matters.
        let both = |stuck: &Stuck| {
            let (theirs, ours) = services(stuck.local, stuck.remote);
            [theirs, ours]
        };
        let matter = self.stuck.iter().flat_map(both);
        let mut heard: HashMap<Service, u32> = matter.map(|one| (one, u32::MAX)).collect();
        for (theirs, ours, age) in self.heard {
            for service in [theirs, ours] {
                if let Some(youngest) = heard.get_mut(&service) {
                    *youngest = age.min(*youngest);
                }
            }
        }
        let mut suspects: HashMap<SocketAddr, u64> = HashMap::new();
        for stuck in &self.stuck {
            let youngest = both(stuck).iter().filter_map(|one| heard.get(one)).min();
            if youngest.is_some_and(|age| f64::from(*age) < stuck.young) {
                found.pmtu_suspects += 1;
                *suspects.entry(stuck.remote).or_default() += 1;
            }
        }
        found.pmtu_suspects_top = foremost(suspects);
        found
    }
}

/// The peer with most connections; of equals the lowest address.
fn foremost(counts: HashMap<SocketAddr, u64>) -> Option<Ranked> {
    let most = counts
        .into_iter()
        .min_by_key(|(address, count)| (Reverse(*count), *address));
    most.map(|(address, count)| Ranked {
        name: address.to_string(),
        count,
    })
}

#[cfg(test)]
#[path = "examined_tests.rs"]
mod tests;
