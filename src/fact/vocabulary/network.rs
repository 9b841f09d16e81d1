//! Connection tracking, interfaces, ports, and what the profile says.

use super::{DIAG, FactClass, FactKind, FactSpec, RISING, of, stored};
use crate::fact::Unit;

const CONNTRACK: &str = "/proc/net/stat/nf_conntrack";
const CONF: &str = "/proc/sys/net/ipv4/conf";
const PROFILE: &str = "profile";

#[rustfmt::skip]
pub(super) const NETWORK: [FactSpec; 9] = [
    stored("conntrack.drop", RISING, CONNTRACK, "packets dropped because an entry could not be made"),
    stored("conntrack.early_drop", RISING, CONNTRACK, "entries thrown out to make room for new ones"),
    stored("conntrack.insert_failed", RISING, CONNTRACK, "entries that could not be inserted"),
    stored("interface.rp_filter", FactKind::Number(Unit::Number), CONF, "rp_filter of the strictest interface (1 before 2; the larger of its own and conf.all)"),
    stored("interface.rp_filter_name", FactKind::Text, CONF, "which one that is, if it is one alone"),
    of(FactClass::Listener, "listener.loopback", FactKind::Bool, DIAG, "it listens on a loopback address"),
    of(FactClass::Listener, "listener.in_range", FactKind::Bool, DIAG, "its port is one that the kernel may give to outgoing connections"),
    of(FactClass::Derived, "port.reserved_and_services", FactKind::Ports, DIAG, "the reserved ports and those of services in ip_local_port_range"),
    of(FactClass::Param, "param.idle_limit", FactKind::Number(Unit::Seconds), PROFILE, "what a load balancer or NAT on the way allows a connection to be quiet; 0: none named"),
];

/// What a parameter is where no profile says.
pub fn param_default(name: &str) -> Option<i64> {
    match name {
        "param.idle_limit" => Some(0),
        _ => None,
    }
}
