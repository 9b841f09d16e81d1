//! A socket error.

use super::{Block, Now, Row, Section, Told, key, timing};
use crate::topic::{ErrorText, Topic};

/// `errno 110: Connection timed out`.
pub(super) fn title(text: &ErrorText) -> String {
    let also = match text.aliases.as_slice() {
        [] => String::new(),
        names => format!("; the same as {}", names.join(", ")),
    };
    format!("error {}: {}{also}", text.number, text.text)
}

/// The whole explanation.
pub(super) fn sections(
    topic: &Topic,
    text: &ErrorText,
    now: &Now<'_>,
    values: &mut Vec<Told>,
) -> Vec<Section> {
    if let Some(lines) = &text.brief {
        let blocks = lines.iter().map(|line| Block::Text(line.clone())).collect();
        let mut sections = vec![Section {
            heading: String::new(),
            blocks,
        }];
        sections.extend(timing::section(&text.timings, now, values));
        return sections;
    }
    let tell = text.tell.iter();
    let tell = tell.flat_map(|one| {
        [
            Block::Text(one.when.clone()),
            Block::Code(vec![one.run.clone()]),
        ]
    });
    let tell = Section {
        heading: "How to tell them apart".to_owned(),
        blocks: tell.collect(),
    };
    [
        Section::text("", text.event.as_deref()),
        Section::list("Which calls return it", text.calls.clone()),
        Section::rows("Likely causes, the likeliest first", numbered(&text.causes)),
        Some(tell).filter(|tell| !tell.blocks.is_empty()),
        Section::text("Which time-outs decide", text.until.as_deref()),
        timing::section(&text.timings, now, values),
        Section::text("What to repair", text.fix.as_deref()),
        Section::list("Said about it, and wrong", wrong(topic, text)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn numbered(items: &[String]) -> Vec<Row> {
    let items = items.iter().zip(1..);
    items
        .map(|(item, number)| Row::new(&number.to_string(), item.as_str()))
        .collect()
}

fn wrong(topic: &Topic, text: &ErrorText) -> Vec<String> {
    let mut wrong = text.wrong.clone();
    wrong.extend(key::wrong(topic));
    wrong
}
