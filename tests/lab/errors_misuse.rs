//! Calls that do not fit: the state or kind of the socket, the address, the protocol, the rights.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::net::UnixListener;
use std::path::Path;

use rustix::fs::{Mode, OFlags, SeekFrom, seek};
use rustix::io::Errno;
use rustix::net::sockopt::{
    set_ip_add_membership, set_ipv6_unicast_hops, set_tcp_congestion, set_tcp_nodelay, tcp_nodelay,
};
use rustix::net::{
    AddressFamily, Protocol, SendFlags, Shutdown, SocketAddrUnix, SocketFlags, SocketType, accept,
    bind, eth, getpeername, ipproto, listen, sendto, shutdown, socket_with, socketpair,
};
use rustix::process::Uid;
use rustix::termios::tcgetwinsize;
use rustix::thread::set_thread_uid;

use crate::calls::{Call, call, connect, open, read, tcp, udp, write};
use crate::load;
use crate::notes::note;
use crate::pair::{Family, Pair, host, peer};

const PORT: u16 = 8080;

/// TCP calls that the state of the socket forbids.
#[test]
fn a_socket_refuses_calls_at_the_wrong_time() {
    let Some(pair) = Pair::open() else { return };
    let net = &pair.host;
    for family in pair.families() {
        let fresh = tcp(net, family);
        assert_eq!(
            (
                read(&fresh),
                shutdown(&fresh, Shutdown::Write),
                getpeername(&fresh).map(drop)
            ),
            (
                Err(Errno::NOTCONN),
                Err(Errno::NOTCONN),
                Err(Errno::NOTCONN)
            ),
            "recv(), shutdown(), getpeername() on a TCP socket that was never connected"
        );
        assert_eq!(
            accept(&fresh).err(),
            Some(Errno::INVAL),
            "accept() on a socket that does not listen"
        );
        assert_eq!(bind(&fresh, &host(family, PORT)), Ok(()));
        assert_eq!(
            bind(&fresh, &host(family, PORT + 1)),
            Err(Errno::INVAL),
            "bind() a second time"
        );
        assert_eq!(listen(&fresh, 16), Ok(()));
        assert_eq!(
            connect(&fresh, &host(family, PORT)),
            Err(Errno::ISCONN),
            "connect() on a listener"
        );
        shutdown(&fresh, Shutdown::Both).expect("a listener can be shut down");
        assert_eq!(
            accept(&fresh).err(),
            Some(Errno::INVAL),
            "accept() on a listener that was shut down"
        );
        let to = peer(family, PORT);
        let listener = load::listen(&pair.peer, to, 16);
        let client = call(net, &listener);
        assert_eq!(
            connect(&client, &to),
            Err(Errno::ISCONN),
            "connect() on a connected socket"
        );
        assert_eq!(
            sendto(&client, b"x", SendFlags::NOSIGNAL, &host(family, 9)),
            Ok(1),
            "TCP ignores an address when it sends"
        );
    }
    let local = tcp(net, Family::V4);
    let at: SocketAddr = (Ipv4Addr::LOCALHOST, 0).into();
    assert_eq!(bind(&local, &at), Ok(()));
    assert_eq!(
        connect(&local, &peer(Family::V4, PORT)),
        Err(Errno::INVAL),
        "connect() from 127.0.0.1 to another host"
    );
}

/// UDP calls of the same sort, and options and addresses that are not for this socket.
#[test]
fn a_socket_refuses_options_and_addresses_of_others() {
    let Some(pair) = Pair::open() else { return };
    let net = &pair.host;
    for family in pair.families() {
        let (to, fresh) = (peer(family, PORT), tcp(net, family));
        let datagrams = udp(net, family);
        assert_eq!(
            write(&datagrams),
            Err(Errno::DESTADDRREQ),
            "send() on a UDP socket that was not connected"
        );
        let four = family == Family::V4;
        assert_eq!(
            (listen(&datagrams, 16), accept(&datagrams).map(drop)),
            (Err(Errno::OPNOTSUPP), Err(Errno::OPNOTSUPP)),
            "listen() and accept() on UDP"
        );
        let urgent = sendto(&datagrams, b"x", SendFlags::OOB, &to);
        let refused = if four { Err(Errno::OPNOTSUPP) } else { Ok(1) };
        assert_eq!(urgent, refused, "MSG_OOB on UDP: only IPv4 looks at it");
        let unknown = if four {
            Errno::OPNOTSUPP
        } else {
            Errno::NOPROTOOPT
        };
        assert_eq!(
            (
                set_tcp_nodelay(&datagrams, true),
                tcp_nodelay(&datagrams).map(drop)
            ),
            (Err(Errno::NOPROTOOPT), Err(unknown)),
            "an option of another protocol: setsockopt(), getsockopt()"
        );
        assert_eq!(
            tcgetwinsize(&fresh).map(drop),
            Err(Errno::NOTTY),
            "an ioctl for terminals"
        );
        assert_eq!(
            seek(&fresh, SeekFrom::Start(0)),
            Err(Errno::SPIPE),
            "lseek()"
        );
        assert_eq!(
            set_tcp_congestion(&fresh, "nosuch"),
            Err(Errno::NOENT),
            "a congestion control that this kernel does not have"
        );
    }
    let zero: SocketAddr = (Ipv4Addr::UNSPECIFIED, PORT).into();
    assert_eq!(
        sendto(udp(net, Family::V4), b"x", SendFlags::empty(), &zero),
        Ok(1),
        "a datagram to 0.0.0.0 goes to this host"
    );
    let stranger = udp(net, Family::V4);
    let group = Ipv4Addr::new(239, 1, 1, 1);
    assert_eq!(
        set_ip_add_membership(&stranger, &group, &Ipv4Addr::new(10, 80, 0, 1)),
        Err(Errno::NODEV),
        "a group on an address that no interface has"
    );
    families(&pair);
}

/// Addresses, protocols and descriptors of another kind.
fn families(pair: &Pair) {
    let net = &pair.host;
    let make = |family, kind, protocol: Option<Protocol>| {
        net.enter(|| socket_with(family, kind, SocketFlags::CLOEXEC, protocol).map(drop))
    };
    let (inet, stream) = (AddressFamily::INET, SocketType::STREAM);
    assert_eq!(
        make(AddressFamily::from_raw(99), stream, None),
        Err(Errno::AFNOSUPPORT),
        "socket() of a family that does not exist: not EPFNOSUPPORT"
    );
    assert_eq!(
        make(inet, stream, Some(ipproto::UDP)),
        Err(Errno::PROTONOSUPPORT),
        "a stream socket with the protocol of UDP"
    );
    for kind in [SocketType::SEQPACKET, SocketType::RDM] {
        assert_eq!(
            make(inet, kind, None),
            Err(Errno::SOCKTNOSUPPORT),
            "AF_INET has no such type"
        );
    }
    assert_eq!(
        socketpair(inet, stream, SocketFlags::CLOEXEC, None).err(),
        Some(Errno::OPNOTSUPP),
        "socketpair() on AF_INET"
    );
    if pair.families().contains(&Family::V6) {
        let [four, six] = [Family::V4, Family::V6].map(|family| peer(family, PORT));
        assert_eq!(
            (
                connect(tcp(net, Family::V4), &six),
                bind(tcp(net, Family::V4), &six)
            ),
            (Err(Errno::AFNOSUPPORT), Err(Errno::AFNOSUPPORT)),
            "an IPv6 address on an IPv4 socket"
        );
        assert_eq!(
            connect(tcp(net, Family::V6), &four),
            Err(Errno::INVAL),
            "the shorter IPv4 address on an IPv6 socket"
        );
        let scopeless: SocketAddr = "[fe80::1]:80".parse().expect("an address");
        assert_eq!(
            connect(tcp(net, Family::V6), &scopeless),
            Err(Errno::INVAL),
            "a link-local address without scope"
        );
        assert_eq!(
            set_ipv6_unicast_hops(tcp(net, Family::V4), Some(9)),
            Err(Errno::NOPROTOOPT),
            "an IPv6 option on an IPv4 socket"
        );
    }
    let folder = tempfile::tempdir().expect("a folder is made");
    let at = |name: &str| {
        let path = folder.path().join(name);
        SocketAddrUnix::new(&path).expect("a short path")
    };
    let listener = UnixListener::bind(folder.path().join("socket")).expect("a socket file");
    let reach = |kind, to: &SocketAddrUnix| connect(open(net, AddressFamily::UNIX, kind), to);
    let cases = [
        ("nosuch", Errno::NOENT),
        ("", Errno::CONNREFUSED),
        ("socket/below", Errno::NOTDIR),
    ];
    for (name, error) in cases {
        assert_eq!(
            reach(stream, &at(name)),
            Err(error),
            "AF_UNIX path {name:?}"
        );
    }
    assert_eq!(
        reach(SocketType::DGRAM, &at("socket")),
        Err(Errno::PROTOTYPE),
        "a datagram socket connects to a stream listener"
    );
    let client = open(net, AddressFamily::UNIX, stream);
    assert_eq!(connect(&client, &at("socket")), Ok(()));
    assert_eq!(
        sendto(&client, b"x", SendFlags::NOSIGNAL, &at("socket")),
        Err(Errno::ISCONN),
        "an address on a connected AF_UNIX stream"
    );
    drop(listener);

    let (pipe, _writer) = std::io::pipe().expect("a pipe is made");
    let root = File::open("/").expect("there is a root");
    assert_eq!(
        (read(&pipe), listen(&root, 1)),
        (Err(Errno::NOTSOCK), Err(Errno::NOTSOCK)),
        "recv() on a pipe, listen() on a directory"
    );
    let path = rustix::fs::open(Path::new("/"), OFlags::PATH, Mode::empty());
    assert_eq!(
        read(path.expect("there is a root")),
        Err(Errno::BADF),
        "a descriptor of O_PATH is not open for any of them"
    );
}

/// What the rights of a process forbid.
#[test]
fn a_process_without_rights_is_refused() {
    let Some(pair) = Pair::open() else { return };
    let net = &pair.host;
    net.write("net.ipv4.ip_unprivileged_port_start", "1024");
    let tried = net.enter(|| {
        set_thread_uid(Uid::from_raw(65_534)).ok()?;
        let make = |family, kind, protocol: Option<Protocol>| {
            socket_with(family, kind, SocketFlags::CLOEXEC, protocol)
        };
        let stream = make(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
        let low: SocketAddr = (Ipv4Addr::LOCALHOST, 80).into();
        let high: SocketAddr = (Ipv4Addr::LOCALHOST, 0).into();
        let raw = make(AddressFamily::INET, SocketType::RAW, Some(ipproto::ICMP)).map(drop);
        let packet = make(AddressFamily::PACKET, SocketType::DGRAM, Some(eth::IP)).map(drop);
        Some(([raw, packet], [bind(&stream, &low), bind(&stream, &high)]))
    });
    let Some((special, ports)) = tried else {
        return note("no other user here");
    };
    let refused: [Call; 2] = [Err(Errno::PERM); 2];
    assert_eq!(
        special, refused,
        "raw and packet sockets want CAP_NET_RAW: EPERM"
    );
    assert_eq!(
        ports,
        [Err(Errno::ACCESS), Ok(())],
        "a port below ip_unprivileged_port_start: EACCES"
    );
}
