//! One look at the sockets of a namespace, by the best source there is.
//!
//! What is asked of the kernel depends on how many sockets there are (`plan`): up to some thousands
//! every one is listed; of more, those that are few by nature are listed, the open ones and those in
//! `TIME_WAIT` are counted by subtraction, and a sample of them is looked at.

mod beside;
mod gauges;
mod look;
mod notes;
mod options;
mod plan;
mod seen;
mod walk;

use std::fmt;

use super::inet_diag::DiagError;
use super::proc_tables::{self, TableError};
use crate::fact::socket::{
    BufferLimits, CloseWaitAges, Examination, Examined, Listener, SocketSource, Sockets, TcpState,
};

pub use self::look::Look;
pub use self::options::{CollectOptions, Examine, Walk};

use self::notes::Notes;
use self::seen::Seen;

/// No source gave an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectError {
    /// Why the diagnostics did not; `None` if they were not asked.
    pub diagnostics: Option<DiagError>,
    /// Why the tables did not; `None` if they were not asked.
    pub tables: Option<TableError>,
}

impl CollectError {
    /// The reason in one word or two, for each fact that is unknown by it.
    pub(super) fn reason(&self) -> &'static str {
        match (&self.diagnostics, &self.tables) {
            (Some(DiagError::Stopped), _) => look::STOPPED,
            (Some(_), None) => look::NO_WALK,
            _ => "sockets cannot be read",
        }
    }
}

impl fmt::Display for CollectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.diagnostics, &self.tables) {
            (Some(diagnostics), Some(tables)) => write!(f, "{diagnostics}; {tables}"),
            (Some(diagnostics), None) => diagnostics.fmt(f),
            (None, Some(tables)) => tables.fmt(f),
            (None, None) => f.write_str("nothing was asked"),
        }
    }
}

impl std::error::Error for CollectError {}

/// Reads all TCP sockets, and which local ports services hold.
pub fn collect(options: &CollectOptions) -> Result<Sockets, CollectError> {
    look(options).map(|look| look.sockets)
}

/// The same, with what was worked out from a sample.
pub fn look(options: &CollectOptions) -> Result<Look, CollectError> {
    let refused = if options.tables_only {
        None
    } else {
        match walk::from_diagnostics(options) {
            Ok(look) => return Ok(look),
            // To read the tables is a walk too, and a longer one.
            Err(error) if error == DiagError::Stopped || options.walk == Walk::None => {
                return Err(CollectError {
                    diagnostics: Some(error),
                    tables: None,
                });
            }
            Err(error) => Some(error),
        }
    };
    let mut look = from_tables(options).map_err(|tables| CollectError {
        diagnostics: refused,
        tables: Some(tables),
    })?;
    if let Some(error) = refused {
        look.sockets.notes.push(error.to_string());
    }
    Ok(look)
}

fn from_tables(options: &CollectOptions) -> Result<Look, TableError> {
    let mut listeners = Vec::new();
    proc_tables::tcp(&options.tables, |row| {
        if row.state == TcpState::Listening {
            listeners.push(Listener {
                family: row.family,
                address: row.local,
                queue: row.receive_queue,
                bound: None,
                drops: None,
                inode: row.inode,
                process: None,
            });
        }
    })?;
    let udp = options
        .udp
        .then(|| proc_tables::udp_ports(&options.tables).ok())
        .flatten();
    // A second pass, since the listeners of `tcp6` stand behind the sockets of `tcp`, and a socket
    // counts by whether its port has a listener.
    let mut seen = Seen::new(options, listeners);
    if options.walk == Walk::None {
        seen.forget(look::NO_WALK);
        return Ok(seen.finish(SocketSource::ProcTables, udp, Notes::default()));
    }
    let unreadable = proc_tables::tcp(&options.tables, |row| {
        if row.state != TcpState::Listening {
            seen.observe(row);
        }
    })?;
    if seen.tally.count(TcpState::CloseWait) == 0 {
        seen.tally.set_close_wait_ages(CloseWaitAges::default());
    }
    if let Examine::Yes(limits) = options.examine
        && seen.tally.count(TcpState::Established) == 0
    {
        seen.tally.set_examined(nothing_examined(limits));
    }
    let notes = Notes {
        unreadable,
        ..Notes::default()
    };
    Ok(seen.finish(SocketSource::ProcTables, udp, notes))
}

/// What comes of looking at no connection.
fn nothing_examined(limits: BufferLimits) -> Examined {
    Examination::new(limits).finish()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    const HEADER: &str = "  sl  local_address rem_address   st tx_queue rx_queue and so on\n";

    fn line(state: &str, local_port: u16, remote: &str, inode: u64) -> String {
        format!(
            " 0: 0100007F:{local_port:04X} {remote} {state} 00000000:00000000 00:00000000 00000000 \
             0 0 {inode} 1 0000000000000000 100 0 0 10 0\n"
        )
    }

    /// A listener on 443 with inode 1, and `CLOSE_WAIT` with inodes 2 to 4.
    fn tree(more: &str) -> TempDir {
        let tree = tempfile::tempdir().unwrap();
        let mut table = HEADER.to_owned() + &line("0A", 443, "00000000:0000", 1);
        for inode in 2..=4 {
            table += &line("08", 443, "0100007F:C350", inode);
        }
        fs::write(tree.path().join("tcp"), table + more).unwrap();
        tree
    }

    fn recorded(tree: &TempDir) -> Result<Sockets, CollectError> {
        collect(&CollectOptions::recorded((32_768, 60_999), tree.path()))
    }

    #[test]
    fn a_listener_is_counted_and_listed_once() {
        let sockets = recorded(&tree("")).unwrap();
        assert_eq!(sockets.summary.count(TcpState::Listening), 1);
        assert_eq!(sockets.summary.count(TcpState::CloseWait), 3);
        assert_eq!(sockets.listeners.len(), 1);
        assert_eq!(sockets.ports.tcp, BTreeSet::from([443]));
        assert_eq!(sockets.ports.udp, None, "the tree has no such table");
        assert_eq!(sockets.close_wait_inodes, [2, 3, 4]);
    }

    #[test]
    fn lines_that_nobody_understands_are_said() {
        let sockets = recorded(&tree(&line("0D", 1, "00000000:0000", 9))).unwrap();
        assert_eq!(sockets.notes, ["sockets that could not be understood: 1"]);
    }

    #[test]
    fn without_a_table_there_is_an_error_that_names_it() {
        let empty = tempfile::tempdir().unwrap();
        let error = recorded(&empty).unwrap_err();
        assert_eq!(error.diagnostics, None);
        assert!(error.to_string().ends_with("/tcp (ENOENT)"), "{error}");
    }

    #[test]
    fn a_look_survives_its_snapshot() {
        let sockets = recorded(&tree("")).unwrap();
        let json = serde_json::to_string(&sockets).unwrap();
        assert_eq!(serde_json::from_str::<Sockets>(&json).unwrap(), sockets);
    }
}
