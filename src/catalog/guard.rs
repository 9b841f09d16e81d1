//! Keys whose new value is safe only on some hosts, whoever asks for it.

/// The key that this concerns.
pub const PORT_RANGE: &str = "net.ipv4.ip_local_port_range";

/// The key with ports that the kernel gives to nobody by itself.
pub const RESERVED_PORTS: &str = "net.ipv4.ip_local_reserved_ports";

/// The lowest port that is ever given to outgoing connections. Below lie the ports that services are given
/// by custom, whether one listens now or not.
pub const LOWEST_PORT: i64 = 16_384;

/// The facts without which a new value of a key cannot be called safe.
pub fn guard_facts(key: &str) -> &'static [&'static str] {
    if key == PORT_RANGE {
        &[
            "host.kubernetes_node",
            "port.listeners_above",
            "port.listeners_below",
        ]
    } else {
        &[]
    }
}
