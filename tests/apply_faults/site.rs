//! Rules of a site: what is to be applied.

use std::fs;
use std::path::Path;

/// One wish: a rule's id, when it fires, the key, the value as a rule writes it.
pub(crate) type Wish = (&'static str, &'static str, &'static str, &'static str);

/// Many kinds of keys: whole numbers, a triple, a range, a bool; two depend on each other.
pub(crate) const SITE: [Wish; 6] = [
    (
        "site-fin-timeout",
        "sysctl.net.ipv4.tcp_fin_timeout != 120",
        "net.ipv4.tcp_fin_timeout",
        "120",
    ),
    (
        "site-backlog",
        "sysctl.net.core.somaxconn != 8192",
        "net.core.somaxconn",
        "8192",
    ),
    (
        "site-sack",
        "sysctl.net.ipv4.tcp_sack",
        "net.ipv4.tcp_sack",
        "false",
    ),
    (
        "site-buffers",
        "sysctl.net.ipv4.tcp_rmem.default != 262144",
        "net.ipv4.tcp_rmem",
        "[8192, 262144, 50331648]",
    ),
    // The kernel refuses a range that begins below the unprivileged ports.
    (
        "site-unprivileged",
        "sysctl.net.ipv4.ip_unprivileged_port_start != 9000",
        "net.ipv4.ip_unprivileged_port_start",
        "9000",
    ),
    (
        "site-range",
        "sysctl.net.ipv4.ip_local_port_range.low != 17000",
        "net.ipv4.ip_local_port_range",
        "[17000, 60999]",
    ),
];

/// An earlier apply, of some of the same keys and one other.
pub(crate) const EARLIER: [Wish; 4] = [
    (
        "early-fin-timeout",
        "sysctl.net.ipv4.tcp_fin_timeout != 90",
        "net.ipv4.tcp_fin_timeout",
        "90",
    ),
    (
        "early-buffers",
        "sysctl.net.ipv4.tcp_rmem.default != 200000",
        "net.ipv4.tcp_rmem",
        "[4096, 200000, 40000000]",
    ),
    (
        "early-probes",
        "sysctl.net.ipv4.tcp_keepalive_probes != 12",
        "net.ipv4.tcp_keepalive_probes",
        "12",
    ),
    (
        "early-range",
        "sysctl.net.ipv4.ip_local_port_range.low != 18000",
        "net.ipv4.ip_local_port_range",
        "[18000, 60999]",
    ),
];

/// Where the rules of a test lie.
pub(crate) const SITE_FOLDER: &str = "/run/rules/site";
/// Where those of the earlier apply lie.
pub(crate) const EARLIER_FOLDER: &str = "/run/rules/earlier";

/// Lays out a rule for each wish.
pub(crate) fn lay_out(folder: &str, wishes: &[Wish]) {
    let folder = Path::new(folder).join("site");
    fs::create_dir_all(&folder).expect("/run is writable");
    for (id, when, key, value) in wishes {
        let text = format!(
            "id: {id}
title: \"this site sets {key}\"
severity: low
kind: setting
maturity: preview
scope: netns
owner: host
when: |
  // What this site decided.
  {when}
message: \"{key} is not what this site wants.\"
set:
  {key}: {value}
below_default: \"this site decided so\"
cost: \"none\"
explain: |
  ## What happens
  ## Why it hurts
  ## What tcptune changes
  ## What it costs
  ## When to ignore it
  ## See it yourself
"
        );
        fs::write(folder.join(format!("{id}.yaml")), text).expect("/run is writable");
    }
}
