//! What each value of `tcp_tw_reuse` does, and for whom.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::kernel::Counters;
use crate::load::{Manner, Server, short};
use crate::net::Undo;
use crate::notes::note;
use crate::pair::{Family, Pair, host};
use crate::ports::{RANGE, REUSE, THOUSAND, TIMESTAMPS, age, all, exhaust};

/// Ports asked for again: few enough that a handful whose `TIME_WAIT` ended early does not matter.
const AGAIN: usize = 300;

/// 2 takes over ports towards 127.0.0.1 and `::1`. Another address of the same host is none of these.
#[test]
fn reuse_two_is_for_loopback_addresses() {
    let Some(pair) = Pair::open() else { return };
    let net = &pair.host;
    let sick = Undo::write(net, [(RANGE, THOUSAND), (TIMESTAMPS, "1"), (REUSE, "0")]);
    for family in pair.families() {
        for (to, on_loopback) in [
            (loopback(family), true),
            (host(family, port(family)), false),
        ] {
            let _server = Server::start(net, to, Manner::Follow);
            exhaust(net, to);
            age(net, to);
            // 0: nobody.
            assert_eq!(short(net, to, 100).no_port, 100);
            let two = Undo::write(net, [(REUSE, "2")]);
            let counters = Counters::of(net);
            let seen = short(net, to, AGAIN);
            let recycled = counters.risen(net, "TcpExt.TWRecycled");
            if on_loopback {
                assert_eq!(seen, all(AGAIN));
                assert!(recycled > 0, "none taken over");
            } else {
                assert_eq!((seen.no_port, recycled), (AGAIN, 0));
                let one = Undo::write(net, [(REUSE, "1")]);
                assert_eq!(short(net, to, AGAIN), all(AGAIN));
                one.take_back(net);
            }
            note(&format!(
                "tcp_tw_reuse 2 towards {to}: {} of {AGAIN} connected, {recycled} ports taken over",
                seen.done
            ));
            two.take_back(net);
        }
    }
    sick.take_back(net);
}

fn loopback(family: Family) -> SocketAddr {
    match family {
        Family::V4 => (Ipv4Addr::LOCALHOST, port(family) + 1).into(),
        Family::V6 => (Ipv6Addr::LOCALHOST, port(family) + 1).into(),
    }
}

/// Another one for each, since the entries of one are still there when the other is counted.
fn port(family: Family) -> u16 {
    match family {
        Family::V4 => 8080,
        Family::V6 => 8090,
    }
}
