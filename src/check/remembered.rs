//! One state, judged over two windows: the seconds that this run watched, and the time since a run that left
//! its sample.
//!
//! Most of what is judged is a state of now, or a rise that only says something beside one; that takes a
//! window of seconds. What a rule can say of hours it says of the time since the last run too: a burst that
//! was over before this run began is in it, and by no other way a finding.

use crate::fact::Snapshot;
use crate::rule::{Rulebook, Waivers};

use super::evaluate::{drop_told_past, judge, judged};
use super::finding::{Judgement, Verdict, When};
use super::view::View;

/// What both windows told.
#[derive(Debug)]
pub struct OverBoth<'r> {
    /// One verdict for each rule.
    pub judgements: Vec<Judgement<'r>>,
    /// Rules that should have been judged over the longer window and could not be; their verdicts are those
    /// of the shorter one.
    pub not_since: Vec<&'r str>,
}

/// Judges every rule of the book over the window of `snapshot`, and those that can be judged over hours over
/// that of `longer` too: the same state, after an earlier sample. A rule fires when it does over either one.
pub fn check_over<'r>(
    snapshot: &Snapshot,
    longer: Option<&Snapshot>,
    book: &'r Rulebook,
    waivers: &Waivers,
) -> OverBoth<'r> {
    judged(snapshot, book, waivers, |mut judgements, view| {
        let mut not_since = Vec::new();
        if let Some(longer) = longer {
            let view = View::new(longer).where_accepted(waivers);
            for one in &mut judgements {
                if one.rule.spans_hours() && !is_of_now(&one.verdict) {
                    let verdict = judge(one.rule, &view);
                    if is_better(&verdict, &one.verdict) {
                        one.verdict = verdict;
                    } else if matches!(verdict, Verdict::Unknown(_))
                        && !matches!(one.verdict, Verdict::Unknown(_))
                    {
                        not_since.push(one.rule.id.as_str());
                    }
                }
            }
        }
        drop_told_past(&mut judgements, view);
        OverBoth {
            judgements,
            not_since,
        }
    })
}

fn is_of_now(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Fires(finding) if finding.period == When::Now)
}

/// Whether the verdict over the longer window says more than that over the shorter one, which did not fire:
/// it fires, or it knows where the other, which may be one sample, does not.
fn is_better(longer: &Verdict, shorter: &Verdict) -> bool {
    is_of_now(longer)
        || (matches!(shorter, Verdict::Unknown(_)) && !matches!(longer, Verdict::Unknown(_)))
}

#[cfg(test)]
#[path = "remembered_tests.rs"]
mod tests;
