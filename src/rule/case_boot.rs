//! The boot configuration of a case: lines and values written down instead of files.

use std::collections::BTreeMap;

use crate::catalog;
use crate::fact::Value;
use crate::fact::boot::{
    Boot, BootSetting, Definition, Engine, Fate, Forecast, Outcome, Place, Writer,
};

use super::case::scalar;
use super::fields::{Fields, Sink, text};
use super::form::{DEFINITION, WRITER};
use super::problem::ProblemKind;
use super::terms::Term;
use super::yaml::{Key, Node};

impl Term for Fate {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("wins", Self::Wins),
        ("shadowed", Self::Shadowed),
        ("masked", Self::Masked),
        ("excluded", Self::Excluded),
        ("ignored", Self::Ignored),
        ("invalid", Self::Invalid),
    ];
}

/// Reads `definitions`, `boot` and `writers`; `None` when the case has none of them, which stands for a
/// boot configuration that was not read.
pub(super) fn boot(fields: &Fields<'_>, sink: &mut Sink) -> Option<Boot> {
    let parts = ["definitions", "boot", "writers"];
    if parts.iter().all(|name| fields.optional(name).is_none()) {
        return None;
    }
    let definitions: Vec<Definition> = fields
        .items("definitions", sink)
        .iter()
        .filter_map(|node| definition(node, sink))
        .collect();
    let mut settings = settings(&definitions);
    for (key, node) in fields.entries("boot", sink) {
        if let Some(next) = forecast(key, node, sink) {
            let setting = settings.entry(key.name.clone()).or_insert_with(untouched);
            setting.system_now = next.clone();
            setting.next_boot = next;
        }
    }
    let writers = fields.items("writers", sink);
    let writers = writers
        .iter()
        .filter_map(|node| writer(node, sink))
        .collect();
    Some(Boot {
        engine: Engine::Systemd,
        decided: "the case says so".to_owned(),
        definitions,
        settings,
        writers,
        notes: Vec::new(),
    })
}

const fn untouched() -> BootSetting {
    BootSetting {
        next_boot: Forecast::Untouched,
        set_by: None,
        system_now: Forecast::Untouched,
        system_by: None,
        claims: Vec::new(),
    }
}

/// What follows from the lines alone: the last one that wins gives the value.
fn settings(definitions: &[Definition]) -> BTreeMap<String, BootSetting> {
    let mut settings: BTreeMap<String, BootSetting> = BTreeMap::new();
    for (at, one) in definitions.iter().enumerate() {
        let setting = settings.entry(one.key.clone()).or_insert_with(untouched);
        setting.claims.push((at, one.outcome.clone()));
        if let (Fate::Wins, Some(written)) = (one.outcome.fate, &one.value) {
            let next = Forecast::Value(value(&one.key, written));
            setting.system_now = next.clone();
            setting.next_boot = next;
            setting.set_by = Some(at);
            setting.system_by = Some(at);
        }
    }
    settings
}

fn definition(node: &Node, sink: &mut Sink) -> Option<Definition> {
    let fields = Fields::open(node, "a definition", DEFINITION, sink)?;
    let place = fields.required_text("place", sink);
    let key = fields.required_text("key", sink);
    let unread = fields.flag("unread", sink).unwrap_or(false);
    let fate = match fields.optional("fate") {
        Some(node) => super::fields::term(node, "fate", sink),
        None if unread => Some(Fate::Ignored),
        None => Some(Fate::Wins),
    };
    let by = fields.optional_text("by", sink).map(|(text, _)| text);
    let why = fields.optional_text("why", sink).map(|(text, _)| text);
    Some(Definition {
        place: place_of(place?.0),
        key: catalog::canonical(key?.0).into_owned(),
        value: fields.optional("value").and_then(scalar),
        lenient: fields.flag("lenient", sink).unwrap_or(false),
        outcome: Outcome {
            fate: fate?,
            by: by.map(place_of),
            why: why.map(str::to_owned),
        },
        unread,
    })
}

/// `FILE:LINE`, or a file alone.
fn place_of(written: &str) -> Place {
    let split = written.rsplit_once(':');
    let numbered = split.and_then(|(file, line)| Some((file, line.parse().ok()?)));
    let (file, line) = numbered.map_or((written, None), |(file, line)| (file, Some(line)));
    Place {
        file: file.to_owned(),
        line,
    }
}

fn forecast(key: &Key, node: &Node, sink: &mut Sink) -> Option<Forecast> {
    let Some(written) = scalar(node) else {
        let kind = ProblemKind::WrongKind(key.name.clone(), "a value", node.content.kind());
        sink.at(node.place, kind);
        return None;
    };
    Some(match written.as_str() {
        "untouched" => Forecast::Untouched,
        "unknown" => Forecast::Unknown("the case says so".to_owned()),
        written => Forecast::Value(value(&key.name, written)),
    })
}

/// The typed value, as far as the text has one; the catalogue does not know every key.
fn value(key: &str, written: &str) -> Value {
    let spec = catalog::find(key);
    let typed = spec.and_then(|spec| spec.parse(written).ok());
    typed.unwrap_or_else(|| Value::Text(written.to_owned()))
}

fn writer(node: &Node, sink: &mut Sink) -> Option<Writer> {
    let fields = Fields::open(node, "a writer", WRITER, sink)?;
    let name = fields.required_text("name", sink);
    let place = fields.optional_text("place", sink).map(|(text, _)| text);
    let sets = fields.items("sets", sink);
    let sets = sets
        .iter()
        .filter_map(|node| text(node, "sets", sink).map(|(key, _)| (key.to_owned(), None)));
    Some(Writer {
        sets: sets.collect(),
        name: name?.0.to_owned(),
        place: place_of(place.unwrap_or("/etc")),
    })
}
