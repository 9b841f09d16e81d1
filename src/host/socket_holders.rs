//! Whose the sockets of one state are: asked when a person wants one state explained.

use std::collections::{BTreeMap, BTreeSet};

use super::attribution::BUDGET;
use super::collect::Source;
use super::inet_diag::{self, Ext, StateMask};
use super::process::{self, Holder, Wanted};
use crate::fact::socket::{Holding, Ranked, TcpState};

/// How many sockets are looked at: enough to see whose they are. The kernel lists them by a keyed hash, so
/// that the first ones are an even part of all.
const LIMIT: u64 = Wanted::MANY as u64;
/// How many processes and ends are told.
const TOLD: usize = 3;

/// Whose the sockets of a state are; `None` where the kernel cannot be asked, as for a recorded tree.
/// `services` are the local ports that somebody listens on.
pub fn holding(source: &Source, state: TcpState, services: &BTreeSet<u16>) -> Option<Holding> {
    if source.is_recorded() {
        return None;
    }
    let mut found = Holding::default();
    let mut inodes: Vec<u64> = Vec::new();
    let mut ends: BTreeMap<String, u64> = BTreeMap::new();
    let note = inet_diag::dump_some(StateMask::only(state), Ext::Plain, LIMIT, |socket| {
        found.looked_at += 1;
        let row = &socket.row;
        if row.inode == 0 {
            found.kernel += 1;
        } else {
            inodes.push(row.inode);
        }
        let port = row.local.port();
        let end = if state == TcpState::Listening || services.contains(&port) {
            format!("on :{port}")
        } else if row.remote.port() == 0 {
            return;
        } else {
            format!("to {}", row.remote)
        };
        *ends.entry(end).or_insert(0) += 1;
    })
    .ok()?;
    found.cut = note.sockets > found.looked_at;
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
