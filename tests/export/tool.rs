//! The tools, where they are, and running them where nothing but a namespace can be changed.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::netns::{file, skip};
use crate::program::CHANGES;

/// Where `.ci/run` puts what it takes from the Python Package Index.
pub(crate) fn target(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("target")
        .join(name)
}

/// The first of these programs that is there.
pub(crate) fn installed(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.extend(["/usr/sbin", "/sbin"].map(PathBuf::from));
    names.iter().find_map(|name| {
        let found = folders.iter().map(|folder| folder.join(name));
        found.into_iter().find(|program| program.is_file())
    })
}

/// A tool that `.ci/run` installs: without it the test is skipped, and fails where live tests are demanded.
pub(crate) fn demanded(names: &[&str]) -> Option<PathBuf> {
    let found = installed(names);
    if found.is_none() {
        skip(&format!("{} is not installed", names.join(" or ")));
    }
    found
}

/// A tool that is tried where it happens to be.
pub(crate) fn tried(name: &str) -> Option<PathBuf> {
    let found = installed(&[name]);
    if found.is_none() {
        crate::netns::note(&format!("skipped: {name} is not installed"));
    }
    found
}

/// Runs a script of the shell in a mount namespace with an empty /etc/sysctl.d, in a folder that is home to
/// whatever the tool keeps. The words after the script are `$1` and so on.
pub(crate) fn staged(script: &str, folder: &Path, words: &[&Path]) -> Output {
    let script = format!("set -e\nmount -t tmpfs none /etc/sysctl.d\n{script}");
    Command::new("unshare")
        .args(["--mount", "sh", "-c", &script, "sh"])
        .args(words)
        .current_dir(folder)
        .env("HOME", folder)
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap()
}

/// Everything that a tool said.
pub(crate) fn words(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&both).into_owned()
}

/// The values of this namespace, with single blanks.
pub(crate) fn values() -> Vec<String> {
    let read = |key: &str| {
        let text = std::fs::read_to_string(file(key)).unwrap();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    CHANGES.iter().map(|(key, ..)| read(key)).collect()
}

/// That none of the values was there before and all of them are now.
pub(crate) fn takes_effect(tool: impl FnOnce()) {
    let wanted: Vec<&str> = CHANGES.iter().map(|(_, value, _)| *value).collect();
    let before = values();
    let already = before.iter().zip(&wanted).any(|(one, other)| one == other);
    assert!(!already, "nothing to see: {before:?}");
    tool();
    assert_eq!(values(), wanted);
}
