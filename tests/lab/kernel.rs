//! What the kernel says about a namespace, unjudged: counters and the socket table.

use std::collections::BTreeMap;
use std::fs;

use crate::net::Net;

pub(crate) const ESTABLISHED: u8 = 1;
pub(crate) const SYN_SENT: u8 = 2;
pub(crate) const SYN_RECV: u8 = 3;
pub(crate) const FIN_WAIT_1: u8 = 4;
pub(crate) const FIN_WAIT_2: u8 = 5;
pub(crate) const TIME_WAIT: u8 = 6;
pub(crate) const CLOSE_WAIT: u8 = 8;
pub(crate) const LAST_ACK: u8 = 9;
pub(crate) const LISTEN: u8 = 10;
pub(crate) const CLOSING: u8 = 11;

/// The timer column of the socket table that means keepalive.
pub(crate) const KEEPALIVE_TIMER: u8 = 2;

/// The counters of `netstat` and `snmp` at one moment, by `TcpExt.ListenOverflows`.
#[derive(Clone, Debug)]
pub(crate) struct Counters(BTreeMap<String, i64>);

/// One row of `/proc/net/tcp` or `/proc/net/tcp6`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Address and port in the kernel's hexadecimal spelling.
    pub(crate) local: String,
    /// The same for the other end.
    pub(crate) remote: String,
    pub(crate) state: u8,
    /// For a listener: connections waiting to be accepted.
    pub(crate) receive_queue: u64,
    /// Which timer is armed; 0 for none.
    pub(crate) timer: u8,
    /// When it fires, in hundredths of a second from now.
    pub(crate) due: u64,
    /// How often it has fired without an answer.
    pub(crate) retransmits: u64,
    /// 0 when no process holds the socket.
    pub(crate) inode: u64,
}

impl Row {
    pub(crate) fn local_port(&self) -> u16 {
        port(&self.local)
    }

    pub(crate) fn remote_port(&self) -> u16 {
        port(&self.remote)
    }
}

fn port(address: &str) -> u16 {
    let (_, port) = address.split_once(':').expect("an address has a port");
    u16::from_str_radix(port, 16).expect("a port is hexadecimal")
}

impl Counters {
    pub(crate) fn of(net: &Net) -> Self {
        let mut all = BTreeMap::new();
        for file in ["netstat", "snmp"] {
            let text = read(net, file);
            let lines: Vec<&str> = text.lines().collect();
            for pair in lines.chunks_exact(2) {
                let mut names = pair[0].split_whitespace();
                let proto = names.next().expect("a line has a name");
                let values = pair[1].split_whitespace().skip(1);
                for (name, value) in names.zip(values) {
                    let value = value.parse().expect("a counter is a number");
                    all.insert(format!("{proto}{name}").replace(':', "."), value);
                }
            }
        }
        Self(all)
    }

    /// How far `name` has risen since.
    pub(crate) fn risen(&self, net: &Net, name: &str) -> i64 {
        Self::of(net).get(name) - self.get(name)
    }

    fn get(&self, name: &str) -> i64 {
        *self
            .0
            .get(name)
            .unwrap_or_else(|| panic!("this kernel has no {name}"))
    }
}

/// Every TCP socket of the namespace, both families.
pub(crate) fn sockets(net: &Net) -> Vec<Row> {
    let text = read(net, "tcp") + &fs::read_to_string(path(net, "tcp6")).unwrap_or_default();
    text.lines().filter_map(row).collect()
}

/// How many sockets are in `state`.
pub(crate) fn in_state(net: &Net, state: u8) -> usize {
    sockets(net).iter().filter(|row| row.state == state).count()
}

/// Connections waiting to be accepted at the listener on `port`.
pub(crate) fn accept_queue(net: &Net, port: u16) -> u64 {
    let all = sockets(net);
    let mut listeners = all.iter().filter(|row| row.state == LISTEN);
    let listener = listeners.find(|row| row.local_port() == port);
    listener.expect("the listener is there").receive_queue
}

/// The bound of the accept queue of the listener on `port`, which only `sock_diag` shows.
pub(crate) fn accept_bound(net: &Net, port: u16) -> u64 {
    let text = net.ss(&["-Hltn", &format!("sport = :{port}")]);
    let bound = text.split_whitespace().nth(2);
    bound
        .and_then(|word| word.parse().ok())
        .unwrap_or_else(|| panic!("no bound in {text:?}"))
}

fn read(net: &Net, file: &str) -> String {
    fs::read_to_string(path(net, file)).expect("the statistics are readable")
}

fn path(net: &Net, file: &str) -> String {
    format!("/proc/{}/net/{file}", net.pid())
}

fn row(line: &str) -> Option<Row> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let hex = |text: &str| u64::from_str_radix(text, 16).ok();
    let small = |text: &str| u8::from_str_radix(text, 16).ok();
    let (_, receive_queue) = words.get(4)?.split_once(':')?;
    let (timer, due) = words.get(5)?.split_once(':')?;
    Some(Row {
        local: (*words.get(1)?).to_owned(),
        remote: (*words.get(2)?).to_owned(),
        state: small(words.get(3)?)?,
        receive_queue: hex(receive_queue)?,
        timer: small(timer)?,
        due: hex(due)?,
        retransmits: hex(words.get(6)?)?,
        inode: words.get(9)?.parse().ok()?,
    })
}
