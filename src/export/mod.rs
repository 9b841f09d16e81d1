//! Exports: the settings of a plan or of a profile in the words of other tools.
//!
//! A [`Target`] says what it can carry and writes it. [`judge()`] asks it about every setting before a byte is
//! written: what it cannot carry is told with its reason, all of it at once. This floor is pure; it writes
//! into whatever writer it is given.

mod ansible;
mod cloud_init;
mod container;
mod judge;
mod kubernetes;
mod nixos;
mod puppet;
mod quote;
mod salt;
mod setting;
mod sheet;
mod sysctl_d;
mod target;
#[cfg(test)]
mod tests;
mod tuned;

pub use judge::{Judged, Refused, judge};
pub use setting::{Export, Setting};
pub use sheet::Sheet;
pub use target::{TARGETS, Target, Terms, target};

/// The file that exported settings stand in on a host. Not tcptune's own drop-in, which nobody else may
/// write; it sorts before it, so that what `tcptune apply` does on one host wins there.
pub const FILE: &str = "/etc/sysctl.d/60-tcptune-export.conf";
