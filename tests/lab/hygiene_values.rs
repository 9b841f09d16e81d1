//! Values that do not do what they say: refused, ignored, against each other, below the default.

use std::io;
use std::net::{TcpListener, TcpStream};

use tcptune::catalog::{self, KeyScope};
use tcptune::fact::KernelVersion;

use crate::boot_files::{FIN, fin, judged, load, net, write};
use crate::evidence::proved;
use crate::kernel::accept_bound;
use crate::load::{Manner, Server, connect_each, listen};
use crate::net::{Net, Undo};
use crate::notes::note;
use crate::pair::{Family, Pair, host};

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
    net.write(FIN, "60");
    load(
        &net,
        &[(
            "/etc/sysctl.d/50-net.conf",
            "net.ipv4.tcp_fin_timeout = \"21\"\n",
        )],
    );
    let missed = (fin(&net) - 21.0).abs();
    load(
        &net,
        &[(
            "/etc/sysctl.d/50-net.conf",
            "net.ipv4.tcp_fin_timeout = 21\n",
        )],
    );
    let met = (fin(&net) - 21.0).abs();
    judged(
        "ineffective-value",
        "definitions: [{ place: '/etc/sysctl.d/50-net.conf:1', key: net.ipv4.tcp_fin_timeout, value: '\"21\"', fate: invalid }], expect: fires",
    );
    proved(
        "ineffective-value",
        "seconds between the file's tcp_fin_timeout and the real one",
        missed,
        met,
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
    let failed =
        || f64::from(u8::try_from((0..10).filter(|_| connect().is_err()).count()).expect("few"));
    let before = failed();
    net.write("net.ipv4.ip_local_reserved_ports", "20000-20050");
    let after = failed();
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
    proved(
        "contradictory-settings",
        "connections without a local port, of 10",
        before,
        after,
    );
}

/// What a listener may have waiting when its program asks for as much as there is.
fn bound(net: &Net, port: u16) -> u64 {
    let _listener = listen(net, ([127, 0, 0, 1], port).into(), 65_535);
    accept_bound(net, port)
}

fn number(count: u64) -> f64 {
    f64::from(u32::try_from(count).expect("few"))
}

const SOMAXCONN: &str = "net.core.somaxconn";

/// An old raise makes the queue of a listener shorter than without it.
#[test]
fn stale_raise() {
    let Some(net) = net() else { return };
    let default = net.read(SOMAXCONN);
    if default.parse::<u32>().is_ok_and(|number| number <= 1024) {
        return note("this kernel has the small default still");
    }
    let whole = bound(&net, 8080);
    assert_eq!(whole.to_string(), default);
    load(
        &net,
        &[("/etc/sysctl.d/50-net.conf", "net.core.somaxconn = 1024\n")],
    );
    let short = bound(&net, 8081);
    assert_eq!(short, 1024);
    judged(
        "stale-raise",
        &format!(
            "facts: {{ default.{SOMAXCONN}: {default} }},
             definitions: [{{ place: '/etc/sysctl.d/50-net.conf:1', key: {SOMAXCONN}, value: 1024 }}], expect: fires"
        ),
    );
    proved(
        "stale-raise",
        "connections that may wait at a listener",
        number(short),
        number(whole),
    );
}

/// The same by hand, which no file tells of.
#[test]
fn below_kernel_default() {
    let rule = "below-kernel-default";
    let Some(net) = net() else { return };
    let default = net.read(SOMAXCONN);
    let case = |live: &str, expect: &str| {
        judged(
            rule,
            &format!(
                "facts: {{ sysctl.{SOMAXCONN}: {live}, default.{SOMAXCONN}: {default} }}, definitions: [], expect: {expect}"
            ),
        );
    };
    net.write(SOMAXCONN, "100");
    let short = bound(&net, 8080);
    assert_eq!(short, 100);
    case(&net.read(SOMAXCONN), "fires");
    net.write(SOMAXCONN, &default);
    let whole = bound(&net, 8081);
    assert_eq!(whole.to_string(), default);
    case(&net.read(SOMAXCONN), "holds");
    proved(
        rule,
        "connections that may wait at a listener",
        number(short),
        number(whole),
    );
}

/// The kernel keeps the key and does not look at it: the first window that a connection offers stays the
/// same. A key that it does look at moves the window.
#[test]
fn no_op_key() {
    const SHARE: &str = "net.ipv4.tcp_adv_win_scale";
    let rule = "no-op-key";
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").expect("it is readable");
    let kernel = KernelVersion::parse(&release).expect("it is a version");
    let since = catalog::find(SHARE).and_then(|spec| spec.noop_since);
    if !since.is_some_and(|since| since.is_in(&kernel)) {
        return note("this kernel reads tcp_adv_win_scale still");
    }
    let Some(pair) = Pair::open() else { return };
    let before = pair.host.settings();
    let default = pair.host.read(SHARE);
    let mut port = 8080;
    let mut window = || {
        port += 1;
        let at = host(Family::V4, port);
        let _server = Server::start(&pair.host, at, Manner::Hold);
        let _client = connect_each(&pair.peer, at, 1);
        offered(&pair.peer, port)
    };
    let plain = window();
    let mut moved = 0;
    for value in ["-2", "4", "31"] {
        let set = Undo::write(&pair.host, [(SHARE, value)]);
        moved = moved.max(window().abs_diff(plain));
        set.take_back(&pair.host);
    }
    assert_eq!(moved, 0, "bytes by which an ignored key moves the window");
    let real = Undo::write(&pair.host, [("net.ipv4.tcp_rmem", "4096 16384 6291456")]);
    let other = window().abs_diff(plain);
    real.take_back(&pair.host);
    pair.host.has_settings(&before);
    for (live, expect) in [("4", "fires"), (default.as_str(), "holds")] {
        judged(
            rule,
            &format!(
                "kernel: '{}', facts: {{ sysctl.{SHARE}: {live}, default.{SHARE}: {default} }}, definitions: [], expect: {expect}",
                release.trim()
            ),
        );
    }
    note(&format!(
        "no_op_key: {SHARE} moves the window of {plain} by {moved} bytes, tcp_rmem by {other}"
    ));
    proved(
        rule,
        "bytes by which a setting moves the first window: the ignored key, and tcp_rmem",
        0.0,
        number(other),
    );
}

/// The window that the other end has offered to the connection towards `port`.
fn offered(net: &Net, port: u16) -> u64 {
    let text = net.ss(&[
        "-HOtni",
        "state",
        "established",
        &format!("dport = :{port}"),
    ]);
    let mut windows = text
        .split_whitespace()
        .filter_map(|word| word.strip_prefix("snd_wnd:"));
    let window = windows.next().and_then(|digits| digits.parse().ok());
    window.unwrap_or_else(|| panic!("no window in {text:?}"))
}
