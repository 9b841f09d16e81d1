//! What a rule is, once its file has been read and every expression checked.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use crate::catalog::{self, Write};

use super::expr::{Expr, FactUse, How, Template};
use super::terms::{Kind, Maturity, Owner, Scope, Severity, Subject};
use super::vocabulary::has_a_value_since_boot;

/// One rule, checked.
///
/// Every run judges every rule, and few of them fire. What a rule has to say and to propose when it
/// does is its [`Response`]; for built-in rules it is read at the first need, since reading it costs
/// more than all judging. Their conditions are compiled at the first need too, which [`Rulebook::compile`]
/// brings about while others wait for the kernel.
///
/// [`Rulebook::compile`]: super::Rulebook::compile
#[derive(Debug)]
pub struct Rule {
    /// The fault, kebab-case; stable for ever.
    pub id: String,
    /// The folder it lives in: the kernel mechanism.
    pub mechanism: String,
    /// How much it hurts.
    pub severity: Severity,
    /// Judged from counters and sockets, or from values alone.
    pub kind: Kind,
    /// Whether an experiment has shown it.
    pub maturity: Maturity,
    /// Where the settings it would change live.
    pub scope: Scope,
    /// Who has to act.
    pub owner: Owner,
    /// Facts without which the rule does not apply.
    pub requires: Vec<String>,
    /// Judged for each of these, one at a time.
    pub each: Option<Subject>,
    /// The file it came from.
    pub origin: Origin,
    pub(super) conditions: OnceLock<Conditions>,
    pub(super) response: OnceLock<Response>,
    pub(super) built_in: Option<&'static BuiltIn>,
}

/// When the fault of a rule is there, and when it was.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    pub(super) when: Expr,
    pub(super) past: Option<Expr>,
}

/// What a rule says and proposes when it fires.
#[derive(Debug, Default)]
pub struct Response {
    /// Headline.
    pub title: Template,
    /// How we know, with numbers.
    pub message: Template,
    /// How we know of a past fault, with totals; `None`: the same as `message`.
    pub past_message: Option<Template>,
    /// Facts shown with the finding.
    pub evidence: Vec<Expr>,
    /// What somebody else should do before any setting is touched.
    pub first: Option<Template>,
    /// The recommended values.
    pub set: Vec<Assignment>,
    /// When the change must not be made.
    pub guards: Vec<Guard>,
    /// Why a target may lie below the kernel's default.
    pub below_default: Option<String>,
    /// When the setting is right and running sockets keep the old value.
    pub waiting: Option<Waiting>,
    /// What no setting can do.
    pub advise: Option<Template>,
    /// What the change costs.
    pub cost: Option<Template>,
    /// The long explanation in Markdown; may be empty in a site rule.
    pub explain: String,
    /// Sources.
    pub references: Vec<Reference>,
    /// The experiment, `module::function` of the lab.
    pub lab: Option<String>,
}

/// A built-in rule as the build leaves it.
#[derive(Debug)]
pub(super) struct BuiltIn {
    /// The path in the source tree.
    pub(super) file: &'static str,
    /// The folder it lies in.
    pub(super) mechanism: &'static str,
    /// What every run reads.
    pub(super) condition: Condition,
    /// The rest, as JSON.
    pub(super) response: &'static str,
    /// The explanation.
    pub(super) explain: &'static str,
    /// Every fact it reads; `tests/rules.rs` holds the list against the compiled expressions.
    pub(super) facts: &'static [&'static str],
    /// Those of its message.
    pub(super) told: &'static [&'static str],
}

/// What every run reads of a built-in rule, as its file has it.
#[derive(Debug)]
pub(super) struct Condition {
    pub(super) id: &'static str,
    pub(super) severity: Severity,
    pub(super) kind: Kind,
    pub(super) maturity: Maturity,
    pub(super) scope: Scope,
    pub(super) owner: Owner,
    pub(super) each: Option<Subject>,
    pub(super) when: &'static str,
    /// The condition of `past`.
    pub(super) past: Option<&'static str>,
    pub(super) requires: &'static [&'static str],
}

/// One recommended value.
#[derive(Debug)]
pub struct Assignment {
    /// The key, dotted.
    pub key: String,
    /// The value: one expression, or one for each field of a range or triple.
    pub to: Vec<Expr>,
    /// Only when this holds.
    pub when: Option<Expr>,
}

/// A condition under which the change must not be made.
#[derive(Debug)]
pub struct Guard {
    /// True, or unknown: the change is blocked.
    pub when: Expr,
    /// The reason, as shown.
    pub because: Template,
}

/// A change that is already made and not yet in force.
#[derive(Debug)]
pub struct Waiting {
    /// The setting is right; only running sockets keep the old value.
    pub when: Expr,
    /// What has to happen, for example "restart of nginx (pid 812)".
    pub what: Template,
}

/// A source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Title.
    pub title: String,
    /// Address.
    pub url: String,
}

/// Where a rule came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// File, as given; for a built-in rule the path in the source tree.
    pub file: String,
    /// Whether it was built in.
    pub built_in: bool,
}

/// The six headings of an explanation, in order.
pub const HEADINGS: [&str; 6] = [
    "What happens",
    "Why it hurts",
    "What tcptune changes",
    "What it costs",
    "When to ignore it",
    "See it yourself",
];

impl Rule {
    /// A built-in rule; its conditions and its response stay with the build data until they are needed.
    pub(super) fn built_in(data: &'static BuiltIn) -> Self {
        let written = &data.condition;
        Self {
            id: written.id.to_owned(),
            mechanism: data.mechanism.to_owned(),
            severity: written.severity,
            kind: written.kind,
            maturity: written.maturity,
            scope: written.scope,
            owner: written.owner,
            requires: written
                .requires
                .iter()
                .copied()
                .map(str::to_owned)
                .collect(),
            each: written.each,
            origin: Origin {
                file: data.file.to_owned(),
                built_in: true,
            },
            conditions: OnceLock::new(),
            response: OnceLock::new(),
            built_in: Some(data),
        }
    }

    /// The fault is there.
    pub fn when(&self) -> &Expr {
        &self.conditions().when
    }

    /// The fault was there some time since boot; reads counters, settings and host facts only.
    pub fn past(&self) -> Option<&Expr> {
        self.conditions().past.as_ref()
    }

    fn conditions(&self) -> &Conditions {
        self.conditions.get_or_init(|| {
            // Build data cannot be wrong at run time: `tests/rules.rs` holds every condition against its
            // file. One that was would leave its rule unknown on every host.
            let built_in = self.built_in;
            let compiled = built_in.map(super::rulebook::conditions);
            compiled.and_then(Result::ok).unwrap_or_default()
        })
    }

    /// What the rule says and proposes; read now if it has not been.
    pub fn response(&self) -> &Response {
        self.response.get_or_init(|| {
            // Build data cannot be wrong at run time: `tests/rules.rs` reads every response.
            let built_in = self.built_in.map(super::rulebook::response);
            built_in.and_then(Result::ok).unwrap_or_default()
        })
    }

    /// Whether it judges by the boot configuration.
    pub fn reads_boot(&self) -> bool {
        self.each.is_some_and(Subject::is_of_boot)
            || self
                .when()
                .facts()
                .any(|used| used.fact.starts_with("boot."))
    }

    /// Whether it may be judged over a window of an hour as well as over one of a second: it asks how much
    /// something rose, and beside that reads settings, and of a listener what it dropped.
    ///
    /// A rule that holds such a rise against a level, like the sockets in a state or the entries of a table,
    /// means both at the same time. Over an hour it would hold the drops of last night against the sockets of
    /// now: it would miss the one and accuse the other. Nor are the queues of the processors asked: what they
    /// count has 32 bits (`softnet_seq_show`), which a busy one goes through in hours.
    pub fn spans_hours(&self) -> bool {
        let of_a_moment = |used: &FactUse| {
            used.how == How::Value
                && !used.fact.starts_with("listener.")
                && (!has_a_value_since_boot(&used.fact) || is_a_level(&used.fact))
        };
        let wraps = |used: &FactUse| used.fact.starts_with("softnet.");
        self.each.is_none_or(|each| each == Subject::Listener)
            && !self.when().facts().any(wraps)
            && self.when().facts().any(|used| used.how.uses_window())
            && !self.when().facts().any(of_a_moment)
    }

    /// Every expression of the rule.
    pub fn expressions(&self) -> impl Iterator<Item = &Expr> {
        let response = self.response();
        std::iter::once(self.when())
            .chain(self.past())
            .chain(&response.evidence)
            .chain(
                response
                    .set
                    .iter()
                    .flat_map(|one| one.to.iter().chain(&one.when)),
            )
            .chain(response.guards.iter().map(|guard| &guard.when))
            .chain(response.waiting.iter().map(|waiting| &waiting.when))
            .chain(response.templates().flat_map(Template::expressions))
    }

    /// The exact facts this rule reads, the keys it would set included, whose current value is the "now" of
    /// the change, and what tells whether those may be set here.
    pub fn facts(&self) -> BTreeSet<String> {
        let used = self.expressions().flat_map(Expr::facts);
        let keys = &self.response().set;
        let guards = keys.iter().flat_map(|one| catalog::guard_facts(&one.key));
        used.map(|used| used.fact.clone())
            .chain(self.requires.iter().cloned())
            .chain(keys.iter().map(|one| format!("sysctl.{}", one.key)))
            .chain(guards.map(|fact| (*fact).to_owned()))
            .collect()
    }

    /// Whether it reads a fact or would set the key it is about, without reading the response of a built-in
    /// rule.
    pub fn reads(&self, fact: &str) -> bool {
        match self.built_in {
            Some(data) => data.facts.contains(&fact),
            None => self.facts().contains(fact),
        }
    }

    /// Adds [`Rule::facts`] to a set, without reading the response of a built-in rule.
    pub(super) fn facts_into(&self, facts: &mut BTreeSet<String>) {
        match self.built_in {
            // Most facts are read by many rules: only new ones are copied.
            Some(data) => {
                for fact in data.facts {
                    if !facts.contains(*fact) {
                        facts.insert((*fact).to_owned());
                    }
                }
            }
            None => facts.extend(self.facts()),
        }
    }
}

impl Response {
    fn templates(&self) -> impl Iterator<Item = &Template> {
        [&self.title, &self.message]
            .into_iter()
            .chain(
                [&self.past_message, &self.first, &self.advise, &self.cost]
                    .into_iter()
                    .flatten(),
            )
            .chain(self.guards.iter().map(|guard| &guard.because))
            .chain(self.waiting.iter().map(|waiting| &waiting.what))
    }
}

/// Whether a key is a number that the kernel counts and nobody sets: `nf_conntrack_count`.
fn is_a_level(fact: &str) -> bool {
    let key = fact.strip_prefix("sysctl.").and_then(catalog::find);
    key.is_some_and(|spec| spec.kind == catalog::Kind::Int && spec.write == Write::ReadOnly)
}
