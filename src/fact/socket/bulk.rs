//! Connections whose buffer is as large as it may become, and whether that is what holds them up.
//!
//! One look cannot tell: a buffer at its limit is common and mostly harmless. What counts is what a
//! connection did between two looks.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::SocketRow;
use super::tracked::fingerprint;
use crate::fact::parse::{SocketMemory, TcpInfo};

/// How many connections are kept at most, for each direction. Those with the smallest fingerprints stay,
/// which are the same ones in both looks.
const CAPACITY: usize = 64;

/// A shorter round trip needs no large window.
const FAR: u32 = 5_000;

/// A connection that is held up moves data many times a second.
const BUSY: u32 = 1_000;

/// A connection that is receiving, with a receive buffer as large as `tcp_rmem` allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receiving {
    /// The remote address.
    pub peer: SocketAddr,
    /// Bytes received so far.
    pub bytes: u64,
    /// The shortest round trip, in microseconds.
    pub min_rtt: u32,
    /// The most the receive window may become, in bytes (`rcv_ssthresh`).
    pub window: u32,
    /// The receive buffer, in bytes.
    pub buffer: u32,
}

/// A connection that is sending, with a send buffer as large as `tcp_wmem` allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sending {
    /// The remote address.
    pub peer: SocketAddr,
    /// Bytes acknowledged so far.
    pub bytes: u64,
    /// Microseconds with data on the way or waiting.
    pub busy: u64,
    /// How many of those the send buffer was in the way.
    pub limited: u64,
    /// The shortest round trip, in microseconds.
    pub min_rtt: u32,
    /// The send buffer, in bytes.
    pub buffer: u32,
}

/// The kernel lacks a number that is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Untold;

/// Connections of one kind, by fingerprint.
pub type Bulk<T> = BTreeMap<u64, T>;

/// How many connections their buffer held up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capped {
    /// The connections.
    pub count: u64,
    /// The peer of the one that moved most bytes.
    pub top: Option<SocketAddr>,
    /// The largest of their buffers, in bytes.
    pub buffer: Option<u32>,
}

impl Receiving {
    /// The connection, if it is one.
    pub(super) fn of(
        row: &SocketRow,
        info: &TcpInfo,
        memory: SocketMemory,
        limit: u64,
    ) -> Result<Option<Self>, Untold> {
        let (Some(bytes), Some(min_rtt), Some(far)) =
            (info.bytes_received, info.min_rtt, info.is_far(FAR))
        else {
            return Err(Untold);
        };
        let moves = info.last_data_received <= BUSY;
        let is_one = far && moves && is_at(memory.receive_buffer, limit);
        Ok(is_one.then_some(Self {
            peer: row.remote,
            bytes,
            min_rtt,
            window: info.receive_window,
            buffer: memory.receive_buffer,
        }))
    }

    /// How many bytes came in over a window that the buffer was too small for: what arrived within a
    /// round trip was nearly all that the receive window lets a peer send. A reader that is slow, and a
    /// path that is, leave a part of it free.
    fn held_up(&self, before: &Self, seconds: f64) -> Option<u64> {
        const NEARLY_ALL: f64 = 0.85;
        let bytes = self.bytes.checked_sub(before.bytes)?;
        let in_flight = number(bytes) / seconds * f64::from(self.min_rtt) / 1e6;
        (self.window > 0 && in_flight > NEARLY_ALL * f64::from(self.window)).then_some(bytes)
    }
}

impl Sending {
    /// The connection, if it is one.
    pub(super) fn of(
        row: &SocketRow,
        info: &TcpInfo,
        memory: SocketMemory,
        limit: u64,
    ) -> Result<Option<Self>, Untold> {
        let (Some(bytes), Some(busy), Some(limited), Some(min_rtt)) = (
            info.bytes_acked,
            info.busy,
            info.send_buffer_limited,
            info.min_rtt,
        ) else {
            return Err(Untold);
        };
        // Without a round trip nobody can say how much was under way.
        let measured = min_rtt != u32::MAX;
        let is_one = measured && row.send_queue > 0 && is_at(memory.send_buffer, limit);
        Ok(is_one.then_some(Self {
            peer: row.remote,
            bytes,
            busy,
            limited,
            min_rtt,
            buffer: memory.send_buffer,
        }))
    }

    /// How many bytes were acknowledged over a window in which the connection was busy for a good part
    /// and waited for room in its send buffer for a good part of that. A healthy one that fills the
    /// path waits for some 5 %. One that fills a deep queue on the path waits as well, but what it has
    /// acknowledged in a shortest round trip is a small part of its buffer then: a larger buffer would
    /// only make the queue longer. In a buffer that is too small it is half or more, the rest being the
    /// kernel's own needs.
    fn held_up(&self, before: &Self, seconds: f64) -> Option<u64> {
        const BUSY_SHARE: f64 = 0.3;
        const LIMITED_SHARE: f64 = 0.3;
        const UNDER_WAY: f64 = 0.35;
        let bytes = self.bytes.checked_sub(before.bytes)?;
        let busy = number(self.busy.checked_sub(before.busy)?);
        let limited = number(self.limited.checked_sub(before.limited)?);
        let waits = busy >= BUSY_SHARE * seconds * 1e6 && limited > LIMITED_SHARE * busy;
        let under_way = number(bytes) / seconds * f64::from(self.min_rtt) / 1e6;
        (waits && under_way > UNDER_WAY * f64::from(self.buffer)).then_some(bytes)
    }
}

/// Connections that `tcp_rmem` held up between two looks so many seconds apart.
pub fn receive_capped(earlier: &Bulk<Receiving>, now: &Bulk<Receiving>, seconds: f64) -> Capped {
    capped(
        earlier,
        now,
        |now| (now.peer, now.buffer),
        |before, now| now.held_up(before, seconds),
    )
}

/// Connections that `tcp_wmem` held up between two looks so many seconds apart.
pub fn send_capped(earlier: &Bulk<Sending>, now: &Bulk<Sending>, seconds: f64) -> Capped {
    capped(
        earlier,
        now,
        |now| (now.peer, now.buffer),
        |before, now| now.held_up(before, seconds),
    )
}

fn capped<T>(
    earlier: &Bulk<T>,
    now: &Bulk<T>,
    shown: impl Fn(&T) -> (SocketAddr, u32),
    held_up: impl Fn(&T, &T) -> Option<u64>,
) -> Capped {
    let mut count = 0;
    let mut buffer = None;
    let mut most: Option<(u64, SocketAddr)> = None;
    for (connection, now) in now {
        let before = earlier.get(connection);
        let Some(bytes) = before.and_then(|before| held_up(before, now)) else {
            continue;
        };
        count += 1;
        let (peer, size) = shown(now);
        buffer = buffer.max(Some(size));
        if most.is_none_or(|(known, _)| bytes > known) {
            most = Some((bytes, peer));
        }
    }
    Capped {
        count,
        top: most.map(|(_, peer)| peer),
        buffer,
    }
}

/// Keeps a connection, if there is room or it is in front of another one.
pub(super) fn keep<T>(bulk: &mut Bulk<T>, row: &SocketRow, one: T) {
    bulk.insert(fingerprint(row.local, row.remote), one);
    if bulk.len() > CAPACITY {
        bulk.pop_last();
    }
}

/// Whether the kernel has grown a buffer up to a limit. One that an application has fixed
/// (`SO_RCVBUF`, `SO_SNDBUF`) grows no more, and mostly has another size.
fn is_at(buffer: u32, limit: u64) -> bool {
    let (buffer, limit) = (f64::from(buffer), number(limit));
    (0.95 * limit..=1.05 * limit).contains(&buffer)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a share of bytes or time need not be exact"
)]
fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
#[path = "bulk_tests.rs"]
mod tests;
