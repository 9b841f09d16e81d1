//! `tcptune man`: the manual pages.
//!
//! Section 8: most of what the program tells and all that it changes belongs to whoever runs the host, and
//! `sysctl`, `ss` and `ip`, which it stands beside, are there. Names, synopses and options come from the
//! definition of the command line; what that cannot know is written in `text`.

mod examples;
mod page;
mod text;

use std::path::Path;

use crate::cli::args::{Man, shown};
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::host;

/// Prints the page of the program, or writes those of all commands into a folder.
pub(super) fn run(args: &Man, output: &mut Output) -> Result<Exit, Error> {
    let pages = page::all(&shown())?;
    let Some(folder) = &args.dir else {
        if let Some(first) = pages.first() {
            output.print(&first.text)?;
        }
        return Ok(Exit::Success);
    };
    for page in &pages {
        write(&folder.join(&page.file), &page.text)?;
    }
    Ok(Exit::Success)
}

fn write(file: &Path, text: &str) -> Result<(), Error> {
    host::write_result(file, text.as_bytes())
        .map_err(|errno| Error::CannotWrite(file.to_owned(), errno))
}
