//! `tcptune rules`: listing and testing.

use std::path::Path;

use crate::check::try_case;
use crate::host::{Trust, read_rule_files};
use crate::rule::{CaseFile, Problem, RuleFile, Rulebook, parse_cases};

use super::site::Site;
use crate::cli::args::Rules;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::output::Output;

/// Lists or tests.
pub(super) fn run(args: &Rules, output: &mut Output) -> Result<Exit, Error> {
    match args {
        Rules::List { rules, choice } => list(&Site::chosen(rules, choice)?.book, output),
        Rules::Test { dir } => test(dir, output),
    }
}

fn list(book: &Rulebook, output: &mut Output) -> Result<Exit, Error> {
    for rule in book.rules() {
        let origin = if rule.origin.built_in {
            "built in"
        } else {
            &rule.origin.file
        };
        let line = format!(
            "{:<28} {:<6} {:<7} {:<7} {:<15} {origin}",
            rule.id,
            rule.severity.word(),
            rule.kind.word(),
            rule.maturity.word(),
            rule.mechanism,
        );
        output.line(&line)?;
    }
    Ok(Exit::Success)
}

/// Judges every rule of a folder by its cases. A rule without cases fails.
fn test(dir: &Path, output: &mut Output) -> Result<Exit, Error> {
    let (book, files) = read(dir).map_err(Error::Rules)?;
    if book.rules().len() == 0 && files.is_empty() {
        return Err(Error::NoRules(dir.to_owned()));
    }
    let (mut passed, mut failed) = (0_usize, 0_usize);
    for rule in book.rules() {
        let tried =
            |(_, cases): &(RuleFile, CaseFile)| cases.rule == rule.id && !cases.cases.is_empty();
        if !files.iter().any(tried) {
            failed += 1;
            output.line(&format!("FAIL {}: no cases beside it", rule.id))?;
        }
    }
    for (file, cases) in &files {
        let Some(rule) = book.rule(&cases.rule) else {
            failed += 1;
            let line = format!(
                "FAIL {}: no rule `{}` in this folder",
                file.name, cases.rule
            );
            output.line(&line)?;
            continue;
        };
        for case in &cases.cases {
            let faults = try_case(rule, case);
            if faults.is_empty() {
                passed += 1;
            } else {
                failed += 1;
            }
            for fault in faults {
                let line = format!("FAIL {}:{}: {}: {fault}", file.name, case.line, case.name);
                output.line(&line)?;
            }
        }
    }
    output.print(&format!("{passed} passed, {failed} failed\n"))?;
    if failed == 0 {
        Ok(Exit::Success)
    } else {
        Ok(Exit::Findings)
    }
}

/// Case files with what they say.
type Tried = Vec<(RuleFile, CaseFile)>;

/// The rules and cases of a folder, or every problem of all of them.
fn read(dir: &Path) -> Result<(Rulebook, Tried), Vec<Problem>> {
    let found = read_rule_files(dir, Trust::of_user());
    let mut problems = found.problems;
    let mut files = Vec::new();
    for file in found.cases {
        match parse_cases(&file) {
            Ok(cases) => files.push((file, cases)),
            Err(broken) => problems.extend(broken),
        }
    }
    match Rulebook::of_files(&found.rules) {
        Ok(book) if problems.is_empty() => Ok((book, files)),
        Ok(_) => Err(problems),
        Err(mut broken) => {
            broken.extend(problems);
            Err(broken)
        }
    }
}
