//! Where tcptune keeps what it has to remember: the journal, the lock, and the last sample.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt as _;
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
    /// `STATE_DIRECTORY`, which systemd sets for a service with `StateDirectory=`: one folder, or several with
    /// colons between.
    pub state_directory: Option<PathBuf>,
}

impl Environment {
    /// The folder of what `check --remember` keeps: the service's own, where a service runs it, since neither
    /// root's nor a user's may be there or be its to write.
    pub fn remembered(&self) -> Result<PathBuf, NoPlace> {
        if let Some(own) = self.of_service() {
            return Ok(own.join(REMEMBERED));
        }
        let journal = Places::of_user(self)?.journal;
        Ok(journal.with_file_name(REMEMBERED))
    }

    fn of_service(&self) -> Option<PathBuf> {
        let all = self.state_directory.as_ref()?.as_os_str().as_bytes();
        let first = all.split(|byte| *byte == b':').next()?;
        let first = Path::new(OsStr::from_bytes(first));
        first.is_absolute().then(|| first.to_owned())
    }

    /// The variables by name, for a program that is to come to the same places: those of the journal.
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

/// The folder beside the journal for what `check --remember` keeps.
const REMEMBERED: &str = "remembered";

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
            state_directory: None,
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

    #[test]
    fn a_service_remembers_in_the_first_folder_of_its_own() {
        let of = |folders: &str| Environment {
            state_directory: Some(PathBuf::from(folders)),
            home: Some(PathBuf::from("/h")),
            ..Environment::default()
        };
        let expected = Ok(PathBuf::from("/var/lib/a/remembered"));
        assert_eq!(of("/var/lib/a").remembered(), expected);
        assert_eq!(of("/var/lib/a:/var/lib/b").remembered(), expected);
        let none = Environment {
            state_directory: None,
            ..of("")
        };
        assert_eq!(of("").remembered(), none.remembered());
        assert_eq!(of("a:/var/lib/b").remembered(), none.remembered());
    }
}
