//! This host: the only module that touches the kernel, files and the clock.

mod boot;
mod boot_keys;
mod boot_modules;
mod boot_tree;
mod clock;
mod collect;
mod defaults;
mod dropin_file;
mod errno;
mod file;
mod fresh_namespace;
mod guard;
pub mod inet_diag;
mod interfaces;
mod journal;
mod lint_files;
mod lint_fix;
mod live_sysctls;
mod lock;
mod namespace;
mod places;
mod plan_file;
mod private_folder;
pub mod proc_tables;
pub mod process;
mod replace;
mod rule_files;
mod snapshot_file;
mod socket_facts;
mod socket_holders;
pub mod sockets;
mod statistics;
mod sysctls;
mod udp_drops;

pub use boot::{BootSource, NextBoot, boot_of_files};
pub use boot_keys::{CatalogueKeys, KernelKeys};
pub use boot_tree::BootTree;
pub use clock::SystemClock;
pub use collect::{Moment, Needs, Source, collect, here, present};
pub use dropin_file::DropinFile;
pub use guard::{GuardError, Watched, become_guard, start_guard, watch};
pub use journal::{DiskJournal, Incomplete, JournalError, JournalErrorKind};
pub use lint_files::{LINT_LIMIT, LintFiles, Unread, cannot_lint, lint_files, lint_stdin};
pub use lint_fix::{read_to_fix, write_fixed};
pub use live_sysctls::LiveSysctls;
pub use lock::{Lock, LockError};
pub use namespace::{EnterError, EnterErrorKind, Target};
pub use places::{Environment, NoPlace, Places};
pub use plan_file::{PlanFileError, PlanFileErrorKind, read_plan, write_plan};
pub use private_folder::Unusable;
pub use rule_files::{
    RuleFolder, Trust, is_there, misnamed, read_rule_file, read_rule_files, refusal,
};
pub use snapshot_file::{SnapshotError, SnapshotErrorKind, read_snapshot, write_snapshot};
pub use socket_holders::holding;
pub use sysctls::Sysctls;
