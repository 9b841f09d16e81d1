//! What `check` is told of saved snapshots, one or many, and of records for queries.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

use crate::catalog;
use crate::fact::Labels;

/// What the names of all settings begin with, as facts.
const EVERY_SETTING: &str = "sysctl.";

/// Saved snapshots, and what is added to records for queries.
#[derive(Debug, Args)]
pub struct Saved {
    /// Judge a saved snapshot instead of this host; or many, each by itself: several files, or a folder with
    /// *.json files, in the formats human and ndjson. `-` is one on standard input.
    #[arg(long, value_name = "FILE|DIR", num_args = 1.., conflicts_with_all = ["netns", "pid", "proc", "root", "boot_engine", "exact", "no_walk"])]
    pub snapshot: Vec<PathBuf>,

    /// How many snapshots to judge at a time, at most four for each processor; without it, one for each.
    #[arg(long, value_name = "N", requires = "snapshot")]
    pub jobs: Option<NonZeroUsize>,

    /// Add a record to --format ndjson for each setting that was read, or for those whose names begin so: live,
    /// after the next boot, and by default.
    #[arg(long, value_name = "PREFIX,…", num_args = 0..=1, require_equals = true, value_delimiter = ',', default_missing_value = EVERY_SETTING, value_parser = prefix, conflicts_with = "apply")]
    pub settings: Vec<String>,

    /// Say what you call the host in every record of --format ndjson: `role=edge` becomes `label_role`;
    /// over one of the same name in a snapshot. Repeatable.
    #[arg(long, value_name = "KEY=VALUE", value_parser = Labels::parse, conflicts_with = "apply")]
    pub label: Vec<(String, String)>,
}

impl Saved {
    /// Whether many snapshots are meant, be it that there is only one in a folder.
    pub(in crate::cli) fn is_fleet(&self) -> bool {
        match self.snapshot.as_slice() {
            [] => false,
            [one] => one.is_dir(),
            [_, _, ..] => true,
        }
    }

    /// The one file that is to be judged instead of this host.
    pub(in crate::cli) fn one(&self) -> Option<&PathBuf> {
        self.snapshot.first().filter(|_| !self.is_fleet())
    }
}

/// What names of settings begin with, in any spelling of them; nothing where all are meant.
fn prefix(text: &str) -> Result<String, &'static str> {
    if text.is_empty() {
        return Err("nothing is named; leave `=` away for all settings, and no comma at an end");
    }
    if text.contains(char::is_whitespace) {
        return Err("no name has blanks; separate names by commas alone");
    }
    if text.contains('*') {
        return Err("every name that begins so is meant; leave `*` away");
    }
    let key = text
        .strip_prefix("sysctl.")
        .or_else(|| text.strip_prefix("sysctl/"));
    Ok(catalog::canonical(key.unwrap_or(text)).into_owned())
}
