//! The camel-case names that node pools of AKS have for sysctls.

/// Words of the kernel's own folders, longest first: `netIpv4NeighDefaultGcThresh1` is below them.
const FOLDERS: [(&str, &str); 6] = [
    ("netIpv4NeighDefault", "net.ipv4.neigh.default."),
    ("netIpv6NeighDefault", "net.ipv6.neigh.default."),
    ("netNetfilter", "net.netfilter."),
    ("netCore", "net.core."),
    ("netIpv4", "net.ipv4."),
    ("netIpv6", "net.ipv6."),
];

/// The key a camel-case name stands for.
pub(super) fn key(name: &str) -> Option<String> {
    let (rest, folder) = FOLDERS.iter().find_map(|(camel, folder)| {
        let rest = name.strip_prefix(camel)?;
        rest.starts_with(|c: char| c.is_ascii_uppercase())
            .then_some((rest, *folder))
    })?;
    if !rest.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let mut key = folder.to_owned();
    for (at, letter) in rest.char_indices() {
        if letter.is_ascii_uppercase() && at > 0 {
            key.push('_');
        }
        key.push(letter.to_ascii_lowercase());
    }
    // One name is cased unlike its neighbours.
    Some(key.replace(".tcpkeepalive_", ".tcp_keepalive_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_node_pools_are_keys_of_the_kernel() {
        for (name, is) in [
            ("netCoreSomaxconn", "net.core.somaxconn"),
            ("netIpv4TcpTwReuse", "net.ipv4.tcp_tw_reuse"),
            ("netIpv4TcpkeepaliveIntvl", "net.ipv4.tcp_keepalive_intvl"),
            (
                "netIpv4NeighDefaultGcThresh1",
                "net.ipv4.neigh.default.gc_thresh1",
            ),
            ("netIpv4IpLocalPortRange", "net.ipv4.ip_local_port_range"),
            (
                "netNetfilterNfConntrackMax",
                "net.netfilter.nf_conntrack_max",
            ),
        ] {
            assert_eq!(key(name).as_deref(), Some(is));
        }
        for other in [
            "netCore",
            "netCores",
            "network",
            "vmSwappiness",
            "netCore.X",
        ] {
            assert_eq!(key(other), None, "{other}");
        }
    }
}
