//! How to look at sockets.

use std::path::{Path, PathBuf};

use crate::fact::KernelVersion;
use crate::fact::socket::BufferLimits;

/// How to look.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct CollectOptions {
    /// `ip_local_port_range` of the namespace, both ends included.
    pub port_range: (u16, u16),
    /// Where the tables of `/proc/net` are: `sockstat`, and all others for when the diagnostics are
    /// refused.
    pub tables: PathBuf,
    /// Read the tables even if the diagnostics work, as for a recorded tree.
    pub tables_only: bool,
    /// Whether to look at open connections one by one.
    pub examine: Examine,
    /// How many sockets to walk over.
    pub walk: Walk,
    /// Up to how many sockets every one is listed, and how many of more are looked at.
    pub limit: u64,
    /// Whether somebody asks how long connections have been in `CLOSE_WAIT`.
    pub ages: bool,
    /// Whether somebody asks for what a sample is needed of where sockets are many: shares of the open
    /// ones, and the ports in use towards each destination.
    pub samples: bool,
    /// Whether somebody asks which local ports services hold over UDP; each family has a table of its own.
    pub udp: bool,
    /// Whether `tw` of `sockstat` counts the sockets of this namespace (`tcp_death_row` of
    /// `struct netns_ipv4`, as since Linux 4.10), not those of the whole machine.
    pub own_time_wait: bool,
    /// Whether walks come in turn even where there are processors for two at the same time.
    pub in_turn: bool,
}

/// How many sockets to walk over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Walk {
    /// All where they are some thousands; of more, a part that tells nearly as much.
    #[default]
    Auto,
    /// All of them.
    Exact,
    /// None but those that listen, which have a table of their own.
    None,
}

/// Whether to look at open connections one by one. The kernel locks each to tell of it, which costs
/// several times as much as listing it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Examine {
    /// Nobody asks.
    #[default]
    No,
    /// Only if some are stuck.
    IfStuck,
    /// If there are any; connections with buffers at these limits are kept.
    Yes(BufferLimits),
}

impl CollectOptions {
    /// Up to how many sockets every one is listed.
    pub const LIMIT: u64 = 20_000;

    /// This host, in the network namespace of the calling thread.
    pub fn live(port_range: (u16, u16)) -> Self {
        let uname = rustix::system::uname();
        let release = uname.release().to_str().ok();
        let kernel = release.and_then(KernelVersion::parse);
        Self {
            tables: PathBuf::from("/proc/thread-self/net"),
            tables_only: false,
            own_time_wait: kernel.is_some_and(|one| (one.major, one.minor) >= (4, 10)),
            ..Self::recorded(port_range, Path::new(""))
        }
    }

    /// A recorded tree, whose tables lie in a directory.
    pub fn recorded(port_range: (u16, u16), tables: &Path) -> Self {
        Self {
            port_range,
            tables: tables.to_owned(),
            tables_only: true,
            examine: Examine::No,
            walk: Walk::Auto,
            limit: Self::LIMIT,
            ages: true,
            samples: true,
            udp: true,
            own_time_wait: false,
            in_turn: false,
        }
    }

    /// From how many ports on a destination is counted apart where not all are counted exactly: a quarter of
    /// the range.
    pub(super) fn many_ports(&self) -> u64 {
        let (low, high) = self.port_range;
        (u64::from(high.saturating_sub(low)) + 1).div_ceil(4)
    }

    /// The same with a look at open connections.
    #[must_use]
    pub fn examining(self, examine: Examine) -> Self {
        Self { examine, ..self }
    }

    /// The same with another walk.
    #[must_use]
    pub fn walking(self, walk: Walk) -> Self {
        Self { walk, ..self }
    }

    /// The same with another limit.
    #[must_use]
    pub fn up_to(self, limit: u64) -> Self {
        Self { limit, ..self }
    }
}
