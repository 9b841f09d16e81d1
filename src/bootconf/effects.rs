//! What the write of one key does to others.

use super::tree::Keys;
use crate::fact::Value;

/// What happens to another key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// It gets this value.
    Becomes(Value),
    /// Its value cannot be told; why.
    Unknown(String),
}

/// IPv6 keys whose `all` overwrites every interface, and whether the template too
/// (`addrconf_fixup_forwarding`, `addrconf_disable_ipv6`, `addrconf_fixup_linkdown`,
/// `addrconf_sysctl_addr_gen_mode`, `addrconf_sysctl_force_forwarding`).
const OF_ALL: [(&str, bool); 5] = [
    ("forwarding", true),
    ("disable_ipv6", true),
    ("ignore_routes_with_linkdown", true),
    ("addr_gen_mode", true),
    ("force_forwarding", false),
];

/// Ends of two keys that show one value in two units, or as a number and a name.
const UNITS: [(&str, &str); 5] = [
    ("base_reachable_time", "base_reachable_time_ms"),
    ("retrans_time", "retrans_time_ms"),
    ("unres_qlen", "unres_qlen_bytes"),
    ("gc_min_interval", "gc_min_interval_ms"),
    ("pm_type", "path_manager"),
];

const FORWARD: [&str; 2] = ["net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding"];

/// IPv4 keys whose template does not reach existing interfaces: their handlers
/// (`devinet_sysctl_forward`, `ipv4_doint_and_flush`) do not call `devinet_copy_dflt_conf`.
const NOT_COPIED: [&str; 6] = [
    "forwarding",
    "disable_policy",
    "disable_xfrm",
    "drop_unicast_in_l2_multicast",
    "promote_secondaries",
    "route_localnet",
];

/// Whether a write to `conf.default` may change interfaces: those made later, or existing ones too.
pub(super) fn reaches_interfaces(family: &str, end: &str, boot: bool) -> bool {
    boot || (family == "ipv4" && !NOT_COPIED.contains(&end))
}

/// What a write did to its own key.
pub(super) struct Change<'a> {
    /// The value before, where it is known.
    pub(super) old: Option<&'a Value>,
    /// The value afterwards, where it is known.
    pub(super) new: Option<&'a Value>,
    /// The text is `1`: of a switch that was on before, most likely the same number.
    pub(super) one: bool,
}

/// What follows for other keys when a key changes.
pub(super) fn effects(key: &str, change: &Change, keys: &dyn Keys) -> Vec<(String, Effect)> {
    let mut found = Vec::new();
    let certain = !key.ends_with(".force_forwarding") || change.old.is_some();
    let copy = || match change.new {
        Some(value) if certain => Effect::Becomes(value.clone()),
        _ => Effect::Unknown(format!("it follows {key}, whose value cannot be told")),
    };
    if FORWARD.contains(&key) {
        for other in FORWARD.iter().filter(|name| **name != key) {
            found.push(((*other).to_owned(), copy()));
        }
        forward(key, change, keys, &mut found);
    }
    if let Some(end) = key.strip_prefix("net.ipv6.conf.all.")
        && let Some((_, template)) = OF_ALL.iter().find(|(of_all, _)| *of_all == end)
    {
        // `addrconf_sysctl_force_forwarding` does nothing for a number the key has already.
        let repeated =
            end == "force_forwarding" && change.new.is_some() && change.old == change.new;
        let others = if repeated {
            Vec::new()
        } else {
            interfaces("net/ipv6/conf", keys)
        };
        if end == "forwarding" && change.new != Some(&Value::Bool(true)) {
            // `addrconf_forward_change`, since 6.17.
            for interface in &others {
                let effect = match change.new {
                    Some(off) => Effect::Becomes(off.clone()),
                    None => copy(),
                };
                let other = format!("net.ipv6.conf.{interface}.force_forwarding");
                found.push((other, effect));
            }
        }
        for interface in others
            .into_iter()
            .chain(template.then(|| "default".to_owned()))
        {
            found.push((format!("net.ipv6.conf.{interface}.{end}"), copy()));
        }
    }
    if let Some((family, end)) = key.rsplit_once('.') {
        for (one, other) in UNITS {
            let sibling = match end {
                end if end == one => other,
                end if end == other => one,
                _ => continue,
            };
            let why = format!("it shows the value of {key} in another way");
            found.push((format!("{family}.{sibling}"), Effect::Unknown(why)));
        }
    }
    found
}

/// `devinet_sysctl_forward` and `inet_forward_change`: a change of the number switches every interface, the
/// template, and whether redirects are accepted.
fn forward(key: &str, change: &Change, keys: &dyn Keys, found: &mut Vec<(String, Effect)>) {
    let on = match change.new {
        Some(Value::Bool(on)) => *on,
        _ => false,
    };
    if change.new.is_some() && change.old == change.new && (!on || change.one) {
        return;
    }
    let certain = change.new.is_some() && change.old.is_some() && change.old != change.new;
    let effect = |value| {
        if certain {
            Effect::Becomes(Value::Bool(value))
        } else {
            Effect::Unknown(format!("it is reset if the write changes {key}"))
        }
    };
    found.push(("net.ipv4.conf.all.accept_redirects".to_owned(), effect(!on)));
    found.push(("net.ipv4.conf.default.forwarding".to_owned(), effect(on)));
    for interface in interfaces("net/ipv4/conf", keys) {
        found.push((format!("net.ipv4.conf.{interface}.forwarding"), effect(on)));
    }
}

/// The interfaces below a folder as segments of dotted names.
pub(super) fn interfaces(folder: &str, keys: &dyn Keys) -> Vec<String> {
    let mut names: Vec<String> = keys
        .children(folder)
        .into_iter()
        .filter(|(name, is_folder)| *is_folder && !matches!(name.as_str(), "all" | "default"))
        .map(|(name, _)| name.replace('.', "/"))
        .collect();
    names.sort();
    names
}
