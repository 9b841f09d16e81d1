//! Ten thousand sockets in a known mix of states, held by a few processes.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The first argument of a process that holds sockets; the second is its number.
pub(crate) const HOLD: &str = "--hold-sockets";

/// Several, so that each stays below common limits on open files.
const HOLDERS: u16 = 4;

/// What one process holds of one family.
struct Share {
    /// Connections; both ends are ESTABLISHED.
    connected: u64,
    /// Connections that one end has closed: one CLOSE-WAIT, one FIN-WAIT-2.
    half_closed: u64,
    /// Connections that are over: one TIME-WAIT.
    resting: u64,
    listening: u64,
}

const IPV4: Share = Share {
    connected: 600,
    half_closed: 100,
    resting: 360,
    listening: 2,
};

const IPV6: Share = Share {
    connected: 300,
    half_closed: 20,
    resting: 96,
    listening: 2,
};

/// How many sockets there are in each state, by the names of `ss`.
pub(crate) fn expected() -> BTreeMap<String, u64> {
    let all = |count: fn(&Share) -> u64| u64::from(HOLDERS) * (count(&IPV4) + count(&IPV6));
    let half_closed = all(|share| share.half_closed);
    [
        ("ESTAB", all(|share| 2 * share.connected)),
        ("CLOSE-WAIT", half_closed),
        ("FIN-WAIT-2", half_closed),
        ("TIME-WAIT", all(|share| share.resting)),
        ("LISTEN", all(|share| share.listening)),
    ]
    .into_iter()
    .map(|(state, count)| (state.to_owned(), count))
    .collect()
}

/// The processes; the sockets last as long as this value.
pub(crate) struct Crowd(Vec<Child>);

impl Crowd {
    /// Fills the network namespace of the calling thread, which must be one of our own.
    pub(crate) fn gather() -> Result<Self, String> {
        for (key, value) in [
            ("ip_local_port_range", "16384 65000"),
            // Else a port in TIME_WAIT may be taken again on loopback.
            ("tcp_tw_reuse", "0"),
            ("tcp_max_tw_buckets", "65536"),
        ] {
            let path = format!("/proc/sys/net/ipv4/{key}");
            fs::write(&path, value).map_err(|error| format!("{path}: {error}"))?;
        }
        let program = env::current_exe().map_err(|error| error.to_string())?;
        let mut crowd = Self(Vec::new());
        for number in 0..HOLDERS {
            let child = Command::new(&program)
                .args([HOLD, &number.to_string()])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .map_err(|error| error.to_string())?;
            crowd.0.push(child);
        }
        for child in &mut crowd.0 {
            let mut line = String::new();
            if let Some(output) = child.stdout.take() {
                let read = BufReader::new(output).read_line(&mut line);
                read.map_err(|error| error.to_string())?;
            }
            if line != "ready\n" {
                return Err(format!("the sockets could not be made: {}", line.trim()));
            }
        }
        Ok(crowd)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        for child in &mut self.0 {
            drop(child.stdin.take());
            // There is nobody to tell, and the process ends with its input in any case.
            let _ = child.wait();
        }
    }
}

/// Makes the sockets of one process and holds them until standard input ends.
#[expect(clippy::print_stdout, reason = "the starter waits for this word")]
pub(crate) fn hold(number: &str) -> Result<(), String> {
    let number: u16 = number
        .parse()
        .map_err(|_| format!("{HOLD} needs a number"))?;
    let mut held = Held::default();
    raise_limit()
        .and_then(|()| held.fill(&IPV4, Ipv4Addr::LOCALHOST.into(), 9000 + 10 * number))
        .and_then(|()| held.fill(&IPV6, Ipv6Addr::LOCALHOST.into(), 9000 + 10 * number))
        .map_err(|error| error.to_string())?;
    println!("ready");
    let end = io::stdin().read_to_end(&mut Vec::new());
    end.map(drop).map_err(|error| error.to_string())
}

/// The soft limit on open files is often 1024.
fn raise_limit() -> io::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    Ok(setrlimit(Resource::Nofile, raised)?)
}

#[derive(Default)]
struct Held {
    listeners: Vec<TcpListener>,
    streams: Vec<TcpStream>,
}

impl Held {
    fn fill(&mut self, share: &Share, ip: std::net::IpAddr, port: u16) -> io::Result<()> {
        let service = TcpListener::bind(SocketAddr::new(ip, port))?;
        for _ in 0..share.connected {
            let (client, server) = pair(&service)?;
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
        self.listeners.push(service);
        for next in 1..share.listening {
            let next = u16::try_from(next).map_err(io::Error::other)?;
            let listener = TcpListener::bind(SocketAddr::new(ip, port + next))?;
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
