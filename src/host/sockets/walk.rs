//! The walk over the kernel's table of connections.

use std::collections::BTreeSet;

use super::beside::both;
use super::gauges::Gauges;
use super::look::{Look, NO_WALK, STOPPED};
use super::notes::Notes;
use super::nothing_examined;
use super::options::{CollectOptions, Examine, Walk};
use super::plan::Plan;
use super::seen::{Ages, Examining, Seen};
use crate::fact::socket::{
    BufferLimits, CloseWaitAges, DestinationTally, Family, Listener, Slices, SocketSource, TcpState,
};
use crate::host::inet_diag::{self, DiagError, DiagSocket, DumpNote, Ext, StateMask};
use crate::host::proc_tables;

const ESTABLISHED: StateMask = StateMask::only(TcpState::Established);
const TIME_WAIT: StateMask = StateMask::only(TcpState::TimeWait);

/// Facts that rest on a sample of open connections where these are many.
const OF_ESTABLISHED: [&str; 5] = [
    "socket.established_keepalive",
    "socket.established_backoff",
    "socket.established_stuck",
    "socket.incoming",
    "socket.outgoing",
];

/// Facts that rest on a look at open connections one by one.
const OF_EXAMINED: [&str; 5] = [
    "socket.quiet_",
    "socket.idle_window",
    "socket.pmtu_suspects",
    "socket.receive_capped",
    "socket.send_capped",
];

/// Facts that rest on a sample of those in `TIME_WAIT`.
const OF_TIME_WAIT: [&str; 2] = ["socket.ipv4.time_wait", "socket.ipv6.time_wait"];

/// Facts that rest on slices of local ports.
fn of_slices() -> Vec<&'static str> {
    [&OF_ESTABLISHED[..], &OF_TIME_WAIT, &["destination."]].concat()
}

/// Reads the sockets through the kernel's diagnostics. After an error the tables of `/proc/net` are the one
/// source that is left.
pub(super) fn from_diagnostics(options: &CollectOptions) -> Result<Look, DiagError> {
    let before = Gauges::read(&options.tables);
    let mut listeners = Vec::new();
    let mut notes = Notes::default();
    let note = inet_diag::dump(StateMask::LISTENING, Ext::Memory, |socket| {
        listeners.push(listener(socket));
    })?;
    notes.add(note);
    let mut seen = Seen::new(options, listeners);
    if options.walk == Walk::None {
        seen.forget(NO_WALK);
    } else {
        let mut walker = Walker {
            options,
            seen: &mut seen,
            notes: &mut notes,
        };
        match walker.walk(before, !note.by_family) {
            Err(DiagError::Stopped) => {
                seen.forget(STOPPED);
                notes.say(DiagError::Stopped.to_string());
            }
            done => done?,
        }
    }
    let udp = options.udp.then(|| udp_ports(options)).flatten();
    Ok(seen.finish(SocketSource::Diagnostics, udp, notes))
}

fn udp_ports(options: &CollectOptions) -> Option<BTreeSet<u16>> {
    match inet_diag::udp_ports() {
        Ok(ports) => Some(ports),
        Err(DiagError::Stopped) => None,
        Err(_) => proc_tables::udp_ports(&options.tables).ok(),
    }
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

struct Walker<'w> {
    options: &'w CollectOptions,
    seen: &'w mut Seen,
    notes: &'w mut Notes,
}

/// What the counts of states that were left out are made from.
#[derive(Clone, Copy, Debug, Default)]
struct Listed {
    /// Whole sockets, of each family.
    whole: [u64; 2],
    /// What is left of sockets in `FIN_WAIT2`, which `tw` counts as well.
    resting: u64,
}

impl Listed {
    fn observe(&mut self, socket: &DiagSocket) {
        if socket.is_whole {
            let [ipv4, ipv6] = &mut self.whole;
            *match socket.row.family {
                Family::Ipv4 => ipv4,
                Family::Ipv6 => ipv6,
            } += 1;
        } else if matches!(socket.row.state, TcpState::FinWait2 | TcpState::TimeWait) {
            self.resting += 1;
        }
    }
}

/// The main walk: which states it lists, and which it leaves to be counted by subtraction.
#[derive(Clone, Copy)]
struct Main {
    before: Option<Gauges>,
    states: StateMask,
    ext: Ext,
    leaves_established: bool,
    leaves_time_wait: bool,
}

impl Main {
    const fn leaves_some(self) -> bool {
        self.leaves_established || self.leaves_time_wait
    }
}

impl Walker<'_> {
    fn walk(&mut self, before: Option<Gauges>, in_one_walk: bool) -> Result<(), DiagError> {
        let listening = self.seen.listening();
        let connections = before.map(|gauges| gauges.without(listening));
        let listens = listening != [0, 0];
        let plan = Plan::new(self.options, connections, listens, in_one_walk);
        let Plan::Walk {
            states,
            ext,
            leaves_established,
            leaves_time_wait,
        } = plan
        else {
            self.seen
                .tally
                .set_close_wait_ages(CloseWaitAges::default());
            if let Examine::Yes(limits) = self.options.examine {
                self.seen.tally.set_examined(nothing_examined(limits));
            }
            return Ok(());
        };
        let main = Main {
            before,
            states,
            ext,
            leaves_established,
            leaves_time_wait,
        };
        if !main.leaves_some() {
            self.list(main)?;
            if self.seen.tally.has_too_many_destinations() {
                self.count_destinations();
            }
            return Ok(());
        }
        let slices = self.choose_slices(before);
        if self.options.samples {
            self.list_and_draw(main, &slices)?;
        } else {
            for fact in of_slices() {
                self.seen.leave_unread(fact, "nobody asks");
            }
            self.list(main)?;
        }
        self.count_destinations();
        Ok(())
    }

    /// Lists sockets one by one, and looks at the first of those that it leaves out.
    fn list(&mut self, main: Main) -> Result<(), DiagError> {
        let Main {
            states,
            ext,
            leaves_established,
            ..
        } = main;
        let limits = self.limits();
        let has_info = matches!(ext, Ext::Info | Ext::InfoAndMemory);
        // Of those that are whole, which are the open ones and some more.
        let open = main.before.map_or(0, Gauges::whole);
        let mut examining = (has_info && !leaves_established)
            .then(|| limits.map(|limits| Examining::new(limits).some_of(open)))
            .flatten();
        let mut ages = Ages::new();
        let mut listed = Listed::default();
        let note = inet_diag::dump(states, ext, |socket| {
            self.seen.observe(&socket.row);
            listed.observe(socket);
            match (socket.row.state, &mut examining) {
                (TcpState::CloseWait, _) if has_info => ages.observe(socket),
                (TcpState::Established, Some(examining)) => examining.observe(socket),
                _ => {}
            }
        })?;
        self.notes.add(note);
        if main.leaves_some() {
            self.subtract(main, listed);
        }
        if has_info {
            if let Some(ages) = ages.finish() {
                self.seen.tally.set_close_wait_ages(ages);
            }
        } else {
            self.look_at_ages();
        }
        match examining {
            Some(examining) => self.finish_examining(examining),
            None if leaves_established => self.draw_established(limits),
            None => self.examine(limits),
        }
        if main.leaves_time_wait && self.options.samples {
            self.draw_time_wait();
        }
        Ok(())
    }

    /// Chooses the slices of local ports that stand for all.
    fn choose_slices(&mut self, before: Option<Gauges>) -> Slices {
        let count = before.map_or(0, |gauges| gauges.whole().saturating_add(gauges.resting));
        // Half as many as are looked at among the first of the list.
        let parts = count.div_ceil((self.options.limit / 2).max(1));
        let slices = Slices::new(self.options.port_range, parts);
        self.seen.tally.set_slices(slices.clone());
        slices
    }

    /// Lists sockets, and at the same time looks at those of the states that are left out whose local
    /// port lies in the slices.
    fn list_and_draw(&mut self, main: Main, slices: &Slices) -> Result<(), DiagError> {
        let states = StateMask::CONNECTIONS.without(main.states);
        let beside = self.seen.tally.beside();
        let draw = || {
            let mut tally = beside.clone();
            let walked = inet_diag::dump_on_ports(states, slices.ranges(), |socket| {
                tally.observe_sliced(&socket.row);
            });
            (walked, tally)
        };
        let in_turn = self.options.in_turn;
        let ((), (walked, drawn)) = both(in_turn, || self.list(main), draw)?;
        if self.is_known(walked, &of_slices()).is_some() {
            self.seen.tally.absorb(drawn);
        }
        Ok(())
    }

    /// What buffers are compared with, if somebody asks to look at open connections.
    const fn limits(&self) -> Option<BufferLimits> {
        match self.options.examine {
            Examine::Yes(limits) => Some(limits),
            Examine::IfStuck => Some(BufferLimits {
                receive: None,
                send: None,
            }),
            Examine::No => None,
        }
    }

    /// What is asked for of each open connection that is looked at.
    const fn ext(&self) -> Ext {
        match self.options.examine {
            Examine::Yes(_) => Ext::InfoAndMemory,
            Examine::IfStuck => Ext::Info,
            Examine::No => Ext::Plain,
        }
    }

    /// Counts the states that were left out: all sockets there are without those that were listed. What
    /// comes or goes meanwhile stands in one count and not in the other.
    fn subtract(&mut self, main: Main, listed: Listed) {
        let after = Gauges::read(&self.options.tables);
        let (Some(before), Some(after)) = (main.before, after.or(main.before)) else {
            return;
        };
        let apart = before.apart(after);
        if apart > 0 {
            self.notes.say(format!(
                "sockets came and went while they were counted: established and time_wait may be off \
                 by {apart}"
            ));
        }
        let rest = after.without(self.seen.listening()).without(listed.whole);
        let [ipv4, ipv6] = rest.in_use;
        if main.leaves_established {
            self.seen.tally.set_established(ipv4, ipv6);
        }
        if main.leaves_time_wait {
            let resting = after.resting.saturating_sub(listed.resting);
            self.seen.tally.set_time_wait(resting);
        }
    }

    /// Looks how long connections have been in `CLOSE_WAIT`. The kernel locks each socket to fill its
    /// `tcp_info`, and most hosts have none in this state.
    fn look_at_ages(&mut self) {
        if self.seen.tally.count(TcpState::CloseWait) == 0 {
            self.seen
                .tally
                .set_close_wait_ages(CloseWaitAges::default());
            return;
        }
        if !self.options.ages {
            return;
        }
        let mut ages = Ages::new();
        let states = StateMask::only(TcpState::CloseWait);
        let looked = inet_diag::dump(states, Ext::Info, |socket| ages.observe(socket));
        if self
            .is_known(looked, &["socket.close_wait_older"])
            .is_some()
            && let Some(ages) = ages.finish()
        {
            self.seen.tally.set_close_wait_ages(ages);
        }
    }

    /// Looks at open connections after all were listed.
    fn examine(&mut self, limits: Option<BufferLimits>) {
        let Some(limits) = limits else {
            return;
        };
        if self.options.examine == Examine::IfStuck && self.seen.tally.stuck() == Some(0) {
            return;
        }
        let mut examining = Examining::new(limits);
        if self.seen.tally.count(TcpState::Established) > 0 {
            let limit = self.options.limit;
            let looked = inet_diag::dump_some(ESTABLISHED, self.ext(), limit, |socket| {
                examining.observe(socket);
            });
            match self.is_known(looked, &OF_EXAMINED) {
                Some(note) => examining.is_cut = note.sockets > limit,
                None => return,
            }
        }
        self.finish_examining(examining);
    }

    fn finish_examining(&mut self, examining: Examining) {
        if self.options.examine != Examine::IfStuck || self.seen.tally.stuck() != Some(0) {
            examining.finish(self.seen, self.notes);
        }
    }

    /// Looks at a sample of the open connections.
    fn draw_established(&mut self, limits: Option<BufferLimits>) {
        if !self.options.samples && limits.is_none() {
            return;
        }
        let (limit, ext) = (self.options.limit, self.ext());
        let mut examining = limits.map(Examining::new);
        let tally = &mut self.seen.tally;
        let looked = inet_diag::dump_some(ESTABLISHED, ext, limit, |socket| {
            tally.observe_first(&socket.row);
            if let Some(examining) = &mut examining {
                examining.observe(socket);
            }
        });
        let facts = [OF_ESTABLISHED, OF_EXAMINED].concat();
        let Some(note) = self.is_known(looked, &facts) else {
            return;
        };
        let is_cut = note.sockets > limit;
        if !is_cut {
            self.seen.tally.saw_all(TcpState::Established);
        }
        if let Some(mut examining) = examining {
            examining.is_cut = is_cut;
            // Whether some are stuck is not counted here.
            examining.finish(self.seen, self.notes);
        }
    }

    /// Looks at a sample of the sockets in `TIME_WAIT`.
    fn draw_time_wait(&mut self) {
        let limit = self.options.limit;
        let tally = &mut self.seen.tally;
        let looked = inet_diag::dump_some(TIME_WAIT, Ext::Plain, limit, |socket| {
            tally.observe_first(&socket.row);
        });
        if let Some(note) = self.is_known(looked, &OF_TIME_WAIT)
            && note.sockets <= limit
        {
            self.seen.tally.saw_all(TcpState::TimeWait);
        }
    }

    /// Counts the ports of destinations that may use many of them, by a walk over those alone: no
    /// number that a rule reads is scaled up.
    fn count_destinations(&mut self) {
        let Some(suspects) = self.seen.suspects(self.options, self.notes) else {
            return;
        };
        let addresses: Vec<_> = suspects.iter().map(|(_, to)| *to).collect();
        let mut counted = DestinationTally::new(self.seen.view().clone(), &suspects);
        let states = StateMask::CONNECTIONS;
        let walked = inet_diag::dump_towards(states, &addresses, |socket| {
            counted.observe(&socket.row);
        });
        if self.is_known(walked, &["destination."]).is_some() {
            self.seen.tally.set_destinations(counted.finish());
        }
    }

    /// What came of one more walk. If nothing did, these facts are unknown by it.
    fn is_known(
        &mut self,
        walked: Result<DumpNote, DiagError>,
        facts: &[&str],
    ) -> Option<DumpNote> {
        match walked {
            Ok(note) => {
                self.notes.add(note);
                Some(note)
            }
            Err(error) => {
                let why = match error {
                    DiagError::Stopped => STOPPED.to_owned(),
                    other => other.to_string(),
                };
                for fact in facts {
                    self.seen.leave_unread(fact, &why);
                }
                let sentence = error.to_string();
                if !self.notes.more.contains(&sentence) {
                    self.notes.say(sentence);
                }
                None
            }
        }
    }
}
