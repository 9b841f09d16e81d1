//! Hosts that are well: nothing at or above low may be said about them.

use crate::judge::{look, look_while};
use crate::kernel::{Counters, ESTABLISHED, TIME_WAIT, in_state};
use crate::load::{Manner, Server, Short, connect_each, keep_time_wait, short, short_following};
use crate::pair::{Pair, host, peer};
use crate::wait::until;

/// A namespace in which nothing happens.
#[test]
fn an_idle_host_is_quiet() {
    let Some(pair) = Pair::open() else { return };
    look(&pair.host, 1).is_quiet();
}

/// Many short outgoing connections to two services, well under the limits; a few are refused.
#[test]
fn a_busy_client_is_quiet() {
    for (family, pair) in Pair::for_each_family() {
        let services = [peer(family, 8080), peer(family, 8081)];
        let kept = keep_time_wait(&pair.host);
        let _servers = services.map(|at| Server::start(&pair.peer, at, Manner::Follow));
        let closed = peer(family, 8082);
        let round = |count| {
            for to in services {
                assert_eq!(short(&pair.host, to, count).done, count);
            }
            let refused = short(&pair.host, closed, 5);
            assert_eq!(
                refused,
                Short {
                    refused: 5,
                    ..Short::default()
                }
            );
        };
        round(300);
        // The server closes when its thread comes to it; until then the client's side is in FIN_WAIT.
        until("the client has the TIME_WAIT", 10, || {
            in_state(&pair.host, TIME_WAIT) == 600
        });
        look_while(&pair.host, 2, || round(20)).is_quiet();
        kept.take_back(&pair.host);
    }
}

/// Hundreds of accepted connections with keepalive, and short ones that the server closes first.
#[test]
fn a_busy_server_is_quiet() {
    for (family, pair) in Pair::for_each_family() {
        let (long, brief) = (host(family, 8080), host(family, 8081));
        let holding = Server::start(&pair.host, long, Manner::Hold);
        let _leading = Server::start(&pair.host, brief, Manner::Lead);
        let kept = keep_time_wait(&pair.host);
        let before = Counters::of(&pair.host);
        let _clients = connect_each(&pair.peer, long, 300);
        assert_eq!(short_following(&pair.peer, brief, 500).done, 500);
        until("all are accepted", 10, || holding.accepted() == 300);
        assert!(in_state(&pair.host, ESTABLISHED) >= 300);
        until("the server has the TIME_WAIT", 10, || {
            in_state(&pair.host, TIME_WAIT) == 500
        });
        assert_eq!(before.risen(&pair.host, "TcpExt.ListenOverflows"), 0);
        let round = || {
            short_following(&pair.peer, brief, 20);
        };
        look_while(&pair.host, 2, round).is_quiet();
        kept.take_back(&pair.host);
    }
}
