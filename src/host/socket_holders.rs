//! Whose the sockets of one state are: asked when a person wants one state explained.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use super::attribution::BUDGET;
use super::collect::Source;
use super::inet_diag::{self, Ext, StateMask};
use super::process::{self, Holder, Wanted};
use crate::fact::socket::{Evenly, Holding, Ranked, TcpState, mark_of_ends};

/// How many sockets are looked at: enough to see whose they are. They are an even part of all.
const LIMIT: usize = Wanted::MANY;
/// How many processes and ends are told.
const TOLD: usize = 3;

/// Whose the sockets of a state are; `None` where the kernel cannot be asked, as for a recorded tree.
/// `services` are the local ports that somebody listens on.
pub fn holding(source: &Source, state: TcpState, services: &BTreeSet<u16>) -> Option<Holding> {
    if source.is_recorded() {
        return None;
    }
    let mut some: Evenly<(u64, SocketAddr, SocketAddr)> = Evenly::new(LIMIT);
    inet_diag::dump(StateMask::only(state), Ext::Plain, |socket| {
        let row = &socket.row;
        let mark = mark_of_ends(row.local, row.remote, row.inode);
        some.offer(mark, || (row.inode, row.local, row.remote));
    })
    .ok()?;
    let mut found = Holding {
        of: some.seen(),
        ..Holding::default()
    };
    let mut inodes: Vec<u64> = Vec::new();
    let mut ends: BTreeMap<String, u64> = BTreeMap::new();
    for (inode, local, remote) in some.into_sorted() {
        found.looked_at += 1;
        if inode == 0 {
            found.kernel += 1;
        } else {
            inodes.push(inode);
        }
        let port = local.port();
        let end = if state == TcpState::Listening || services.contains(&port) {
            format!("on :{port}")
        } else if remote.port() == 0 {
            continue;
        } else {
            format!("to {remote}")
        };
        *ends.entry(end).or_insert(0) += 1;
    }
    let wanted = Wanted::default().and_most_of(&inodes);
    let owners = process::owners(source.proc(), wanted, BUDGET);
    let mut processes: BTreeMap<String, u64> = BTreeMap::new();
    for inode in inodes {
        match owners.holder(inode) {
            Holder::Known(owner) => *processes.entry(owner.to_string()).or_insert(0) += 1,
            _ => found.unseen += 1,
        }
    }
    found.processes = foremost(processes);
    found.ends = foremost(ends);
    Some(found)
}

/// The largest, by name among equals.
fn foremost(counted: BTreeMap<String, u64>) -> Vec<Ranked> {
    let counted = counted.into_iter();
    let mut ranked: Vec<Ranked> = counted
        .map(|(name, count)| Ranked { name, count })
        .collect();
    ranked.sort_by_key(|one| std::cmp::Reverse(one.count));
    ranked.truncate(TOLD);
    ranked
}
