//! The commands, one file each.

mod check;
mod explain;
mod facts;
mod rules;
mod sample;
mod snapshot;
mod why;

use crate::render;

use super::args::{Command, SchemaOf};
use super::error::Error;
use super::exit::Exit;
use super::output::Output;

/// Runs one command.
pub(super) fn run(command: &Command, output: &mut Output) -> Result<Exit, Error> {
    match command {
        Command::Check(args) => check::run(args, output),
        Command::Explain(args) => explain::run(args, output),
        Command::Facts(args) => facts::run(args, output),
        Command::Rules(args) => rules::run(args, output),
        Command::Schema(args) => match args.of {
            SchemaOf::Report => output.print(&render::report::schema()),
            SchemaOf::Why => output.print(&render::why::schema()),
        }
        .map(|()| Exit::Success),
        Command::Snapshot(args) => snapshot::run(args, output),
        Command::Why(args) => why::run(args, output),
    }
}
