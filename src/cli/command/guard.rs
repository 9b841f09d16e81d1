//! `tcptune guard`: started by `apply --confirm`, in a session of its own.

use crate::host::{self, DiskJournal, become_guard, watch};

use super::ledger::{places, with_ports};
use crate::cli::args::Guard;
use crate::cli::error::Error;
use crate::cli::exit::Exit;

/// Watches until the apply is closed. What it does stands in the journal: nobody reads its streams.
pub(super) fn run(args: &Guard) -> Result<Exit, Error> {
    become_guard().map_err(Error::Guard)?;
    let (_, places) = places()?;
    let journal = DiskJournal::at(&places.journal);
    let here = host::here();
    // Values go back in the boot they were set in: nobody asks for the next one.
    with_ports(&journal, None, &here, |ports| {
        watch(args.id, &journal, &places.lock, ports)
    });
    Ok(Exit::Success)
}
