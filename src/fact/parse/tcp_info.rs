//! `struct tcp_info` and the socket memory beside it, as the diagnostics send them.
//!
//! The fields have kept their places since they were added (`include/uapi/linux/tcp.h`); an older
//! kernel sends a shorter structure, a newer one a longer.

/// What the kernel says of one TCP connection (`tcp_get_info`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpInfo {
    /// The retransmission time-out, in microseconds (`tcpi_rto`). A timer that has fired has doubled it.
    pub rto: u32,
    /// The size of a full segment that is sent, in bytes (`tcpi_snd_mss`).
    pub send_mss: u32,
    /// Milliseconds since data was sent, for the first or another time (`tcpi_last_data_sent`).
    pub last_data_sent: u32,
    /// Milliseconds since data came in (`tcpi_last_data_recv`).
    pub last_data_received: u32,
    /// Milliseconds since an acknowledgement came in (`tcpi_last_ack_recv`), also one that answers a
    /// keepalive probe or acknowledges nothing new.
    pub last_ack_received: u32,
    /// The most the receive window may become for now, in bytes (`tcpi_rcv_ssthresh`).
    pub receive_window: u32,
    /// The congestion window, in segments (`tcpi_snd_cwnd`).
    pub congestion_window: u32,
    /// Bytes the peer has acknowledged (`tcpi_bytes_acked`, Linux 4.1).
    pub bytes_acked: Option<u64>,
    /// Bytes received in order (`tcpi_bytes_received`, Linux 4.1).
    pub bytes_received: Option<u64>,
    /// The shortest round trip of late, in microseconds (`tcpi_min_rtt`, Linux 4.6); `u32::MAX` when
    /// there was none.
    pub min_rtt: Option<u32>,
    /// Microseconds with data on the way or waiting (`tcpi_busy_time`, Linux 4.9).
    pub busy: Option<u64>,
    /// How many of those the send buffer was in the way (`tcpi_sndbuf_limited`, Linux 4.9).
    pub send_buffer_limited: Option<u64>,
    /// Whether the times above count from the start of a connection at the latest (Linux 4.11). Before
    /// that, one that had received nothing looked as if it were quiet since boot.
    pub times_are_set: bool,
}

/// The end of the structure of Linux 2.6, and so the least that is understood.
const SHORTEST: usize = 104;

/// `tcpi_delivered` ends here; it came with Linux 4.18, the first change after 4.11.
const WITH_DELIVERED: usize = 196;

/// Reads a `struct tcp_info`; `None` when it is shorter than any kernel's.
pub fn tcp_info(bytes: &[u8]) -> Option<TcpInfo> {
    bytes.get(..SHORTEST)?;
    Some(TcpInfo {
        rto: word(bytes, 8)?,
        send_mss: word(bytes, 16)?,
        last_data_sent: word(bytes, 44)?,
        last_data_received: word(bytes, 52)?,
        last_ack_received: word(bytes, 56)?,
        receive_window: word(bytes, 64)?,
        congestion_window: word(bytes, 80)?,
        bytes_acked: long(bytes, 120),
        bytes_received: long(bytes, 128),
        min_rtt: word(bytes, 148),
        busy: long(bytes, 168),
        send_buffer_limited: long(bytes, 184),
        times_are_set: bytes.len() >= WITH_DELIVERED,
    })
}

impl TcpInfo {
    /// Milliseconds since data was sent or received. Keepalive probes and their answers carry none.
    pub fn quiet(&self) -> u32 {
        let data = self.last_data_sent.min(self.last_data_received);
        let received = self.bytes_received.is_some_and(|bytes| bytes > 0);
        if self.times_are_set || received {
            data
        } else {
            // The acknowledgement that opened the connection came later than boot.
            data.min(self.last_ack_received)
        }
    }

    /// Whether the shortest round trip takes so many microseconds at least; `None` where the kernel does
    /// not say.
    pub fn is_far(&self, from: u32) -> Option<bool> {
        let min_rtt = self.min_rtt?;
        Some(min_rtt != u32::MAX && min_rtt >= from)
    }
}

/// Memory of one socket (`INET_DIAG_SKMEMINFO`), in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketMemory {
    /// The receive buffer (`SK_MEMINFO_RCVBUF`, `sk_rcvbuf`).
    pub receive_buffer: u32,
    /// The send buffer (`SK_MEMINFO_SNDBUF`, `sk_sndbuf`).
    pub send_buffer: u32,
    /// Packets thrown away (`SK_MEMINFO_DROPS`, `sk_drops`, Linux 4.7).
    pub drops: Option<u32>,
}

/// Reads the numbers of `sk_get_meminfo`; `None` when there are too few.
pub fn socket_memory(bytes: &[u8]) -> Option<SocketMemory> {
    Some(SocketMemory {
        receive_buffer: word(bytes, 4)?,
        send_buffer: word(bytes, 12)?,
        drops: word(bytes, 32),
    })
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..at.checked_add(4)?)?
        .try_into()
        .ok()
        .map(u32::from_ne_bytes)
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    bytes
        .get(at..at.checked_add(8)?)?
        .try_into()
        .ok()
        .map(u64::from_ne_bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The structure of a length, every byte its own place.
    fn bytes(length: usize) -> Vec<u8> {
        (0..length)
            .map(|at| u8::try_from(at % 251).unwrap())
            .collect()
    }

    fn info(length: usize) -> TcpInfo {
        tcp_info(&bytes(length)).unwrap()
    }

    #[test]
    fn every_field_is_read_at_its_place() {
        let found = info(240);
        let word = |at: u8| u32::from_ne_bytes([at, at + 1, at + 2, at + 3]);
        let long = |at: u8| u64::from_ne_bytes([0, 1, 2, 3, 4, 5, 6, 7].map(|more| at + more));
        let expected = TcpInfo {
            rto: word(8),
            send_mss: word(16),
            last_data_sent: word(44),
            last_data_received: word(52),
            last_ack_received: word(56),
            receive_window: word(64),
            congestion_window: word(80),
            bytes_acked: Some(long(120)),
            bytes_received: Some(long(128)),
            min_rtt: Some(word(148)),
            busy: Some(long(168)),
            send_buffer_limited: Some(long(184)),
            times_are_set: true,
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn an_older_kernel_lacks_the_later_fields_and_only_those() {
        for length in 0..104 {
            assert_eq!(tcp_info(&bytes(length)), None, "{length}");
        }
        // 3.10, 4.1, 4.6, 4.10, 4.18.
        let old = info(104);
        assert_eq!((old.bytes_acked, old.bytes_received), (None, None));
        assert_eq!((old.min_rtt, old.busy), (None, None));
        assert!(!old.times_are_set);
        assert!(info(136).bytes_received.is_some() && info(136).min_rtt.is_none());
        assert_eq!(info(135).bytes_received, None, "cut in the middle");
        assert!(info(152).min_rtt.is_some() && info(151).min_rtt.is_none());
        assert!(info(192).send_buffer_limited.is_some());
        assert_eq!(info(191).send_buffer_limited, None);
        assert!(!info(192).times_are_set && info(196).times_are_set);
    }

    #[test]
    fn a_connection_that_never_had_data_is_quiet_since_it_is_open() {
        let open = TcpInfo {
            last_data_sent: 9_000_000,
            last_data_received: 9_000_000,
            last_ack_received: 5_000,
            bytes_received: Some(0),
            ..info(232)
        };
        assert_eq!(open.quiet(), 9_000_000);
        let old = TcpInfo {
            times_are_set: false,
            ..open
        };
        assert_eq!(old.quiet(), 5_000, "the other times may mean nothing");
        let used = TcpInfo {
            bytes_received: Some(1),
            ..old
        };
        assert_eq!(used.quiet(), 9_000_000);
        let sends = TcpInfo {
            last_data_sent: 7,
            ..used
        };
        assert_eq!(sends.quiet(), 7);
    }

    #[test]
    fn a_round_trip_that_was_never_seen_is_not_far() {
        let rtt = |min_rtt| TcpInfo {
            min_rtt,
            ..info(232)
        };
        assert_eq!(rtt(Some(u32::MAX)).is_far(20_000), Some(false));
        assert_eq!(rtt(Some(20_000)).is_far(20_000), Some(true));
        assert_eq!(rtt(Some(19_999)).is_far(20_000), Some(false));
        assert_eq!(rtt(None).is_far(20_000), None);
    }

    #[test]
    fn socket_memory_may_end_before_the_drops() {
        let found = socket_memory(&bytes(36)).unwrap();
        assert_eq!(found.receive_buffer, u32::from_ne_bytes([4, 5, 6, 7]));
        assert_eq!(found.send_buffer, u32::from_ne_bytes([12, 13, 14, 15]));
        assert_eq!(found.drops, Some(u32::from_ne_bytes([32, 33, 34, 35])));
        assert_eq!(socket_memory(&bytes(35)).unwrap().drops, None);
        assert_eq!(socket_memory(&bytes(15)), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_falling_over(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Some(info) = tcp_info(&bytes) {
                info.quiet();
                info.is_far(20_000);
            }
            socket_memory(&bytes);
        }
    }
}
