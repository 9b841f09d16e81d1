//! What a site has accepted, taken out of what a rule finds.

use crate::rule::{Rule, Waiver, Waivers};

use super::finding::Finding;
use super::view::SubjectView;

/// Takes the lines and keys that were accepted out of those with the fault, and gives their waivers. Where
/// all of them were, they stay: the finding is accepted as a whole.
pub(super) fn accepted_keys(
    rule: &Rule,
    fired: &mut Vec<SubjectView<'_>>,
    waivers: Option<&Waivers>,
) -> Vec<Waiver> {
    let Some(waivers) = waivers.filter(|all| all.of(&rule.id).any(|one| one.key.is_some())) else {
        return Vec::new();
    };
    let of = |one: &SubjectView<'_>| {
        let key = match one {
            SubjectView::Definition(line) => line.one.key.as_str(),
            SubjectView::Setting(one) => one.key,
            SubjectView::Assignment(line) => line.one.key.as_str(),
            SubjectView::Listener(..) | SubjectView::Destination(_) | SubjectView::Waiver(..) => {
                return None;
            }
        };
        waivers.for_key(&rule.id, key)
    };
    let mut accepted: Vec<Waiver> = Vec::new();
    for waiver in fired.iter().filter_map(of) {
        if !accepted.contains(waiver) {
            accepted.push(waiver.clone());
        }
    }
    if fired.iter().all(|one| of(one).is_some()) {
        return Vec::new();
    }
    fired.retain(|one| of(one).is_none());
    accepted
}

/// Marks what was accepted. It is told and proposes nothing; a waiver for one key takes that key out, and
/// with the last key the whole finding is accepted.
pub(super) fn waive(rule: &Rule, finding: &mut Finding, waivers: &Waivers) {
    let whole = waivers.whole(&rule.id).or_else(|| {
        let keys = concerned(rule, finding);
        let first = waivers.for_key(&rule.id, keys.first()?)?;
        let all = keys
            .iter()
            .all(|key| waivers.for_key(&rule.id, key).is_some());
        all.then_some(first)
    });
    if let Some(waiver) = whole {
        finding.waived = Some(waiver.clone());
        finding.waived_keys.clear();
        finding.proposals.clear();
        finding.blocked = None;
        return;
    }
    let mut accepted = Vec::new();
    finding
        .proposals
        .retain(|one| match waivers.for_key(&rule.id, &one.key) {
            Some(waiver) => {
                accepted.push(waiver.clone());
                false
            }
            None => true,
        });
    finding.waived_keys.extend(accepted);
}

/// The keys a finding is about: those with the fault, else those it would change, else those its rule may.
fn concerned<'a>(rule: &'a Rule, finding: &'a Finding) -> Vec<&'a str> {
    let listed: Vec<&str> = finding
        .instances
        .iter()
        .map(|one| one.key.as_str())
        .collect();
    if !listed.is_empty() {
        return listed;
    }
    let proposed = finding.proposals.iter();
    let proposed: Vec<&str> = proposed.map(|one| one.key.as_str()).collect();
    if !proposed.is_empty() {
        return proposed;
    }
    let set = rule.response().set.iter();
    set.map(|one| one.key.as_str()).collect()
}
