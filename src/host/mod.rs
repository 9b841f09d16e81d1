//! This host: the only module that touches the kernel, files and the clock.

mod clock;
mod collect;
mod dropin_file;
mod errno;
mod file;
mod guard;
pub mod inet_diag;
mod journal;
mod live_sysctls;
mod lock;
mod namespace;
mod places;
mod private_folder;
pub mod proc_tables;
pub mod process;
mod replace;
mod rule_files;
mod snapshot_file;
mod socket_facts;
pub mod sockets;
mod statistics;
mod sysctls;

pub use clock::SystemClock;
pub use collect::{Moment, Needs, Source, collect};
pub use dropin_file::DropinFile;
pub use guard::{GuardError, Watched, become_guard, start_guard, watch};
pub use journal::{DiskJournal, Incomplete, JournalError, JournalErrorKind};
pub use live_sysctls::LiveSysctls;
pub use lock::{Lock, LockError};
pub use namespace::{EnterError, EnterErrorKind, Target};
pub use places::{Environment, NoPlace, Places};
pub use private_folder::Unusable;
pub use rule_files::{RuleFolder, Trust, read_rule_files};
pub use snapshot_file::{SnapshotError, SnapshotErrorKind, read_snapshot, write_snapshot};
pub use sysctls::Sysctls;
