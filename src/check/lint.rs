//! What a rule owes its readers and the hosts it changes, beyond what its file must say to be read.
//!
//! The laws of a change are tried on the cases of the rule, with every number of the facts at nothing, as
//! the case has it, and far beyond what any host has.

use std::collections::BTreeSet;

use crate::catalog::{self, KeySpec, Kind};
use crate::fact::Value;
use crate::rule::expr::{Expr, Facts, Lookup, Missing, Outcome, Why};
use crate::rule::{Assignment, Case, HEADINGS, Places, Problem, Rule, RuleFile, Subject};

use super::cases::{not_settled, snapshot};
use super::evaluate::{judge, value_of};
use super::finding::{Verdict, When};
use super::view::View;

/// Something a rule should not do, or should say and does not.
#[derive(Clone, Debug)]
pub struct Lint {
    /// What it is, kebab-case; stable for ever.
    pub code: &'static str,
    /// Where, and in words.
    pub problem: Problem,
}

/// Every code with what it stands for.
pub const LINTS: [(&str, &str); 9] = [
    ("unexplained", "`explain` has not all of the six headings"),
    ("no-reference", "no source is given"),
    (
        "unbounded-target",
        "a target grows with a fact and does not stop",
    ),
    (
        "unacceptable-target",
        "a target can leave what its key accepts",
    ),
    (
        "no-fixpoint",
        "judged again with its own values, the rule wants more",
    ),
    (
        "own-value-target",
        "a target is worked out from the key's own value, which grows with every run",
    ),
    ("never-fires", "no case fires"),
    (
        "constant-condition",
        "a condition does not depend on any fact",
    ),
    (
        "always-blocked",
        "a guard blocks the changes in every case that fires",
    ),
];

/// What facts are multiplied with: nothing, what they are, and far beyond any host.
const TRIED: [u64; 4] = [0, 1, 1_000_000, 1_000_000_000_000];

/// What is to be said of a rule, by its file and its cases, in the order of the file.
pub fn lint<'c>(rule: &Rule, file: &RuleFile, cases: impl Iterator<Item = &'c Case>) -> Vec<Lint> {
    let mut linter = Linter {
        rule,
        places: Places::of(file),
        found: Vec::new(),
    };
    linter.documentation();
    linter.conditions();
    linter.own_value();
    linter.cases(cases);
    let mut found = linter.found;
    found.sort_by_key(|one| one.problem.span.start);
    found
}

struct Linter<'a> {
    rule: &'a Rule,
    places: Places,
    found: Vec<Lint>,
}

impl Linter<'_> {
    fn say(&mut self, code: &'static str, path: &[&str], message: String, help: &str) {
        let problem = self.places.problem(path, message, Some(help.to_owned()));
        // One word for one place: more cases show the same again.
        let told = |one: &Lint| one.code == code && one.problem.span == problem.span;
        if !self.found.iter().any(told) {
            self.found.push(Lint { code, problem });
        }
    }

    fn documentation(&mut self) {
        let explain = &self.rule.response().explain;
        let headings: BTreeSet<&str> = explain
            .lines()
            .filter_map(|line| line.strip_prefix("## "))
            .map(str::trim)
            .collect();
        let left: Vec<String> = HEADINGS
            .iter()
            .filter(|heading| !headings.contains(*heading))
            .map(|heading| format!("`## {heading}`"))
            .collect();
        if !left.is_empty() {
            let message = format!("`explain` has no {}", left.join(", "));
            let help = "write two to six lines under each of the six headings";
            self.say("unexplained", &["explain"], message, help);
        }
        if self.rule.response().references.is_empty() {
            let message = "no source for what the rule says".to_owned();
            let help = "add `references` with a title and an https address";
            self.say("no-reference", &["references"], message, help);
        }
    }

    /// A condition that is decided while no fact is known is decided by nothing.
    fn conditions(&mut self) {
        let rule = self.rule;
        let help = "a condition has to read a fact that decides it";
        let decided = |expr: &Expr| match expr.evaluate(&Nothing) {
            Outcome::Bool(on) => Some(format!("this is always {on}")),
            _ => None,
        };
        if let Some(always) = decided(rule.when()) {
            self.say("constant-condition", &["when"], always, help);
        }
        // A rule without a `past` of its own is judged since boot by `when`.
        let past = rule.past();
        let past = past.filter(|_| rule.response().past_message.is_some());
        if let Some(always) = past.and_then(decided) {
            self.say("constant-condition", &["past", "when"], always, help);
        }
        for (at, guard) in rule.response().guards.iter().enumerate() {
            if let Some(always) = decided(&guard.when) {
                let at = at.to_string();
                self.say("constant-condition", &["guards", &at, "when"], always, help);
            }
        }
        for one in &rule.response().set {
            if let Some(always) = one.when.as_ref().and_then(decided) {
                self.say(
                    "constant-condition",
                    &["set", &one.key, "when"],
                    always,
                    help,
                );
            }
        }
        if let Some(waiting) = &rule.response().waiting
            && let Some(always) = decided(&waiting.when)
        {
            self.say("constant-condition", &["waiting", "when"], always, help);
        }
    }

    fn own_value(&mut self) {
        for one in &self.rule.response().set {
            let own = format!("sysctl.{}", one.key);
            if one.to.iter().any(|expr| expr.multiplies_or_adds_to(&own)) {
                let message = format!(
                    "the target of `{}` is worked out from its own value",
                    one.key
                );
                let help = "take fixed steps, or a number that the host shows";
                self.say("own-value-target", &["set", &one.key], message, help);
            }
        }
    }

    fn cases<'c>(&mut self, cases: impl Iterator<Item = &'c Case>) {
        let rule = self.rule;
        let mut fires = false;
        let mut proposed = false;
        // Guards that some case with changes does not meet.
        let mut open: BTreeSet<usize> = BTreeSet::new();
        for case in cases {
            let snapshot = snapshot(rule, case);
            let mut view = View::new(&snapshot);
            if let Some(texts) = &case.texts {
                view = view.with_texts(texts);
            }
            let view = match &case.waivers {
                Some(waivers) => view.where_accepted(waivers),
                None => view,
            };
            let Verdict::Fires(finding) = judge(rule, &view) else {
                continue;
            };
            fires = true;
            if finding.period == When::Past {
                continue;
            }
            for more in not_settled(rule, &finding, &view) {
                let message = format!(
                    "after the change it wants `{}` = {} (case \"{}\")",
                    more.key, more.recommended, case.name
                );
                let help = "ask in `when` whether the value is there already";
                self.say("no-fixpoint", &["set", &more.key], message, help);
            }
            for subject in subjects(rule, &view) {
                for one in &rule.response().set {
                    self.bounds(one, &subject, case);
                }
                if finding.proposals.is_empty() {
                    continue;
                }
                proposed = true;
                for (at, guard) in rule.response().guards.iter().enumerate() {
                    if guard.when.evaluate(&subject) == Outcome::Bool(false) {
                        open.insert(at);
                    }
                }
            }
        }
        if !fires {
            let message = "no case fires, so nobody has seen the rule fire".to_owned();
            let help = "add a case with `expect: fires` beside the rule";
            self.say("never-fires", &["when"], message, help);
        }
        for at in 0..rule.response().guards.len() {
            if proposed && !open.contains(&at) {
                let message = "this guard blocks the changes in every case that fires".to_owned();
                let help = "add a case whose changes may be made, or leave `set` empty and advise";
                self.say(
                    "always-blocked",
                    &["guards", &at.to_string()],
                    message,
                    help,
                );
            }
        }
    }

    /// Tries the target with each fact, and with all of them, at nothing and far beyond any host.
    fn bounds(&mut self, one: &Assignment, view: &View<'_>, case: &Case) {
        let Some(spec) = catalog::find(&one.key) else {
            return;
        };
        let own = format!("sysctl.{}", one.key);
        let facts: BTreeSet<&str> = one
            .to
            .iter()
            .chain(&one.when)
            .flat_map(Expr::facts)
            .map(|used| used.fact.as_str())
            .collect();
        let each = facts.iter().map(|fact| vec![*fact]);
        let all = std::iter::once(facts.iter().copied().collect::<Vec<_>>());
        for scaled in all.chain(each) {
            let at = |factor: u64| {
                let facts = Scaled {
                    view,
                    facts: &scaled,
                    factor,
                    own: &own,
                };
                wanted(one, spec, &own, &facts)
            };
            let tried = TRIED.map(|factor| (factor, at(factor)));
            for (factor, value) in &tried {
                let refused = match value {
                    Some(Ok(value)) => spec.accepts(value).err().map(|why| why.to_string()),
                    Some(Err(why)) => Some(why.clone()),
                    None => None,
                };
                if let Some(why) = refused {
                    let message = format!(
                        "the target can leave what the key accepts: {why} ({}, case \"{}\")",
                        how(*factor, &scaled),
                        case.name
                    );
                    let help = "bound it with min() and max()";
                    self.say("unacceptable-target", &["set", &one.key], message, help);
                    return;
                }
            }
            if let [.., (_, Some(Ok(million))), (_, Some(Ok(more)))] = &tried
                && million != more
            {
                let message = format!(
                    "the target does not stop growing with {}: {million}, then {more} (case \"{}\")",
                    names(&scaled),
                    case.name
                );
                let help = "bound it: min(…, a number that the memory of a host allows)";
                self.say("unbounded-target", &["set", &one.key], message, help);
                return;
            }
        }
    }
}

/// The value an assignment wants; `None` when it wants none or the one there is, or when a fact is missing.
fn wanted(
    one: &Assignment,
    spec: &KeySpec,
    own: &str,
    facts: &dyn Facts,
) -> Option<Result<Value, String>> {
    if let Some(when) = &one.when
        && when.evaluate(facts) != Outcome::Bool(true)
    {
        return None;
    }
    let outcomes: Vec<Outcome> = one.to.iter().map(|expr| expr.evaluate(facts)).collect();
    for outcome in &outcomes {
        if let Outcome::Unknown(missing) = outcome {
            // Beyond what a number can hold, or beyond what a key can: the target runs away.
            let away = missing.iter().any(|one| one.why == Why::NotFinite);
            return away.then(|| Err("it is not finite".to_owned()));
        }
    }
    let value = value_of(spec, &outcomes);
    if let (Some(value), Lookup::Value(live)) = (&value, facts.value(own))
        && *value == live
    {
        return None;
    }
    Some(value.ok_or_else(|| "it is no whole number that a key can hold".to_owned()))
}

fn how(factor: u64, facts: &[&str]) -> String {
    if factor == 1 || facts.is_empty() {
        return "with the facts as they are".to_owned();
    }
    if factor == 0 {
        return format!("with {} at 0", names(facts));
    }
    format!("with {} times {factor:e}", names(facts))
}

fn names(facts: &[&str]) -> String {
    let quoted: Vec<String> = facts.iter().map(|fact| format!("`{fact}`")).collect();
    quoted.join(", ")
}

/// The facts as each subject that fires sees them.
fn subjects<'a>(rule: &Rule, view: &View<'a>) -> Vec<View<'a>> {
    let found = match rule.each {
        None => return vec![view.clone()],
        Some(Subject::Listener) => view.listeners(),
        Some(Subject::Destination) => view.destinations(),
        Some(Subject::Definition) => view.definitions(),
        Some(Subject::Setting) => view.settings(),
        Some(Subject::Waiver) => view.accepted(),
        Some(Subject::Assignment) => view.assignments(),
    };
    let views = found.unwrap_or_default().into_iter();
    views
        .map(|one| view.of(one))
        .filter(|view| rule.when().evaluate(view) == Outcome::Bool(true))
        .collect()
}

/// Facts of which none is known.
struct Nothing;

impl Facts for Nothing {
    fn value(&self, fact: &str) -> Lookup {
        let why = Why::NotCollected("nothing is known".to_owned());
        Lookup::Missing(Missing::new(fact, why))
    }

    fn delta(&self, fact: &str) -> Lookup {
        self.value(fact)
    }

    fn total(&self, fact: &str) -> Lookup {
        self.value(fact)
    }

    fn window_seconds(&self) -> Option<f64> {
        None
    }
}

/// Facts of which some are a multiple of what they are.
struct Scaled<'a> {
    view: &'a View<'a>,
    facts: &'a [&'a str],
    factor: u64,
    /// The setting that the target is for.
    own: &'a str,
}

impl Scaled<'_> {
    fn scale(&self, fact: &str, found: Lookup) -> Lookup {
        let Lookup::Value(value) = found else {
            return found;
        };
        if !self.facts.contains(&fact) {
            return Lookup::Value(value);
        }
        let key = fact
            .strip_prefix("sysctl.")
            .or_else(|| fact.strip_prefix("default."))
            .or_else(|| fact.strip_prefix("boot."));
        let spec = key.and_then(catalog::find);
        // The numbers of an enumeration are names.
        if spec.is_some_and(|spec| matches!(spec.kind, Kind::Enum | Kind::Bitmask)) {
            return Lookup::Value(value);
        }
        let is_own = fact == self.own;
        let scaled = |number: i64| self.number(number, spec, is_own);
        Lookup::Value(match value {
            Value::Int(number) => Value::Int(scaled(number)),
            Value::Range(numbers) => Value::Range(numbers.map(scaled)),
            Value::Triple(numbers) => Value::Triple(numbers.map(scaled)),
            other => other,
        })
    }

    /// A setting never has a value that the kernel refuses. For another one's target, the largest number of
    /// its type is no limit.
    fn number(&self, number: i64, spec: Option<&KeySpec>, is_own: bool) -> i64 {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a cast from a float stops at the ends of the integer"
        )]
        let scaled = (number as f64 * self.factor as f64) as i64;
        let Some(spec) = spec else { return scaled };
        let limit = |max: &i64| is_own || *max < i64::from(i32::MAX);
        let max = spec.max.filter(limit);
        let scaled = max.map_or(scaled, |max| scaled.min(max));
        spec.min.map_or(scaled, |min| scaled.max(min))
    }
}

impl Facts for Scaled<'_> {
    fn value(&self, fact: &str) -> Lookup {
        self.scale(fact, self.view.value(fact))
    }

    fn delta(&self, fact: &str) -> Lookup {
        self.scale(fact, self.view.delta(fact))
    }

    fn total(&self, fact: &str) -> Lookup {
        self.scale(fact, self.view.total(fact))
    }

    fn window_seconds(&self) -> Option<f64> {
        self.view.window_seconds()
    }
}
