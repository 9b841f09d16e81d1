//! The lines and keys of the boot configuration that share a fault.

use anstyle::Style;

use super::page::{BODY, Page};
use crate::render::escape;
use crate::render::quantity::count;
use crate::render::report::{Finding, Instance};
use crate::render::wrap::{cells, wrap};

/// How many more are listed on a page that is not verbose.
const LISTED: usize = 4;

/// Writes what else has the fault: the first one stands in the message.
pub(super) fn instances(page: &mut Page, finding: &Finding, verbose: bool) {
    let limit = if verbose { usize::MAX } else { LISTED };
    let rest = finding.instances.get(1..).unwrap_or_default();
    let mut label = "also";
    for one in rest.iter().take(limit) {
        let text = if verbose {
            one.message.clone()
        } else {
            line(one)
        };
        let text = escape::line(&text);
        // Columns are two blanks apart where there is room; a line that is too long is wrapped.
        let lines = if cells(&text) <= page.room(BODY) {
            vec![text]
        } else {
            let lines = wrap(&text, page.room(BODY + 2));
            let indent = |at| if at == 0 { "" } else { "  " };
            let hung = lines.iter().enumerate();
            hung.map(|(at, line)| format!("{}{line}", indent(at)))
                .collect()
        };
        page.field_lines(label, &lines, Style::new());
        label = "";
    }
    let told = u64::try_from(rest.len().min(limit)).unwrap_or(u64::MAX);
    let left = finding.others.saturating_sub(told);
    if left > 0 {
        let how = if verbose { "" } else { "; --verbose" };
        page.field(label, &format!("and {} more{how}", count(left)));
    }
}

/// `FILE:LINE  key = value` on one line.
fn line(one: &Instance) -> String {
    let place = match (&one.file, one.line) {
        (Some(file), Some(line)) => format!("{file}:{line}  "),
        (Some(file), None) => format!("{file}  "),
        (None, _) => String::new(),
    };
    match &one.value {
        Some(value) => format!("{place}{} = {value}", one.key),
        None => format!("{place}{}", one.key),
    }
}
