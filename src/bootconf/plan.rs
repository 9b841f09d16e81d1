//! What becomes of what was said: the writes in their order, and who claims which key.

use std::collections::HashMap;
use std::rc::Rc;

use super::expand::{Expander, Expansion};
use super::files::Aside;
use super::gather::{Gathered, Said};
use super::key::Target;

/// One write to come.
pub(super) struct Write {
    pub(super) path: String,
    /// Index into [`Gathered::said`].
    pub(super) said: usize,
    pub(super) lenient: bool,
}

/// What is to be told of something said, for one key. Numbers are indices into [`Gathered::said`].
#[derive(Clone)]
pub(super) enum Verdict {
    /// It is written; whether last, shows in the end.
    Wrote,
    /// An exclusion that keeps the key from being written.
    Stands,
    Shadowed(usize),
    Excluded(usize),
    /// The loader does not read its file.
    Aside(Rc<Aside>),
    Ignored(&'static str, Option<usize>),
    Invalid(&'static str),
}

/// Collects writes and claims.
pub(super) struct Plan<'a> {
    pub(super) gathered: &'a Gathered,
    expander: Expander<'a>,
    pub(super) writes: Vec<Write>,
    /// By key: what was said, and what becomes of it.
    pub(super) claims: HashMap<Rc<str>, Vec<(usize, Verdict)>>,
    /// Who wrote a key last.
    pub(super) last: HashMap<Rc<str>, usize>,
    /// What is known of patterns without any key.
    pub(super) fruitless: HashMap<usize, Verdict>,
    left: usize,
    bytes: usize,
    pub(super) notes: Vec<String>,
}

/// How many claims of patterns on keys are kept.
const MOST_CLAIMS: usize = 1_000_000;
/// How many bytes of values patterns may multiply into, and what a write counts besides.
const MOST_BYTES: usize = 128 << 20;
const PER_WRITE: usize = 64;

pub(super) const NO_EQUALS: &str = "there is no `=` in the line";
const MATCHES_NOTHING: &str = "the pattern matches no key";
const UNKNOWN: &str = "which keys the pattern matches cannot be told";
pub(super) const EXCLUDES_NOTHING: &str = "an exclusion that is a pattern takes nothing out";

impl<'a> Plan<'a> {
    pub(super) fn new(gathered: &'a Gathered, expander: Expander<'a>) -> Self {
        Self {
            gathered,
            expander,
            writes: Vec::new(),
            claims: HashMap::new(),
            last: HashMap::new(),
            fruitless: HashMap::new(),
            left: MOST_CLAIMS,
            bytes: 0,
            notes: Vec::new(),
        }
    }

    /// What was said, with its number, as far as the loader hears it.
    pub(super) fn heard(&self) -> impl Iterator<Item = (usize, &'a Said, usize)> + use<'a> {
        self.gathered
            .said
            .iter()
            .enumerate()
            .filter(|(_, said)| said.aside.is_none() && !said.by_kernel)
            .filter_map(|(at, said)| Some((at, said, said.name?)))
    }

    /// The words of the kernel command line, which act first.
    pub(super) fn kernel(&mut self) {
        for (at, said) in self.gathered.said.iter().enumerate() {
            if !said.by_kernel {
                continue;
            }
            match &said.value {
                Some(value) if !self.gathered.bytes(value).is_empty() => self.single(at, false),
                _ => self.claim(at, &Verdict::Invalid("it has no value")),
            }
        }
    }

    /// What stands in files that the loader passes over.
    pub(super) fn asides(&mut self) {
        for (at, said) in self.gathered.said.iter().enumerate() {
            if let Some(aside) = &said.aside {
                self.claim(at, &Verdict::Aside(Rc::clone(aside)));
            }
        }
    }

    /// Lines without `=` that seem to mean a key.
    pub(super) fn broken(&mut self) {
        for (at, said) in self.gathered.said.iter().enumerate() {
            let definition = self.gathered.definitions.get(said.definition);
            let key = definition.map(|definition| definition.key.as_str());
            if let (None, None, Some(key)) = (said.name, &said.aside, key)
                && key.contains('.')
            {
                let verdict = Verdict::Invalid(NO_EQUALS);
                self.claims
                    .entry(key.into())
                    .or_default()
                    .push((at, verdict));
            }
        }
    }

    /// Writes a key that is named in full.
    pub(super) fn single(&mut self, at: usize, lenient: bool) {
        let gathered = self.gathered;
        let Some(said) = gathered.said.get(at) else {
            return;
        };
        if let Some(Target::Key(path)) = gathered.name(said).map(|name| &name.target) {
            self.writes.push(Write {
                path: path.clone(),
                said: at,
                lenient,
            });
            if let Some(name) = gathered.name(said) {
                self.last.insert(Rc::clone(&name.key), at);
            }
        }
        self.claim(at, &Verdict::Wrote);
    }

    /// Writes every key that a pattern matches, unless something else decides about the key.
    pub(super) fn pattern(
        &mut self,
        at: usize,
        lenient: bool,
        decided: impl Fn(&[u8]) -> Option<Verdict>,
    ) {
        let gathered = self.gathered;
        let Some(said) = gathered.said.get(at) else {
            return;
        };
        let size = said
            .value
            .as_ref()
            .map_or(0, |value| gathered.bytes(value).len());
        for found in &self.expansion(at).matches {
            let verdict = decided(&found.text).unwrap_or(Verdict::Wrote);
            if matches!(verdict, Verdict::Wrote) {
                self.bytes += size + PER_WRITE;
                if self.bytes > MOST_BYTES {
                    self.note("the patterns write more than is followed; not every write is known");
                    return;
                }
                self.writes.push(Write {
                    path: found.path.clone(),
                    said: at,
                    lenient,
                });
                self.last.insert(Rc::clone(&found.key), at);
            }
            self.claim_match(&found.key, at, verdict);
        }
    }

    /// Tells what becomes of something that is not written: for its key, or every key it matches.
    pub(super) fn claim(&mut self, at: usize, verdict: &Verdict) {
        self.claim_unless(at, verdict, |_| None);
    }

    /// As [`Plan::claim`], unless something else decides about a matched key.
    pub(super) fn claim_unless(
        &mut self,
        at: usize,
        verdict: &Verdict,
        decided: impl Fn(&[u8]) -> Option<Verdict>,
    ) {
        let gathered = self.gathered;
        let Some(name) = gathered.said.get(at).and_then(|said| gathered.name(said)) else {
            return;
        };
        let aside = matches!(verdict, Verdict::Aside(_));
        let verdict = match &name.target {
            Target::Pattern => {
                for found in &self.expansion(at).matches {
                    if self.left == 0 {
                        break;
                    }
                    let verdict = decided(&found.text).unwrap_or_else(|| verdict.clone());
                    self.claim_match(&found.key, at, verdict);
                }
                return;
            }
            Target::Missing(why) if !aside => Verdict::Ignored(why, None),
            Target::Invalid(why) if !aside => Verdict::Invalid(why),
            _ => verdict.clone(),
        };
        self.claims
            .entry(Rc::clone(&name.key))
            .or_default()
            .push((at, verdict));
    }

    fn claim_match(&mut self, key: &Rc<str>, at: usize, verdict: Verdict) {
        if self.left == 0 {
            return;
        }
        self.left -= 1;
        if self.left == 0 {
            self.note("the patterns match more keys than are followed; not every one is listed");
        }
        let claims = self.claims.entry(Rc::clone(key)).or_default();
        // Braces may find a key twice.
        if claims.last().is_none_or(|(last, _)| *last != at) {
            claims.push((at, verdict));
        }
    }

    fn expansion(&mut self, at: usize) -> Rc<Expansion> {
        let gathered = self.gathered;
        let name = gathered.said.get(at).and_then(|said| gathered.name(said));
        let text = name.map(|name| name.text.as_ref()).unwrap_or_default();
        let expansion = self.expander.expand(text);
        if expansion.cut {
            self.note("the patterns take too long to be followed to the end");
        }
        if expansion.matches.is_empty() {
            let unknown = expansion.cut || self.expander.is_blind();
            let why = if unknown { UNKNOWN } else { MATCHES_NOTHING };
            self.fruitless.insert(at, Verdict::Ignored(why, None));
        }
        expansion
    }

    fn note(&mut self, note: &str) {
        if !self.notes.iter().any(|known| known == note) {
            self.notes.push(note.to_owned());
        }
    }
}
