//! What was not looked at: rules that could have wanted a change.

use crate::check::{Judgement, Verdict};
use crate::rule::Kind;

/// Setting rules that nobody could judge, with what was missing. An apply that passed them over in silence
/// would look like one that found everything as wanted.
pub(super) fn unjudged(judgements: &[Judgement<'_>]) -> Vec<String> {
    let mut told = Vec::new();
    for Judgement { rule, verdict } in judgements {
        let Verdict::Unknown(missing) = verdict else {
            continue;
        };
        if rule.kind != Kind::Setting || rule.response().set.is_empty() {
            continue;
        }
        let keys: Vec<&str> = rule
            .response()
            .set
            .iter()
            .map(|set| set.key.as_str())
            .collect();
        let missing: Vec<String> = missing.iter().map(ToString::to_string).collect();
        let (keys, missing) = (keys.join(", "), missing.join("; "));
        told.push(format!(
            "{keys} not looked at: {} could not be judged ({missing})",
            rule.id
        ));
    }
    told
}
