//! `tcptune rules lint`: what a rule owes its readers and the hosts it changes.

use super::own::Own;
use crate::check::{Lint, lint};
use crate::cli::args::Format;
use crate::cli::args::LintRules;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::render;
use crate::render::rules::{LINT_SCHEMA, LintFinding, LintReport};

pub(super) fn run(args: &LintRules, output: &mut Output) -> Result<Exit, Error> {
    let own = Own::read(args.path.as_ref(), &args.site)?;
    let mut findings = Vec::new();
    let mut rules = 0;
    for file in &own.rules {
        let of_file = |id: &&String| {
            let rule = own.book.rule(id);
            rule.is_some_and(|rule| rule.origin.file == file.name)
        };
        // A file that disables a rule has none.
        let Some(rule) = own
            .ids
            .iter()
            .find(of_file)
            .and_then(|id| own.book.rule(id))
        else {
            continue;
        };
        rules += 1;
        let cases = own
            .cases_of(&rule.id)
            .flat_map(|(_, cases)| cases.cases.iter());
        let found = lint(rule, file, cases);
        findings.extend(found.iter().map(|one| finding(&rule.id, one)));
    }
    let report = LintReport {
        schema: LINT_SCHEMA.to_owned(),
        tool: render::tool(),
        rules,
        findings,
    };
    match args.format {
        Format::Human => render::human_lint(&report, output.writer())?,
        Format::Json => render::json(&report, output.writer())?,
    }
    Ok(if report.findings.is_empty() {
        Exit::Success
    } else {
        Exit::Findings
    })
}

fn finding(rule: &str, lint: &Lint) -> LintFinding {
    let place = lint.problem.line_column();
    let number = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    LintFinding {
        code: lint.code.to_owned(),
        rule: rule.to_owned(),
        file: lint.problem.source.name.clone(),
        line: place.map(|(line, _)| number(line)),
        column: place.map(|(_, column)| number(column)),
        message: lint.problem.kind.to_string(),
        help: lint.problem.kind.help(),
    }
}
