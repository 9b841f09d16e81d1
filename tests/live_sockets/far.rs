//! A second namespace behind a link, whose answers can be lost.

use std::fs::File;
use std::os::fd::AsFd as _;
use std::process::{Child, Command, Stdio};
use std::thread;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::namespace::{eventually, run};

/// The other end: `10.78.0.2` and `fd78::2`; this one is `10.78.0.1` and `fd78::1`.
pub(crate) struct Far {
    holder: Child,
    link: File,
}

impl Far {
    pub(crate) fn open() -> Self {
        // It lives as long as its input stays open.
        let holder = Command::new("unshare")
            .args(["--net", "cat"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let own = std::fs::read_link("/proc/self/ns/net").unwrap();
        let path = format!("/proc/{}/ns/net", holder.id());
        eventually("the other namespace is there", || {
            std::fs::read_link(&path).is_ok_and(|other| other != own)
        });
        let far = Self {
            link: File::open(path).unwrap(),
            holder,
        };
        let pid = far.holder.id().to_string();
        let words = [
            "link", "add", "near0", "type", "veth", "peer", "name", "far0", "netns",
        ];
        run("ip", &[&words[..], &[&pid]].concat());
        end("near0", 1);
        far.enter(|| end("far0", 2));
        // One packet for each segment, as on a wire; and a queue, else the sender is told of a packet
        // that the other end does not take.
        run("ip", &["link", "set", "near0", "gso_max_segs", "1"]);
        run("tc", &["qdisc", "add", "dev", "near0", "root", "pfifo"]);
        far
    }

    /// Runs `work` on a thread inside the namespace; sockets made there stay there.
    pub(crate) fn enter<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        thread::scope(|scope| {
            let inside = scope.spawn(|| {
                let kind = Some(LinkNameSpaceType::Network);
                move_into_link_name_space(self.link.as_fd(), kind).unwrap();
                work()
            });
            inside.join().unwrap()
        })
    }

    /// From now on the other end takes packets up to a size and drops larger ones without a word, as a
    /// tunnel does whose messages are filtered.
    pub(crate) fn narrow(&self, size: u32) {
        let size = size.to_string();
        self.enter(|| run("ip", &["link", "set", "far0", "mtu", &size]));
    }

    /// From now on nothing that is sent to the other end arrives.
    pub(crate) fn lose() {
        for address in ["10.78.0.2", "fd78::2"] {
            let nobody = [
                "lladdr",
                "02:00:00:00:00:99",
                "dev",
                "near0",
                "nud",
                "permanent",
            ];
            run(
                "ip",
                &[&["neigh", "replace", address][..], &nobody].concat(),
            );
        }
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}

fn end(device: &str, number: u8) {
    let ipv4 = format!("10.78.0.{number}/24");
    let ipv6 = format!("fd78::{number}/64");
    run("ip", &["addr", "add", &ipv4, "dev", device]);
    run("ip", &["addr", "add", &ipv6, "dev", device, "nodad"]);
    run("ip", &["link", "set", device, "up"]);
}
