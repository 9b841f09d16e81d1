//! `tcptune explain`: a rule, in full.

use std::fmt::Write as _;

use crate::fact::nearest;
use crate::render::{self, HumanOptions};
use crate::rule::Rule;

use super::site::Site;
use crate::cli::args::Explain;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::output::Output;

/// Prints the explanation, the condition and the sources of a rule.
pub(super) fn run(args: &Explain, output: &mut Output) -> Result<Exit, Error> {
    let Site { book, .. } = Site::load(&args.rules)?;
    let Some(rule) = book.known(&args.rule) else {
        let near = nearest(&args.rule, book.ids()).map(str::to_owned);
        return Err(Error::NoRule(args.rule.clone(), near));
    };
    let options = HumanOptions {
        color: output.color(),
        width: Output::width(),
        ..HumanOptions::default()
    };
    output.line(&format!(
        "{}   {} {} rule, {}; mechanism: {}; owner: {}",
        rule.id,
        rule.severity.word(),
        rule.kind.word(),
        rule.maturity.word(),
        rule.mechanism,
        rule.owner.word(),
    ))?;
    if let Some(one) = book.disabled().find(|one| one.rule.id == rule.id) {
        output.line(&format!("disabled by {}", one.file))?;
    }
    output.line("")?;
    render::explanation(&markdown(rule), &options, output.writer())?;
    Ok(Exit::Success)
}

/// The rule's own explanation, its condition and its sources as one text.
fn markdown(rule: &Rule) -> String {
    let mut text = format!(
        "{}\n\n## When it fires\n",
        rule.response().explain.trim_end()
    );
    if let Some(subject) = rule.each {
        let _ = writeln!(text, "For each {}, one at a time:", subject.word());
    }
    for line in rule.when.text().trim_end().lines() {
        let _ = writeln!(text, "    {line}");
    }
    text.push_str("\n## Sources\n");
    for reference in &rule.response().references {
        let _ = writeln!(text, "{}\n    {}", reference.title, reference.url);
    }
    text
}
