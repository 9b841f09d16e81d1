//! Units: what a number counts or measures.

use serde::{Deserialize, Serialize};

/// What a number is a number of.
///
/// Two numbers may be added or compared only when their units agree; a literal in a rule takes the
/// unit of the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// A plain number: a ratio, a level, a shift.
    Number,
    /// A count of things: sockets, segments, ports, retransmissions.
    Count,
    /// Hundredths.
    Percent,
    /// Bytes.
    Bytes,
    /// Memory pages of this machine (`tcp_mem`, sockstat `mem`).
    Pages,
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// Microseconds.
    Microseconds,
    /// Nanoseconds.
    Nanoseconds,
}

impl Unit {
    /// The name used in error messages and in the vocabulary listing.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Count => "count",
            Self::Percent => "%",
            Self::Bytes => "bytes",
            Self::Pages => "pages",
            Self::Seconds => "s",
            Self::Milliseconds => "ms",
            Self::Microseconds => "us",
            Self::Nanoseconds => "ns",
        }
    }
}
