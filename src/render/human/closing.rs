//! The foot of the page: what to do next, and that nothing was done yet.

use super::change::pair;
use super::page::{MARGIN, Page};
use crate::render::escape;
use crate::render::report::{Change, Finding, Period};
use crate::render::wrap::{cells, pad};

/// Writes the foot; `findings` in the order of the page.
pub(super) fn closing(page: &mut Page, findings: &[&Finding], wanted: &[Change]) {
    page.gap();
    let alive: Vec<_> = findings
        .iter()
        .filter(|finding| finding.waived.is_none())
        .collect();
    let mut label = "Next";
    if let Some(top) = alive.first() {
        let explain = escape::line(&format!("tcptune explain {}", top.rule));
        let why = format!("{}  reasons, trade-offs, sources", pad(&explain, 36));
        let fits = cells(&why) <= page.room(MARGIN);
        page.margin_lines(label, &[if fits { why } else { explain }]);
        label = "";
    }
    let now = alive.iter().filter(|finding| finding.period == Period::Now);
    let mut open = now.flat_map(|finding| &finding.changes).chain(wanted);
    if let (true, Some(apply)) = (
        open.any(|change| pair(page, change).is_some()),
        page.apply.clone(),
    ) {
        let why = format!("{}  shows the plan and asks", pad(&apply, 36));
        let fits = cells(&why) <= page.room(MARGIN);
        page.margin_lines(label, &[if fits { why } else { apply }]);
    }
    page.paragraph(0, "Nothing was changed.");
}
