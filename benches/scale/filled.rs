//! A namespace with sockets in it: how it is filled, and that it is what it is taken for.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use rustix::process::{Resource, getrlimit};

use crate::measured::command::output;
use crate::measured::connections::Share;
use crate::measured::counts::{Counts, same_counts};
use crate::tools::{COUNTS, EXACT, TABLES};
use crate::walks::{ARMED, parsed};

/// How many sockets one process may hold: fewer than 20,000, a hard limit on open files that machines
/// have, or fewer than this one's.
pub(crate) fn room() -> u32 {
    let limit = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
    let room = limit.saturating_sub(100).clamp(100, 19_600);
    u32::try_from(room).unwrap_or(100)
}

/// A setting of the sockets' namespace: more than enough ports, and nothing is reused or thrown away.
pub(crate) const SETTINGS: [(&str, &str); 3] = [
    ("ipv4/ip_local_port_range", "16384 65535"),
    // Else a port in TIME_WAIT may be taken again on loopback.
    ("ipv4/tcp_tw_reuse", "0"),
    ("ipv4/tcp_max_tw_buckets", "2000000"),
];

/// An address of the n-th listener and the ports behind it: all below the ports that clients get, two
/// of three by IPv4. There is but one loopback address of IPv6.
pub(crate) fn at(number: u16, family: Family) -> SocketAddr {
    let port = 1024 + 16 * number;
    let [high, low] = number.to_be_bytes();
    match family {
        Family::Ipv4 => SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 1 + high, low, 1)), port),
        Family::Ipv6 => SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), port),
    }
}

#[derive(Clone, Copy)]
pub(crate) enum Family {
    Ipv4,
    Ipv6,
}

/// Some `total` sockets, most of them ESTABLISHED, for as many processes as it takes. One in four has a
/// keepalive timer; one and a half of a hundred are CLOSE-WAIT, and their peers FIN-WAIT-2.
pub(crate) fn mix(total: u32) -> Vec<Vec<Share>> {
    let holders = total.div_ceil(room()).max(1);
    let pairs = total / holders / 2;
    let share = |at: SocketAddr, pairs: u32| {
        let half_closed = pairs * 3 / 100;
        let connected = pairs - half_closed;
        Share {
            at,
            connected,
            armed: connected / 2,
            half_closed,
            resting: 0,
            unconnected: 0,
            listening: 3,
        }
    };
    let mut all = Vec::new();
    for number in 0..u16::try_from(holders).unwrap_or(u16::MAX) {
        let ipv6 = pairs / 3;
        all.push(vec![
            share(at(number, Family::Ipv4), pairs - ipv6),
            share(at(number, Family::Ipv6), ipv6),
        ]);
    }
    all
}

/// Makes sure that `ss` and every way of this program count what was made, and that a walk over every
/// socket finds the timers.
pub(crate) fn agreed(made: &Counts, armed: u32) -> Result<(), String> {
    same_counts(made, &[&[], &["--exact"]])?;
    for tool in [COUNTS, EXACT, TABLES] {
        let said = output(tool.line.program, tool.line.arguments)?;
        let mut counted = parsed(&String::from_utf8_lossy(&said.stdout));
        let timers = counted.remove(ARMED);
        if counted != *made || timers.is_some_and(|timers| timers != u64::from(armed)) {
            let name = tool.name;
            return Err(format!(
                "made: {made:?} and {armed} timers, by {name}: {counted:?} and {timers:?}"
            ));
        }
    }
    Ok(())
}

/// How many connections of these shares have a timer.
pub(crate) fn armed(shares: &[Vec<Share>]) -> u32 {
    shares.iter().flatten().map(|share| share.armed).sum()
}

/// What the kernel says of its sockets without a walk; of half-open ones it says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InUse {
    /// All but TIME-WAIT.
    pub(crate) sockets: u64,
    pub(crate) resting: u64,
}

pub(crate) fn in_use() -> Option<InUse> {
    let text = |name| fs::read_to_string(format!("/proc/thread-self/net/{name}")).ok();
    let (ipv4, ipv6) = (text("sockstat")?, text("sockstat6").unwrap_or_default());
    let ipv6 = number(&ipv6, "TCP6:", "inuse").unwrap_or(0);
    Some(InUse {
        sockets: number(&ipv4, "TCP:", "inuse")? + ipv6,
        resting: number(&ipv4, "TCP:", "tw")?,
    })
}

/// "TCP: inuse 5 orphan 0 tw 3 alloc 6 mem 1".
fn number(text: &str, line: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|text| text.strip_prefix(line))?;
    let mut words = line.split_whitespace();
    words.find(|word| *word == name)?;
    words.next()?.parse().ok()
}

/// Tells whoever waits how far it is.
pub(crate) fn say(situation: &str, since: Instant, what: &str) {
    let seconds = since.elapsed().as_secs_f64();
    eprintln!("{situation}: {what} after {seconds:.1} s");
}

/// How long the kernel takes to clear away a namespace that has ended, which it does behind our backs.
pub(crate) const CLEARED: Duration = Duration::from_secs(3);

/// "500,000".
pub(crate) fn thousands(count: u32) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
