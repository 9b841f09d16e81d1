//! Running the program.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_tcptune");

/// A run being put together.
pub(crate) struct Tcptune {
    command: Command,
}

impl Tcptune {
    /// The program in an environment that says nothing about colours and sizes.
    pub(crate) fn new() -> Self {
        Self::through::<&str>(&[])
    }

    /// The program behind a launcher: `setpriv --reuid 65534`.
    pub(crate) fn through<S: AsRef<OsStr>>(launcher: &[S]) -> Self {
        Self::copy(Path::new(PROGRAM), launcher)
    }

    /// A copy of the program behind a launcher.
    pub(crate) fn copy<S: AsRef<OsStr>>(program: &Path, launcher: &[S]) -> Self {
        let mut words: Vec<OsString> = launcher.iter().map(Into::into).collect();
        words.push(program.into());
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        for name in [
            "NO_COLOR",
            "CLICOLOR_FORCE",
            "COLUMNS",
            "TERM",
            "RUST_BACKTRACE",
        ] {
            command.env_remove(name);
        }
        command.stdin(Stdio::null());
        Self { command }
    }

    pub(crate) fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn within(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    pub(crate) fn stdout(mut self, to: impl Into<Stdio>) -> Self {
        self.command.stdout(to);
        self
    }

    pub(crate) fn stdin(mut self, from: impl Into<Stdio>) -> Self {
        self.command.stdin(from);
        self
    }

    pub(crate) fn run(mut self) -> Ran {
        let shown = format!("{:?}", self.command);
        self.command.stderr(Stdio::piped());
        let output = self.command.output().expect("the program starts");
        Ran {
            shown,
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("the program writes UTF-8")
}

/// A run that ended.
pub(crate) struct Ran {
    shown: String,
    code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// The code is one of an audit that took place.
    pub(crate) fn audited(self) -> Self {
        assert!(matches!(self.code, Some(0 | 1)), "{self}");
        self
    }

    /// Nothing on stderr.
    pub(crate) fn quiet(self) -> Self {
        assert_eq!(self.stderr, "", "{self}");
        self
    }

    /// Nothing on stdout: no half a result beside an error.
    pub(crate) fn no_result(self) -> Self {
        assert_eq!(self.stdout, "", "{self}");
        self
    }

    pub(crate) fn says(self, part: &str) -> Self {
        assert!(self.stdout.contains(part), "no `{part}` in\n{self}");
        self
    }

    pub(crate) fn complains(self, part: &str) -> Self {
        assert!(self.stderr.contains(part), "no `{part}` in\n{self}");
        self
    }

    /// Stdout as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{self}"))
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            shown,
            code,
            stdout,
            stderr,
        } = self;
        write!(
            f,
            "{shown}\nexit {code:?}\n-- stdout\n{stdout}\n-- stderr\n{stderr}"
        )
    }
}

/// A recorded tree.
pub(crate) fn tree(name: &str) -> String {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests/hosts", name]
        .iter()
        .collect();
    path.to_str().expect("a plain path").to_owned()
}

/// Whether this process is root. `/proc/self` belongs to the effective user.
pub(crate) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|stat| stat.uid() == 0)
}

/// Says why a test did nothing; fails instead where every test must run.
pub(crate) fn skipped(why: &str) {
    assert!(
        std::env::var_os("TCPTUNE_REQUIRE_LIVE").is_none_or(|value| value != "1"),
        "cannot run here, and TCPTUNE_REQUIRE_LIVE is set: {why}"
    );
    eprintln!("skipped: {why}");
}

/// Makes a pipe that nobody writes into.
pub(crate) fn make_pipe(path: &Path) {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
}

/// Copies the program, for a user who cannot reach the one that was built.
///
/// By another process: where this one held the copy open for writing, a child that another test starts at
/// that moment would hold it too, and running the copy would fail with ETXTBSY.
pub(crate) fn copy_program(to: &Path) {
    let copied = Command::new("cp").arg(PROGRAM).arg(to).status();
    assert!(copied.unwrap().success(), "{}", to.display());
}
