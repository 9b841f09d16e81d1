//! The commands that change something, and take it back.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{BootEngine, BootFiles, Choice, Format, Role, RuleFiles, SocketWalk, Where, seconds};

/// How changes are made.
#[derive(Debug, Args)]
#[command(next_help_heading = "Making changes")]
pub struct Changes {
    /// Make the changes without asking: those of setting rules, which converge.
    #[arg(long)]
    pub yes: bool,

    /// Which changes to make; without it all at the prompt, those of setting rules with --yes.
    #[arg(long, value_enum, value_name = "WHICH")]
    pub accept: Option<AcceptWhich>,

    /// Show the plan and change nothing; exit with 1 when changes are pending.
    #[arg(long)]
    pub dry_run: bool,

    /// Write the plan to a file, with mode 0600, and change nothing; `apply --plan FILE` makes it.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["yes", "confirm", "prove"])]
    pub plan_out: Option<PathBuf>,

    /// Change live values only: no file, the next boot brings back what its files say.
    #[arg(long)]
    pub live_only: bool,

    /// Take the live values back after so many seconds unless `tcptune confirm` is run.
    ///
    /// The drop-in is written at the confirmation, so that a reboot in between is a rollback too. A guard
    /// in a session of its own sees to it, whatever becomes of this terminal. A service manager that stops
    /// the whole control group ends the guard as well: then the journal knows, every next run says so, and
    /// `tcptune rollback` takes the values back.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400), conflicts_with = "dry_run")]
    pub confirm: Option<u64>,

    /// Watch for so many seconds after the change whether the symptoms are gone; offer the rollback when
    /// nothing improved. Exit with 1 when that, or when it cannot be told yet.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400), conflicts_with = "dry_run")]
    pub prove: Option<u64>,
}

impl Changes {
    /// The first of these options that was given.
    pub(in crate::cli) fn first(&self) -> Option<&'static str> {
        [
            (self.yes, "--yes"),
            (self.accept.is_some(), "--accept"),
            (self.dry_run, "--dry-run"),
            (self.plan_out.is_some(), "--plan-out"),
            (self.live_only, "--live-only"),
            (self.confirm.is_some(), "--confirm"),
            (self.prove.is_some(), "--prove"),
        ]
        .into_iter()
        .find_map(|(given, name)| given.then_some(name))
    }
}

/// Which changes to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AcceptWhich {
    /// Those that a setting rule wants: judged by values alone.
    Setting,
    /// Those that rest on a symptom too.
    All,
}

/// The network namespace to act in.
#[derive(Debug, Args)]
pub struct Namespace {
    /// Act in another network namespace: a name of `ip netns`, or a path.
    #[arg(long, value_name = "NAME|PATH", conflicts_with = "pid")]
    pub netns: Option<String>,

    /// Act in the network namespace of a process.
    #[arg(long, value_name = "PID")]
    pub pid: Option<u32>,
}

impl Namespace {
    pub(in crate::cli) fn place(&self) -> Where {
        Where {
            netns: self.netns.clone(),
            pid: self.pid,
            proc: None,
            sockets: SocketWalk::default(),
        }
    }
}

/// The program that loads the boot files.
#[derive(Debug, Args)]
pub struct Loader {
    /// The program that loads the files at boot.
    #[arg(long, value_enum, value_name = "LOADER", default_value_t = BootEngine::Auto)]
    pub boot_engine: BootEngine,
}

impl Loader {
    pub(in crate::cli) fn files(&self) -> BootFiles {
        BootFiles {
            root: None,
            boot_engine: self.boot_engine,
        }
    }
}

/// `tcptune apply`.
#[derive(Debug, Args)]
pub struct Apply {
    /// Where to act.
    #[command(flatten)]
    pub at: Namespace,

    /// How many sockets to walk over.
    #[command(flatten)]
    pub sockets: SocketWalk,

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
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds, allow_negative_numbers = true, conflicts_with_all = ["since", "plan"])]
    pub interval: f64,

    /// Start the window at an earlier snapshot of the same boot and namespace; `-` for standard input.
    #[arg(long, value_name = "FILE")]
    pub since: Option<PathBuf>,

    /// The program that loads the boot files.
    #[command(flatten)]
    pub boot: Loader,

    /// How to print the result.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,

    /// Make the changes of a plan that was written by --plan-out and reviewed.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["yes", "accept", "plan_out", "live_only", "since", "dirs", "config", "select", "ignore", "profile"])]
    pub plan: Option<PathBuf>,

    /// How changes are made.
    #[command(flatten)]
    pub changes: Changes,
}

/// `tcptune confirm`.
#[derive(Debug, Args)]
pub struct Confirm {
    /// The number of the apply; without it the one that waits.
    pub id: Option<u32>,

    /// The network namespace the apply was made in.
    #[command(flatten)]
    pub at: Namespace,

    /// The program that loads the boot files.
    #[command(flatten)]
    pub boot: Loader,

    /// How to print the result.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// `tcptune rollback`.
#[derive(Debug, Args)]
pub struct Rollback {
    /// The number of the apply; without it the newest that stands.
    pub id: Option<u32>,

    /// The network namespace the apply was made in.
    #[command(flatten)]
    pub at: Namespace,

    /// The program that loads the boot files.
    #[command(flatten)]
    pub boot: Loader,

    /// Close the record of an apply whose network namespace is gone, or of which a rollback left something, and
    /// leave the values as they are; its lines in the drop-in go.
    #[arg(long, requires = "id")]
    pub forget: bool,

    /// How to print the result.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// `tcptune history`.
#[derive(Debug, Args)]
pub struct History {
    /// How to print the list.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// `tcptune guard`.
#[derive(Debug, Args)]
pub struct Guard {
    /// The number of the apply.
    pub id: u32,
}
