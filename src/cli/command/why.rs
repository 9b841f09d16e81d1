//! `tcptune why`: who set a key, and what will be in force after the next boot.
//!
//! Keys first, because they say which rules and facts are worth looking at. Counters are watched only
//! when a rule that may set one of the keys judges by them; all other rules need one sample.

use std::collections::BTreeSet;

use crate::bootconf::Keys as _;
use crate::catalog::{self, KeySpec};
use crate::check::{Judgement, View, judge};
use crate::fact::{Sample, Snapshot};
use crate::host::{self, KernelKeys, Moment, Needs, Source};
use crate::plan::{needs_of, plan, with_wishes};
use crate::render::{self, HumanOptions, Inquiry};
use crate::rule::{Kind, Rule, Rulebook, Subject};
use crate::topic;

use super::ledger::say_what_is_open_at;
use super::profile;
use super::sample::{self, Seen};
use super::site::Site;
use crate::cli::args::{Format, Why};
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::output::Output;

/// Answers for a key, or for every key that begins so.
pub(super) fn run(args: &Why, output: &mut Output) -> Result<Exit, Error> {
    let Site { book, waivers } = Site::load(&args.rules)?;
    let profile = profile::named(&args.role, &args.rules)?;
    let name = catalog::canonical(&args.key).into_owned();
    let name = name.trim_end_matches('.');
    let whole = whole(name);
    let name = whole.as_deref().unwrap_or(name);
    let files_only = args.boot.root.is_some() && args.at.proc.is_none();
    let (keys, seen, rules) = if files_only {
        let now = Sample {
            boot: Some(sample::files(&args.boot)?),
            ..Sample::default()
        };
        let keys = keys(name, &now, None);
        let seen = Seen {
            snapshot: Snapshot::new(None, now),
            stopped: false,
        };
        (keys, seen, Vec::new())
    } else {
        say_what_is_open_at(&args.at);
        let source = sample::enter(&args.at, &args.boot)?;
        sample::listen();
        let first = host::collect(&source, &Needs::Facts(BTreeSet::new()), Moment::End(None));
        let keys = keys(name, &first, Some(&source));
        let rules = concerned(&book, &keys);
        let mut needs = needs(&keys, &rules);
        needs.extend(profile.iter().flat_map(needs_of));
        let needs = Needs::Facts(needs);
        let interval = if watches(&rules, &keys) {
            args.interval
        } else {
            0.0
        };
        let seen = sample::watch(&source, &needs, interval, output);
        (keys, seen, rules)
    };
    let Seen {
        mut snapshot,
        stopped,
    } = seen;
    if keys.is_empty() {
        let near = catalog::slashed(name).or_else(|| catalog::nearest(name).map(str::to_owned));
        return Err(Error::NoKey(args.key.clone(), near));
    }
    profile::inform(&mut snapshot, profile.as_ref());
    let view = View::new(&snapshot).where_accepted(&waivers);
    let judged = |rule| Judgement {
        rule,
        verdict: judge(rule, &view),
    };
    let judgements: Vec<Judgement<'_>> = rules.into_iter().map(judged).collect();
    // Without the host nothing can be said of what it lacks.
    let role = profile.as_ref().filter(|_| !files_only);
    let plan = with_wishes(plan(&judgements, &snapshot), role, &snapshot);
    let answer = render::why(&Inquiry {
        snapshot: &snapshot,
        keys: &keys,
        judgements: &judgements,
        plan: &plan,
        files_only,
        no_files: sample::no_files(&args.at, &args.boot),
    });
    match args.format {
        Format::Human => {
            let options = HumanOptions {
                color: output.color(),
                width: Output::width(),
                ..HumanOptions::default()
            };
            render::human_why(&answer, &options, output.writer())?;
        }
        Format::Json => render::json(&answer, output.writer())?,
    }
    Ok(sample::exit(stopped))
}

/// The whole name of a key of which only the last part was given, as `explain` takes it.
fn whole(last: &str) -> Option<String> {
    if last.contains(['.', '*']) || last == "net" {
        return None;
    }
    let found = topic::find(last).into_iter();
    let mut keys = found.filter(|topic| {
        topic.kind == topic::Kind::Key && topic.name.rsplit('.').next() == Some(last)
    });
    let first = keys.next()?.name;
    // `rp_filter` is a key of each interface: which one is meant cannot be told.
    (keys.next().is_none() && !first.contains('*')).then_some(first)
}

/// The key of this name; where there is none, every key whose name begins so and that exists or is
/// named by a file.
fn keys(name: &str, sample: &Sample, source: Option<&Source>) -> Vec<String> {
    let exists = |source: &Source| {
        let path = catalog::path(name)?;
        KernelKeys::open(source.proc()).exists(&path)
    };
    let known = |spec: &KeySpec| !spec.unlisted && !name.contains('*');
    let named = sample.boot.iter().flat_map(|boot| {
        boot.settings
            .keys()
            .chain(boot.definitions.iter().map(|one| &one.key))
    });
    let named = named.filter(|key| !key.contains(['*', '?', '[']));
    let named: BTreeSet<String> = named.filter(|key| key.starts_with(name)).cloned().collect();
    let is_key = named.contains(name)
        || source.and_then(exists) == Some(true)
        || catalog::find(name).is_some_and(known);
    if name.is_empty() {
        return Vec::new();
    }
    if is_key {
        return vec![name.to_owned()];
    }
    let present = source.map_or_else(Vec::new, |source| host::present(source, name));
    let keys: BTreeSet<String> = named.into_iter().chain(present).collect();
    keys.into_iter().collect()
}

/// The rules that read or set one of the keys, and those that look at every line or every key.
fn concerned<'b>(book: &'b Rulebook, keys: &[String]) -> Vec<&'b Rule> {
    let facts: BTreeSet<String> = keys
        .iter()
        .flat_map(|key| ["sysctl", "default", "boot"].map(|family| format!("{family}.{key}")))
        .collect();
    book.rules()
        .filter(|rule| {
            let each = matches!(rule.each, Some(Subject::Definition | Subject::Setting));
            each || !rule.facts().is_disjoint(&facts)
        })
        .collect()
}

fn needs(keys: &[String], rules: &[&Rule]) -> BTreeSet<String> {
    let own = keys
        .iter()
        .flat_map(|key| ["sysctl", "default"].map(|family| format!("{family}.{key}")));
    rules
        .iter()
        .flat_map(|rule| rule.facts())
        .chain(own)
        .collect()
}

/// Whether a rule that may set one of the keys judges by what happens over a time.
fn watches(rules: &[&Rule], keys: &[String]) -> bool {
    let sets = |rule: &&Rule| {
        let mut set = rule.response().set.iter();
        set.any(|one| keys.contains(&one.key))
    };
    rules
        .iter()
        .filter(|rule| rule.kind == Kind::Symptom)
        .any(sets)
}
