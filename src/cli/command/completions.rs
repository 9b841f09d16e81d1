//! `tcptune completions`: what a shell has to know to complete a command line.

use clap_complete::Shell as Written;

use crate::cli::args::{Completions, Shell, shown};
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::output::Output;

/// Writes the script of a shell.
pub(super) fn run(args: &Completions, output: &mut Output) -> Result<Exit, Error> {
    let shell = match args.shell {
        Shell::Bash => Written::Bash,
        Shell::Fish => Written::Fish,
        Shell::Zsh => Written::Zsh,
    };
    // Writing into memory cannot fail, and a failure would be a panic.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut shown(), "tcptune", &mut script);
    output.print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Success)
}
