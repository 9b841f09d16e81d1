//! Counters, socket options, myths and concepts.

use super::{Now, Row, Section, Told, key, prose, timing};
use crate::catalog;
use crate::render::quantity;
use crate::topic::{Concept, Counter, Myth, OptionText, Topic};

/// A counter, with what it has counted.
pub(super) fn counter(
    topic: &Topic,
    text: &Counter,
    now: &Now<'_>,
    values: &mut Vec<Told>,
) -> Vec<Section> {
    let mut rows = Vec::new();
    let spec = topic
        .name
        .split_once('.')
        .and_then(|(proto, name)| catalog::counter(proto, name));
    let gauge = spec.is_some_and(|spec| spec.gauge);
    let family = if gauge { "gauge" } else { "counter" };
    let fact = format!("{family}.{}", topic.name);
    if let Some(total) = now.count(&fact) {
        values.push(Told::known(fact, total.to_string(), None));
        let what = if gauge { "now" } else { "so far" };
        rows.push(Row::new(what, quantity::count(total)));
        let uptime = now.snapshot.now.uptime_seconds;
        if let Some(uptime) = uptime.filter(|_| !gauge) {
            let text = format!(
                "counted since this network namespace was made; the machine is up {}",
                quantity::duration(uptime)
            );
            rows.push(Row::new("since", text));
        }
    }
    let release = spec.and_then(|spec| spec.since);
    if let Some(release) = release {
        rows.push(Row::new(
            "there",
            format!("from Linux {release} on, or somewhat earlier"),
        ));
    }
    if let Some(release) = spec.and_then(|spec| spec.removed_in) {
        rows.push(Row::new("gone", format!("since Linux {release}")));
    }
    if spec.is_some_and(|spec| spec.host_cause) {
        let text = "counted per network namespace, caused by a limit of the whole machine";
        rows.push(Row::new("cause", text));
    }
    [
        Section::text("", Some(&text.rises)),
        Section::rows(&now.place(), rows),
        Section::text("What a rise means", Some(&text.means)),
        Section::text("Beware", text.beware.as_deref()),
        watch(&topic.name).filter(|_| !gauge),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// How to see it rise: `nstat` joins protocol and field, and tells what was added since its last run.
fn watch(name: &str) -> Option<Section> {
    let joined = name.replacen('.', "", 1);
    let lines = vec![format!("nstat -n; sleep 10; nstat -z {joined}")];
    Section::of("See whether it rises now", super::Block::Code(lines))
}

/// A socket option, with the settings it stands over.
pub(super) fn option(
    topic: &Topic,
    text: &OptionText,
    now: &Now<'_>,
    values: &mut Vec<Told>,
) -> Vec<Section> {
    let mut rows = vec![
        Row::new("level", text.level.as_str()),
        Row::new("value", text.value.trim()),
    ];
    if let Some(since) = &text.since {
        rows.push(Row::new("since", format!("Linux {since}")));
    }
    let keys = text.overrides.iter();
    let keys = keys.map(|key| {
        let mut row = now.row(key, values);
        timing::short(key).clone_into(&mut row.label);
        row
    });
    let keys = keys.collect();
    [
        Section::text("", Some(&text.does)),
        Section::rows("How to set it", rows),
        Section::rows(
            &format!("The settings it stands over. {}", now.place()),
            keys,
        ),
        Section::text("How the two combine", Some(&text.how)),
        Section::list("Said about it, and wrong", key::wrong(topic)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What is said and wrong.
pub(super) fn myth(text: &Myth) -> Vec<Section> {
    let claim = format!("\"{}\"", text.claim.trim());
    [
        Section::text("Often said", Some(&claim)),
        Section::text("What is true", Some(&text.truth)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// How something works.
pub(super) fn concept(text: &Concept) -> Vec<Section> {
    prose::sections(&text.text)
}
