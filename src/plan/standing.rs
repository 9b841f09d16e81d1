//! How a setting stands: the value in force, where it comes from, and what the boot files make of it.

use crate::catalog;
use crate::check::default_of;
use crate::fact::boot::{Boot, Forecast, Place, Writer};
use crate::fact::{Reading, Snapshot, Value};

/// One setting of a snapshot.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// The value in force; absent when it was not read.
    pub live: Reading<Value>,
    /// The kernel's own default.
    pub default: Option<Value>,
    /// After the next boot; `None` when no boot configuration was read.
    pub next_boot: Option<Future>,
    /// If `sysctl --system` were run now; `None` when no boot configuration was read.
    pub system_now: Option<Future>,
    /// Who set the value in force; `None` when there is none.
    pub origin: Option<Origin>,
}

/// What files make of a setting.
#[derive(Clone, Debug, PartialEq)]
pub enum Future {
    /// This line sets this value.
    Set(Value, Option<Place>),
    /// Nothing sets it: at boot the kernel's default stays, where it is known; now the live value.
    Untouched(Option<Value>),
    /// It cannot be told; why.
    Unknown(String),
}

impl Future {
    /// The value, where it is known.
    pub const fn value(&self) -> Option<&Value> {
        match self {
            Self::Set(value, _) => Some(value),
            Self::Untouched(value) => value.as_ref(),
            Self::Unknown(_) => None,
        }
    }

    /// The line the value comes from.
    pub const fn by(&self) -> Option<&Place> {
        match self {
            Self::Set(_, by) => by.as_ref(),
            Self::Untouched(_) | Self::Unknown(_) => None,
        }
    }
}

/// Who set a value. The kernel keeps no record of it: this is the one known source that fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A line that is read at boot sets this very value.
    Boot(Place),
    /// Nobody: it is the kernel's default.
    KernelDefault,
    /// Another program whose configuration states this value.
    Writer(String, Place),
    /// A line that `sysctl --system` would read and the boot does not.
    System(Place),
    /// Nothing that is known sets this value.
    ByHand,
    /// Not the default, and no files were read that could tell more; or no default is known.
    NotKnown,
}

impl Standing {
    /// How a key stands in a snapshot; `key` in the catalogue's spelling.
    pub fn of(snapshot: &Snapshot, key: &str) -> Self {
        let live = snapshot.now.readings.get(&format!("sysctl.{key}"));
        let live = live.cloned().unwrap_or(Reading::Absent);
        let default = default_of(&snapshot.now, key);
        let boot = snapshot.now.boot.as_ref();
        let (next_boot, system_now) = boot.map_or((None, None), |boot| {
            let at_boot = Future::Untouched(default.clone());
            let now = Future::Untouched(live.value().cloned());
            let Some(setting) = boot.settings.get(key) else {
                return (Some(at_boot), Some(now));
            };
            let by = |index| boot.definition(index).map(|one| one.place.clone());
            let next = future(&setting.next_boot, by(setting.set_by), at_boot);
            let system = future(&setting.system_now, by(setting.system_by), now);
            (Some(next), Some(system))
        });
        let mut standing = Self {
            live,
            default,
            next_boot,
            system_now,
            origin: None,
        };
        standing.origin = standing.origin(key, boot);
        standing
    }

    /// Whether the next boot is known to bring none of the values that will do.
    pub fn loses(&self, will_do: impl Fn(&Value) -> bool) -> bool {
        match &self.next_boot {
            Some(Future::Set(next, _) | Future::Untouched(Some(next))) => !will_do(next),
            Some(Future::Untouched(None)) => true,
            Some(Future::Unknown(_)) | None => false,
        }
    }

    fn origin(&self, key: &str, boot: Option<&Boot>) -> Option<Origin> {
        let live = self.live.value()?;
        let set = |future: &Option<Future>| match future {
            Some(Future::Set(value, Some(by))) if value == live => Some(by.clone()),
            _ => None,
        };
        let writers = boot.map_or(&[][..], |boot| &boot.writers);
        Some(if let Some(by) = set(&self.next_boot) {
            Origin::Boot(by)
        } else if self.default.as_ref() == Some(live) {
            Origin::KernelDefault
        } else if let Some(writer) = writers.iter().find(|one| states(one, key, live)) {
            Origin::Writer(writer.name.clone(), writer.place.clone())
        } else if let Some(by) = set(&self.system_now) {
            Origin::System(by)
        } else if boot.is_some() && self.default.is_some() {
            Origin::ByHand
        } else {
            Origin::NotKnown
        })
    }
}

/// Whether the configuration of a program states this value for a key.
fn states(writer: &Writer, key: &str, value: &Value) -> bool {
    let stated = writer.value_of(key).flatten();
    // tuned's "only raise" and "only lower".
    let stated = stated.map(|text| text.trim_start_matches(['>', '<']));
    let parsed = stated.and_then(|text| catalog::find(key)?.parse(text).ok());
    parsed.as_ref() == Some(value)
}

fn future(forecast: &Forecast, by: Option<Place>, untouched: Future) -> Future {
    match forecast {
        Forecast::Value(value) => Future::Set(value.clone(), by),
        Forecast::Untouched => untouched,
        Forecast::Unknown(why) => Future::Unknown(why.clone()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::fact::boot::{BootSetting, Definition, Engine, Fate, Outcome};
    use crate::fact::{KernelVersion, Sample};

    const KEY: &str = "net.ipv4.tcp_fin_timeout";

    fn place(line: u32) -> Place {
        Place {
            file: "/etc/sysctl.d/50-net.conf".to_owned(),
            line: Some(line),
        }
    }

    /// A host whose first line sets the key to `next` at boot and whose second one would set it to
    /// `system` under `sysctl --system`.
    fn host(live: i64, next: Option<i64>, system: Option<i64>) -> Snapshot {
        let forecast = |value: Option<i64>| {
            value.map_or(Forecast::Untouched, |value| {
                Forecast::Value(Value::Int(value))
            })
        };
        let outcome = Outcome {
            fate: Fate::Wins,
            by: None,
            why: None,
        };
        let definition = |line| Definition {
            place: place(line),
            key: KEY.to_owned(),
            value: None,
            lenient: false,
            outcome: outcome.clone(),
            unread: false,
        };
        let setting = BootSetting {
            next_boot: forecast(next),
            set_by: next.map(|_| 0),
            system_now: forecast(system),
            system_by: system.map(|_| 1),
            claims: vec![(0, outcome.clone()), (1, outcome.clone())],
        };
        let boot = Boot {
            engine: Engine::Systemd,
            decided: "told".to_owned(),
            definitions: vec![definition(1), definition(2)],
            settings: BTreeMap::from([(KEY.to_owned(), setting)]),
            writers: Vec::new(),
            notes: Vec::new(),
        };
        let mut sample = Sample {
            boot: Some(boot),
            ..Sample::default()
        };
        sample.host.kernel = KernelVersion::parse("6.18.0");
        let live = Reading::Known(Value::Int(live));
        sample.readings.insert(format!("sysctl.{KEY}"), live);
        Snapshot::new(None, sample)
    }

    fn origin(snapshot: &Snapshot) -> Option<Origin> {
        Standing::of(snapshot, KEY).origin
    }

    #[test]
    fn a_line_with_this_value_is_named_before_the_default() {
        assert_eq!(
            origin(&host(60, Some(60), None)),
            Some(Origin::Boot(place(1)))
        );
        assert_eq!(origin(&host(60, None, None)), Some(Origin::KernelDefault));
        assert_eq!(
            origin(&host(20, Some(30), Some(20))),
            Some(Origin::System(place(2)))
        );
        assert_eq!(origin(&host(20, Some(30), None)), Some(Origin::ByHand));
    }

    #[test]
    fn what_nothing_sets_has_the_default_at_boot_and_stays_now() {
        let standing = Standing::of(&host(20, None, None), KEY);
        assert_eq!(
            standing.next_boot,
            Some(Future::Untouched(Some(Value::Int(60))))
        );
        assert_eq!(
            standing.system_now,
            Some(Future::Untouched(Some(Value::Int(20))))
        );
    }

    #[test]
    fn without_boot_files_only_the_default_can_be_told() {
        let mut told = host(20, None, None);
        told.now.boot = None;
        let standing = Standing::of(&told, KEY);
        assert_eq!(standing.origin, Some(Origin::NotKnown));
        assert_eq!((standing.next_boot, standing.system_now), (None, None));
        let mut default = host(60, None, None);
        default.now.boot = None;
        assert_eq!(origin(&default), Some(Origin::KernelDefault));
        default.now.readings.clear();
        assert_eq!(origin(&default), None);
    }

    #[test]
    fn a_program_that_states_the_value_is_named() {
        let mut snapshot = host(20, None, None);
        let boot = snapshot.now.boot.as_mut().unwrap();
        boot.writers.push(Writer {
            name: "tuned profile web".to_owned(),
            place: place(9),
            sets: BTreeMap::from([(KEY.to_owned(), Some(">20".to_owned()))]),
        });
        let named = Origin::Writer("tuned profile web".to_owned(), place(9));
        assert_eq!(origin(&snapshot), Some(named));
    }

    #[test]
    fn the_default_of_a_new_namespace_beats_the_catalogue() {
        let mut snapshot = host(20, None, None);
        let told = Reading::Known(Value::Int(20));
        snapshot.now.readings.insert(format!("default.{KEY}"), told);
        assert_eq!(origin(&snapshot), Some(Origin::KernelDefault));
    }
}
