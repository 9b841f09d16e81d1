//! The sockets seen so far.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use super::look::Look;
use super::notes::Notes;
use super::options::CollectOptions;
use crate::fact::socket::{
    BufferLimits, CloseWaitAges, Evenly, Examination, Examined, Family, Listener, PortOccupancy,
    PortView, Share, SocketRow, SocketSource, SocketTally, Sockets, Suspects, TcpState,
    mark_of_inode,
};
use crate::host::inet_diag::DiagSocket;

pub(super) struct Seen {
    pub(super) tally: SocketTally,
    listeners: Vec<Listener>,
    view: PortView,
    close_wait_inodes: Evenly<u64>,
    unread: BTreeMap<String, String>,
}

impl Seen {
    pub(super) fn new(options: &CollectOptions, mut listeners: Vec<Listener>) -> Self {
        listeners.sort_by_key(|listener| (listener.address, listener.family, listener.inode));
        let ports: BTreeSet<u16> = listeners
            .iter()
            .map(|listener| listener.address.port())
            .collect();
        let view = PortView {
            range: options.port_range,
            listening: ports,
        };
        Self {
            tally: tally(&view, &listeners),
            listeners,
            view,
            close_wait_inodes: no_inodes(),
            unread: BTreeMap::new(),
        }
    }

    /// How ports are looked at.
    pub(super) const fn view(&self) -> &PortView {
        &self.view
    }

    /// How many sockets listen, of each family.
    pub(super) fn listening(&self) -> [u64; 2] {
        let of = |family| {
            let listeners = self.listeners.iter();
            listeners.filter(|one| one.family == family).count() as u64
        };
        [of(Family::Ipv4), of(Family::Ipv6)]
    }

    pub(super) fn observe(&mut self, row: &SocketRow) {
        self.tally.observe(row);
        if row.state == TcpState::CloseWait && row.inode != 0 {
            let mark = mark_of_inode(row.inode);
            self.close_wait_inodes.offer(mark, || row.inode);
        }
    }

    /// Notes why nothing is known of the facts whose names begin so.
    pub(super) fn leave_unread(&mut self, beginning: &str, why: &str) {
        self.unread.insert(beginning.to_owned(), why.to_owned());
    }

    /// The destinations that are to be counted apart; `None` if nobody asks, and where none uses many ports
    /// or nobody can say.
    pub(super) fn suspects(
        &mut self,
        options: &CollectOptions,
        notes: &mut Notes,
    ) -> Option<Vec<(IpAddr, SocketAddr)>> {
        self.tally.set_destinations(Vec::new());
        if !options.samples {
            self.leave_unread("destination.", "nobody asks");
            return None;
        }
        let Suspects {
            foremost,
            more,
            any,
        } = self.tally.suspects(options.many_ports());
        if any {
            let why = "too many destinations to find those that use a quarter of the ports";
            self.leave_unread("destination.", why);
            notes.say(why);
            return None;
        }
        if more > 0 {
            let kept = foremost.len();
            notes.say(format!(
                "{more} more destinations may use a quarter of the ports; the {kept} largest are counted"
            ));
        }
        (!foremost.is_empty()).then_some(foremost)
    }

    /// Drops what was counted of connections, as it is a part of them or nothing.
    pub(super) fn forget(&mut self, why: &str) {
        self.tally = tally(&self.view, &self.listeners);
        self.close_wait_inodes = no_inodes();
        self.leave_unread("socket.", why);
        self.leave_unread("destination.", why);
    }

    pub(super) fn finish(
        self,
        source: SocketSource,
        udp: Option<BTreeSet<u16>>,
        notes: Notes,
    ) -> Look {
        let summed = self.tally.finish_drawn();
        let mut unread = summed.unread;
        unread.extend(self.unread);
        let mut sampled = summed.sampled;
        sampled.retain(|fact, _| !unread.keys().any(|part| fact.starts_with(part.as_str())));
        Look {
            sockets: Sockets {
                source,
                summary: summed.summary,
                listeners: self.listeners,
                ports: PortOccupancy {
                    tcp: self.view.listening,
                    udp,
                },
                close_wait_inodes: self.close_wait_inodes.into_sorted(),
                notes: notes.sentences(),
                unread,
            },
            sampled,
        }
    }
}

const fn no_inodes() -> Evenly<u64> {
    Evenly::new(Sockets::MAX_CLOSE_WAIT_INODES)
}

fn tally(view: &PortView, listeners: &[Listener]) -> SocketTally {
    let mut tally = SocketTally::new(view.clone());
    for listener in listeners {
        tally.add_listener(listener.family);
    }
    tally
}

/// How long connections have been in `CLOSE_WAIT`, as far as it was told.
pub(super) struct Ages {
    ages: CloseWaitAges,
    all_told: bool,
}

impl Ages {
    pub(super) fn new() -> Self {
        Self {
            ages: CloseWaitAges::default(),
            all_told: true,
        }
    }

    pub(super) fn observe(&mut self, socket: &DiagSocket) {
        match socket.last_ack_received() {
            Some(age) => self.ages.observe(age),
            None => self.all_told = false,
        }
    }

    /// `None` if the kernel did not send the age of every socket.
    pub(super) fn finish(self) -> Option<CloseWaitAges> {
        self.all_told.then_some(self.ages)
    }
}

/// A look at open connections.
pub(super) struct Examining {
    examination: Examination,
    /// Whether every one could be looked at.
    all_told: bool,
    /// Which are looked at.
    share: Option<Share>,
    /// Whether there were more.
    pub(super) is_cut: bool,
}

impl Examining {
    pub(super) fn new(limits: BufferLimits) -> Self {
        Self {
            examination: Examination::new(limits),
            all_told: true,
            share: None,
            is_cut: false,
        }
    }

    /// The same for a list of about so many, of which not more than a limit are looked at: an even part.
    pub(super) fn some_of(self, all: u64) -> Self {
        // Somewhat less than there is room for, as chance takes one more or less.
        const WANTED: u64 = Examined::LIMIT / 20 * 19;
        let share = (all > Examined::LIMIT).then(|| Share::new(WANTED, all));
        Self { share, ..self }
    }

    pub(super) fn observe(&mut self, socket: &DiagSocket) {
        let takes = |share: Share| share.takes(socket.row.local, socket.row.remote);
        if !self.share.is_none_or(takes) {
            self.is_cut = true;
            return;
        }
        let (info, memory) = (socket.info.as_ref(), socket.memory);
        self.all_told &= self.examination.observe(&socket.row, info, memory);
    }

    pub(super) fn finish(self, seen: &mut Seen, notes: &mut Notes) {
        if !self.all_told {
            return;
        }
        let mut examined = self.examination.finish();
        examined.cut |= self.is_cut;
        if examined.cut {
            let all = seen.tally.count(TcpState::Established);
            notes.say(format!(
                "quiet, capped and idle connections: looked at {} of {all}",
                examined.looked_at
            ));
        }
        seen.tally.set_examined(examined);
    }
}
