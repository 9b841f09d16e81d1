//! Connections over loopback in a known mix of states.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd as _, OwnedFd};
use std::str::FromStr;
use std::time::Duration;

use rustix::net::sockopt::{set_socket_keepalive, set_socket_linger};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

/// What one process makes towards one address.
#[derive(Clone, Copy)]
pub(crate) struct Share {
    /// Where the first listener is; the others have the ports behind it.
    pub(crate) at: SocketAddr,
    /// Connections; both ends are ESTABLISHED.
    pub(crate) connected: u32,
    /// How many of those have a keepalive timer, at one end.
    pub(crate) armed: u32,
    /// Connections that one end has closed: one CLOSE-WAIT, one FIN-WAIT-2. Both ends are held, so that
    /// they stay.
    pub(crate) half_closed: u32,
    /// Connections that are over: one TIME-WAIT.
    pub(crate) resting: u32,
    /// Sockets that were never connected, which no table lists: only descriptors.
    pub(crate) unconnected: u32,
    pub(crate) listening: u16,
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.at, self.connected, self.armed)?;
        write!(f, "/{}/{}", self.half_closed, self.resting)?;
        write!(f, "/{}/{}", self.unconnected, self.listening)
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        fn next<T: FromStr>(text: &str, part: Option<&str>) -> Result<T, String> {
            let parsed = part.and_then(|part| part.parse().ok());
            parsed.ok_or_else(|| format!("not a share: {text}"))
        }
        let mut parts = text.split('/');
        Ok(Self {
            at: next(text, parts.next())?,
            connected: next(text, parts.next())?,
            armed: next(text, parts.next())?,
            half_closed: next(text, parts.next())?,
            resting: next(text, parts.next())?,
            unconnected: next(text, parts.next())?,
            listening: next(text, parts.next())?,
        })
    }
}

/// How many sockets these shares make in each state, by the names of `ss`.
pub(crate) fn expected<'a>(shares: impl IntoIterator<Item = &'a Share>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for share in shares {
        for (state, count) in [
            ("ESTAB", 2 * u64::from(share.connected)),
            ("CLOSE-WAIT", u64::from(share.half_closed)),
            ("FIN-WAIT-2", u64::from(share.half_closed)),
            ("TIME-WAIT", u64::from(share.resting)),
            ("LISTEN", u64::from(share.listening)),
        ] {
            if count > 0 {
                *counts.entry(state.to_owned()).or_default() += count;
            }
        }
    }
    counts
}

/// Sockets, as long as this value.
#[derive(Default)]
pub(crate) struct Held {
    listeners: Vec<TcpListener>,
    streams: Vec<TcpStream>,
    unconnected: Vec<OwnedFd>,
}

impl Held {
    pub(crate) fn fill(&mut self, share: &Share) -> io::Result<()> {
        let service = TcpListener::bind(share.at)?;
        for number in 0..share.connected {
            let (client, server) = pair(&service)?;
            if number < share.armed {
                set_socket_keepalive(client.as_fd(), true)?;
            }
            self.keep(client)?;
            self.keep(server)?;
        }
        for _ in 0..share.half_closed {
            let (client, server) = pair(&service)?;
            client.shutdown(Shutdown::Write)?;
            self.keep(client)?;
            self.keep(server)?;
        }
        for _ in 0..share.resting {
            // The end that closes first is the one that rests.
            let (client, server) = pair(&service)?;
            drop(client);
            drop(server);
        }
        for _ in 0..share.unconnected {
            let (family, kind) = (AddressFamily::INET, SocketType::STREAM);
            let socket = socket_with(family, kind, SocketFlags::CLOEXEC, None)?;
            self.unconnected.push(socket);
        }
        self.listeners.push(service);
        for next in 1..share.listening {
            let port = share.at.port() + next;
            let listener = TcpListener::bind(SocketAddr::new(share.at.ip(), port))?;
            self.listeners.push(listener);
        }
        Ok(())
    }

    /// Sockets that are reset when closed leave no orphans behind.
    fn keep(&mut self, stream: TcpStream) -> io::Result<()> {
        set_socket_linger(stream.as_fd(), Some(Duration::ZERO))?;
        self.streams.push(stream);
        Ok(())
    }
}

fn pair(service: &TcpListener) -> io::Result<(TcpStream, TcpStream)> {
    let client = TcpStream::connect(service.local_addr()?)?;
    let (server, _) = service.accept()?;
    Ok((client, server))
}
