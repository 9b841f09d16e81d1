//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::exit::FailOn;

/// Audits a Linux host's TCP/IP settings with evidence from its own kernel.
#[derive(Debug, Parser)]
#[command(name = "tcptune", version, max_term_width = 80, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// When to use colour; no colour ever carries meaning alone.
    #[arg(long, value_enum, default_value_t = When::Auto, global = true)]
    pub color: When,
}

/// The exit codes, as `--help` prints them.
pub(super) const EXIT_CODES: &str = "\
Exit codes: 0 nothing at or above --fail-on, 1 findings at or above it, 2 usage,
configuration or rule error (nothing was done), 3 rules stayed unknown and
--fail-on-unknown was given.";

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On a terminal, unless `NO_COLOR` says otherwise.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Audit: what is wrong now, how we know, what to change, and what not to.
    Check(Check),
    /// Explain a rule: what happens, why it hurts, what a change costs, when to ignore it.
    Explain(Explain),
    /// Print the vocabulary of rules with current values, or why there is none.
    Facts(Facts),
    /// List or test rules.
    #[command(subcommand)]
    Rules(Rules),
    /// Print a JSON Schema.
    Schema(Schema),
    /// Save every input of an audit to a file that `check --snapshot` judges anywhere.
    Snapshot(Snapshot),
    /// Tell who set a key, and what will be in force after the next boot.
    Why(Why),
}

/// Where to look.
#[derive(Debug, Args)]
pub struct Where {
    /// Look into another network namespace: a name of `ip netns`, or a path.
    #[arg(long, value_name = "NAME|PATH", conflicts_with_all = ["pid", "proc"])]
    pub netns: Option<String>,

    /// Look into the network namespace of a process.
    #[arg(long, value_name = "PID", conflicts_with = "proc")]
    pub pid: Option<u32>,

    /// Read a recorded tree laid out like /proc instead of this host.
    #[arg(long, value_name = "DIR")]
    pub proc: Option<PathBuf>,
}

/// The files that set keys at boot.
#[derive(Debug, Args)]
pub struct BootFiles {
    /// Read the boot configuration below this folder, as of an image, instead of this host's.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["netns", "pid"])]
    pub root: Option<PathBuf>,

    /// The program that loads those files at boot.
    #[arg(long, value_enum, value_name = "LOADER", default_value_t = BootEngine::Auto)]
    pub boot_engine: BootEngine,
}

impl BootFiles {
    /// This host's own, read by the loader that is found out.
    pub const fn own() -> Self {
        Self {
            root: None,
            boot_engine: BootEngine::Auto,
        }
    }
}

/// The program that loads the files at boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BootEngine {
    /// Found out: systemd where it is the init system, or where a tree has its loader.
    Auto,
    /// systemd-sysctl.
    Systemd,
    /// `sysctl --system` of procps.
    Procps,
}

/// The rules to judge by.
#[derive(Debug, Args)]
pub struct RuleFiles {
    /// Read more rules from this folder; a rule with a known id replaces it.
    #[arg(long = "rules", value_name = "DIR")]
    pub dirs: Vec<PathBuf>,
}

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

    /// Seconds between the two samples counters are judged over; 0 takes one sample.
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds, allow_negative_numbers = true)]
    pub interval: f64,

    /// Start the window at an earlier snapshot of the same boot and namespace.
    #[arg(long, value_name = "FILE")]
    pub since: Option<PathBuf>,

    /// The files that set keys at boot.
    #[command(flatten)]
    pub boot: BootFiles,

    /// Judge a saved snapshot instead of this host.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["netns", "pid", "proc", "root"])]
    pub snapshot: Option<PathBuf>,

    /// How to print the report.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,

    /// Exit with 1 from this severity on.
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t = FailOn::Medium)]
    pub fail_on: FailOn,

    /// Exit with 3 when rules stayed unknown and nothing else was found.
    #[arg(long)]
    pub fail_on_unknown: bool,

    /// Exit with 0 whatever was found or stayed unknown.
    #[arg(long)]
    pub exit_zero: bool,

    /// Print one line a finding, and nothing when there is none.
    #[arg(long, short)]
    pub quiet: bool,

    /// Print facts, explanations, and every rule that holds or is unknown.
    #[arg(long, short, conflicts_with = "quiet")]
    pub verbose: bool,
}

/// How a report is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people, 80 columns.
    Human,
    /// For programs, see `tcptune schema`.
    Json,
}

/// `tcptune explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// The id of a rule.
    pub rule: String,

    /// The rules to judge by.
    #[command(flatten)]
    pub rules: RuleFiles,
}

/// `tcptune facts`.
#[derive(Debug, Args)]
pub struct Facts {
    /// Only names that contain this.
    pub filter: Option<String>,

    /// Where to look.
    #[command(flatten)]
    pub at: Where,

    /// How to print the list.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// `tcptune rules`.
#[derive(Debug, Subcommand)]
pub enum Rules {
    /// List every rule: id, severity, kind, maturity, mechanism, origin.
    List {
        /// The rules to list.
        #[command(flatten)]
        rules: RuleFiles,
    },
    /// Judge the rules of a folder by the cases beside them.
    Test {
        /// The folder.
        dir: PathBuf,
    },
}

/// `tcptune schema`.
#[derive(Debug, Args)]
pub struct Schema {
    /// Which one.
    #[arg(value_enum)]
    pub of: SchemaOf,
}

/// The formats that have a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// `check --format json`.
    Report,
    /// `why --format json`.
    Why,
}

/// `tcptune snapshot`.
#[derive(Debug, Args)]
pub struct Snapshot {
    /// The file to write, with mode 0600; `-` for standard output.
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,

    /// Where to look.
    #[command(flatten)]
    pub at: Where,

    /// The files that set keys at boot.
    #[command(flatten)]
    pub boot: BootFiles,

    /// Seconds between the two samples; 0 takes one sample.
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds, allow_negative_numbers = true)]
    pub interval: f64,
}

/// `tcptune why`.
#[derive(Debug, Args)]
pub struct Why {
    /// A key in any spelling, or how several begin: `net.ipv4.tcp_keepalive`.
    #[arg(value_name = "KEY|PREFIX")]
    pub key: String,

    /// Where to look.
    #[command(flatten)]
    pub at: Where,

    /// The files that set keys at boot.
    #[command(flatten)]
    pub boot: BootFiles,

    /// The rules to judge by.
    #[command(flatten)]
    pub rules: RuleFiles,

    /// Seconds to watch counters where a rule that may set the key needs them; 0 takes one sample.
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds, allow_negative_numbers = true)]
    pub interval: f64,

    /// How to print the answer.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.0..=86_400.0).contains(&seconds) => Ok(seconds),
        _ => Err("give seconds from 0 to 86400".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn an_interval_is_bounded() {
        assert_eq!(seconds("0"), Ok(0.0));
        for text in ["-1", "nan", "inf", "1e9", "x", ""] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
