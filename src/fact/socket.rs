//! Sockets: what the kernel's TCP tables say, row by row and summed up.
//!
//! A [`SocketRow`] is one socket as a source gave it. A [`SocketTally`] takes rows in any number and
//! bounded memory and ends as a [`SocketSummary`], which is small, comparable and fit for a
//! snapshot. What a source cannot tell stays `None`; it never becomes zero.

mod bulk;
mod counts;
mod destinations;
mod estimate;
mod evenly;
mod examined;
mod frequent;
mod holding;
mod ports;
mod row;
mod sampled;
mod slices;
mod state;
mod summary;
mod tally;
mod tracked;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use bulk::{Bulk, Capped, Receiving, Sending, receive_capped, send_capped};
pub use counts::StateCounts;
pub use destinations::{DestinationTally, Suspects};
pub use estimate::{Margin, Part};
pub use evenly::{Evenly, Share, mark_of_ends, mark_of_inode};
pub use examined::{BufferLimits, Examination, Examined, QuietTimes};
pub use holding::Holding;
pub use ports::{PortOccupancy, PortView};
pub use row::{Listener, SocketRow};
pub use sampled::Summed;
pub use slices::Slices;
pub use state::{Family, TcpState, Timer};
pub use summary::{CloseWaitAges, Destination, Ranked, SocketSummary};
pub use tally::SocketTally;
pub use tracked::{Persisting, Tracked};

/// Where the socket tables were read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SocketSource {
    /// The kernel's socket diagnostics over netlink: timers, queue bounds, drops, ages.
    Diagnostics,
    /// `/proc/net/tcp` and its siblings: states, addresses, queues and inodes only.
    ProcTables,
}

/// One look at all TCP sockets of a network namespace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sockets {
    /// Where the tables were read from.
    pub source: SocketSource,
    /// Every socket that is not listening, summed up.
    pub summary: SocketSummary,
    /// The listening sockets, by address.
    pub listeners: Vec<Listener>,
    /// Local ports that services hold.
    pub ports: PortOccupancy,
    /// Inodes of sockets in `CLOSE_WAIT`, to find the process that forgot them; of more than
    /// [`Sockets::MAX_CLOSE_WAIT_INODES`] an even part.
    pub close_wait_inodes: Vec<u64>,
    /// What a reader of the numbers should know: "the tables changed while they were read".
    pub notes: Vec<String>,
    /// What was not looked at, and why: facts by how their names begin (`socket.established_stuck`,
    /// `destination.`). What the rest of this says of them is nothing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unread: BTreeMap<String, String>,
}

impl Sockets {
    /// How many inodes in `CLOSE_WAIT` are kept for attribution.
    pub const MAX_CLOSE_WAIT_INODES: usize = 4096;

    /// Why nothing is known of a fact, if it was not looked at.
    pub fn why_unread(&self, fact: &str) -> Option<&str> {
        let mut unread = self.unread.iter();
        let found = unread.find(|(beginning, _)| fact.starts_with(beginning.as_str()))?;
        Some(found.1)
    }

    /// The same listener in this look.
    pub fn listener(&self, like: &Listener) -> Option<&Listener> {
        self.listeners.iter().find(|one| one.is_same(like))
    }
}
