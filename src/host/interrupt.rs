//! Ctrl-C or SIGTERM while something is collected: the run ends with what is known by then.
//!
//! Only a flag is raised, so a reader of many answers looks at it between two of them. The second
//! signal ends the process at once, as if nothing had been installed.

use std::io;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// A signal does not end a sleep (`std` goes on with the rest of it), so a wait is a row of short ones.
const SLICE: Duration = Duration::from_millis(50);

static ASKED: OnceLock<Arc<AtomicBool>> = OnceLock::new();
/// Whether a wait has ended for it.
static HEEDED: AtomicBool = AtomicBool::new(false);

/// From here on the first Ctrl-C (or SIGTERM) asks to stop, and the second ends the process.
pub fn listen() -> io::Result<()> {
    let asked = Arc::new(AtomicBool::new(false));
    if ASKED.set(Arc::clone(&asked)).is_err() {
        // Twice would take the first Ctrl-C for the second.
        return Ok(());
    }
    for signal in [SIGINT, SIGTERM] {
        // In this order: the default acts only when the flag was raised before.
        flag::register_conditional_default(signal, Arc::clone(&asked))?;
        flag::register(signal, Arc::clone(&asked))?;
    }
    Ok(())
}

/// Whether somebody asked to stop what is going on. Without [`listen`] nobody can.
pub fn asked() -> bool {
    let asked = ASKED.get();
    asked.is_some_and(|asked| asked.load(Ordering::Relaxed)) && !HEEDED.load(Ordering::Relaxed)
}

/// Waits so long, or until somebody asks to stop; gives how long it was. A wait that ends early has done
/// what was asked, so that what follows it is not cut short too.
pub fn wait(time: Duration) -> Duration {
    let start = Instant::now();
    let was_asked = asked();
    loop {
        let gone = start.elapsed();
        if asked() {
            HEEDED.store(!was_asked, Ordering::Relaxed);
            return gone.min(time);
        }
        let Some(left) = time.checked_sub(gone).filter(|left| !left.is_zero()) else {
            return time;
        };
        sleep(left.min(SLICE));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_that_nobody_can_end_is_whole() {
        let time = SLICE + Duration::from_millis(3);
        assert_eq!(wait(time), time);
        assert_eq!(wait(Duration::ZERO), Duration::ZERO);
        assert!(!asked());
    }
}
