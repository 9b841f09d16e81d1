//! Where tcptune keeps what it has to remember: the journal and the lock.

use std::fmt;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// What of the environment decides it. Only `cli` reads the environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// `HOME`.
    pub home: Option<PathBuf>,
    /// `XDG_STATE_HOME`.
    pub state_home: Option<PathBuf>,
    /// `XDG_RUNTIME_DIR`.
    pub runtime_dir: Option<PathBuf>,
}

impl Environment {
    /// The variables by name, for a program that is to come to the same places.
    pub(super) fn variables(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        let all = [
            ("HOME", &self.home),
            ("XDG_STATE_HOME", &self.state_home),
            ("XDG_RUNTIME_DIR", &self.runtime_dir),
        ];
        all.into_iter()
            .filter_map(|(name, path)| Some((name, path.as_deref()?)))
    }
}

/// The places of one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The folder of the journal.
    pub journal: PathBuf,
    /// The file of the lock.
    pub lock: PathBuf,
}

/// There is no place: who is not root has to have a home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoPlace;

impl fmt::Display for NoPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "no folder for the journal: neither XDG_STATE_HOME nor HOME is an absolute path",
        )
    }
}

impl NoPlace {
    /// What to do about it.
    pub const fn help(self) -> &'static str {
        "set HOME, or run as root"
    }
}

impl Places {
    /// The places of the user who runs this.
    pub fn of_user(environment: &Environment) -> Result<Self, NoPlace> {
        if owns_the_system() {
            Ok(Self::of_root())
        } else {
            Self::of_somebody(environment)
        }
    }

    fn of_root() -> Self {
        Self {
            journal: PathBuf::from("/var/lib/tcptune/journal"),
            lock: PathBuf::from("/run/tcptune/lock"),
        }
    }

    fn of_somebody(environment: &Environment) -> Result<Self, NoPlace> {
        // The base directory specification has a relative path ignored; an empty one is one.
        let absolute = |path: &Option<PathBuf>| path.clone().filter(|path| path.is_absolute());
        let state = absolute(&environment.state_home)
            .or_else(|| absolute(&environment.home).map(|home| home.join(".local/state")))
            .ok_or(NoPlace)?;
        let runtime = absolute(&environment.runtime_dir).unwrap_or_else(|| state.clone());
        Ok(Self {
            journal: state.join("tcptune/journal"),
            lock: runtime.join("tcptune/lock"),
        })
    }
}

/// Whether this is root with root's files: in a user namespace that an ordinary user made (`unshare -r`),
/// uid 0 is that user, and `/var/lib` is still somebody else's.
fn owns_the_system() -> bool {
    let root = |stat: std::fs::Metadata| stat.uid() == 0;
    rustix::process::geteuid().is_root() && std::fs::metadata("/").is_ok_and(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(home: &str, state: &str, runtime: &str) -> Result<(String, String), NoPlace> {
        let path = |text: &str| Some(PathBuf::from(text));
        let places = Places::of_somebody(&Environment {
            home: path(home),
            state_home: path(state),
            runtime_dir: path(runtime),
        })?;
        let text = |path: PathBuf| path.to_string_lossy().into_owned();
        Ok((text(places.journal), text(places.lock)))
    }

    fn pair(journal: &str, lock: &str) -> (String, String) {
        (journal.to_owned(), lock.to_owned())
    }

    #[test]
    fn the_state_folder_of_a_user_holds_the_journal_and_for_want_of_another_the_lock() {
        assert_eq!(
            places("/home/u", "/s", "/run/user/7"),
            Ok(pair("/s/tcptune/journal", "/run/user/7/tcptune/lock"))
        );
        assert_eq!(
            places("/home/u", "", ""),
            Ok(pair(
                "/home/u/.local/state/tcptune/journal",
                "/home/u/.local/state/tcptune/lock"
            ))
        );
    }

    #[test]
    fn a_relative_path_is_as_good_as_none() {
        assert_eq!(places("/h", "s", "run"), places("/h", "", ""));
        assert_eq!(places("", "./s", "/run/user/7"), Err(NoPlace));
        assert_eq!(Places::of_somebody(&Environment::default()), Err(NoPlace));
    }
}
