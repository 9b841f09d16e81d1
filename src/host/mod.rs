//! This host: the only module that touches the kernel, files and the clock.

mod boot;
mod boot_keys;
mod boot_modules;
mod boot_tree;
mod collect;
mod defaults;
mod errno;
mod file;
mod fresh_namespace;
pub mod inet_diag;
mod namespace;
pub mod proc_tables;
pub mod process;
mod rule_files;
mod snapshot_file;
mod socket_facts;
pub mod sockets;
mod statistics;
mod sysctls;

pub use boot::{BootSource, boot_of_files};
pub use boot_keys::{CatalogueKeys, KernelKeys};
pub use boot_tree::BootTree;
pub use collect::{Moment, Needs, Source, collect, present};
pub use namespace::{EnterError, EnterErrorKind, Target};
pub use rule_files::{RuleFolder, Trust, read_rule_files};
pub use snapshot_file::{SnapshotError, SnapshotErrorKind, read_snapshot, write_snapshot};
pub use sysctls::{Sysctls, Written, write};
