//! The key tables.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Deserialize;

use super::{Place, release, release_option, slice, unit};

/// One entry of a key file, as written; `rules/catalog/tcp.yaml` explains the fields.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    key: String,
    r#type: Kind,
    unit: Option<String>,
    noun: Option<String>,
    min: Option<i64>,
    max: Option<i64>,
    bounds_since: Option<String>,
    #[serde(default)]
    bounds: Vec<BoundsSince>,
    #[serde(default)]
    max_el: BTreeMap<String, i64>,
    max_key: Option<String>,
    values_since: Option<String>,
    #[serde(default)]
    values_before: BTreeMap<i64, String>,
    #[serde(default)]
    values: BTreeMap<i64, String>,
    #[serde(default)]
    scope: Scope,
    netns_since: Option<String>,
    since: Option<String>,
    removed_in: Option<String>,
    noop_since: Option<String>,
    replacement: Option<String>,
    kubernetes_safe_since: Option<String>,
    #[serde(default)]
    secret: bool,
    #[serde(default)]
    read_only: bool,
    write: Option<Write>,
    write_why: Option<String>,
    #[serde(default)]
    handler: Handler,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    new_netns: NewNetns,
    #[serde(default)]
    defaults: Vec<DefaultSince>,
    #[serde(default)]
    default_el: BTreeMap<String, String>,
    scaled: Option<String>,
    template: Option<Template>,
    #[serde(default)]
    unlisted: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Int,
    Bool,
    Enum,
    Bitmask,
    Triple,
    Range,
    Ports,
    Words,
    Text,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Scope {
    #[default]
    Netns,
    Host,
    HostReadonly,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Write {
    Never,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Handler {
    #[default]
    Plain,
    Signed,
    Milliseconds,
    UserTicks,
    Own,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum NewNetns {
    #[default]
    Default,
    InheritInit,
    InheritCreator,
    HostValue,
    Absent,
}

/// Where the `default` entry of a family exists.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Template {
    Netns,
    Host,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct DefaultSince {
    since: String,
    value: Option<String>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct BoundsSince {
    since: String,
    min: Option<i64>,
    max: Option<i64>,
}

/// Why the `default` entry of a family is never written.
const TEMPLATE_WHY: &str = "the template of new interfaces, which also reaches existing ones";

/// `KEYS` sorted by name, `PATTERNS` with the most specific first, `ALIASES` sorted.
pub(crate) fn tables(entries: Vec<(Place, Entry)>) -> Result<String, String> {
    let mut sorted = BTreeMap::new();
    let mut templates = Vec::new();
    for (place, entry) in entries {
        if let Some(template) = template_of(&place, &entry)? {
            templates.push((place.clone(), template));
        }
        let code = spec(&place, &entry)?;
        if sorted
            .insert(entry.key.clone(), (code, entry.aliases.clone()))
            .is_some()
        {
            return Err(place.fault(&format!("{} is listed twice", entry.key)));
        }
    }
    for (place, entry) in templates {
        if !sorted.contains_key(&entry.key) {
            sorted.insert(entry.key.clone(), (spec(&place, &entry)?, Vec::new()));
        }
    }

    let mut code = String::from("pub(super) static KEYS: &[KeySpec] = &[\n");
    let mut aliases = BTreeSet::new();
    let mut patterns = Vec::new();
    for (at, (key, (spec, names))) in sorted.iter().enumerate() {
        let _ = writeln!(code, "{spec},");
        aliases.extend(names.iter().map(|name| (name, at)));
        if key.contains('*') {
            patterns.push((key.matches('*').count(), key, at));
        }
    }
    patterns.sort();
    let patterns: Vec<String> = patterns.iter().map(|(_, _, at)| at.to_string()).collect();
    let aliases: Vec<String> = aliases
        .iter()
        .map(|(name, at)| format!("({name:?}, {at})"))
        .collect();
    let _ = writeln!(
        code,
        "];\npub(super) static PATTERNS: &[usize] = {};",
        slice(&patterns)
    );
    let _ = writeln!(
        code,
        "pub(super) static ALIASES: &[(&str, usize)] = {};",
        slice(&aliases)
    );
    Ok(code)
}

/// The never-written `default` entry that a family pattern stands for as well.
fn template_of(place: &Place, entry: &Entry) -> Result<Option<Entry>, String> {
    let Some(place_of_template) = entry.template else {
        return Ok(None);
    };
    let (family, rest) = entry
        .key
        .split_once(".*.")
        .ok_or_else(|| place.fault("`template` needs a pattern such as net.ipv4.conf.*.x"))?;
    let mut template = entry.clone();
    template.key = format!("{family}.default.{rest}");
    if let Template::Host = place_of_template {
        template.scope = Scope::Host;
        template.new_netns = NewNetns::Absent;
    }
    if !entry.read_only && entry.write.is_none() {
        template.write = Some(Write::Never);
        template.write_why = Some(TEMPLATE_WHY.to_owned());
    }
    Ok(Some(template))
}

/// The code of one `KeySpec`.
fn spec(place: &Place, entry: &Entry) -> Result<String, String> {
    let fault = |what: &str| place.fault(&format!("{}: {what}", entry.key));
    let well_formed = |key: &str| {
        let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '*');
        key.chars().all(known) && key.contains('.') && !key.split('.').any(str::is_empty)
    };
    if !entry
        .aliases
        .iter()
        .chain([&entry.key])
        .all(|key| well_formed(key))
    {
        return Err(fault("not a dotted key"));
    }
    let (min, max) = bounds(entry).map_err(|what| fault(&what))?;
    let takes_values = matches!(entry.r#type, Kind::Enum | Kind::Bitmask);
    if !takes_values && !entry.values.is_empty() {
        return Err(fault("only an enum or a bitmask has `values`"));
    }
    if entry.scaled.is_some() && !entry.defaults.is_empty() {
        return Err(fault(
            "a scaled default is not fixed: leave out `scaled` or `defaults`",
        ));
    }
    let write = match (entry.write, &entry.write_why, entry.read_only) {
        (None, None, false) => "Write::Allowed".to_owned(),
        (None, None, true) => "Write::ReadOnly".to_owned(),
        (Some(Write::Never), Some(why), false) => format!("Write::Never {{ why: {why:?} }}"),
        _ => {
            return Err(fault(
                "`write: never` needs `write_why`, and excludes `read_only`",
            ));
        }
    };
    let meanings = |values: &BTreeMap<i64, String>| -> Vec<String> {
        let each = values.iter();
        each.map(|(number, meaning)| format!("({number}, {meaning:?})"))
            .collect()
    };
    if entry.values_since.is_none() != entry.values_before.is_empty() {
        return Err(fault("`values_since` and `values_before` come together"));
    }
    let aliases: Vec<String> = entry
        .aliases
        .iter()
        .map(|name| format!("{name:?}"))
        .collect();
    let el = |major: &String| -> Result<u8, String> {
        let release = major.parse();
        release.map_err(|_| fault("`default_el` and `max_el` go by RHEL release"))
    };
    let mut by_vendor = Vec::new();
    for (major, value) in &entry.default_el {
        by_vendor.push(format!("({}, {value:?})", el(major)?));
    }
    let mut max_el = Vec::new();
    for (major, max) in &entry.max_el {
        max_el.push(format!("({}, {max})", el(major)?));
    }
    Ok(format!(
        "KeySpec {{ key: {:?}, kind: Kind::{:?}, unit: Unit::{}, noun: {:?}, min: {min:?}, max: {max:?}, bounds: {}, \
         max_el: {}, max_key: {:?}, values: {}, values_since: {}, values_before: {}, \
         scope: KeyScope::{:?}, netns_since: {}, since: {}, removed_in: {}, noop_since: {}, replacement: {:?}, \
         kubernetes_safe_since: {:?}, secret: {}, write: {write}, handler: Handler::{:?}, aliases: {}, new_netns: NewNetns::{:?}, \
         defaults: {}, default_el: {}, scaled: {:?}, unlisted: {}, family: {}, limit: {} }}",
        entry.key,
        entry.r#type,
        unit(place, entry.unit.as_deref(), "Number")?,
        entry.noun,
        slice(&bounds_by_release(place, entry)?),
        slice(&max_el),
        entry.max_key,
        slice(&meanings(&entry.values)),
        release_option(place, entry.values_since.as_deref())?,
        slice(&meanings(&entry.values_before)),
        entry.scope,
        release_option(place, entry.netns_since.as_deref())?,
        release_option(place, entry.since.as_deref())?,
        release_option(place, entry.removed_in.as_deref())?,
        release_option(place, entry.noop_since.as_deref())?,
        entry.replacement,
        entry.kubernetes_safe_since,
        entry.secret,
        entry.handler,
        slice(&aliases),
        entry.new_netns,
        slice(&defaults(place, entry)?),
        slice(&by_vendor),
        entry.scaled,
        entry.unlisted,
        entry.key.contains('*'),
        is_limit(entry),
    ))
}

/// Parts of the names of limits.
const LIMITS: [&str; 8] = [
    "max",
    "mem",
    "backlog",
    "thresh",
    "budget",
    "limit_output",
    "qlen",
    "max_size",
];

/// Whether a larger number means more room: a count or a size whose name says so. A time is no room.
fn is_limit(entry: &Entry) -> bool {
    let measures_room = matches!(
        entry.unit.as_deref(),
        None | Some("number" | "count" | "bytes" | "pages")
    );
    let name = entry.key.rsplit('.').next().unwrap_or_default();
    matches!(entry.r#type, Kind::Int | Kind::Triple)
        && measures_room
        && LIMITS.iter().any(|part| name.contains(part))
}

/// What a write accepts: numbers without bounds in the data are 32 bits wide.
fn bounds(entry: &Entry) -> Result<(Option<i64>, Option<i64>), String> {
    let numeric = matches!(
        entry.r#type,
        Kind::Int | Kind::Bool | Kind::Enum | Kind::Bitmask
    );
    match (entry.min, entry.max) {
        (None, None) if numeric => Ok((Some(i64::from(i32::MIN)), Some(i64::from(i32::MAX)))),
        (None, None) => Ok((None, None)),
        (Some(min), Some(max)) if min <= max => match entry.r#type {
            Kind::Words | Kind::Text => Err("words have no bounds".to_owned()),
            _ => Ok((Some(min), Some(max))),
        },
        _ => Err("`min` and `max` come together, the smaller first".to_owned()),
    }
}

/// The first release in which what had bounds of 0 and 255 only became a byte (`proc_dou8vec_minmax`); before,
/// such keys were 32-bit numbers, and most of them were not checked.
const BYTES: &str = "5.13";

/// The code of the bounds by release, which must ascend; none where they were always the same.
fn bounds_by_release(place: &Place, entry: &Entry) -> Result<Vec<String>, String> {
    let fault = |what: &str| place.fault(&format!("{}: {what}", entry.key));
    let whole = |since: &str| BoundsSince {
        since: since.to_owned(),
        min: entry.min,
        max: entry.max,
    };
    let list = match (&entry.bounds_since, entry.bounds.as_slice()) {
        (Some(since), []) => vec![whole(since)],
        (Some(_), _) => return Err(fault("`bounds_since` and `bounds` exclude each other")),
        (None, []) if (entry.min, entry.max) == (Some(0), Some(255)) => vec![whole(BYTES)],
        (None, list) => list.to_vec(),
    };
    let mut code = Vec::new();
    let mut before = None;
    for one in &list {
        let (since, numbers) = release(place, &one.since)?;
        if before.is_some_and(|before| before >= numbers) {
            return Err(fault("`bounds` do not ascend"));
        }
        before = Some(numbers);
        let range = match (one.min, one.max) {
            (Some(min), Some(max)) if entry.min <= Some(min) && Some(max) <= entry.max => {
                format!("Some(({min}, {max}))")
            }
            (None, None) => "None".to_owned(),
            _ => return Err(fault("`bounds` lie within `min` and `max`")),
        };
        code.push(format!("BoundsSince {{ since: {since}, range: {range} }}"));
    }
    Ok(code)
}

/// The code of the defaults, which must ascend.
fn defaults(place: &Place, entry: &Entry) -> Result<Vec<String>, String> {
    let mut list = Vec::new();
    let mut before = None;
    for default in &entry.defaults {
        let (code, numbers) = release(place, &default.since)?;
        if before.is_some_and(|before| before >= numbers) {
            return Err(place.fault(&format!("{}: `defaults` do not ascend", entry.key)));
        }
        before = Some(numbers);
        list.push(format!(
            "DefaultSince {{ since: {code}, value: {:?} }}",
            default.value
        ));
    }
    Ok(list)
}
