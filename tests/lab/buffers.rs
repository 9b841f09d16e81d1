//! Windows and buffers.

use crate::judge::look;
use crate::load::{Manner, Server, connect_each};
use crate::net::{Net, Undo};
use crate::pair::{Pair, host};

const PORT: u16 = 8080;
const SCALING: &str = "net.ipv4.tcp_window_scaling";

/// Without the option both ends are held to 64 KiB in flight, for the connection's whole life: the
/// one made before the cure stays as it is, the next one negotiates a scale.
#[test]
fn window_scaling_off() {
    let rule = "window-scaling-off";
    for (family, pair) in Pair::for_each_family() {
        let sick = Undo::write(&pair.host, [(SCALING, "0")]);
        let before = pair.host.settings();
        let at = host(family, PORT);
        let _server = Server::start(&pair.host, at, Manner::Hold);
        let _old = connect_each(&pair.peer, at, 1);
        assert_eq!(scales(&pair.peer, PORT), (1, 0));
        let judged = look(&pair.host, 1);
        judged.fires(rule);

        let cure = judged.cure(&pair.host, rule);
        let _new = connect_each(&pair.peer, at, 1);
        assert_eq!(scales(&pair.peer, PORT), (2, 1));
        look(&pair.host, 1).holds(rule);
        cure.take_back(&pair.host);
        pair.host.has_settings(&before);
        sick.take_back(&pair.host);
    }
}

/// (connections towards `port`, those of them with a negotiated window scale).
fn scales(net: &Net, port: u16) -> (usize, usize) {
    let text = net.ss(&[
        "-HOtni",
        "state",
        "established",
        &format!("dport = :{port}"),
    ]);
    let scaled = text.lines().filter(|line| line.contains(" wscale:"));
    (text.lines().count(), scaled.count())
}
