//! Arguments, commands, exit codes, printing.
//!
//! Commands read as sentences; what they say is decided on the floors below. Everything is written
//! through one locked writer, so that a closed pipe ends a run quietly.

mod args;
mod command;
mod error;
mod exit;
mod output;

use std::process::ExitCode;

use clap::Parser as _;

use crate::render::audit::State;

pub use args::{Cli, Command};
pub use error::Error;
pub use exit::{Exit, FailOn};

/// Runs the program on the process's arguments.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are results, everything else is a usage error.
            if error.use_stderr() {
                output::refuse(&error.render().to_string());
                let args: Vec<_> = std::env::args_os().collect();
                return ExitCode::from(output::refusal(&args).code());
            }
            return ExitCode::from(match error.print() {
                Ok(()) => Exit::Success.code(),
                Err(failed) => {
                    let failed = Error::Output(failed);
                    if failed.is_closed_pipe() {
                        Exit::Success.code()
                    } else {
                        output::Output::new(args::When::Auto).explain(&failed);
                        Exit::Usage.code()
                    }
                }
            });
        }
    };
    let mut output = output::Output::new(cli.color);
    let ended = command::run(&cli.command, &mut output);
    let (exit, error) = match ended {
        Ok(exit) => (exit, output.flush().err()),
        Err(error) => (Exit::Success, Some(error)),
    };
    match error {
        None => ExitCode::from(exit.code()),
        // Whoever closed the pipe wants no findings; what became of a change is told all the same.
        Some(error) if error.is_closed_pipe() => match exit {
            Exit::Success | Exit::Findings => ExitCode::SUCCESS,
            exit => ExitCode::from(exit.code()),
        },
        Some(error) => {
            output.explain(&error);
            let exit = match exit {
                // To a monitoring system any other code says something of the host.
                Exit::Plugin(_) => Exit::Plugin(State::Unknown),
                _ => error.exit(),
            };
            ExitCode::from(exit.code())
        }
    }
}
