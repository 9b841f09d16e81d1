//! `--prove`: whether the symptoms behind a change are gone.

use crate::apply::Proof;
use crate::check::{Verdict, View, When, judge};
use crate::fact::Snapshot;
use crate::host::Needs;
use crate::rule::{Kind, Rule};

use super::offer::Offer;
use crate::cli::command::sample;
use crate::cli::output::Output;

/// Watches the host for so many seconds, and asks the symptom rules behind the changes again.
pub(super) fn watch(offer: &Offer, seconds: u64, output: &Output) -> Proof {
    let mut ids: Vec<&String> = offer.steps.iter().flat_map(|step| &step.rules).collect();
    ids.sort();
    ids.dedup();
    let symptoms: Vec<&Rule> = ids
        .into_iter()
        .filter_map(|id| offer.book.rule(id))
        .filter(|rule| rule.kind == Kind::Symptom)
        .collect();
    if symptoms.is_empty() {
        return Proof {
            seconds: 0,
            rules: Vec::new(),
        };
    }
    let needs = Needs::Facts(offer.book.facts());
    #[expect(clippy::cast_precision_loss, reason = "a day at most")]
    let after = sample::take(&offer.source, &needs, seconds as f64, output);
    let rules = symptoms.into_iter().map(|rule| {
        let before = said(rule, &offer.snapshot).unwrap_or_default();
        (rule.id.clone(), before, said(rule, &after))
    });
    Proof {
        seconds,
        rules: rules.collect(),
    }
}

/// What a rule says of a window; nothing when it does not fire.
fn said(rule: &Rule, snapshot: &Snapshot) -> Option<String> {
    match judge(rule, &View::new(snapshot)) {
        Verdict::Fires(finding) if finding.period == When::Now => Some(finding.message),
        Verdict::Unknown(_) => Some("it cannot be told any more".to_owned()),
        Verdict::Fires(_) | Verdict::Holds | Verdict::NotApplicable(_) => None,
    }
}

/// Whether at least one symptom is gone.
pub(super) fn improved(proof: &Proof) -> bool {
    proof.rules.iter().any(|(_, _, after)| after.is_none())
}
