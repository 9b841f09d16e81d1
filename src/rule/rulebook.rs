//! The rulebook: every rule that will be judged, layer over layer.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::layer::{Disabled, Layer};
use super::problem::{Problem, ProblemKind, Source};
use super::read::{read_conditions, read_response};
use super::schema::{BuiltIn, Condition, Conditions, Response, Rule};
use super::terms::{Kind, Maturity, Owner, Scope, Severity, Subject};
use super::yaml::{Node, Place, SyntaxError};

/// A rule file that was read: its name, its folder's name, and its text.
#[derive(Clone, Debug)]
pub struct RuleFile {
    /// The path to show.
    pub name: String,
    /// The folder it lies in: the mechanism.
    pub mechanism: String,
    /// The whole text.
    pub text: String,
}

/// All rules, by id.
#[derive(Debug, Default)]
pub struct Rulebook {
    rules: BTreeMap<String, Rule>,
    /// Ids of rules that a later layer replaced, with the file that did.
    replaced: BTreeMap<String, String>,
    /// Rules that a later layer disabled.
    disabled: BTreeMap<String, Disabled>,
    /// How many rules were not chosen.
    left_out: usize,
}

include!(concat!(env!("OUT_DIR"), "/rules.rs"));

impl Rulebook {
    /// The rules this program was built with. Their words are values of their types in the tables of the build, so
    /// that none can be wrong; what stands in a condition or a response is held against its file by `tests/rules.rs`.
    pub fn built_in() -> Self {
        Self::of_build(BUILT_IN)
    }

    /// The rules about texts (`each: assignment`) this program was built with: those of `rules/lint`. They
    /// are a book of their own, since they say nothing of a host.
    pub fn lint() -> Self {
        Self::of_build(LINT)
    }

    /// Both: for whoever explains or tries rules, and judges nothing by them.
    pub fn all() -> Self {
        let mut book = Self::built_in();
        book.rules.extend(Self::lint().rules);
        book
    }

    fn of_build(all: &'static [BuiltIn]) -> Self {
        let rules = all.iter().map(Rule::built_in);
        Self {
            rules: rules.map(|rule| (rule.id.clone(), rule)).collect(),
            ..Self::default()
        }
    }

    /// A rulebook of these files alone, or every problem of all of them.
    pub fn of_files(files: &[RuleFile]) -> Result<Self, Vec<Problem>> {
        let (layer, mut problems) = Layer::of_files(files);
        let (book, unknown) = Self::default().overlaid(layer);
        problems.extend(unknown);
        if problems.is_empty() {
            Ok(book)
        } else {
            Err(problems)
        }
    }

    /// Adds a rule; one of the same id is replaced by it, or comes back with it.
    pub(super) fn put(&mut self, rule: Rule, file: String) {
        let id = rule.id.clone();
        let below = self.rules.insert(id.clone(), rule).is_some();
        if self.disabled.remove(&id).is_some() || below {
            self.replaced.insert(id, file);
        }
    }

    /// Takes a rule out; false when there is none of this id.
    pub(super) fn disable(&mut self, id: &str, file: String, reason: Option<String>) -> bool {
        let rule = self.rules.remove(id);
        let rule = rule.or_else(|| self.disabled.remove(id).map(|one| one.rule));
        let Some(rule) = rule else { return false };
        self.replaced.remove(id);
        let disabled = Disabled { rule, file, reason };
        self.disabled.insert(id.to_owned(), disabled);
        true
    }

    /// Leaves out the rules, and the disabled ones, that are not wanted.
    pub(super) fn keep(&mut self, wanted: impl Fn(&Rule) -> bool) {
        let all = self.rules.len();
        self.rules.retain(|_, rule| wanted(rule));
        self.disabled.retain(|_, one| wanted(&one.rule));
        self.left_out += all - self.rules.len();
    }

    /// Every rule, by id.
    pub fn rules(&self) -> impl ExactSizeIterator<Item = &Rule> {
        self.rules.values()
    }

    /// The exact facts that all rules together read.
    pub fn facts(&self) -> BTreeSet<String> {
        let mut facts = BTreeSet::new();
        for rule in self.rules() {
            rule.facts_into(&mut facts);
        }
        facts
    }

    /// Compiles every condition that is not compiled yet. On a second thread, while facts are collected, it
    /// delays nobody.
    pub fn compile(&self) {
        for rule in self.rules() {
            rule.when();
        }
    }

    /// The rule of this id.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.get(id)
    }

    /// The rule of this id, or the one that was disabled.
    pub fn known(&self, id: &str) -> Option<&Rule> {
        let disabled = || self.disabled.get(id).map(|one| &one.rule);
        self.rules.get(id).or_else(disabled)
    }

    /// Every id, of disabled rules too.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.rules
            .keys()
            .chain(self.disabled.keys())
            .map(String::as_str)
    }

    /// Ids of rules that a later layer replaced, with the file that did.
    pub fn replaced(&self) -> &BTreeMap<String, String> {
        &self.replaced
    }

    /// The rules that a layer disabled, by id.
    pub fn disabled(&self) -> impl ExactSizeIterator<Item = &Disabled> {
        self.disabled.values()
    }

    /// How many rules were not chosen.
    pub const fn left_out(&self) -> usize {
        self.left_out
    }
}

/// Reads the tree of a file, its one syntax error turned into a problem.
pub(super) fn parse_tree(source: &Rc<Source>) -> Result<Node, Vec<Problem>> {
    Node::parse(&source.text).map_err(|SyntaxError { place, message }| {
        let mut sink = super::fields::Sink::new(Rc::clone(source));
        let kind = ProblemKind::Syntax(message);
        if place == Place::default() {
            sink.span(0..0, kind);
        } else {
            sink.at(place, kind);
        }
        sink.problems
    })
}

/// Compiles the conditions of a built-in rule.
pub(super) fn conditions(data: &BuiltIn) -> Result<Conditions, Vec<Problem>> {
    read_conditions(&source_of(data), data)
}

/// Reads the response of a built-in rule.
pub(super) fn response(data: &BuiltIn) -> Result<Response, Vec<Problem>> {
    let source = source_of(data);
    let node = tree_of(&source, data.response)?;
    let mut response = read_response(&source, &node, data.condition.each)?;
    data.explain.clone_into(&mut response.explain);
    Ok(response)
}

/// A built-in rule has a name and no text to point into.
fn source_of(data: &BuiltIn) -> Rc<Source> {
    Rc::new(Source {
        name: data.file.to_owned(),
        text: String::new(),
    })
}

fn tree_of(source: &Rc<Source>, json: &str) -> Result<Node, Vec<Problem>> {
    match serde_json::from_str::<serde_json::Value>(json) {
        Ok(value) => Ok(Node::from(value)),
        Err(error) => Err(vec![Problem {
            source: Rc::clone(source),
            span: 0..0,
            kind: ProblemKind::Syntax(format!("built-in data is damaged: {error}")),
        }]),
    }
}
