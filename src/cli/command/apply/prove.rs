//! `--prove`: whether the symptoms behind a change are gone.

use crate::apply::{Lag, Proof, Step, not_in_force};
use crate::check::{Verdict, View, When, judge};
use crate::fact::{FactClass, Snapshot, fact_spec};
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
            untold: Vec::new(),
        };
    }
    let needs = Needs::Facts(offer.book.facts());
    #[expect(clippy::cast_precision_loss, reason = "a day at most")]
    let mut after = sample::take(&offer.source, &needs, seconds as f64, output);
    under_the_same_profile(&offer.snapshot, &mut after);
    let lags = not_in_force(&offer.steps, &offer.snapshot);
    let mut proof = Proof {
        seconds,
        rules: Vec::new(),
        untold: Vec::new(),
    };
    for rule in symptoms {
        let before = match said(rule, &offer.snapshot) {
            Said::Fires(message) | Said::Unknown(message) => message,
            Said::Quiet => String::new(),
        };
        let after = match said(rule, &after) {
            Said::Fires(message) => Some(message),
            Said::Unknown(why) => {
                proof.untold.push(rule.id.clone());
                Some(why)
            }
            Said::Quiet => {
                let why = waits(rule, &offer.steps, &lags);
                proof.untold.extend(why.is_some().then(|| rule.id.clone()));
                why
            }
        };
        proof.rules.push((rule.id.clone(), before, after));
    }
    proof
}

/// Why the silence of a rule says nothing: a setting that it asked for has not reached the sockets yet, so the
/// rule is silent only because its condition compares with the new value.
fn waits(rule: &Rule, steps: &[Step], lags: &[Lag]) -> Option<String> {
    let of_rule = |lag: &&Lag| {
        let mut steps = steps.iter();
        steps.any(|step| step.key == lag.key && step.rules.contains(&rule.id))
    };
    let mut waiting = lags.iter().filter(of_rule);
    let first = waiting.next()?;
    let more = match waiting.count() {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    Some(format!("it cannot be told yet: {}{more}", first.what))
}

/// Puts the parameters that the plan was made with among the facts of a later look: rules that read them are
/// asked the same question again.
fn under_the_same_profile(before: &Snapshot, after: &mut Snapshot) {
    let params: Vec<_> = before
        .now
        .readings
        .iter()
        .filter(|(fact, _)| fact_spec(fact).is_some_and(|spec| spec.class == FactClass::Param))
        .map(|(fact, reading)| (fact.clone(), reading.clone()))
        .collect();
    for sample in std::iter::once(&mut after.now).chain(&mut after.earlier) {
        sample.readings.extend(params.iter().cloned());
    }
}

/// What a rule says of a window.
enum Said {
    Fires(String),
    Quiet,
    Unknown(String),
}

fn said(rule: &Rule, snapshot: &Snapshot) -> Said {
    match judge(rule, &View::new(snapshot)) {
        Verdict::Fires(finding) if finding.period == When::Now => Said::Fires(finding.message),
        Verdict::Unknown(_) => Said::Unknown("it cannot be told any more".to_owned()),
        Verdict::Fires(_) | Verdict::Holds | Verdict::NotApplicable(_) => Said::Quiet,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::{Reading, Sample, Value};

    #[test]
    fn a_later_look_is_judged_by_the_parameters_of_the_plan() {
        let sample = |facts: &[(&str, i64)]| {
            let mut sample = Sample::default();
            for (fact, number) in facts {
                let reading = Reading::Known(Value::Int(*number));
                sample.readings.insert((*fact).to_owned(), reading);
            }
            sample
        };
        let live = "sysctl.net.ipv4.tcp_keepalive_time";
        let before = Snapshot::new(None, sample(&[("param.idle_limit", 350), (live, 7200)]));
        let mut after = Snapshot::new(Some(Sample::default()), sample(&[(live, 280)]));
        under_the_same_profile(&before, &mut after);
        let limit = Some(&Reading::Known(Value::Int(350)));
        assert_eq!(after.now.readings.get("param.idle_limit"), limit);
        let earlier = after.earlier.unwrap();
        assert_eq!(earlier.readings.get("param.idle_limit"), limit);
        assert!(
            !earlier.readings.contains_key(live),
            "a setting is looked at anew"
        );
        let kept = Some(&Reading::Known(Value::Int(280)));
        assert_eq!(after.now.readings.get(live), kept);
    }
}
