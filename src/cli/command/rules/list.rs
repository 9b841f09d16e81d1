//! `tcptune rules list`: what is judged, where it comes from, and what is not as usual about it.

use crate::cli::args::{Format, ListRules};
use crate::cli::command::site::Site;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::render;

pub(super) fn run(args: &ListRules, output: &mut Output) -> Result<Exit, Error> {
    let Site { book, waivers } = Site::chosen(&args.rules, &args.choice)?;
    let list = render::rule_list(&book, &waivers);
    match args.format {
        Format::Human => render::human_rules(&list, output.writer())?,
        Format::Json => render::json(&list, output.writer())?,
    }
    Ok(Exit::Success)
}
