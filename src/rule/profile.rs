//! Profiles: what a site says of a host's role.
//!
//! Counters tell what hurts now; they cannot tell that a load balancer two hops away drops connections
//! after 350 quiet seconds, nor that every host of a role is to have the same settings. A profile says
//! both: parameters that rules read as `param.NAME`, and values that its hosts are to have whatever
//! their counters say.

use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use crate::catalog::{self, Kind, Write};
use crate::fact::{FactClass, Value, fact_spec, nearest, vocabulary};

use super::case::scalar;
use super::fields::{Fields, Sink};
use super::form::{LEAST, PROFILE};
use super::problem::{Problem, ProblemKind, Source};
use super::rulebook::{RuleFile, parse_tree};
use super::schema::Origin;
use super::yaml::{Content, Key, Node};

/// A role of a host.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Its name, kebab-case: `proxy`.
    pub name: String,
    /// What kind of host it is for, in a few words.
    pub title: String,
    /// Parameters by their whole name, `param.idle_limit`, in the unit of the vocabulary.
    pub params: BTreeMap<String, i64>,
    /// What each key is to have.
    pub want: BTreeMap<String, Wish>,
    /// The file it came from.
    pub origin: Origin,
}

/// What a key is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// This value.
    Exactly(Value),
    /// This much or more: a number, each of three, or at least these ports.
    AtLeast(Value),
}

impl Wish {
    /// The value that fulfils it where a key has `live`; what cannot be read counts for nothing.
    pub fn value(&self, live: Option<&Value>) -> Value {
        match (self, live) {
            (Self::AtLeast(Value::Int(least)), Some(Value::Int(live))) => {
                Value::Int(*least.max(live))
            }
            (Self::AtLeast(Value::Range([low, high])), Some(Value::Range([from, to]))) => {
                Value::Range([*low.min(from), *high.max(to)])
            }
            (Self::AtLeast(Value::Triple(least)), Some(Value::Triple(live))) => {
                let mut more = *least;
                for (one, live) in more.iter_mut().zip(live) {
                    *one = (*one).max(*live);
                }
                Value::Triple(more)
            }
            (Self::Exactly(value) | Self::AtLeast(value), _) => value.clone(),
        }
    }

    /// Whether a value fulfils it.
    pub fn is_met(&self, value: &Value) -> bool {
        self.value(Some(value)) == *value
    }
}

impl fmt::Display for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(value) => value.fmt(f),
            Self::AtLeast(value) => write!(f, "at least {value}"),
        }
    }
}

/// A profile as the build leaves it.
struct BuiltInProfile {
    file: &'static str,
    json: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/profiles.rs"));

impl Profile {
    /// The profiles this program was built with, by name.
    ///
    /// Build data cannot be wrong at run time: the tests of this module read every profile.
    pub fn built_in() -> Result<BTreeMap<String, Self>, Vec<Problem>> {
        let mut all = BTreeMap::new();
        for data in BUILT_IN_PROFILES {
            let source = Rc::new(Source {
                name: data.file.to_owned(),
                text: String::new(),
            });
            let origin = Origin {
                file: data.file.to_owned(),
                built_in: true,
            };
            let json: serde_json::Value = serde_json::from_str(data.json).map_err(|error| {
                vec![Problem {
                    source: Rc::clone(&source),
                    span: 0..0,
                    kind: ProblemKind::Syntax(format!("built-in data is damaged: {error}")),
                }]
            })?;
            let profile = read(source, &Node::from(json), origin)?;
            all.insert(profile.name.clone(), profile);
        }
        Ok(all)
    }

    /// Reads a profile file, or names every problem of it.
    pub fn parse(file: &RuleFile) -> Result<Self, Vec<Problem>> {
        let source = Rc::new(Source {
            name: file.name.clone(),
            text: file.text.clone(),
        });
        let node = parse_tree(&source)?;
        let origin = Origin {
            file: file.name.clone(),
            built_in: false,
        };
        read(source, &node, origin)
    }

    /// Lays the profiles of one folder over `below`: a known name is replaced. Two of one name in the
    /// folder are a problem, since nobody could tell which one counts.
    pub fn overlay(
        below: &mut BTreeMap<String, Self>,
        files: &[RuleFile],
    ) -> Result<(), Vec<Problem>> {
        let mut layer: BTreeMap<String, Self> = BTreeMap::new();
        let mut problems = Vec::new();
        for file in files {
            match Self::parse(file) {
                Ok(profile) => match layer.get(&profile.name) {
                    Some(first) => problems.push(twice(file, &profile.name, &first.origin.file)),
                    None => {
                        layer.insert(profile.name.clone(), profile);
                    }
                },
                Err(found) => problems.extend(found),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        below.extend(layer);
        Ok(())
    }
}

/// Two profiles of one name in one folder, at the name of the second.
fn twice(file: &RuleFile, name: &str, first: &str) -> Problem {
    let start = file.text.find(name).unwrap_or(0);
    Problem {
        source: Rc::new(Source {
            name: file.name.clone(),
            text: file.text.clone(),
        }),
        span: start..start + name.len(),
        kind: ProblemKind::Other(
            format!("a second profile has the name `{name}`"),
            Some(format!("rename one; the other is {first}")),
        ),
    }
}

fn read(source: Rc<Source>, node: &Node, origin: Origin) -> Result<Profile, Vec<Problem>> {
    let mut sink = Sink::new(source);
    let profile = Fields::open(node, "a profile", PROFILE, &mut sink).and_then(|fields| {
        let name = name(&fields, &mut sink);
        let title = fields.optional_text("title", &mut sink);
        let params = params(fields.entries("params", &mut sink), &mut sink);
        let want = wants(fields.entries("want", &mut sink), &mut sink);
        Some(Profile {
            name: name?,
            title: title.map(|(text, _)| text.to_owned()).unwrap_or_default(),
            params,
            want,
            origin,
        })
    });
    match profile {
        Some(profile) if sink.problems.is_empty() => Ok(profile),
        _ => Err(sink.problems),
    }
}

/// The name is typed at a prompt, so it is as plain as the id of a rule.
fn name(fields: &Fields<'_>, sink: &mut Sink) -> Option<String> {
    let (name, place) = fields.required_text("profile", sink)?;
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= 60
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !plain {
        let message = format!("bad profile name `{}`", name.escape_debug());
        let help = "write it in kebab-case: `edge-proxy`".to_owned();
        sink.at(place, ProblemKind::Other(message, Some(help)));
    }
    Some(name.to_owned())
}

fn params(entries: &[(Key, Node)], sink: &mut Sink) -> BTreeMap<String, i64> {
    let mut params = BTreeMap::new();
    for (key, node) in entries {
        let fact = format!("param.{}", key.name);
        let known = fact_spec(&fact).is_some_and(|spec| spec.class == FactClass::Param);
        if !known {
            let names = vocabulary()
                .filter(|spec| spec.class == FactClass::Param)
                .filter_map(|spec| spec.name.strip_prefix("param."));
            let near = nearest(&key.name, names);
            let message = format!("no rule reads a parameter `{}`", key.name.escape_debug());
            let help = near.map_or_else(
                || "`tcptune facts param.` lists them".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            sink.at(key.place, ProblemKind::Other(message, Some(help)));
            continue;
        }
        match node.content {
            Content::Int(number) if (0..=i64::from(i32::MAX)).contains(&number) => {
                params.insert(fact, number);
            }
            Content::Int(_) => {
                let why = "it is from 0 to 2147483647".to_owned();
                sink.at(node.place, ProblemKind::BadValue(key.name.clone(), why));
            }
            ref other => {
                let kind = ProblemKind::WrongKind(key.name.clone(), "a whole number", other.kind());
                sink.at(node.place, kind);
            }
        }
    }
    params
}

fn wants(entries: &[(Key, Node)], sink: &mut Sink) -> BTreeMap<String, Wish> {
    let mut want = BTreeMap::new();
    for (key, node) in entries {
        let single = !key.name.contains('*');
        let Some(spec) = catalog::find(&key.name).filter(|_| single) else {
            let near = catalog::nearest(&key.name).map(str::to_owned);
            sink.at(key.place, ProblemKind::UnknownKey(key.name.clone(), near));
            continue;
        };
        match spec.write {
            Write::Allowed if spec.secret => {
                let message = format!("`{}` is a secret, which is never written", key.name);
                sink.at(key.place, ProblemKind::Other(message, None));
                continue;
            }
            Write::Allowed => {}
            Write::Never { why } => {
                let message = format!("`{}` is never written: {why}", key.name);
                sink.at(key.place, ProblemKind::Other(message, None));
                continue;
            }
            Write::ReadOnly => {
                let message = format!("`{}` can only be read", key.name.escape_debug());
                sink.at(key.place, ProblemKind::Other(message, None));
                continue;
            }
        }
        let bad = |why: String| ProblemKind::BadValue(key.name.clone(), why);
        let (node, at_least) = match least(node, sink) {
            Some(node) => (node, true),
            None => (node, false),
        };
        if at_least && !matches!(spec.kind, Kind::Int | Kind::Range | Kind::Triple) {
            let why = "`at_least` is for numbers and ranges".to_owned();
            sink.at(node.place, bad(why));
            continue;
        }
        let Some(text) = written(node, spec.kind) else {
            let why = "write one value, or a list of its parts".to_owned();
            sink.at(node.place, bad(why));
            continue;
        };
        let wish = if at_least {
            Wish::AtLeast
        } else {
            Wish::Exactly
        };
        match spec.parse(&text) {
            Ok(value) => match spec.accepts(&value) {
                Ok(()) => {
                    let name = catalog::canonical(&key.name).into_owned();
                    if want.insert(name, wish(value)).is_some() {
                        let message = format!("`{}` stands here twice", key.name);
                        sink.at(key.place, ProblemKind::Other(message, None));
                    }
                }
                Err(refusal) => sink.at(node.place, bad(refusal.to_string())),
            },
            Err(fault) => sink.at(node.place, bad(fault.to_string())),
        }
    }
    want
}

/// The value of `{ at_least: value }`; `None` for a bare one.
fn least<'n>(node: &'n Node, sink: &mut Sink) -> Option<&'n Node> {
    let Content::Map(_) = &node.content else {
        return None;
    };
    let fields = Fields::open(node, "a wish", LEAST, sink)?;
    fields.required("at_least", sink)
}

/// A value as `/proc/sys` takes it; a list stands for its parts with blanks between, or commas between ports.
fn written(node: &Node, kind: Kind) -> Option<String> {
    match &node.content {
        Content::List(items) => {
            let parts: Option<Vec<String>> = items.iter().map(scalar).collect();
            let between = if kind == Kind::Ports { "," } else { " " };
            Some(parts?.join(between))
        }
        _ => scalar(node),
    }
}

#[cfg(test)]
#[path = "profile_tests.rs"]
mod tests;
