//! A root folder of its own: an overlay over this machine's, in new namespaces, without a network.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The namespace of the outer run, told to the inner one.
const OUTER: &str = "TCPTUNE_PACKAGE_OUTER";

/// `$1` is an empty folder, `$2` the repository, `$3` the folder of this binary, `$4` on the command.
///
/// Not `exec`: the shell is process 1, which reaps.
const SET: &str = r#"
room=$1 repository=$2 binaries=$3
shift 3
mount -t tmpfs -o mode=755 tmpfs "$room" || exit 1
mkdir "$room/upper" "$room/work" "$room/root"
mount -t overlay -o "lowerdir=/,upperdir=$room/upper,workdir=$room/work" overlay "$room/root" || exit 1
cd "$room/root" || exit 1
mount -t proc proc proc && mount -t sysfs -o ro sysfs sys && mount --rbind /dev dev || exit 1
mount -t tmpfs -o mode=755 tmpfs run && mount -t tmpfs -o mode=1777 tmpfs tmp || exit 1
for folder in "$repository" "$binaries"; do
  mkdir -p ".$folder" && mount --bind "$folder" ".$folder" && mount -o remount,ro,bind ".$folder" || exit 1
done
umask 022
chroot . "$@"
exit $?
"#;

/// Runs the named test of this binary in a root of its own, and `body` if this is that run.
pub(crate) fn in_own_root(test: &str, body: impl FnOnce()) {
    let own = fs::read_link("/proc/self/ns/mnt").unwrap();
    if let Some(outer) = std::env::var_os(OUTER) {
        assert_ne!(own, PathBuf::from(outer), "still in the outer namespace");
        assert_eq!(fs::read_dir("/run").unwrap().count(), 0, "/run is not new");
        return body();
    }
    if let Err(why) = usable() {
        return skip(&why);
    }
    let before = traces();
    let binary = std::env::current_exe().unwrap();
    let output = in_root(&binary)
        .arg(&binary)
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(OUTER, own)
        .output()
        .unwrap();
    let said = words(&output);
    assert!(output.status.success(), "{said}");
    // A name that is no test of this binary would pass in silence.
    assert!(said.contains("1 passed"), "{said}");
    assert_eq!(traces(), before, "this machine is not as it was");
}

/// A process namespace too: whatever is left running ends with the test, however that ends.
fn in_root(binary: &Path) -> Command {
    // Only a place to mount at; the mounts are in the namespace alone.
    let room = Path::new(env!("CARGO_TARGET_TMPDIR")).join("own-root");
    fs::create_dir_all(&room).unwrap();
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "KILL", "unshare"])
        .args(["--net", "--mount", "--pid", "--fork", "--kill-child"])
        .args(["--mount-proc", "--propagation", "private"])
        .args(["sh", "-c", SET, "sh"])
        .args([&room, &repository(), binary.parent().unwrap()]);
    command
}

/// What this machine lacks.
fn usable() -> Result<(), String> {
    for tool in ["dpkg", "dpkg-deb", "setpriv", "unshare"] {
        installed(tool).ok_or(format!("{tool} is not installed"))?;
    }
    let made = in_root(&std::env::current_exe().unwrap())
        .arg("true")
        .output();
    match made {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!("no root of its own: {}", words(&output).trim())),
        Err(error) => Err(error.to_string()),
    }
}

/// What there is of the package on this machine: nothing, or what somebody installed by hand.
fn traces() -> Vec<String> {
    let known = Command::new("dpkg-query").args(["-s", "tcptune"]).output();
    let mut traces = vec![words(&known.unwrap())];
    for path in [
        "/usr/bin/tcptune",
        "/etc/tcptune",
        "/etc/sysctl.d/60-tcptune.conf",
        "/etc/sudoers.d/tcptune",
        "/var/lib/tcptune",
        "/usr/lib/systemd/system/tcptune-audit.timer",
    ] {
        let stat = fs::symlink_metadata(path).ok();
        let stat = stat.map(|stat| (stat.ino(), stat.mtime(), stat.size()));
        traces.push(format!("{path} {stat:?}"));
    }
    traces
}

pub(crate) fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A program by its name.
pub(crate) fn installed(name: &str) -> Option<PathBuf> {
    let folders = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"];
    let mut all = folders.iter().map(|folder| Path::new(folder).join(name));
    all.find(|program| program.is_file())
}

/// Everything that a tool said.
pub(crate) fn words(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&both).into_owned()
}

/// Runs a line of the shell that has to succeed; what it said on both streams.
pub(crate) fn sh(line: &str) -> String {
    let (code, said) = tried(line);
    assert_eq!(code, Some(0), "{line}\n{said}");
    said
}

/// Runs a line of the shell: its exit code, and what it said.
pub(crate) fn tried(line: &str) -> (Option<i32>, String) {
    let output = Command::new("sh")
        .args(["-c", line])
        .env_clear()
        .env(
            "PATH",
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        )
        .env("HOME", "/root")
        .env("LC_ALL", "C.UTF-8")
        .env("DEBIAN_FRONTEND", "noninteractive")
        .output()
        .unwrap();
    (output.status.code(), words(&output))
}

/// Says why a test did nothing; fails instead where every test must run.
pub(crate) fn skip(why: &str) {
    assert!(
        std::env::var_os("TCPTUNE_REQUIRE_LIVE").is_none_or(|on| on != "1"),
        "a live test was demanded: {why}"
    );
    // Not `eprintln!`, which the harness would swallow.
    let _ = writeln!(io::stderr(), "skipped: {why}");
}
