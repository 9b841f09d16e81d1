//! From verdicts and plan to the report.

use std::collections::BTreeSet;

use crate::catalog::KeyScope;
use crate::check;
use crate::fact::boot::{Boot, Place};
use crate::fact::{Reading, Since, Snapshot, Unit as FactUnit, Value};
use crate::plan::{Future, Origin, Plan, WANTED_BY};
use crate::rule::expr::{ExprType, Missing, Outcome, Why};
use crate::rule::{self, Profile, Rulebook};

use super::finding::{
    Change, Evidence, Finding, Instance, Kind, Maturity, Owner, Period, Reference, Scalar, Scope,
    SetBy, Severity, Unit, WaivedKey, Waiver,
};
use super::report::{self, NotFired, REPORT_SCHEMA, Report, Summary, Tool, Verdict, Window};
use super::rules::{RULES_SCHEMA, RuleList, RuleRow, RuleWaiver};

/// The report of one audit.
pub fn report(
    snapshot: &Snapshot,
    book: &Rulebook,
    judgements: &[check::Judgement<'_>],
    plan: &Plan,
) -> Report {
    let mut findings = Vec::new();
    let mut not_fired = Vec::new();
    for judgement in judgements {
        let missed = |verdict, reason| NotFired {
            rule: judgement.rule.id.clone(),
            verdict,
            reason,
            mechanism: Some(judgement.rule.mechanism.clone()),
            severity: Some(severity(judgement.rule.severity)),
        };
        match &judgement.verdict {
            check::Verdict::Fires(finding) => {
                findings.push(of_finding(judgement.rule, finding, plan));
            }
            check::Verdict::Holds => not_fired.push(missed(Verdict::Holds, None)),
            check::Verdict::Unknown(missing) => {
                not_fired.push(missed(Verdict::Unknown, Some(causes(missing))));
            }
            check::Verdict::NotApplicable(why) => {
                not_fired.push(missed(Verdict::NotApplicable, Some(why.clone())));
            }
        }
    }
    findings.sort_by(|one, other| one.rank().cmp(&other.rank()));
    let host = &snapshot.now.host;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an uptime is positive and far below 2^64 seconds"
    )]
    let uptime_seconds = snapshot
        .now
        .uptime_seconds
        .map(|seconds| seconds.max(0.0) as u64);
    Report {
        schema: REPORT_SCHEMA.to_owned(),
        tool: tool(),
        host: report::Host {
            name: host
                .name
                .clone()
                .unwrap_or_else(|| "unknown host".to_owned()),
            kernel: host
                .kernel
                .as_ref()
                .map_or_else(|| "unknown".to_owned(), |kernel| kernel.release.clone()),
            boot_id: host.boot_id.clone(),
            netns: host.netns.map(|inode| format!("net:[{inode}]")),
            uptime_seconds,
            taken_at_seconds: snapshot.taken_at,
        },
        window: Window {
            seconds: snapshot.window_seconds().map(milliseconds),
            since: match snapshot.since {
                Since::Interval => report::Since::Interval,
                Since::Snapshot => report::Since::Snapshot,
                Since::Boot => report::Since::Boot,
            },
            remembered_seconds: None,
        },
        profile: None,
        notes: notes(snapshot, book, &findings),
        summary: Summary::of(&findings, &not_fired),
        findings,
        not_fired,
        wanted: Vec::new(),
    }
}

/// The same report, where rules were judged over the time since the last run as well, and remarks about that.
#[must_use]
pub fn remembering(mut report: Report, seconds: Option<f64>, notes: Vec<String>) -> Report {
    report.window.remembered_seconds = seconds.map(milliseconds);
    report.notes.extend(notes);
    report
}

fn milliseconds(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

/// The role a report is made for.
#[derive(Clone, Copy, Debug)]
pub enum Role<'a> {
    /// A profile that the user named: what it wants is reported.
    Named(&'a Profile),
    /// A guess, which is only shown.
    Guessed(&'a check::Guess),
}

/// The same report, with the role of the host in it.
#[must_use]
pub fn under(report: Report, role: Role<'_>, plan: &Plan) -> Report {
    match role {
        Role::Named(profile) => {
            let own = format!("{WANTED_BY}{}", profile.name);
            let wanted = plan.changes.values();
            let wanted = wanted.filter(|change| change.because.contains(&own));
            Report {
                profile: Some(report::Profile {
                    name: profile.name.clone(),
                    guessed_from: None,
                }),
                wanted: wanted.filter_map(|one| change(&one.key, plan)).collect(),
                ..report
            }
        }
        Role::Guessed(guess) => Report {
            profile: Some(report::Profile {
                name: guess.profile.to_owned(),
                guessed_from: Some(guess.because.clone()),
            }),
            ..report
        },
    }
}

/// Every rule of a book, the disabled ones included, by id.
pub fn rule_list(book: &Rulebook, waivers: &rule::Waivers) -> RuleList {
    let disabled = book.disabled().map(|one| (&one.rule, Some(one)));
    let rules = book.rules().map(|rule| (rule, None)).chain(disabled);
    let mut rows: Vec<RuleRow> = rules
        .map(|(rule, disabled)| RuleRow {
            id: rule.id.clone(),
            severity: severity(rule.severity),
            kind: kind(rule.kind),
            maturity: maturity(rule.maturity),
            scope: scope(rule.scope),
            owner: owner(rule.owner),
            mechanism: rule.mechanism.clone(),
            built_in: rule.origin.built_in,
            file: rule.origin.file.clone(),
            replaces: book.replaced().contains_key(&rule.id),
            disabled_by: disabled.map(|one| one.file.clone()),
            disabled_because: disabled.and_then(|one| one.reason.clone()),
            waivers: waivers
                .list
                .iter()
                .filter(|one| one.rule == rule.id)
                .map(|one| RuleWaiver {
                    key: one.key.clone(),
                    reason: one.reason.clone(),
                    owner: one.owner.clone(),
                    until: one.until.to_string(),
                    expired: waivers.is_over(one),
                })
                .collect(),
        })
        .collect();
    rows.sort_by(|one, other| one.id.cmp(&other.id));
    RuleList {
        schema: RULES_SCHEMA.to_owned(),
        tool: tool(),
        rules: rows,
    }
}

/// This program.
pub fn tool() -> Tool {
    Tool {
        name: "tcptune".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// What every report says: the truth about `tcp_tw_recycle`, replaced rules, what could not be seen.
fn notes(snapshot: &Snapshot, book: &Rulebook, findings: &[Finding]) -> Vec<String> {
    let recycle = match snapshot.now.readings.get("sysctl.net.ipv4.tcp_tw_recycle") {
        Some(Reading::Absent) | None => match &snapshot.now.host.kernel {
            // It was a setting of the whole machine, which other namespaces do not show.
            Some(kernel) if !kernel.is_at_least(4, 12) => {
                "tcp_tw_recycle is not visible here; look on the host (Linux 4.12 removed it)"
                    .to_owned()
            }
            _ => "tcp_tw_recycle does not exist on this kernel (removed in Linux 4.12)".to_owned(),
        },
        Some(reading) if matches!(reading.value(), Some(Value::Int(0) | Value::Bool(false))) => {
            "tcp_tw_recycle exists on this kernel and is off; leave it off".to_owned()
        }
        Some(_)
            if findings
                .iter()
                .any(|finding| finding.rule == "tw-recycle-enabled") =>
        {
            "tcp_tw_recycle is on: see the finding".to_owned()
        }
        Some(other) => match other {
            Reading::Denied(why) => {
                format!("tcp_tw_recycle cannot be read ({why}); Linux 4.12 removed it")
            }
            _ if other.value().is_some() => {
                "tcp_tw_recycle is on and drops clients behind NAT; turn it off".to_owned()
            }
            _ => "tcp_tw_recycle was not understood; Linux 4.12 removed it".to_owned(),
        },
    };
    let unseen: BTreeSet<&String> = snapshot
        .now
        .notes
        .iter()
        .chain(snapshot.earlier.iter().flat_map(|sample| &sample.notes))
        .collect();
    // The kernel does not tell when a namespace was made; its counters began then, at zero.
    let own = match snapshot.now.readings.get("host.initial_netns") {
        Some(reading) => reading.value() == Some(&Value::Bool(true)),
        None => false,
    };
    let past = findings
        .iter()
        .any(|finding| finding.period == Period::Past);
    let young =
        "totals count from the creation of this network namespace, which may be later than boot";
    let young = (past && !own).then(|| young.to_owned());
    std::iter::once(recycle)
        .chain(young)
        .chain(notes_of_rules(book))
        .chain(unseen.into_iter().cloned())
        .chain(snapshot.now.boot.iter().flat_map(of_files))
        .collect()
}

/// What is to be said of the rules: which of them this site replaced or disabled, and how many were left out.
pub fn notes_of_rules(book: &Rulebook) -> Vec<String> {
    let replaced = book
        .replaced()
        .iter()
        .map(|(id, file)| format!("rule {id} is replaced by {file}"));
    let disabled = book.disabled().map(|one| match &one.reason {
        Some(why) => format!("rule {} is disabled by {}: {why}", one.rule.id, one.file),
        None => format!("rule {} is disabled by {}", one.rule.id, one.file),
    });
    let site = first_few(
        replaced.chain(disabled).collect(),
        "rules that this site replaced or disabled: `tcptune rules list` tells all",
    );
    let left_out = book.left_out();
    let chosen = (left_out > 0).then(|| {
        format!(
            "{left_out} of {} rules were not judged (--select, --ignore)",
            left_out + book.rules().len()
        )
    });
    site.into_iter().chain(chosen).collect()
}

/// What could not be read of the boot files, and what is odd about them: the first few, and how many more.
fn of_files(boot: &Boot) -> Vec<String> {
    let more = "about boot files: `tcptune why KEY` tells all";
    first_few(boot.notes.clone(), more)
}

/// The first few notes of a kind, and how many more there are.
fn first_few(mut notes: Vec<String>, more: &str) -> Vec<String> {
    const TOLD: usize = 5;
    let left = notes.len().saturating_sub(TOLD);
    if left > 0 {
        notes.truncate(TOLD);
        notes.push(format!("and {left} more {more}"));
    }
    notes
}

/// Why a rule is unknown, worded the same for every rule with the same cause.
fn causes(missing: &[Missing]) -> String {
    let phrases: BTreeSet<String> = missing
        .iter()
        .map(|one| match &one.why {
            Why::OneSample => "needs two samples".to_owned(),
            Why::Absent => format!("{} is not there", one.fact),
            Why::Denied(errno) if is_errno(errno) => format!("denied: {errno}"),
            Why::Denied(why) | Why::NotCollected(why) => why.clone(),
            Why::Malformed => format!("{} was not understood", one.fact),
            Why::DivisionByZero => "nothing to compare with (division by zero)".to_owned(),
            Why::NotFinite => "a result is out of range".to_owned(),
            Why::Other(why) => format!("{}: {why}", one.fact),
        })
        .collect();
    phrases.into_iter().collect::<Vec<_>>().join("; ")
}

/// Whether a refusal is the kernel's own, by the name of its errno, and not a reason in words.
fn is_errno(text: &str) -> bool {
    text.starts_with('E')
        && text
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
}

fn of_finding(rule: &rule::Rule, finding: &check::Finding, plan: &Plan) -> Finding {
    Finding {
        rule: rule.id.clone(),
        title: finding.title.clone(),
        mechanism: rule.mechanism.clone(),
        severity: severity(finding.severity),
        kind: kind(rule.kind),
        maturity: maturity(rule.maturity),
        scope: scope(rule.scope),
        owner: owner(rule.owner),
        period: match finding.period {
            check::When::Now => Period::Now,
            check::When::Past => Period::Past,
        },
        message: finding.message.clone(),
        evidence: finding.evidence.iter().map(of_evidence).collect(),
        changes: finding
            .proposals
            .iter()
            .filter_map(|one| change(&one.key, plan))
            .collect(),
        waiting: finding.waiting.clone(),
        advice: finding.advice.clone(),
        explain: Some(rule.response().explain.clone()),
        references: rule
            .response()
            .references
            .iter()
            .map(|one| Reference {
                title: one.title.clone(),
                url: one.url.clone(),
            })
            .collect(),
        waived: finding.waived.as_ref().map(|one| Waiver {
            reason: one.reason.clone(),
            until: Some(one.until.to_string()),
            owner: Some(one.owner.clone()),
        }),
        first: finding.first.clone(),
        cost: finding.cost.clone(),
        others: u64::try_from(finding.others).unwrap_or(u64::MAX),
        instances: finding.instances.iter().map(of_instance).collect(),
        waived_keys: finding.waived_keys.iter().filter_map(waived_key).collect(),
    }
}

const fn severity(severity: rule::Severity) -> Severity {
    match severity {
        rule::Severity::High => Severity::High,
        rule::Severity::Medium => Severity::Medium,
        rule::Severity::Low => Severity::Low,
        rule::Severity::Info => Severity::Info,
    }
}

const fn kind(kind: rule::Kind) -> Kind {
    match kind {
        rule::Kind::Symptom => Kind::Symptom,
        rule::Kind::Setting => Kind::Setting,
    }
}

const fn maturity(maturity: rule::Maturity) -> Maturity {
    match maturity {
        rule::Maturity::Stable => Maturity::Stable,
        rule::Maturity::Preview => Maturity::Preview,
    }
}

const fn scope(scope: rule::Scope) -> Scope {
    match scope {
        rule::Scope::Netns => Scope::Netns,
        rule::Scope::Host => Scope::Host,
    }
}

const fn owner(owner: rule::Owner) -> Owner {
    match owner {
        rule::Owner::Host => Owner::Host,
        rule::Owner::Application => Owner::Application,
        rule::Owner::Peer => Owner::Peer,
        rule::Owner::Network => Owner::Network,
    }
}

fn waived_key(waiver: &rule::Waiver) -> Option<WaivedKey> {
    Some(WaivedKey {
        key: waiver.key.clone()?,
        reason: waiver.reason.clone(),
        until: waiver.until.to_string(),
        owner: waiver.owner.clone(),
    })
}

fn of_instance(instance: &check::Instance) -> Instance {
    let place = instance.place.as_ref();
    Instance {
        key: instance.key.clone(),
        file: place.map(|place| place.file.clone()),
        line: place.and_then(|place| place.line).map(u64::from),
        value: instance.value.clone(),
        message: instance.message.clone(),
    }
}

fn change(key: &str, plan: &Plan) -> Option<Change> {
    let change = plan.changes.get(key)?;
    let standing = &change.standing;
    let next = standing.next_boot.as_ref();
    Some(Change {
        key: change.key.clone(),
        scope: if change.scope == KeyScope::Netns {
            Scope::Netns
        } else {
            Scope::Host
        },
        live: change.live.value().map(ToString::to_string),
        recommended: change.recommended.to_string(),
        next_boot: next.and_then(Future::value).map(ToString::to_string),
        set_by: standing.origin.as_ref().and_then(set_by),
        blocked: change.blocked.clone(),
        origin: standing.origin.as_ref().and_then(origin),
        next_boot_by: next.and_then(Future::by).and_then(line),
    })
}

/// Who set the value in force, as a phrase that goes on behind "now:".
pub fn origin(origin: &Origin) -> Option<String> {
    Some(match origin {
        Origin::Boot(place) => format!("set by {place}"),
        Origin::KernelDefault => "kernel default".to_owned(),
        Origin::Writer(name, place) => format!("as {name} sets it ({place})"),
        Origin::System(place) => format!("as in {place}, which the boot does not read"),
        Origin::ByHand => "set by hand or by another program".to_owned(),
        Origin::NotKnown => return None,
    })
}

fn set_by(origin: &Origin) -> Option<SetBy> {
    match origin {
        Origin::Boot(place) | Origin::Writer(_, place) | Origin::System(place) => line(place),
        Origin::KernelDefault | Origin::ByHand | Origin::NotKnown => None,
    }
}

fn line(place: &Place) -> Option<SetBy> {
    Some(SetBy {
        file: place.file.clone(),
        line: u64::from(place.line?),
    })
}

fn of_evidence(evidence: &check::Evidence) -> Evidence {
    let value = match &evidence.value {
        Outcome::Bool(on) => Some(Scalar::Bool(*on)),
        Outcome::Number(number) => Scalar::number(*number),
        Outcome::Text(text) => Some(Scalar::Text(text.clone())),
        Outcome::Words(words) => Some(Scalar::Text(words.join(" "))),
        Outcome::Ports(ranges) => Some(Scalar::Text(Value::Ports(ranges.clone()).to_string())),
        Outcome::Unknown(_) => None,
    };
    Evidence {
        fact: evidence.fact.clone(),
        value,
        unit: unit(evidence.ty),
        shown: evidence.shown.clone(),
        sampled: evidence.sampled,
        error: evidence.error.filter(|error| error.is_finite()),
    }
}

fn unit(ty: ExprType) -> Option<Unit> {
    let ExprType::Number(quantity) = ty else {
        return None;
    };
    if quantity.per_second {
        return Some(Unit::PerSecond);
    }
    Some(match quantity.unit.unwrap_or(FactUnit::Number) {
        FactUnit::Number => Unit::Number,
        FactUnit::Count => Unit::Count,
        FactUnit::Percent => Unit::Percent,
        FactUnit::Bytes => Unit::Bytes,
        FactUnit::Pages => Unit::Pages,
        FactUnit::Seconds => Unit::Seconds,
        FactUnit::Milliseconds => Unit::Milliseconds,
        FactUnit::Microseconds => Unit::Microseconds,
        FactUnit::Nanoseconds => Unit::Nanoseconds,
    })
}
