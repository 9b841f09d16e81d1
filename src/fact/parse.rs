//! Pure parsers of kernel text. Each takes any input at all and says what it could read.

mod conntrack;
mod counters;
mod meminfo;
mod snmp6;
mod sockstat;
mod softnet;
mod tcp_info;
mod uptime;

pub use conntrack::{Conntrack, conntrack_stat};
pub use counters::{counters, visit_counters};
pub use meminfo::memory_total;
pub use snmp6::snmp6_field;
pub use sockstat::sockstat;
pub use softnet::{Softnet, softnet_stat};
pub use tcp_info::{SocketMemory, TcpInfo, socket_memory, tcp_info};
pub use uptime::uptime;

use super::Reading;

/// A decimal number, or the text that is none. Text is cut, so that no report carries a whole file.
fn decimal(text: &str) -> Reading<i64> {
    text.parse()
        .map_or_else(|_| malformed(text), Reading::Known)
}

fn malformed<T>(text: &str) -> Reading<T> {
    Reading::Malformed(text.chars().take(64).collect())
}
