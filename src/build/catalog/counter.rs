//! The counter table.

use std::fmt::Write as _;

use serde::Deserialize;

use super::{Place, release_option, unit};

/// One entry of `counters.yaml`, as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    proto: String,
    name: String,
    #[serde(default)]
    gauge: bool,
    unit: Option<String>,
    since: Option<String>,
    removed_in: Option<String>,
    cause: Option<Cause>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Cause {
    Host,
}

/// `COUNTERS`, sorted by protocol and name.
pub(crate) fn table(mut entries: Vec<(Place, Entry)>) -> Result<String, String> {
    entries.sort_by(|(_, a), (_, b)| (&a.proto, &a.name).cmp(&(&b.proto, &b.name)));
    for pair in entries.windows(2) {
        if let [(_, a), (place, b)] = pair
            && (&a.proto, &a.name) == (&b.proto, &b.name)
        {
            return Err(place.fault(&format!("{}.{} is listed twice", b.proto, b.name)));
        }
    }
    let mut code = String::from("pub(super) static COUNTERS: &[CounterSpec] = &[\n");
    for (place, entry) in &entries {
        let _ = writeln!(
            code,
            "CounterSpec {{ proto: {:?}, name: {:?}, gauge: {}, unit: Unit::{}, since: {}, removed_in: {}, \
             host_cause: {} }},",
            entry.proto,
            entry.name,
            entry.gauge,
            unit(place, entry.unit.as_deref(), "Count")?,
            release_option(place, entry.since.as_deref())?,
            release_option(place, entry.removed_in.as_deref())?,
            matches!(entry.cause, Some(Cause::Host)),
        );
    }
    code.push_str("];\n");
    Ok(code)
}
