//! Merging what the rules propose.

use std::collections::BTreeMap;

use crate::catalog::{self, KeyScope, KeySpec, Kind, Write};
use crate::check::{Finding, Judgement, Proposal, Verdict, View};
use crate::fact::{KernelVersion, Reading, Snapshot, Value};
use crate::rule::expr::{Facts, Lookup};
use crate::rule::{Kind as RuleKind, Rule};

use super::guard::unsafe_here;
use super::standing::Standing;

/// The one change proposed for one key.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The key, dotted.
    pub key: String,
    /// Where the setting lives.
    pub scope: KeyScope,
    /// What was read.
    pub live: Reading<Value>,
    /// The value wanted. In a conflict, the first rule's.
    pub recommended: Value,
    /// Who wants it: rules by id, a profile as `profile:NAME`.
    pub because: Vec<String>,
    /// Whether one of them is a profile or a rule of kind *setting*: it goes by values alone, so that making
    /// the change again and again converges.
    pub by_setting: bool,
    /// Why it must not be made; `None` when it may.
    pub blocked: Option<String>,
    /// Whether it is blocked for no other reason than that the key cannot be read or written here.
    pub out_of_reach: bool,
    /// Whether the rules want more than one value.
    pub conflict: bool,
    /// The guards of the rules that hold, each with the value its rule wants.
    pub guards: Vec<(Value, String)>,
    /// What the rules say it costs, each phrase once.
    pub costs: Vec<String>,
    /// How the rules know, one message each.
    pub messages: Vec<String>,
    /// Who set the value in force, and what the next boot makes of the key.
    pub standing: Standing,
}

/// Every change, by key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// The changes.
    pub changes: BTreeMap<String, Change>,
}

impl Plan {
    /// The changes that may be made.
    pub fn open(&self) -> impl Iterator<Item = &Change> {
        self.changes
            .values()
            .filter(|change| change.blocked.is_none())
    }
}

/// A rule, the value it proposes, and the finding that makes it do so.
type Wish<'a> = (&'a Rule, &'a Proposal, &'a Finding);

/// Merges the proposals of all findings.
pub fn plan(judgements: &[Judgement<'_>], snapshot: &Snapshot) -> Plan {
    let view = View::new(snapshot);
    let mut wanted: BTreeMap<&str, Vec<Wish<'_>>> = BTreeMap::new();
    for judgement in judgements {
        if let Verdict::Fires(finding) = &judgement.verdict {
            for proposal in &finding.proposals {
                let entry = (judgement.rule, proposal, finding.as_ref());
                wanted.entry(&proposal.key).or_default().push(entry);
            }
        }
    }
    let changes = wanted
        .into_iter()
        .filter_map(|(key, wishes)| merge(key, &wishes, &view))
        .map(|change| (change.key.clone(), change))
        .collect();
    Plan { changes }
}

fn merge(key: &str, wishes: &[Wish<'_>], view: &View<'_>) -> Option<Change> {
    let (first, proposal, _) = wishes.first()?;
    let spec = catalog::find(key)?;
    let live = view.live(key);
    let conflict = wishes
        .iter()
        .find(|(_, other, _)| other.recommended != proposal.recommended);
    let guards = wishes.iter().filter_map(|(_, proposal, finding)| {
        let why = finding.blocked.clone()?;
        Some((proposal.recommended.clone(), why))
    });
    let guards: Vec<_> = guards.collect();
    let blocked = conflict
        .map(|(rule, other, _)| {
            format!(
                "conflict: {} wants {}, {} wants {}",
                first.id, proposal.recommended, rule.id, other.recommended
            )
        })
        .or_else(|| guards.first().map(|(_, why)| why.clone()))
        .or_else(|| removed(spec, &live, view))
        .or_else(|| forbidden(spec, &proposal.recommended, view))
        .or_else(|| unsafe_here(key, &live, &proposal.recommended, view));
    let unreachable = unreachable(&live);
    let out_of_reach =
        blocked.is_none() && matches!(live, Reading::ReadOnly(_) | Reading::Denied(_));
    let blocked = blocked.or(unreachable).or_else(|| {
        let excused = wishes
            .iter()
            .any(|(rule, _, _)| rule.response().below_default.is_some());
        if excused {
            None
        } else {
            below_default(spec, &proposal.recommended, view)
        }
    });
    let once = |told: Vec<String>| {
        let mut all = Vec::new();
        for one in told {
            if !all.contains(&one) {
                all.push(one);
            }
        }
        all
    };
    let costs = wishes
        .iter()
        .filter_map(|(.., finding)| finding.cost.clone());
    let messages = wishes.iter().map(|(.., finding)| finding.message.clone());
    Some(Change {
        key: key.to_owned(),
        scope: spec.scope,
        live,
        recommended: proposal.recommended.clone(),
        because: wishes.iter().map(|(rule, _, _)| rule.id.clone()).collect(),
        by_setting: wishes
            .iter()
            .any(|(rule, _, _)| rule.kind == RuleKind::Setting),
        out_of_reach,
        blocked,
        conflict: conflict.is_some(),
        guards,
        costs: once(costs.collect()),
        messages: once(messages.collect()),
        standing: Standing::of(view.snapshot(), key),
    })
}

/// That a key is gone for good: it is not there, and this release no longer has it anywhere.
pub(super) fn removed(spec: &KeySpec, live: &Reading<Value>, view: &View<'_>) -> Option<String> {
    let release = spec.removed_in.filter(|_| *live == Reading::Absent)?;
    let kernel = view.snapshot().now.host.kernel.as_ref()?;
    let why = format!("this kernel does not have it: removed in Linux {release}");
    release.is_in(kernel).then_some(why)
}

/// Why this value may not be written here at all.
pub(super) fn forbidden(spec: &KeySpec, wanted: &Value, view: &View<'_>) -> Option<String> {
    match spec.write {
        Write::Allowed => {}
        Write::Never { why } => return Some(format!("never written: {why}")),
        Write::ReadOnly => return Some("the kernel does not let it be written".to_owned()),
    }
    if let Err(refusal) = spec.accepts(wanted) {
        return Some(refusal.to_string());
    }
    let initial = match view.value("host.initial_netns") {
        Lookup::Value(Value::Bool(initial)) => Some(initial),
        _ => None,
    };
    if spec.scope != KeyScope::Netns && initial == Some(false) {
        return Some("one setting for the whole machine: apply it on the host".to_owned());
    }
    None
}

/// Why a value must not be set on this host, whoever wants it: a plan that was reviewed is judged by what the host
/// is now. The snapshot holds the [facts](super::facts_of) that it takes.
pub fn refusal(key: &str, wanted: &str, snapshot: &Snapshot) -> Option<String> {
    let spec = catalog::find(key)?;
    let wanted = spec.parse(wanted).ok()?;
    let view = View::new(snapshot);
    forbidden(spec, &wanted, &view).or_else(|| unsafe_here(key, &view.live(key), &wanted, &view))
}

/// Why the key cannot be read, written or put back here, whatever the value.
pub(super) fn unreachable(live: &Reading<Value>) -> Option<String> {
    match live {
        Reading::Known(_) => None,
        Reading::ReadOnly(_) => {
            Some("read-only here, as in a container: change it on the host or where the container is made".to_owned())
        }
        Reading::Absent => Some("this kernel does not have it".to_owned()),
        Reading::Denied(errno) => Some(format!(
            "its value cannot be read ({errno}), so it could not be taken back"
        )),
        Reading::Malformed(_) => {
            Some("its value was not understood, so it could not be taken back".to_owned())
        }
    }
}

/// Why a value below the kernel's own default is not recommended.
fn below_default(spec: &KeySpec, wanted: &Value, view: &View<'_>) -> Option<String> {
    let kernel: &KernelVersion = view.snapshot().now.host.kernel.as_ref()?;
    // The numbers of an enumeration are names, and those of a mask are sets: neither is below another.
    if matches!(spec.kind, Kind::Enum | Kind::Bitmask) {
        return None;
    }
    let default = spec.default_for(kernel)?;
    let below = match (wanted, &default) {
        (Value::Int(wanted), Value::Int(default)) => wanted < default,
        (Value::Triple(wanted), Value::Triple(default)) => {
            wanted.iter().zip(default).any(|(w, d)| w < d)
        }
        (Value::Range([low, high]), Value::Range([from, to])) => {
            high.saturating_sub(*low) < to.saturating_sub(*from)
        }
        _ => false,
    };
    below.then(|| format!("{wanted} is below this kernel's default {default}"))
}
