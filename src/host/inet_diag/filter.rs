//! A filter that the kernel runs over the sockets of a dump, so that it tells of few of many
//! (`INET_DIAG_REQ_BYTECODE`).
//!
//! A program is a row of conditions. Each says how many bytes to go on by if it is true (`yes`) and if
//! it is not (`no`). The kernel reports a socket whose run ends exactly at the end of the program, and drops
//! one that ends four bytes beyond it (`inet_diag_bc_run`).

use std::net::{IpAddr, SocketAddr};

use super::request::{IPV4, IPV6};

/// Codes of `linux/inet_diag.h`.
const JMP: u8 = 1;
const S_GE: u8 = 2;
const D_COND: u8 = 8;

/// `struct inet_diag_bc_op`: code, `yes` and `no`.
const OP: usize = 4;
/// `struct inet_diag_hostcond` without its address: family, length of the prefix, port.
const HOST: usize = 8;

/// The most destinations of a filter.
const MOST: usize = 64;

/// A filter for sockets by one of their ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filter {
    bytes: Vec<u8>,
    port: Option<u16>,
}

impl Filter {
    /// Sockets of either family that are connected to one of these. An IPv4 address stands for its mapped
    /// form on IPv6 sockets too. `None` for no destination, and for more than a filter holds.
    pub(super) fn towards(destinations: &[SocketAddr]) -> Option<Self> {
        if destinations.len() > MOST {
            return None;
        }
        let (last, others) = destinations.split_last()?;
        // From behind, as each jump that accepts leads to the end.
        let mut program = condition(*last);
        for one in others.iter().rev() {
            let mut longer = condition(*one);
            longer.extend(op(JMP, OP, OP + program.len())?);
            longer.append(&mut program);
            program = longer;
        }
        let port = last.port();
        let is_same = destinations.iter().all(|one| one.port() == port);
        Some(Self {
            bytes: program,
            port: is_same.then_some(port),
        })
    }

    /// Sockets with a local port in one of these ranges, both ends included, in order and apart. `None` for
    /// none and for more than a filter holds.
    pub(super) fn on_ports(ranges: &[(u16, u16)]) -> Option<Self> {
        // Where what is told of begins and ends, in turn; a range up to the last port never ends.
        let edges: Vec<u16> = ranges
            .iter()
            .flat_map(|(low, high)| [Some(*low), high.checked_add(1)])
            .flatten()
            .collect();
        if ranges.is_empty() || edges.len() > MOST_EDGES || !edges.is_sorted_by(|a, b| a < b) {
            return None;
        }
        let mut program = vec![0; length(edges.len())];
        search(&mut program, 0, &edges, 0)?;
        Some(Self {
            bytes: program,
            port: None,
        })
    }

    /// The program.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The remote port that all destinations share. The kernel compares one in the request itself before
    /// it runs the program, in a fraction of the time.
    pub(super) const fn port(&self) -> Option<u16> {
        self.port
    }
}

/// The most edges of ranges: the program takes 12 bytes for each.
const MOST_EDGES: usize = 1024;

/// How long a search among so many edges is: a comparison of 8 bytes for each, and a jump of 4 for each
/// stretch between them.
const fn length(edges: usize) -> usize {
    8 * edges + 4 * (edges + 1)
}

/// Writes a binary search for the stretch a port lies in, and at its end whether sockets there are told
/// of: those behind `edges_before` and `edges` whose number is odd.
fn search(program: &mut [u8], at: usize, edges: &[u16], edges_before: usize) -> Option<()> {
    let end = program.len();
    let middle = edges.len() / 2;
    let Some(edge) = edges.get(middle) else {
        let told = edges_before % 2 == 1;
        let to = if told { end - at } else { end - at + OP };
        return put(program, at, op(JMP, OP, to)?);
    };
    // What is not below the edge goes on behind the comparison, the rest behind that.
    let (below, above) = (edges.get(..middle)?, edges.get(middle + 1..)?);
    let next = 8 + length(above.len());
    put(program, at, op(S_GE, 8, next)?)?;
    put(program, at + OP, op(0, 0, usize::from(*edge))?)?;
    search(program, at + 8, above, edges_before + middle + 1)?;
    search(program, at + next, below, edges_before)
}

fn put(program: &mut [u8], at: usize, op: [u8; OP]) -> Option<()> {
    program.get_mut(at..at + OP)?.copy_from_slice(&op);
    Some(())
}

/// One destination: goes on behind itself if a socket leads there, else four bytes farther, which is
/// behind the jump that follows, or beyond the end.
fn condition(destination: SocketAddr) -> Vec<u8> {
    let (family, address) = match destination.ip() {
        IpAddr::V4(address) => (IPV4, address.octets().to_vec()),
        IpAddr::V6(address) => (IPV6, address.octets().to_vec()),
    };
    let length = OP + HOST + address.len();
    let mut bytes = op(D_COND, length, length + OP).unwrap_or_default().to_vec();
    // At most 128.
    let prefix = u8::try_from(8 * address.len()).unwrap_or(0);
    bytes.extend([family, prefix, 0, 0]);
    bytes.extend(i32::from(destination.port()).to_ne_bytes());
    bytes.extend(address);
    bytes
}

/// `None` if the offsets do not fit, which a few dozen destinations never come near.
fn op(code: u8, yes: usize, no: usize) -> Option<[u8; OP]> {
    let yes = u8::try_from(yes).ok()?;
    let [low, high] = u16::try_from(no).ok()?.to_ne_bytes();
    Some([code, yes, low, high])
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;
