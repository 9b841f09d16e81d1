//! The foot of the page: what to do next, and that nothing was done yet.

use super::change::pair;
use super::page::{MARGIN, Page};
use crate::render::escape;
use crate::render::report::{Finding, Period};
use crate::render::wrap::{cells, pad};

/// Writes the foot; `findings` in the order of the page.
pub(super) fn closing(page: &mut Page, findings: &[&Finding]) {
    page.gap();
    let alive: Vec<_> = findings
        .iter()
        .filter(|finding| finding.waived.is_none())
        .collect();
    if let Some(top) = alive.first() {
        let explain = escape::line(&format!("tcptune explain {}", top.rule));
        let why = format!("{}  reasons, trade-offs, sources", pad(&explain, 36));
        let fits = cells(&why) <= page.room(MARGIN);
        page.margin_lines("Next", &[if fits { why } else { explain }]);
    }
    let now = alive.iter().filter(|finding| finding.period == Period::Now);
    let mut commands: Vec<_> = now
        .flat_map(|finding| &finding.changes)
        .filter_map(|change| pair(page, change))
        .map(|[there, _]| there)
        .collect();
    // Two findings may ask for the same change.
    let mut once = Vec::new();
    commands.retain(|command| {
        let new = !once.contains(command);
        once.push(command.clone());
        new
    });
    if let Some(first) = commands.first() {
        page.margin_lines("", &page.command(MARGIN, first));
        let more = match commands.len() - 1 {
            0 => String::new(),
            1 => "and 1 more change above; ".to_owned(),
            more => format!("and {more} more changes above; "),
        };
        page.margin(
            "",
            &format!("{more}a change by hand lasts until the next boot"),
        );
    }
    page.paragraph(0, "Nothing was changed.");
}
