//! A long path between two namespaces: delay, rate, queue, loss, and a longest packet.
//!
//! The kernel's own (netem) is a module that many machines do not have. Here each end has a TUN device,
//! and one thread carries the packets across: it reads them whole, segmented and with their checksums,
//! holds each until its time has come, and writes it to the other end.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{ErrorKind, PipeReader, PipeWriter};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tappers::{Interface, Tun};

use crate::net::{Net, allowed, usable};
use crate::pair::{Family, Pair};

/// Packets shorter than this are never lost by chance: handshakes and ACKs pass, so that an
/// experiment loses what it means to lose.
const LONG: usize = 1000;

/// Packets on the way in one direction; more are dropped, whatever the queue says.
const UNDER_WAY: usize = 20_000;

/// What a path is like, the same in both directions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// From one end to the other; a round trip takes twice that.
    pub(crate) delay: Duration,
    /// Bits per second; `None` for no limit.
    pub(crate) rate: Option<u64>,
    /// Bytes that wait for a path with a rate; what comes on top is dropped.
    pub(crate) queue: u64,
    /// Longer packets vanish without a word, as in a path MTU black hole.
    pub(crate) longest: usize,
    /// Whether the n-th long packet of a direction is lost, counted from 1 since [`Wire::lossy`].
    pub(crate) lost: fn(u64) -> bool,
}

impl Shape {
    /// A clean path with a round trip of so many milliseconds.
    pub(crate) const fn of(round_trip: u64) -> Self {
        Self {
            delay: Duration::from_micros(round_trip * 500),
            rate: None,
            queue: u64::MAX,
            longest: usize::MAX,
            lost: |_| false,
        }
    }

    /// So many Mbit/s, and a queue that holds so many bytes.
    pub(crate) const fn limited(self, megabits: u64, queue: u64) -> Self {
        let rate = Some(megabits * 1_000_000);
        Self {
            rate,
            queue,
            ..self
        }
    }
}

/// What can be changed while packets are under way.
#[derive(Debug)]
struct Controls {
    cut: AtomicBool,
    lossy: AtomicBool,
    longest: AtomicUsize,
}

/// Two namespaces joined by a long path, which exists as long as this value.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) pair: Pair,
    controls: Arc<Controls>,
    /// Closed to end the thread.
    stop: Option<PipeWriter>,
    carrier: Option<JoinHandle<()>>,
}

impl Wire {
    /// The two ends and the path; `None` where there are none to be had.
    pub(crate) fn open(shape: Shape) -> Option<Self> {
        if !(usable() && tun_usable()) {
            return None;
        }
        let controls = Arc::new(Controls {
            cut: AtomicBool::new(false),
            lossy: AtomicBool::new(false),
            longest: AtomicUsize::new(shape.longest),
        });
        let (end, stop) = std::io::pipe().expect("a pipe is made");
        let mut carrier = None;
        let pair = Pair::joined(|host, peer| {
            let ends = [device(host), device(peer)];
            for net in [host, peer] {
                // Room for a whole window at once: TCP without a rate sends it in one go. Each segment by
                // itself: with offload a socket has more under way than its buffer's limit says.
                net.ip("link set cable txqueuelen 5000 gso_max_segs 1\nlink set cable up\n");
            }
            let own = Arc::clone(&controls);
            carrier = Some(thread::spawn(move || carry(&ends, shape, &own, &end)));
        });
        Some(Self {
            pair,
            controls,
            stop: Some(stop),
            carrier,
        })
    }

    /// A new wire for each family this machine has.
    pub(crate) fn for_each_family(shape: Shape) -> impl Iterator<Item = (Family, Self)> {
        [Family::V4, Family::V6]
            .into_iter()
            .filter_map(move |family| {
                let wire = Self::open(shape)?;
                wire.pair
                    .families()
                    .contains(&family)
                    .then_some((family, wire))
            })
    }

    /// From now on everything is lost, in both directions; or nothing any more.
    pub(crate) fn cut(&self, cut: bool) {
        self.controls.cut.store(cut, Ordering::SeqCst);
    }

    /// From now on long packets are lost as the shape says; or no longer.
    pub(crate) fn lossy(&self, lossy: bool) {
        self.controls.lossy.store(lossy, Ordering::SeqCst);
    }

    /// From now on packets that are longer than this vanish.
    pub(crate) fn longest(&self, longest: usize) {
        self.controls.longest.store(longest, Ordering::SeqCst);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(carrier) = self.carrier.take() {
            let _ = carrier.join();
        }
    }
}

/// Whether this machine lets programs be the other side of a device. Found out once.
fn tun_usable() -> bool {
    static PROBED: OnceLock<Result<(), String>> = OnceLock::new();
    allowed(PROBED.get_or_init(|| {
        let tun = File::options().read(true).write(true).open("/dev/net/tun");
        tun.map_err(|error| format!("/dev/net/tun cannot be opened: {error}"))?;
        let net = Net::open()?;
        let made = net.enter(|| Tun::new_named(name()));
        made.map(drop)
            .map_err(|error| format!("no TUN device: {error}"))
    }))
}

fn name() -> Interface {
    Interface::new("cable").expect("a name without surprises")
}

/// The program's side of a new device in `net`. It is whole packets: no header, no offload.
fn device(net: &Net) -> Tun {
    net.enter(|| {
        let mut tun = Tun::new_named(name()).expect("a device is made where one was made before");
        tun.set_nonblocking(true).expect("a mode is set");
        tun
    })
}

/// A packet and when it arrives.
type Packet = (Instant, Box<[u8]>);

/// One direction.
#[derive(Debug, Default)]
struct Lane {
    under_way: VecDeque<Packet>,
    /// When the last packet has left the queue.
    clear: Option<Instant>,
    /// Long packets since losses began.
    long: u64,
}

impl Lane {
    fn take(&mut self, packet: &[u8], now: Instant, shape: Shape, controls: &Controls) {
        if controls.cut.load(Ordering::SeqCst)
            || packet.len() > controls.longest.load(Ordering::SeqCst)
            || self.under_way.len() >= UNDER_WAY
        {
            return;
        }
        if !controls.lossy.load(Ordering::SeqCst) {
            self.long = 0;
        } else if packet.len() >= LONG {
            self.long += 1;
            if (shape.lost)(self.long) {
                return;
            }
        }
        let leaves = match shape.rate {
            None => now,
            Some(rate) => {
                let start = self.clear.map_or(now, |clear| clear.max(now));
                let waiting = (start - now).as_nanos() * u128::from(rate) / 8_000_000_000;
                if waiting > u128::from(shape.queue) {
                    return;
                }
                let bits = packet.len() as u64 * 8;
                start + Duration::from_nanos(bits * 1_000_000_000 / rate)
            }
        };
        self.clear = Some(leaves);
        self.under_way
            .push_back((leaves + shape.delay, packet.into()));
    }

    /// Writes what has arrived.
    fn deliver(&mut self, to: &Tun, now: Instant) {
        while self.under_way.front().is_some_and(|(due, _)| *due <= now) {
            if let Some((_, packet)) = self.under_way.pop_front() {
                // An end that is down takes none.
                let _ = to.send(&packet);
            }
        }
    }
}

/// Carries packets until the other end of `stop` is closed.
fn carry(ends: &[Tun; 2], shape: Shape, controls: &Controls, stop: &PipeReader) {
    let mut lanes = [Lane::default(), Lane::default()];
    let mut buffer = vec![0; 65_536];
    loop {
        let now = Instant::now();
        for (from, lane) in lanes.iter_mut().enumerate() {
            lane.deliver(&ends[1 - from], now);
        }
        let due = lanes.iter().filter_map(|lane| lane.under_way.front());
        let wait = due.map(|(due, _)| due.saturating_duration_since(now)).min();
        let wait = wait.and_then(|wait| Timespec::try_from(wait).ok());
        let mut ready = [
            PollFd::new(&ends[0], PollFlags::IN),
            PollFd::new(&ends[1], PollFlags::IN),
            PollFd::new(stop, PollFlags::IN),
        ];
        let _ = poll(&mut ready, wait.as_ref());
        if !ready[2].revents().is_empty() {
            return;
        }
        let now = Instant::now();
        for (end, lane) in ends.iter().zip(&mut lanes) {
            loop {
                match end.recv(&mut buffer) {
                    Ok(length) => lane.take(&buffer[..length], now, shape, controls),
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(_) => break,
                }
            }
        }
    }
}
