//! Bounded waiting: a condition and a limit, never a bare sleep.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// How often a condition is looked at.
const STEP: Duration = Duration::from_millis(10);

/// Whether `done` became true within `seconds`.
pub(crate) fn reached(seconds: u64, mut done: impl FnMut() -> bool) -> bool {
    let limit = Instant::now() + Duration::from_secs(seconds);
    loop {
        if done() {
            return true;
        }
        if Instant::now() >= limit {
            return false;
        }
        sleep(STEP);
    }
}

/// Waits until `done`, and fails the experiment naming `what` when it does not come within `seconds`.
pub(crate) fn until(what: &str, seconds: u64, done: impl FnMut() -> bool) {
    assert!(
        reached(seconds, done),
        "not within {seconds} seconds: {what}"
    );
}
