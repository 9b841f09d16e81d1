//! Judging cases: what a rule says of facts that are written down, against what it must say.

use std::collections::BTreeMap;

use crate::fact::socket::{PortOccupancy, SocketSource, SocketSummary, Sockets};
use crate::fact::{Host, KernelVersion, Reading, Sample, Snapshot};
use crate::rule::{Case, Expect, Rule};

use super::assignment::settings_of;
use super::evaluate::judge;
use super::finding::{Finding, Proposal, Verdict, When};
use super::view::View;

/// What is wrong with a rule in the light of one case; empty when nothing is.
pub fn try_case(rule: &Rule, case: &Case) -> Vec<String> {
    let snapshot = snapshot(rule, case);
    let mut view = View::new(&snapshot);
    if let Some(waivers) = &case.waivers {
        view = view.where_accepted(waivers);
    }
    if let Some(texts) = &case.texts {
        view = view.with_texts(texts);
    }
    let verdict = judge(rule, &view);
    let mut faults = Vec::new();
    let found = word(&verdict);
    if found != case.expect {
        faults.push(format!(
            "expected {}, got {}{}",
            case.expect.word(),
            found.word(),
            detail(&verdict)
        ));
        return faults;
    }
    match &verdict {
        Verdict::Fires(finding) => {
            compare(finding, case, &mut faults);
            fixpoint(rule, finding, &view, &mut faults);
        }
        Verdict::Unknown(missing) => {
            for fact in &case.missing {
                if !missing.iter().any(|one| one.fact == *fact) {
                    faults.push(format!(
                        "unknown, but `{fact}` is not named among the missing{}",
                        detail(&verdict)
                    ));
                }
            }
        }
        Verdict::Holds | Verdict::NotApplicable(_) => {}
    }
    faults
}

fn word(verdict: &Verdict) -> Expect {
    match verdict {
        Verdict::Fires(finding) if finding.period == When::Past => Expect::Past,
        Verdict::Fires(_) => Expect::Fires,
        Verdict::Holds => Expect::Holds,
        Verdict::Unknown(_) => Expect::Unknown,
        Verdict::NotApplicable(_) => Expect::NotApplicable,
    }
}

fn detail(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Fires(finding) => format!(" (\"{}\")", finding.message),
        Verdict::Unknown(missing) => {
            let facts: Vec<_> = missing.iter().map(ToString::to_string).collect();
            format!(" (missing {})", facts.join("; "))
        }
        Verdict::NotApplicable(why) => format!(" ({why})"),
        Verdict::Holds => String::new(),
    }
}

fn compare(finding: &Finding, case: &Case, faults: &mut Vec<String>) {
    let proposed: BTreeMap<String, String> = finding
        .proposals
        .iter()
        .map(|one| (one.key.clone(), one.recommended.to_string()))
        .collect();
    if proposed != case.set {
        faults.push(format!("expected changes {:?}, got {proposed:?}", case.set));
    }
    if finding.blocked.is_some() != case.blocked {
        faults.push(format!(
            "expected blocked: {}, got {:?}",
            case.blocked, finding.blocked
        ));
    }
    if finding.waiting.is_some() != case.waiting {
        faults.push(format!(
            "expected waiting: {}, got {:?}",
            case.waiting, finding.waiting
        ));
    }
    let refuses = case
        .facts
        .iter()
        .any(|(_, _, reading)| matches!(reading, Reading::Denied(_)));
    let texts = [
        Some(&finding.title),
        Some(&finding.message),
        finding.first.as_ref(),
        finding.advice.as_ref(),
        finding.cost.as_ref(),
    ];
    if let Some(wanted) = case.instances
        && wanted != finding.instances.len()
    {
        faults.push(format!(
            "expected {wanted} instances, got {:?}",
            finding.instances
        ));
    }
    let listed = finding.instances.iter().map(|one| &one.message);
    for text in texts.into_iter().flatten().chain(listed) {
        // A text may have a gap only where the case itself refuses a fact.
        if text.contains('?') && !refuses {
            faults.push(format!("a fact of the text is not known: \"{text}\""));
        }
    }
}

/// The fixpoint law: judged again on the same facts with its values set, a rule proposes nothing more.
fn fixpoint(rule: &Rule, finding: &Finding, view: &View<'_>, faults: &mut Vec<String>) {
    for one in not_settled(rule, finding, view) {
        faults.push(format!(
            "no fixpoint: after the change it wants `{}` = {}",
            one.key, one.recommended
        ));
    }
}

/// What a rule proposes beyond its own proposals once these are made.
pub(super) fn not_settled(rule: &Rule, finding: &Finding, view: &View<'_>) -> Vec<Proposal> {
    let values = finding
        .proposals
        .iter()
        .map(|one| (one.key.clone(), one.recommended.clone()));
    let again = judge(rule, &view.with(values));
    let Verdict::Fires(mut more) = again else {
        return Vec::new();
    };
    more.proposals.retain(|one| {
        !finding
            .proposals
            .iter()
            .any(|done| done.key == one.key && done.recommended == one.recommended)
    });
    more.proposals
}

/// The snapshot a case describes. Facts the rule reads and the case does not give are absent, settings
/// apart, which are then unknown.
pub fn snapshot(rule: &Rule, case: &Case) -> Snapshot {
    let host = Host {
        name: Some("case".to_owned()),
        kernel: case
            .kernel
            .clone()
            .or_else(|| KernelVersion::parse("6.12.0")),
        boot_id: Some("case".to_owned()),
        netns: Some(1),
    };
    let mut now = Sample {
        uptime_seconds: Some(case.uptime),
        host,
        sockets: (!case.sockets_denied).then(|| sockets(case, false)),
        boot: case.boot.clone(),
        ..Sample::default()
    };
    let mut earlier = Sample {
        uptime_seconds: case.window.map(|window| case.uptime - window),
        sockets: (!case.sockets_denied).then(|| sockets(case, true)),
        ..now.clone()
    };
    let set = case.texts.as_ref().map(settings_of);
    now.readings.extend(set.unwrap_or_default());
    for (fact, before, reading) in &case.facts {
        now.readings.insert(fact.clone(), reading.clone());
        earlier.readings.insert(
            fact.clone(),
            before.clone().unwrap_or_else(|| reading.clone()),
        );
    }
    for fact in rule.facts() {
        let given = ["sysctl.", "default.", "window."]
            .iter()
            .any(|family| fact.starts_with(family))
            || fact.starts_with("port.usable")
            // Worked out from the settings and listeners of the case.
            || fact == "port.reserved_and_services";
        if !given {
            now.readings.entry(fact.clone()).or_insert(Reading::Absent);
            earlier.readings.entry(fact).or_insert(Reading::Absent);
        }
    }
    Snapshot::new(case.window.map(|_| earlier), now)
}

fn sockets(case: &Case, earlier: bool) -> Sockets {
    let listeners = case.listeners.iter().filter_map(|(listener, before)| {
        let mut listener = listener.clone();
        if earlier {
            listener.drops = Some((*before)?);
            listener.queue = 0;
        }
        Some(listener)
    });
    Sockets {
        source: SocketSource::Diagnostics,
        summary: SocketSummary {
            destinations: case.destinations.clone(),
            ..SocketSummary::default()
        },
        listeners: listeners.collect(),
        ports: PortOccupancy::default(),
        close_wait_inodes: Vec::new(),
        unread: BTreeMap::new(),
        notes: Vec::new(),
    }
}
