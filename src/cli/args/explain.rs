//! `tcptune explain`.

use clap::{Args, ValueEnum};

use super::{BootFiles, RuleFiles, Where};

/// `tcptune explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// What to explain, in any spelling: a sysctl, a TCP state, a socket error by name, number or message, a
    /// counter, a socket option, a rule; or all of a kind: states, timings, myths, errors, counters, options,
    /// concepts, sysctls, rules. KIND/NAME means one kind only, where a name has several: timing/time-wait.
    #[arg(required_unless_present_any = ["list", "search"], num_args = 1.., value_name = "TOPIC")]
    pub topic: Vec<String>,

    /// List what can be explained, or what of one kind.
    #[arg(long, value_name = "KIND", num_args = 0..=1, default_missing_value = "all", conflicts_with_all = ["topic", "search"])]
    pub list: Option<String>,

    /// List the topics whose name or text holds this.
    #[arg(long, value_name = "TEXT", conflicts_with = "topic")]
    pub search: Option<String>,

    /// Explain for another kernel, by its defaults, instead of this host.
    #[arg(long, value_name = "RELEASE", conflicts_with_all = ["netns", "pid", "proc", "root", "boot_engine", "exact", "no_walk"])]
    pub kernel: Option<String>,

    /// How to print it.
    #[arg(long, value_enum, default_value_t = ExplainFormat::Human)]
    pub format: ExplainFormat,

    /// Print a long page at once, on a terminal too. The pager is $PAGER, else less.
    #[arg(long)]
    pub no_pager: bool,

    /// Where to look.
    #[command(flatten)]
    pub at: Where,

    /// The files that set keys at boot.
    #[command(flatten)]
    pub boot: BootFiles,

    /// The rules to explain.
    #[command(flatten)]
    pub rules: RuleFiles,
}

/// How an explanation is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExplainFormat {
    /// For people, 80 columns.
    Human,
    /// For programs, see `tcptune schema explain`.
    Json,
    /// For a ticket or a wiki.
    Markdown,
}
