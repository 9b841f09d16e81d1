//! The rulebook: every rule that will be judged, layer over layer.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::problem::{Problem, ProblemKind, Source};
use super::read::read_rule;
use super::schema::{Origin, Rule};
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
        for (file, mechanism, json, explain) in BUILT_IN {
            let source = Rc::new(Source {
                name: (*file).to_owned(),
                text: String::new(),
            });
            let origin = Origin {
                file: (*file).to_owned(),
                built_in: true,
            };
            let Ok(value) = serde_json::from_str::<serde_json::Value>(json) else {
                let kind = ProblemKind::Syntax("built-in data is damaged".to_owned());
                problems.push(Problem {
                    source,
                    span: 0..0,
                    kind,
                });
                continue;
            };
            let node = with_explanation(Node::from(value), explain);
            match read_rule(&source, &node, origin, mechanism) {
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

/// Built-in explanations are kept apart from the small data that every start reads.
fn with_explanation(mut node: Node, explain: &str) -> Node {
    use super::yaml::{Content, Key};
    if let Content::Map(entries) = &mut node.content {
        let key = Key {
            place: Place::default(),
            name: "explain".to_owned(),
        };
        let value = Node {
            place: Place::default(),
            content: Content::Text(explain.to_owned()),
        };
        entries.push((key, value));
    }
    node
}
