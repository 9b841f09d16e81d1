//! Ctrl-C while something is collected: the run ends with what is known by then.
//!
//! Only a flag is raised, so a reader of many answers looks at it between two of them. The second
//! Ctrl-C ends the process at once, as if nothing had been installed.

use std::io;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

static ASKED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// From here on the first Ctrl-C (or SIGTERM) asks to stop, and the second ends the process.
pub fn listen() -> io::Result<()> {
    let asked = ASKED.get_or_init(|| Arc::new(AtomicBool::new(false)));
    for signal in [SIGINT, SIGTERM] {
        // In this order: the default acts only when the flag was raised before.
        flag::register_conditional_default(signal, Arc::clone(asked))?;
        flag::register(signal, Arc::clone(asked))?;
    }
    Ok(())
}

/// Whether somebody asked to stop. Without [`listen`] nobody can.
pub fn asked() -> bool {
    ASKED
        .get()
        .is_some_and(|asked| asked.load(Ordering::Relaxed))
}
