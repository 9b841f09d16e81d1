//! `tcptune facts`: the vocabulary, with values or the reason why there is none.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::catalog::{self, KeyScope};
use crate::check::View;
use crate::fact::{
    FactClass, FactKind, Reading, Sample, Snapshot, Unit, Value, fact_spec, param_default,
    vocabulary,
};
use crate::host::{Moment, Needs, collect, interrupt};
use crate::rule::expr::{Facts as _, Lookup};

use super::ledger::say_what_is_open_at;
use super::sample::{enter, exit, listen};
use crate::cli::args::{BootFiles, Facts as Args, ListFormat};
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::output::Output;

/// One line of the list.
#[derive(Serialize)]
struct Row {
    name: String,
    #[serde(rename = "type")]
    ty: &'static str,
    unit: Option<&'static str>,
    source: String,
    scope: &'static str,
    value: Option<String>,
    /// How far a value that was worked out from a sample may be off.
    error: Option<u64>,
    reason: Option<String>,
}

/// Prints every fact whose name contains the filter.
pub(super) fn run(args: &Args, output: &mut Output) -> Result<Exit, Error> {
    say_what_is_open_at(&args.at);
    let source = enter(&args.at, &BootFiles::own())?;
    listen();
    let sample = collect(&source, &Needs::Everything, Moment::End(None));
    let stopped = interrupt::asked();
    let wanted = |row: &Row| {
        let part = args.filter.as_deref().unwrap_or("");
        row.name.contains(part)
    };
    let rows = rows(&sample).into_iter();
    let mut rows: Vec<Row> = rows.filter(wanted).collect();
    rows.extend(
        families(sample, args.filter.as_deref())
            .into_iter()
            .filter(wanted),
    );
    if let (Some(part), true) = (&args.filter, rows.is_empty()) {
        return Err(Error::NoFact(part.clone()));
    }
    match args.format {
        ListFormat::Json => {
            let text =
                serde_json::to_string_pretty(&rows).map_err(|error| Error::Output(error.into()))?;
            output.print(&text)?;
            output.print("\n")?;
        }
        ListFormat::Human => {
            for row in rows {
                output.print(&line(&row))?;
            }
        }
    }
    Ok(exit(stopped))
}

/// Name, value and unit on a usual terminal; what they are and where they come from behind that.
fn line(row: &Row) -> String {
    let value = match (&row.value, &row.reason) {
        (Some(value), _) => match row.error {
            Some(error) => format!("~{} ±{error}", value.escape_debug()),
            // An empty list is a value too.
            None if value.is_empty() => "(empty)".to_owned(),
            None => value.escape_debug().to_string(),
        },
        (None, Some(reason)) => format!("({reason})"),
        (None, None) => String::new(),
    };
    let unit = row.unit.filter(|unit| *unit != Unit::Number.name());
    let unit = unit.unwrap_or("");
    // A text: what `escape_debug` gives takes no width.
    let name = row.name.escape_debug().to_string();
    format!(
        "{name:<48} {value:<24} {unit:<6} {:<8} {}\n",
        row.ty, row.source
    )
}

fn rows(sample: &Sample) -> Vec<Row> {
    let mut rows: BTreeMap<String, Row> = sample
        .readings
        .iter()
        .map(|(name, reading)| {
            let margin = sample.sampled.get(name);
            let row = Row {
                error: margin.map(|margin| margin.error),
                ..row(name, Some(reading))
            };
            (name.clone(), row)
        })
        .collect();
    for spec in vocabulary() {
        let reading = (spec.class == FactClass::Stored).then_some(&Reading::Absent);
        rows.entry(spec.name.to_owned())
            .or_insert_with(|| row(spec.name, reading));
    }
    rows.into_values().collect()
}

/// The facts that hold a value of every setting at another time. The list has a line for each family,
/// and one for each key where the filter names the family.
fn families(sample: Sample, filter: Option<&str>) -> Vec<Row> {
    let snapshot = Snapshot::new(None, sample);
    let view = View::new(&snapshot);
    let mut rows = Vec::new();
    for (family, summary) in [
        ("boot.", "after the next boot; one for each setting"),
        ("default.", "as the kernel starts; one for each setting"),
    ] {
        if !filter.is_some_and(|part| part.starts_with(family)) {
            rows.push(Row {
                reason: Some(summary.to_owned()),
                ..row(&format!("{family}KEY"), None)
            });
            continue;
        }
        for spec in catalog::keys().iter().filter(|spec| !spec.is_pattern()) {
            let name = format!("{family}{}", spec.key);
            let (value, reason) = match view.value(&name) {
                Lookup::Value(value) => (Some(value.to_string()), None),
                Lookup::Missing(missing) => (None, Some(missing.why.to_string())),
            };
            rows.push(Row {
                value,
                reason,
                ..row(&name, None)
            });
        }
    }
    rows
}

fn row(name: &str, reading: Option<&Reading<Value>>) -> Row {
    let (ty, unit, source, host_wide) = described(name);
    let reason = match reading {
        None if name.starts_with("listener.") => Some("one for each listener".to_owned()),
        None if name.starts_with("destination.") => Some("one for each destination".to_owned()),
        None if name.starts_with("definition.") => {
            Some("one for each line that sets a key at boot".to_owned())
        }
        None if name.starts_with("waiver.") => Some("one for each waiver".to_owned()),
        None if name.starts_with("setting.") => Some("one for each key".to_owned()),
        None => Some(match param_default(name) {
            Some(default) => format!("{default} unless a profile says otherwise"),
            None => "worked out when a rule asks".to_owned(),
        }),
        Some(reading) => reading.reason(),
    };
    Row {
        name: name.to_owned(),
        ty,
        unit: unit.map(Unit::name),
        source,
        scope: if host_wide { "host" } else { "netns" },
        value: reading.and_then(Reading::value).map(ToString::to_string),
        error: None,
        reason,
    }
}

/// Type, unit, source, and whether the value is the machine's.
fn described(name: &str) -> (&'static str, Option<Unit>, String, bool) {
    for (family, source) in [("boot.", "boot configuration"), ("default.", "kernel")] {
        if let Some(key) = name.strip_prefix(family) {
            let spec = catalog::find(key);
            return (
                spec.map_or("setting", |spec| spec.kind.name()),
                spec.map(|spec| spec.unit),
                source.to_owned(),
                spec.is_some_and(|spec| spec.scope != KeyScope::Netns),
            );
        }
    }
    if let Some(key) = name.strip_prefix("sysctl.") {
        let path = catalog::path(key).map_or_else(String::new, |path| format!("/proc/sys/{path}"));
        return catalog::find(key).map_or(("text", None, path.clone(), false), |spec| {
            (
                spec.kind.name(),
                Some(spec.unit),
                path,
                spec.scope != KeyScope::Netns,
            )
        });
    }
    for (prefix, ty) in [("counter.", "counter"), ("gauge.", "gauge")] {
        let parts = name
            .strip_prefix(prefix)
            .and_then(|rest| rest.split_once('.'));
        if let Some((proto, field)) = parts {
            let unit = catalog::counter(proto, field).map_or(Unit::Count, |spec| spec.unit);
            let file = if proto.ends_with("Ext") {
                "netstat"
            } else {
                "snmp"
            };
            return (ty, Some(unit), format!("/proc/net/{file}"), false);
        }
    }
    fact_spec(name).map_or(
        ("number", Some(Unit::Count), "/proc/net".to_owned(), false),
        |spec| {
            let (ty, unit) = match spec.kind {
                FactKind::Number(unit) => ("number", Some(unit)),
                FactKind::Monotone(unit) => ("counter", Some(unit)),
                FactKind::Bool => ("bool", None),
                FactKind::Text => ("text", None),
                FactKind::Ports => ("ports", None),
            };
            (ty, unit, spec.source.to_owned(), spec.host_wide)
        },
    )
}
