//! One connection that has something to send all the time, and what arrives of it.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use crate::load::{connect_each, listen};
use crate::net::Net;
use crate::pair::Pair;
use crate::wait::until;

/// A running transfer; ends when dropped.
#[derive(Debug)]
pub(crate) struct Flow {
    ends: [TcpStream; 2],
    arrived: Arc<AtomicU64>,
    threads: Vec<JoinHandle<()>>,
}

impl Flow {
    /// `from` connects to `at`, where `to` listens, and sends without end.
    pub(crate) fn start(from: &Net, to: &Net, at: SocketAddr) -> Self {
        let (sender, receiver) = connection(from, to, at);
        let arrived = Arc::new(AtomicU64::new(0));
        let ends = [&sender, &receiver].map(|end| end.try_clone().expect("a socket is cloned"));
        let count = Arc::clone(&arrived);
        let threads = vec![
            thread::spawn(move || send(sender)),
            thread::spawn(move || receive(receiver, &count)),
        ];
        Self {
            ends,
            arrived,
            threads,
        }
    }

    /// Bytes that the receiving program has read.
    pub(crate) fn arrived(&self) -> u64 {
        self.arrived.load(Ordering::SeqCst)
    }

    /// Mbit/s at which so many bytes arrive from now on.
    pub(crate) fn rate_of(&self, bytes: u64) -> f64 {
        let (start, had) = (Instant::now(), self.arrived());
        until("the bytes arrive", 60, || self.arrived() >= had + bytes);
        let came = (self.arrived() - had) as f64 * 8.0 / 1e6;
        came / start.elapsed().as_secs_f64()
    }
}

impl Drop for Flow {
    fn drop(&mut self) {
        for end in &self.ends {
            let _ = end.shutdown(Shutdown::Both);
        }
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn send(mut stream: TcpStream) {
    let block = vec![0x55; 65_536];
    while stream.write_all(&block).is_ok() {}
}

fn receive(mut stream: TcpStream, count: &AtomicU64) {
    let mut block = vec![0; 65_536];
    while let Ok(length @ 1..) = stream.read(&mut block) {
        count.fetch_add(length as u64, Ordering::SeqCst);
    }
}

/// A connection of `from` to `at` in `to`: (the connecting end, the accepted end).
pub(crate) fn connection(from: &Net, to: &Net, at: SocketAddr) -> (TcpStream, TcpStream) {
    let listener = listen(to, at, 16);
    let mut made = connect_each(from, at, 1);
    let (accepted, _) = listener.accept().expect("the connection is accepted");
    (made.remove(0), accepted)
}

/// The same congestion control on every machine, one that is always there: `reno`.
pub(crate) fn with_reno(pair: &Pair) {
    for net in [&pair.host, &pair.peer] {
        net.write("net.ipv4.tcp_congestion_control", "reno");
    }
}
