//! The time.

use std::time::{SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

use crate::apply;

/// Seconds since boot, time asleep included (`CLOCK_BOOTTIME`).
pub(super) fn uptime() -> f64 {
    let now = clock_gettime(ClockId::Boottime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// The clocks of this host.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl apply::Clock for SystemClock {
    fn unix_seconds(&self) -> u64 {
        // A clock that stands before 1970 was never set.
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        since.map_or(0, |since| since.as_secs())
    }

    fn uptime_seconds(&self) -> f64 {
        uptime()
    }
}
