//! The settings that were asked for with `--settings`, and which of the names led to none.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::cli::args::Check;
use crate::cli::output::Output;
use crate::fact::Snapshot;
use crate::render::audit::{self, SettingRecord};

/// What the names begin with, on any thread.
pub(super) struct Wanted<'a> {
    /// Each with whether a setting was read whose name begins so.
    prefixes: Vec<(&'a str, AtomicBool)>,
}

impl<'a> Wanted<'a> {
    pub(super) fn of(args: &'a Check) -> Self {
        let prefixes = args.saved.settings.iter();
        Self {
            prefixes: prefixes
                .map(|prefix| (prefix.as_str(), AtomicBool::new(false)))
                .collect(),
        }
    }

    /// Those that were read.
    pub(super) fn read(&self, snapshot: &Snapshot) -> Vec<SettingRecord> {
        audit::settings(snapshot, |key| {
            let mut wanted = false;
            // One name may begin with several of them.
            for (prefix, met) in &self.prefixes {
                if key.starts_with(prefix) {
                    met.store(true, Ordering::Relaxed);
                    wanted = true;
                }
            }
            wanted
        })
    }

    /// Tells what led to no setting in all that was read: it may be a slip.
    pub(super) fn tell_unmet(&self) {
        for (prefix, met) in &self.prefixes {
            if !met.load(Ordering::Relaxed) {
                Output::warn(
                    &format!("no setting that was read begins with `{prefix}`"),
                    &[],
                    Some("list keys with `tcptune facts sysctl.`"),
                );
            }
        }
    }
}
