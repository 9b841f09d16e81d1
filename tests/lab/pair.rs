//! Two namespaces joined by a cable: the host that is judged, and its peer.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::thread::scope;
use std::time::Duration;

use crate::net::{Net, usable};
use crate::wait::until;

const HOST_MAC: &str = "02:00:00:00:77:01";
const PEER_MAC: &str = "02:00:00:00:77:02";
/// No interface has it: frames sent there are lost without an answer, as on a dead path.
const NOBODY_MAC: &str = "02:00:00:00:77:99";

/// The protocol an experiment runs over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    V4,
    V6,
}

/// The two ends.
#[derive(Debug)]
pub(crate) struct Pair {
    /// The namespace that is judged and cured.
    pub(crate) host: Net,
    /// The other end, which provokes.
    pub(crate) peer: Net,
}

impl Pair {
    /// Two joined namespaces whose neighbours know each other; `None` where there are none to be had.
    pub(crate) fn open() -> Option<Self> {
        if !usable() {
            return None;
        }
        Some(Self::joined(|host, peer| {
            host.ip(&format!(
                "link add cable address {HOST_MAC} type veth peer name cable address {PEER_MAC} netns {}
                 link set cable up\n",
                peer.pid()
            ));
            peer.ip("link set cable up\n");
        }))
    }

    /// Two namespaces that `join` gives a `cable` each, up and without addresses.
    pub(crate) fn joined(join: impl FnOnce(&Net, &Net)) -> Self {
        let host = Net::open().expect("a namespace opens where one opened before");
        let peer = Net::open().expect("a namespace opens where one opened before");
        join(&host, &peer);
        host.ip("address add 10.77.0.1/24 dev cable\n");
        peer.ip("address add 10.77.0.2/24 dev cable\n");
        let pair = Self { host, peer };
        if pair.families().contains(&Family::V6) {
            pair.host.ip("address add fd77::1/64 dev cable nodad\n");
            pair.peer.ip("address add fd77::2/64 dev cable nodad\n");
        }
        for family in pair.families() {
            pair.greet(family);
        }
        pair
    }

    /// A new pair for each family this machine has, so that what one leaves behind (sixty seconds of
    /// `TIME_WAIT`) is not judged with the other.
    pub(crate) fn for_each_family() -> impl Iterator<Item = (Family, Self)> {
        let both = usable().then_some([Family::V4, Family::V6]);
        both.into_iter().flatten().filter_map(|family| {
            let pair = Self::open()?;
            pair.families().contains(&family).then_some((family, pair))
        })
    }

    /// The same with both at once, for experiments that mostly wait.
    pub(crate) fn with_each_family(experiment: impl Fn(Family, Self) + Sync) {
        let experiment = &experiment;
        scope(|scope| {
            for (family, pair) in Self::for_each_family() {
                scope.spawn(move || experiment(family, pair));
            }
        });
    }

    /// IPv4, and IPv6 where the kernel has it.
    pub(crate) fn families(&self) -> Vec<Family> {
        let six = Path::new("/proc/sys/net/ipv6").exists() && self.host.read(DISABLE_IPV6) == "0";
        let six = six.then_some(Family::V6);
        [Family::V4].into_iter().chain(six).collect()
    }

    /// Waits until datagrams pass both ways: the link is up and the neighbours are resolved, so no
    /// experiment begins with a lost SYN.
    fn greet(&self, family: Family) {
        let bind = |net: &Net, address| {
            let socket = net.enter(|| UdpSocket::bind(address)).expect("UDP binds");
            let pause = Some(Duration::from_millis(20));
            socket.set_read_timeout(pause).expect("a time-out is set");
            socket
        };
        let host = bind(&self.host, host(family, 9));
        let peer = bind(&self.peer, peer(family, 9));
        let pass = |from: &UdpSocket, to: &UdpSocket, address| {
            from.send_to(b"hello", address).is_ok() && to.recv(&mut [0; 8]).is_ok()
        };
        until("datagrams pass the cable", 10, || {
            pass(&host, &peer, self::peer(family, 9)) && pass(&peer, &host, self::host(family, 9))
        });
    }
}

const DISABLE_IPV6: &str = "net.ipv6.conf.all.disable_ipv6";

/// The host's address.
pub(crate) fn host(family: Family, port: u16) -> SocketAddr {
    address(family, 1, port)
}

/// The peer's address.
pub(crate) fn peer(family: Family, port: u16) -> SocketAddr {
    address(family, 2, port)
}

/// An address of the same network that nobody has.
pub(crate) fn nobody(family: Family, port: u16) -> SocketAddr {
    address(family, 99, port)
}

fn address(family: Family, last: u8, port: u16) -> SocketAddr {
    let ip: IpAddr = match family {
        Family::V4 => Ipv4Addr::new(10, 77, 0, last).into(),
        Family::V6 => Ipv6Addr::new(0xfd77, 0, 0, 0, 0, 0, 0, last.into()).into(),
    };
    SocketAddr::new(ip, port)
}

/// From now on what `net` sends to `to` is lost on the way, silently.
pub(crate) fn lose(net: &Net, to: SocketAddr) {
    neighbour(net, to, NOBODY_MAC);
}

/// Undoes [`lose`] for the two ends of a pair.
pub(crate) fn find(net: &Net, to: SocketAddr) {
    let last = match to.ip() {
        IpAddr::V4(ip) => ip.octets()[3],
        IpAddr::V6(ip) => ip.octets()[15],
    };
    neighbour(net, to, if last == 1 { HOST_MAC } else { PEER_MAC });
}

fn neighbour(net: &Net, to: SocketAddr, mac: &str) {
    let to = to.ip();
    net.ip(&format!(
        "neighbour replace {to} lladdr {mac} dev cable nud permanent\n"
    ));
}
