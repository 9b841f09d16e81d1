//! The rules and cases that somebody works on: those of a folder, or of one file.

use std::path::{Path, PathBuf};

use crate::cli::args::SiteFolder;
use crate::cli::command::site::Config;
use crate::cli::error::Error;
use crate::fact::nearest;
use crate::host::{RuleFolder, Trust, is_there, no_rule_file, read_rule_file, read_rule_files};
use crate::rule::{CaseFile, Layer, Problem, ProblemKind, RuleFile, Rulebook, parse_cases};

/// How the files of cases end.
const CASES: &str = ".test.yaml";

/// Rules and cases, all of them sound.
pub(super) struct Own {
    /// These rules, laid over those of the program.
    pub(super) book: Rulebook,
    /// The files of the rules.
    pub(super) rules: Vec<RuleFile>,
    /// The ids of these rules.
    pub(super) ids: Vec<String>,
    /// The cases, with their files.
    pub(super) cases: Vec<(RuleFile, CaseFile)>,
}

impl Own {
    /// Reads them, or tells every problem of all files.
    pub(super) fn read(path: Option<&PathBuf>, site: &SiteFolder) -> Result<Self, Error> {
        let path = match path {
            Some(path) => path.clone(),
            None => Config::of(site)?.part("rules.d").ok_or(Error::NoOwnRules)?,
        };
        let found = files(&path);
        let mut problems = found.problems;
        let (layer, broken) = Layer::of_files(&found.rules);
        let sound = broken.is_empty() && problems.is_empty();
        problems.extend(broken);
        let ids: Vec<String> = layer.ids().map(str::to_owned).collect();
        let (book, unknown) = Rulebook::all().overlaid(layer);
        problems.extend(unknown);
        let mut cases = Vec::new();
        for file in found.cases {
            match parse_cases(&file) {
                // A case of a rule that is broken is no case without a rule.
                Ok(read) if sound && book.rule(&read.rule).is_none() => {
                    problems.push(without_rule(&read, &book));
                }
                Ok(read) => cases.push((file, read)),
                Err(broken) => problems.extend(broken),
            }
        }
        if !problems.is_empty() {
            return Err(Error::Rules(problems));
        }
        if ids.is_empty() && cases.is_empty() {
            return Err(Error::NoRules(path));
        }
        Ok(Self {
            book,
            rules: found.rules,
            ids,
            cases,
        })
    }

    /// The cases of a rule, with their files.
    pub(super) fn cases_of(&self, id: &str) -> impl Iterator<Item = &(RuleFile, CaseFile)> {
        self.cases.iter().filter(move |(_, cases)| cases.rule == id)
    }
}

/// The files of a folder; of a file, it and the one that belongs to it: the rule of cases, the cases of a
/// rule.
fn files(path: &Path) -> RuleFolder {
    let name = path.to_string_lossy();
    if !path.is_file() {
        return read_rule_files(path, Trust::of_user());
    }
    if !name.ends_with(".yaml") {
        return RuleFolder {
            problems: vec![no_rule_file(path)],
            ..RuleFolder::default()
        };
    }
    let other = match (name.strip_suffix(CASES), name.strip_suffix(".yaml")) {
        (Some(stem), _) => PathBuf::from(format!("{stem}.yaml")),
        (None, stem) => PathBuf::from(format!("{}{CASES}", stem.unwrap_or(&name))),
    };
    let mut found = RuleFolder::default();
    let wanted = [path, &other];
    for path in wanted.into_iter().filter(|path| is_there(path)) {
        match read_rule_file(path, Trust::of_user()) {
            Ok(file) if file.name.ends_with(CASES) => found.cases.push(file),
            Ok(file) => found.rules.push(file),
            Err(problem) => found.problems.push(problem),
        }
    }
    found
}

fn without_rule(cases: &CaseFile, book: &Rulebook) -> Problem {
    let near = nearest(&cases.rule, book.ids());
    let help = near.map_or_else(
        || "put the rule's file beside it".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    let message = format!(
        "no rule `{}`, neither here nor built in",
        cases.rule.escape_debug()
    );
    let kind = ProblemKind::Other(message, Some(help));
    Problem {
        kind,
        ..cases.names.clone()
    }
}
