//! Single socket calls inside a namespace, with the error number that the kernel gives.

use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio, retry_on_intr};
use rustix::net::addr::SocketAddrArg;
use rustix::net::sockopt::{Timeout, set_socket_linger, set_socket_timeout, socket_error};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, accept_with, recv, send,
    socket_with,
};

use crate::net::Net;
use crate::pair::Family;
use crate::wait::until;

/// Longest that a call may block. A kernel that does not do as expected fails the experiment then.
const PATIENCE: Duration = Duration::from_secs(15);

/// What a call gives.
pub(crate) type Call<T = ()> = Result<T, Errno>;

/// A TCP socket.
pub(crate) fn tcp(net: &Net, family: Family) -> OwnedFd {
    socket(net, family, SocketType::STREAM)
}

/// A UDP socket.
pub(crate) fn udp(net: &Net, family: Family) -> OwnedFd {
    socket(net, family, SocketType::DGRAM)
}

fn socket(net: &Net, family: Family, kind: SocketType) -> OwnedFd {
    let family = match family {
        Family::V4 => AddressFamily::INET,
        Family::V6 => AddressFamily::INET6,
    };
    open(net, family, kind)
}

/// A socket whose calls wait, though not for ever.
pub(crate) fn open(net: &Net, family: AddressFamily, kind: SocketType) -> OwnedFd {
    let made = net.enter(|| socket_with(family, kind, SocketFlags::CLOEXEC, None));
    let fd = made.expect("a socket is made");
    waits(&fd, Timeout::Recv, PATIENCE);
    waits(&fd, Timeout::Send, PATIENCE);
    fd
}

/// Sets `SO_RCVTIMEO` or `SO_SNDTIMEO`.
pub(crate) fn waits(fd: impl AsFd, which: Timeout, time: Duration) {
    set_socket_timeout(fd, which, Some(time)).expect("a time-out is set");
}

/// From now on calls on `fd` do not wait.
pub(crate) fn unblock(fd: impl AsFd) {
    ioctl_fionbio(fd, true).expect("a mode is set");
}

/// `connect()`. The end of a program that another experiment has started can interrupt a call that waits:
/// called again, it goes on waiting, and says EALREADY where it would have said EINPROGRESS.
pub(crate) fn connect(fd: impl AsFd, to: &impl SocketAddrArg) -> Call {
    let mut interrupted = false;
    loop {
        match rustix::net::connect(&fd, to) {
            Err(Errno::INTR) => interrupted = true,
            Err(Errno::ALREADY) if interrupted => return Err(Errno::INPROGRESS),
            outcome => return outcome,
        }
    }
}

/// What `connect()` of a new TCP socket gives.
pub(crate) fn connect_new(net: &Net, to: SocketAddr) -> Call {
    connect(tcp(net, family_of(to)), &to)
}

/// A connection to `listener`: the client's end, and the server's.
pub(crate) fn connection(from: &Net, listener: &TcpListener) -> (OwnedFd, OwnedFd) {
    let client = call(from, listener);
    (client, answer(listener))
}

/// The client's end of a connection that waits to be accepted, or soon will.
pub(crate) fn call(from: &Net, listener: &TcpListener) -> OwnedFd {
    let to = listener.local_addr().expect("a listener has an address");
    let client = tcp(from, family_of(to));
    connect(&client, &to).expect("a connection is made");
    client
}

/// Takes out the next connection.
pub(crate) fn answer(listener: &impl AsFd) -> OwnedFd {
    waits(listener, Timeout::Recv, PATIENCE);
    // Not to be kept open by the programs that other experiments start.
    let server =
        retry_on_intr(|| accept_with(listener, SocketFlags::CLOEXEC)).expect("a connection waits");
    waits(&server, Timeout::Recv, PATIENCE);
    server
}

fn family_of(address: SocketAddr) -> Family {
    if address.is_ipv4() {
        Family::V4
    } else {
        Family::V6
    }
}

/// Reads at most one byte.
pub(crate) fn read(fd: impl AsFd) -> Call<usize> {
    retry_on_intr(|| recv(&fd, &mut [0; 1], RecvFlags::empty())).map(|(_, length)| length)
}

/// The same, if it need not wait.
pub(crate) fn read_now(fd: impl AsFd) -> Call<usize> {
    recv(fd, &mut [0; 1], RecvFlags::DONTWAIT).map(|(_, length)| length)
}

/// Waits for a byte, and leaves it there.
pub(crate) fn arrives(fd: impl AsFd) {
    let seen = retry_on_intr(|| recv(&fd, &mut [0; 1], RecvFlags::PEEK)).map(|(_, length)| length);
    assert_eq!(seen, Ok(1), "a byte arrives");
}

/// Writes one byte, without SIGPIPE.
pub(crate) fn write(fd: impl AsFd) -> Call<usize> {
    send(fd, b"x", SendFlags::NOSIGNAL)
}

/// `SO_ERROR`, which is reset by being read.
pub(crate) fn error_of(fd: impl AsFd) -> Call {
    socket_error(fd).expect("every socket has the option")
}

/// Waits until an error waits on `fd`, without taking it.
pub(crate) fn fails(fd: impl AsFd) {
    shows(fd.as_fd(), PollFlags::empty(), PollFlags::ERR, "fails");
}

/// Waits until a non-blocking connect has ended, well or badly.
pub(crate) fn ends(fd: impl AsFd) {
    // Who looks while the kernel ends it may see the error first.
    let over = PollFlags::OUT | PollFlags::ERR;
    shows(fd.as_fd(), PollFlags::OUT, over, "ends");
}

/// Waits until `SO_ERROR` has something to tell, and gives that.
pub(crate) fn told(fd: impl AsFd) -> Errno {
    let mut told = None;
    until("SO_ERROR tells an error", 15, || {
        told = error_of(&fd).err();
        told.is_some()
    });
    told.expect("it was waited for")
}

/// Waits until the peer's FIN is there.
pub(crate) fn is_left(fd: impl AsFd) {
    shows(fd.as_fd(), PollFlags::RDHUP, PollFlags::RDHUP, "is left");
}

fn shows(fd: BorrowedFd<'_>, ask: PollFlags, want: PollFlags, what: &str) {
    let limit = Timespec::try_from(PATIENCE).expect("it is short");
    let mut ready = [PollFd::from_borrowed_fd(fd, ask)];
    let count = retry_on_intr(|| poll(&mut ready, Some(&limit))).expect("a socket can be polled");
    let seen = ready[0].revents();
    assert!(count == 1 && seen.intersects(want), "{what}: {seen:?}");
}

/// Closes with a reset.
pub(crate) fn abort(fd: OwnedFd) {
    set_socket_linger(&fd, Some(Duration::ZERO)).expect("an option is set");
    drop(fd);
}
