//! Running a loader, and what it says it did.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tcptune::bootconf::Keys;
use tcptune::fact::boot::Engine;
use tcptune::host::KernelKeys;

use crate::keys::{INTERFACES, watched};
use crate::stage::{SCRATCH, systemd_sysctl};

/// In a new network namespace: interfaces, the loader, and the values after it.
const RUN: &str = r#"
ip link add "$3" type veth peer name "$4" || exit 97
"$1" $2 >out 2>err </dev/null
shift 4
grep -sH '' "$@" >values
exit 0
"#;

/// One loader of this machine.
pub(crate) struct Loader {
    pub(crate) engine: Engine,
    /// The settings of the stage, which has the interfaces that each run has.
    pub(crate) keys: KernelKeys,
    /// What they are when nothing has been written.
    pub(crate) before: BTreeMap<String, Vec<u8>>,
    paths: Vec<PathBuf>,
}

/// What a run left.
pub(crate) struct Said {
    pub(crate) out: Vec<u8>,
    pub(crate) err: Vec<u8>,
    /// The values of the watched keys, by path.
    pub(crate) after: BTreeMap<String, Vec<u8>>,
}

impl Loader {
    pub(crate) fn open(engine: Engine) -> Self {
        let watched = watched();
        let mut loader = Self {
            engine,
            keys: KernelKeys::open(Path::new("/proc")),
            before: BTreeMap::new(),
            paths: watched
                .iter()
                .map(|path| Path::new("/proc/sys").join(path))
                .collect(),
        };
        loader.before = loader.run_program("true", "").after;
        let missing: Vec<&String> = watched
            .iter()
            .filter(|path| !loader.before.contains_key(*path) && !path.ends_with("reserved_ports"))
            .collect();
        assert!(missing.is_empty(), "this kernel lacks {missing:?}");
        loader
    }

    /// Runs the loader over whatever is laid out.
    pub(crate) fn run(&self) -> Said {
        match self.engine {
            Engine::Systemd => {
                let program = systemd_sysctl().expect("it was there before");
                self.run_program(program, "")
            }
            Engine::Procps => self.run_program("sysctl", "--system"),
        }
    }

    fn run_program(&self, program: &str, argument: &str) -> Said {
        let ran = Command::new("unshare")
            .args(["--net", "sh", "-c", RUN, "sh", program, argument])
            .args(INTERFACES)
            .args(&self.paths)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("LC_ALL", "C")
            .env("SYSTEMD_LOG_LEVEL", "debug")
            .env("SYSTEMD_LOG_TARGET", "console")
            .current_dir(SCRATCH)
            .status();
        assert!(ran.expect("unshare starts").success(), "no namespace");
        let read = |name| fs::read(Path::new(SCRATCH).join(name)).expect("a run leaves its words");
        let mut after: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for line in read("values").split(|byte| *byte == b'\n') {
            let Some(colon) = line.iter().position(|byte| *byte == b':') else {
                continue;
            };
            let path = String::from_utf8_lossy(&line[..colon]);
            let path = path.strip_prefix("/proc/sys/").expect("keys are below it");
            after.insert(path.to_owned(), line[colon + 1..].to_vec());
        }
        Said {
            out: read("out"),
            err: read("err"),
            after,
        }
    }
}

/// The settings of the stage, for a reader that is not told which single ones exist.
pub(crate) struct Silent<'a>(pub(crate) &'a KernelKeys);

impl Keys for Silent<'_> {
    fn children(&self, folder: &str) -> Vec<(String, bool)> {
        self.0.children(folder)
    }

    fn exists(&self, _: &str) -> Option<bool> {
        None
    }
}
