//! What the rules say of the lines that were found.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::{AssignmentView, SubjectView, View, settings_of};
use crate::fact::assigned::{Assigned, Assignments};
use crate::fact::{Sample, Snapshot, nearest};
use crate::rule::expr::Outcome;
use crate::rule::{Rule, Rulebook, Severity, Subject};

use super::group::order_of;
use super::ignore::{self, Ignore};
use super::scan::{Found, SECRET, Scanned};
use super::{Finding, INVALID_IGNORE, Linted, Listed, Settings};

/// Judges what was found in all files. The order of the files does not matter.
pub fn judge(mut files: Vec<Scanned>, settings: &Settings, book: &Rulebook) -> Linted {
    files.sort_by(|one, other| one.file.cmp(&other.file));
    let rules = Rules::of(book);
    let mut hosts: BTreeMap<&str, Vec<&Scanned>> = BTreeMap::new();
    for file in files.iter().filter(|file| !file.found.is_empty()) {
        hosts.entry(&file.host).or_default().push(file);
    }
    let mut findings = Vec::new();
    for mut host in hosts.into_values() {
        host.sort_by_key(|file| order_of(&file.file));
        findings.extend(of_host(&host, settings, &rules));
    }
    let mut ignored = 0;
    let by_name: BTreeMap<&str, BTreeSet<(usize, &str)>> = files
        .iter()
        .filter(|file| !file.ignores.is_empty())
        .map(|file| (file.file.as_str(), taken_back(file, &rules)))
        .collect();
    findings.retain(|(finding, lines)| {
        let back = by_name.get(finding.file.as_str()).is_some_and(|back| {
            lines
                .iter()
                .any(|line| back.contains(&(*line, finding.rule.as_str())))
        });
        ignored += u64::from(back);
        !back
    });
    let mut findings: Vec<Finding> = findings.into_iter().map(|(finding, _)| finding).collect();
    for file in &files {
        let wrong = file.ignores.iter();
        findings.extend(wrong.filter_map(|one| invalid(file, one, settings, &rules)));
    }
    findings.sort_by(|one, other| {
        let place = |one: &Finding| (one.line, one.column, std::cmp::Reverse(one.severity));
        one.file
            .cmp(&other.file)
            .then_with(|| place(one).cmp(&place(other)))
            .then_with(|| one.rule.cmp(&other.rule))
    });
    let partly = files
        .iter()
        .filter_map(|file| Some((file.file.clone(), file.skipped.clone()?)));
    Linted {
        findings,
        ignored,
        skipped: partly.collect(),
        assignments: files.iter().flat_map(listed).collect(),
    }
}

/// The rules that judge texts, each with the fact that names the kernels it is true for.
struct Rules<'r> {
    all: Vec<(&'r Rule, Option<String>)>,
    ids: BTreeSet<&'r str>,
}

impl<'r> Rules<'r> {
    fn of(book: &'r Rulebook) -> Self {
        let about_texts = |rule: &&Rule| rule.each == Some(Subject::Assignment);
        let all = book.rules().filter(about_texts).map(|rule| {
            let mut facts = rule.facts().into_iter();
            let kernels =
                facts.find(|fact| fact.starts_with("assignment.") && fact.ends_with("_on"));
            (rule, kernels)
        });
        let mut ids: BTreeSet<&str> = book.ids().collect();
        ids.insert(INVALID_IGNORE);
        Self {
            all: all.collect(),
            ids,
        }
    }
}

/// The findings of the files of one host, each with the lines that a comment takes it back on.
fn of_host(files: &[&Scanned], settings: &Settings, rules: &Rules<'_>) -> Vec<(Finding, Lines)> {
    let wanted = |one: &&Found| settings.include_commented || !one.line.commented;
    let found: Vec<&Found> = files
        .iter()
        .flat_map(|file| &file.found)
        .filter(wanted)
        .collect();
    let texts = Assignments {
        lines: found.iter().map(|one| one.line.clone()).collect(),
        targets: settings.targets.clone(),
        kubernetes: settings.kubernetes,
    };
    let sample = Sample {
        readings: settings_of(&texts),
        ..Sample::default()
    };
    let snapshot = Snapshot::new(None, sample);
    let view = View::new(&snapshot).with_texts(&texts);
    let subjects = view.assignments().unwrap_or_default();
    let mut findings = Vec::new();
    for (subject, one) in subjects.into_iter().zip(found) {
        let SubjectView::Assignment(line) = subject else {
            continue;
        };
        let view = view.of(subject);
        for (rule, kernels) in &rules.all {
            if rule.when().evaluate(&view) == Outcome::Bool(true) {
                let kernels = kernels.as_deref().and_then(|fact| line.kernels(fact));
                let kernels = kernels.unwrap_or_else(|| settings.kernels());
                findings.push((finding(rule, &view, &line, one, kernels), lines(one)));
            }
        }
    }
    findings
}

/// The lines of an assignment: where its command begins, its key and its value.
type Lines = [usize; 3];

fn lines(one: &Found) -> Lines {
    [one.first_line, one.line.line, one.value_line]
}

fn finding(
    rule: &Rule,
    view: &View<'_>,
    line: &AssignmentView<'_>,
    found: &Found,
    kernels: Vec<String>,
) -> Finding {
    let response = rule.response();
    Finding {
        file: found.line.file.clone(),
        line: found.line.line,
        column: found.column,
        key: found.line.key.clone(),
        value: shown(line),
        rule: rule.id.clone(),
        severity: rule.severity,
        title: response.title.render(view),
        message: response.message.render(view),
        replacement: response.advise.as_ref().map(|advise| advise.render(view)),
        kernels,
        source: found.source.clone(),
        url: response.references.first().map(|page| page.url.clone()),
    }
}

fn shown(line: &AssignmentView<'_>) -> String {
    match (line.shown(), &line.one.value) {
        (Some(value), _) => value,
        (None, Some(_)) => SECRET.to_owned(),
        (None, None) => String::new(),
    }
}

/// The lines and rules whose findings the comments of a file take back.
fn taken_back<'f>(file: &'f Scanned, rules: &Rules<'_>) -> BTreeSet<(usize, &'f str)> {
    let own = |one: &Found| [one.line.line, one.value_line];
    let set: BTreeSet<usize> = file.found.iter().flat_map(own).collect();
    let about = ignore::about(&file.ignores, |line| set.contains(&line));
    let valid = file.ignores.iter().zip(about);
    valid
        .filter(|(one, _)| why_invalid(one, rules).is_none())
        .flat_map(|(one, line)| one.rules.iter().map(move |rule| (line, rule.as_str())))
        .collect()
}

/// No rule has a longer name; of a longer one the start is shown.
const LONGEST: usize = 100;

/// What is wrong with a comment that should take a finding back.
fn why_invalid(one: &Ignore, rules: &Rules<'_>) -> Option<String> {
    if one.rules.is_empty() {
        return Some("It names no rule: write `tcptune: ignore RULE reason`.".to_owned());
    }
    let unknown = one
        .rules
        .iter()
        .find(|rule| !rules.ids.contains(rule.as_str()));
    if let Some(rule) = unknown {
        let whole = format!("lint-{rule}");
        let near = rules.ids.get(whole.as_str()).copied();
        let near = near.or_else(|| nearest(rule, rules.ids.iter().copied()));
        let near = near.map_or_else(String::new, |near| format!(" Did you mean `{near}`?"));
        let shown: String = rule.chars().take(LONGEST).collect();
        return Some(format!(
            "There is no rule `{}`.{near}",
            shown.escape_debug()
        ));
    }
    let why = "It gives no reason, so it does not count: write it behind the rule.";
    (!one.has_reason).then(|| why.to_owned())
}

fn invalid(
    file: &Scanned,
    one: &Ignore,
    settings: &Settings,
    rules: &Rules<'_>,
) -> Option<Finding> {
    let message = why_invalid(one, rules)?;
    Some(Finding {
        file: file.file.clone(),
        line: one.line,
        column: one.column,
        key: String::new(),
        value: String::new(),
        rule: INVALID_IGNORE.to_owned(),
        severity: Severity::Low,
        title: "a comment takes no finding back".to_owned(),
        message,
        replacement: None,
        kernels: settings.kernels(),
        source: one.source.clone(),
        url: None,
    })
}

fn listed(file: &Scanned) -> Vec<Listed> {
    let of = |one: &Found| {
        let Assigned {
            key,
            value,
            commented,
            dynamic,
            ..
        } = &one.line;
        let secret = crate::catalog::find(key).is_some_and(|spec| spec.secret);
        Listed {
            file: file.file.clone(),
            line: one.line.line,
            key: key.clone(),
            value: match value {
                Some(_) if secret => SECRET.to_owned(),
                Some(value) => value.clone(),
                None => String::new(),
            },
            commented: *commented,
            dynamic: *dynamic,
            syntax: one.syntax.word(),
            flaw: one.line.flaw,
        }
    };
    file.found.iter().map(of).collect()
}
