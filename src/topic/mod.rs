//! What is known in words: of every setting, state, error, counter and socket option, of the times that
//! follow from settings, and of what is wrongly said about them.
//!
//! The texts stand in `rules/topics/`; the build turns them into one static table of JSON, so that a
//! program that starts pays nothing for them, and a text is read when it is asked for. What a machine
//! knows better stays out of them: types, bounds, defaults and releases are the catalogue's
//! ([`crate::catalog`]), seconds are worked out from settings ([`crate::timing`]). No I/O on this floor.
//!
//! ```
//! use tcptune::topic::{self, Kind};
//!
//! let found = topic::find("time_wait");
//! assert_eq!((found[0].kind, found[0].name.as_str()), (Kind::State, "TIME-WAIT"));
//! ```

mod find;
mod source;
mod spelling;
mod text;

pub use find::{Topic, exact, find, named, nearest, search, topics};
pub use source::Source;
pub use text::{
    About, Concept, Confidence, Counter, ErrorText, Key, Myth, OptionText, State, Symptom, Text,
    TimingText, Unreadable, myths_about, text,
};

/// What a topic is about. The order is the one in which they are offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A setting of `/proc/sys`, or a family of them.
    Key,
    /// A state of a TCP socket.
    State,
    /// An error of a system call on a socket.
    Error,
    /// A counter of `/proc/net/netstat` or `/proc/net/snmp`.
    Counter,
    /// A socket option that has to do with a setting.
    Option,
    /// How something works.
    Concept,
    /// A time or rate that follows from settings.
    Timing,
    /// What is often said and wrong.
    Myth,
}

impl Kind {
    /// All kinds, in the order in which they are offered.
    pub const ALL: [Self; 8] = [
        Self::Key,
        Self::State,
        Self::Error,
        Self::Counter,
        Self::Option,
        Self::Concept,
        Self::Timing,
        Self::Myth,
    ];

    /// The word for one: `sysctl`, `state`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Key => "sysctl",
            Self::State => "state",
            Self::Error => "error",
            Self::Counter => "counter",
            Self::Option => "option",
            Self::Concept => "concept",
            Self::Timing => "timing",
            Self::Myth => "myth",
        }
    }

    /// The word for all of them, which is a topic of its own: `states`.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Key => "sysctls",
            Self::State => "states",
            Self::Error => "errors",
            Self::Counter => "counters",
            Self::Option => "options",
            Self::Concept => "concepts",
            Self::Timing => "timings",
            Self::Myth => "myths",
        }
    }

    /// The kind of a word, in singular or plural.
    pub fn of_word(word: &str) -> Option<Self> {
        let is_it = |kind: &Self| {
            kind.word().eq_ignore_ascii_case(word) || kind.plural().eq_ignore_ascii_case(word)
        };
        Self::ALL.into_iter().find(is_it)
    }
}

/// The table made by `src/build/topics.rs` from `rules/topics`.
mod table {
    use super::Kind;

    include!(concat!(env!("OUT_DIR"), "/topics.rs"));
}
