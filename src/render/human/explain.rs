//! An explanation as a page.

use anstyle::Style;

use super::page::Page;
use crate::render::escape;
use crate::render::explain::{Block, Explanation, Row, Section, TopicName};
use crate::render::wrap::{cells, cut, pad, wrap};

/// Where headings begin; what they head is two blanks deeper.
const HEADING: usize = 2;
const BODY: usize = HEADING + 2;
/// A label wider than this stands on a line of its own.
const WIDEST_LABEL: usize = 24;

/// Writes an explanation.
pub(super) fn explain(page: &mut Page, answer: &Explanation) {
    let name = page.styles.name;
    let (topic, title) = (
        escape::line(&answer.topic.name),
        escape::line(&answer.title),
    );
    if cells(&topic) + 3 + cells(&title) <= page.room(0) {
        page.row(&[(name, &topic), (Style::new(), &format!("   {title}"))]);
    } else {
        page.row(&[(name, &topic)]);
        page.paragraph(HEADING, &title);
    }
    for note in &answer.notes {
        page.paragraph(0, &format!("note: {note}"));
    }
    let is_index = answer.topic.kind == "list" && answer.topic.name == "topics";
    for section in &answer.sections {
        match section.blocks.as_slice() {
            [Block::Rows(rows)] if is_index => {
                heading(page, &section.heading);
                index(page, rows);
            }
            _ => write(page, section),
        }
    }
    if !answer.rules.is_empty() {
        let rows = answer.rules.iter().map(|one| Row {
            label: one.rule.clone(),
            text: one.told(),
        });
        let rows: Vec<Row> = rows.collect();
        heading(page, "Rules");
        table(page, &rows);
    }
    if !answer.see.is_empty() {
        heading(page, "Read on");
        let names: Vec<&str> = answer.see.iter().map(|one| one.name.as_str()).collect();
        page.paragraph(BODY, &names.join(", "));
    }
    if !answer.sources.is_empty() {
        let sure = answer.confidence.as_ref();
        let sure = sure.map_or_else(String::new, |word| format!(" (confidence: {word})"));
        heading(page, &format!("Sources{sure}"));
        for source in &answer.sources {
            page.paragraph(BODY, &source.title);
            if let Some(url) = &source.url {
                // Whole, however long: it is there to be copied.
                page.row(&[(Style::new(), &format!("{:1$}{url}", "", BODY + 2))]);
            }
        }
    }
    if !answer.also.is_empty() {
        heading(page, "Other topics of this name");
        for one in &answer.also {
            let line = format!("{:BODY$}{}", "", ask(one));
            page.row(&[(page.styles.command, &line)]);
        }
    }
}

/// The command that explains exactly this topic.
fn ask(topic: &TopicName) -> String {
    format!("tcptune explain {}/{}", topic.kind, topic.name)
}

fn heading(page: &mut Page, text: &str) {
    page.gap();
    let name = page.styles.name;
    for line in wrap(&escape::line(text), page.room(HEADING)) {
        page.row(&[(name, &format!("{:HEADING$}{line}", ""))]);
    }
}

fn write(page: &mut Page, section: &Section) {
    if section.heading.is_empty() {
        page.gap();
    } else {
        heading(page, &section.heading);
    }
    let mut first = true;
    for block in &section.blocks {
        // Paragraphs stand apart, and so does more than one line of code; a command belongs to what it shows.
        let apart = match block {
            Block::Text(_) => true,
            Block::Code(lines) => lines.len() > 1,
            Block::List(_) | Block::Rows(_) => false,
        };
        if !first && apart {
            page.gap();
        }
        first = false;
        match block {
            Block::Text(text) => page.paragraph(BODY, text),
            Block::List(items) => {
                for item in items {
                    listed(page, item);
                }
            }
            Block::Code(lines) => {
                for line in lines {
                    let line = format!("{:1$}{line}", "", BODY + 2);
                    page.row(&[(page.styles.command, &line)]);
                }
            }
            Block::Rows(rows) => table(page, rows),
        }
    }
}

fn listed(page: &mut Page, item: &str) {
    for (at, line) in wrap(&escape::line(item), page.room(BODY + 2))
        .iter()
        .enumerate()
    {
        let mark = if at == 0 { "- " } else { "  " };
        page.row(&[(Style::new(), &format!("{:BODY$}{mark}{line}", ""))]);
    }
}

/// Names with the beginning of what they are about, one line each.
fn index(page: &mut Page, rows: &[Row]) {
    const COLUMN: usize = 36;
    for row in rows {
        let label = pad(&escape::line(&row.label), COLUMN);
        let room = page.room(BODY + cells(&label) + 1);
        let line = format!(
            "{:BODY$}{label} {}",
            "",
            cut(&escape::line(&row.text), room)
        );
        page.row(&[(Style::new(), &line)]);
    }
}

/// Labels in one column, as wide as the widest that is not too wide.
fn table(page: &mut Page, rows: &[Row]) {
    let widths = rows.iter().map(|row| cells(&escape::line(&row.label)));
    let column = widths.filter(|width| *width <= WIDEST_LABEL).max();
    let column = column.unwrap_or(0) + 2;
    for row in rows {
        let label = escape::line(&row.label);
        let lines = wrap(&escape::line(&row.text), page.room(BODY + column));
        let alone = cells(&label) > WIDEST_LABEL;
        if alone {
            page.row(&[(Style::new(), &format!("{:BODY$}{label}", ""))]);
        }
        for (at, line) in lines.iter().enumerate() {
            let label = if at == 0 && !alone {
                label.as_str()
            } else {
                ""
            };
            let label = pad(label, column);
            page.row(&[(Style::new(), &format!("{:BODY$}{label}{line}", ""))]);
        }
    }
}
