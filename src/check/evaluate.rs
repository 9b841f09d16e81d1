//! One rule, one snapshot, one verdict.

use std::collections::BTreeSet;

use crate::catalog::{self, KeySpec, Kind};
use crate::fact::boot::Place;
use crate::fact::{Day, Reading, Snapshot, Value};
use crate::rule::expr::{Expr, Facts, Lookup, Missing, Outcome, Why, format_value};
use crate::rule::{self, Assignment, Rule, Rulebook, Subject, Template, Waivers};

use super::doubt::doubt;
use super::finding::{Evidence, Finding, INSTANCES, Instance, Judgement, Proposal, Verdict, When};
use super::next_boot::{BOOT_FILES, NOT_THIS_NAMESPACE, unread};
use super::view::{Period, SubjectView, View, keys};
use super::waived::{accepted_keys, waive};

/// Judges every rule of the book where nothing has been accepted.
pub fn check<'r>(snapshot: &Snapshot, book: &'r Rulebook) -> Vec<Judgement<'r>> {
    check_at(snapshot, book, &Waivers::none(Day::of_unix(0)))
}

/// Judges every rule of the book where a site has accepted some findings.
pub fn check_at<'r>(
    snapshot: &Snapshot,
    book: &'r Rulebook,
    waivers: &Waivers,
) -> Vec<Judgement<'r>> {
    judged(snapshot, book, waivers, |mut judgements, view| {
        drop_told_past(&mut judgements, view);
        judgements
    })
}

/// Judges every rule of the book, and has the end made of it while the facts are at hand.
pub(super) fn judged<'r, T>(
    snapshot: &Snapshot,
    book: &'r Rulebook,
    waivers: &Waivers,
    end: impl FnOnce(Vec<Judgement<'r>>, &View<'_>) -> T,
) -> T {
    let reads_keys = book.rules().any(|rule| rule.each == Some(Subject::Setting));
    let found = reads_keys.then(|| keys(snapshot)).flatten();
    let view = View::new(snapshot)
        .with_keys(found.as_deref())
        .where_accepted(waivers);
    let judgements: Vec<Judgement<'r>> = book
        .rules()
        // A rule about texts says nothing of a host.
        .filter(|rule| !rule.each.is_some_and(Subject::is_of_text))
        .map(|rule| Judgement {
            rule,
            verdict: judge(rule, &view),
        })
        .collect();
    end(judgements, &view)
}

/// A past fault is told only where its mechanism is quiet now: the totals since boot hold the present
/// fault too, and the same drops must not be reported twice. What is left is the verdict on now.
pub(super) fn drop_told_past(judgements: &mut [Judgement<'_>], view: &View<'_>) {
    let firing = |judgement: &Judgement<'_>, period| match &judgement.verdict {
        Verdict::Fires(finding) => finding.period == period,
        _ => false,
    };
    let busy: BTreeSet<String> = judgements
        .iter()
        .filter(|one| firing(one, When::Now) && one.rule.kind == rule::Kind::Symptom)
        .map(|one| one.rule.mechanism.clone())
        .collect();
    for one in judgements {
        if firing(one, When::Past) && busy.contains(&one.rule.mechanism) {
            one.verdict = judge_now(one.rule, view);
        }
    }
}

/// Judges one rule: now, and if it does not fire, by what happened since boot.
pub fn judge(rule: &Rule, view: &View<'_>) -> Verdict {
    let mut verdict = judge_both(rule, view);
    if let (Verdict::Fires(finding), Some(waivers)) = (&mut verdict, view.waivers()) {
        waive(rule, finding, waivers);
    }
    verdict
}

fn judge_both(rule: &Rule, view: &View<'_>) -> Verdict {
    let now = &view.snapshot().now;
    if rule.reads_boot() && now.readings.get(BOOT_FILES) == Some(&Reading::Absent) {
        return Verdict::NotApplicable(NOT_THIS_NAMESPACE.to_owned());
    }
    match required(rule, view) {
        Required::Here => {}
        Required::Absent(fact) => {
            return Verdict::NotApplicable(format!("`{fact}` does not exist here"));
        }
        Required::Unknown(missing) => return Verdict::Unknown(missing),
    }
    let now = judge_now(rule, view);
    match rule.past() {
        Some(past) if !matches!(now, Verdict::Fires(_)) => {
            judge_past(rule, past, view).unwrap_or(now)
        }
        _ => now,
    }
}

fn judge_now(rule: &Rule, view: &View<'_>) -> Verdict {
    match rule.each {
        None => judge_once(rule, view),
        Some(subject) => judge_each(rule, view, subject),
    }
}

enum Required {
    Here,
    Absent(String),
    Unknown(Vec<Missing>),
}

fn required(rule: &Rule, view: &View<'_>) -> Required {
    let mut unknown = Vec::new();
    for fact in &rule.requires {
        let lookup = match view.value(fact) {
            Lookup::Missing(Missing {
                why: Why::NotCollected(_),
                ..
            }) => view.total(fact),
            found => found,
        };
        if let Lookup::Missing(missing) = lookup {
            if missing.why == Why::Absent {
                return Required::Absent(fact.clone());
            }
            unknown.push(missing);
        }
    }
    if unknown.is_empty() {
        Required::Here
    } else {
        Required::Unknown(unknown)
    }
}

fn judge_once(rule: &Rule, view: &View<'_>) -> Verdict {
    match rule.when().evaluate(view) {
        Outcome::Bool(true) => Verdict::Fires(Box::new(finding(rule, view, 0))),
        Outcome::Unknown(missing) => Verdict::Unknown(missing),
        _ => Verdict::Holds,
    }
}

/// Fires when the condition holds for any subject; the worst one is reported. Unknown when it holds
/// for none and cannot be judged for some.
fn judge_each(rule: &Rule, view: &View<'_>, subject: Subject) -> Verdict {
    let (subjects, what) = match subject {
        Subject::Listener => (view.listeners(), "listening sockets"),
        Subject::Destination => (view.destinations(), "TCP sockets"),
        Subject::Definition => (view.definitions(), "lines of the boot configuration"),
        Subject::Setting => (view.settings(), "keys at the next boot"),
        Subject::Waiver => (view.accepted(), "waivers"),
        Subject::Assignment => (view.assignments(), "assignments in texts"),
    };
    let Some(subjects) = subjects else {
        let why = match subject {
            Subject::Setting if view.snapshot().now.boot.is_some() => {
                Why::NotCollected("no setting could be read".to_owned())
            }
            Subject::Definition | Subject::Setting => unread(&view.snapshot().now),
            Subject::Listener => Why::NotCollected("sockets could not be read".to_owned()),
            Subject::Destination => view.why_no_destinations(),
            Subject::Waiver => Why::NotCollected("waivers were not read".to_owned()),
            Subject::Assignment => Why::NotCollected("no texts were read".to_owned()),
        };
        return Verdict::Unknown(vec![Missing::new(what, why)]);
    };
    let mut fired: Vec<SubjectView<'_>> = Vec::new();
    let mut unknown: Vec<Missing> = Vec::new();
    for one in subjects {
        match rule.when().evaluate(&view.of(one)) {
            Outcome::Bool(true) => fired.push(one),
            Outcome::Unknown(missing) => {
                for fact in missing {
                    if !unknown.contains(&fact) {
                        unknown.push(fact);
                    }
                }
            }
            _ => {}
        }
    }
    let accepted = accepted_keys(rule, &mut fired, view.waivers());
    let others = fired.len().saturating_sub(1);
    let worst = if subject.is_listed() {
        fired.first().copied()
    } else {
        fired.iter().copied().max_by_key(|one| weight(*one))
    };
    match worst {
        Some(worst) => {
            let mut finding = finding(rule, &view.of(worst), others);
            finding.waived_keys = accepted;
            let listed = fired.iter().take(INSTANCES);
            finding.instances = listed
                .filter_map(|one| instance(rule, view, *one))
                .collect();
            Verdict::Fires(Box::new(finding))
        }
        None if unknown.is_empty() => Verdict::Holds,
        None => Verdict::Unknown(unknown),
    }
}

/// A line or a key as one of many; sockets are not listed.
fn instance(rule: &Rule, view: &View<'_>, subject: SubjectView<'_>) -> Option<Instance> {
    let message = || rule.response().message.render(&view.of(subject));
    match subject {
        SubjectView::Definition(line) => Some(Instance {
            key: line.one.key.clone(),
            place: Some(line.one.place.clone()),
            value: line.one.value.clone(),
            message: message(),
        }),
        SubjectView::Setting(one) => {
            let line = one.set_by();
            Some(Instance {
                key: one.key.to_owned(),
                place: line.map(|line| line.place.clone()),
                value: match line {
                    Some(line) => line.value.clone(),
                    None => one.live(),
                },
                message: message(),
            })
        }
        // A waiver is of a rule, and only perhaps of a key.
        SubjectView::Waiver(one, _) => Some(Instance {
            key: one.rule.clone(),
            place: Some(one.place.clone()),
            value: None,
            message: message(),
        }),
        SubjectView::Assignment(line) => Some(Instance {
            key: line.one.key.clone(),
            place: Some(Place {
                file: line.one.file.clone(),
                line: u32::try_from(line.one.line).ok(),
            }),
            value: line.shown(),
            message: message(),
        }),
        SubjectView::Listener(..) | SubjectView::Destination(_) => None,
    }
}

/// How bad a subject is among those that fire: a queue that was seen full comes before one that only
/// dropped, then drops, then the length of the queue; ports in use.
fn weight(subject: SubjectView<'_>) -> (bool, u64, u64) {
    match subject {
        SubjectView::Listener(now, before) => {
            let full = now.queue > 0 && now.bound.is_some_and(|bound| now.queue >= bound);
            let dropped = now
                .drops
                .unwrap_or(0)
                .saturating_sub(before.and_then(|old| old.drops).unwrap_or(0));
            (full, dropped, u64::from(now.queue))
        }
        SubjectView::Destination(one) => (false, one.used, 0),
        SubjectView::Definition(_)
        | SubjectView::Setting(_)
        | SubjectView::Waiver(..)
        | SubjectView::Assignment(_) => (false, 0, 0),
    }
}

fn judge_past(rule: &Rule, past: &Expr, view: &View<'_>) -> Option<Verdict> {
    let view = view.over(Period::SinceBoot);
    if past.evaluate(&view) != Outcome::Bool(true) {
        return None;
    }
    let response = rule.response();
    let message = response.past_message.as_ref();
    Some(Verdict::Fires(Box::new(Finding {
        severity: rule.severity.lowered(),
        period: When::Past,
        title: static_title(rule, &view),
        message: message.unwrap_or(&response.message).render(&view),
        evidence: rule
            .response()
            .evidence
            .iter()
            .map(|expr| evidence(expr, &view))
            .filter(is_known)
            .collect(),
        proposals: Vec::new(),
        blocked: None,
        waiting: None,
        first: None,
        advice: None,
        cost: None,
        others: 0,
        instances: Vec::new(),
        waived: None,
        waived_keys: Vec::new(),
    })))
}

/// The headline of a past fault. A headline that names a subject cannot be rendered without one; the
/// rule's id in words says as much.
fn static_title(rule: &Rule, view: &View<'_>) -> String {
    let needs_subject = rule
        .response()
        .title
        .expressions()
        .any(|expr| matches!(expr.evaluate(view), Outcome::Unknown(_)));
    if needs_subject {
        rule.id.replace('-', " ")
    } else {
        rule.response().title.render(view)
    }
}

fn is_known(evidence: &Evidence) -> bool {
    !matches!(evidence.value, Outcome::Unknown(_))
}

fn finding(rule: &Rule, view: &View<'_>, others: usize) -> Finding {
    let render = |template: &Option<Template>| template.as_ref().map(|one| one.render(view));
    let waiting = rule
        .response()
        .waiting
        .as_ref()
        .filter(|waiting| waiting.when.evaluate(view) == Outcome::Bool(true))
        .map(|waiting| waiting.what.render(view));
    let proposals = if waiting.is_some() {
        Vec::new()
    } else {
        proposals(rule, view)
    };
    let blocked = if proposals.is_empty() {
        None
    } else {
        guarded(rule, view)
    };
    Finding {
        severity: rule.severity,
        period: When::Now,
        title: rule.response().title.render(view),
        message: rule.response().message.render(view),
        evidence: rule
            .response()
            .evidence
            .iter()
            .map(|expr| evidence(expr, view))
            .collect(),
        cost: if proposals.is_empty() {
            None
        } else {
            render(&rule.response().cost)
        },
        proposals,
        blocked,
        waiting,
        first: render(&rule.response().first),
        advice: render(&rule.response().advise),
        others,
        instances: Vec::new(),
        waived: None,
        waived_keys: Vec::new(),
    }
}

fn evidence(expr: &Expr, view: &View<'_>) -> Evidence {
    let value = expr.evaluate(view);
    let doubt = doubt(expr, view, &value);
    let mut shown = format_value(&value, expr.ty());
    if let Some(doubt) = &doubt {
        shown = doubt.beside(&shown, expr.ty());
    }
    Evidence {
        fact: expr.text().to_owned(),
        ty: expr.ty(),
        shown,
        value,
        sampled: doubt.is_some(),
        error: doubt.and_then(|doubt| doubt.error),
    }
}

/// The first guard that forbids the change, or that cannot be ruled out.
fn guarded(rule: &Rule, view: &View<'_>) -> Option<String> {
    rule.response()
        .guards
        .iter()
        .find_map(|guard| match guard.when.evaluate(view) {
            Outcome::Bool(false) => None,
            Outcome::Unknown(missing) => {
                let facts: Vec<_> = missing.iter().map(|one| one.fact.as_str()).collect();
                Some(format!(
                    "cannot rule out: {} (missing {})",
                    guard.because.render(view),
                    facts.join(", ")
                ))
            }
            _ => Some(guard.because.render(view)),
        })
}

/// The values the rule would set and that are not set already.
fn proposals(rule: &Rule, view: &View<'_>) -> Vec<Proposal> {
    let mut proposals = Vec::new();
    for assignment in &rule.response().set {
        let applies = assignment
            .when
            .as_ref()
            .is_none_or(|when| when.evaluate(view) == Outcome::Bool(true));
        if !applies {
            continue;
        }
        let Some(recommended) = target(assignment, view) else {
            continue;
        };
        let live = view.live(&assignment.key).value().cloned();
        if live.as_ref() != Some(&recommended) {
            proposals.push(Proposal {
                key: assignment.key.clone(),
                live,
                recommended,
            });
        }
    }
    proposals
}

/// The value an assignment comes to on these facts; `None` when a fact it needs is missing.
fn target(assignment: &Assignment, view: &View<'_>) -> Option<Value> {
    let spec = catalog::find(&assignment.key)?;
    let outcomes: Vec<Outcome> = assignment
        .to
        .iter()
        .map(|expr| expr.evaluate(view))
        .collect();
    value_of(spec, &outcomes)
}

/// The value of a key that these results are, one for each of its numbers.
pub(super) fn value_of(spec: &KeySpec, outcomes: &[Outcome]) -> Option<Value> {
    match (spec.kind, outcomes) {
        (Kind::Int | Kind::Enum | Kind::Bitmask, [one]) => whole(one).map(Value::Int),
        (Kind::Bool, [Outcome::Bool(on)]) => Some(Value::Bool(*on)),
        (Kind::Bool, [one]) => whole(one).map(|number| Value::Bool(number != 0)),
        (Kind::Range, [low, high]) => Some(Value::Range([whole(low)?, whole(high)?])),
        (Kind::Triple, [min, default, max]) => {
            Some(Value::Triple([whole(min)?, whole(default)?, whole(max)?]))
        }
        (Kind::Ports, [Outcome::Ports(ranges)]) => Some(Value::Ports(ranges.clone())),
        (Kind::Text, [Outcome::Text(text)]) => Some(Value::Text(text.clone())),
        (Kind::Words, [Outcome::Text(text)]) => {
            Some(spec.words(text.split_whitespace().map(str::to_owned).collect()))
        }
        _ => None,
    }
}

/// A number as the whole number the kernel takes, rounded to the nearest.
fn whole(outcome: &Outcome) -> Option<i64> {
    match outcome {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "checked against the range just before"
        )]
        Outcome::Number(number) if number.is_finite() && number.abs() < 9.0e18 => {
            Some(number.round() as i64)
        }
        _ => None,
    }
}

#[cfg(test)]
#[path = "evaluate_tests.rs"]
mod tests;
