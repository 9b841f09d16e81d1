//! Waivers: findings that somebody accepted, with a reason, until a day.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::catalog;
use crate::fact::boot::Place;
use crate::fact::{Day, nearest};

use super::fields::{Fields, Sink};
use super::form::{WAIVER, WAIVERS};
use super::problem::{Problem, ProblemKind, Source};
use super::rulebook::{RuleFile, Rulebook, parse_tree};
use super::terms::Subject;
use super::yaml::{self, Content, Node};

/// One finding that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiver {
    /// The rule.
    pub rule: String,
    /// The key it is accepted for, dotted; `None`: whatever the rule finds.
    pub key: Option<String>,
    /// Why.
    pub reason: String,
    /// Who accepted it.
    pub owner: String,
    /// The last day it holds.
    pub until: Day,
    /// Where it is written.
    pub place: Place,
}

/// Everything a site has accepted, and the day it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waivers {
    /// In the order written.
    pub list: Vec<Waiver>,
    /// Today, in universal time.
    pub today: Day,
}

impl Waivers {
    /// Nothing is accepted.
    pub const fn none(today: Day) -> Self {
        Self {
            list: Vec::new(),
            today,
        }
    }

    /// Whether the last day of a waiver is over.
    pub fn is_over(&self, waiver: &Waiver) -> bool {
        waiver.until < self.today
    }

    /// The waivers of a rule that hold today.
    pub fn of<'a>(&'a self, rule: &'a str) -> impl Iterator<Item = &'a Waiver> {
        self.list
            .iter()
            .filter(move |one| one.rule == rule && !self.is_over(one))
    }

    /// The waiver of a rule, whatever it finds.
    pub fn whole(&self, rule: &str) -> Option<&Waiver> {
        self.list
            .iter()
            .find(|one| one.rule == rule && one.key.is_none() && !self.is_over(one))
    }

    /// The waiver of a rule for one key.
    pub fn for_key(&self, rule: &str, key: &str) -> Option<&Waiver> {
        let mut held = self.list.iter();
        held.find(|one| one.rule == rule && one.key.as_deref() == Some(key) && !self.is_over(one))
    }
}

/// Reads the waivers of a site, or tells every problem of the file. The rules of `book` are those that can
/// be waived, the disabled ones included.
pub fn parse_waivers(file: &RuleFile, book: &Rulebook) -> Result<Vec<Waiver>, Vec<Problem>> {
    let source = Rc::new(Source {
        name: file.name.clone(),
        text: file.text.clone(),
    });
    let node = parse_tree(&source)?;
    let mut sink = Sink::new(source);
    let mut list = Vec::new();
    // A file without a word yet is a file without waivers.
    if !matches!(node.content, Content::Null)
        && let Some(fields) = Fields::open(&node, "a file of waivers", WAIVERS, &mut sink)
    {
        list = read_list(fields.items("waivers", &mut sink), Some(book), &mut sink);
    }
    sink.problems.sort_by_key(|problem| problem.span.start);
    if sink.problems.is_empty() {
        Ok(list)
    } else {
        Err(sink.problems)
    }
}

/// Reads a list of waivers; a case has no rulebook to hold them against.
pub(super) fn read_list(items: &[Node], book: Option<&Rulebook>, sink: &mut Sink) -> Vec<Waiver> {
    let mut seen: BTreeMap<(String, Option<String>), u32> = BTreeMap::new();
    let mut list = Vec::new();
    for node in items {
        let Some(waiver) = read(node, book, sink) else {
            continue;
        };
        let line = node.place.line;
        let first = seen
            .entry((waiver.rule.clone(), waiver.key.clone()))
            .or_insert(line);
        if *first == line {
            list.push(waiver);
            continue;
        }
        let what = match &waiver.key {
            Some(key) => format!("`{}` has a waiver for `{key}` already", waiver.rule),
            None => format!("`{}` has a waiver already", waiver.rule),
        };
        let help = format!("keep one; the other is in line {first}");
        sink.at(node.place, ProblemKind::Other(what, Some(help)));
    }
    list
}

fn read(node: &Node, book: Option<&Rulebook>, sink: &mut Sink) -> Option<Waiver> {
    let fields = Fields::open(node, "a waiver", WAIVER, sink)?;
    let [rule, reason, owner, until] =
        ["rule", "reason", "owner", "until"].map(|name| fields.required_text(name, sink));
    let key = fields.optional_text("key", sink);
    for (name, found) in [("reason", reason), ("owner", owner)] {
        if let Some((text, place)) = found
            && text.trim().is_empty()
        {
            let kind = ProblemKind::Other(format!("`{name}` is empty"), None);
            sink.at(place, kind);
        }
    }
    let day = until.and_then(|(text, place)| {
        let day = Day::parse(text);
        if day.is_none() {
            let message = format!("`{}` is no day of the calendar", text.escape_debug());
            let help = "write YYYY-MM-DD: the last day the waiver holds".to_owned();
            sink.at(place, ProblemKind::Other(message, Some(help)));
        }
        day
    });
    if let (Some(book), Some(rule)) = (book, rule) {
        concerns(book, rule, key, sink);
    }
    Some(Waiver {
        rule: rule?.0.to_owned(),
        key: key.map(|(key, _)| catalog::canonical(key).into_owned()),
        reason: reason?.0.trim().to_owned(),
        owner: owner?.0.trim().to_owned(),
        until: day?,
        place: Place {
            file: sink.source.name.clone(),
            line: Some(node.place.line),
        },
    })
}

/// Whether there is such a rule, and the key is one it can be about.
fn concerns(
    book: &Rulebook,
    (id, place): (&str, yaml::Place),
    key: Option<(&str, yaml::Place)>,
    sink: &mut Sink,
) {
    let Some(rule) = book.known(id) else {
        let near = nearest(id, book.ids());
        let help = near.map(|near| format!("did you mean `{near}`?"));
        let message = format!("no rule `{}`", id.escape_debug());
        sink.at(place, ProblemKind::Other(message, help));
        return;
    };
    let Some((key, place)) = key else { return };
    if rule.each.is_some_and(Subject::is_of_boot) {
        return;
    }
    let name = catalog::canonical(key);
    let set = &rule.response().set;
    if set.iter().any(|one| one.key == name) {
        return;
    }
    let keys: Vec<_> = set.iter().map(|one| format!("`{}`", one.key)).collect();
    let help = if keys.is_empty() {
        "leave `key` away: the rule changes none".to_owned()
    } else {
        format!(
            "it may change {}; without `key` all of it is waived",
            keys.join(", ")
        )
    };
    let message = format!("`{id}` is never about `{}`", key.escape_debug());
    sink.at(place, ProblemKind::Other(message, Some(help)));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Vec<Waiver>, Vec<Problem>> {
        let file = RuleFile {
            name: "waivers.yaml".to_owned(),
            mechanism: String::new(),
            text: text.to_owned(),
        };
        parse_waivers(&file, &Rulebook::built_in())
    }

    fn waivers(text: &str, today: &str) -> Waivers {
        let list = read(text).unwrap_or_else(|problems| panic!("{problems:?}"));
        let today = Day::parse(today).unwrap();
        Waivers { list, today }
    }

    #[test]
    fn a_waiver_holds_through_its_last_day() {
        let text = "waivers: [{ rule: no-op-key, reason: a, owner: b, until: 2028-02-29 }]";
        assert!(waivers(text, "2028-02-29").whole("no-op-key").is_some());
        let over = waivers(text, "2028-03-01");
        assert!(over.whole("no-op-key").is_none() && over.is_over(&over.list[0]));
    }

    #[test]
    fn a_key_is_the_same_however_it_is_spelled() {
        let text = "waivers:\n  - { rule: no-op-key, key: net/ipv4/tcp_fack, reason: a, owner: b, until: 2028-02-29 }";
        let given = waivers(text, "2028-01-01");
        assert!(given.for_key("no-op-key", "net.ipv4.tcp_fack").is_some());
        assert!(given.whole("no-op-key").is_none());
        let twice = format!("{text}\n{}", text.lines().last().unwrap().replace('/', "."));
        let problems = read(&twice).unwrap_err();
        assert_eq!(
            problems[0].to_string(),
            "waivers.yaml:3:5: `no-op-key` has a waiver for `net.ipv4.tcp_fack` already"
        );
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd_to_be_refused(text in any::<String>(), day in "[0-9-]{0,12}") {
            let _ = read(&text);
            let _ = read(&format!("waivers: [{{ rule: {text}, key: {text}, until: {day} }}]"));
            if let Some(read) = Day::parse(&day) {
                prop_assert_eq!(read.to_string(), day);
            }
        }
    }
}
