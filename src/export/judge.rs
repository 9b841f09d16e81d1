//! What a target cannot carry, and why.

use std::collections::BTreeSet;

use super::setting::{Export, Setting, default_of};
use super::target::{Target, Terms};
use crate::apply::{forbidden, unfit_for_a_file};
use crate::catalog::FragmentBound;

/// A setting that is not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The key, dotted.
    pub key: String,
    /// The value; `None` where it is a secret.
    pub value: Option<String>,
    /// Why not, as a phrase.
    pub why: String,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{} = {value}: {}", self.key, self.why),
            None => write!(f, "{}: {}", self.key, self.why),
        }
    }
}

/// The settings of an export, told apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// What the target carries, in order.
    pub carried: Vec<Setting>,
    /// What it does not, in order.
    pub refused: Vec<Refused>,
}

/// Asks a target about every setting.
pub fn judge(export: &Export, target: &dyn Target, terms: &Terms) -> Judged {
    let mut judged = Judged::default();
    let mut seen = BTreeSet::new();
    for setting in &export.settings {
        let Setting { key, value, .. } = setting;
        let twice = !seen.insert(key.as_str());
        let why = forbidden(key, value)
            .or_else(|| unfit(key, value))
            .or_else(|| twice.then(|| "it stands there twice".to_owned()))
            .or_else(|| needs_an_order(setting, export, target))
            .or_else(|| target.refuses(setting, terms));
        match why {
            None => judged.carried.push(setting.clone()),
            Some(why) => {
                let secret = setting.spec().is_some_and(|spec| spec.secret);
                judged.refused.push(Refused {
                    key: key.clone(),
                    value: (!secret).then(|| value.clone()),
                    why,
                });
            }
        }
    }
    judged
}

/// What no file of settings can hold.
fn unfit(key: &str, value: &str) -> Option<String> {
    if value.trim().is_empty() {
        return Some("an empty value cannot stand in a file".to_owned());
    }
    unfit_for_a_file(key, value).map(|_| "its name cannot stand in a file of settings".to_owned())
}

const RANGE: &str = "net.ipv4.ip_local_port_range";
const START: &str = "net.ipv4.ip_unprivileged_port_start";

/// Two keys of which the kernel takes one order only, where the tool keeps none: each is a bound of the other, whatever
/// that is at the moment. The range of local ports may not begin below the first unprivileged port
/// (`ipv4_local_port_range`, `ipv4_privileged_ports` of `net/ipv4/sysctl_net_ipv4.c`), nor may a low threshold of
/// fragments be above the high one ([`FragmentBound`]).
fn needs_an_order(setting: &Setting, export: &Export, target: &dyn Target) -> Option<String> {
    if target.keeps_order() {
        return None;
    }
    let key = setting.key.as_str();
    let (lower, upper) = match (key, FragmentBound::of(key)) {
        (RANGE | START, _) => (START.to_owned(), RANGE.to_owned()),
        (_, Some(FragmentBound::Low)) => (key.to_owned(), key.replace("_low_", "_high_")),
        (_, Some(FragmentBound::High)) => (key.replace("_high_", "_low_"), key.to_owned()),
        _ => return None,
    };
    let first = |text: &str| text.split_whitespace().next()?.parse::<i64>().ok();
    let wanted = |key: &str| {
        let found = export.settings.iter().find(|one| one.key == key)?;
        first(&found.value)
    };
    let before = |key: &str| default_of(key).and_then(first);
    let depends = wanted(&upper)? < before(&lower)? || wanted(&lower)? > before(&upper)?;
    depends.then(|| {
        format!("{upper} and {lower} need an order here, and the tool writes keys in any order")
    })
}
