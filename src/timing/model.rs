//! The kernel's arithmetic of time-outs, in seconds.

/// The first retransmission time-out of a handshake (`TCP_TIMEOUT_INIT`, RFC 6298; since Linux 3.1).
pub(super) const FIRST: f64 = 1.0;

/// The same before Linux 3.1 (RFC 1122).
pub(super) const FIRST_OF_OLD: f64 = 3.0;

/// The smallest retransmission time-out (`TCP_RTO_MIN`), which the models start at whatever the
/// connection's own is. `tcp_rto_min_us` does not enter.
pub(super) const SMALLEST: f64 = 0.2;

/// The length of TIME-WAIT (`TCP_TIMEWAIT_LEN`).
pub(super) const TIME_WAIT: f64 = 60.0;

/// The largest retransmission time-out where no setting says otherwise (`TCP_RTO_MAX`).
pub(super) const LARGEST: f64 = 120.0;

/// What so many unanswered retransmissions would take, doubling from `base` and never above `largest`
/// (`tcp_model_timeout`).
pub(super) fn model(retries: u32, base: f64, largest: f64) -> f64 {
    let doubling = doublings(base, largest);
    let sum = |n: u32| base * (power_of_two(n + 1) - 1.0);
    if retries <= doubling {
        sum(retries)
    } else {
        sum(doubling) + f64::from(retries - doubling) * largest
    }
}

/// `ilog2(largest / base)`, the division being one of whole numbers. A largest below the base, which no
/// kernel takes, counts as the base.
fn doublings(base: f64, largest: f64) -> u32 {
    // A hair more, since 120 / 0.2 may come out as 599.99….
    let times = (largest / base + 1e-9).max(1.0);
    let mut doublings = 0;
    while power_of_two(doublings + 1) <= times && doublings < 32 {
        doublings += 1;
    }
    doublings
}

/// Exact, without the library of floating point that `exp2` would load at every start.
fn power_of_two(exponent: u32) -> f64 {
    (0..exponent).fold(1.0, |power, _| power * 2.0)
}

/// When a `connect()` without an answer ends, and when its SYN is sent again (`tcp_write_timeout`,
/// `tcp_retransmit_timer`): the time-out stays at the first one for the linear ones, then doubles.
pub(super) fn connect(first: f64, retries: u32, linear: u32, largest: f64) -> (f64, Vec<f64>) {
    let end = model(retries, first, largest);
    let (mut now, mut timeout) = (0.0, first);
    let mut again = Vec::new();
    loop {
        now += timeout;
        let sent = u32::try_from(again.len()).unwrap_or(u32::MAX);
        // The kernel asks only once something was sent again.
        if sent >= retries.saturating_add(linear) || (sent > 0 && now >= end) {
            return (now, again);
        }
        again.push(now);
        if sent >= linear {
            timeout = (timeout * 2.0).min(largest);
        }
    }
}

/// The most retries of a SYN-ACK whose waits are known: the kernel shifts a 64-bit number of clock ticks
/// by one for each (`reqsk_timeout`), and beyond this some of it is lost, so that later waits may be short.
pub(super) const SHIFTED: u32 = 50;

/// The retries of a SYN-ACK that are never reached: the kernel counts them in 7 bits (`num_timeout` in
/// `struct request_sock`).
pub(super) const UNREACHED: u32 = 128;

/// When a half-open request is dropped, and when its SYN-ACK is sent again (`reqsk_timer_handler`).
pub(super) fn syn_ack(first: f64, retries: u32, largest: f64) -> (f64, Vec<f64>) {
    let (mut now, mut timeout) = (0.0, first);
    let mut again = Vec::new();
    for _ in 0..retries {
        now += timeout;
        again.push(now);
        timeout = (timeout * 2.0).min(largest);
    }
    (now + timeout, again)
}

/// Before what time no orphan without an answer ends (`tcp_orphan_retries`): a setting of 0 stands for 8
/// until the time-out has grown to the largest, and for nothing from then on.
///
/// On a long path that comes early. Still, something must have been sent again (`retransmits_timed_out`), so
/// the wait of the largest time-out had one before it, and that was half as long or longer.
pub(super) fn orphan(retries: u32, largest: f64) -> f64 {
    const SAFE: u32 = 8;
    if retries > 0 {
        return model(retries, SMALLEST, largest);
    }
    model(SAFE, SMALLEST, largest).min(1.5 * largest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-6
    }

    #[test]
    fn connect_ends_as_measured_on_linux_6_18() {
        // retries, linear, largest; the model; seconds measured; retransmissions counted.
        let measured: [(u32, u32, f64, f64, f64, Option<usize>); 13] = [
            (1, 0, 120.0, 3.0, 3.05, None),
            (1, 4, 120.0, 3.0, 3.06, Some(2)),
            (2, 0, 120.0, 7.0, 7.23, None),
            (2, 4, 120.0, 7.0, 7.14, Some(5)),
            (3, 0, 120.0, 15.0, 15.37, None),
            (3, 4, 120.0, 19.0, 19.49, Some(7)),
            (4, 4, 120.0, 35.0, 35.6, Some(8)),
            (4, 0, 1.0, 5.0, 5.12, None),
            (3, 2, 2.0, 7.0, 7.10, None),
            (6, 0, 4.0, 23.0, 23.6, Some(6)),
            (5, 2, 2.0, 11.0, 11.1, None),
            // Not waited for: by the same formula.
            (6, 4, 120.0, 131.0, 131.0, Some(10)),
            (6, 0, 120.0, 127.0, 127.0, Some(6)),
        ];
        for (retries, linear, largest, expected, seen, sent) in measured {
            let (end, again) = connect(FIRST, retries, linear, largest);
            assert!(near(end, expected), "{retries} {linear} {largest}: {end}");
            assert!((end..=end * 1.05 + 0.1).contains(&seen), "{end} and {seen}");
            if let Some(sent) = sent {
                assert_eq!(again.len(), sent, "{retries} {linear}");
            }
        }
        assert!(near(connect(FIRST, 7, 0, 120.0).0, 247.0));
        assert!(near(connect(FIRST, 8, 4, 120.0).0, 371.0));
    }

    #[test]
    fn a_half_open_request_ends_as_measured() {
        for (retries, expected, seen) in [
            (0, 1.0, 1.05),
            (1, 3.0, 3.05),
            (2, 7.0, 7.22),
            (3, 15.0, 15.34),
            (5, 63.0, 64.8),
        ] {
            let (end, again) = syn_ack(FIRST, retries, LARGEST);
            assert!(near(end, expected), "{retries}: {end}");
            assert!((end..=end * 1.05 + 0.1).contains(&seen));
            assert_eq!(again.len(), retries as usize);
        }
        assert_eq!(syn_ack(FIRST, 3, LARGEST).1, [1.0, 3.0, 7.0]);
        assert!(near(syn_ack(FIRST, 7, LARGEST).0, 247.0));
    }

    #[test]
    fn a_dead_peer_is_given_up_no_sooner_than_the_model_says() {
        // retries, largest; the model; seconds measured, where it was.
        for (retries, largest, expected, seen) in [
            (3, 120.0, 3.0, Some(6.70)),
            (5, 120.0, 12.6, Some(13.51)),
            (5, 5.0, 11.2, Some(11.8)),
            (5, 1.0, 4.4, Some(5.79)),
            (8, 1.0, 7.4, Some(7.82)),
            (15, 1.0, 14.4, Some(15.01)),
            (8, 120.0, 102.2, None),
            (8, 30.0, 81.0, None),
            (10, 10.0, 62.6, None),
            (15, 120.0, 924.6, None),
            (15, 30.0, 291.0, None),
            (15, 5.0, 61.2, None),
        ] {
            let end = model(retries, SMALLEST, largest);
            assert!(near(end, expected), "{retries} {largest}: {end}");
            assert!(seen.is_none_or(|seen: f64| seen >= end));
        }
    }

    #[test]
    fn an_orphan_ends_no_sooner_than_the_model_says() {
        for (retries, largest, expected, seen) in [
            (1, 120.0, 0.6, Some(1.6)),
            (2, 120.0, 1.4, Some(3.2)),
            (3, 120.0, 3.0, Some(6.8)),
            (4, 120.0, 6.2, Some(6.7)),
            (3, 1.0, 2.4, Some(3.5)),
            (8, 1.0, 7.4, Some(8.7)),
            (0, 1.0, 1.5, Some(2.5)),
            // A round trip of 0.2 s, and no tail loss probe.
            (0, 1.0, 1.5, Some(1.7)),
            (0, 120.0, 102.2, None),
            (0, 60.0, 90.0, None),
            (0, 10.0, 15.0, None),
        ] {
            let end = orphan(retries, largest);
            assert!(near(end, expected), "{retries} {largest}: {end}");
            assert!(seen.is_none_or(|seen: f64| seen >= end));
        }
    }

    #[test]
    fn no_setting_makes_a_model_run_for_ever() {
        for retries in [0, 127, 255, u32::MAX] {
            assert!(model(retries, SMALLEST, LARGEST).is_finite());
        }
        assert!(connect(FIRST, 127, 127, LARGEST).0.is_finite());
        assert!(connect(FIRST, 0, 0, 1.0).0.is_finite());
        assert!(syn_ack(FIRST, 255, LARGEST).0.is_finite());
        assert!(near(model(3, SMALLEST, 0.0), model(0, SMALLEST, 0.2)));
    }
}
