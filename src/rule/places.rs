//! Where the fields of a rule or case file stand, for problems that are found after reading it.

use std::ops::Range;
use std::rc::Rc;

use super::fields::Sink;
use super::problem::{Problem, ProblemKind, Source};
use super::rulebook::{RuleFile, parse_tree};
use super::yaml::{Content, Node};

/// A sound file, with the place of everything in it.
#[derive(Debug)]
pub struct Places {
    source: Rc<Source>,
    tree: Option<Node>,
}

impl Places {
    /// Of a file that was read before; of a broken one only the file itself is known.
    pub fn of(file: &RuleFile) -> Self {
        let source = Rc::new(Source {
            name: file.name.clone(),
            text: file.text.clone(),
        });
        let tree = parse_tree(&source).ok();
        Self { source, tree }
    }

    /// A problem with the value at the end of a path of fields; where there is no such field, the nearest
    /// one above it is meant.
    pub fn problem(&self, path: &[&str], message: String, help: Option<String>) -> Problem {
        Problem {
            source: Rc::clone(&self.source),
            span: self.span(path),
            kind: ProblemKind::Other(message, help),
        }
    }

    fn span(&self, path: &[&str]) -> Range<usize> {
        let Some(mut node) = self.tree.as_ref() else {
            return 0..0;
        };
        // A mapping begins where its first field does, so the name of the field is the better place.
        let mut place = node.place;
        for name in path {
            let found = match &node.content {
                Content::Map(entries) => entries
                    .iter()
                    .find(|(key, _)| key.name == *name)
                    .map(|(key, value)| (key.place, value)),
                Content::List(items) => {
                    let at = name.parse::<usize>().ok();
                    let item = at.and_then(|at| items.get(at));
                    item.map(|item| (item.place, item))
                }
                _ => None,
            };
            let Some((at, value)) = found else { break };
            (place, node) = (at, value);
        }
        Sink::new(Rc::clone(&self.source)).word(place)
    }
}
