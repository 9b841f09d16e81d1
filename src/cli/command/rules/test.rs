//! `tcptune rules test`: rules judged by the cases beside them.

use std::collections::BTreeMap;

use super::own::Own;
use crate::check::try_case;
use crate::cli::args::{TestFormat, TestRules};
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::render;
use crate::render::rules::{TestReport, TestedCase, TestedRule};

/// Judges every rule by its cases. A rule without cases fails.
pub(super) fn run(args: &TestRules, output: &mut Output) -> Result<Exit, Error> {
    let own = Own::read(args.path.as_ref(), &args.site)?;
    let report = TestReport::of(judged(&own));
    match args.format {
        TestFormat::Human => render::human_tests(&report, output.writer())?,
        TestFormat::Json => render::json(&report, output.writer())?,
        TestFormat::Junit => render::junit(&report, output.writer())?,
    }
    Ok(if report.failed == 0 {
        Exit::Success
    } else {
        Exit::Findings
    })
}

fn judged(own: &Own) -> Vec<TestedRule> {
    let mut rules: BTreeMap<(&str, &str), TestedRule> = BTreeMap::new();
    for (file, cases) in &own.cases {
        let Some(rule) = own.book.rule(&cases.rule) else {
            continue;
        };
        let cases = cases.cases.iter().map(|case| TestedCase {
            name: case.name.clone(),
            line: case.line,
            faults: try_case(rule, case),
        });
        let tested = TestedRule {
            rule: rule.id.clone(),
            built_in: rule.origin.built_in,
            file: file.name.clone(),
            cases: cases.collect(),
        };
        rules.insert((&rule.id, &file.name), tested);
    }
    for id in &own.ids {
        if own.cases_of(id).next().is_none()
            && let Some(rule) = own.book.rule(id)
        {
            let untested = TestedRule {
                rule: id.clone(),
                built_in: false,
                file: rule.origin.file.clone(),
                cases: Vec::new(),
            };
            rules.insert((id, ""), untested);
        }
    }
    rules.into_values().collect()
}
