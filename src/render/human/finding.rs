//! The findings: a headline, and below it what was seen and what to do.

use anstyle::Style;

use super::change::{Offered, changes, wanted};
use super::explanation::explanation;
use super::facts::facts;
use super::instances::instances;
use super::page::{BODY, MARGIN, Page};
use crate::render::escape;
use crate::render::quantity::count;
use crate::render::report::{Finding, Maturity, Owner, Period, Report, Severity};
use crate::render::wrap::{cells, pad};

/// The widest rule id that keeps its title beside it.
const WIDEST_ID: usize = 26;

/// Writes the findings, a gap before each.
pub(super) fn findings(page: &mut Page, findings: &[&Finding], verbose: bool) -> Offered {
    let column = title_column(findings);
    let mut offered = Offered::new();
    for finding in findings {
        page.gap();
        headline(page, finding, column, false);
        body(page, finding, &mut offered, verbose);
    }
    offered
}

/// Writes what the named profile wants and the host does not have.
pub(super) fn role(page: &mut Page, report: &Report, offered: &mut Offered) {
    let (Some(profile), false) = (&report.profile, report.wanted.is_empty()) else {
        return;
    };
    page.gap();
    let name = escape::line(&profile.name);
    let label = pad("PROFILE", MARGIN);
    page.row(&[(page.styles.name, &label), (page.styles.name, &name)]);
    let many = count(u64::try_from(report.wanted.len()).unwrap_or(u64::MAX));
    let settings = if report.wanted.len() == 1 {
        "setting is"
    } else {
        "settings are"
    };
    page.field(
        "seen",
        &format!("{many} {settings} not what this role is to have"),
    );
    wanted(page, &profile.name, &report.wanted, offered);
}

/// Writes the headlines alone, each on one line.
pub(super) fn headlines(page: &mut Page, findings: &[&Finding]) {
    let column = title_column(findings);
    for finding in findings {
        headline(page, finding, column, true);
    }
}

/// Where the titles begin: behind the longest id of ordinary length.
fn title_column(findings: &[&Finding]) -> usize {
    let ids = findings
        .iter()
        .map(|finding| cells(&escape::line(&finding.rule)));
    let longest = ids.filter(|id| *id <= WIDEST_ID).max().unwrap_or(0);
    MARGIN + longest + 2
}

/// The word in the margin, and its style.
const fn label(page: &Page, finding: &Finding) -> (&'static str, Style) {
    let styles = &page.styles;
    match (&finding.waived, finding.period, finding.severity) {
        (Some(_), ..) => ("WAIVED", styles.name),
        (_, Period::Past, _) => ("PAST", styles.name),
        (.., Severity::High) => ("HIGH", styles.high),
        (.., Severity::Medium) => ("MEDIUM", styles.medium),
        (.., Severity::Low) => ("LOW", styles.low),
        (.., Severity::Info) => ("INFO", styles.name),
    }
}

/// Label, id and title on one line; a title that does not fit there goes below, unless there must be
/// one line only.
fn headline(page: &mut Page, finding: &Finding, column: usize, one_line: bool) {
    let (label, style) = label(page, finding);
    let label = pad(label, MARGIN);
    let id = escape::line(&finding.rule);
    let name = page.styles.name;
    let title = escape::line(&finding.title);
    let beside = cells(&id) + MARGIN + 2 <= column && cells(&title) <= page.room(column);
    if beside || one_line {
        let blanks = " ".repeat(column.saturating_sub(MARGIN + cells(&id)).max(2));
        let plain = Style::new();
        page.row(&[
            (style, &label),
            (name, &id),
            (plain, &blanks),
            (plain, &title),
        ]);
    } else {
        page.row(&[(style, &label), (name, &id)]);
        page.paragraph(BODY, &title);
    }
}

/// What is below the headline. What is past or waived, and what is only worth knowing, stays short.
fn body(page: &mut Page, finding: &Finding, offered: &mut Offered, verbose: bool) {
    if let Some(waiver) = &finding.waived {
        let text = format!("{}{}", waiver.reason, waiver.terms());
        page.field("waived", &text);
    }
    if finding.waived.is_none() || verbose {
        page.field("seen", &finding.message);
    }
    let settled = finding.waived.is_some() || finding.period == Period::Past;
    if settled && !verbose {
        return;
    }
    also(page, finding, verbose);
    if verbose {
        facts(page, &finding.evidence);
    }
    if !settled {
        for one in &finding.waived_keys {
            let terms = one.terms();
            page.field("waived", &format!("{}: {}{terms}", one.key, one.reason));
        }
        advice(page, finding, offered);
    }
    if verbose {
        details(page, finding);
    }
}

/// More subjects with the same fault.
fn also(page: &mut Page, finding: &Finding, verbose: bool) {
    if !finding.instances.is_empty() {
        instances(page, finding, verbose);
    } else if finding.others > 0 {
        let others = count(finding.others);
        page.field(
            "also",
            &format!("{others} more with the same fault; this is the worst"),
        );
    }
}

/// Who can act and what to do.
fn advice(page: &mut Page, finding: &Finding, offered: &mut Offered) {
    let owner = finding.owner.word();
    let foreign = finding.owner != Owner::Host;
    // What is only worth knowing asks nobody to act: no line for what nobody has to do.
    let calm = finding.severity == Severity::Info && finding.changes.is_empty();
    match &finding.first {
        Some(first) if foreign => page.field("first", &format!("{owner}: {first}")),
        Some(first) => {
            page.field("owner", owner);
            page.field("first", first);
        }
        None if foreign || !calm => page.field("owner", owner),
        None => {}
    }
    if !calm {
        changes(page, finding, offered);
    } else if let Some(advice) = &finding.advice {
        page.field("advice", advice);
    }
    if let Some(waiting) = &finding.waiting {
        page.field("waiting", waiting);
    }
    if let Some(cost) = &finding.cost {
        page.field("cost", cost);
    }
    if finding.maturity == Maturity::Preview {
        page.field("preview", "no live-kernel experiment backs this rule yet");
    }
}

/// Explanation and sources.
fn details(page: &mut Page, finding: &Finding) {
    if let Some(text) = &finding.explain {
        explanation(page, text);
    }
    if finding.references.is_empty() {
        return;
    }
    page.gap();
    for (at, source) in finding.references.iter().enumerate() {
        page.field(if at == 0 { "sources" } else { "" }, &source.title);
        page.field("", &source.url);
    }
}
