//! Where the program may change things: namespaces of its own, with empty folders over all that it touches.
//!
//! A stage is a run of this test's binary inside `unshare`; it asserts what it stands on. It has a process
//! namespace too: whatever is left running ends with it, and what `/proc` lists is the same every time.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::Command;

use rustix::fs::statfs;

/// The namespace of the outer run, told to the inner one.
const OUTER: &str = "TCPTUNE_FAULTS_OUTER";

/// `TMPFS_MAGIC` of the kernel's `magic.h`.
const TMPFS: i64 = 0x0102_1994;

/// What is read and written, but for `/etc/sysctl.conf` and `/proc`.
const COVERED: [&str; 6] = [
    "/run",
    "/etc/sysctl.d",
    "/usr/lib/sysctl.d",
    "/lib/sysctl.d",
    "/usr/local/lib",
    "/var/lib",
];

/// Not `exec`: the shell is process 1, which reaps.
const SET: &str = "
for folder in /run /etc/sysctl.d /usr/lib/sysctl.d /usr/local/lib /var/lib; do
    mount -t tmpfs tmpfs $folder || exit 1
done
[ -L /lib ] || [ ! -d /lib/sysctl.d ] || mount -t tmpfs tmpfs /lib/sysctl.d || exit 1
[ ! -e /etc/sysctl.conf ] || mount --bind /dev/null /etc/sysctl.conf || exit 1
ip link set lo up || exit 1
umask 022
\"$@\"
exit $?
";

/// Runs the named test of this binary on a stage of its own, and `body` if this is that run.
pub(crate) fn on_stage(test: &str, body: impl FnOnce()) {
    let own = fs::read_link("/proc/self/ns/net").expect("/proc shows namespaces");
    if let Some(outer) = std::env::var_os(OUTER) {
        assert_ne!(own.as_os_str(), outer, "still in the outer namespace");
        assert_covered();
        return body();
    }
    if let Err(why) = usable() {
        let required = std::env::var_os("TCPTUNE_REQUIRE_LIVE").is_some_and(|on| on == "1");
        assert!(!required, "a live test was demanded: {why}");
        return say(&format!("skipped: {why}"));
    }
    let binary = std::env::current_exe().expect("a running test has a file");
    let status = unshare(SET)
        .arg(binary)
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(OUTER, own)
        .stdout(io::stderr())
        .status()
        .expect("unshare starts again");
    assert!(status.success(), "see above");
}

fn unshare(script: &str) -> Command {
    let mut command = Command::new("unshare");
    command
        .args(["--net", "--mount", "--pid", "--fork", "--kill-child"])
        .args(["--mount-proc", "--propagation", "private"])
        .args(["sh", "-c", script, "sh"]);
    command
}

/// What this machine lacks.
fn usable() -> Result<(), String> {
    for (tool, package) in [
        ("ip", "iproute2"),
        ("strace", "strace"),
        ("sysctl", "procps"),
        ("unshare", "util-linux"),
    ] {
        let found = Command::new(tool).arg("-V").output();
        found.map_err(|error| format!("{tool} ({package}) cannot be started: {error}"))?;
    }
    let probe = "mount -t tmpfs tmpfs /var/lib && mount -t tmpfs tmpfs /etc/sysctl.d \
                 && mount -t tmpfs tmpfs /usr/lib/sysctl.d && strace -qq -f -o /dev/null true \
                 && cat /proc/sys/net/ipv4/tcp_sack >/proc/sys/net/ipv4/tcp_sack";
    match unshare(probe).output() {
        Ok(tried) if tried.status.success() => Ok(()),
        Ok(tried) => {
            let said = String::from_utf8_lossy(&tried.stderr).trim().to_owned();
            Err(format!("no namespaces, or no tracing: {said}"))
        }
        Err(error) => Err(format!("unshare: {error}")),
    }
}

/// Fails unless every folder that is read or written is an empty one made for this run.
fn assert_covered() {
    for folder in COVERED.map(Path::new) {
        let Ok(entries) = fs::read_dir(folder) else {
            continue;
        };
        let kind = statfs(folder).expect("a folder has a file system").f_type;
        assert_eq!(kind, TMPFS, "{} is not covered", folder.display());
        // mount(8) leaves a folder of its own in /run.
        let there = entries
            .flatten()
            .filter(|entry| entry.file_name() != "mount");
        assert_eq!(there.count(), 0, "{} is not empty", folder.display());
    }
    let file = fs::read("/etc/sysctl.conf").unwrap_or_default();
    assert!(file.is_empty(), "/etc/sysctl.conf would be read");
}

/// Prints past the harness, which keeps to itself what a passing test says.
pub(crate) fn say(words: &str) {
    let _ = writeln!(io::stderr(), "{words}");
}
