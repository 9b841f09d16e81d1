//! `tcptune rules`: listing, testing and linting.

mod lint;
mod list;
mod own;
mod test;

use crate::cli::args::Rules;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::output::Output;

/// Runs one of them.
pub(super) fn run(args: &Rules, output: &mut Output) -> Result<Exit, Error> {
    match args {
        Rules::List(args) => list::run(args, output),
        Rules::Test(args) => test::run(args, output),
        Rules::Lint(args) => lint::run(args, output),
    }
}
