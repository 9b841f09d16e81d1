//! Where the program may change settings and files: new namespaces, with empty folders over everything it
//! writes or a loader reads.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::statfs;

/// The namespace of the outer run, told to the inner one.
const OUTER: &str = "TCPTUNE_APPLY_OUTER";

/// Room for rules and results.
pub(crate) const ROOM: &str = "/run/stage";

/// `TMPFS_MAGIC` of the kernel's `magic.h`.
const TMPFS: i64 = 0x0102_1994;

/// What is covered.
const FOLDERS: [&str; 5] = [
    "/run",
    "/etc/sysctl.d",
    "/usr/lib/sysctl.d",
    "/usr/local/lib",
    "/var/lib",
];

/// The folder below `/run` makes it a host whose init system is systemd, and whoever shows itself as process 1 is
/// in its network namespace: its boot files are read although that namespace is not the first one.
const SET: &str = "
for folder in /run /etc/sysctl.d /usr/lib/sysctl.d /usr/local/lib /var/lib; do
    mount -t tmpfs -o mode=755 tmpfs $folder || exit 1
done
[ ! -e /etc/sysctl.conf ] || mount --bind /dev/null /etc/sysctl.conf || exit 1
mkdir -p /run/systemd/system /run/stage || exit 1
mount --bind /proc/$$ /proc/1 || exit 1
ip link set lo up || exit 1
exec \"$@\"
";

/// Runs the named test of this binary on a stage of its own, and `body` if this is that run.
pub(crate) fn on_stage(test: &str, body: impl FnOnce()) {
    let own = fs::read_link("/proc/self/ns/net").unwrap();
    if let Some(outer) = std::env::var_os(OUTER) {
        assert_ne!(own, PathBuf::from(outer), "still in the outer namespace");
        assert_covered();
        return body();
    }
    if let Err(why) = usable() {
        return skip(&why);
    }
    let output = unshared()
        .arg(SET)
        .arg("sh")
        .arg(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(OUTER, own)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "{said}");
    // A name that is no test of this binary would pass in silence.
    assert!(said.contains("1 passed"), "{said}");
}

fn unshared() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--net", "--mount", "--propagation", "private", "sh", "-c"]);
    command
}

/// What this machine lacks.
fn usable() -> Result<(), String> {
    for folder in FOLDERS {
        if !Path::new(folder).is_dir() {
            return Err(format!("there is no {folder} to be covered"));
        }
    }
    let script = "mount -t tmpfs tmpfs /run && ip link set lo up \
                  && cat /proc/sys/net/ipv4/tcp_sack >/proc/sys/net/ipv4/tcp_sack";
    match unshared().arg(script).output() {
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

fn assert_covered() {
    for folder in FOLDERS {
        let kind = statfs(folder).unwrap().f_type;
        assert_eq!(kind, TMPFS, "{folder} is not covered");
    }
}

/// Says why nothing was tested; a failure where the environment demands the live tests.
pub(crate) fn skip(why: &str) {
    let required = std::env::var_os("TCPTUNE_REQUIRE_LIVE").is_some_and(|on| on == "1");
    assert!(!required, "a live test was demanded: {why}");
    // Past the harness, which keeps to itself what a passing test says.
    let _ = writeln!(io::stderr(), "skipped: {why}");
}
