//! How the end of a connection is told: end of file, reset, broken pipe.

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};

use rustix::io::Errno;
use rustix::net::sockopt::{set_socket_keepalive, set_tcp_nodelay};
use rustix::net::{
    AddressFamily, Shutdown, SocketFlags, SocketType, getpeername, shutdown, socketpair,
};

use crate::calls::{
    abort, answer, arrives, call, connect, connection, error_of, fails, is_left, read, read_now,
    tcp, told, unblock, write,
};
use crate::kernel::{CLOSE_WAIT, Counters, ESTABLISHED, FIN_WAIT_2, in_state};
use crate::load::listen;
use crate::notes::note;
use crate::pair::{Pair, find, host, lose, peer};
use crate::wait::until;

const PORT: u16 = 8080;

/// SIGPIPE, the same number everywhere.
const SIGPIPE: i32 = 13;

/// How a program fares that writes to `socket` with nothing said about signals. (This one ignores SIGPIPE,
/// as Rust programs do; those it starts do not.)
fn plain_program_writes(socket: &OwnedFd) -> ExitStatus {
    let output = socket.try_clone().expect("a descriptor is doubled");
    Command::new("sh")
        .args(["-c", "echo x"])
        .stdout(Stdio::from(output))
        .stderr(Stdio::null())
        .status()
        .expect("sh starts")
}

/// The peer's close is no error: `recv()` gives 0, and the first write succeeds. Its RST comes after the FIN,
/// so it is told as EPIPE.
#[test]
fn a_close_is_told_as_end_of_file() {
    let Some(pair) = Pair::open() else { return };
    for family in pair.families() {
        let listener = listen(&pair.peer, peer(family, PORT), 16);
        let (client, server) = connection(&pair.host, &listener);
        let (asking, other) = connection(&pair.host, &listener);
        let (signalled, third) = connection(&pair.host, &listener);
        drop((server, other, third));
        let counters = Counters::of(&pair.peer);
        for fd in [&client, &asking, &signalled] {
            is_left(fd);
            assert_eq!(read(fd), Ok(0), "recv() gives 0 after a FIN");
            assert_eq!(error_of(fd), Ok(()), "a FIN is no error");
        }
        assert_eq!(in_state(&pair.host, CLOSE_WAIT), 3);
        until("each FIN is acknowledged", 10, || {
            in_state(&pair.peer, FIN_WAIT_2) == 3
        });
        for fd in [&client, &asking, &signalled] {
            assert_eq!(
                write(fd),
                Ok(1),
                "the first write after the peer's close succeeds"
            );
            fails(fd);
        }
        assert_eq!(
            read(&client),
            Ok(0),
            "recv() gives 0 even when the RST has come"
        );
        assert_eq!(
            write(&client),
            Err(Errno::PIPE),
            "the write after the RST gives EPIPE, not ECONNRESET"
        );
        assert_eq!(
            write(&client),
            Err(Errno::PIPE),
            "and so does each one after it"
        );
        assert_eq!(
            (error_of(&asking), error_of(&asking)),
            (Err(Errno::PIPE), Ok(())),
            "SO_ERROR tells EPIPE, once"
        );
        assert_eq!(
            plain_program_writes(&signalled).signal(),
            Some(SIGPIPE),
            "without MSG_NOSIGNAL it comes with SIGPIPE"
        );
        assert_eq!(
            counters.risen(&pair.peer, "Tcp.OutRsts"),
            3,
            "data for a closed socket is answered by a RST"
        );
    }
}

/// EPIPE without a peer's part in it: this side cannot send, or never could.
#[test]
fn a_socket_that_cannot_send_breaks_the_pipe() {
    let Some(pair) = Pair::open() else { return };
    for family in pair.families() {
        let listener = listen(&pair.peer, peer(family, PORT), 16);
        let (client, server) = connection(&pair.host, &listener);
        shutdown(&client, Shutdown::Write).expect("a connection is shut down");
        assert_eq!(
            write(&client),
            Err(Errno::PIPE),
            "a write after the own shutdown() gives EPIPE"
        );
        assert_eq!(
            plain_program_writes(&client).signal(),
            Some(SIGPIPE),
            "without MSG_NOSIGNAL it comes with SIGPIPE"
        );
        assert_eq!(read(&server), Ok(0), "the peer sees the end of the file");
        assert_eq!(write(&server), Ok(1), "and may still send");
        assert_eq!(read(&client), Ok(1), "which still arrives");

        let fresh = tcp(&pair.host, family);
        assert_eq!(
            (write(&fresh), read(&fresh)),
            (Err(Errno::PIPE), Err(Errno::NOTCONN)),
            "never connected: send() gives EPIPE, recv() ENOTCONN"
        );
    }
}

/// However the RST came about, it is told once, by whichever call comes first.
#[test]
fn a_reset_is_told_once() {
    let Some(pair) = Pair::open() else { return };
    for family in pair.families() {
        let to = peer(family, PORT);
        let listener = listen(&pair.peer, to, 16);
        let is_reset = |client: &OwnedFd, how: &str| {
            fails(client);
            assert_eq!(
                (read(client), read(client), write(client)),
                (Err(Errno::CONNRESET), Ok(0), Err(Errno::PIPE)),
                "{how}: recv() gives ECONNRESET, then 0; send() EPIPE"
            );
        };
        let counters = Counters::of(&pair.peer);
        let (client, server) = connection(&pair.host, &listener);
        assert_eq!(write(&client), Ok(1));
        arrives(&server);
        drop(server);
        is_reset(&client, "closed with data unread");
        assert_eq!(counters.risen(&pair.peer, "TcpExt.TCPAbortOnClose"), 1);
        assert_eq!(
            (
                getpeername(&client).map(drop),
                shutdown(&client, Shutdown::Write)
            ),
            (Err(Errno::NOTCONN), Err(Errno::NOTCONN)),
            "getpeername() and shutdown() of a socket that was reset"
        );
        assert_eq!(
            (
                set_socket_keepalive(&client, true),
                set_tcp_nodelay(&client, true)
            ),
            (Ok(()), Ok(())),
            "simple options are still accepted"
        );

        let (client, server) = connection(&pair.host, &listener);
        abort(server);
        is_reset(&client, "SO_LINGER with time 0");
        assert_eq!(counters.risen(&pair.peer, "TcpExt.TCPAbortOnData"), 1);

        let (client, server) = connection(&pair.host, &listener);
        abort(server);
        fails(&client);
        assert_eq!(
            plain_program_writes(&client).signal(),
            None,
            "ECONNRESET comes without a signal"
        );
        assert_eq!(
            write(&client),
            Err(Errno::PIPE),
            "that write was told, and the next one gives EPIPE"
        );

        let (client, server) = connection(&pair.host, &listener);
        abort(server);
        fails(&client);
        assert_eq!(
            (write(&client), write(&client)),
            (Err(Errno::CONNRESET), Err(Errno::PIPE)),
            "send() after a RST gives ECONNRESET, then EPIPE"
        );

        let (client, server) = connection(&pair.host, &listener);
        assert_eq!(write(&server), Ok(1));
        arrives(&client);
        abort(server);
        fails(&client);
        assert_eq!(
            (read(&client), read(&client)),
            (Ok(1), Err(Errno::CONNRESET)),
            "what came before the RST is handed out before the error"
        );

        // The client has gone, the queue does not know of errors.
        let client = call(&pair.host, &listener);
        until("it waits to be accepted", 10, || {
            in_state(&pair.peer, ESTABLISHED) == 1
        });
        abort(client);
        until("its reset has come", 10, || {
            in_state(&pair.peer, ESTABLISHED) == 0
        });
        // accept() of what was reset before it.
        let server = answer(&listener);
        is_reset(&server, "reset before accept()");

        let client = call(&pair.host, &listener);
        until("it waits to be accepted", 10, || {
            in_state(&pair.peer, ESTABLISHED) == 1
        });
        drop(listener);
        is_reset(&client, "listener closed before accept()");
    }
    let kind = (AddressFamily::UNIX, SocketType::STREAM);
    let ends = socketpair(kind.0, kind.1, SocketFlags::CLOEXEC, None);
    let (one, other) = ends.expect("a pair is made");
    assert_eq!(write(&one), Ok(1));
    drop(other);
    assert_eq!(
        (read(&one), read(&one), write(&one)),
        (Err(Errno::CONNRESET), Ok(0), Err(Errno::PIPE)),
        "AF_UNIX: closed with data unread"
    );
}

/// A peer that has forgotten the connection answers what comes: data, or a keepalive probe. Who sends
/// nothing learns nothing.
#[test]
fn a_forgotten_connection_is_reset_when_it_speaks() {
    Pair::with_each_family(|family, pair| {
        pair.host.write("net.ipv4.tcp_keepalive_time", "1");
        let to = peer(family, PORT);
        let listener = listen(&pair.peer, to, 16);
        let opened = [(); 3].map(|()| connection(&pair.host, &listener));
        // The resets are lost on the way: the server has forgotten, the client does not know.
        lose(&pair.peer, host(family, 0));
        let [sending, asking, idle] = opened.map(|(client, server)| {
            abort(server);
            client
        });
        until("the server has forgotten", 10, || {
            in_state(&pair.peer, ESTABLISHED) == 0
        });
        find(&pair.peer, host(family, 0));
        assert_eq!(write(&sending), Ok(1), "the host knows of nothing");
        assert_eq!(
            read(&sending),
            Err(Errno::CONNRESET),
            "data for a forgotten connection is answered by a RST"
        );
        set_socket_keepalive(&asking, true).expect("an option is set");
        assert_eq!(
            read(&asking),
            Err(Errno::CONNRESET),
            "and so is a keepalive probe: not ETIMEDOUT"
        );
        assert_eq!(
            read_now(&idle),
            Err(Errno::AGAIN),
            "who sends nothing is told nothing"
        );
    });
}

/// ECONNABORTED is this host's own doing: the socket was destroyed, or there is no result left to give.
#[test]
fn an_abort_is_this_hosts_own() {
    let Some(pair) = Pair::open() else { return };
    for family in pair.families() {
        let to = peer(family, PORT);
        let refused = tcp(&pair.host, family);
        unblock(&refused);
        assert_eq!(connect(&refused, &to), Err(Errno::INPROGRESS));
        assert_eq!(told(&refused), Errno::CONNREFUSED);
        assert_eq!(
            connect(&refused, &to),
            Err(Errno::CONNABORTED),
            "connect() after SO_ERROR has told its result"
        );

        let listener = listen(&pair.peer, to, 16);
        let (client, server) = connection(&pair.host, &listener);
        let destroyed = pair.host.ss(&["-HtK", "dport", &format!("= :{PORT}")]);
        if destroyed.trim().is_empty() {
            return note("this kernel has no ss -K");
        }
        assert_eq!(
            (read(&client), read(&client)),
            (Err(Errno::CONNABORTED), Ok(0)),
            "a socket destroyed by ss -K gives ECONNABORTED"
        );
        fails(server.as_fd());
        assert_eq!(read(&server), Err(Errno::CONNRESET), "and resets its peer");
    }
}
