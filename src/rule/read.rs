//! From a YAML tree to a checked rule, with every problem on the way.

use std::rc::Rc;
use std::sync::OnceLock;

use crate::catalog::{self, KeySpec, Kind as KeyKind, Write};

use super::expr::{self, Expected, Expr, ExprError, Template, Type};
use super::fields::{Fields, Sink, term, text};
use super::form::{GUARD, PAST, REFERENCE, RULE, TARGET, WAITING};
use super::problem::{Problem, ProblemKind, Source, source_offset};
use super::schema::{
    Assignment, BuiltIn, Conditions, Guard, HEADINGS, Origin, Reference, Response, Rule, Waiting,
};
use super::terms::{Kind, Maturity, Subject};
use super::vocabulary::{Names, has_a_value_since_boot};
use super::yaml::{Content, Node, Place};

/// Reads one rule, all of it. `mechanism` is the name of the folder the file lies in.
pub(super) fn read_rule(
    source: &Rc<Source>,
    node: &Node,
    origin: Origin,
    mechanism: &str,
) -> Result<Rule, Vec<Problem>> {
    let mut reader = Reader::new(source);
    let fields = Fields::open(node, "a rule", RULE, &mut reader.sink);
    let rule = fields.and_then(|fields| {
        let rule = reader.condition(&fields, origin, mechanism);
        let response = reader.response(&fields);
        let (rule, response) = (rule?, response?);
        if rule.0.maturity == Maturity::Stable && response.lab.is_none() {
            reader.sink.at(node.place, ProblemKind::NoLab);
        }
        let (rule, conditions) = rule;
        let told = || response.message.expressions().all(is_of_boot);
        let conditions = conditions.with_default_past(rule.each, told);
        // Fresh cells take what they are given.
        let _ = rule.conditions.set(conditions);
        let _ = rule.response.set(response);
        Some(rule)
    });
    reader.end(rule)
}

/// Compiles the conditions of a built-in rule.
pub(super) fn read_conditions(
    source: &Rc<Source>,
    data: &BuiltIn,
) -> Result<Conditions, Vec<Problem>> {
    let mut reader = Reader::new(source);
    let conditions = reader.conditions(data).map(|conditions| {
        // Compiling the message of a rule that holds would be for this question only.
        let told = || data.told.iter().all(|fact| has_a_value_since_boot(fact));
        conditions.with_default_past(data.condition.each, told)
    });
    reader.end(conditions)
}

/// Reads the response of a built-in rule.
pub(super) fn read_response(
    source: &Rc<Source>,
    node: &Node,
    each: Option<Subject>,
) -> Result<Response, Vec<Problem>> {
    let mut reader = Reader::new(source);
    reader.names.subject = each;
    let fields = Fields::open(node, "a rule", RULE, &mut reader.sink);
    let response = fields.and_then(|fields| reader.response(&fields));
    reader.end(response)
}

/// The two parts of a rule, which are read apart where it is built in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Condition,
    Response,
}

struct Reader {
    sink: Sink,
    names: Names,
}

impl Reader {
    fn new(source: &Rc<Source>) -> Self {
        Self {
            sink: Sink::new(Rc::clone(source)),
            names: Names::default(),
        }
    }

    /// What was read, unless there were problems.
    fn end<T>(self, read: Option<T>) -> Result<T, Vec<Problem>> {
        match read {
            Some(read) if self.sink.problems.is_empty() => Ok(read),
            _ => Err(self.sink.problems),
        }
    }

    /// Reads every field that judging needs before giving up, so that one run shows all problems.
    fn condition(
        &mut self,
        fields: &Fields<'_>,
        origin: Origin,
        mechanism: &str,
    ) -> Option<(Rule, Conditions)> {
        let id = read_id(fields, &origin.file, &mut self.sink);
        let severity = fields.required_term("severity", &mut self.sink);
        let kind = fields.required_term("kind", &mut self.sink);
        let maturity = fields.required_term("maturity", &mut self.sink);
        let scope = fields.required_term("scope", &mut self.sink);
        let owner = fields.required_term("owner", &mut self.sink);
        let each = fields
            .optional("each")
            .and_then(|node| term::<Subject>(node, "each", &mut self.sink));
        self.names.subject = each;
        let when = self.required_condition(fields, "when");
        let past = self.since_boot(fields, Part::Condition, |reader, past| {
            reader.required_condition(past, "when")
        });
        let requires = self.requires(fields);
        if let (Some(Kind::Setting), Some((when, place))) = (kind, &when)
            && when.uses_window()
        {
            let message = "a setting rule is judged from values alone".to_owned();
            let help = "drop rate() and delta(), or set `kind: symptom`".to_owned();
            self.sink
                .at(*place, ProblemKind::Other(message, Some(help)));
        }
        let rule = Rule {
            id: id?,
            mechanism: mechanism.to_owned(),
            severity: severity?,
            kind: kind?,
            maturity: maturity?,
            scope: scope?,
            owner: owner?,
            requires,
            each,
            origin,
            conditions: OnceLock::new(),
            response: OnceLock::new(),
            built_in: None,
        };
        let conditions = Conditions {
            when: when?.0,
            past: past.map(|(when, _)| when),
        };
        Some((rule, conditions))
    }

    fn conditions(&mut self, data: &BuiltIn) -> Option<Conditions> {
        let nowhere = Place::default();
        self.names.subject = data.condition.each;
        let when = self.compile(data.condition.when, nowhere, Expected::Bool)?;
        self.names = Names {
            subject: None,
            since_boot: true,
        };
        let past = match data.condition.past {
            Some(past) => Some(self.compile(past, nowhere, Expected::Bool)?),
            None => None,
        };
        Some(Conditions { when, past })
    }

    /// Reads the other fields, likewise.
    fn response(&mut self, fields: &Fields<'_>) -> Option<Response> {
        let title = self.required_template(fields, "title");
        let message = self.required_template(fields, "message");
        let past_message = self.since_boot(fields, Part::Response, |reader, past| {
            reader.required_template(past, "message")
        });
        let evidence = self.evidence(fields);
        let first = self.template(fields, "first");
        let advise = self.template(fields, "advise");
        let cost = self.template(fields, "cost");
        let set = self.assignments(fields);
        let guards = self.guards(fields);
        let waiting = self.waiting(fields);
        let below_default = fields.optional_text("below_default", &mut self.sink);
        let explain = self.explanation(fields);
        let references = self.references(fields);
        let lab = fields.optional_text("lab", &mut self.sink);
        Some(Response {
            title: title?,
            message: message?,
            past_message,
            evidence,
            first,
            set,
            guards,
            below_default: below_default.map(|(why, _)| why.to_owned()),
            waiting,
            advise,
            cost,
            explain,
            references,
            lab: lab.map(|(name, _)| name.to_owned()),
        })
    }

    fn requires(&mut self, fields: &Fields<'_>) -> Vec<String> {
        let mut facts = Vec::new();
        for item in fields.items("requires", &mut self.sink) {
            // `has(fact)` checks the name and accepts monotone facts, which a bare name would not.
            let Some((name, place)) = text(item, "requires", &mut self.sink) else {
                continue;
            };
            let has = format!("has({name})");
            match expr::compile(&has, &self.names, Expected::Bool) {
                Ok(expr) => facts.extend(expr.facts().map(|used| used.fact.clone())),
                Err(errors) => {
                    for mut error in errors {
                        let shift = "has(".len();
                        error.span = error.span.start.saturating_sub(shift)
                            ..error.span.end.saturating_sub(shift);
                        self.expression_error(place, name, error);
                    }
                }
            }
        }
        facts
    }

    /// Reads a field of `past`, where only what has a value since boot may be named.
    fn since_boot<T>(
        &mut self,
        fields: &Fields<'_>,
        part: Part,
        read: impl FnOnce(&mut Self, &Fields<'_>) -> Option<T>,
    ) -> Option<T> {
        let node = fields.optional("past")?;
        let problems = self.sink.problems.len();
        let inner = Fields::open(node, "`past`", PAST, &mut self.sink);
        if part == Part::Response {
            // The mapping is opened for both parts; what is wrong with itself is told once.
            self.sink.problems.truncate(problems);
        }
        let names = std::mem::replace(
            &mut self.names,
            Names {
                subject: None,
                since_boot: true,
            },
        );
        let value = inner.and_then(|inner| read(self, &inner));
        self.names = names;
        value
    }

    fn evidence(&mut self, fields: &Fields<'_>) -> Vec<Expr> {
        let items = fields.items("evidence", &mut self.sink);
        items
            .iter()
            .filter_map(|item| self.expression(item, "evidence", Expected::Any))
            .collect()
    }

    fn assignments(&mut self, fields: &Fields<'_>) -> Vec<Assignment> {
        let mut assignments = Vec::new();
        for (key, node) in fields.entries("set", &mut self.sink) {
            let Some(spec) = catalog::find(&key.name) else {
                let nearest = catalog::nearest(&key.name).map(str::to_owned);
                self.sink.at(
                    key.place,
                    ProblemKind::UnknownKey(key.name.clone(), nearest),
                );
                continue;
            };
            if let Write::Never { why } = spec.write {
                self.sink
                    .at(key.place, ProblemKind::NeverWritten(key.name.clone(), why));
                continue;
            }
            assignments.extend(self.assignment(&key.name, spec, node));
        }
        // One order wherever the rule was kept; a mapping has none of its own.
        assignments.sort_by(|one, other| one.key.cmp(&other.key));
        assignments
    }

    fn assignment(&mut self, key: &str, spec: &KeySpec, node: &Node) -> Option<Assignment> {
        let (to, when) = match &node.content {
            Content::Map(_) => {
                let fields = Fields::open(node, key, TARGET, &mut self.sink)?;
                let to = fields.required("to", &mut self.sink)?;
                let when = fields
                    .optional("when")
                    .map(|node| self.expression(node, "when", Expected::Bool));
                (to, when)
            }
            _ => (node, None),
        };
        let when = match when {
            Some(None) => return None,
            Some(Some(expr)) => Some(expr),
            None => None,
        };
        let wanted = match spec.kind {
            KeyKind::Range => 2,
            KeyKind::Triple => 3,
            _ => 1,
        };
        let expected = Expected::Setting(match spec.kind {
            KeyKind::Bool => Type::Bool,
            KeyKind::Words => Type::Words,
            KeyKind::Ports => Type::Ports,
            KeyKind::Text => Type::Text,
            _ => Type::Number(spec.unit),
        });
        let items = match &to.content {
            Content::List(items) => items.as_slice(),
            _ => std::slice::from_ref(to),
        };
        if items.len() != wanted {
            let why = format!("it takes {wanted} value(s), not {}", items.len());
            self.sink
                .at(to.place, ProblemKind::BadValue(key.to_owned(), why));
            return None;
        }
        let exprs: Option<Vec<Expr>> = items
            .iter()
            .map(|item| self.expression(item, key, expected))
            .collect();
        let exprs = exprs?;
        Some(Assignment {
            key: catalog::canonical(key).to_string(),
            to: exprs,
            when,
        })
    }

    fn guards(&mut self, fields: &Fields<'_>) -> Vec<Guard> {
        let mut guards = Vec::new();
        for node in fields.items("guards", &mut self.sink) {
            let Some(fields) = Fields::open(node, "a guard", GUARD, &mut self.sink) else {
                continue;
            };
            let when = self.required_condition(&fields, "when");
            let because = self.required_template(&fields, "because");
            if let (Some((when, _)), Some(because)) = (when, because) {
                guards.push(Guard { when, because });
            }
        }
        guards
    }

    fn waiting(&mut self, fields: &Fields<'_>) -> Option<Waiting> {
        let node = fields.optional("waiting")?;
        let fields = Fields::open(node, "`waiting`", WAITING, &mut self.sink)?;
        let when = self.required_condition(&fields, "when");
        let what = self.required_template(&fields, "what");
        Some(Waiting {
            when: when?.0,
            what: what?,
        })
    }

    /// The explanation: free text, or text under the six headings in their order.
    fn explanation(&mut self, fields: &Fields<'_>) -> String {
        let Some((prose, place)) = fields.optional_text("explain", &mut self.sink) else {
            return String::new();
        };
        let mut found = prose
            .lines()
            .filter_map(|line| line.strip_prefix("## "))
            .peekable();
        if found.peek().is_some() {
            for heading in HEADINGS {
                if found.next().map(str::trim) != Some(heading) {
                    self.sink.at(place, ProblemKind::Headings(heading));
                    break;
                }
            }
        }
        prose.to_owned()
    }

    fn references(&mut self, fields: &Fields<'_>) -> Vec<Reference> {
        let mut references = Vec::new();
        for node in fields.items("references", &mut self.sink) {
            let Some(fields) = Fields::open(node, "a reference", REFERENCE, &mut self.sink) else {
                continue;
            };
            let title = fields.required_text("title", &mut self.sink);
            let url = fields.required_text("url", &mut self.sink);
            if let (Some((title, _)), Some((url, place))) = (title, url) {
                if !url.starts_with("https://") {
                    let message = format!("`{}` is no https address", url.escape_debug());
                    self.sink.at(place, ProblemKind::Other(message, None));
                }
                references.push(Reference {
                    title: title.to_owned(),
                    url: url.to_owned(),
                });
            }
        }
        references
    }

    fn required_condition(
        &mut self,
        fields: &Fields<'_>,
        name: &'static str,
    ) -> Option<(Expr, Place)> {
        let node = fields.required(name, &mut self.sink)?;
        self.expression(node, name, Expected::Bool)
            .map(|expr| (expr, node.place))
    }

    fn required_template(&mut self, fields: &Fields<'_>, name: &'static str) -> Option<Template> {
        let (template, place) = fields.required_text(name, &mut self.sink)?;
        self.compile_template(template, place)
    }

    fn template(&mut self, fields: &Fields<'_>, name: &'static str) -> Option<Template> {
        let (template, place) = fields.optional_text(name, &mut self.sink)?;
        self.compile_template(template, place)
    }

    fn compile_template(&mut self, template: &str, place: Place) -> Option<Template> {
        match Template::compile(template.trim_end(), &self.names) {
            Ok(compiled) => Some(compiled),
            Err(errors) => {
                for error in errors {
                    self.expression_error(place, template, error);
                }
                None
            }
        }
    }

    /// An expression given as text, or as a bare number or boolean.
    fn expression(&mut self, node: &Node, field: &str, expected: Expected) -> Option<Expr> {
        let written = match &node.content {
            Content::Text(text) => text.clone(),
            Content::Int(number) => number.to_string(),
            Content::Float(number) => number.to_string(),
            Content::Bool(on) => on.to_string(),
            other => {
                let kind = ProblemKind::WrongKind(field.to_owned(), "an expression", other.kind());
                self.sink.at(node.place, kind);
                return None;
            }
        };
        self.compile(&written, node.place, expected)
    }

    fn compile(&mut self, written: &str, place: Place, expected: Expected) -> Option<Expr> {
        match expr::compile(written, &self.names, expected) {
            Ok(compiled) => Some(compiled),
            Err(errors) => {
                for error in errors {
                    self.expression_error(place, written, error);
                }
                None
            }
        }
    }

    fn expression_error(&mut self, place: Place, written: &str, error: ExprError) {
        let source = Rc::clone(&self.sink.source);
        let start = self.sink.offset(place);
        let from = source_offset(&source.text, start, written, error.span.start);
        let last = source_offset(
            &source.text,
            start,
            written,
            error.span.end.saturating_sub(1).max(error.span.start),
        );
        let width = source
            .text
            .get(last..)
            .and_then(|rest| rest.chars().next())
            .map_or(0, char::len_utf8);
        let span = if source.text.is_empty() {
            0..0
        } else {
            from..(last + width).max(from)
        };
        self.sink.span(span, ProblemKind::Expression(error));
    }
}

/// The id of a rule: kebab-case, and the name of its file.
pub(super) fn read_id(fields: &Fields<'_>, file: &str, sink: &mut Sink) -> Option<String> {
    let (id, place) = fields.required_text("id", sink)?;
    let kebab = !id.is_empty()
        && id.len() <= 60
        && id.starts_with(|c: char| c.is_ascii_lowercase())
        && !id.ends_with('-')
        && !id.contains("--")
        && id
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !kebab {
        let why = "write it in kebab-case: `accept-queue-overflow`".to_owned();
        sink.at(place, ProblemKind::BadId(id.to_owned(), why));
    }
    let stem = file
        .rsplit('/')
        .next()
        .and_then(|name| name.rsplit_once('.'))
        .map(|(stem, _)| stem);
    if let Some(stem) = stem
        && stem != id
    {
        let why = format!("the file is called `{stem}`");
        sink.at(place, ProblemKind::BadId(id.to_owned(), why));
    }
    Some(id.to_owned())
}

impl Conditions {
    /// A symptom that reads only counters, settings and host facts is judged over "since boot" by its own
    /// condition, unless its file says otherwise. `told` is whether its message means something there too.
    fn with_default_past(mut self, each: Option<Subject>, told: impl FnOnce() -> bool) -> Self {
        let judged = self.past.is_none()
            && each.is_none()
            && self.when.uses_window()
            && is_of_boot(&self.when)
            && told();
        if judged {
            self.past = Some(self.when.clone());
        }
        self
    }
}

/// Whether all that it reads has a value since boot.
fn is_of_boot(expr: &Expr) -> bool {
    expr.facts().all(|used| has_a_value_since_boot(&used.fact))
}
