//! Windows and buffers, over a path of 40 Mbit/s with a round trip of 60 ms: 300 kB fill it.

use std::thread::sleep;
use std::time::Duration;

use crate::evidence::proved;
use crate::flow::{Flow, with_reno};
use crate::judge::look;
use crate::net::Undo;
use crate::notes::note;
use crate::pair::host;
use crate::pair::{Family, peer};
use crate::wire::{Shape, Wire};

const PORT: u16 = 8080;
const PATH: Shape = Shape::of(60).limited(40, 2_000_000);
const SCALING: &str = "net.ipv4.tcp_window_scaling";

#[test]
fn scratch() {
    for (family, wire) in Wire::for_each_family(PATH) {
        with_reno(&wire.pair);
        for (key, value) in [
            ("net.ipv4.tcp_rmem", "4096 131072 6291456"),
            ("net.ipv4.tcp_rmem", "4096 65536 131072"),
            ("net.ipv4.tcp_wmem", "4096 16384 131072"),
            ("net.ipv4.tcp_moderate_rcvbuf", "0"),
            (SCALING, "0"),
        ] {
            for sends in [true, false] {
                let u = Undo::write(&wire.pair.host, [(key, value)]);
                let (h, p) = (&wire.pair.host, &wire.pair.peer);
                let f = if sends {
                    Flow::start(h, p, peer(family, PORT))
                } else {
                    Flow::start(p, h, host(family, PORT))
                };
                sleep(Duration::from_millis(1500));
                let m = f.mark();
                sleep(Duration::from_millis(1500));
                let rate = f.rate_since(m);
                note(&format!("{family:?} {key} {value} sends {sends} {rate}"));
                note(&h.ss(&["-tmiHn", "state", "established"]));
                drop(f);
                u.take_back(h);
            }
        }
    }
}
