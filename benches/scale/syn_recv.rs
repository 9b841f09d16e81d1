//! Half-open connections, as in a flood of SYNs.

use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::time::Instant;

use crate::filled::{SETTINGS, agreed, say, thousands};
use crate::flood::{Flood, SOURCES};
use crate::measured::command::output;
use crate::measured::counts::{Counts, by_ss};
use crate::measured::namespace::{inside, set};
use crate::plan::Plan;
use crate::rounds::Rounds;
use crate::table::{Bound, Goal, Row};
use crate::tools::{
    AMONG_SOCKETS, CHECKED, COUNTS, EXACT, FLOOR, NETSTAT, SS_STATES, SS_SUMMARY, TABLES,
};

const LISTENERS: u16 = 10;
/// More than come.
const BACKLOG: i32 = 1 << 20;
/// A SYN is lost where more arrive at once than a processor may keep waiting.
const ATTEMPTS: usize = 10;

/// None is turned away, none is answered without being remembered, and none is given up.
const FLOODED: [(&str, &str); 4] = [
    ("ipv4/tcp_syncookies", "0"),
    ("ipv4/tcp_max_syn_backlog", "1048576"),
    ("ipv4/tcp_synack_retries", "60"),
    ("core/somaxconn", "1048576"),
];

pub(crate) fn rows(plan: &Plan) -> Result<Vec<Row>, String> {
    let name = format!("{} SYN_RECV", thousands(plan.syn_recv));
    inside(|| measured(&name, plan.syn_recv, plan.rounds))?
}

fn measured(name: &str, total: u32, rounds: usize) -> Result<Vec<Row>, String> {
    let start = Instant::now();
    set(&SETTINGS)?;
    set(&FLOODED)?;
    let back = ["route", "add", SOURCES, "dev", "lo"];
    if !output("ip", &back)?.status.success() {
        return Err(format!("no way back to {SOURCES}"));
    }
    let listeners = listeners().map_err(|error| format!("a listener: {error}"))?;
    let services = (0..LISTENERS).map(service).collect();
    let flood = Flood::new(services, total)?;
    let half_open = ("SYN-RECV".to_owned(), u64::from(total));
    let listening = ("LISTEN".to_owned(), u64::from(LISTENERS));
    let made = Counts::from([half_open, listening]);
    for _ in 0..ATTEMPTS {
        flood.send()?;
        if by_ss()? == made {
            break;
        }
    }
    say(name, start, "filled");
    let rows = timed(name, rounds, &made, start);
    for _ in 0..ATTEMPTS {
        flood.take_back()?;
        if !by_ss()?.contains_key("SYN-RECV") {
            break;
        }
    }
    say(name, start, "taken back");
    drop(listeners);
    rows
}

fn timed(name: &str, rounds: usize, made: &Counts, start: Instant) -> Result<Vec<Row>, String> {
    agreed(made, 0)?;
    say(name, start, "counts agreed");
    let mut turns = Rounds::of(&AMONG_SOCKETS);
    // The kernel has no number of these without a walk.
    turns.all(rounds, || true)?;
    agreed(made, 0)?;
    let rows = [
        ((COUNTS, SS_STATES), Goal::Shown),
        ((COUNTS, NETSTAT), Goal::Shown),
        ((COUNTS, TABLES), Goal::Shown),
        ((EXACT, SS_STATES), Goal::Shown),
        ((COUNTS, SS_SUMMARY), Goal::Shown),
        ((CHECKED, FLOOR), Goal::Near(1.5, 25.0, false)),
        ((CHECKED, SS_STATES), Goal::Shown),
    ]
    .map(|((own, peer), goal)| Row::compared(name, &turns, (&own, &peer), goal, Bound::Measured));
    let memory = Row::memory(name, &turns, crate::MEMORY);
    Ok(rows.into_iter().chain([memory]).collect())
}

fn service(number: u16) -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::LOCALHOST, 9000 + number)
}

fn listeners() -> std::io::Result<Vec<TcpListener>> {
    let listen = |number| {
        let listener = TcpListener::bind(service(number))?;
        // Again, for more than the standard library asks for.
        rustix::net::listen(&listener, BACKLOG)?;
        Ok(listener)
    };
    (0..LISTENERS).map(listen).collect()
}
