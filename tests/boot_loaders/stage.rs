//! Where loaders may run: new namespaces, with everything a loader reads replaced by empty folders.
//!
//! A loader that saw the machine's own files would write the machine's own settings. The stage is a run
//! of this test's binary inside `unshare --net --mount`, and it asserts what it stands on.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::statfs;

use crate::tree::FOLDERS;

/// The namespace of the outer run, told to the inner one.
const OUTER: &str = "TCPTUNE_LOADERS_OUTER";

/// Room for results, below a folder that no loader reads.
pub(crate) const SCRATCH: &str = "/run/tcptune-stage";

/// `TMPFS_MAGIC` of the kernel's `magic.h`.
const TMPFS: i64 = 0x0102_1994;

/// Empty folders over all that is read. `/etc` as a whole, so that `sysctl.conf` in it can be missing, a
/// link or a folder; programs need nothing of it but the linker's cache.
const SET: &str = "
mount -t tmpfs tmpfs /run || exit 1
mkdir -p /run/keep/ld.so.conf.d || exit 1
cp -a /etc/ld.so.* /run/keep/ 2>/dev/null
mount -t tmpfs tmpfs /etc || exit 1
cp -a /run/keep/. /etc/ || exit 1
rm -r /run/keep
mount -t tmpfs tmpfs /usr/local/lib || exit 1
mount -t tmpfs tmpfs /usr/lib/sysctl.d || exit 1
[ -L /lib ] || [ ! -d /lib/sysctl.d ] || mount -t tmpfs tmpfs /lib/sysctl.d || exit 1
mkdir /run/tcptune-stage || exit 1
ip link add eth9 type veth peer name eth9.5 || exit 1
exec \"$@\"
";

/// Runs the named test of this binary on a stage of its own, and `body` if this is that run.
pub(crate) fn on_stage(test: &str, body: impl FnOnce()) {
    let own = fs::read_link("/proc/self/ns/net").ok();
    if let Some(outer) = std::env::var_os(OUTER) {
        assert_ne!(
            own,
            Some(PathBuf::from(outer)),
            "still in the outer namespace"
        );
        assert_covered();
        return body();
    }
    let Some(own) = own else {
        return skip("/proc is not usable");
    };
    if let Err(why) = usable() {
        return skip(&why);
    }
    let binary = std::env::current_exe().expect("a running test has a file");
    let status = Command::new("unshare")
        .args(["--net", "--mount", "--propagation", "private"])
        .args(["sh", "-c", SET, "sh"])
        .arg(binary)
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(OUTER, own)
        .stdout(io::stderr())
        .status()
        .expect("unshare starts again");
    assert!(status.success(), "differences, or no stage: see above");
}

/// What this machine lacks.
fn usable() -> Result<(), String> {
    for folder in ["/usr/local/lib", "/usr/lib/sysctl.d"] {
        if !Path::new(folder).is_dir() {
            return Err(format!("there is no {folder} to be covered"));
        }
    }
    for (tool, package) in [
        ("ip", "iproute2"),
        ("sysctl", "procps"),
        ("unshare", "util-linux"),
    ] {
        let found = Command::new(tool).arg("-V").output();
        found.map_err(|error| format!("{tool} ({package}) cannot be started: {error}"))?;
    }
    systemd_sysctl().ok_or("there is no systemd-sysctl (package systemd)")?;
    let script = "mount -t tmpfs tmpfs /run && ip link add eth9 type veth peer name eth9.5 \
                  && cat /proc/sys/net/ipv4/tcp_sack >/proc/sys/net/ipv4/tcp_sack";
    let tried = Command::new("unshare")
        .args([
            "--net",
            "--mount",
            "--propagation",
            "private",
            "sh",
            "-c",
            script,
        ])
        .output();
    match tried {
        Ok(tried) if tried.status.success() => Ok(()),
        Ok(tried) => {
            let said = String::from_utf8_lossy(&tried.stderr).trim().to_owned();
            Err(format!(
                "no network and mount namespace can be made here: {said}"
            ))
        }
        Err(error) => Err(format!("unshare: {error}")),
    }
}

/// The boot loader of systemd, where distributions have it.
pub(crate) fn systemd_sysctl() -> Option<&'static str> {
    let places = [
        "/usr/lib/systemd/systemd-sysctl",
        "/lib/systemd/systemd-sysctl",
    ];
    places.into_iter().find(|place| Path::new(place).exists())
}

/// Fails unless every folder a loader reads is an empty one made for this run.
fn assert_covered() {
    for folder in FOLDERS.into_iter().chain(["/lib/sysctl.d", "/etc"]) {
        // What is not there yet will stand in the folder above, which is covered.
        let mut existing = Path::new(folder);
        while !existing.exists() {
            existing = existing.parent().expect("the root exists");
        }
        if folder == "/lib/sysctl.d" && existing == Path::new("/lib") {
            continue;
        }
        let kind = statfs(existing).expect("a folder has a file system").f_type;
        assert_eq!(kind, TMPFS, "{} is not covered", existing.display());
    }
    let left: Vec<_> = FOLDERS
        .iter()
        .flat_map(fs::read_dir)
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    assert!(left.is_empty(), "{left:?} would be read");
    assert!(!Path::new("/etc/sysctl.conf").exists(), "it would be read");
}

/// Says why nothing was tested; a failure where the environment demands the live tests.
fn skip(why: &str) {
    let required = std::env::var_os("TCPTUNE_REQUIRE_LIVE").is_some_and(|on| on == "1");
    assert!(!required, "a live test was demanded: {why}");
    say(&format!("skipped: {why}"));
}

/// Prints past the harness, which keeps to itself what a passing test says.
pub(crate) fn say(words: &str) {
    let _ = writeln!(io::stderr(), "{words}");
}
