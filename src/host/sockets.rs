//! One look at the sockets of a namespace, by the best source there is.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use super::inet_diag::{self, DiagError, DiagSocket, DumpNote, Ext, StateMask};
use super::proc_tables::{self, TableError};
use crate::fact::socket::{
    BufferLimits, CloseWaitAges, Examination, Examined, Listener, PortOccupancy, PortView,
    SocketRow, SocketSource, SocketTally, Sockets, TcpState,
};

/// How to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectOptions {
    /// `ip_local_port_range` of the namespace, both ends included.
    pub port_range: (u16, u16),
    /// Where the tables of `/proc/net` are, for when the diagnostics are refused.
    pub tables: PathBuf,
    /// Read the tables even if the diagnostics work, as for a recorded tree.
    pub tables_only: bool,
    /// Whether to look at open connections one by one.
    pub examine: Examine,
}

/// Whether to look at open connections one by one. The kernel locks each to tell of it, which costs
/// several times as much as listing it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Examine {
    /// Nobody asks.
    #[default]
    No,
    /// Only if some are stuck.
    IfStuck,
    /// If there are any; connections with buffers at these limits are kept.
    Yes(BufferLimits),
}

impl CollectOptions {
    /// This host, in the network namespace of the calling thread.
    pub fn live(port_range: (u16, u16)) -> Self {
        Self {
            port_range,
            tables: PathBuf::from("/proc/thread-self/net"),
            tables_only: false,
            examine: Examine::No,
        }
    }

    /// The same with a look at open connections.
    #[must_use]
    pub fn examining(self, examine: Examine) -> Self {
        Self { examine, ..self }
    }

    /// A recorded tree, whose tables lie in a directory.
    pub fn recorded(port_range: (u16, u16), tables: &Path) -> Self {
        Self {
            port_range,
            tables: tables.to_owned(),
            tables_only: true,
            examine: Examine::No,
        }
    }
}

/// No source gave an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectError {
    /// Why the diagnostics did not; `None` if they were not asked.
    pub diagnostics: Option<DiagError>,
    /// Why the tables did not.
    pub tables: TableError,
}

impl fmt::Display for CollectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(error) = &self.diagnostics {
            write!(f, "{error}; ")?;
        }
        write!(f, "{}", self.tables)
    }
}

impl std::error::Error for CollectError {}

/// Reads all TCP sockets, and which local ports services hold.
pub fn collect(options: &CollectOptions) -> Result<Sockets, CollectError> {
    let refused = if options.tables_only {
        None
    } else {
        match from_diagnostics(options) {
            Ok(sockets) => return Ok(sockets),
            Err(error) => Some(error),
        }
    };
    let mut sockets = from_tables(options).map_err(|tables| CollectError {
        diagnostics: refused,
        tables,
    })?;
    if let Some(error) = refused {
        sockets.notes.push(error.to_string());
    }
    Ok(sockets)
}

fn from_diagnostics(options: &CollectOptions) -> Result<Sockets, DiagError> {
    let mut listeners = Vec::new();
    let mut notes = Notes::default();
    notes.add(inet_diag::dump(
        StateMask::LISTENING,
        Ext::Memory,
        |socket| listeners.push(listener(socket)),
    )?);
    let mut seen = Seen::new(options, listeners);
    walk(options, &mut seen, &mut notes)?;
    // The kernel locks each socket to fill its `tcp_info`, and most hosts have none in this state.
    let ages = match seen.tally.count(TcpState::CloseWait) {
        0 => Ok(Some(CloseWaitAges::default())),
        _ => close_wait_ages(&mut notes),
    };
    match ages {
        Ok(Some(ages)) => seen.tally.set_close_wait_ages(ages),
        Ok(None) => {}
        Err(error) => notes.more.push(error.to_string()),
    }
    let udp = inet_diag::udp_ports()
        .ok()
        .or_else(|| proc_tables::udp_ports(&options.tables).ok());
    Ok(seen.finish(SocketSource::Diagnostics, udp, notes))
}

/// Lists all connections, and looks at the open ones as far as that is asked for.
fn walk(options: &CollectOptions, seen: &mut Seen, notes: &mut Notes) -> Result<(), DiagError> {
    if let Examine::Yes(limits) = options.examine
        && proc_tables::tcp_in_use(&options.tables).is_some_and(|count| count <= Examined::LIMIT)
    {
        // All open ones will be looked at, so that nothing has to be listed twice.
        let plain = StateMask::NOT_ESTABLISHED;
        notes.add(inet_diag::dump(plain, Ext::Plain, |socket| {
            seen.observe(&socket.row);
        })?);
        let mut examining = Examining::new(limits);
        notes.add(inet_diag::dump(
            ESTABLISHED,
            Ext::InfoAndMemory,
            |socket| {
                seen.observe(&socket.row);
                examining.observe(socket);
            },
        )?);
        examining.finish(seen, notes);
        return Ok(());
    }
    notes.add(inet_diag::dump(
        StateMask::CONNECTIONS,
        Ext::Plain,
        |socket| seen.observe(&socket.row),
    )?);
    let limits = match options.examine {
        Examine::Yes(limits) => limits,
        Examine::IfStuck if seen.tally.stuck() != Some(0) => BufferLimits::default(),
        Examine::IfStuck | Examine::No => return Ok(()),
    };
    let mut examining = Examining::new(limits);
    if seen.tally.count(TcpState::Established) > 0 {
        let limit = Examined::LIMIT;
        let looked = inet_diag::dump_some(ESTABLISHED, Ext::InfoAndMemory, limit, |socket| {
            examining.observe(socket);
        });
        match looked {
            Ok(note) => {
                examining.is_cut = note.sockets > limit;
                notes.add(note);
            }
            Err(error) => {
                notes.more.push(error.to_string());
                return Ok(());
            }
        }
    }
    examining.finish(seen, notes);
    Ok(())
}

const ESTABLISHED: StateMask = StateMask::only(TcpState::Established);

/// A look at open connections.
struct Examining {
    examination: Examination,
    /// Whether every one could be looked at.
    all_told: bool,
    /// Whether there were more.
    is_cut: bool,
}

impl Examining {
    fn new(limits: BufferLimits) -> Self {
        Self {
            examination: Examination::new(limits),
            all_told: true,
            is_cut: false,
        }
    }

    fn observe(&mut self, socket: &DiagSocket) {
        let (info, memory) = (socket.info.as_ref(), socket.memory);
        self.all_told &= self.examination.observe(&socket.row, info, memory);
    }

    fn finish(self, seen: &mut Seen, notes: &mut Notes) {
        if !self.all_told {
            return;
        }
        let mut examined = self.examination.finish();
        examined.cut |= self.is_cut;
        if examined.cut {
            let all = seen.tally.count(TcpState::Established);
            notes.more.push(format!(
                "quiet, capped and idle connections: looked at {} of {all}",
                examined.looked_at
            ));
        }
        seen.tally.set_examined(examined);
    }
}

/// `None` if the kernel did not send the age of every socket.
fn close_wait_ages(notes: &mut Notes) -> Result<Option<CloseWaitAges>, DiagError> {
    let mut ages = CloseWaitAges::default();
    let mut all_told = true;
    let states = StateMask::only(TcpState::CloseWait);
    let note = inet_diag::dump(states, Ext::Info, |socket| {
        match socket.last_ack_received() {
            Some(age) => ages.observe(age),
            None => all_told = false,
        }
    })?;
    notes.add(note);
    Ok(all_told.then_some(ages))
}

fn from_tables(options: &CollectOptions) -> Result<Sockets, TableError> {
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
    // A second pass, since the listeners of `tcp6` stand behind the sockets of `tcp`, and a socket
    // counts by whether its port has a listener.
    let mut seen = Seen::new(options, listeners);
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
        seen.tally.set_examined(Examination::new(limits).finish());
    }
    let notes = Notes {
        unreadable,
        ..Notes::default()
    };
    let udp = proc_tables::udp_ports(&options.tables).ok();
    Ok(seen.finish(SocketSource::ProcTables, udp, notes))
}

fn listener(socket: &DiagSocket) -> Listener {
    Listener {
        family: socket.row.family,
        address: socket.row.local,
        queue: socket.row.receive_queue,
        bound: Some(socket.row.send_queue),
        drops: socket.drops(),
        inode: socket.row.inode,
        process: None,
    }
}

/// The sockets seen so far.
struct Seen {
    tally: SocketTally,
    listeners: Vec<Listener>,
    ports: BTreeSet<u16>,
    close_wait_inodes: Vec<u64>,
}

impl Seen {
    fn new(options: &CollectOptions, mut listeners: Vec<Listener>) -> Self {
        listeners.sort_by_key(|listener| (listener.address, listener.family, listener.inode));
        let ports: BTreeSet<u16> = listeners
            .iter()
            .map(|listener| listener.address.port())
            .collect();
        let mut tally = SocketTally::new(PortView {
            range: options.port_range,
            listening: ports.clone(),
        });
        for listener in &listeners {
            tally.add_listener(listener.family);
        }
        Self {
            tally,
            listeners,
            ports,
            close_wait_inodes: Vec::new(),
        }
    }

    fn observe(&mut self, row: &SocketRow) {
        self.tally.observe(row);
        if row.state == TcpState::CloseWait
            && row.inode != 0
            && self.close_wait_inodes.len() < Sockets::MAX_CLOSE_WAIT_INODES
        {
            self.close_wait_inodes.push(row.inode);
        }
    }

    fn finish(self, source: SocketSource, udp: Option<BTreeSet<u16>>, notes: Notes) -> Sockets {
        Sockets {
            source,
            summary: self.tally.finish(),
            listeners: self.listeners,
            ports: PortOccupancy {
                tcp: self.ports,
                udp,
            },
            close_wait_inodes: self.close_wait_inodes,
            notes: notes.sentences(),
        }
    }
}

#[derive(Default)]
struct Notes {
    interrupted: bool,
    ipv6_refused: bool,
    unreadable: u64,
    more: Vec<String>,
}

impl Notes {
    fn add(&mut self, note: DumpNote) {
        self.interrupted |= note.interrupted;
        self.ipv6_refused |= note.ipv6_refused;
        self.unreadable += note.unreadable;
    }

    fn sentences(self) -> Vec<String> {
        let mut sentences = self.more;
        if self.interrupted {
            sentences.push("the socket tables changed while they were read".to_owned());
        }
        if self.ipv6_refused {
            sentences.push("the kernel refused to list IPv6 sockets".to_owned());
        }
        if self.unreadable > 0 {
            let count = self.unreadable;
            sentences.push(format!("sockets that could not be understood: {count}"));
        }
        sentences
    }
}

#[cfg(test)]
mod tests {
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
