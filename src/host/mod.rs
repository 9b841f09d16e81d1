//! This host: the only module that touches the kernel, files and the clock.

pub mod attribution;
mod boot;
mod boot_keys;
mod boot_modules;
mod boot_tree;
mod clock;
mod collect;
mod defaults;
mod dropin_file;
mod errno;
mod family;
mod file;
mod fresh_namespace;
mod guard;
mod in_order;
pub mod inet_diag;
mod interfaces;
pub mod interrupt;
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
mod remembered;
mod replace;
mod rule_files;
mod run_id;
mod settings;
mod snapshot_file;
mod snapshot_list;
mod socket_facts;
mod socket_holders;
pub mod sockets;
mod statistics;
mod sysctls;
mod udp_drops;
mod whole_file;

pub use boot::{BootSource, NextBoot, boot_of_files};
pub use boot_keys::{CatalogueKeys, KernelKeys};
pub use boot_tree::BootTree;
pub use clock::SystemClock;
pub use collect::{Moment, Needs, Source, collect, here, present};
pub use dropin_file::DropinFile;
pub(crate) use errno::io_name;
pub use family::members;
pub use guard::{GuardError, Watched, become_guard, start_guard, watch};
pub use in_order::in_order;
pub use journal::{DiskJournal, Incomplete, JournalError, JournalErrorKind};
pub use lint_files::{
    LINT_LIMIT, LintFiles, Unread, cannot_lint, is_loaded, lint_files, lint_stdin,
};
pub use lint_fix::{read_to_fix, write_fixed};
pub use live_sysctls::LiveSysctls;
pub use lock::{Lock, LockError};
pub use namespace::{EnterError, EnterErrorKind, Target};
pub use places::{Environment, NoPlace, Places};
pub use plan_file::{PlanFileError, PlanFileErrorKind, read_plan, read_unjudged_plan, write_plan};
pub use private_folder::Unusable;
pub use remembered::{Forgotten, NotKept, Remembered};
pub use rule_files::{
    RuleFolder, Trust, is_folder, is_there, misnamed, no_rule_file, no_rule_folder, read_rule_file,
    read_rule_files, refusal,
};
pub use run_id::run_id;
pub use snapshot_file::{
    SnapshotError, SnapshotErrorKind, read_one_of_many, read_snapshot, write_snapshot,
};
pub use snapshot_list::{Listed, NoList, Taken, list_snapshots, taken_by_snapshots};
pub use socket_holders::holding;
pub use sysctls::Sysctls;
pub use whole_file::{Begun, Destination, write_result};
