//! Keys that exist only with a module.

/// Beginnings of names, and the module that brings them (`register_net_sysctl` in `nf_conntrack_standalone.c`,
/// `br_netfilter_hooks.c`, `ip_vs_ctl.c`, `net/sctp/sysctl.c`, `net/mpls/af_mpls.c`, `net/sunrpc/sysctl.c`).
const MODULES: [(&str, &str); 7] = [
    ("net.netfilter.nf_conntrack_", "nf_conntrack"),
    ("net.nf_conntrack_max", "nf_conntrack"),
    ("net.bridge.bridge-nf-", "br_netfilter"),
    ("net.ipv4.vs.", "ip_vs"),
    ("net.sctp.", "sctp"),
    ("net.mpls.", "mpls_router"),
    ("sunrpc.", "sunrpc"),
];

/// The module without which a dotted key does not exist, where it is one that may be built as a module.
///
/// ```
/// assert_eq!(tcptune::catalog::module_of("net.bridge.bridge-nf-call-iptables"), Some("br_netfilter"));
/// assert_eq!(tcptune::catalog::module_of("net.ipv4.tcp_sack"), None);
/// ```
pub fn module_of(key: &str) -> Option<&'static str> {
    let beginning = |(start, _): &&(&str, &str)| key.starts_with(start);
    MODULES.iter().find(beginning).map(|(_, module)| *module)
}
