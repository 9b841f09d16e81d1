//! What is to be exported, and where it comes from.

use crate::apply::{PlanFile, calendar, in_safe_order, step};
use crate::catalog::{self, KeySpec};
use crate::rule::{Profile, Wish};

/// The settings of one plan or one profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// Where they come from, in a few words: `the profile proxy: answers many connections`.
    pub source: String,
    /// The settings, in the order in which they are to be written.
    pub settings: Vec<Setting>,
}

/// One key and the value it is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The key, dotted.
    pub key: String,
    /// The value as `/proc/sys` takes it.
    pub value: String,
    /// More is as good: a host that has more need not come down.
    pub at_least: bool,
    /// Who wants it: rules by id, or a profile.
    pub because: Vec<String>,
}

impl Setting {
    /// What the catalogue says of the key.
    pub fn spec(&self) -> Option<&'static KeySpec> {
        catalog::find(&self.key)
    }

    /// The value as a number, where it is one.
    pub fn number(&self) -> Option<i64> {
        self.value.parse().ok()
    }

    /// The name of the interface that the key is about, with `/` for a dot in it; `None` for a key that is about
    /// none, or about all of them.
    pub fn interface(&self) -> Option<&str> {
        let mut parts = self.key.split('.');
        let (net, family, group) = (parts.next()?, parts.next()?, parts.next()?);
        let name = parts.next()?;
        let of_interfaces = net == "net"
            && matches!(family, "ipv4" | "ipv6" | "mpls")
            && matches!(group, "conf" | "neigh")
            && parts.next().is_some();
        (of_interfaces && !matches!(name, "all" | "default")).then_some(name)
    }
}

impl Export {
    /// The changes of a plan, in its order.
    pub fn of_plan(plan: &PlanFile) -> Self {
        let host = plan.host.as_deref().unwrap_or("a host without a name");
        let settings = plan.changes.iter().map(|change| Setting {
            key: change.key.clone(),
            value: plain(&change.key, &change.after),
            at_least: false,
            because: change.rules.clone(),
        });
        Self {
            source: format!("a plan for {host}, {}", calendar::day(plan.at)),
            settings: settings.collect(),
        }
    }

    /// What a profile wants, in an order in which every write succeeds on a host that has the kernel's defaults.
    pub fn of_profile(profile: &Profile) -> Self {
        let wish = |key: &String| profile.want.get(key);
        let mut steps: Vec<_> = profile
            .want
            .iter()
            .map(|(key, wish)| {
                let before = default_of(key).unwrap_or_default().to_owned();
                step(key, before, wish.value(None).to_string(), Vec::new())
            })
            .collect();
        in_safe_order(&mut steps);
        let because = if profile.title.is_empty() {
            format!("profile {}", profile.name)
        } else {
            format!("profile {}: {}", profile.name, profile.title)
        };
        let settings = steps.into_iter().map(|step| Setting {
            at_least: matches!(wish(&step.key), Some(Wish::AtLeast(_))),
            because: vec![because.clone()],
            key: step.key,
            value: step.after,
        });
        Self {
            source: format!("the {because}"),
            settings: settings.collect(),
        }
    }
}

/// The newest of the kernel's own defaults.
pub(super) fn default_of(key: &str) -> Option<&'static str> {
    let spec = catalog::find(key)?;
    spec.defaults.iter().rev().find_map(|one| one.value)
}

/// A value as the catalogue writes it: an edited plan may have any blanks, line ends among them, in it.
fn plain(key: &str, text: &str) -> String {
    let known = catalog::find(key).and_then(|spec| spec.parse(text).ok());
    known.map_or_else(|| text.to_owned(), |value| value.to_string())
}
