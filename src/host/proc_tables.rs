//! `/proc/net/tcp` and its siblings, for where the socket diagnostics are refused, and for recorded
//! trees.
//!
//! The parser is that of the `procfs` crate, given one line at a time: it gives up at the first line
//! it does not understand, and one socket in a state of tomorrow must not cost all the others. Read
//! so, a table of any size also takes the memory of one line. Timers, queue bounds, drops and ages
//! stay unknown.
//!
//! Read below `/proc/thread-self/net`, never `/proc/net`: that one is the namespace of the main
//! thread.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use procfs::ExplicitSystemInfo;
use procfs::FromBufReadSI;
use procfs::net::{TcpNetEntries, TcpNetEntry, UdpNetEntries};

use super::{errno, file};
use crate::fact::socket::{Family, SocketRow, TcpState};

/// Longer than any line of these tables.
const LONGEST_LINE: u64 = 4096;

/// Why a table could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableError {
    /// The file.
    pub path: PathBuf,
    /// The error, by name.
    pub errno: String,
    /// Whether the file does not exist: no IPv6 here, or no such tree.
    pub absent: bool,
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.to_string_lossy();
        write!(f, "cannot read {} ({})", path.escape_debug(), self.errno)
    }
}

impl std::error::Error for TableError {}

/// Shows every TCP socket of the tables `tcp` and `tcp6` in a directory, and says how many lines
/// could not be understood. A missing `tcp6` is a system without IPv6.
pub fn tcp(directory: &Path, mut each: impl FnMut(&SocketRow)) -> Result<u64, TableError> {
    let mut unreadable = 0;
    for (name, family) in [("tcp", Family::Ipv4), ("tcp6", Family::Ipv6)] {
        let path = directory.join(name);
        let read = lines(&path, |line| match tcp_row(line, family) {
            Some(row) => each(&row),
            None => unreadable += 1,
        });
        accept_no_ipv6(read, family)?;
    }
    Ok(unreadable)
}

/// The local ports of the tables `udp` and `udp6` in a directory.
pub fn udp_ports(directory: &Path) -> Result<BTreeSet<u16>, TableError> {
    let mut ports = BTreeSet::new();
    for (name, family) in [("udp", Family::Ipv4), ("udp6", Family::Ipv6)] {
        let read = lines(&directory.join(name), |line| {
            let entries = UdpNetEntries::from_buf_read(line, &system()).map(|entries| entries.0);
            for entry in entries.unwrap_or_default() {
                ports.insert(entry.local_address.port());
            }
        });
        accept_no_ipv6(read, family)?;
    }
    ports.remove(&0);
    Ok(ports)
}

/// The socket of the tables `udp` and `udp6` that dropped most datagrams since it was made, by its local
/// address, and how many (`sk_drops`); of equals the one with the lowest address. `None` if none did.
pub fn udp_drops(directory: &Path) -> Result<Option<(SocketAddr, u32)>, TableError> {
    let mut most: Option<(SocketAddr, u32)> = None;
    for (name, family) in [("udp", Family::Ipv4), ("udp6", Family::Ipv6)] {
        let read = lines(&directory.join(name), |line| {
            let Some((address, drops)) = udp_row(line).filter(|(_, drops)| *drops > 0) else {
                return;
            };
            let ahead = |(first, known): (SocketAddr, u32)| {
                drops > known || (drops == known && address < first)
            };
            if most.is_none_or(ahead) {
                most = Some((address, drops));
            }
        });
        accept_no_ipv6(read, family)?;
    }
    Ok(most)
}

fn udp_row(line: &[u8]) -> Option<(SocketAddr, u32)> {
    /// Behind the pointer, which no other column needs.
    const DROPS: usize = 12;
    let drops = std::str::from_utf8(line).ok()?;
    let drops = drops.split_ascii_whitespace().nth(DROPS)?.parse().ok()?;
    let entries = UdpNetEntries::from_buf_read(line, &system()).ok()?;
    let entry = entries.0.into_iter().next()?;
    Some((unmapped(entry.local_address), drops))
}

fn accept_no_ipv6(read: Result<(), TableError>, family: Family) -> Result<(), TableError> {
    match read {
        Err(error) if error.absent && family == Family::Ipv6 => Ok(()),
        other => other,
    }
}

fn tcp_row(line: &[u8], family: Family) -> Option<SocketRow> {
    let entries = TcpNetEntries::from_buf_read(line, &system()).ok()?;
    let entry: TcpNetEntry = entries.0.into_iter().next()?;
    Some(SocketRow {
        family,
        state: TcpState::from_number(entry.state.to_u8())?,
        local: unmapped(entry.local_address),
        remote: unmapped(entry.remote_address),
        timer: None,
        retransmits: None,
        receive_queue: entry.rx_queue,
        send_queue: entry.tx_queue,
        inode: entry.inode,
    })
}

fn unmapped(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// The tables hold addresses in the byte order of the machine; nothing else of this is asked for.
const fn system() -> ExplicitSystemInfo {
    ExplicitSystemInfo {
        boot_time_secs: 0,
        ticks_per_second: 100,
        page_size: 4096,
        is_little_endian: cfg!(target_endian = "little"),
    }
}

/// Shows each line after the first, the header, with an empty line before it, which the parser takes
/// for the header. A line that is too long is shown cut.
fn lines(path: &Path, mut each: impl FnMut(&[u8])) -> Result<(), TableError> {
    let failed = |error: io::Error| TableError {
        path: path.to_owned(),
        errno: errno::io_name(&error),
        absent: error.kind() == io::ErrorKind::NotFound,
    };
    let file = file::open(path).map_err(failed)?;
    let mut reader = BufReader::with_capacity(64 * 1024, file);
    let mut line = Vec::new();
    let mut header = true;
    loop {
        line.clear();
        line.push(b'\n');
        let mut limited = reader.by_ref().take(LONGEST_LINE);
        if limited.read_until(b'\n', &mut line).map_err(failed)? == 0 {
            return Ok(());
        }
        if line.last() != Some(&b'\n') {
            reader.skip_until(b'\n').map_err(failed)?;
        }
        if !header && !line.trim_ascii().is_empty() {
            each(&line);
        }
        header = false;
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;

    const HEADER: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   \
                          uid  timeout inode\n";
    const LISTEN: &str = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000 \
                          0        0 4711 1 0000000000000000 100 0 0 10 0\n";
    const ODD: &str = "   1: 0100007F:1F90 00000000:0000 0D 00000000:00000000 00:00000000 00000000 \
                       0        0 1 1 0000000000000000 100 0 0 10 0\n";
    const MAPPED: &str = "   2: 0000000000000000FFFF00000100007F:1F90 \
                          0000000000000000FFFF00000100007F:C350 08 00000001:00000002 00:00000000 \
                          00000000  0        0 4712 1 0000000000000000 100 0 0 10 0\n";

    fn rows(files: &[(&str, &[u8])]) -> (Result<u64, TableError>, Vec<SocketRow>) {
        let tree = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(tree.path().join(name), text).unwrap();
        }
        let mut rows = Vec::new();
        let read = tcp(tree.path(), |row| rows.push(row.clone()));
        (read, rows)
    }

    #[test]
    fn a_line_in_a_state_of_tomorrow_does_not_cost_the_others() {
        let text = format!("{HEADER}{ODD}{LISTEN}short line\n\0\0\0\n{LISTEN}");
        let (unreadable, rows) = rows(&[("tcp", text.as_bytes())]);
        assert_eq!(unreadable, Ok(3));
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].state, TcpState::Listening);
        assert_eq!((rows[0].receive_queue, rows[0].inode), (3, 4711));
    }

    #[test]
    fn timers_are_unknown_not_off() {
        let text = format!("{HEADER}{LISTEN}");
        let (_, rows) = rows(&[("tcp", text.as_bytes())]);
        assert_eq!((rows[0].timer, rows[0].retransmits), (None, None));
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn ipv4_over_an_ipv6_socket_is_shown_as_ipv4_of_an_ipv6_socket() {
        let text = format!("{HEADER}{MAPPED}");
        let (_, rows) = rows(&[("tcp", HEADER.as_bytes()), ("tcp6", text.as_bytes())]);
        assert_eq!(rows[0].family, Family::Ipv6);
        assert_eq!(rows[0].state, TcpState::CloseWait);
        assert_eq!(rows[0].local, "127.0.0.1:8080".parse().unwrap());
        assert_eq!(rows[0].remote, "127.0.0.1:50000".parse().unwrap());
    }

    #[test]
    fn without_ipv6_there_is_no_second_table_and_without_ipv4_no_answer() {
        assert_eq!(rows(&[("tcp", HEADER.as_bytes())]).0, Ok(0));
        let (none, _) = rows(&[("tcp6", HEADER.as_bytes())]);
        let error = none.unwrap_err();
        assert!(error.absent && error.errno == "ENOENT", "{error}");
    }

    #[test]
    fn a_line_without_end_is_cut_and_the_next_one_is_read() {
        let mut text = HEADER.as_bytes().to_vec();
        text.extend(vec![b'x'; 100_000]);
        text.extend(b"\n");
        text.extend(LISTEN.as_bytes());
        let (unreadable, rows) = rows(&[("tcp", &text)]);
        assert_eq!((unreadable, rows.len()), (Ok(1), 1));
    }

    #[test]
    fn udp_ports_are_those_of_both_families() {
        let tree = tempfile::tempdir().unwrap();
        let line = LISTEN.replace(" 0A ", " 07 ");
        fs::write(tree.path().join("udp"), format!("{HEADER}{line}garbage\n")).unwrap();
        let ipv6 = MAPPED.replace(":1F90", ":0035").replace(" 08 ", " 07 ");
        fs::write(tree.path().join("udp6"), format!("{HEADER}{ipv6}")).unwrap();
        assert_eq!(udp_ports(tree.path()), Ok(BTreeSet::from([53, 8080])));
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn the_udp_socket_that_dropped_most_is_named_once() {
        let tree = tempfile::tempdir().unwrap();
        let line = |line: &str, port: &str, drops: &str| {
            let end = format!("0000000000000000 {drops}");
            let line = line.replace("0000000000000000 100 0 0 10 0", &end);
            line.replace(" 0A ", " 07 ")
                .replace(" 08 ", " 07 ")
                .replace(":1F90", port)
        };
        let most = || udp_drops(tree.path()).unwrap();
        fs::write(
            tree.path().join("udp"),
            format!("{HEADER}{}", line(LISTEN, ":0035", "0")),
        )
        .unwrap();
        assert_eq!(most(), None, "none dropped any");
        let few =
            line(LISTEN, ":0035", "3") + &line(LISTEN, ":0036", "9") + &line(LISTEN, ":0034", "9");
        let odd = line(LISTEN, ":0001", "-7") + "garbage\n" + &line(LISTEN, ":0002", "4294967296");
        fs::write(tree.path().join("udp"), format!("{HEADER}{few}{odd}")).unwrap();
        assert_eq!(most(), Some(("127.0.0.1:52".parse().unwrap(), 9)));
        let ipv6 = line(MAPPED, ":0037", "4294967295");
        fs::write(tree.path().join("udp6"), format!("{HEADER}{ipv6}")).unwrap();
        assert_eq!(most(), Some(("127.0.0.1:55".parse().unwrap(), u32::MAX)));
    }

    proptest! {
        #[test]
        fn any_line_is_a_row_or_unreadable(line in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut text = b"\n".to_vec();
            text.extend(line);
            tcp_row(&text, Family::Ipv4);
            udp_row(&text);
        }

        #[test]
        fn a_changed_byte_never_panics(at in 0_usize..150, value in any::<u8>()) {
            let mut text = format!("\n{LISTEN}").into_bytes();
            if let Some(byte) = text.get_mut(at) {
                *byte = value;
            }
            tcp_row(&text, Family::Ipv4);
        }
    }
}
