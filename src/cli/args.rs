//! The command line.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::fact::Labels;

mod apply;
mod check;
mod explain;
mod export;
mod fleet;
mod lint;
mod manual;
mod rules;

pub(super) use apply::{AcceptWhich, Apply, Changes, Confirm, Guard, History, Rollback};
pub(super) use check::{Check, CheckFormat};
pub(super) use explain::{Explain, ExplainFormat};
pub(super) use export::Export;
pub(super) use fleet::Saved;
pub(super) use lint::{Lint, LintFormat};
pub(super) use manual::{Completions, Man, Shell, shown};
pub(super) use rules::{
    Choice, LintRules, ListRules, RuleFiles, Rules, Schema, SchemaOf, SiteFolder, TestFormat,
    TestRules,
};

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
Exit codes, the first that applies: 5 a rollback is incomplete and needs a
person; 4 an apply failed and everything is as before; 6 another run holds the
lock; 2 usage, configuration or rule error (nothing was done); 1 findings at or
above --fail-on, changes pending (--dry-run), declined, not confirmed in time,
nothing improved (--prove); 3 refused (another file would win, a stale plan, an
apply that is open), or with --fail-on-unknown rules that stayed unknown, or
some of many snapshots were unreadable, or a signal (Ctrl-C, SIGTERM) cut a look
short; 0 otherwise. Only check --format nagios has codes of its own: 2 where a
finding of severity high counts by --fail-on, 1 where another one does, 3 where
nothing could be judged or the run failed or was cut short, 0 otherwise.";

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
    /// Show a plan, ask, and make the changes so that they last and can be taken back.
    Apply(Apply),
    /// Keep an apply that waits to be confirmed.
    Confirm(Confirm),
    /// Take an apply back: its values, and its lines in the drop-in.
    Rollback(Rollback),
    /// List every apply: when, by whom, which keys, what became of it.
    History(History),
    /// Print the completions of a shell.
    Completions(Completions),
    /// Explain a rule, a sysctl, a TCP state, a socket error, a counter or a socket option, with this
    /// host's numbers.
    Explain(Explain),
    /// Write the settings of a plan or a profile for another tool: a file, Ansible, Kubernetes and others.
    Export(Export),
    /// Print the vocabulary of rules with current values, or why there is none.
    Facts(Facts),
    /// Judge sysctls in files, scripts, infrastructure code and pages, without a host.
    Lint(Lint),
    /// Print the manual page, or write those of all commands into a folder.
    Man(Man),
    /// List, test or lint rules.
    #[command(subcommand)]
    Rules(Rules),
    /// Print a JSON Schema.
    Schema(Schema),
    /// Save every input of an audit to a file that `check --snapshot` judges anywhere.
    Snapshot(Snapshot),
    /// Tell who set a key, and what will be in force after the next boot.
    Why(Why),
    /// Watch over an apply that waits (started by `apply --confirm`).
    #[command(hide = true)]
    Guard(Guard),
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

    /// How many sockets to walk over.
    #[command(flatten)]
    pub sockets: SocketWalk,
}

/// How many sockets to walk over.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct SocketWalk {
    /// Look at every TCP socket. Without it, of more than 20,000 some numbers come from a sample.
    #[arg(long, conflicts_with = "no_walk")]
    pub exact: bool,

    /// Do not walk over TCP connections: what only a walk can tell stays unknown.
    #[arg(long)]
    pub no_walk: bool,
}

/// The files that set keys at boot.
#[derive(Debug, Args)]
pub struct BootFiles {
    /// Read the boot configuration below this folder, as of an image, instead of this host's.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["netns", "pid"])]
    pub root: Option<PathBuf>,

    /// The program that loads those files at boot.
    #[arg(long, value_enum, value_name = "LOADER", default_value_t = BootEngine::Auto, conflicts_with_all = ["netns", "pid"])]
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

/// The role of the host.
#[derive(Debug, Args)]
pub struct Role {
    /// The role of this host: a profile by name (general, server, proxy, client, or one of the site), or
    /// a file. Its parameters are read by rules; what it wants is reported, and made by --apply.
    #[arg(long, value_name = "NAME|FILE")]
    pub profile: Option<String>,
}

impl Role {
    /// The same option again, for a command that is to act for the same role.
    pub(super) fn option(&self) -> Option<(&'static str, &OsStr)> {
        let profile = self.profile.as_ref()?;
        Some(("--profile", OsStr::new(profile)))
    }
}

/// How a report is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people, 80 columns.
    Human,
    /// For programs, see `tcptune schema`.
    Json,
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
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub format: ListFormat,
}

/// How to print a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For people, a line for each.
    Human,
    /// For programs, an array with an object for each.
    Json,
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

    /// Say what you call the host: `role=edge` becomes `label_role` in the records of `check --format
    /// ndjson`. Repeatable.
    #[arg(long, value_name = "KEY=VALUE", value_parser = Labels::parse)]
    pub label: Vec<(String, String)>,
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

    /// The role of the host.
    #[command(flatten)]
    pub role: Role,

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
