//! `tcptune completions` and `tcptune man`: what is made from the definition of the command line itself.

use std::path::PathBuf;

use clap::{Args, CommandFactory as _, ValueEnum};

use super::Cli;

/// `tcptune completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// Which shell.
    #[arg(value_enum)]
    pub shell: Shell,
}

/// The shells that completions are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// Belongs into `/usr/share/bash-completion/completions/tcptune`.
    Bash,
    /// Belongs into `/usr/share/fish/vendor_completions.d/tcptune.fish`.
    Fish,
    /// Belongs into `/usr/share/zsh/vendor-completions/_tcptune`.
    Zsh,
}

/// `tcptune man`.
#[derive(Debug, Args)]
pub struct Man {
    /// The folder to write the pages into, tcptune.8 and one for each command; without it tcptune.8 is printed.
    #[arg(value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// The command line without the commands that the program keeps for itself: those that are shown to people.
pub(in crate::cli) fn shown() -> clap::Command {
    let whole = Cli::command();
    let commands = whole.get_subcommands();
    let commands: Vec<_> = commands
        .filter(|command| !command.is_hide_set())
        .cloned()
        .collect();
    let shown = clap::Command::new("tcptune")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .subcommand_value_name("COMMAND")
        .subcommand_help_heading("COMMANDS")
        .disable_help_subcommand(true)
        .args(whole.get_arguments().cloned())
        .subcommands(commands);
    match whole.get_about() {
        Some(about) => shown.about(about.clone()),
        None => shown,
    }
}
