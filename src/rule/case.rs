//! Cases: facts written down, and the verdict they must lead to.
//!
//! A case file stands beside its rule, `<id>.test.yaml`. `cargo test` and `tcptune rules test` judge it.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

use crate::catalog;
use crate::fact::assigned::Assignments;
use crate::fact::boot::Boot;
use crate::fact::socket::{Destination, Family, Listener};
use crate::fact::{Day, FactKind, KernelVersion, Reading, Value, fact_spec};

use super::case_boot;
use super::case_texts;
use super::fields::{Fields, Sink, text};
use super::form::{CASE, CASES, DESTINATION, LISTENER};
use super::problem::{Problem, ProblemKind, Source};
use super::rulebook::{RuleFile, parse_tree};
use super::terms::Term;
use super::waiver::{self, Waivers};
use super::yaml::{Content, Node};

/// The cases of one rule.
#[derive(Debug)]
pub struct CaseFile {
    /// The rule's id.
    pub rule: String,
    /// Where the id stands, for a problem with it.
    pub names: Problem,
    /// The cases.
    pub cases: Vec<Case>,
}

/// One case.
#[derive(Debug)]
pub struct Case {
    /// A sentence.
    pub name: String,
    /// Line in the file.
    pub line: u32,
    /// Length of the window in seconds; `None` for a single sample.
    pub window: Option<f64>,
    /// Seconds since boot.
    pub uptime: f64,
    /// Fact, earlier reading (if it has one of its own), reading now.
    pub facts: Vec<(String, Option<Reading<Value>>, Reading<Value>)>,
    /// Listeners now, each with its drops in the earlier sample.
    pub listeners: Vec<(Listener, Option<u64>)>,
    /// Destinations.
    pub destinations: Vec<Destination>,
    /// Sockets cannot be read.
    pub sockets_denied: bool,
    /// The kernel; 6.12.0 if the case does not say.
    pub kernel: Option<KernelVersion>,
    /// The boot configuration; `None` when it was not read.
    pub boot: Option<Boot>,
    /// What the site has accepted, and the day it is; `None` when that was not read.
    pub waivers: Option<Waivers>,
    /// The lines of texts; `None` when no text was read.
    pub texts: Option<Assignments>,
    /// The verdict.
    pub expect: Expect,
    /// The changes a firing rule proposes, exactly; values as `/proc/sys` takes them.
    pub set: BTreeMap<String, String>,
    /// A guard blocks them.
    pub blocked: bool,
    /// The change is made and waits.
    pub waiting: bool,
    /// Facts that an unknown verdict must name.
    pub missing: Vec<String>,
    /// How many lines or keys a firing rule about the boot configuration must list.
    pub instances: Option<usize>,
}

/// The verdict a case asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// The rule fires in the window.
    Fires,
    /// It fires for the time since boot only.
    Past,
    /// It holds.
    Holds,
    /// It cannot be judged.
    Unknown,
    /// It does not apply.
    NotApplicable,
}

impl Term for Expect {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("fires", Self::Fires),
        ("past", Self::Past),
        ("holds", Self::Holds),
        ("unknown", Self::Unknown),
        ("not_applicable", Self::NotApplicable),
    ];
}

impl Expect {
    /// The word of case files.
    pub fn word(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(_, term)| *term == self)
            .map_or("", |(word, _)| word)
    }
}

/// Reads a case file.
pub fn parse_cases(file: &RuleFile) -> Result<CaseFile, Vec<Problem>> {
    let source = Rc::new(Source {
        name: file.name.clone(),
        text: file.text.clone(),
    });
    let node = parse_tree(&source)?;
    let mut sink = Sink::new(source);
    let read = read_file(&node, &mut sink);
    match read {
        Some(cases) if sink.problems.is_empty() => Ok(cases),
        _ => Err(sink.problems),
    }
}

fn read_file(node: &Node, sink: &mut Sink) -> Option<CaseFile> {
    let fields = Fields::open(node, "a case file", CASES, sink)?;
    let rule = fields.required_text("rule", sink);
    let cases = fields
        .items("cases", sink)
        .iter()
        .filter_map(|node| read_case(node, sink))
        .collect();
    let (rule, place) = rule?;
    let names = Problem {
        source: Rc::clone(&sink.source),
        span: sink.word(place),
        kind: ProblemKind::Other(String::new(), None),
    };
    Some(CaseFile {
        rule: rule.to_owned(),
        names,
        cases,
    })
}

fn read_case(node: &Node, sink: &mut Sink) -> Option<Case> {
    let fields = Fields::open(node, "a case", CASE, sink)?;
    let name = fields.required_text("name", sink);
    let expect = fields.required_term("expect", sink);
    let window = match fields.optional("window").map(|node| &node.content) {
        None => Some(1.0),
        Some(Content::Text(word)) if word == "none" => None,
        Some(Content::Int(seconds)) => Some(*seconds as f64),
        Some(Content::Float(seconds)) => Some(*seconds),
        Some(other) => {
            let kind =
                ProblemKind::WrongKind("window".to_owned(), "seconds or `none`", other.kind());
            sink.at(node.place, kind);
            None
        }
    };
    let uptime = fields
        .optional("uptime")
        .and_then(|node| match &node.content {
            Content::Int(seconds) => Some(*seconds as f64),
            Content::Float(seconds) => Some(*seconds),
            other => {
                let kind = ProblemKind::WrongKind("uptime".to_owned(), "seconds", other.kind());
                sink.at(node.place, kind);
                None
            }
        });
    let facts = fields
        .entries("facts", sink)
        .iter()
        .filter_map(|(key, node)| read_fact(&key.name, node, sink))
        .collect();
    let listeners = fields
        .items("listeners", sink)
        .iter()
        .filter_map(|node| listener(node, sink))
        .collect();
    let destinations = fields
        .items("destinations", sink)
        .iter()
        .filter_map(|node| destination(node, sink))
        .collect();
    let sockets = fields.optional_text("sockets", sink);
    if let Some((word, place)) = sockets
        && word != "denied"
    {
        let kind = ProblemKind::UnknownWord("sockets", word.to_owned(), "`denied`".to_owned());
        sink.at(place, kind);
    }
    let kernel = fields.optional_text("kernel", sink);
    let boot = case_boot::boot(&fields, sink);
    let texts = case_texts::texts(&fields, sink);
    let waivers = fields.optional("waivers").map(|_| Waivers {
        list: waiver::read_list(fields.items("waivers", sink), None, sink),
        today: today(&fields, sink),
    });
    let instances = fields.whole("instances", sink);
    let set = fields
        .entries("set", sink)
        .iter()
        .filter_map(|(key, node)| Some((key.name.clone(), scalar(node)?)))
        .collect();
    let missing = fields
        .items("missing", sink)
        .iter()
        .filter_map(|node| text(node, "missing", sink));
    let missing = missing.map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
    Some(Case {
        name: name?.0.to_owned(),
        line: node.place.line,
        window,
        uptime: uptime.unwrap_or(86_400.0),
        facts,
        listeners,
        destinations,
        sockets_denied: sockets.is_some(),
        kernel: kernel.and_then(|(release, _)| KernelVersion::parse(release)),
        boot,
        waivers,
        texts,
        expect: expect?,
        set,
        blocked: fields.flag("blocked", sink).unwrap_or(false),
        waiting: fields.flag("waiting", sink).unwrap_or(false),
        missing,
        instances: instances.and_then(|count| usize::try_from(count).ok()),
    })
}

/// The day of a case; the first one there is if it does not say.
fn today(fields: &Fields<'_>, sink: &mut Sink) -> Day {
    let first = Day::of_unix(0);
    let Some((written, place)) = fields.optional_text("today", sink) else {
        return first;
    };
    Day::parse(written).unwrap_or_else(|| {
        let message = format!("`{}` is no day of the calendar", written.escape_debug());
        sink.at(
            place,
            ProblemKind::Other(message, Some("write YYYY-MM-DD".to_owned())),
        );
        first
    })
}

/// A scalar as the text `/proc/sys` would take.
pub(super) fn scalar(node: &Node) -> Option<String> {
    match &node.content {
        Content::Text(text) => Some(text.clone()),
        Content::Int(number) => Some(number.to_string()),
        Content::Float(number) => Some(number.to_string()),
        Content::Bool(on) => Some(u8::from(*on).to_string()),
        Content::Null | Content::List(_) | Content::Map(_) => None,
    }
}

type FactCase = (String, Option<Reading<Value>>, Reading<Value>);

fn read_fact(name: &str, node: &Node, sink: &mut Sink) -> Option<FactCase> {
    if let Content::List(items) = &node.content {
        if let [earlier, now] = items.as_slice() {
            let earlier = reading(name, earlier, sink)?;
            let now = reading(name, now, sink)?;
            return Some((name.to_owned(), Some(earlier), now));
        }
        let message = format!("`{name}` takes [earlier, now]");
        sink.at(node.place, ProblemKind::Other(message, None));
        return None;
    }
    Some((name.to_owned(), None, reading(name, node, sink)?))
}

fn reading(name: &str, node: &Node, sink: &mut Sink) -> Option<Reading<Value>> {
    match node.text() {
        Some("absent") => return Some(Reading::Absent),
        Some("denied") => return Some(Reading::Denied("EACCES".to_owned())),
        _ => {}
    }
    let value = scalar(node).and_then(|text| typed(name, &text));
    if value.is_none() {
        let message = format!(
            "`{}` is no fact, or the value does not fit it",
            name.escape_debug()
        );
        sink.at(node.place, ProblemKind::Other(message, None));
    }
    value.map(Reading::Known)
}

/// The key whose values lists of ports are written like.
const RESERVED: &str = "net.ipv4.ip_local_reserved_ports";

fn typed(name: &str, written: &str) -> Option<Value> {
    let times = ["sysctl.", "default."];
    if let Some(key) = times.iter().find_map(|time| name.strip_prefix(time)) {
        return catalog::find(key)?.parse(written).ok();
    }
    let number = || written.parse().ok().map(Value::Int);
    if let Some(rest) = name
        .strip_prefix("counter.")
        .or_else(|| name.strip_prefix("gauge."))
    {
        let (proto, field) = rest.split_once('.')?;
        catalog::counter(proto, field)?;
        return number();
    }
    match fact_spec(name)?.kind {
        FactKind::Number(_) | FactKind::Monotone(_) => number(),
        FactKind::Bool => Some(Value::Bool(matches!(written, "1" | "true"))),
        FactKind::Text => Some(Value::Text(written.to_owned())),
        FactKind::Ports => catalog::find(RESERVED)?.parse(written).ok(),
    }
}

fn listener(node: &Node, sink: &mut Sink) -> Option<(Listener, Option<u64>)> {
    let fields = Fields::open(node, "a listener", LISTENER, sink)?;
    let address = endpoint(&fields, "address", sink);
    let [queue, bound] = ["queue", "bound"].map(|name| fields.whole(name, sink));
    let (before, drops) = match fields.optional("drops").map(|node| &node.content) {
        Some(Content::List(items)) => match items.as_slice() {
            [before, now] => (whole(before), whole(now)),
            _ => (None, None),
        },
        Some(Content::Int(number)) => (u64::try_from(*number).ok(), u64::try_from(*number).ok()),
        _ => (None, None),
    };
    let process = fields
        .optional_text("process", sink)
        .map(|(name, _)| name.to_owned());
    let address = address?;
    let listener = Listener {
        family: if address.is_ipv4() {
            Family::Ipv4
        } else {
            Family::Ipv6
        },
        address,
        queue: queue.and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
        bound: bound.and_then(|n| u32::try_from(n).ok()),
        drops,
        inode: 1,
        process,
    };
    Some((listener, before))
}

fn destination(node: &Node, sink: &mut Sink) -> Option<Destination> {
    let fields = Fields::open(node, "a destination", DESTINATION, sink)?;
    let address = endpoint(&fields, "address", sink);
    let source = fields
        .required_text("source", sink)
        .and_then(|(text, place)| {
            let parsed: Option<IpAddr> = text.parse().ok();
            if parsed.is_none() {
                sink.at(
                    place,
                    ProblemKind::Other(format!("`{}` is no address", text.escape_debug()), None),
                );
            }
            parsed
        });
    let [used, time_wait] = ["used", "time_wait"].map(|name| fields.whole(name, sink));
    Some(Destination {
        source: source?,
        address: address?,
        used: used.unwrap_or(0),
        time_wait: time_wait.unwrap_or(0),
    })
}

fn endpoint(fields: &Fields<'_>, name: &'static str, sink: &mut Sink) -> Option<SocketAddr> {
    let (written, place) = fields.required_text(name, sink)?;
    let parsed = written.parse().ok();
    if parsed.is_none() {
        let message = format!("`{}` is no address and port", written.escape_debug());
        sink.at(
            place,
            ProblemKind::Other(
                message,
                Some("write `10.0.3.9:8080` or `[::1]:443`".to_owned()),
            ),
        );
    }
    parsed
}

fn whole(node: &Node) -> Option<u64> {
    match node.content {
        Content::Int(number) => u64::try_from(number).ok(),
        _ => None,
    }
}
