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
    BufferLimits, CloseWaitAges, DestinationTally, Examination, Examined, Listener, SocketSource,
    Sockets, TcpState,
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
    let mut notes = Notes {
        unreadable,
        ..Notes::default()
    };
    if seen.tally.has_too_many_destinations()
        && let Some(suspects) = seen.suspects(options, &mut notes)
    {
        let mut counted = DestinationTally::new(seen.view().clone(), &suspects);
        proc_tables::tcp(&options.tables, |row| counted.observe(row))?;
        seen.tally.set_destinations(counted.finish());
    }
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
    fn of_many_in_close_wait_each_group_of_the_list_keeps_its_share() {
        let group = |last: u64| {
            let remote = format!("0{last}0000 0A:C350").replace(' ', "");
            let one = move |at| line("08", 443, &remote, 10_000 * last + at);
            (0..1100).map(one).collect::<String>()
        };
        let table: String = (1..=8).map(group).collect();
        let kept = recorded(&tree(&table)).unwrap().close_wait_inodes;
        assert_eq!(kept.len(), Sockets::MAX_CLOSE_WAIT_INODES);
        for last in 1..=8 {
            let count = kept.iter().filter(|inode| **inode / 10_000 == last).count();
            assert!((450..575).contains(&count), "{last}: {count}");
        }
    }

    #[test]
    fn of_more_destinations_than_fit_the_large_one_is_counted_wherever_it_stands() {
        let to = |at: u32, port: u16| {
            let remote = format!("{:08X}:0050", at.swap_bytes());
            line("06", port, &remote, 0)
        };
        let others: String = (0..20_000).map(|at| to(0x0a00_0000 + at, 33_000)).collect();
        let large: String = (0..28_200).map(|at| to(0x0b00_0001, 32_768 + at)).collect();
        for table in [format!("{others}{large}"), format!("{large}{others}")] {
            let sockets = recorded(&tree(&table)).unwrap();
            let found: Vec<_> = sockets.summary.destinations.iter().collect();
            let used: Vec<_> = found.iter().map(|one| (one.used, one.time_wait)).collect();
            assert_eq!(used, [(28_200, 28_200)]);
            assert_eq!(found[0].address, "11.0.0.1:80".parse().unwrap());
            assert_eq!(sockets.why_unread("destination."), None);
        }
    }

    #[test]
    fn too_many_destinations_for_so_narrow_a_range_are_unknown_and_said() {
        let to = |at: u32| line("06", 33_000, &format!("{:08X}:0050", at.swap_bytes()), 0);
        let tree = tree(&(0..20_000).map(to).collect::<String>());
        let options = CollectOptions::recorded((33_000, 33_003), tree.path());
        let sockets = collect(&options).unwrap();
        assert_eq!(sockets.summary.destinations, []);
        let why = sockets.why_unread("destination.").unwrap();
        assert_eq!(sockets.notes, [why]);
        let unasked = CollectOptions {
            samples: false,
            ..options
        };
        let why = collect(&unasked).unwrap();
        assert_eq!(why.why_unread("destination."), Some("nobody asks"));
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
