//! The boot configuration: which files set which key, and what will be in force after the next boot.
//!
//! ```text
//! tree ─► files (order, masks) ─► lines ─► load plan (ordered writes) ─► forecast ─► fact::boot::Boot
//! ```
//!
//! Two loaders are modelled exactly, [`Engine::Systemd`](crate::fact::boot::Engine) and
//! [`Engine::Procps`](crate::fact::boot::Engine). This floor reads through ports and performs no I/O.

mod effects;
mod forecast;
mod load;
mod modules;
mod read;
mod tree;

pub use load::{Load, PlannedWrite, load};
pub use modules::Modules;
pub use read::{Request, read};
pub use tree::{Entry, Keys, Tree};
