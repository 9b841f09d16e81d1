//! Times and rates that follow from settings: how long until a program gets ETIMEDOUT, how many new
//! connections a second.
//!
//! Pure: settings in, seconds out. The models are those of the kernel's own functions, named at each,
//! and are held against what a live kernel does in `tests/lab/timings.rs`. What they mean for a person
//! stands in `rules/topics/timings.yaml`.

mod compute;
mod model;

pub use compute::{all, keys_of, timing};

use crate::fact::{KernelVersion, Reading, Value};

/// The ids, in the order of a connection's life.
pub const IDS: [&str; 9] = [
    "connect",
    "syn-ack",
    "route-doubt",
    "dead-peer",
    "dead-idle-peer",
    "orphan",
    "fin-wait-2",
    "time-wait",
    "connect-rate",
];

/// Where settings are read, of which kernel.
#[derive(Clone, Copy)]
pub struct Settings<'a> {
    /// The reading of a key, by its dotted name. `Absent` says that the kernel does not have it.
    pub read: &'a dyn Fn(&str) -> Reading<Value>,
    /// The kernel, where behaviour differs and no key tells.
    pub kernel: Option<&'a KernelVersion>,
}

/// One answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Timing {
    /// Which one: one of [`IDS`].
    pub id: &'static str,
    /// What came out.
    pub answer: Answer,
    /// The settings it was worked out from, in the order they are told.
    pub inputs: Vec<Input>,
    /// When segments are sent again, in seconds after the first; empty where the time-out of the
    /// connection decides.
    pub again: Vec<f64>,
    /// What the settings make special, as a sentence.
    pub remark: Option<&'static str>,
}

/// What came out.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// So many seconds, as exactly as the kernel's timers are.
    Seconds(f64),
    /// Not before so many seconds: the model starts at the smallest retransmission time-out, and the
    /// connection's own is longer.
    AtLeast(f64),
    /// No time ends it.
    Never,
    /// So many a second, at most.
    PerSecond(f64),
    /// It cannot be told; why, a phrase for each setting.
    Unknown(Vec<String>),
}

/// A setting that an answer rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// The dotted name.
    pub key: &'static str,
    /// What was read.
    pub reading: Reading<Value>,
    /// What counts in its place where the kernel does not have it.
    pub instead: Option<&'static str>,
}
