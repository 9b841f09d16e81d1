//! What a rule is, once its file has been read and every expression checked.

use std::collections::BTreeSet;

use super::expr::{Expr, Template};
use super::terms::{Kind, Maturity, Owner, Scope, Severity, Subject};

/// One rule, checked.
#[derive(Debug)]
pub struct Rule {
    /// The fault, kebab-case; stable for ever.
    pub id: String,
    /// The folder it lives in: the kernel mechanism.
    pub mechanism: String,
    /// Headline.
    pub title: Template,
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
    /// The fault is there.
    pub when: Expr,
    /// The fault was there some time since boot.
    pub past: Option<Past>,
    /// Facts shown with the finding.
    pub evidence: Vec<Expr>,
    /// How we know, with numbers.
    pub message: Template,
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
    /// The file it came from.
    pub origin: Origin,
}

/// How a symptom is judged over the whole time since boot.
#[derive(Debug)]
pub struct Past {
    /// The condition; reads counters, settings and host facts only.
    pub when: Expr,
    /// How we know, with totals.
    pub message: Template,
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
    /// Every expression of the rule.
    pub fn expressions(&self) -> impl Iterator<Item = &Expr> {
        std::iter::once(&self.when)
            .chain(self.past.iter().map(|past| &past.when))
            .chain(&self.evidence)
            .chain(
                self.set
                    .iter()
                    .flat_map(|one| one.to.iter().chain(&one.when)),
            )
            .chain(self.guards.iter().map(|guard| &guard.when))
            .chain(self.waiting.iter().map(|waiting| &waiting.when))
            .chain(self.templates().flat_map(Template::expressions))
    }

    fn templates(&self) -> impl Iterator<Item = &Template> {
        [&self.title, &self.message]
            .into_iter()
            .chain(self.past.iter().map(|past| &past.message))
            .chain(
                [&self.first, &self.advise, &self.cost]
                    .into_iter()
                    .flatten(),
            )
            .chain(self.guards.iter().map(|guard| &guard.because))
            .chain(self.waiting.iter().map(|waiting| &waiting.what))
    }

    /// The exact facts this rule reads, the keys it would set included: their current value is the
    /// "now" of the change.
    pub fn facts(&self) -> BTreeSet<String> {
        let mut facts = BTreeSet::new();
        self.facts_into(&mut facts);
        facts
    }

    /// Adds [`Rule::facts`] to a set. Most facts are read many times over, so only new ones are
    /// copied.
    pub(super) fn facts_into(&self, facts: &mut BTreeSet<String>) {
        let used = self.expressions().flat_map(Expr::facts);
        for fact in used.map(|used| &used.fact).chain(&self.requires) {
            if !facts.contains(fact) {
                facts.insert(fact.clone());
            }
        }
        facts.extend(self.set.iter().map(|one| format!("sysctl.{}", one.key)));
    }
}
