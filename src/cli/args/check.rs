//! `tcptune check`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{BootFiles, Changes, Choice, Format, Role, RuleFiles, Saved, Where, seconds};
use crate::cli::exit::FailOn;

/// `tcptune check`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Check {
    /// Where to look.
    #[command(flatten)]
    pub at: Where,

    /// The rules to judge by.
    #[command(flatten)]
    pub rules: RuleFiles,

    /// Which of them.
    #[command(flatten)]
    pub choice: Choice,

    /// The role of the host.
    #[command(flatten)]
    pub role: Role,

    /// Seconds between the two samples counters are judged over; 0 takes one sample.
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds, allow_negative_numbers = true, conflicts_with_all = ["since", "snapshot"])]
    pub interval: f64,

    /// Start the window at an earlier snapshot of the same boot and namespace; `-` for standard input.
    #[arg(long, value_name = "FILE")]
    pub since: Option<PathBuf>,

    /// Judge what happened since the last run with --remember too, and leave this run to the next one; a run
    /// of another boot or network namespace starts anew.
    #[arg(long, conflicts_with_all = ["since", "snapshot", "proc", "apply"])]
    pub remember: bool,

    /// The files that set keys at boot.
    #[command(flatten)]
    pub boot: BootFiles,

    /// Saved snapshots, and what is added to records.
    #[command(flatten)]
    pub saved: Saved,

    /// How to write the report.
    #[arg(long, value_enum, default_value_t = CheckFormat::Human)]
    pub format: CheckFormat,

    /// Write the report to this file, whole or not at all, with mode 0644; `-` for standard output.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Exit with 1 from this severity on.
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t = FailOn::Medium)]
    pub fail_on: FailOn,

    /// Exit with 3 when rules stayed unknown and nothing else was found.
    #[arg(long)]
    pub fail_on_unknown: bool,

    /// Exit with 0 whatever was found or stayed unknown.
    #[arg(long)]
    pub exit_zero: bool,

    /// Print one line a finding, and nothing when there is none; other formats than human are always whole.
    #[arg(long, short)]
    pub quiet: bool,

    /// Print facts, explanations, and every rule that holds or is unknown; other formats than human are always
    /// whole.
    #[arg(long, short, conflicts_with = "quiet")]
    pub verbose: bool,

    /// Show a plan of the changes, ask, and make them: the same as `tcptune apply`.
    #[arg(long, conflicts_with_all = ["snapshot", "proc", "root", "output", "quiet", "verbose", "fail_on", "fail_on_unknown", "exit_zero"])]
    pub apply: bool,

    /// How changes are made.
    #[command(flatten)]
    pub changes: Changes,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// For people, 80 columns.
    Human,
    /// For programs: one document, see `tcptune schema report`.
    Json,
    /// For programs and log shippers: flat records, one a line, see `tcptune schema record`.
    Ndjson,
    /// For build servers: JUnit XML, a case for each rule.
    Junit,
    /// For the textfile collector of the node exporter.
    Prometheus,
    /// For monitoring systems: one line, and exit codes of its own (0 ok, 1 warning, 2 critical, 3 unknown).
    Nagios,
    /// For a change ticket.
    Markdown,
}

impl CheckFormat {
    /// The same format for what `--apply` writes, where it has it.
    pub(in crate::cli) const fn of_changes(self) -> Option<Format> {
        match self {
            Self::Human => Some(Format::Human),
            Self::Json => Some(Format::Json),
            _ => None,
        }
    }
}
