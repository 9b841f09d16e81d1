//! What a profile wants, whatever the counters say.

use std::collections::BTreeSet;

use crate::catalog;
use crate::check::View;
use crate::fact::{Reading, Snapshot, Value};
use crate::rule::{Profile, Wish};

use super::guard::unsafe_here;
use super::merge::{Change, Plan, forbidden, removed, unreachable};
use super::standing::Standing;

/// How a profile stands among those that want a change: `profile:server`.
pub const WANTED_BY: &str = "profile:";

/// The facts that it takes to plan for a profile.
pub fn needs_of(profile: &Profile) -> BTreeSet<String> {
    facts_of(profile.want.keys().map(String::as_str))
}

/// The facts that it takes to tell whether these keys may be changed.
pub fn facts_of<'k>(keys: impl Iterator<Item = &'k str>) -> BTreeSet<String> {
    let of_key = |key: &str| {
        let guards = catalog::guard_facts(key).iter();
        let guards = guards.map(|fact| (*fact).to_owned());
        guards.chain([format!("sysctl.{key}")]).collect::<Vec<_>>()
    };
    keys.flat_map(of_key).collect()
}

/// The plan with the wishes of a profile laid over it; where none was named, the plan itself.
///
/// A profile is what somebody decided for a role, so that its hosts come to the same settings: where a rule
/// wants another value, the profile's stands, and the rule's is shown as blocked by it.
#[must_use]
pub fn with_wishes(mut plan: Plan, profile: Option<&Profile>, snapshot: &Snapshot) -> Plan {
    let Some(profile) = profile else { return plan };
    let view = View::new(snapshot);
    for (key, wanted) in &profile.want {
        let live = view.live(key);
        let rule = plan.changes.remove(key);
        let met = live.value().is_some_and(|live| wanted.is_met(live));
        let keeps = |next: &Value| wanted.is_met(next);
        // A value that is there by hand, or by an apply of live values only, has not come to stay.
        let change = if met && !Standing::of(snapshot, key).loses(keeps) {
            rule.map(|change| {
                if wanted.is_met(&change.recommended) {
                    change
                } else {
                    overruled(change, wanted, profile)
                }
            })
        } else {
            wish(key, wanted, live, rule, profile, &view)
        };
        if let Some(change) = change {
            plan.changes.insert(key.clone(), change);
        }
    }
    plan
}

/// What a rule wants where the profile has what it wants already.
fn overruled(change: Change, wanted: &Wish, profile: &Profile) -> Change {
    Change {
        blocked: Some(format!(
            "profile {} wants {wanted}; change it there ({})",
            profile.name, profile.origin.file
        )),
        out_of_reach: false,
        ..change
    }
}

fn wish(
    key: &str,
    wanted: &Wish,
    live: Reading<Value>,
    rule: Option<Change>,
    profile: &Profile,
    view: &View<'_>,
) -> Option<Change> {
    let spec = catalog::find(key)?;
    let value = wanted.value(live.value());
    let blocked = removed(spec, &live, view)
        .or_else(|| forbidden(spec, &value, view))
        .or_else(|| unsafe_here(key, &live, &value, view));
    let out_of_reach =
        blocked.is_none() && matches!(live, Reading::ReadOnly(_) | Reading::Denied(_));
    let blocked = blocked.or_else(|| unreachable(&live));
    // The guard of a rule that wants the same is a reason against the value, whoever wants it.
    let guards = rule.iter().flat_map(|rule| &rule.guards);
    let blocked = blocked.or_else(|| {
        let mut of_this = guards.filter(|(wanted, _)| *wanted == value);
        of_this.next().map(|(_, why)| why.clone())
    });
    let own = format!("{WANTED_BY}{}", profile.name);
    // Rules that do not agree among themselves do not agree with the profile: it decides between them.
    let agrees = |rule: &Change| !rule.conflict && rule.recommended == value;
    let (mut because, costs, mut messages) = match rule {
        Some(rule) if agrees(&rule) => (rule.because, rule.costs, rule.messages),
        _ => (Vec::new(), Vec::new(), Vec::new()),
    };
    because.push(own);
    let stays = if live.value() == Some(&value) {
        ", after the next boot too"
    } else {
        ""
    };
    messages.push(format!("profile {} wants {wanted}{stays}", profile.name));
    Some(Change {
        key: key.to_owned(),
        scope: spec.scope,
        live,
        recommended: value,
        because,
        by_setting: true,
        blocked,
        out_of_reach,
        conflict: false,
        guards: Vec::new(),
        costs,
        messages,
        standing: Standing::of(view.snapshot(), key),
    })
}

#[cfg(test)]
#[path = "want_tests.rs"]
mod tests;
