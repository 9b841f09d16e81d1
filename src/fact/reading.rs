//! Readings: what came of looking at one fact.

use serde::{Deserialize, Serialize};

use super::inert;

/// What came of reading one fact. Five states, never folded into each other.
///
/// An absent or refused fact is a result like any other: it makes a rule *unknown* or *not
/// applicable*, it is never an error and never a pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading<T> {
    /// Read and understood.
    Known(T),
    /// This kernel, or this namespace, does not have it (`ENOENT`).
    Absent,
    /// It exists and may not be read; `errno` by name, for example `EACCES`.
    Denied(String),
    /// Read and understood, and nobody may write it here: the file has no write bit, as
    /// `net.core.rmem_max` in a network namespace, or `/proc/sys` is mounted read-only.
    ReadOnly(T),
    /// Read, and not of the type the catalogue states; the text as read.
    Malformed(String),
}

impl<T> Reading<T> {
    /// The value, if there is one to work with.
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Known(value) | Self::ReadOnly(value) => Some(value),
            Self::Absent | Self::Denied(_) | Self::Malformed(_) => None,
        }
    }

    /// The same reading with its value turned into another.
    pub fn map<U>(self, turn: impl FnOnce(T) -> U) -> Reading<U> {
        match self {
            Self::Known(value) => Reading::Known(turn(value)),
            Self::ReadOnly(value) => Reading::ReadOnly(turn(value)),
            Self::Absent => Reading::Absent,
            Self::Denied(errno) => Reading::Denied(errno),
            Self::Malformed(text) => Reading::Malformed(text),
        }
    }

    /// Why there is no value, as a phrase for a report: "absent", "denied (EACCES)".
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::Known(_) | Self::ReadOnly(_) => None,
            Self::Absent => Some("absent".to_owned()),
            Self::Denied(errno) => Some(format!("denied ({errno})")),
            Self::Malformed(text) => Some(format!("malformed (`{}`)", inert(text))),
        }
    }
}
