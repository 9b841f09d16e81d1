//! The boot configuration: which files set which key, and what will be in force after the next boot.
//!
//! ```text
//! tree ─► files (order, masks) ─► lines ─► load plan (ordered writes) ─► forecast ─► fact::boot::Boot
//! ```
//!
//! Two loaders are modelled exactly, [`Engine::Systemd`](crate::fact::boot::Engine) and
//! [`Engine::Procps`](crate::fact::boot::Engine). This floor reads through ports and performs no I/O.

mod brace;
mod cmdline;
mod effects;
mod expand;
mod files;
mod forecast;
mod gather;
mod key;
mod key_tree;
mod line;
mod load;
mod modules;
mod outcome;
mod plan;
mod procps;
mod read;
mod secret;
mod systemd;
mod tree;
mod wildcard;
mod writers;

pub use load::{Load, PlannedWrite, load};
pub use modules::Modules;
pub use read::{Request, read};
pub use tree::{Entry, Keys, Tree};
pub use writers::writers;
