//! A setting.

use super::{Basis, Now, Row, Section, Told, timing};
use crate::catalog::{self, Bounds, KeyScope, KeySpec, Kind, NewNetns, Write};
use crate::fact::Reading;
use crate::render::reach::{reach, scope_of};
use crate::render::why::{WhyKey, unit};
use crate::topic::{self, Key, Topic};

/// What a key is, in a few words.
pub(super) fn title(key: &str, now: &Now<'_>) -> String {
    let Some(spec) = catalog::find(key) else {
        return "sysctl".to_owned();
    };
    let mut words = vec!["sysctl".to_owned()];
    if let Some(release) = spec.removed_in {
        words.push(format!("removed in Linux {release}"));
        return words.join(", ");
    }
    words.extend(unit(spec));
    let place = scope_of(spec, now.kernel).map(|scope| match scope {
        KeyScope::Netns => "per network namespace",
        KeyScope::Host | KeyScope::HostReadonly => "of the whole machine",
    });
    words.extend(place.map(str::to_owned));
    if let Some(release) = spec.noop_since {
        words.push(match ignored(spec, now) {
            Some(true) => format!("without effect since Linux {release}"),
            Some(false) | None => format!("without effect from Linux {release} on"),
        });
    }
    words.join(", ")
}

/// The whole explanation.
pub(super) fn sections(
    topic: &Topic,
    text: Option<&Key>,
    now: &Now<'_>,
    values: &mut Vec<Told>,
) -> Vec<Section> {
    let key = topic.name.as_str();
    let spec = catalog::find(key);
    let mut sections = Vec::new();
    let mut add = |section: Option<Section>| sections.extend(section);
    add(Section::text("", text.map(|text| text.does.as_str())));
    if let Some(text) = text {
        add(Section::text(
            &gone_heading(key, spec, now),
            text.gone.as_deref(),
        ));
    }
    add(Section::rows(&now.place(), here(key, spec, now, values)));
    if let Some(text) = text {
        add(timing::section(&text.timings, now, values));
        let [up, down] = directions(spec);
        add(Section::text(up, text.up.as_deref()));
        add(Section::text(down, text.down.as_deref()));
        add(Section::text("Other values", text.change.as_deref()));
        add(Section::text("Leave it alone", text.leave.as_deref()));
        add(Section::text("Beware", text.note.as_deref()));
    }
    add(Section::rows("Where it counts", scope(key, spec, now)));
    add(Section::list("History", history(spec, text)));
    add(Section::list("Said about it, and wrong", wrong(topic)));
    sections
}

/// Claims about a topic, each with what is true. Of many, those that are about it before all else.
pub(super) fn wrong(topic: &Topic) -> Vec<String> {
    const SHOWN: usize = 4;
    let myths = topic::myths_about(topic);
    let more = myths.len().saturating_sub(SHOWN);
    let shown = myths.into_iter().take(SHOWN);
    let mut lines: Vec<String> = shown
        .map(|myth| format!("\"{}\" {}", myth.claim.trim(), myth.truth.trim()))
        .collect();
    if more > 0 {
        lines.push(format!("{more} more among those of: tcptune explain myths"));
    }
    lines
}

/// What is said of a later kernel must not be taken for this one.
fn gone_heading(key: &str, spec: Option<&KeySpec>, now: &Now<'_>) -> String {
    match spec.and_then(|spec| spec.removed_in) {
        Some(release) if is_here(key, now) => {
            format!("It is here, and gone from Linux {release} on")
        }
        Some(_) => "It is gone".to_owned(),
        None => without_effect(spec, now),
    }
}

/// Of a key that newer kernels keep and ignore.
fn without_effect(spec: Option<&KeySpec>, now: &Now<'_>) -> String {
    let Some((spec, release)) = spec.and_then(|spec| Some((spec, spec.noop_since?))) else {
        return "It does nothing any more".to_owned();
    };
    match ignored(spec, now) {
        Some(true) => "It does nothing any more".to_owned(),
        Some(false) => format!("It works here; without effect from Linux {release} on"),
        None => format!(
            "Without effect from Linux {release} on; whether this vendor's kernel reads it is not known"
        ),
    }
}

/// Whether the kernel that is meant ignores the key. Without a kernel, newer ones are meant.
fn ignored(spec: &KeySpec, now: &Now<'_>) -> Option<bool> {
    now.kernel
        .map_or(Some(spec.noop_since.is_some()), |kernel| {
            spec.is_ignored_by(kernel)
        })
}

/// Whether the kernel that is meant has the key, as far as that is known.
fn is_here(key: &str, now: &Now<'_>) -> bool {
    match now.read(key) {
        Reading::Known(_) => true,
        Reading::Absent => false,
        // Of a release alone: it has the key, and no default of it is known.
        _ => now.basis != Basis::Host && now.kernel.is_some(),
    }
}

fn directions(spec: Option<&KeySpec>) -> [&'static str; 2] {
    match spec.map(|spec| spec.kind) {
        Some(Kind::Bool) => ["On", "Off"],
        _ => ["Raised", "Lowered"],
    }
}

/// The values of this host, or of a kernel.
fn here(
    key: &str,
    spec: Option<&'static KeySpec>,
    now: &Now<'_>,
    values: &mut Vec<Told>,
) -> Vec<Row> {
    let mut rows = Vec::new();
    if key.contains('*') {
        members(key, now, values, &mut rows);
    } else if let Some(standing) = now.standing(key) {
        stands(key, &standing, spec, values, &mut rows);
    } else {
        let mut row = now.row(key, values);
        "default".clone_into(&mut row.label);
        rows.push(row);
    }
    let Some(spec) = spec.filter(|spec| spec.removed_in.is_none()) else {
        return rows;
    };
    // Where it is not the reason that no default is told.
    let told = |scaled: &str| rows.iter().any(|row| row.text.contains(scaled));
    if let Some(scaled) = spec.scaled.filter(|scaled| !told(scaled)) {
        rows.push(Row::new("scales", scaled));
    }
    if let Some(takes) = takes(spec, now) {
        rows.push(Row::new("takes", takes));
    }
    for (number, meaning) in spec.values {
        let meaning = meaning_here(spec, *number, meaning, now);
        rows.push(Row::new(&number.to_string(), meaning));
    }
    rows
}

/// Every member of a family: what concerns all, the template, then the interfaces by name.
fn members(key: &str, now: &Now<'_>, values: &mut Vec<Told>, rows: &mut Vec<Row>) {
    /// A host of containers has hundreds.
    const SHOWN: usize = 12;
    let (front, back) = key.split_once('*').unwrap_or((key, ""));
    let (front, back) = (format!("sysctl.{front}"), back.to_owned());
    let readings = now.snapshot.now.readings.range(front.clone()..);
    let own = readings.take_while(|(fact, _)| fact.starts_with(&front));
    let mut own: Vec<(&str, &String)> = own
        .filter_map(|(fact, reading)| {
            let name = fact.strip_prefix(&front)?.strip_suffix(&back)?;
            Some((name, fact, reading.value()?.to_string()))
        })
        .map(|(name, fact, value)| {
            values.push(Told::known(fact.clone(), value, None));
            (name, fact)
        })
        .collect();
    own.sort_by_key(|(name, _)| (*name != "all", *name != "default", *name));
    let more = own.len().saturating_sub(SHOWN);
    for (name, fact) in own.iter().take(SHOWN) {
        let told = values.iter().find(|told| told.name == **fact);
        let value = told.and_then(|told| told.value.clone());
        rows.push(Row::new(name, value.unwrap_or_default()));
    }
    if more > 0 {
        rows.push(Row::new(
            "more",
            format!(
                "{more} more: tcptune why {}",
                key.split('*').next().unwrap_or(key)
            ),
        ));
    }
    if own.is_empty() {
        let text = "a family: one for each interface, in place of the *";
        rows.push(Row::new("live", text));
    }
}

/// Live, default and next boot, each with where it comes from.
fn stands(
    key: &str,
    standing: &WhyKey,
    spec: Option<&KeySpec>,
    values: &mut Vec<Told>,
    rows: &mut Vec<Row>,
) {
    let unit = spec.and_then(unit);
    let mut add = |label: &str, family: &str, value: &Option<String>, why: &str| {
        let name = format!("{family}.{key}");
        values.push(match value {
            Some(value) => Told::known(name, value.clone(), unit.as_deref()),
            None => Told::unknown(name, why.to_owned()),
        });
        let text = match (value.as_deref(), why) {
            (Some(""), "") => "(empty)".to_owned(),
            (Some(""), why) => format!("(empty); {why}"),
            (Some(value), "") => value.to_owned(),
            (Some(value), why) => format!("{value}; {why}"),
            (None, why) => why.to_owned(),
        };
        rows.push(Row::new(label, text));
    };
    let reasons = &standing.reasons;
    add("live", "sysctl", &standing.live, &reasons.live);
    if standing.exists == Some(false) {
        return;
    }
    add("next boot", "boot", &standing.next_boot, &reasons.next_boot);
    add("default", "default", &standing.default, &reasons.default);
}

/// What a value means to the kernel that is meant, where that changed.
fn meaning_here(spec: &KeySpec, number: i64, meaning: &str, now: &Now<'_>) -> String {
    let mut before = spec.values_before.iter();
    let before = before.find(|(other, _)| *other == number);
    let (Some((_, before)), Some(since)) = (before, spec.values_since) else {
        return meaning.to_owned();
    };
    match now.kernel.map(|kernel| since.known_in(kernel)) {
        None | Some(Some(true)) => meaning.to_owned(),
        Some(Some(false)) => (*before).to_owned(),
        Some(None) => format!("{meaning} from Linux {since} on; before, {before}"),
    }
}

/// What a write accepts.
fn takes(spec: &KeySpec, now: &Now<'_>) -> Option<String> {
    let each = match spec.kind {
        Kind::Triple => "three numbers, each ",
        Kind::Range => "two numbers, each ",
        _ => "",
    };
    match spec.kind {
        Kind::Bool => Some("0 is off, any other number is on".to_owned()),
        Kind::Ports => Some("a list of ports and ranges: 8080,9148-9150".to_owned()),
        Kind::Words => Some("words with blanks between them".to_owned()),
        Kind::Text => None,
        _ => {
            let newest = spec.bounds()?;
            let here = now
                .kernel
                .map_or(Some(newest), |kernel| spec.bounds_in(kernel));
            let Bounds { min, max, .. } = here.unwrap_or(newest);
            let any = (min, max) == (i64::from(i32::MIN), i64::from(i32::MAX));
            let bounds = match spec.max_key {
                _ if any => "any 32-bit number: nothing is checked".to_owned(),
                Some(key) => format!("{min} to {key}, which is {max} by default"),
                None => format!("{min} to {max}"),
            };
            Some(match (here, newest.since) {
                (Some(_), _) => format!("{each}{bounds}"),
                (None, Some(since)) => {
                    format!("not known of this kernel; from Linux {since} on {each}{bounds}")
                }
                (None, None) => "not known of this kernel".to_owned(),
            })
        }
    }
}

/// Machine or namespace, containers, and what is never written.
fn scope(key: &str, spec: Option<&KeySpec>, now: &Now<'_>) -> Vec<Row> {
    let Some(spec) = spec.filter(|spec| spec.removed_in.is_none()) else {
        return Vec::new();
    };
    let mut rows = Vec::new();
    rows.push(Row::new("scope", reach(spec, now.kernel)));
    if scope_of(spec, now.kernel) == Some(KeyScope::Netns) {
        let start = match spec.new_netns {
            NewNetns::Default => "the kernel's default, whatever the host has",
            NewNetns::InheritInit => "a copy of the initial namespace's value",
            NewNetns::InheritCreator => "a copy of the value of the namespace that makes it",
            NewNetns::HostValue => "the host's own value",
            NewNetns::Absent => "nothing: the key is not there",
        };
        rows.push(Row::new("new namespace", start));
        let pods = match spec.kubernetes_safe_since {
            Some(release) => format!("a pod may set it, from Kubernetes {release} on"),
            None => "unsafe: a pod may set it only where the kubelet allows it by name".to_owned(),
        };
        if key.starts_with("net.") && spec.write == Write::Allowed {
            rows.push(Row::new("Kubernetes", pods));
        }
    }
    match spec.write {
        Write::Allowed => {}
        Write::Never { why } => rows.push(Row::new("tcptune", format!("never writes it: {why}"))),
        Write::ReadOnly => rows.push(Row::new("writing", "nobody can")),
    }
    if spec.secret {
        rows.push(Row::new(
            "secret",
            "its value never appears in a report or a snapshot",
        ));
    }
    rows
}

/// What the catalogue knows of its past, then what else happened.
fn history(spec: Option<&KeySpec>, text: Option<&Key>) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(spec) = spec {
        if let Some(since) = spec.since {
            lines.push(format!("{since}: the first release with it, or older"));
        }
        if let Some(since) = spec.netns_since {
            lines.push(match spec.scope {
                KeyScope::Netns => format!("{since}: one for each network namespace"),
                KeyScope::Host | KeyScope::HostReadonly => {
                    format!("{since}: shown in every network namespace, with the host's value")
                }
            });
        }
        // The first default came with the key; a change is news.
        for default in spec.defaults.iter().skip(1) {
            let value = default.value.unwrap_or("something else");
            lines.push(format!("{}: the default becomes {value}", default.since));
        }
        for (release, value) in spec.default_el {
            lines.push(format!("RHEL {release}: the default is {value}"));
        }
        if let Some(since) = spec.noop_since {
            lines.push(format!("{since}: without effect"));
        }
        if let Some(release) = spec.removed_in {
            lines.push(format!("{release}: removed"));
        }
        if let Some(instead) = spec.replacement {
            lines.push(format!("instead: {instead}"));
        }
    }
    lines.extend(text.into_iter().flat_map(|text| text.history.clone()));
    lines
}
