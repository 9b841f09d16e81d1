//! From verdicts to outcomes, for each key and for each definition.

use std::collections::BTreeMap;

use super::files::Aside;
use super::plan::{NO_EQUALS, Plan, Verdict};
use crate::fact::boot::{Fate, Outcome, Place};

/// By key: the definitions that claim it, and what becomes of them there.
type Claims = BTreeMap<String, Vec<(usize, Outcome)>>;

/// The claims of every key, and one outcome for each definition.
pub(super) fn settled(plan: &Plan<'_>) -> (Claims, Vec<Outcome>) {
    let gathered = plan.gathered;
    let mut outcomes: Vec<Option<Outcome>> = vec![None; gathered.definitions.len()];
    let mut claims = Vec::with_capacity(plan.claims.len());
    for (key, of_key) in &plan.claims {
        let last = plan.last.get(key).copied();
        let settled = of_key.iter().filter_map(|(at, verdict)| {
            let definition = gathered.said.get(*at)?.definition;
            Some((definition, outcome(plan, *at, verdict, last)))
        });
        let mut settled: Vec<(usize, Outcome)> = settled.collect();
        settled.sort_by_key(|(definition, _)| *definition);
        for (definition, outcome) in &settled {
            if let Some(known) = outcomes.get_mut(*definition)
                && known.as_ref().is_none_or(|known| is_weaker(known, outcome))
            {
                *known = Some(outcome.clone());
            }
        }
        claims.push((key.to_string(), settled));
    }
    for (at, said) in gathered.said.iter().enumerate() {
        let verdict = match (&said.aside, said.name) {
            (Some(aside), _) => Verdict::Aside(std::rc::Rc::clone(aside)),
            (None, Some(_)) => match plan.fruitless.get(&at) {
                Some(verdict) => verdict.clone(),
                None => continue,
            },
            (None, None) => Verdict::Invalid(NO_EQUALS),
        };
        if let Some(known @ None) = outcomes.get_mut(said.definition) {
            *known = Some(outcome(plan, at, &verdict, None));
        }
    }
    let unknown = Outcome {
        fate: Fate::Ignored,
        by: None,
        why: None,
    };
    let outcomes = outcomes
        .into_iter()
        .map(|outcome| outcome.unwrap_or_else(|| unknown.clone()))
        .collect();
    (claims.into_iter().collect(), outcomes)
}

/// Of a pattern the best that happens to any of its keys is told; equal fates by the key that sorts
/// first are not told apart.
fn is_weaker(known: &Outcome, other: &Outcome) -> bool {
    (other.fate, &other.by) < (known.fate, &known.by)
}

/// `last` is who writes the key last.
fn outcome(plan: &Plan<'_>, at: usize, verdict: &Verdict, last: Option<usize>) -> Outcome {
    let (fate, by, why) = match verdict {
        Verdict::Wrote => match last {
            Some(last) if last != at => (Fate::Shadowed, place(plan, last), None),
            _ => (Fate::Wins, None, None),
        },
        Verdict::Stands => match last.filter(|last| !by_kernel(plan, *last)) {
            Some(last) => (Fate::Shadowed, place(plan, last), None),
            None => (Fate::Wins, None, None),
        },
        Verdict::Shadowed(by) => (Fate::Shadowed, place(plan, *by), None),
        Verdict::Excluded(by) => (Fate::Excluded, place(plan, *by), None),
        Verdict::Ignored(why, by) => (
            Fate::Ignored,
            by.and_then(|by| place(plan, by)),
            Some((*why).to_owned()),
        ),
        Verdict::Invalid(why) => (Fate::Invalid, None, Some((*why).to_owned())),
        Verdict::Aside(aside) => match aside.as_ref() {
            Aside::Masked(by) => (
                Fate::Masked,
                Some(Place {
                    file: by.clone(),
                    line: None,
                }),
                None,
            ),
            Aside::Lost(why) => (Fate::Invalid, None, Some((*why).to_owned())),
            Aside::Unread(why) => (Fate::Ignored, None, Some((*why).to_owned())),
        },
    };
    Outcome { fate, by, why }
}

fn by_kernel(plan: &Plan<'_>, said: usize) -> bool {
    plan.gathered
        .said
        .get(said)
        .is_some_and(|said| said.by_kernel)
}

fn place(plan: &Plan<'_>, said: usize) -> Option<Place> {
    let said = plan.gathered.said.get(said)?;
    let definition = plan.gathered.definitions.get(said.definition)?;
    Some(definition.place.clone())
}
