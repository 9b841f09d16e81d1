//! What there is to say of this host, or of the kernel that was asked about.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Row, Told};
use crate::catalog;
use crate::fact::socket::Holding;
use crate::fact::{KernelVersion, Reading, Snapshot, Value};
use crate::render::why::{Inquiry, WhyKey, why};
use crate::timing::Settings;

/// Where values come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// This host, or the recorded tree that was named.
    Host,
    /// The defaults of the kernel that was named.
    Kernel,
    /// The defaults of this kernel, or of the newest the catalogue knows, since nothing could be read.
    Unread,
}

/// What is known of the host or kernel.
#[derive(Clone, Copy, Debug)]
pub struct Now<'a> {
    /// Where values come from.
    pub basis: Basis,
    /// The facts; empty unless the basis is a host.
    pub snapshot: &'a Snapshot,
    /// The kernel.
    pub kernel: Option<&'a KernelVersion>,
    /// Why no boot files apply, where none do.
    pub no_files: Option<&'a str>,
    /// Whose sockets of the state that is explained these are.
    pub holding: Option<&'a Holding>,
}

impl Now<'_> {
    /// A key as it is on the host, or as the kernel has it by default.
    pub(super) fn read(&self, key: &str) -> Reading<Value> {
        if self.basis == Basis::Host {
            let reading = self.snapshot.now.readings.get(&format!("sysctl.{key}"));
            return reading
                .cloned()
                .unwrap_or_else(|| Reading::Denied("not read".to_owned()));
        }
        let (Some(kernel), Some(spec)) = (self.kernel, catalog::find(key)) else {
            return Reading::Absent;
        };
        let gone = spec.removed_in.is_some_and(|release| release.is_in(kernel));
        let young = spec.since.is_some_and(|since| !since.is_in(kernel));
        if gone || young {
            return Reading::Absent;
        }
        match spec.default_for(kernel) {
            Some(value) => Reading::Known(value),
            None => Reading::Denied("no fixed default".to_owned()),
        }
    }

    /// The same for formulas.
    pub(super) fn with_settings<T>(&self, use_them: impl FnOnce(&Settings<'_>) -> T) -> T {
        let read = |key: &str| self.read(key);
        use_them(&Settings {
            read: &read,
            kernel: self.kernel,
        })
    }

    /// A number among the facts.
    pub(super) fn count(&self, fact: &str) -> Option<u64> {
        match self.snapshot.now.readings.get(fact)?.value()? {
            Value::Int(number) => u64::try_from(*number).ok(),
            _ => None,
        }
    }

    /// What `why` says of a key, with no rule judged.
    pub(super) fn standing(&self, key: &str) -> Option<WhyKey> {
        if self.basis != Basis::Host {
            return None;
        }
        let keys = [key.to_owned()];
        let answer = why(&Inquiry {
            snapshot: self.snapshot,
            keys: &keys,
            judgements: &[],
            plan: &crate::plan::Plan::default(),
            files_only: false,
            no_files: self.no_files,
        });
        answer.keys.into_iter().next()
    }

    /// What the values are of, for a heading.
    pub(super) fn place(&self) -> String {
        let kernel = self
            .kernel
            .map_or_else(|| "an unknown kernel".to_owned(), |k| format!("Linux {k}"));
        match self.basis {
            Basis::Host => format!("Here, {kernel}"),
            Basis::Kernel => format!("{kernel}, by default"),
            Basis::Unread => format!("{kernel}, by default: nothing could be read here"),
        }
    }

    /// A row about a key: its value and, on a host, whether it is the default.
    pub(super) fn row(&self, key: &str, values: &mut Vec<Told>) -> Row {
        let reading = self.read(key);
        let secret = catalog::find(key).is_some_and(|spec| spec.secret);
        let name = format!("sysctl.{key}");
        match reading.value() {
            Some(_) if secret => Row::new(key, "(secret)"),
            Some(value) => {
                let text = value.to_string();
                values.push(Told::known(name, text.clone(), None));
                let text = if text.is_empty() {
                    "(empty)".to_owned()
                } else {
                    text
                };
                Row::new(key, text)
            }
            None => {
                let why = match &reading {
                    Reading::Absent => "this kernel does not have it".to_owned(),
                    Reading::Denied(why) if self.basis != Basis::Host => why.clone(),
                    other => other.reason().unwrap_or_default(),
                };
                values.push(Told::unknown(name, why.clone()));
                Row::new(key, why)
            }
        }
    }
}
