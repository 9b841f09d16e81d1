//! From a snapshot, the verdicts and the plan to the answer.

use std::collections::BTreeSet;

use super::reason;
use super::summary;
use super::{WHY_SCHEMA, Why, WhyDefinition, WhyKey, WhyRule, WhyWriter};
use crate::catalog::{self, KeyScope, KeySpec};
use crate::check::{self, Judgement};
use crate::fact::boot::{Boot, Fate, Outcome};
use crate::fact::{Reading, Snapshot, Unit, Value};
use crate::plan::{Future, Plan, Standing};
use crate::render::finding::Scope;
use crate::render::reach::scope_of;
use crate::render::report::{Tool, Verdict};
use crate::topic::{self, Kind, Text, Topic};

/// What the forecast takes the command line of the next boot to be.
const THIS_BOOT: &str = "/proc/cmdline is of this boot: a change in /etc/default/grub or \
                         /etc/kernel/cmdline is not seen";

/// What is asked, and everything the answer rests on.
#[derive(Clone, Copy, Debug)]
pub struct Inquiry<'a> {
    /// The facts.
    pub snapshot: &'a Snapshot,
    /// The keys, in the catalogue's spelling.
    pub keys: &'a [String],
    /// The rules that have to do with them.
    pub judgements: &'a [Judgement<'a>],
    /// What those rules ask for.
    pub plan: &'a Plan,
    /// Files alone were looked at: of no kernel is anything known.
    pub files_only: bool,
    /// Why no boot files apply, where none do.
    pub no_files: Option<&'a str>,
}

/// The key under consideration with all that is known of it.
pub(super) struct Known<'a> {
    pub(super) key: &'a str,
    pub(super) spec: Option<&'static KeySpec>,
    pub(super) standing: Standing,
    pub(super) exists: Option<bool>,
    pub(super) definitions: Vec<WhyDefinition>,
    pub(super) rules: Vec<WhyRule>,
    pub(super) inquiry: &'a Inquiry<'a>,
}

/// Answers.
pub fn why(inquiry: &Inquiry<'_>) -> Why {
    let now = &inquiry.snapshot.now;
    let boot = now.boot.as_ref();
    let facts: Vec<_> = inquiry
        .judgements
        .iter()
        .map(|judgement| (judgement, judgement.rule.facts()))
        .collect();
    let unseen = now.notes.iter().filter(|_| !inquiry.files_only);
    let odd = boot.into_iter().flat_map(|boot| &boot.notes);
    let keys: Vec<WhyKey> = inquiry
        .keys
        .iter()
        .map(|key| answer(key, inquiry, &facts))
        .collect();
    let mut lines = keys.iter().flat_map(|key| &key.definitions);
    let by_kernel = lines.any(|line| line.file == "/proc/cmdline");
    let this_boot = by_kernel.then(|| THIS_BOOT.to_owned());
    let decided = inquiry.no_files.map(str::to_owned);
    Why {
        schema: WHY_SCHEMA.to_owned(),
        tool: Tool {
            name: "tcptune".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        kernel: now
            .host
            .kernel
            .as_ref()
            .map(|kernel| kernel.release.clone()),
        engine: boot.map(|boot| boot.engine.word().to_owned()),
        decided: decided.or_else(|| boot.map(|boot| boot.decided.clone())),
        files_only: inquiry.files_only,
        keys,
        notes: unseen.chain(odd).cloned().chain(this_boot).collect(),
    }
}

/// A rule's verdict beside the facts it reads.
type Judged<'a> = (&'a Judgement<'a>, BTreeSet<String>);

fn answer(key: &str, inquiry: &Inquiry<'_>, facts: &[Judged<'_>]) -> WhyKey {
    let boot = inquiry.snapshot.now.boot.as_ref();
    let spec = catalog::find(key);
    let standing = Standing::of(inquiry.snapshot, key);
    let exists = match &standing.live {
        _ if inquiry.files_only => None,
        Reading::Absent => Some(false),
        // Secrets are refused before they are looked for.
        Reading::Denied(_) => None,
        _ => Some(true),
    };
    let known = Known {
        key,
        spec,
        exists,
        definitions: boot.map_or_else(Vec::new, |boot| definitions(boot, key, spec)),
        rules: facts.iter().filter_map(|one| rule(one, key)).collect(),
        standing,
        inquiry,
    };
    let value =
        |future: Option<&Future>| future.and_then(Future::value).map(|one| shown(spec, one));
    let standing = &known.standing;
    let change = inquiry.plan.changes.get(key);
    let kernel = inquiry.snapshot.now.host.kernel.as_ref();
    WhyKey {
        key: key.to_owned(),
        summary: summary::summary(&known),
        live: standing.live.value().map(|one| shown(spec, one)),
        next_boot: value(standing.next_boot.as_ref()).filter(|_| !known.is_removed()),
        system_now: value(standing.system_now.as_ref()).filter(|_| !known.is_removed()),
        recommended: change.map(|change| change.recommended.to_string()),
        default: standing.default.as_ref().map(|one| shown(spec, one)),
        about: about(key),
        scope: spec
            .and_then(|spec| scope_of(spec, kernel))
            .map(|scope| match scope {
                KeyScope::Netns => Scope::Netns,
                KeyScope::Host | KeyScope::HostReadonly => Scope::Host,
            }),
        writers: boot.map_or_else(Vec::new, |boot| writers(boot, key)),
        exists,
        unit: spec.and_then(unit),
        removed_in: spec
            .and_then(|spec| spec.removed_in)
            .map(|one| one.to_string()),
        replacement: spec.and_then(|spec| spec.replacement).map(str::to_owned),
        reasons: reason::reasons(&known),
        definitions: known.definitions,
        rules: known.rules,
    }
}

/// What the kernel does with it: the same sentences as in `explain`.
fn about(key: &str) -> Option<String> {
    let topic = Topic {
        kind: Kind::Key,
        name: key.to_owned(),
    };
    match topic::text(&topic) {
        Ok(Some(Text::Key(text))) => Some(text.does.trim().to_owned()),
        _ => None,
    }
}

/// A value as `/proc/sys` takes it; never a secret, whoever put it there.
pub(super) fn shown(spec: Option<&KeySpec>, value: &Value) -> String {
    if spec.is_some_and(|spec| spec.secret) {
        "(secret)".to_owned()
    } else {
        value.to_string()
    }
}

pub(in crate::render) fn unit(spec: &KeySpec) -> Option<String> {
    match (spec.unit, spec.noun) {
        (Unit::Number, _) => None,
        (Unit::Count, noun) => noun.map(str::to_owned),
        (Unit::Seconds, _) => Some("seconds".to_owned()),
        (Unit::Milliseconds, _) => Some("milliseconds".to_owned()),
        (Unit::Microseconds, _) => Some("microseconds".to_owned()),
        (Unit::Nanoseconds, _) => Some("nanoseconds".to_owned()),
        (unit, _) => Some(unit.name().to_owned()),
    }
}

/// Every line that names or matches the key, in the order they are read.
fn definitions(boot: &Boot, key: &str, spec: Option<&KeySpec>) -> Vec<WhyDefinition> {
    let claims: Vec<(usize, &Outcome)> = if let Some(setting) = boot.settings.get(key) {
        setting.claims.iter().map(|(at, one)| (*at, one)).collect()
    } else {
        let named = boot.definitions.iter().enumerate();
        let named = named.filter(|(_, one)| one.key == key);
        named.map(|(at, one)| (at, &one.outcome)).collect()
    };
    let secret = spec.is_some_and(|spec| spec.secret);
    let definition = |(at, outcome): (usize, &Outcome)| {
        let line = boot.definitions.get(at)?;
        let value = line.value.as_ref();
        Some(WhyDefinition {
            file: line.place.file.clone(),
            line: line.place.line,
            value: value.map(|value| if secret { "(secret)" } else { value }.to_owned()),
            fate: outcome.fate.word().to_owned(),
            by: outcome.by.as_ref().map(ToString::to_string),
            why: outcome.why.clone(),
            pattern: line.key.clone(),
        })
    };
    claims.into_iter().filter_map(definition).collect()
}

fn rule((judgement, facts): &Judged<'_>, key: &str) -> Option<WhyRule> {
    let rule = judgement.rule;
    let sets = rule.response().set.iter().any(|one| one.key == key);
    let reads = ["sysctl", "default", "boot"]
        .iter()
        .any(|family| facts.contains(&format!("{family}.{key}")));
    // A rule about lines or keys in general names those that have its fault.
    let named = match &judgement.verdict {
        check::Verdict::Fires(finding) => finding.instances.iter().any(|one| one.key == key),
        _ => false,
    };
    let verdict = match &judgement.verdict {
        check::Verdict::Fires(finding) if finding.period == check::When::Now => None,
        check::Verdict::Fires(_) | check::Verdict::Holds => Some(Verdict::Holds),
        check::Verdict::Unknown(_) => Some(Verdict::Unknown),
        check::Verdict::NotApplicable(_) => Some(Verdict::NotApplicable),
    };
    (sets || reads || named).then(|| WhyRule {
        rule: rule.id.clone(),
        sets,
        fires: verdict.is_none(),
        verdict,
    })
}

fn writers(boot: &Boot, key: &str) -> Vec<WhyWriter> {
    let found = boot.writers.iter().filter_map(|writer| {
        let value = writer.value_of(key)?;
        Some(WhyWriter {
            name: writer.name.clone(),
            file: writer.place.file.clone(),
            line: writer.place.line,
            value: value.map(str::to_owned),
            when: reason::when(&writer.name).to_owned(),
        })
    });
    found.collect()
}

impl Known<'_> {
    /// The lines that would set it if they were heeded: none of them is an exclusion.
    pub(super) fn setters(&self) -> impl Iterator<Item = &WhyDefinition> {
        let masked = Fate::Masked.word();
        let named = self.definitions.iter();
        named.filter(move |one| one.value.is_some() && one.fate != masked)
    }

    /// The live value as text.
    pub(super) fn live(&self) -> Option<String> {
        let value = self.standing.live.value()?;
        Some(shown(self.spec, value))
    }

    /// The key was there once, and this kernel, as far as one was looked at, does not have it any more.
    pub(super) fn is_removed(&self) -> bool {
        let removed = self.spec.is_some_and(|spec| spec.removed_in.is_some());
        removed && self.exists != Some(true)
    }
}
