//! The commands, one file each.

mod apply;
mod check;
mod completions;
mod confirm;
mod explain;
mod export;
mod facts;
mod guard;
mod history;
mod ledger;
mod lint;
mod man;
mod profile;
mod rollback;
mod rules;
mod sample;
mod site;
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
        Command::Apply(args) => apply::run(args, output),
        Command::Confirm(args) => confirm::run(args, output),
        Command::Rollback(args) => rollback::run(args, output),
        Command::History(args) => history::run(args, output),
        Command::Guard(args) => guard::run(args),
        Command::Explain(args) => explain::run(args, output),
        Command::Export(args) => export::run(args, output),
        Command::Completions(args) => completions::run(args, output),
        Command::Man(args) => man::run(args, output),
        Command::Lint(args) => lint::run(args, output),
        Command::Facts(args) => facts::run(args, output),
        Command::Rules(args) => rules::run(args, output),
        Command::Schema(args) => match args.of {
            SchemaOf::Report => output.print(&render::report::schema()),
            SchemaOf::Record => output.print(&render::audit::schema()),
            SchemaOf::Why => output.print(&render::why::schema()),
            SchemaOf::Explain => output.print(&render::explain::schema()),
            SchemaOf::Lint => output.print(&render::lint::schema()),
            SchemaOf::Plan => output.print(&crate::apply::plan_schema()),
            SchemaOf::Apply => output.print(&render::apply::schema()),
            SchemaOf::History => output.print(&render::apply::history_schema()),
            SchemaOf::Rules => output.print(&render::rules::list_schema()),
            SchemaOf::RulesTest => output.print(&render::rules::test_schema()),
            SchemaOf::RulesLint => output.print(&render::rules::lint_schema()),
            SchemaOf::Rule => output.print(&crate::rule::rule_schema()),
            SchemaOf::Cases => output.print(&crate::rule::case_schema()),
            SchemaOf::Profile => output.print(&crate::rule::profile_schema()),
            SchemaOf::Waivers => output.print(&crate::rule::waiver_schema()),
        }
        .map(|()| Exit::Success),
        Command::Snapshot(args) => snapshot::run(args, output),
        Command::Why(args) => why::run(args, output),
    }
}
