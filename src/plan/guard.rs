//! Keys whose new value is safe only on some hosts, whoever asks for it: rule or profile.

use crate::catalog::{LOWEST_PORT, PORT_RANGE, RESERVED_PORTS};
use crate::check::View;
use crate::fact::{Reading, Value};
use crate::rule::expr::{Facts, Lookup};

/// Why a value must not be set here, or why that cannot be ruled out.
///
/// A wider port range takes ports away from services: those that listen now (`bind()` fails after their
/// restart while an outgoing connection has the port), those of a Kubernetes node (30000-32767), and those
/// below 16384 that services are given by custom. A shorter list of reserved ports takes away what somebody
/// has kept for one.
pub(super) fn unsafe_here(
    key: &str,
    live: &Reading<Value>,
    wanted: &Value,
    view: &View<'_>,
) -> Option<String> {
    match (key, live.value()?, wanted) {
        (PORT_RANGE, Value::Range(live), Value::Range(wanted)) => wider(*live, *wanted, view),
        (RESERVED_PORTS, Value::Ports(live), Value::Ports(wanted)) => given_up(live, wanted),
        _ => None,
    }
}

/// Why ports must not stop being reserved: somebody has kept them for a service, which may not run just now.
fn given_up(live: &[(u16, u16)], wanted: &[(u16, u16)]) -> Option<String> {
    let lost = without(live, wanted);
    let more = match lost.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let shown: Vec<_> = lost.into_iter().take(SHOWN).collect();
    (!shown.is_empty()).then(|| {
        let shown = Value::Ports(shown);
        format!("{shown}{more} would no longer be reserved: name what is reserved now, too")
    })
}

/// How many ranges of ports a reason names.
const SHOWN: usize = 4;

/// The ports of the first list that are not in the second. Ranges ascend and do not overlap.
fn without(list: &[(u16, u16)], taken: &[(u16, u16)]) -> Vec<(u16, u16)> {
    let mut left = Vec::new();
    for (low, high) in list {
        let mut from = Some(*low);
        for (start, end) in taken.iter().filter(|(start, _)| start <= high) {
            let Some(at) = from.filter(|at| at <= end) else {
                continue;
            };
            if at < *start {
                left.push((at, start.saturating_sub(1)));
            }
            from = end.checked_add(1);
        }
        if let Some(at) = from.filter(|at| at <= high) {
            left.push((at, *high));
        }
    }
    left
}

fn wider([from, to]: [i64; 2], [low, high]: [i64; 2], view: &View<'_>) -> Option<String> {
    if low >= from && high <= to {
        return None;
    }
    if low < from && low < LOWEST_PORT {
        return Some(format!(
            "ports below {LOWEST_PORT} are given to services by custom"
        ));
    }
    let mut reasons = vec![(
        "host.kubernetes_node",
        "this is a Kubernetes node: NodePorts lie in 30000-32767",
    )];
    if low < from {
        let why = "services listen on ports that would become part of the range";
        reasons.push(("port.listeners_below", why));
    }
    if high > to {
        let why = "services listen on ports above that would become part of the range";
        reasons.push(("port.listeners_above", why));
    }
    reasons
        .into_iter()
        .find_map(|(fact, why)| match view.value(fact) {
            Lookup::Value(Value::Bool(false) | Value::Int(0)) => None,
            Lookup::Value(_) => Some(why.to_owned()),
            Lookup::Missing(_) => Some(format!("cannot rule out: {why} (missing {fact})")),
        })
}
