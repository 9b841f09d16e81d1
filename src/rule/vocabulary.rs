//! Which names a rule may use, and of what type they are.

use crate::catalog::{self, Kind};
use crate::fact::{FactClass, FactKind, Unit, fact_spec, nearest, vocabulary};

use super::expr::{FactType, Field, Type, Vocabulary};
use super::terms::Subject;

/// The families of facts that hold one value for each key of the catalogue: now, as the kernel starts,
/// after the next boot.
const SETTINGS: [&str; 3] = ["sysctl.", "default.", "boot."];

/// The names that may be used at one place of a rule.
#[derive(Clone, Copy, Debug, Default)]
pub struct Names {
    /// The subject whose facts may be read.
    pub subject: Option<Subject>,
    /// Only counters, settings and the machine: what has a value "since boot".
    pub since_boot: bool,
}

impl Vocabulary for Names {
    fn resolve(&self, path: &str) -> Result<FactType, Option<String>> {
        for time in SETTINGS {
            if let Some(key) = path.strip_prefix(time) {
                return setting(time, key);
            }
        }
        if let Some(name) = path.strip_prefix("counter.") {
            return counter(path, name, false);
        }
        if let Some(name) = path.strip_prefix("gauge.") {
            return counter(path, name, true);
        }
        match fact_spec(path) {
            Some(spec) if self.allows(spec.class, path) => Ok(FactType {
                fact: path.to_owned(),
                field: None,
                ty: match spec.kind {
                    FactKind::Number(unit) | FactKind::Monotone(unit) => Type::Number(unit),
                    FactKind::Bool => Type::Bool,
                    FactKind::Text => Type::Text,
                    FactKind::Ports => Type::Ports,
                },
                monotone: matches!(spec.kind, FactKind::Monotone(_)),
            }),
            _ => {
                let candidates = vocabulary()
                    .filter(|spec| self.allows(spec.class, spec.name))
                    .map(|spec| spec.name);
                Err(nearest(path, candidates).map(str::to_owned))
            }
        }
    }
}

impl Names {
    fn allows(self, class: FactClass, name: &str) -> bool {
        match class {
            FactClass::Listener => self.subject == Some(Subject::Listener),
            FactClass::Destination => self.subject == Some(Subject::Destination),
            FactClass::Definition => self.subject == Some(Subject::Definition),
            FactClass::Setting => self.subject == Some(Subject::Setting),
            FactClass::Waiver => self.subject == Some(Subject::Waiver),
            FactClass::Assignment => self.subject == Some(Subject::Assignment),
            FactClass::Param => true,
            FactClass::Stored | FactClass::Derived => {
                !self.since_boot || has_a_value_since_boot(name)
            }
        }
    }
}

/// Whether a fact means something when judged "since boot": sockets and gauges of this moment do not, and
/// nor do the counts of `softnet_stat`, which have 32 bits (`softnet_seq_show`): what a busy processor has
/// handled begins again at 0 within hours, what it has dropped hardly ever does.
pub(super) fn has_a_value_since_boot(fact: &str) -> bool {
    ["counter.", "conntrack.", "host.", "param.", "window."]
        .iter()
        .chain(&SETTINGS)
        .any(|prefix| fact.starts_with(prefix))
        || fact == "port.usable"
}

fn setting(time: &str, key: &str) -> Result<FactType, Option<String>> {
    if let Some(spec) = catalog::find(key) {
        let ty = match spec.kind {
            Kind::Int | Kind::Enum | Kind::Bitmask => Some(Type::Number(spec.unit)),
            Kind::Bool => Some(Type::Bool),
            Kind::Words => Some(Type::Words),
            Kind::Text => Some(Type::Text),
            Kind::Triple | Kind::Range | Kind::Ports => None,
        };
        let Some(ty) = ty else {
            let field = match spec.kind {
                Kind::Triple => "max",
                Kind::Range => "low",
                _ => "count",
            };
            return Err(Some(format!("{time}{key}.{field}")));
        };
        let fact = format!("{time}{}", catalog::canonical(key));
        return Ok(FactType {
            fact,
            field: None,
            ty,
            monotone: false,
        });
    }
    let composite = key.rsplit_once('.').and_then(|(key, field)| {
        let spec = catalog::find(key)?;
        let (field, unit) = match (spec.kind, field) {
            (Kind::Triple, "min") => (Field::Min, spec.unit),
            (Kind::Triple, "default") => (Field::Default, spec.unit),
            (Kind::Triple, "max") => (Field::Max, spec.unit),
            (Kind::Range, "low") => (Field::Low, spec.unit),
            (Kind::Range, "high") => (Field::High, spec.unit),
            (Kind::Range, "size") => (Field::Size, Unit::Count),
            (Kind::Ports, "count") => (Field::Count, Unit::Count),
            _ => return None,
        };
        let fact = format!("{time}{}", catalog::canonical(key));
        Some(FactType {
            fact,
            field: Some(field),
            ty: Type::Number(unit),
            monotone: false,
        })
    });
    composite.ok_or_else(|| catalog::nearest(key).map(|near| format!("{time}{near}")))
}

fn counter(path: &str, name: &str, gauge: bool) -> Result<FactType, Option<String>> {
    let found = name
        .split_once('.')
        .and_then(|(proto, field)| catalog::counter(proto, field));
    match found {
        Some(spec) if spec.gauge == gauge => Ok(FactType {
            fact: path.to_owned(),
            field: None,
            ty: Type::Number(spec.unit),
            monotone: !gauge,
        }),
        Some(spec) => {
            let prefix = if spec.gauge { "gauge" } else { "counter" };
            Err(Some(format!("{prefix}.{name}")))
        }
        None => Err(catalog::nearest_counter(name).map(|near| {
            let prefix = if near.gauge { "gauge" } else { "counter" };
            format!("{prefix}.{}.{}", near.proto, near.name)
        })),
    }
}
