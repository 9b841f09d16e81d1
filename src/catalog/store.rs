//! What the kernel makes of a written text.
//!
//! A pure model of the handlers in `kernel/sysctl.c` (`proc_dointvec` and its like, on top of
//! `proc_get_long`) and of those keys that have a handler of their own. It follows the newest kernel the
//! catalogue was held against; which numbers an older one takes goes by its release ([`Beside::kernel`]).

mod beside;
mod choice;
mod long;
mod number;
mod ports;
#[cfg(test)]
mod tests;
mod ticks;

pub(super) use choice::ALLOWED;
pub use ticks::ROUNDED;

use super::{KeySpec, Kind, Write};
use crate::fact::{KernelVersion, Value};

/// What becomes of a key when a text is written to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    /// The write succeeds, and the key has this value.
    Taken(Value),
    /// The write fails.
    Refused {
        /// The errno by name: `EINVAL`.
        errno: &'static str,
        /// The value afterwards: a refused vector has its first numbers changed. `None` when that cannot
        /// be told, since the value before is not known.
        value: Option<Value>,
    },
    /// It cannot be told; why, as a phrase.
    Unknown(&'static str),
}

impl Stored {
    /// The value afterwards, `None` when it cannot be told.
    pub fn value(&self) -> Option<&Value> {
        match self {
            Self::Taken(value) => Some(value),
            Self::Refused { value, .. } => value.as_ref(),
            Self::Unknown(_) => None,
        }
    }

    /// The errno of a refusal, by name.
    pub fn errno(&self) -> Option<&'static str> {
        match self {
            Self::Refused { errno, .. } => Some(errno),
            Self::Taken(_) | Self::Unknown(_) => None,
        }
    }
}

/// What a handler looks at besides its own key.
pub trait Beside {
    /// The value another key has at that moment, `None` when it is not known.
    fn value(&self, key: &str) -> Option<Value>;

    /// Whether an algorithm is there for a key that names one, or would be loaded: `bbr` for
    /// `net.ipv4.tcp_congestion_control`, `fq` for `net.core.default_qdisc`. `None` when it is not known.
    fn available(&self, key: &str, name: &str) -> Option<bool>;

    /// The kernel that is written to, `None` for the newest: bounds go by its release.
    fn kernel(&self) -> Option<&KernelVersion> {
        None
    }
}

/// Nothing is known of other keys: they are taken to have the defaults that matter here.
struct Alone;

impl Beside for Alone {
    fn value(&self, _key: &str) -> Option<Value> {
        None
    }

    fn available(&self, _key: &str, _name: &str) -> Option<bool> {
        None
    }
}

/// The keys that are an order and no value.
const ORDERS: &str = ".route.flush";

impl KeySpec {
    /// What the key has after a write of `text` and a newline, coming from `old`.
    ///
    /// Nothing is known of other keys; see [`KeySpec::store_beside`].
    pub fn store(&self, old: Option<&Value>, text: &[u8]) -> Stored {
        self.store_beside(old, text, &Alone)
    }

    /// As [`KeySpec::store`], for a kernel whose other keys are `beside`.
    pub fn store_beside(&self, old: Option<&Value>, text: &[u8], beside: &dyn Beside) -> Stored {
        if self.write == Write::ReadOnly {
            // `proc_sys_permission` refuses to open it, to root as well.
            return refused("EACCES", old);
        }
        if self.unlisted || self.secret {
            return Stored::Unknown("how the kernel reads this key is not in the catalogue");
        }
        if self.key.ends_with(ORDERS) {
            return Stored::Unknown("a write is an order, not a value");
        }
        match self.kind {
            Kind::Int | Kind::Bool | Kind::Enum | Kind::Bitmask | Kind::Triple | Kind::Range => {
                self.store_numbers(old, text, beside)
            }
            Kind::Ports => ports::store(old, text),
            Kind::Words | Kind::Text => self.store_choice(old, text, beside),
        }
    }
}

/// A refusal that leaves the value as it was.
fn refused(errno: &'static str, old: Option<&Value>) -> Stored {
    Stored::Refused {
        errno,
        value: old.cloned(),
    }
}
