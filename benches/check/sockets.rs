//! Ten thousand sockets in a known mix of states, held by a few processes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::measured::connections::{Share, expected};
use crate::measured::counts::Counts;
use crate::measured::crowd::Crowd;
use crate::measured::namespace::set;

/// Several, so that each stays below common limits on open files.
const HOLDERS: u16 = 4;

const SETTINGS: [(&str, &str); 3] = [
    ("ipv4/ip_local_port_range", "16384 65000"),
    // Else a port in TIME_WAIT may be taken again on loopback.
    ("ipv4/tcp_tw_reuse", "0"),
    ("ipv4/tcp_max_tw_buckets", "65536"),
];

/// What each process holds.
fn shares() -> Vec<Vec<Share>> {
    let shares = (0..HOLDERS).map(|number| {
        let at = |ip: IpAddr| SocketAddr::new(ip, 9000 + 10 * number);
        let ipv4 = Share {
            at: at(Ipv4Addr::LOCALHOST.into()),
            connected: 600,
            armed: 0,
            half_closed: 100,
            resting: 360,
            unconnected: 0,
            listening: 2,
        };
        let ipv6 = Share {
            at: at(Ipv6Addr::LOCALHOST.into()),
            connected: 300,
            armed: 0,
            half_closed: 20,
            resting: 96,
            unconnected: 0,
            listening: 2,
        };
        vec![ipv4, ipv6]
    });
    shares.collect()
}

/// The sockets and how many there are in each state. They last as long as the crowd.
pub(crate) fn gather() -> Result<(Crowd, Counts), String> {
    let shares = shares();
    set(&SETTINGS)?;
    let crowd = Crowd::gather(&shares)?;
    Ok((crowd, expected(shares.iter().flatten())))
}
