//! Every built-in rule: read strictly, tried three ways, explained, and proven if it says so.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use tcptune::check::{lint, try_case};
use tcptune::host::{RuleFolder, Trust, read_rule_files};
use tcptune::rule::{CaseFile, Expect, HEADINGS, Maturity, Rule, Rulebook, Subject, parse_cases};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")
}

/// The tree as files, whoever owns the checkout: whether root trusts them is another test's matter.
fn files() -> RuleFolder {
    let found = read_rule_files(&folder(), Trust::Anyone);
    let list: Vec<_> = found.problems.iter().map(ToString::to_string).collect();
    assert!(list.is_empty(), "{}", list.join("\n"));
    found
}

fn book(files: &RuleFolder) -> Rulebook {
    Rulebook::of_files(&files.rules).unwrap_or_else(|problems| {
        let list: Vec<_> = problems
            .iter()
            .map(|problem| {
                format!(
                    "{problem}{}",
                    problem
                        .kind
                        .help()
                        .map_or_else(String::new, |help| format!("\n  help: {help}"))
                )
            })
            .collect();
        panic!("{} problems\n{}", list.len(), list.join("\n"))
    })
}

fn cases(files: &RuleFolder) -> BTreeMap<String, CaseFile> {
    let mut all = BTreeMap::new();
    let mut faults = Vec::new();
    for file in &files.cases {
        match parse_cases(file) {
            Ok(cases) => {
                let stem = file
                    .name
                    .rsplit('/')
                    .next()
                    .and_then(|name| name.strip_suffix(".test.yaml"));
                assert_eq!(stem, Some(cases.rule.as_str()), "{}", file.name);
                all.insert(cases.rule.clone(), cases);
            }
            Err(problems) => faults.extend(problems.iter().map(ToString::to_string)),
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    all
}

#[test]
fn every_rule_file_is_sound() {
    assert!(book(&files()).rules().len() >= 18);
}

#[test]
fn every_case_comes_out_as_written() {
    let files = files();
    let book = book(&files);
    let mut faults = Vec::new();
    for (id, file) in cases(&files) {
        let rule = book.rule(&id).expect("a case file names a rule");
        for case in &file.cases {
            for fault in try_case(rule, case) {
                faults.push(format!(
                    "{id}, \"{}\" (line {}): {fault}",
                    case.name, case.line
                ));
            }
        }
    }
    assert!(
        faults.is_empty(),
        "{} faults\n{}",
        faults.len(),
        faults.join("\n")
    );
}

#[test]
fn every_rule_is_tried_three_ways() {
    let files = files();
    let cases = cases(&files);
    for rule in book(&files).rules() {
        let file = cases
            .get(&rule.id)
            .unwrap_or_else(|| panic!("{} has no cases", rule.id));
        let seen: BTreeSet<&str> = file.cases.iter().map(|case| case.expect.word()).collect();
        for wanted in [Expect::Fires, Expect::Holds, Expect::Unknown] {
            assert!(
                seen.contains(wanted.word()),
                "{} has no case that is {}",
                rule.id,
                wanted.word()
            );
        }
    }
}

/// The rules about hosts and those about texts.
fn built_in() -> [Rulebook; 2] {
    [Rulebook::built_in(), Rulebook::lint()]
}

fn is_about_texts(rule: &Rule) -> bool {
    rule.each == Some(Subject::Assignment)
}

#[test]
fn built_in_rules_are_the_files() {
    let built_in = built_in();
    let files = files();
    let read = book(&files);
    let ids = built_in.iter().flat_map(Rulebook::rules);
    let ids: BTreeSet<&str> = ids.map(|rule| rule.id.as_str()).collect();
    let named: BTreeSet<&str> = read.rules().map(|rule| rule.id.as_str()).collect();
    assert_eq!(ids, named);
    for rule in built_in.iter().flat_map(Rulebook::rules) {
        let file = read.rule(&rule.id).expect("the same ids");
        assert_eq!(rule.mechanism, file.mechanism);
        assert_eq!(rule.when().text(), file.when().text());
        let words = |rule: &Rule| {
            let Rule {
                severity,
                kind,
                maturity,
                scope,
                owner,
                each,
                ..
            } = *rule;
            (severity, kind, maturity, scope, owner, each)
        };
        assert_eq!(words(rule), words(file), "{}", rule.id);
        assert_eq!(rule.requires, file.requires, "{}", rule.id);
        assert_eq!(rule.facts(), file.facts());
        assert!(rule.origin.built_in && file.origin.file.ends_with(&rule.origin.file));
        // A response that cannot be read comes out empty; every field is compared.
        let shown = |rule: &Rule| format!("{:?}", rule.response());
        assert!(shown(rule) == shown(file), "{} differs", rule.id);
        let past = |rule: &Rule| rule.past().map(|past| past.text().to_owned());
        assert_eq!(past(rule), past(file), "{}", rule.id);
    }
}

/// The build lists the facts of every rule by looking at the text, so that a run need not compile what
/// a rule says before it fires. The list is what the compiled expressions read.
#[test]
fn the_facts_listed_by_the_build_are_those_that_are_read() {
    let listed: BTreeSet<String> = built_in().iter().flat_map(Rulebook::facts).collect();
    let read: BTreeSet<String> = book(&files()).facts();
    assert_eq!(listed, read);
}

/// A host is not judged by what is said of texts, nor the other way round.
#[test]
fn rules_about_texts_are_a_book_of_their_own() {
    let [hosts, texts] = built_in();
    assert!(hosts.rules().all(|rule| !is_about_texts(rule)));
    assert!(texts.rules().len() >= 18);
    for rule in texts.rules() {
        assert!(is_about_texts(rule), "{}", rule.id);
        assert_eq!(rule.mechanism, "lint", "{}", rule.id);
        assert!(rule.id.starts_with("lint-"), "{}", rule.id);
        assert!(hosts.rule(&rule.id).is_none(), "{}", rule.id);
    }
}

#[test]
fn every_mechanism_explains_itself_once() {
    for rule in book(&files()).rules() {
        let readme = folder().join(&rule.mechanism).join("README.md");
        assert!(readme.is_file(), "{}", readme.display());
    }
}

#[test]
fn every_stable_rule_names_an_experiment_that_exists() {
    for rule in book(&files())
        .rules()
        .filter(|rule| rule.maturity == Maturity::Stable)
    {
        let lab = rule
            .response()
            .lab
            .as_deref()
            .expect("the schema demands it");
        let (module, function) = lab.split_once("::").expect("module::function");
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/lab")
            .join(format!("{module}.rs"));
        let text = std::fs::read_to_string(&file)
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert!(
            text.contains(&format!("fn {function}(")),
            "{lab} is not in {}",
            file.display()
        );
    }
}

#[test]
fn every_rule_is_explained_under_the_six_headings() {
    for rule in book(&files()).rules() {
        let headings: Vec<&str> = rule
            .response()
            .explain
            .lines()
            .filter_map(|line| line.strip_prefix("## "))
            .collect();
        assert_eq!(headings, HEADINGS, "{}", rule.id);
    }
}

#[test]
fn lint_finds_nothing() {
    let files = files();
    let book = book(&files);
    let cases = cases(&files);
    let mut found = Vec::new();
    for file in &files.rules {
        let rule = book.rules().find(|rule| rule.origin.file == file.name);
        let rule = rule.expect("every file is a rule");
        let cases = cases.get(&rule.id).map_or(&[][..], |file| &file.cases);
        for one in lint(rule, file, cases.iter()) {
            found.push(format!(
                "{}: {}: {}",
                one.problem.location(),
                one.code,
                one.problem
            ));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_rule_has_sources_and_evidence() {
    for rule in book(&files()).rules() {
        assert!(
            !rule.response().references.is_empty(),
            "{} has no source",
            rule.id
        );
        assert!(
            !rule.response().evidence.is_empty(),
            "{} shows no evidence",
            rule.id
        );
        assert!(
            !rule.response().set.is_empty() || rule.response().advise.is_some(),
            "{} neither changes nor advises",
            rule.id
        );
        assert!(
            rule.response().set.is_empty() || rule.response().cost.is_some(),
            "{} hides what its change costs",
            rule.id
        );
    }
}

/// The page is written by the experiments: a stable rule whose experiment has shown nothing is not stable.
#[test]
fn every_stable_rule_has_its_row_of_evidence() {
    let page = std::fs::read_to_string(folder().join("EVIDENCE.md")).unwrap();
    let rows: BTreeMap<&str, Vec<&str>> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
        .map(|(rule, cells)| (rule, cells.trim_end_matches(" |").split(" | ").collect()))
        .collect();
    let files = files();
    let book = book(&files);
    let proven: BTreeSet<&str> = book
        .rules()
        .filter(|rule| rows.contains_key(rule.id.as_str()))
        .filter_map(|rule| rule.response().lab.as_deref())
        .collect();
    for rule in book.rules() {
        let stable = rule.maturity == Maturity::Stable;
        if is_about_texts(rule) {
            // What a line does was shown for the rule about hosts that says the same.
            let lab = rule.response().lab.as_deref();
            assert_eq!(
                lab.is_some_and(|lab| proven.contains(lab)),
                stable,
                "{}",
                rule.id
            );
            continue;
        }
        assert_eq!(rows.contains_key(rule.id.as_str()), stable, "{}", rule.id);
    }
    for (rule, cells) in &rows {
        assert!(book.rule(rule).is_some(), "{rule} is no rule");
        let [symptom, before, after, ratio, kernel] = cells.as_slice() else {
            panic!("{rule}: not five cells: {cells:?}")
        };
        let [before, after] = [before, after].map(|cell| cell.parse::<f64>().unwrap());
        assert!(
            before.min(after) >= 0.0 && (before - after).abs() > 0.0,
            "{rule}: nothing was shown"
        );
        assert!(!symptom.is_empty() && !ratio.is_empty(), "{rule}");
        assert!(
            kernel.starts_with(|c: char| c.is_ascii_digit()),
            "{rule}: {kernel}"
        );
    }
}
