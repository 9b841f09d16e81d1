//! Layers: the files of one folder, and how they lie over the rules below.

use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use crate::fact::nearest;

use super::fields::{Fields, Sink};
use super::form::DISABLING;
use super::problem::{Problem, ProblemKind, Source};
use super::read::{read_id, read_rule};
use super::rulebook::{RuleFile, Rulebook, parse_tree};
use super::schema::{Origin, Rule};
use super::yaml::{Content, Node};

/// The rules of one folder, and the ids it disables in the layers below.
#[derive(Debug, Default)]
pub struct Layer {
    entries: BTreeMap<String, Entry>,
}

/// What one file says.
#[derive(Debug)]
struct Entry {
    source: Rc<Source>,
    /// Where the id stands.
    span: Range<usize>,
    said: Said,
}

#[derive(Debug)]
enum Said {
    Rule(Box<Rule>),
    Disabled(Option<String>),
}

/// A rule that a site does not want.
#[derive(Debug)]
pub struct Disabled {
    /// The rule.
    pub rule: Rule,
    /// The file that says so.
    pub file: String,
    /// Why, if it says that.
    pub reason: Option<String>,
}

impl Layer {
    /// The sound files among these, and every problem of the others. Two files with one id are a problem
    /// of the second.
    pub fn of_files(files: &[RuleFile]) -> (Self, Vec<Problem>) {
        let mut layer = Self::default();
        let mut problems = Vec::new();
        for file in files {
            match Entry::read(file) {
                Ok((id, entry)) => {
                    if let Some(first) = layer.entries.get(&id) {
                        let kind = ProblemKind::DuplicateId(id, first.source.name.clone());
                        problems.push(entry.problem(kind));
                    } else {
                        layer.entries.insert(id, entry);
                    }
                }
                Err(found) => problems.extend(found),
            }
        }
        (layer, problems)
    }

    /// The ids of its rules, without those it disables.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let rules = self.entries.iter();
        rules
            .filter(|(_, entry)| matches!(entry.said, Said::Rule(_)))
            .map(|(id, _)| id.as_str())
    }
}

impl Entry {
    fn read(file: &RuleFile) -> Result<(String, Self), Vec<Problem>> {
        let source = Rc::new(Source {
            name: file.name.clone(),
            text: file.text.clone(),
        });
        let node = parse_tree(&source)?;
        let span = id_span(&source, &node);
        let (id, said) = if names(&node, "disabled") {
            let (id, reason) = read_disabled(&source, &node)?;
            (id, Said::Disabled(reason))
        } else {
            let origin = Origin {
                file: file.name.clone(),
                built_in: false,
            };
            let rule = read_rule(&source, &node, origin, &file.mechanism)?;
            (rule.id.clone(), Said::Rule(Box::new(rule)))
        };
        Ok((id, Self { source, span, said }))
    }

    fn problem(&self, kind: ProblemKind) -> Problem {
        Problem {
            source: Rc::clone(&self.source),
            span: self.span.clone(),
            kind,
        }
    }
}

fn names(node: &Node, field: &str) -> bool {
    let Content::Map(entries) = &node.content else {
        return false;
    };
    entries.iter().any(|(key, _)| key.name == field)
}

fn id_span(source: &Rc<Source>, node: &Node) -> Range<usize> {
    let Content::Map(entries) = &node.content else {
        return 0..0;
    };
    let id = entries.iter().find(|(key, _)| key.name == "id");
    id.map_or(0..0, |(_, id)| Sink::new(Rc::clone(source)).word(id.place))
}

fn read_disabled(
    source: &Rc<Source>,
    node: &Node,
) -> Result<(String, Option<String>), Vec<Problem>> {
    let mut sink = Sink::new(Rc::clone(source));
    let fields = Fields::open(node, "a file that disables a rule", DISABLING, &mut sink);
    let read = fields.and_then(|fields| {
        let id = read_id(&fields, &source.name, &mut sink);
        if let Some(node) = fields.required("disabled", &mut sink)
            && !matches!(node.content, Content::Bool(true))
        {
            let message = "`disabled` can only be true".to_owned();
            let help = "delete the line, or the file, to have the rule".to_owned();
            sink.at(node.place, ProblemKind::Other(message, Some(help)));
        }
        let reason = fields.optional_text("reason", &mut sink);
        Some((id?, reason.map(|(text, _)| text.trim().to_owned())))
    });
    match read {
        Some(read) if sink.problems.is_empty() => Ok(read),
        _ => Err(sink.problems),
    }
}

impl Rulebook {
    /// Lays a layer over this book: a rule with a known id replaces it, and what the layer disables is
    /// taken out. Disabling what is not there is a problem: it would be a misspelled id.
    #[must_use]
    pub fn overlaid(mut self, layer: Layer) -> (Self, Vec<Problem>) {
        let mut problems = Vec::new();
        for (id, entry) in layer.entries {
            let file = entry.source.name.clone();
            match entry.said {
                Said::Rule(rule) => self.put(*rule, file),
                Said::Disabled(ref reason) => {
                    if !self.disable(&id, file, reason.clone()) {
                        let near = nearest(&id, self.ids()).map(str::to_owned);
                        problems.push(entry.problem(ProblemKind::NothingToDisable(id, near)));
                    }
                }
            }
        }
        (self, problems)
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
