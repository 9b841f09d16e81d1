//! `tcptune lint`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Choice;
use crate::cli::exit::FailOn;

/// `tcptune lint`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Lint {
    /// Files and folders, or - for standard input; without any, the folder this is run in.
    ///
    /// .gitignore and .tcptuneignore hold. Hidden files are read, .git is not, and links on the way are not followed.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// The kernels to judge for: 5.14, '>=4.18', 4.18..6.1, rhel9, several with commas [default: those of
    /// the supported distributions]
    #[arg(long, value_name = "RANGE")]
    pub kernel: Option<String>,

    /// The Kubernetes release to judge pods for: 1.29.
    #[arg(long, value_name = "VERSION")]
    pub kubernetes: Option<String>,

    /// Judge lines that are commented out as well.
    #[arg(long)]
    pub include_commented: bool,

    /// List every assignment that was found, faulty or not.
    #[arg(long)]
    pub assignments: bool,

    /// The rules to judge by.
    #[command(flatten)]
    pub choice: Choice,

    /// How to print the result.
    #[arg(long, value_enum, default_value_t = LintFormat::Human)]
    pub format: LintFormat,

    /// Exit with 1 from this severity on.
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t = FailOn::Low)]
    pub fail_on: FailOn,

    /// Exit with 0 whatever was found.
    #[arg(long)]
    pub exit_zero: bool,

    /// Comment out lines that do nothing, in sysctl.conf and sysctl.d/*.conf alone, and show the diff.
    ///
    /// The reason stands above each line. Mode, owner, links, access lists and labels stay; what others changed meanwhile is left
    /// alone. The result is that of the files as they are then.
    #[arg(long, conflicts_with = "include_commented")]
    pub fix: bool,

    /// What the text on standard input would be called: tells how to read it.
    #[arg(long, value_name = "NAME")]
    pub stdin_filename: Option<PathBuf>,

    /// Pass over files that are larger than so many MiB.
    #[arg(long, value_name = "MIB", default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..=1024))]
    pub max_size: u64,
}

/// How what was found in files is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LintFormat {
    /// For people, 80 columns.
    Human,
    /// For programs, see `tcptune schema lint`.
    Json,
    /// For code scanning: SARIF 2.1.0.
    Sarif,
    /// For workflows of GitHub: annotations.
    Github,
    /// For build servers: JUnit XML.
    Junit,
}
