//! The keys that are generated: each belongs to the network namespace alone.

/// The interfaces of the stage; the second one has a dot in its name, as a VLAN has.
pub(crate) const INTERFACES: [&str; 2] = ["eth9", "eth9.5"];

/// A key by path, and texts for it: some the kernel takes, some it refuses, some it takes in part.
pub(crate) type Key = (&'static str, &'static [&'static str]);

const SMALL: &[&str] = &[
    "0", "1", "2", "7", "0x1", "01", "1 # one", "-1", "x", "", "1k", "\"1\"",
];
const LARGE: &[&str] = &[
    "21",
    "22",
    "23",
    "300",
    "0x15",
    "025",
    "21 22",
    "21 # c",
    "-5",
    "+21",
    "21.5",
    "21k",
    "bad",
    "2147483648",
    "99999999999999999999",
    "",
    "21;c",
    "yes",
];
const TRIPLE: &[&str] = &[
    "4096 131072 6291000",
    "5000",
    "5000 abc 600000",
    "5000\t140000\t600000",
    "5000,140000,600000",
    "6291000 131072 4096",
    "-1 131072 6291000",
    "4096 131072 6291000 # c",
    "4096 131072 6291000#c",
    "4096 131072 6291000 7",
    "4096   131072 ",
];
const CONTROL: &[&str] = &[
    "reno",
    "cubic",
    "nosuch",
    "RENO",
    "reno # c",
    "reno cubic",
    "\"reno\"",
];

/// Keys that exist once.
pub(crate) const SINGLE: &[Key] = &[
    ("net/ipv4/tcp_fin_timeout", LARGE),
    ("net/ipv4/tcp_keepalive_time", LARGE),
    ("net/ipv4/tcp_keepalive_intvl", LARGE),
    ("net/ipv4/tcp_keepalive_probes", SMALL),
    ("net/ipv4/tcp_retries2", LARGE),
    ("net/ipv4/tcp_sack", SMALL),
    ("net/ipv4/tcp_rmem", TRIPLE),
    ("net/ipv4/tcp_wmem", TRIPLE),
    ("net/ipv4/tcp_congestion_control", CONTROL),
    ("net/ipv4/ip_forward", SMALL),
    (
        "net/ipv4/ip_local_port_range",
        &[
            "2000 3000",
            "60000 1024",
            "1024",
            "1024 65536",
            "2001 3001 # c",
            "a b",
        ],
    ),
    (
        "net/ipv4/ip_local_reserved_ports",
        &[
            "",
            "8080",
            "8080,9000-9010",
            "9010-9000",
            "8080 # c",
            "70000",
        ],
    ),
    ("net/ipv6/conf/all/forwarding", SMALL),
    // Nobody can write the first, nobody can read the second.
    ("net/ipv4/tcp_available_congestion_control", CONTROL),
    ("net/ipv4/route/flush", SMALL),
];

/// Keys that exist for each interface, below `net/ipv4/conf/` or `net/ipv6/conf/`.
pub(crate) const PER_INTERFACE: &[Key] = &[
    ("ipv4/rp_filter", SMALL),
    ("ipv4/log_martians", SMALL),
    ("ipv4/accept_redirects", SMALL),
    ("ipv4/forwarding", SMALL),
    ("ipv4/tag", LARGE),
    ("ipv6/accept_redirects", SMALL),
    ("ipv6/hop_limit", LARGE),
];

/// The folders of the settings of interfaces.
pub(crate) const INTERFACE_FOLDERS: [&str; 5] = ["all", "default", "lo", "eth9", "eth9.5"];

/// Patterns, as they are written. What they match is among the keys above, or of the same kind.
pub(crate) const PATTERNS: &[&str] = &[
    "net.ipv4.conf.*.rp_filter",
    "net.ipv4.conf.*.log_martians",
    "net.ipv4.conf.eth*.rp_filter",
    "net.ipv4.conf.eth?.rp_filter",
    "net.ipv4.conf.eth[0-9].rp_filter",
    "net.ipv4.conf.[!e]*.rp_filter",
    "net.ipv4.conf.[^e]*.rp_filter",
    "net.ipv4.conf.[[:alpha:]]*.rp_filter",
    "net.ipv4.conf.[a-l]*.rp_filter",
    "net.ipv4.conf.[]e]*.rp_filter",
    "net.ipv4.conf.eth[9/5].rp_filter",
    "net.ipv4.conf.eth[.rp_filter",
    "net.ipv4.conf.eth9*5.rp_filter",
    "net.ipv4.conf.eth9/*.rp_filter",
    "net.ipv4.conf.eth9?5.rp_filter",
    "net.ipv4.conf.eth9[/]5.rp_filter",
    "net.ipv4.conf.*\\9.rp_filter",
    "net.ipv4.conf.e[t]h\\9.rp_filter",
    "net.ipv4.conf.zzz*.rp_filter",
    "net.ipv4.conf.{lo,eth9}.rp_filter",
    "net.ipv4.conf.{lo,eth9}*.rp_filter",
    "net.ipv4.*.rp_filter",
    "net.ipv4.conf.default.*_redirects",
    "net.ipv4.tcp_keepalive_*",
    "net.ipv4.tcp_[rw]mem",
    "net.ipv4.tcp_avail*",
    "net.ipv[46].conf.*.accept_redirects",
    "net.ipv?.conf.all.accept_redirects",
    "net.*.conf.lo.accept_redirects",
    "n*.ipv4.conf.lo.rp_filter",
    "net/ipv4/conf/*/rp_filter",
    "/net/ipv4/conf/*/rp_filter",
    "net//ipv4/conf/*/rp_filter",
    "net/ipv4/conf/*/rp_filter/",
    "net/ipv4/conf/./*/rp_filter",
    "net/ipv4/conf/eth9.*/rp_filter",
    "net/ipv4/conf/*.5/rp_filter",
    "net.ipv4.conf.*.rp_filter ",
];

/// Names that no kernel has.
pub(crate) const UNKNOWN: &[&str] = &[
    "net.ipv4.tcp_made_up",
    "net.ipv4.tcp_tw_recycle",
    "net.ipv4.conf.eth8.rp_filter",
    "net.ipv4.conf.eth9.5.rp_filter",
    "net.ipv4",
    "net",
    "tcp_sack",
    "NET.IPV4.TCP_SACK",
    "/proc/sys/net/ipv4/tcp_sack",
    "proc/sys/net/ipv4/tcp_sack",
    "net.ipv4.tcp_fin timeout",
    "net.ipv4/tcp_sack",
    "net/ipv4.tcp_sack",
    "é",
    ".",
    "/",
    "..",
    "-",
    "",
];

/// Every path whose value is read before and after.
pub(crate) fn watched() -> Vec<String> {
    let single = SINGLE
        .iter()
        .map(|(path, _)| (*path).to_owned())
        .filter(|path| !path.ends_with("flush"));
    let each = PER_INTERFACE.iter().flat_map(|(key, _)| {
        let (family, key) = key.split_once('/').expect("a family stands first");
        INTERFACE_FOLDERS.map(|folder| format!("net/{family}/conf/{folder}/{key}"))
    });
    let kin = ["default", "all"].into_iter().flat_map(|folder| {
        ["secure_redirects", "send_redirects"].map(|key| format!("net/ipv4/conf/{folder}/{key}"))
    });
    single.chain(each).chain(kin).collect()
}
