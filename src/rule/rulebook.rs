//! The rulebook: every rule that will be judged, layer over layer.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::problem::{Problem, ProblemKind, Source};
use super::read::{read_condition, read_response, read_rule};
use super::schema::{BuiltIn, Origin, Response, Rule};
use super::terms::Subject;
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
    /// Ids of built-in rules that a site rule replaced, with the file that did.
    replaced: Vec<(String, String)>,
}

include!(concat!(env!("OUT_DIR"), "/rules.rs"));

impl Rulebook {
    /// The rules this program was built with.
    ///
    /// Build data cannot be wrong at run time: `tests/rules.rs` reads every built-in rule by this very
    /// function and fails on the first problem.
    pub fn built_in() -> Result<Self, Vec<Problem>> {
        let mut book = Self::default();
        let mut problems = Vec::new();
        for data in BUILT_IN {
            let source = source_of(data);
            let rule = tree_of(&source, data.condition)
                .and_then(|node| read_condition(&source, &node, data));
            match rule {
                Ok(rule) => {
                    book.rules.insert(rule.id.clone(), rule);
                }
                Err(found) => problems.extend(found),
            }
        }
        if problems.is_empty() {
            Ok(book)
        } else {
            Err(problems)
        }
    }

    /// A rulebook of these files alone, or every problem of all of them.
    pub fn of_files(files: &[RuleFile]) -> Result<Self, Vec<Problem>> {
        let mut book = Self::default();
        let mut problems = Vec::new();
        for file in files {
            match parse_rule(file) {
                Ok(rule) => book.add(rule, file, &mut problems),
                Err(found) => problems.extend(found),
            }
        }
        if problems.is_empty() {
            Ok(book)
        } else {
            Err(problems)
        }
    }

    /// Lays site rules over this book: a rule with a known id replaces it.
    #[must_use]
    pub fn overlaid(mut self, site: Self) -> Self {
        for (id, rule) in site.rules {
            let file = rule.origin.file.clone();
            if self.rules.insert(id.clone(), rule).is_some() {
                self.replaced.push((id, file));
            }
        }
        self
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

    /// The rule of this id.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.get(id)
    }

    /// Ids of built-in rules that site rules replaced, with the file that did.
    pub fn replaced(&self) -> &[(String, String)] {
        &self.replaced
    }

    fn add(&mut self, rule: Rule, file: &RuleFile, problems: &mut Vec<Problem>) {
        if let Some(first) = self.rules.get(&rule.id) {
            let kind = ProblemKind::DuplicateId(rule.id.clone(), first.origin.file.clone());
            let source = Rc::new(Source {
                name: file.name.clone(),
                text: file.text.clone(),
            });
            problems.push(Problem {
                source,
                span: 0..0,
                kind,
            });
        } else {
            self.rules.insert(rule.id.clone(), rule);
        }
    }
}

/// Reads one rule file.
pub fn parse_rule(file: &RuleFile) -> Result<Rule, Vec<Problem>> {
    let source = Rc::new(Source {
        name: file.name.clone(),
        text: file.text.clone(),
    });
    let node = parse_tree(&source)?;
    let origin = Origin {
        file: file.name.clone(),
        built_in: false,
    };
    read_rule(&source, &node, origin, &file.mechanism)
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

/// Reads the response of a built-in rule.
pub(super) fn response(
    data: &'static BuiltIn,
    each: Option<Subject>,
) -> Result<Response, Vec<Problem>> {
    let source = source_of(data);
    let node = tree_of(&source, data.response)?;
    let mut response = read_response(&source, &node, each)?;
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
