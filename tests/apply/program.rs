//! The program on a stage, and what it leaves behind.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use crate::stage::ROOM;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_tcptune");
pub(crate) const DROPIN: &str = "/etc/sysctl.d/60-tcptune.conf";
pub(crate) const JOURNAL: &str = "/var/lib/tcptune/journal";
pub(crate) const FIN: &str = "net.ipv4.tcp_fin_timeout";
pub(crate) const RETRIES: &str = "net.ipv4.tcp_syn_retries";

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

    pub(crate) fn says(self, part: &str) -> Self {
        assert!(self.stdout.contains(part), "no `{part}` in\n{self}");
        self
    }

    pub(crate) fn complains(self, part: &str) -> Self {
        assert!(self.stderr.contains(part), "no `{part}` in\n{self}");
        self
    }

    pub(crate) fn quiet(self) -> Self {
        assert_eq!(self.stderr, "", "{self}");
        self
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{self}"))
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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

/// Runs a command with nothing on its standard input.
pub(crate) fn run(command: &mut Command) -> Ran {
    for name in [
        "NO_COLOR",
        "CLICOLOR_FORCE",
        "SUDO_USER",
        "LOGNAME",
        "USER",
        "RUST_BACKTRACE",
    ] {
        if !command.get_envs().any(|(set, _)| set == name) {
            command.env_remove(name);
        }
    }
    let shown = format!("{command:?}");
    let output = command.stdin(Stdio::null()).output().unwrap();
    Ran {
        shown,
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs the program.
pub(crate) fn tcptune<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Ran {
    run(Command::new(PROGRAM).args(args))
}

/// Runs `tcptune apply` by the rules of this folder.
pub(crate) fn apply(rules: &str, more: &[&str]) -> Ran {
    tcptune(
        apply_words(rules)
            .iter()
            .map(String::as_str)
            .chain(more.iter().copied()),
    )
}

pub(crate) fn apply_words(rules: &str) -> Vec<String> {
    ["apply", "--interval", "0", "--rules", rules]
        .map(str::to_owned)
        .to_vec()
}

/// A folder with one rule that wants these values and fires until it has them.
pub(crate) fn rule(kind: &str, id: &str, set: &[(&str, &str)]) -> String {
    let folder = format!("{ROOM}/rules-{id}");
    let below = Path::new(&folder).join("site");
    fs::create_dir_all(&below).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    let lines = set.iter().map(|(key, to)| format!("  {key}: {to}"));
    let lines = lines.collect::<Vec<_>>().join("\n");
    let text = format!(
        "id: {id}\ntitle: t\nseverity: low\nkind: {kind}\nmaturity: preview\nscope: netns\nowner: host\n\
         when: 'true'\nmessage: this site wants it\nbelow_default: this site\ncost: nothing\nset:\n{lines}\n"
    );
    fs::write(below.join(format!("{id}.yaml")), text).unwrap();
    folder
}

/// A setting rule for two keys.
pub(crate) fn two_keys() -> String {
    rule(
        "setting",
        "site-two",
        &[(FIN, "duration('40s')"), (RETRIES, "5")],
    )
}

/// A setting rule for one key.
pub(crate) fn fin(id: &str, seconds: u32) -> String {
    rule("setting", id, &[(FIN, &format!("duration('{seconds}s')"))])
}

pub(crate) fn file_of(key: &str) -> String {
    format!("/proc/sys/{}", key.replace('.', "/"))
}

pub(crate) fn live(key: &str) -> String {
    fs::read_to_string(file_of(key)).unwrap().trim().to_owned()
}

pub(crate) fn set(key: &str, value: &str) {
    fs::write(file_of(key), value).unwrap();
}

/// Live values and files: everything an apply may touch.
pub(crate) fn state() -> (String, String, Option<Vec<u8>>) {
    (live(FIN), live(RETRIES), fs::read(DROPIN).ok())
}

/// Changes a record of the journal as no run of the program would.
pub(crate) fn edit(id: u32, change: impl FnOnce(&mut Value)) {
    let file = format!("{JOURNAL}/{id}.json");
    let mut record: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    change(&mut record);
    fs::write(&file, record.to_string()).unwrap();
}

/// The state of a record.
pub(crate) fn recorded(id: u32) -> String {
    let text = fs::read(format!("{JOURNAL}/{id}.json")).unwrap();
    let record: Value = serde_json::from_slice(&text).unwrap();
    record["state"].as_str().unwrap().to_owned()
}

/// Waits until something is so, or fails.
pub(crate) fn until(what: &str, so: impl Fn() -> bool) {
    for _ in 0..600 {
        if so() {
            return;
        }
        sleep(Duration::from_millis(50));
    }
    panic!("never: {what}");
}
