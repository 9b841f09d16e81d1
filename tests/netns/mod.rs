//! A network namespace to write in, and the keys it has.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use tcptune::catalog::{canonical, path};
use tcptune::fact::KernelVersion;

/// The namespace of the outer process, told to the inner one.
const OUTER: &str = "TCPTUNE_OUTER_NETNS";

/// Stands in lines of the inner run that are to be seen although it passes.
const NOTE: &str = "note: ";

/// Says something that is to be seen although the test passes.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{NOTE}{text}");
}

/// Runs the named test of this binary in a new network namespace, and `body` if this is that run.
pub(crate) fn in_new_netns(test: &str, body: impl FnOnce()) {
    let own = fs::read_link("/proc/self/ns/net").ok();
    if let Some(outer) = std::env::var_os(OUTER) {
        assert_ne!(
            own,
            Some(PathBuf::from(outer)),
            "still in the outer namespace"
        );
        return body();
    }
    let Some(flags) = usable_flags() else {
        return skip("no network namespace can be made here");
    };
    let (Some(own), Ok(binary)) = (own, std::env::current_exe()) else {
        return skip("/proc is not usable");
    };
    let inner = Command::new("unshare")
        .args(flags)
        .arg(binary)
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(OUTER, own)
        .output()
        .unwrap_or_else(|error| panic!("unshare: {error}"));
    let said = [inner.stdout, inner.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(inner.status.success(), "in the namespace:\n{said}");
    assert!(
        said.contains("1 passed"),
        "the inner run did not run:\n{said}"
    );
    for line in said.lines().filter(|line| line.contains(NOTE)) {
        let _ = writeln!(io::stderr(), "{line}");
    }
}

/// The flags that give this user a namespace whose settings it can write.
fn usable_flags() -> Option<&'static [&'static str]> {
    let candidates: [&[&str]; 2] = [&["--net"], &["--map-root-user", "--net"]];
    candidates.into_iter().find(|flags| {
        let script = "cat /proc/sys/net/ipv4/tcp_fin_timeout > /proc/sys/net/ipv4/tcp_fin_timeout";
        let tried = Command::new("unshare")
            .args(*flags)
            .args(["sh", "-c", script])
            .output();
        tried.is_ok_and(|tried| tried.status.success())
    })
}

/// Says why nothing was tested; a failure where the environment demands the live tests.
pub(crate) fn skip(why: &str) {
    assert!(
        std::env::var_os("TCPTUNE_REQUIRE_LIVE").is_none_or(|on| on != "1"),
        "a live test was demanded: {why}"
    );
    // Not `eprintln!`, which the harness would swallow.
    let _ = writeln!(io::stderr(), "skipped: {why}");
}

/// This kernel.
pub(crate) fn kernel() -> KernelVersion {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    KernelVersion::parse(&release).unwrap_or_else(|| panic!("no kernel release: {release}"))
}

/// The file of a dotted key.
pub(crate) fn file(key: &str) -> PathBuf {
    let below = path(key).unwrap_or_else(|| panic!("{key} has no path"));
    Path::new("/proc/sys").join(below)
}

/// Every setting below `/proc/sys/net` that this namespace has, by dotted name.
pub(crate) fn present() -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    let mut folders = vec![PathBuf::from("/proc/sys/net")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(canonical(&path.to_string_lossy()).into_owned(), path);
            }
        }
    }
    found
}

/// Writes as `echo` would, into the open file.
pub(crate) fn write(file: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new()
        .write(true)
        .open(file)?
        .write_all(text.as_bytes())
}
