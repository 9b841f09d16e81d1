//! Every topic of a kind on one page, and lists of topics.

use super::subject::page;
use super::{Block, Explanation, Now, Row, Section, TopicName, diagram, state, timing};
use crate::rule::Rule;
use crate::topic::{self, Kind, Text, Topic, Unreadable};

/// All topics of a kind: the state diagram, the times of this host, the myths, or a list.
///
/// # Errors
///
/// Fails when the program's own texts are broken, which its tests rule out.
pub fn overview(kind: Kind, now: &Now<'_>) -> Result<Explanation, Unreadable> {
    let mut values = Vec::new();
    let topics = topic::topics().filter(|topic| topic.kind == kind);
    let (title, sections) = match kind {
        Kind::State => {
            let drawing = Section::of(&now.place(), Block::Code(diagram::lines(now, &mut values)));
            // As a connection lives, not as the alphabet has it.
            let mut topics: Vec<Topic> = topics.collect();
            topics.sort_by_key(|topic| state::order(&topic.name));
            let list = Section::rows("What each means", rows(topics.into_iter())?);
            let both = drawing.into_iter().chain(list).collect();
            (
                "the states of a TCP socket, with how many there are".to_owned(),
                both,
            )
        }
        Kind::Timing => {
            let mut sections: Vec<Section> =
                Section::text("", Some(&now.place())).into_iter().collect();
            sections.extend(timing::every(now, &mut values));
            (
                "times and rates that follow from the settings".to_owned(),
                sections,
            )
        }
        Kind::Myth => {
            let mut items = Vec::new();
            for topic in topics {
                if let Some(Text::Myth(myth)) = topic::text(&topic)? {
                    items.push(format!("\"{}\" {}", myth.claim.trim(), myth.truth.trim()));
                }
            }
            let list = Section::list("", items).into_iter().collect();
            ("what is often said, and wrong".to_owned(), list)
        }
        _ => {
            let list = Section::rows("", rows(topics)?).into_iter().collect();
            (format!("every {} that can be explained", kind.word()), list)
        }
    };
    let name = TopicName {
        kind: "list".to_owned(),
        name: kind.plural().to_owned(),
    };
    Ok(page(name, title, now, sections, values))
}

/// A list of topics and rules, one line each, kinds apart.
///
/// # Errors
///
/// Fails when the program's own texts are broken, which its tests rule out.
pub fn list(
    title: &str,
    topics: &[Topic],
    rules: &[&Rule],
    now: &Now<'_>,
) -> Result<Explanation, Unreadable> {
    let mut sections = Vec::new();
    for kind in Kind::ALL {
        let own = topics.iter().filter(|topic| topic.kind == kind).cloned();
        sections.extend(Section::rows(kind.plural(), rows(own)?));
    }
    let rules = rules.iter();
    let rules = rules.map(|rule| Row::new(&rule.id, rule.response().title.outline()));
    sections.extend(Section::rows("rules", rules.collect()));
    let name = TopicName {
        kind: "list".to_owned(),
        name: "topics".to_owned(),
    };
    Ok(page(name, title.to_owned(), now, sections, Vec::new()))
}

fn rows(topics: impl Iterator<Item = Topic>) -> Result<Vec<Row>, Unreadable> {
    let mut rows = Vec::new();
    for topic in topics {
        let text = topic::text(&topic)?;
        let short = match &text {
            Some(Text::Error(text)) => format!("{}: {}", text.number, text.text),
            Some(text) => text.short().trim().to_owned(),
            None => String::new(),
        };
        rows.push(Row::new(&topic.opener(), short));
    }
    Ok(rows)
}
