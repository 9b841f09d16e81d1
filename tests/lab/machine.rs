//! Settings of the whole machine, which no namespace has of its own. Written only where
//! `TCPTUNE_LAB_HOST=1` allows it, and put back however the experiment ends.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The machine, for whoever may write its settings. There is one: what an experiment limits or counts on it, another one
/// beside it would use up.
static MACHINE: Mutex<()> = Mutex::new(());

/// The machine's own settings, until the value is dropped, if they may be written; otherwise `skipped: why` on standard
/// error.
pub(crate) fn allowed() -> Option<MutexGuard<'static, ()>> {
    let allowed = std::env::var_os("TCPTUNE_LAB_HOST").is_some_and(|value| value == "1");
    if !allowed {
        let _ = writeln!(
            std::io::stderr(),
            "skipped: writes a setting of the whole machine (TCPTUNE_LAB_HOST=1 allows it)"
        );
    }
    // One that failed has put its values back.
    allowed.then(|| MACHINE.lock().unwrap_or_else(PoisonError::into_inner))
}

/// A setting of the machine with another value for a while.
#[derive(Debug)]
pub(crate) struct Borrowed {
    key: PathBuf,
    before: String,
}

impl Borrowed {
    /// Notes the value that `key` has; [`Borrowed::write`] may then change it.
    pub(crate) fn of(key: &str) -> Self {
        let key = PathBuf::from("/proc/sys").join(key.replace('.', "/"));
        let before =
            fs::read_to_string(&key).unwrap_or_else(|error| panic!("{}: {error}", key.display()));
        Self { key, before }
    }

    /// Writes another value and reads it back.
    pub(crate) fn write(&self, value: &str) {
        fs::write(&self.key, value)
            .unwrap_or_else(|error| panic!("{}: {error}", self.key.display()));
        let now = fs::read_to_string(&self.key).expect("it was readable a moment ago");
        assert_eq!(now.trim(), value, "{}", self.key.display());
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        let restored = fs::write(&self.key, &self.before);
        let now = fs::read_to_string(&self.key).unwrap_or_default();
        if restored.is_err() || now != self.before {
            let key = self.key.display();
            let _ = writeln!(
                std::io::stderr(),
                "NOT RESTORED: {key} is {} and was {}",
                now.trim(),
                self.before.trim()
            );
        }
    }
}
