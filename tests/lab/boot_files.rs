//! The files that set keys at boot, in the folders of one experiment, and the loader that reads them.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tcptune::check::try_case;
use tcptune::rule::{RuleFile, Rulebook, parse_cases};

use crate::net::{Net, usable};
use crate::notes::note;

pub(crate) const FIN: &str = "net.ipv4.tcp_fin_timeout";
pub(crate) const SYSTEMD: &str = "/usr/lib/systemd/systemd-sysctl";

/// Runs a command in both namespaces of an experiment.
pub(crate) fn inside(net: &Net, input: &str, command: &[&str]) -> Output {
    let mut child = Command::new("nsenter")
        .args(["--target", &net.pid().to_string(), "--net", "--mount", "--"])
        .args(command)
        .env_remove("CREDENTIALS_DIRECTORY")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("nsenter starts");
    let mut stdin = child.stdin.take().expect("it has a standard input");
    // A command that reads nothing may be gone already.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

/// Puts a file into a covered folder of the experiment.
pub(crate) fn write_file(net: &Net, path: &str, text: &str) {
    // Only into a folder that was covered: what the machine has there stays out of reach.
    let script = "[ $(stat -f -c %T \"${1%/*}\") = tmpfs ] && cat > \"$1\"";
    let output = inside(net, text, &["sh", "-c", script, "sh", path]);
    assert!(output.status.success(), "{path}: {output:?}");
}

/// Loads the files of the namespace as at boot; `ours` are all there are.
pub(crate) fn load(net: &Net, ours: &[(&str, &str)]) -> &'static str {
    for (path, text) in ours {
        write_file(net, path, text);
    }
    // Nothing of the machine may reach through: the loader would write what it says.
    let list = "for d in /etc /run /usr/local/lib /usr/lib /lib; do
        ls -A $d/sysctl.d 2>/dev/null; done | sort -u; cat /etc/sysctl.conf 2>/dev/null || true";
    let output = inside(net, "", &["sh", "-c", list]);
    let mut names: Vec<&str> = ours
        .iter()
        .filter_map(|(path, _)| path.rsplit_once("/sysctl.d/").map(|(_, name)| name))
        .collect();
    names.sort_unstable();
    names.dedup();
    let seen = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(
        seen.lines().collect::<Vec<_>>(),
        names,
        "the folders are not covered"
    );
    let (name, command): (_, &[&str]) = if Path::new(SYSTEMD).exists() {
        ("systemd-sysctl", &[SYSTEMD])
    } else {
        ("sysctl --system", &["sysctl", "--system"])
    };
    let output = inside(net, "", command);
    let words = String::from_utf8_lossy(&output.stderr);
    note(&format!(
        "{name}: {:?} {}",
        output.status.code(),
        words.trim()
    ));
    name
}

/// A namespace, where there are some to be had.
pub(crate) fn net() -> Option<Net> {
    usable().then(|| Net::open().expect("namespaces were there a moment ago"))
}

/// The built-in rule comes out as `case` asks.
pub(crate) fn judged(rule: &str, case: &str) {
    let book = Rulebook::built_in();
    let file = RuleFile {
        name: format!("{rule}.test.yaml"),
        mechanism: "hygiene".to_owned(),
        text: format!("rule: {rule}\ncases: [{{ name: n, {case} }}]\n"),
    };
    let cases = parse_cases(&file).unwrap_or_else(|problems| panic!("{problems:?} in {case}"));
    let rule = book.rule(rule).expect("it is built in");
    for case in &cases.cases {
        let faults = try_case(rule, case);
        assert!(faults.is_empty(), "{faults:?}");
    }
}

/// Writes a key, as anybody would.
pub(crate) fn write(net: &Net, key: &str, value: &str) -> io::Result<()> {
    let path = Path::new("/proc/sys").join(key.replace('.', "/"));
    net.enter(|| fs::write(path, format!("{value}\n")))
}

/// `tcp_fin_timeout` of a namespace.
pub(crate) fn fin(net: &Net) -> f64 {
    net.read(FIN).parse().expect("it is a number")
}

/// How many lines of a file `sysctl -p` complains about.
pub(crate) fn complaints(net: &Net, file: &str) -> f64 {
    let output = inside(net, "", &["sysctl", "-p", file]);
    let words = String::from_utf8_lossy(&output.stderr);
    let count = words.lines().count();
    assert_eq!(output.status.success(), count == 0, "{words}");
    f64::from(u32::try_from(count).expect("few"))
}
