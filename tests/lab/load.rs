//! Load, bounded in count and time: listeners, servers with manners, and clients.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::net::{
    AddressFamily, Shutdown, SocketFlags, SocketType, bind, connect, shutdown, socket_with, sockopt,
};

use crate::net::{Net, Undo};

/// Longest that one end waits for the other.
const PATIENCE: Duration = Duration::from_secs(10);

/// A listener whose accept queue is bounded by `backlog` (and by `somaxconn`).
pub(crate) fn listen(net: &Net, at: SocketAddr, backlog: i32) -> TcpListener {
    net.enter(|| {
        let family = family_of(at);
        let fd = socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None)
            .expect("a socket is made");
        sockopt::set_socket_reuseaddr(&fd, true).expect("an option is set");
        bind(&fd, &at).expect("the address is free");
        rustix::net::listen(&fd, backlog).expect("the socket listens");
        TcpListener::from(fd)
    })
}

/// `listen()` again on a running listener, as a server does when it reloads: the kernel takes over
/// the new bound.
pub(crate) fn listen_again(listener: &TcpListener, backlog: i32) {
    rustix::net::listen(listener, backlog).expect("a listener listens again");
}

/// Takes out everything that waits at `listener` now.
pub(crate) fn accept_waiting(listener: &TcpListener) -> Vec<TcpStream> {
    listener.set_nonblocking(true).expect("a mode is set");
    let taken: Vec<TcpStream> = std::iter::from_fn(|| listener.accept().ok())
        .map(|(stream, _)| stream)
        .collect();
    listener.set_nonblocking(false).expect("a mode is set");
    taken
}

/// What a server does with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Reads to the end, then closes: the client closed first.
    Follow,
    /// Closes first, after one byte.
    Lead,
    /// Keeps it open, with keepalive.
    Hold,
}

/// A running accept loop; stops when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    listener: Arc<TcpListener>,
    accepted: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(net: &Net, at: SocketAddr, manner: Manner) -> Self {
        let listener = Arc::new(listen(net, at, 4096));
        let accepted = Arc::new(AtomicUsize::new(0));
        let (own, count) = (Arc::clone(&listener), Arc::clone(&accepted));
        let serve = move || {
            let mut held = Vec::new();
            while let Ok((stream, _)) = own.accept() {
                count.fetch_add(1, Ordering::SeqCst);
                held.extend(treat(stream, manner));
            }
        };
        Self {
            listener,
            accepted,
            thread: Some(thread::spawn(serve)),
        }
    }

    /// Connections taken so far.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // On Linux this ends a blocked accept() with EINVAL.
        let _ = shutdown(&self.listener, Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn treat(mut stream: TcpStream, manner: Manner) -> Option<TcpStream> {
    let _ = stream.set_read_timeout(Some(PATIENCE));
    match manner {
        Manner::Follow => {
            let _ = io::copy(&mut stream, &mut io::sink());
            None
        }
        Manner::Lead => {
            let _ = stream.write_all(b"x");
            None
        }
        Manner::Hold => {
            let _ = sockopt::set_socket_keepalive(&stream, true);
            Some(stream)
        }
    }
}

/// `count` connection attempts at once, none waited for; those that failed on the spot are left out.
pub(crate) fn connect_all(net: &Net, to: SocketAddr, count: usize) -> Vec<TcpStream> {
    net.enter(|| {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let attempt = |_| {
            let fd = socket_with(family_of(to), SocketType::STREAM, flags, None)
                .expect("a socket is made");
            match connect(&fd, &to) {
                Ok(()) | Err(rustix::io::Errno::INPROGRESS) => Some(TcpStream::from(fd)),
                Err(_) => None,
            }
        };
        (0..count).filter_map(attempt).collect()
    })
}

/// How many of these have finished their handshake.
pub(crate) fn connected(streams: &[TcpStream]) -> usize {
    let done = |stream: &&TcpStream| stream.peer_addr().is_ok();
    streams.iter().filter(done).count()
}

/// Connections that stay open, every one established.
pub(crate) fn connect_each(net: &Net, to: SocketAddr, count: usize) -> Vec<TcpStream> {
    let one = |_| TcpStream::connect_timeout(&to, PATIENCE).expect("a connection is made");
    net.enter(|| (0..count).map(one).collect())
}

/// What became of a row of short connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Short {
    /// Made and closed again.
    pub(crate) done: usize,
    /// EADDRNOTAVAIL: no local port was left.
    pub(crate) no_port: usize,
    /// Answered with a reset.
    pub(crate) refused: usize,
    /// Anything else.
    pub(crate) other: usize,
}

/// `count` connections one after the other, each closed by the client before the server does.
pub(crate) fn short(net: &Net, to: SocketAddr, count: usize) -> Short {
    one_by_one(net, to, count, drop)
}

/// The same, but the client waits until the server has closed.
pub(crate) fn short_following(net: &Net, to: SocketAddr, count: usize) -> Short {
    one_by_one(net, to, count, |mut stream| {
        let _ = stream.set_read_timeout(Some(PATIENCE));
        let _ = stream.read_to_end(&mut Vec::new());
    })
}

fn one_by_one(
    net: &Net,
    to: SocketAddr,
    count: usize,
    end: impl Fn(TcpStream) + Send + Sync,
) -> Short {
    net.enter(|| {
        let mut seen = Short::default();
        for _ in 0..count {
            match TcpStream::connect_timeout(&to, PATIENCE) {
                Ok(stream) => {
                    end(stream);
                    seen.done += 1;
                }
                Err(error) if error.kind() == ErrorKind::AddrNotAvailable => seen.no_port += 1,
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => seen.refused += 1,
                Err(_) => seen.other += 1,
            }
        }
        seen
    })
}

/// Makes every `TIME_WAIT` of `net` last its 60 s, so that their number is the number of closes.
///
/// Otherwise some end at once: on two CPUs the ACK and the FIN of the other end may change places, the
/// late ACK is answered, and the answer's RST ends the entry (RFC 1337, `tcp_timewait_state_process`).
pub(crate) fn keep_time_wait(net: &Net) -> Undo {
    Undo::write(net, [("net.ipv4.tcp_rfc1337", "1")])
}

fn family_of(address: SocketAddr) -> AddressFamily {
    if address.is_ipv4() {
        AddressFamily::INET
    } else {
        AddressFamily::INET6
    }
}
