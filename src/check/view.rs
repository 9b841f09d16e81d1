//! A snapshot as an expression sees it: one window, one subject, and values that are tried out.

mod ports;
mod subjects;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::fact::assigned::Assignments;
use crate::fact::socket::{Destination, Listener, SocketSummary, Tracked};
use crate::fact::{Reading, Sample, Snapshot, Value, param_default};
use crate::rule::expr::{Facts, Lookup, Missing, Why};
use crate::rule::{Waiver, Waivers};

use super::assignment::{AssignmentView, keys_of, unset};
use super::capped::capped;
use super::definition::DefinitionView;
use super::next_boot::{default, next_boot};
use super::setting::{SettingView, settings};

/// Why the tables of `/proc/net` are not enough.
const NEEDS_DIAG: &str = "needs sock_diag";

/// How the facts of a subject begin.
const SUBJECTS: [&str; 6] = [
    "listener.",
    "destination.",
    "definition.",
    "setting.",
    "waiver.",
    "assignment.",
];

/// The subject a rule with `each` is judged for.
#[derive(Clone, Copy, Debug)]
pub enum SubjectView<'a> {
    /// A listener, and the same one in the earlier sample.
    Listener(&'a Listener, Option<&'a Listener>),
    /// A destination.
    Destination(&'a Destination),
    /// A line that sets a key at boot.
    Definition(DefinitionView<'a>),
    /// A key, now and after the next boot.
    Setting(SettingView<'a>),
    /// A waiver, and whether its last day is over.
    Waiver(&'a Waiver, bool),
    /// A line of a text that sets a key.
    Assignment(AssignmentView<'a>),
}

/// Which stretch of time differences are taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// From the earlier sample to this one.
    Window,
    /// From boot to this sample: every difference is the total.
    SinceBoot,
}

/// The facts of one judgement.
#[derive(Clone, Debug)]
pub struct View<'a> {
    snapshot: &'a Snapshot,
    period: Period,
    subject: Option<SubjectView<'a>>,
    tried: BTreeMap<String, Value>,
    waivers: Option<&'a Waivers>,
    /// The lines of texts.
    texts: Option<&'a Assignments>,
    /// The keys that lines of texts set.
    set_keys: Option<Arc<BTreeSet<&'a str>>>,
    /// The keys and what is known of them, if they were put together for many rules.
    settings: Option<&'a [SettingView<'a>]>,
}

impl<'a> View<'a> {
    /// The snapshot over its window.
    pub const fn new(snapshot: &'a Snapshot) -> Self {
        Self {
            snapshot,
            period: Period::Window,
            subject: None,
            tried: BTreeMap::new(),
            waivers: None,
            texts: None,
            set_keys: None,
            settings: None,
        }
    }

    /// The same facts where a site has accepted some findings.
    #[must_use]
    pub fn where_accepted(self, waivers: &'a Waivers) -> Self {
        Self {
            waivers: Some(waivers),
            ..self
        }
    }

    /// The same facts beside lines of texts.
    #[must_use]
    pub fn with_texts(self, texts: &'a Assignments) -> Self {
        Self {
            texts: Some(texts),
            set_keys: Some(Arc::new(keys_of(texts))),
            ..self
        }
    }

    /// What the site has accepted.
    pub(super) const fn waivers(&self) -> Option<&'a Waivers> {
        self.waivers
    }

    /// The same facts with the keys at hand, which are the same for all rules: what [`keys`] found.
    #[must_use]
    pub(super) const fn with_keys(mut self, keys: Option<&'a [SettingView<'a>]>) -> Self {
        self.settings = keys;
        self
    }

    /// The same facts over another period.
    #[must_use]
    pub fn over(&self, period: Period) -> Self {
        Self {
            period,
            ..self.clone()
        }
    }

    /// The same facts with one subject in sight.
    #[must_use]
    pub fn of(&self, subject: SubjectView<'a>) -> Self {
        Self {
            subject: Some(subject),
            ..self.clone()
        }
    }

    /// The same facts, as if these settings had these values.
    #[must_use]
    pub fn with(&self, values: impl IntoIterator<Item = (String, Value)>) -> Self {
        let tried = values
            .into_iter()
            .map(|(key, value)| (format!("sysctl.{key}"), value))
            .collect();
        Self {
            tried,
            ..self.clone()
        }
    }

    /// The same facts, as if this one had this value.
    #[must_use]
    pub(super) fn trying(&self, fact: &str, value: Value) -> Self {
        let mut view = self.clone();
        view.tried.insert(fact.to_owned(), value);
        view
    }

    /// The snapshot behind it.
    pub const fn snapshot(&self) -> &'a Snapshot {
        self.snapshot
    }

    /// How a setting stands now: what was read, apart from values tried out.
    pub fn live(&self, key: &str) -> Reading<Value> {
        let fact = format!("sysctl.{key}");
        self.snapshot
            .now
            .readings
            .get(&fact)
            .cloned()
            .unwrap_or(Reading::Absent)
    }

    fn missing(fact: &str, why: Why) -> Lookup {
        Lookup::Missing(Missing::new(fact, why))
    }

    fn of_sample(sample: &Sample, fact: &str) -> Lookup {
        match sample.readings.get(fact) {
            Some(reading) => Lookup::of(fact, reading),
            None => Self::missing(fact, Why::NotCollected("not in this snapshot".to_owned())),
        }
    }

    /// Connections that are in the same state in both samples; `None` for any other fact.
    fn persisting(&self, fact: &str) -> Option<Lookup> {
        let tracked: fn(&SocketSummary) -> &Tracked = match fact {
            "socket.fin_wait_2_persisting" => |summary| &summary.fin_wait_2_tracked,
            "socket.syn_sent_persisting" => |summary| &summary.syn_sent_tracked,
            _ => return None,
        };
        let of = |sample: &'a Sample| {
            let sockets = sample.sockets.as_ref().ok_or_else(unread_sockets)?;
            if let Some(why) = sockets.why_unread(fact) {
                return Err(Why::Denied(why.to_owned()));
            }
            Ok(tracked(&sockets.summary))
        };
        let both = of(&self.snapshot.now).and_then(|now| {
            let earlier = self.snapshot.earlier.as_ref().ok_or(Why::OneSample)?;
            Ok(Tracked::persisting(of(earlier)?, now).count)
        });
        Some(both.map_or_else(|why| Self::missing(fact, why), count))
    }

    fn subject_value(&self, fact: &str) -> Lookup {
        let Some(subject) = self.subject else {
            return Self::missing(fact, Why::Other("no subject".to_owned()));
        };
        let unseen = |what: &str| Self::missing(fact, Why::NotCollected(what.to_owned()));
        match (subject, fact) {
            (SubjectView::Listener(now, _), "listener.address") => text(now.address.to_string()),
            (SubjectView::Listener(now, _), "listener.port") => {
                count(u64::from(now.address.port()))
            }
            (SubjectView::Listener(now, before), "listener.queue") => {
                count(u64::from(now.queue.max(before.map_or(0, |old| old.queue))))
            }
            (SubjectView::Listener(now, _), "listener.bound") => now
                .bound
                .map_or_else(|| unseen(NEEDS_DIAG), |bound| count(u64::from(bound))),
            (SubjectView::Listener(now, _), "listener.process") => now
                .process
                .clone()
                .map_or_else(|| Self::missing(fact, Why::Absent), text),
            // `sock_diag` gives the bound on every kernel and the drops since 4.7: a bound without
            // drops is a kernel that does not count them.
            (SubjectView::Listener(now, _), "listener.drops") => match now.drops {
                Some(drops) => count(drops),
                None if now.bound.is_some() => Self::missing(fact, Why::Absent),
                None => unseen(NEEDS_DIAG),
            },
            (SubjectView::Listener(now, _), "listener.loopback") => {
                Lookup::Value(Value::Bool(now.address.ip().is_loopback()))
            }
            (SubjectView::Listener(now, _), "listener.in_range") => self.is_in_range(now),
            (SubjectView::Destination(one), "destination.source") => text(one.source.to_string()),
            (SubjectView::Destination(one), "destination.address") => text(one.address.to_string()),
            (SubjectView::Destination(one), "destination.used") => count(one.used),
            (SubjectView::Destination(one), "destination.time_wait") => count(one.time_wait),
            (SubjectView::Definition(one), _) if fact.starts_with("definition.") => {
                one.value(&self.snapshot.now, fact)
            }
            (SubjectView::Setting(one), _) if fact.starts_with("setting.") => {
                one.value(&self.snapshot.now, fact)
            }
            (SubjectView::Assignment(one), _) if fact.starts_with("assignment.") => one.value(fact),
            (SubjectView::Waiver(one, over), _) => match fact {
                "waiver.rule" => text(one.rule.clone()),
                "waiver.key" => match &one.key {
                    Some(key) => text(key.clone()),
                    None => Self::missing(fact, Why::Absent),
                },
                "waiver.reason" => text(one.reason.clone()),
                "waiver.owner" => text(one.owner.clone()),
                "waiver.until" => text(one.until.to_string()),
                "waiver.place" => text(one.place.to_string()),
                "waiver.expired" => Lookup::Value(Value::Bool(over)),
                _ => Self::missing(fact, Why::Absent),
            },
            _ => Self::missing(fact, Why::Absent),
        }
    }

    /// How many packets the listener in sight dropped over the window.
    fn dropped(&self) -> Result<u64, Why> {
        let Some(SubjectView::Listener(now, before)) = self.subject else {
            return Err(Why::Other("no subject".to_owned()));
        };
        let drops = |one: &Listener| {
            one.drops
                .ok_or_else(|| Why::NotCollected(NEEDS_DIAG.to_owned()))
        };
        let now = drops(now)?;
        let earlier = self.snapshot.earlier.as_ref().ok_or(Why::OneSample)?;
        match before {
            Some(before) => now.checked_sub(drops(before)?).ok_or_else(went_backwards),
            // A listener that was not there before has dropped nothing before.
            None if earlier.sockets.is_some() => Ok(now),
            None => Err(unread_sockets()),
        }
    }
}

impl Facts for View<'_> {
    fn value(&self, fact: &str) -> Lookup {
        if let Some(value) = self.tried.get(fact) {
            return Lookup::Value(value.clone());
        }
        if SUBJECTS.iter().any(|subject| fact.starts_with(subject)) {
            return self.subject_value(fact);
        }
        let now = &self.snapshot.now;
        if let Some(key) = fact.strip_prefix("default.") {
            return default(now, fact, key);
        }
        if let Some(key) = fact.strip_prefix("boot.") {
            return next_boot(now, fact, key);
        }
        if fact == "window.seconds" {
            return match self.window_seconds() {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "a window is far below 2^63 seconds"
                )]
                Some(seconds) => Lookup::Value(Value::Int(seconds.round() as i64)),
                None => Self::missing(fact, Why::OneSample),
            };
        }
        if fact == "port.usable_at_boot" {
            return self.usable_ports("boot");
        }
        let reading = self.snapshot.now.readings.get(fact);
        if fact == "port.usable" {
            let usable = self.usable_ports("sysctl");
            if reading.is_none() || matches!(usable, Lookup::Value(_)) {
                return usable;
            }
        }
        if let Some(reading) = reading {
            return Lookup::of(fact, reading);
        }
        if let (Some(set), Some(key)) = (&self.set_keys, fact.strip_prefix("sysctl.")) {
            return unset(set, fact, key);
        }
        if let Some(default) = param_default(fact) {
            return Lookup::Value(Value::Int(default));
        }
        if fact == "port.reserved_and_services" {
            return self.reserved_and_services(fact);
        }
        self.persisting(fact)
            .or_else(|| capped(self.snapshot, fact))
            .unwrap_or_else(|| Self::of_sample(&self.snapshot.now, fact))
    }

    fn delta(&self, fact: &str) -> Lookup {
        if self.period == Period::SinceBoot {
            return self.total(fact);
        }
        if fact == "listener.drops" {
            return self
                .dropped()
                .map_or_else(|why| Self::missing(fact, why), count);
        }
        let now = match Self::of_sample(&self.snapshot.now, fact) {
            Lookup::Value(Value::Int(now)) => now,
            Lookup::Value(_) => return Self::missing(fact, Why::Malformed),
            missing @ Lookup::Missing(_) => return missing,
        };
        let Some(earlier) = &self.snapshot.earlier else {
            return Self::missing(fact, Why::OneSample);
        };
        match Self::of_sample(earlier, fact) {
            Lookup::Value(Value::Int(before)) if before <= now => {
                Lookup::Value(Value::Int(now.saturating_sub(before)))
            }
            Lookup::Value(Value::Int(_)) => Self::missing(fact, went_backwards()),
            Lookup::Value(_) => Self::missing(fact, Why::Malformed),
            missing @ Lookup::Missing(_) => missing,
        }
    }

    fn total(&self, fact: &str) -> Lookup {
        if fact == "listener.drops" {
            return self.subject_value(fact);
        }
        Self::of_sample(&self.snapshot.now, fact)
    }

    fn window_seconds(&self) -> Option<f64> {
        match self.period {
            Period::Window => self.snapshot.window_seconds(),
            Period::SinceBoot => self
                .snapshot
                .now
                .uptime_seconds
                .filter(|seconds| *seconds > 0.0),
        }
    }
}

fn count(number: u64) -> Lookup {
    Lookup::Value(Value::Int(i64::try_from(number).unwrap_or(i64::MAX)))
}

fn text(text: String) -> Lookup {
    Lookup::Value(Value::Text(text))
}

/// The keys of a snapshot, for [`View::with_keys`]; `None` when the boot configuration was not read.
pub(super) fn keys(snapshot: &Snapshot) -> Option<Vec<SettingView<'_>>> {
    let now = &snapshot.now;
    Some(settings(now, now.boot.as_ref()?))
}

/// A counter of 32 bits that started again at zero, or of a namespace that was made anew.
fn went_backwards() -> Why {
    Why::Other("went backwards".to_owned())
}

fn unread_sockets() -> Why {
    Why::NotCollected("sockets could not be read".to_owned())
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "boot_tests.rs"]
mod boot_tests;
