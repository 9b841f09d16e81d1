//! Which rules are judged: by id, by mechanism, by severity.

use std::collections::BTreeSet;

use crate::fact::nearest;

use super::rulebook::Rulebook;
use super::schema::Rule;
use super::terms::{Severity, Term as _};

/// A word that is no rule, mechanism or severity, and the nearest one that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownWord {
    /// The word.
    pub word: String,
    /// What may have been meant.
    pub nearest: Option<String>,
}

impl Rulebook {
    /// The rules that one of the words of `select` names (all of them when there is none), without those
    /// that a word of `ignore` names.
    pub fn chosen(mut self, select: &[String], ignore: &[String]) -> Result<Self, UnknownWord> {
        if select.is_empty() && ignore.is_empty() {
            return Ok(self);
        }
        let known = self.words();
        for word in select.iter().chain(ignore) {
            if !known.contains(word.as_str()) {
                return Err(UnknownWord {
                    word: word.clone(),
                    nearest: nearest(word, known.iter().copied()).map(str::to_owned),
                });
            }
        }
        drop(known);
        let named = |rule: &Rule, words: &[String]| {
            words.iter().any(|word| {
                *word == rule.id || *word == rule.mechanism || word == rule.severity.word()
            })
        };
        self.keep(|rule| (select.is_empty() || named(rule, select)) && !named(rule, ignore));
        Ok(self)
    }

    /// Every id, mechanism and severity.
    fn words(&self) -> BTreeSet<&str> {
        let severities = Severity::WORDS.iter().map(|(word, _)| *word);
        let rules = self.rules().chain(self.disabled().map(|one| &one.rule));
        rules
            .flat_map(|rule| [rule.id.as_str(), rule.mechanism.as_str()])
            .chain(severities)
            .collect()
    }
}
