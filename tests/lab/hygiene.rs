//! The files that set keys at boot: what the loader and the kernel make of them.
//!
//! The loader runs in namespaces whose folders were covered before (see `net`), and sets keys of the
//! network namespace alone. What a rule says is judged from the case that the experiment has set up.

use std::fs;
use std::io::{self, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tcptune::catalog::{self, KeyScope};
use tcptune::check::try_case;
use tcptune::fact::KernelVersion;
use tcptune::rule::{RuleFile, Rulebook, parse_cases};

use crate::evidence::proved;
use crate::kernel::accept_bound;
use crate::net::{Net, usable};
use crate::notes::note;

const FIN: &str = "net.ipv4.tcp_fin_timeout";
const SYSTEMD: &str = "/usr/lib/systemd/systemd-sysctl";

/// Runs a command in both namespaces of an experiment.
fn inside(net: &Net, input: &str, command: &[&str]) -> Output {
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

fn write_file(net: &Net, path: &str, text: &str) {
    // Only into a folder that was covered: what the machine has there stays out of reach.
    let script = "[ $(stat -f -c %T \"${1%/*}\") = tmpfs ] && cat > \"$1\"";
    let output = inside(net, text, &["sh", "-c", script, "sh", path]);
    assert!(output.status.success(), "{path}: {output:?}");
}

/// Loads the files of the namespace as at boot; `ours` are all there are.
fn load(net: &Net, ours: &[(&str, &str)]) -> &'static str {
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

fn net() -> Option<Net> {
    usable().then(|| Net::open().expect("namespaces were there a moment ago"))
}

/// The built-in rule comes out as `case` asks.
fn judged(rule: &str, case: &str) {
    let book = Rulebook::built_in().expect("the built-in rules are sound");
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

fn write(net: &Net, key: &str, value: &str) -> io::Result<()> {
    let path = Path::new("/proc/sys").join(key.replace('.', "/"));
    net.enter(|| fs::write(path, format!("{value}\n")))
}

/// `tcp_tw_recycle` cannot be written, and the loader passes the line over.
#[test]
fn tw_recycle_removed() {
    let Some(net) = net() else { return };
    let key = "net.ipv4.tcp_tw_recycle";
    if Path::new("/proc/sys/net/ipv4/tcp_tw_recycle").exists() {
        return note("this kernel has tcp_tw_recycle still");
    }
    let refused = write(&net, key, "1").expect_err("the key is gone");
    assert_eq!(refused.kind(), io::ErrorKind::NotFound);
    let file = "/etc/sysctl.d/50-net.conf";
    load(&net, &[(file, &format!("{key} = 1\n{FIN} = 21\n"))]);
    assert_eq!(net.read(FIN), "21", "the other lines of the file count");
    assert!(write(&net, key, "1").is_err());
    let output = inside(&net, "", &["sysctl", "-p", file]);
    assert!(!output.status.success(), "sysctl -p reports an error");
    let line = "{ place: '/etc/sysctl.d/50-net.conf:1', key: net.ipv4.tcp_tw_recycle, value: 1, fate: ignored }";
    judged(
        "tw-recycle-removed",
        &format!(
            "facts: {{ sysctl.{key}: absent, host.initial_netns: true }}, definitions: [{line}], expect: fires"
        ),
    );
}

/// No key that the catalogue calls removed is on this kernel, and a line for one is passed over.
#[test]
fn removed_key_in_file() {
    let Some(net) = net() else { return };
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").expect("it is readable");
    let kernel = KernelVersion::parse(&release).expect("it is a version");
    let mut gone = Vec::new();
    for spec in catalog::keys() {
        if spec
            .removed_in
            .is_some_and(|release| release.is_in(&kernel))
        {
            let path = catalog::path(spec.key).expect("a key has a path");
            assert!(!Path::new("/proc/sys").join(path).exists(), "{}", spec.key);
            gone.push(spec.key);
        }
    }
    note(&format!("{} keys are gone: {gone:?}", gone.len()));
    assert!(gone.contains(&"net.ipv4.tcp_abc"), "a kernel since 3.9");
    let mut text = gone.join(" = 1\n");
    text.push_str(" = 1\nnet.ipv4.tcp_fin_timeout = 21\n");
    load(&net, &[("/etc/sysctl.d/50-net.conf", &text)]);
    assert_eq!(net.read(FIN), "21");
    for key in gone.iter().filter(|key| **key != "net.ipv4.tcp_tw_recycle") {
        let line = format!(
            "{{ place: '/etc/sysctl.d/50-net.conf:1', key: {key}, value: 1, fate: ignored }}"
        );
        judged(
            "removed-key-in-file",
            &format!(
                "facts: {{ sysctl.{key}: absent, host.initial_netns: true }}, definitions: [{line}], expect: fires"
            ),
        );
    }
}

/// The loader puts the value of the file over the one that was written by hand.
#[test]
fn boot_differs_from_live() {
    let Some(net) = net() else { return };
    let line = "{ place: '/etc/sysctl.d/50-net.conf:1', key: net.ipv4.tcp_fin_timeout, value: 20 }";
    let judge = |live: &str, expect: &str| {
        judged(
            "boot-differs-from-live",
            &format!("facts: {{ sysctl.{FIN}: {live} }}, definitions: [{line}], expect: {expect}"),
        );
    };
    net.write(FIN, "30");
    judge(&net.read(FIN), "fires");
    load(
        &net,
        &[(
            "/etc/sysctl.d/50-net.conf",
            "net.ipv4.tcp_fin_timeout = 20\n",
        )],
    );
    assert_eq!(net.read(FIN), "20");
    judge(&net.read(FIN), "holds");
}

/// A value that no file sets: the loader does not bring it, and a kernel that starts has the default.
#[test]
fn setting_vanishes_at_boot() {
    let (Some(net), Some(fresh)) = (net(), net()) else {
        return;
    };
    let default = fresh.read(FIN);
    net.write(FIN, "30");
    load(
        &fresh,
        &[("/etc/sysctl.d/50-net.conf", "net.ipv4.tcp_retries2 = 9\n")],
    );
    assert_eq!(fresh.read(FIN), default, "as after a boot");
    let judge = |live: &str, expect: &str| {
        judged(
            "setting-vanishes-at-boot",
            &format!(
                "facts: {{ sysctl.{FIN}: {live}, default.{FIN}: {default}, host.initial_netns: true }}, definitions: [], expect: {expect}"
            ),
        );
    };
    judge(&net.read(FIN), "fires");
    judge(&fresh.read(FIN), "holds");
}

/// A file whose name does not end in `.conf`, and under systemd `/etc/sysctl.conf`, are not read.
#[test]
fn set_in_unread_file() {
    let Some(net) = net() else { return };
    let default = net.read(FIN);
    let loader = load(
        &net,
        &[("/etc/sysctl.d/99-tuning", "net.ipv4.tcp_fin_timeout = 21\n")],
    );
    assert_eq!(net.read(FIN), default);
    let line = |file: &str| format!("{{ place: '{file}:1', key: {FIN}, value: 21, unread: true }}");
    let judge = |file: &str| {
        judged(
            "set-in-unread-file",
            &format!(
                "facts: {{ default.{FIN}: {default} }}, definitions: [{}], expect: fires",
                line(file)
            ),
        );
    };
    judge("/etc/sysctl.d/99-tuning");
    if loader != "systemd-sysctl" || !Path::new("/etc/sysctl.conf").exists() {
        return note("sysctl.conf: not tried with this loader");
    }
    write_file(&net, "/run/sysctl.conf", "net.ipv4.tcp_fin_timeout = 22\n");
    let mount = ["mount", "--bind", "/run/sysctl.conf", "/etc/sysctl.conf"];
    assert!(inside(&net, "", &mount).status.success());
    assert!(inside(&net, "", &[SYSTEMD]).status.success());
    assert_eq!(net.read(FIN), default);
    judge("/etc/sysctl.conf");
    // What makes people believe in it:
    assert!(inside(&net, "", &["sysctl", "-p"]).status.success());
    assert_eq!(net.read(FIN), "22");
}

/// The last name wins, byte by byte and over all folders.
#[test]
fn shadowed_setting() {
    let Some(net) = net() else { return };
    let files = [
        (
            "/etc/sysctl.d/100-x.conf",
            "net.ipv4.tcp_fin_timeout = 21\n",
        ),
        (
            "/usr/lib/sysctl.d/99-y.conf",
            "net.ipv4.tcp_fin_timeout = 22\n",
        ),
        ("/etc/sysctl.d/50-z.conf", "net.ipv4.tcp_fin_timeout = 23\n"),
    ];
    load(&net, &files);
    assert_eq!(net.read(FIN), "22");
    judged(
        "shadowed-setting",
        "definitions: [
            { place: '/etc/sysctl.d/100-x.conf:1', key: net.ipv4.tcp_fin_timeout, value: 21, fate: shadowed, by: '/usr/lib/sysctl.d/99-y.conf:1' },
            { place: '/usr/lib/sysctl.d/99-y.conf:1', key: net.ipv4.tcp_fin_timeout, value: 22 }], expect: fires",
    );
}

/// The last line of a file wins.
#[test]
fn duplicate_in_file() {
    let Some(net) = net() else { return };
    let text = "net.ipv4.tcp_fin_timeout = 21\nnet/ipv4/tcp_fin_timeout = 22\n";
    load(&net, &[("/etc/sysctl.d/50-net.conf", text)]);
    assert_eq!(net.read(FIN), "22");
    judged(
        "duplicate-in-file",
        "definitions: [
            { place: '/etc/sysctl.d/50-net.conf:1', key: net.ipv4.tcp_fin_timeout, value: 21, fate: shadowed, by: '/etc/sysctl.d/50-net.conf:2' },
            { place: '/etc/sysctl.d/50-net.conf:2', key: net/ipv4/tcp_fin_timeout, value: 22 }], expect: fires",
    );
}

const RMEM: &str = "net.ipv4.tcp_rmem";
const PORTS: &str = "net.ipv4.ip_local_port_range";
const CC: &str = "net.ipv4.tcp_congestion_control";

/// Keys, and what people write for them.
const WRITTEN: [(&str, &[&str]); 8] = [
    (
        FIN,
        &[
            "21",
            "0x15",
            "21 # c",
            "21 ;c",
            "-1",
            "10 20",
            "025",
            "00",
            "08",
            "\"21\"",
            "'21'",
            "21k",
            "5s",
            "+21",
            "21.5",
            "1,5",
            "21;c",
            "99999999999999999999",
            "",
            "yes",
            "21 \\",
        ],
    ),
    (
        RMEM,
        &[
            "4096 131072 6291456",
            "4096 131072 6291456 # c",
            "5000",
            "5000 # c",
            "5000 abc 600000",
            "5000,140000,600000",
            "6291000 131072 4096",
            "4096 131072 6291456 7",
            "0 131072 6291456",
        ],
    ),
    (
        PORTS,
        &[
            "32768 60999",
            "60000 1024",
            "20000",
            "20000 # c",
            "20000-30000",
        ],
    ),
    ("net.ipv4.tcp_sack", &["1", "yes", "2", "256"]),
    ("net.ipv4.tcp_retries2", &["9", "300", "-1"]),
    ("net.ipv4.tcp_syncookies", &["1", "7"]),
    (
        "net.ipv4.ip_local_reserved_ports",
        &["8080,9148-9150", "80, 90", "80 # c", "\"80\"", "70000"],
    ),
    (CC, &["reno", "reno # c", "\"reno\"", "reno cubic"]),
];

/// What is called refused is refused, what is called taken is taken, and what is passed in silence does
/// what it says.
#[test]
fn ineffective_value() {
    let Some(net) = net() else { return };
    for (key, texts) in WRITTEN {
        let spec = catalog::find(key).expect("it is in the catalogue");
        assert_eq!(spec.scope, KeyScope::Netns, "{key}");
        let default = net.read(key);
        for text in texts {
            let told = spec.ineffective(text);
            let written = write(&net, key, text);
            let refused = told
                .as_deref()
                .is_some_and(|why| why.contains("refused") || why.contains("fail half-way"));
            assert_eq!(
                written.is_err(),
                refused,
                "{key} = {text:?}: {told:?}, {written:?}"
            );
            if told.is_none() {
                let plain = text.split(['#', ';']).next().unwrap_or_default();
                let wanted = if plain == "0x15" { "21" } else { plain };
                let stored = spec.parse(&net.read(key)).expect("the kernel shows values");
                assert_eq!(Ok(stored), spec.parse(wanted), "{key} = {text:?}");
            }
            net.write(key, if default.is_empty() { "" } else { &default });
        }
    }
    let told = |text: &str| {
        write(&net, FIN, text).expect("it is taken");
        net.read(FIN)
    };
    assert_eq!((told("10 20").as_str(), told("025").as_str()), ("10", "21"));
    assert!(write(&net, RMEM, "5000 abc 600000").is_err());
    assert!(
        net.read(RMEM).starts_with("5000 "),
        "and stored all the same"
    );
    judged(
        "ineffective-value",
        "definitions: [{ place: '/etc/sysctl.d/50-net.conf:1', key: net.ipv4.tcp_fin_timeout, value: '\"21\"', fate: invalid }], expect: fires",
    );
}

/// With every port of the range reserved nobody connects. That `tcp_tw_reuse` needs timestamps is shown in `ports`.
#[test]
fn contradictory_settings() {
    const RANGE: &str = "net.ipv4.ip_local_port_range";
    let Some(net) = net() else { return };
    net.write(RANGE, "20000 20099");
    let listener = net
        .enter(|| TcpListener::bind("127.0.0.1:8080"))
        .expect("it listens");
    let connect = || net.enter(|| TcpStream::connect("127.0.0.1:8080"));
    connect().expect("ports are free");
    net.write("net.ipv4.ip_local_reserved_ports", "20000-20099");
    let refused = connect().expect_err("every port is reserved");
    assert_eq!(refused.kind(), io::ErrorKind::AddrNotAvailable);
    drop(listener);
    let case = |range: &str, reserved: &str, expect: &str| {
        judged(
            "contradictory-settings",
            &format!(
                "facts: {{ sysctl.net.ipv4.tcp_tw_reuse: 2, sysctl.net.ipv4.tcp_timestamps: 1 }},
                 boot: {{ net.ipv4.tcp_tw_reuse: 2, net.ipv4.tcp_timestamps: 1, {RANGE}: '{range}',
                          net.ipv4.ip_local_reserved_ports: '{reserved}' }}, expect: {expect}"
            ),
        );
    };
    case("20000 20099", "20000-20099", "fires");
    case("20000 20099", "20000-20050", "holds");
}

/// An old raise makes the queue of a listener shorter than without it.
#[test]
fn stale_raise() {
    const SOMAXCONN: &str = "net.core.somaxconn";
    let Some(net) = net() else { return };
    let default = net.read(SOMAXCONN);
    if default.parse::<u32>().is_ok_and(|number| number <= 1024) {
        return note("this kernel has the small default still");
    }
    let bound = |port: u16| {
        // The largest backlog there is: what is left is the setting's.
        let listener = net.enter(|| {
            use rustix::net::{AddressFamily, SocketType, bind, listen, socket};
            let socket = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
            let address: std::net::SocketAddr = ([127, 0, 0, 1], port).into();
            bind(&socket, &address).expect("the port is free");
            listen(&socket, 65_535).expect("it listens");
            socket
        });
        let bound = accept_bound(&net, port);
        drop(listener);
        bound
    };
    assert_eq!(bound(8080).to_string(), default);
    load(
        &net,
        &[("/etc/sysctl.d/50-net.conf", "net.core.somaxconn = 1024\n")],
    );
    assert_eq!(bound(8081), 1024);
    judged(
        "stale-raise",
        &format!(
            "facts: {{ default.{SOMAXCONN}: {default} }},
             definitions: [{{ place: '/etc/sysctl.d/50-net.conf:1', key: {SOMAXCONN}, value: 1024 }}], expect: fires"
        ),
    );
}

/// A waiver takes a finding out of what counts for as long as it holds, and no longer.
#[test]
fn waiver_expired() {
    let Some(net) = net() else { return };
    let key = "net.ipv4.tcp_abort_on_overflow";
    let before = net.read(key);
    write(&net, key, "1").expect("the namespace is ours");
    let site = tempfile::tempdir().expect("a folder");
    let look = |until: &str| {
        let waiver = format!(
            "waivers: [{{ rule: abort-on-overflow, reason: the lab, owner: us, until: {until} }}]\n"
        );
        fs::write(site.path().join("waivers.yaml"), waiver).expect("the folder is ours");
        let config = site.path().to_str().expect("a plain path");
        let output = inside(
            &net,
            "",
            &[
                env!("CARGO_BIN_EXE_tcptune"),
                "check",
                "--format=json",
                "--interval=0",
                "--select=abort-on-overflow,waiver-expired",
                "--config",
                config,
            ],
        );
        let words = String::from_utf8_lossy(&output.stderr);
        let report = serde_json::from_slice(&output.stdout);
        let report: serde_json::Value = report.unwrap_or_else(|error| panic!("{error}: {words}"));
        let count = |severity: &str| report["summary"][severity].as_u64().expect("a number");
        let counts = count("medium") + count("low");
        let changes = report["findings"][0]["changes"]
            .as_array()
            .map_or(0, Vec::len);
        (output.status.code(), counts, count("waived"), changes)
    };
    // The first day of 2000 is over, whatever the clock says; the last day of 9999 is not.
    assert_eq!(look("2000-01-01"), (Some(1), 2, 0, 1));
    assert_eq!(look("9999-12-31"), (Some(0), 0, 1, 0));
    assert_eq!(net.read(key), "1", "nothing was changed");
    write(&net, key, &before).expect("as before");
    // Cured, nothing fires but the waiver that has ended; renewed, nothing at all.
    assert_eq!(look("2000-01-01").1, 1);
    assert_eq!(look("9999-12-31"), (Some(0), 0, 0, 0));
    proved("waiver-expired", "findings that count", 2.0, 0.0);
}
