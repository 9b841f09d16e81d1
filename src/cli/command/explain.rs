//! `tcptune explain`: what is known of a topic, with the numbers of this host in it.
//!
//! The topic decides what is read: a state needs its sockets, a time the settings it follows from, a myth
//! nothing at all.

use std::collections::BTreeSet;

use crate::catalog;
use crate::fact::socket::{Holding, TcpState};
use crate::fact::{KernelVersion, Sample, Snapshot, nearest};
use crate::host::{self, Moment, Needs, Source, Sysctls, interrupt};
use crate::render::explain::{self, Basis, Explanation, Now};
use crate::render::{self, HumanOptions};
use crate::rule::{Rule, Rulebook};
use crate::timing;
use crate::topic::{self, Kind, Topic};

use super::sample;
use super::site::Site;
use crate::cli::args::{Explain, ExplainFormat};
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::output::Output;

/// The newest kernel whose defaults the catalogue knows.
const NEWEST: &str = "6.18";
/// What was asked for.
enum Asked<'b> {
    /// A list of topics: a title, the topics, the rules.
    List(String, Vec<Topic>, Vec<&'b Rule>),
    /// All of a kind.
    Overview(Kind),
    /// A rule.
    Rule(&'b Rule),
    /// A topic, and others of the same name.
    Topic(Topic, Vec<Topic>),
}

/// Explains a topic, lists topics, or looks for a word in them.
pub(super) fn run(args: &Explain, output: &mut Output) -> Result<Exit, Error> {
    let Site { book, .. } = Site::load(&args.rules)?;
    // The rules about texts are a book of their own, which few words ask for.
    let texts = if args.topic.iter().any(|word| word.contains("lint-")) {
        Rulebook::lint()
    } else {
        Rulebook::default()
    };
    let asked = asked(args, &book, &texts)?;
    let place = Place::of(args, &asked)?;
    let stopped = interrupt::asked();
    let now = place.now();
    let answer = match &asked {
        Asked::List(title, topics, rules) => explain::list(title, topics, rules, &now),
        Asked::Overview(kind) => explain::overview(*kind, &now),
        Asked::Rule(rule) => {
            let mut off = book.disabled().filter(|one| one.rule.id == rule.id);
            let file = off.next().map(|one| one.file.clone());
            Ok(explain::explain_rule(rule, file.as_deref(), &now))
        }
        Asked::Topic(topic, also) => explain::explain(topic, also, &now, &book),
    };
    let answer = answer.map_err(Error::Texts)?;
    print(args, &answer, output)?;
    Ok(sample::exit(stopped))
}

fn print(args: &Explain, answer: &Explanation, output: &mut Output) -> Result<(), Error> {
    match args.format {
        ExplainFormat::Human => {
            let options = HumanOptions {
                color: output.color(),
                width: Output::width(),
                ..HumanOptions::default()
            };
            let mut page = Vec::new();
            render::human_explain(answer, &options, &mut page)?;
            if args.no_pager {
                output.print(&String::from_utf8_lossy(&page))?;
            } else {
                output.page(&page)?;
            }
        }
        ExplainFormat::Json => render::json(answer, output.writer())?,
        ExplainFormat::Markdown => render::markdown(answer, output.writer())?,
    }
    Ok(())
}

/// What the words mean.
fn asked<'b>(args: &Explain, book: &'b Rulebook, texts: &'b Rulebook) -> Result<Asked<'b>, Error> {
    if let Some(kind) = &args.list {
        return listed(kind, book);
    }
    if let Some(text) = &args.search {
        let letters = text.to_lowercase();
        let rules = book.rules().filter(|rule| {
            rule.id.contains(&letters) || rule.response().explain.to_lowercase().contains(&letters)
        });
        let (topics, rules) = (topic::search(text), rules.collect::<Vec<_>>());
        if topics.is_empty() && rules.is_empty() {
            return Err(Error::NothingFound(text.clone()));
        }
        return Ok(Asked::List(format!("with `{text}` in them"), topics, rules));
    }
    let word = args.topic.join(" ");
    let id = word.strip_prefix("rule/").unwrap_or(&word);
    if let Some(rule) = book.known(id).or_else(|| texts.known(id)) {
        return Ok(Asked::Rule(rule));
    }
    if word.eq_ignore_ascii_case("rules") {
        return Ok(Asked::List(
            "every rule".to_owned(),
            Vec::new(),
            book.rules().collect(),
        ));
    }
    let plural = |kind: &Kind| {
        let list = word.strip_prefix("list/").unwrap_or(&word);
        kind.plural().eq_ignore_ascii_case(list)
    };
    if let Some(kind) = Kind::ALL.into_iter().find(plural) {
        return Ok(Asked::Overview(kind));
    }
    let mut found = topic::find(&word).into_iter();
    match found.next() {
        Some(first) => Ok(Asked::Topic(first, found.collect())),
        None => Err(Error::NoTopic(word.clone(), near(&word, book, texts))),
    }
}

/// `--list`, or `--list KIND`.
fn listed<'b>(kind: &str, book: &'b Rulebook) -> Result<Asked<'b>, Error> {
    let all = || topic::topics();
    let rules = || book.rules().collect::<Vec<_>>();
    Ok(match kind {
        "all" => Asked::List(
            "everything that can be explained".to_owned(),
            all().collect(),
            rules(),
        ),
        "rule" | "rules" => Asked::List("every rule".to_owned(), Vec::new(), rules()),
        word => {
            let Some(kind) = Kind::of_word(word) else {
                let words = Kind::ALL.map(Kind::plural).join(", ");
                let known = Kind::ALL.into_iter().map(Kind::plural).chain(["rules"]);
                let near = nearest(word, known).map(str::to_owned);
                return Err(Error::NoKind(
                    word.to_owned(),
                    near,
                    format!("{words}, rules"),
                ));
            };
            let own = all().filter(|topic| topic.kind == kind);
            let title = format!("every {} that can be explained", kind.word());
            Asked::List(title, own.collect(), Vec::new())
        }
    })
}

/// What may have been meant by a word that means nothing.
fn near(word: &str, book: &Rulebook, texts: &Rulebook) -> Option<String> {
    let topic = || topic::nearest(word).map(|topic| topic.name);
    let rule = nearest(word, book.ids().chain(texts.ids())).map(str::to_owned);
    rule.or_else(topic).or_else(|| catalog::slashed(word))
}

/// What is known of the host or kernel that is asked about.
struct Place {
    basis: Basis,
    snapshot: Snapshot,
    kernel: Option<KernelVersion>,
    no_files: Option<&'static str>,
    holding: Option<Holding>,
}

impl Place {
    fn of(args: &Explain, asked: &Asked<'_>) -> Result<Self, Error> {
        let empty = Self {
            basis: Basis::Kernel,
            snapshot: Snapshot::new(None, Sample::default()),
            kernel: None,
            no_files: None,
            holding: None,
        };
        if let Some(release) = &args.kernel {
            let kernel = KernelVersion::parse(release);
            let kernel = kernel.ok_or_else(|| Error::NoRelease(release.clone()))?;
            return Ok(Self {
                kernel: Some(kernel),
                ..empty
            });
        }
        let files = matches!(asked, Asked::Topic(topic, _) if topic.kind == Kind::Key);
        // Only the standing of a key has to do with boot files.
        let source = if files || args.boot.root.is_some() || args.at.proc.is_some() {
            sample::enter(&args.at, &args.boot)?
        } else {
            sample::without_files(&args.at)?
        };
        let state = match asked {
            Asked::Topic(topic, _) if topic.kind == Kind::State => {
                TcpState::of_ss_name(&topic.name)
            }
            _ => None,
        };
        let mut needs = needs(asked);
        if let Asked::Topic(topic, _) = asked
            && topic.kind == Kind::Key
        {
            let members = host::members(&source, &topic.name).into_iter();
            needs.extend(members.map(|key| format!("sysctl.{key}")));
        }
        let needs = Needs::Facts(needs);
        sample::listen();
        let now = host::collect(&source, &needs, Moment::End(None));
        let seen = Sysctls::open(source.proc()).refusal().is_none();
        let counted = |fact: &String| {
            ["socket.", "counter.", "gauge."]
                .iter()
                .any(|family| fact.starts_with(family))
        };
        if now.host.kernel.is_none() || !(seen || now.readings.keys().any(counted)) {
            let kernel = now.host.kernel.clone();
            return Ok(Self {
                basis: Basis::Unread,
                kernel: kernel.or_else(|| KernelVersion::parse(NEWEST)),
                snapshot: Snapshot::new(None, now),
                ..empty
            });
        }
        let kernel = now.host.kernel.clone();
        let holding = state.and_then(|state| whose(&source, state, &now));
        Ok(Self {
            basis: Basis::Host,
            snapshot: Snapshot::new(None, now),
            kernel,
            no_files: sample::no_files(&args.at, &args.boot),
            holding,
        })
    }

    fn now(&self) -> Now<'_> {
        Now {
            basis: self.basis,
            snapshot: &self.snapshot,
            kernel: self.kernel.as_ref(),
            no_files: self.no_files,
            holding: self.holding.as_ref(),
        }
    }
}

fn whose(source: &Source, state: TcpState, now: &Sample) -> Option<Holding> {
    let services = now.sockets.as_ref().map(|sockets| &sockets.ports.tcp);
    host::holding(source, state, services.unwrap_or(&BTreeSet::new()))
}

/// The facts that an explanation puts numbers to.
fn needs(asked: &Asked<'_>) -> BTreeSet<String> {
    let mut needs = BTreeSet::new();
    let mut times: Vec<String> = Vec::new();
    match asked {
        Asked::Overview(Kind::State) => {
            needs.extend(TcpState::ALL.map(|state| format!("socket.{}", state.name())));
        }
        Asked::Overview(Kind::Timing) => times.extend(timing::IDS.map(str::to_owned)),
        Asked::Overview(_) | Asked::List(..) | Asked::Rule(_) => {}
        Asked::Topic(topic, _) => {
            match topic.kind {
                Kind::Key if !topic.name.contains('*') => {
                    needs.insert(format!("sysctl.{}", topic.name));
                }
                Kind::State => {
                    if let Some(state) = TcpState::of_ss_name(&topic.name) {
                        let name = state.name();
                        needs.insert(format!("socket.{name}"));
                        needs.insert(format!("socket.ipv4.{name}"));
                        needs.insert(format!("socket.ipv6.{name}"));
                    }
                }
                Kind::Counter => {
                    needs.insert(format!("counter.{}", topic.name));
                    needs.insert(format!("gauge.{}", topic.name));
                }
                Kind::Timing => times.push(topic.name.clone()),
                _ => {}
            }
            if let Ok(Some(text)) = topic::text(topic) {
                times.extend(text.timings().iter().cloned());
                if let topic::Text::Option(option) = &text {
                    needs.extend(option.overrides.iter().map(|key| format!("sysctl.{key}")));
                }
            }
        }
    }
    for id in times {
        needs.extend(
            timing::keys_of(&id)
                .iter()
                .map(|key| format!("sysctl.{key}")),
        );
        if id == "dead-idle-peer"
            && !matches!(asked, Asked::Topic(topic, _) if topic.kind != Kind::Timing)
        {
            needs.insert("socket.established".to_owned());
            needs.insert("socket.established_keepalive".to_owned());
        }
    }
    needs
}
