//! Keys whose new value is safe only on some hosts, whoever asks for it: rule or profile.

use crate::catalog::{LOWEST_PORT, PORT_RANGE};
use crate::check::View;
use crate::fact::{Reading, Value};
use crate::rule::expr::{Facts, Lookup};

/// Why a value must not be set here, or why that cannot be ruled out.
///
/// A wider port range takes ports away from services: those that listen now (`bind()` fails after their
/// restart while an outgoing connection has the port), those of a Kubernetes node (30000-32767), and those
/// below 16384 that services are given by custom.
pub(super) fn unsafe_here(
    key: &str,
    live: &Reading<Value>,
    wanted: &Value,
    view: &View<'_>,
) -> Option<String> {
    let (PORT_RANGE, Value::Range([low, high])) = (key, wanted) else {
        return None;
    };
    let Some(Value::Range([from, to])) = live.value() else {
        return None;
    };
    if low >= from && high <= to {
        return None;
    }
    if low < from && *low < LOWEST_PORT {
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
