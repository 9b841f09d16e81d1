//! The outer namespace: the control node, and the bridge its hosts are plugged into.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The namespace of the outer run, told to the inner one.
const OUTER: &str = "TCPTUNE_ANSIBLE_OUTER";

/// What the control node and its hosts share: keys, playbooks, results.
pub(crate) const ROOM: &str = "/run/room";

/// The network of the hosts (RFC 5737).
pub(crate) const NETWORK: &str = "192.0.2";

/// Not `exec`: the shell is process 1, which reaps.
const SET: &str = "
mount -t tmpfs -o mode=755 tmpfs /run || exit 1
mkdir -p /run/room /run/hosts || exit 1
ip link set lo up && ip link add br0 type bridge || exit 1
ip addr add 192.0.2.1/24 dev br0 && ip link set br0 up || exit 1
umask 022
\"$@\"
exit $?
";

/// Runs the named test of this binary on a stage of its own, and `body` if this is that run.
pub(crate) fn on_stage(test: &str, body: impl FnOnce()) {
    let own = fs::read_link("/proc/self/ns/net").unwrap();
    if let Some(outer) = std::env::var_os(OUTER) {
        assert_ne!(own, PathBuf::from(outer), "still in the outer namespace");
        assert!(Path::new(ROOM).is_dir(), "/run is not covered");
        return body();
    }
    if let Err(why) = usable() {
        return skip(&why);
    }
    let output = unshared(SET)
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

/// A process namespace too: whatever is left running ends with the test, however that ends.
fn unshared(script: &str) -> Command {
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "KILL", "unshare"])
        .args(["--net", "--mount", "--pid", "--fork", "--kill-child"])
        .args(["--mount-proc", "--propagation", "private"])
        .args(["sh", "-c", script, "sh"]);
    command
}

/// What this machine lacks.
fn usable() -> Result<(), String> {
    for (tool, package) in [
        ("ip", "iproute2"),
        ("nsenter", "util-linux"),
        ("ssh-keygen", "openssh-client"),
        ("/usr/sbin/sshd", "openssh-server"),
        ("sudo", "sudo"),
        ("strace", "strace"),
        ("/usr/bin/python3", "python3"),
    ] {
        let found = Command::new("sh")
            .args(["-c", &format!("command -v {tool}")])
            .output();
        if !found.is_ok_and(|found| found.status.success()) {
            return Err(format!("no {tool}: install {package}"));
        }
    }
    tool("ansible-playbook")?;
    let script = "mount -t tmpfs tmpfs /run && ip link add br0 type bridge && ip link set br0 up";
    match unshared(script).output() {
        Ok(tried) if tried.status.success() => Ok(()),
        Ok(tried) => {
            let said = String::from_utf8_lossy(&tried.stderr).trim().to_owned();
            Err(format!("no namespaces can be made here: {said}"))
        }
        Err(error) => Err(format!("setpriv: {error}")),
    }
}

/// A command of ansible-core: from `TCPTUNE_ANSIBLE`, a folder; else from where `.ci/run` installs it.
pub(crate) fn tool(name: &str) -> Result<PathBuf, String> {
    let folder = match std::env::var_os("TCPTUNE_ANSIBLE") {
        Some(folder) => PathBuf::from(folder),
        None => repository().join("target/ansible/bin"),
    };
    let file = folder.join(name);
    if file.is_file() {
        return Ok(file);
    }
    Err(format!(
        "no {}: .ci/run installs ansible-core, and TCPTUNE_ANSIBLE names another folder",
        file.display()
    ))
}

/// The repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Says why nothing was tested; a failure where the environment demands the live tests.
pub(crate) fn skip(why: &str) {
    let required = std::env::var_os("TCPTUNE_REQUIRE_LIVE").is_some_and(|on| on == "1");
    assert!(!required, "a live test was demanded: {why}");
    // Past the harness, which keeps to itself what a passing test says.
    let _ = writeln!(io::stderr(), "skipped: {why}");
}
