//! The page of many hosts: what is wrong on how many of them, how that is known, and where to go on.

use anstyle::Style;

use super::page::{BODY, MARGIN, Page};
use super::rest::list;
use crate::apply::calendar;
use crate::render::escape;
use crate::render::finding::{Period, Severity};
use crate::render::fleet::{Fault, Fleet, Spread};
use crate::render::quantity::{count, duration};
use crate::render::shell;
use crate::render::wrap::{cells, pad};

/// The widest rule id that keeps the rest of its row beside it.
const WIDEST_ID: usize = 28;
/// The cells of a number of hosts.
const NUMBER: usize = 7;
/// How many faults are shown with what was seen of them.
const SEEN: usize = 5;
/// How many snapshots that could not be judged are named.
const UNREADABLE: usize = 3;

/// Writes the page.
pub(super) fn fleet(page: &mut Page, fleet: &Fleet, verbose: bool) {
    head(page, fleet);
    let ranked = fleet.ranked();
    if !ranked.is_empty() {
        page.gap();
        table(page, &ranked, true);
        seen(page, &ranked, verbose);
    }
    rest(page, fleet, verbose);
    closing(page, &ranked);
}

/// Writes the table alone, without what was accepted.
pub(super) fn rows(page: &mut Page, fleet: &Fleet) {
    let mut ranked = fleet.ranked();
    ranked.retain(|(fault, _)| !fault.waived);
    table(page, &ranked, false);
}

fn head(page: &mut Page, fleet: &Fleet) {
    let counts = fleet.counts();
    let mut text = format!(
        "{} of {}, {} judged",
        many(counts.snapshots, "snapshot"),
        many(counts.hosts, "host"),
        count(counts.judged)
    );
    if counts.unreadable > 0 {
        text = format!("{text}, {} unreadable", count(counts.unreadable));
    }
    page.margin("fleet", &text);
    if counts.cut_short {
        let left = counts.snapshots - counts.judged - counts.unreadable;
        let text = format!(
            "stopped by a signal: {} not looked at",
            many(left, "snapshot")
        );
        page.margin("stopped", &text);
    }
    let words = ["high", "medium", "low", "info", "none"];
    let worst = fleet.worst.iter().zip(words);
    let worst = worst.filter(|(number, _)| **number > 0);
    let worst: Vec<String> = worst
        .map(|(number, word)| format!("{} {word}", count(*number)))
        .collect();
    if fleet.faults.is_empty() {
        page.paragraph(0, "no findings on any host");
    } else if !worst.is_empty() {
        let text = format!("{} (each snapshot by its worst finding)", worst.join(", "));
        page.margin("worst", &text);
    }
}

fn many(number: u64, noun: &str) -> String {
    let end = if number == 1 { "" } else { "s" };
    format!("{} {noun}{end}", count(number))
}

/// A row for each fault: how bad, which rule, how many hosts, and the first of them.
fn table(page: &mut Page, ranked: &[(&Fault, &Spread)], headed: bool) {
    let ids = ranked
        .iter()
        .map(|(fault, _)| cells(&escape::line(&fault.rule)));
    let widest = ids.filter(|id| *id <= WIDEST_ID).max().unwrap_or(0);
    // The heading of the column stands in it too.
    let id_width = widest.max("rule".len()) + 1;
    let hosts = MARGIN + id_width;
    let names = hosts + NUMBER + 2;
    let (plain, bold) = (Style::new(), page.styles.name);
    let heading = |domain: &str| {
        let domain = escape::line(domain);
        let below = if domain.is_empty() {
            String::new()
        } else {
            format!(" ({domain})")
        };
        format!("{:>NUMBER$}  first of them{below}", "hosts")
    };
    let domain = shared_domain(ranked);
    let fits = headed && cells(&heading(domain)) <= page.room(hosts);
    // Where it is not said, names stay whole.
    let domain = if fits { domain } else { "" };
    if headed {
        let heading = heading(domain);
        let rule = pad("rule", id_width);
        page.row(&[
            (plain, &" ".repeat(MARGIN)),
            (plain, &rule),
            (plain, &heading),
        ]);
    }
    for (fault, spread) in ranked {
        let (label, style) = label(page, fault);
        let label = pad(label, MARGIN);
        let id = escape::line(&fault.rule);
        let number = format!("{:>NUMBER$}  ", count(spread.hosts()));
        let first = first_of(spread, domain, page.room(names));
        if cells(&id) < id_width {
            let id = pad(&id, id_width);
            page.row(&[
                (style, &label),
                (bold, &id),
                (plain, &number),
                (plain, &first),
            ]);
        } else {
            page.row(&[(style, &label), (bold, &id)]);
            let blanks = " ".repeat(hosts);
            page.row(&[(plain, &blanks), (plain, &number), (plain, &first)]);
        }
    }
}

/// What all names that could be shown end with behind their first dot, that dot included; empty where they do not
/// end alike.
fn shared_domain<'a>(ranked: &[(&Fault, &'a Spread)]) -> &'a str {
    let names = ranked.iter().flat_map(|(_, spread)| &spread.names);
    let mut domains = names.map(|name| name.find('.').and_then(|dot| name.get(dot..)));
    let first = domains.next().flatten().unwrap_or_default();
    // `10.0.0.1` has no domain.
    let is_domain = first.ends_with(|letter: char| letter.is_ascii_alphabetic());
    if is_domain && domains.all(|domain| domain == Some(first)) {
        first
    } else {
        ""
    }
}

/// As many names as find room on one line.
fn first_of(spread: &Spread, domain: &str, room: usize) -> String {
    let names = spread.names.iter();
    let names = names.map(|name| name.strip_suffix(domain).unwrap_or(name));
    let names: Vec<String> = names.map(escape::line).collect();
    let all = spread.hosts() <= names.len() as u64;
    let fits = |shown: usize| {
        let more = if all && shown == names.len() {
            ""
        } else {
            ", …"
        };
        let text = format!(
            "{}{more}",
            names.get(..shown).unwrap_or_default().join(", ")
        );
        (cells(&text) <= room).then_some(text)
    };
    let shown = (1..=names.len()).rev().find_map(fits);
    shown.unwrap_or_else(|| {
        names
            .first()
            .map_or_else(String::new, |name| cut(name, room))
    })
}

/// A name that is wider than its column.
fn cut(name: &str, room: usize) -> String {
    let mut short = String::new();
    for letter in name.chars() {
        short.push(letter);
        if cells(&short) >= room {
            short.pop();
            break;
        }
    }
    format!("{short}…")
}

/// The word in the margin, and its style.
const fn label(page: &Page, fault: &Fault) -> (&'static str, Style) {
    let styles = &page.styles;
    match (fault.waived, fault.period, fault.severity) {
        (true, ..) => ("WAIVED", styles.name),
        (_, Period::Past, _) => ("PAST", styles.name),
        (.., Severity::High) => ("HIGH", styles.high),
        (.., Severity::Medium) => ("MEDIUM", styles.medium),
        (.., Severity::Low) => ("LOW", styles.low),
        (.., Severity::Info) => ("INFO", styles.name),
    }
}

/// How the worst faults are known, each on the first host that has it.
fn seen(page: &mut Page, ranked: &[(&Fault, &Spread)], verbose: bool) {
    let limit = if verbose { usize::MAX } else { SEEN };
    let alive = ranked
        .iter()
        .filter(|(fault, _)| !fault.waived && fault.period == Period::Now);
    let shown: Vec<_> = alive.take(limit).collect();
    if shown.is_empty() {
        return;
    }
    page.gap();
    page.margin("seen", "on the first host of each:");
    for (fault, spread) in shown {
        let id = escape::line(&fault.rule);
        page.row(&[(Style::new(), "  "), (page.styles.name, &id)]);
        let host = spread.names.first().map_or("", String::as_str);
        page.paragraph(BODY, &format!("{host}: {}", spread.seen));
    }
}

/// What could not be judged, and what else is to be known.
fn rest(page: &mut Page, fleet: &Fleet, verbose: bool) {
    page.gap();
    let counts = fleet.counts();
    if counts.unreadable > 0 {
        let told = fleet
            .unreadable
            .get(..UNREADABLE)
            .unwrap_or(&fleet.unreadable);
        for (at, error) in told.iter().enumerate() {
            page.margin(if at == 0 { "unread" } else { "" }, error);
        }
        let left = counts.unreadable - told.len() as u64;
        if left > 0 {
            let text = format!("and {} more: standard error names each", count(left));
            page.margin("", &text);
        }
    }
    let unknown = fleet.unknown();
    if !unknown.is_empty() {
        let names = unknown
            .iter()
            .map(|(rule, hosts)| format!("{} ({})", escape::line(rule), count(*hosts)));
        let limit = if verbose { usize::MAX } else { 3 };
        let lines = list(
            "on so many hosts: ",
            &names.collect::<Vec<_>>(),
            page.room(MARGIN),
            limit,
        );
        page.margin_lines("unknown", &lines);
    }
    if let Some((taken, host)) = &fleet.oldest {
        #[expect(clippy::cast_precision_loss, reason = "shown in days at most")]
        let age = fleet.at.checked_sub(*taken).map(|age| duration(age as f64));
        // By the clock of another machine it may be taken in the future.
        let age = age.map_or_else(|| "after now".to_owned(), |age| format!("{age} ago"));
        let moment = calendar::minute(*taken);
        page.margin("oldest", &format!("{host}: taken {moment}, {age}"));
    }
    if fleet.repeated_hosts > 0 {
        let shown = fleet.repeated.join(", ");
        let more = fleet.repeated_hosts - fleet.repeated.len() as u64;
        let more = if more > 0 {
            format!(" and {} more", count(more))
        } else {
            String::new()
        };
        page.margin(
            "note",
            &format!("hosts with more than one snapshot, each of which was judged: {shown}{more}"),
        );
    }
    for note in &fleet.notes {
        page.margin("note", note);
    }
}

/// Where to go on.
fn closing(page: &mut Page, ranked: &[(&Fault, &Spread)]) {
    page.gap();
    let alive = ranked.iter().find(|(fault, _)| !fault.waived);
    if let Some((fault, spread)) = alive {
        let explain = escape::line(&format!("tcptune explain {}", fault.rule));
        let mut commands = vec![(explain, "reasons, trade-offs, sources")];
        if let Some(file) = shell::word(&spread.snapshot) {
            let check = format!("tcptune check --snapshot {file}");
            commands.push((check, "one host, with its changes"));
        }
        let widths = commands.iter().map(|(command, _)| cells(command));
        let width = widths.max().unwrap_or(0);
        let lines = commands.into_iter().map(|(command, why)| {
            let both = format!("{}  {why}", pad(&command, width));
            let fits = cells(&both) <= page.room(MARGIN);
            if fits { both } else { command }
        });
        let lines: Vec<String> = lines.collect();
        page.margin_lines("Next", &lines);
    }
    page.paragraph(0, "Nothing was changed.");
}
