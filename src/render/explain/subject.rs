//! From a topic and what is known of the host to its explanation.

use super::{
    Basis, EXPLAIN_SCHEMA, Explanation, Now, RuleName, Section, SourceName, Told, TopicName,
    counter, error, key, prose, state, timing,
};
use crate::render::report::Tool;
use crate::rule::{Rule, Rulebook};
use crate::topic::{self, Confidence, Kind, Text, Topic, Unreadable};

/// Explains a topic; `also` are others its word may have meant.
///
/// # Errors
///
/// Fails when the program's own texts are broken, which its tests rule out.
pub fn explain(
    topic: &Topic,
    also: &[Topic],
    now: &Now<'_>,
    book: &Rulebook,
) -> Result<Explanation, Unreadable> {
    let text = topic::text(topic)?;
    let mut values = Vec::new();
    let told = &mut values;
    let (title, sections) = match &text {
        None => (
            key::title(&topic.name, now),
            key::sections(topic, None, now, told),
        ),
        Some(Text::Key(text)) => {
            let sections = key::sections(topic, Some(text), now, told);
            (key::title(&topic.name, now), sections)
        }
        Some(Text::State(text)) => {
            let sections = state::sections(topic, text, now, told);
            ("state of a TCP socket".to_owned(), sections)
        }
        Some(Text::Error(text)) => (error::title(text), error::sections(topic, text, now, told)),
        Some(Text::Counter(text)) => {
            let sections = counter::counter(topic, text, now, told);
            ("counter of the kernel".to_owned(), sections)
        }
        Some(Text::Option(text)) => {
            let sections = counter::option(topic, text, now, told);
            ("socket option".to_owned(), sections)
        }
        Some(Text::Timing(text)) => {
            let sections = timing::sections(&topic.name, text, now, told);
            (text.title.clone(), sections)
        }
        Some(Text::Myth(text)) => ("a myth".to_owned(), counter::myth(text)),
        Some(Text::Concept(text)) => (text.title.clone(), counter::concept(text)),
    };
    let about = text.as_ref().map(Text::about);
    let words: &[String] = about.as_ref().map_or(&[], |about| &about.see);
    let named = match &text {
        Some(Text::State(text)) => text.rules.clone(),
        _ => Vec::new(),
    };
    let confidence = about.as_ref().map(|about| about.confidence);
    let mut answer = page(name_of(topic), title, now, sections, values);
    answer.also = also.iter().map(name_of).collect();
    answer.rules = rules(topic, &named, words, book);
    // A rule is told apart, also where its id is the name of a key with other marks.
    let others: Vec<String> = words
        .iter()
        .filter(|word| book.rule(word).is_none())
        .cloned()
        .collect();
    for one in references(topic, &others).into_iter().flatten() {
        if !answer.see.contains(&one) {
            answer.see.push(one);
        }
    }
    answer.confidence = confidence.map(|one| Confidence::word(one).to_owned());
    answer.sources = about.map_or_else(Vec::new, |about| {
        let sources = about.sources.into_iter();
        sources
            .map(|one| SourceName {
                title: one.title,
                url: one.url,
            })
            .collect()
    });
    Ok(answer)
}

/// Explains a rule.
pub fn explain_rule(rule: &Rule, disabled_by: Option<&str>, now: &Now<'_>) -> Explanation {
    let response = rule.response();
    let mut sections = prose::sections(&response.explain);
    let mut when = Vec::new();
    if let Some(subject) = rule.each {
        when.push(format!("// for each {}, one at a time", subject.word()));
    }
    when.extend(rule.when().text().trim_end().lines().map(str::to_owned));
    sections.extend(Section::of("When it fires", super::Block::Code(when)));
    let title = format!(
        "{} {} rule, {}; mechanism: {}; owner: {}",
        rule.severity.word(),
        rule.kind.word(),
        rule.maturity.word(),
        rule.mechanism,
        rule.owner.word(),
    );
    let name = TopicName {
        kind: "rule".to_owned(),
        name: rule.id.clone(),
    };
    let mut answer = page(name, title, now, sections, Vec::new());
    let references = response.references.iter();
    answer.sources = references
        .map(|one| SourceName {
            title: one.title.clone(),
            url: Some(one.url.clone()),
        })
        .collect();
    if let Some(file) = disabled_by {
        answer.notes.push(format!("disabled by {file}"));
    }
    // The keys, counters and options that the facts of the rule are about.
    let facts = rule.facts();
    let mut see: Vec<TopicName> = Vec::new();
    for fact in &facts {
        let Some((family, rest)) = fact.split_once('.') else {
            continue;
        };
        let kind = match family {
            "sysctl" | "default" | "boot" => Kind::Key,
            "counter" | "gauge" => Kind::Counter,
            _ => continue,
        };
        let found = topic::find(rest).into_iter().find(|one| one.kind == kind);
        let found = found.filter(|one| topic::text(one).is_ok_and(|text| text.is_some()));
        if let Some(found) = found.as_ref().map(name_of)
            && !see.contains(&found)
        {
            see.push(found);
        }
    }
    answer.see = see;
    answer
}

/// A page without what surrounds it.
pub(super) fn page(
    topic: TopicName,
    title: String,
    now: &Now<'_>,
    sections: Vec<Section>,
    values: Vec<Told>,
) -> Explanation {
    let notes = match now.basis {
        Basis::Host | Basis::Unread => now.snapshot.now.notes.clone(),
        Basis::Kernel => Vec::new(),
    };
    Explanation {
        schema: EXPLAIN_SCHEMA.to_owned(),
        tool: Tool {
            name: "tcptune".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        topic,
        title,
        kernel: now.kernel.map(|kernel| kernel.release.clone()),
        basis: now.basis,
        also: Vec::new(),
        sections,
        values,
        rules: Vec::new(),
        see: Vec::new(),
        confidence: None,
        sources: Vec::new(),
        notes,
    }
}

/// The topics that words of a text point to, `None` for a word that means nothing. A rule is no topic of a
/// text: those are listed apart.
pub fn references(topic: &Topic, words: &[String]) -> Vec<Option<TopicName>> {
    let found = words.iter().map(|word| {
        // Most words are names; the likeliest of all spellings is looked for only where they are not.
        if let Some(exact) = topic::exact(word).filter(|exact| exact != topic) {
            return Some(name_of(&exact));
        }
        let found = topic::find(word).into_iter();
        let found = found
            .filter(|other| other != topic)
            .map(|other| name_of(&other));
        found.into_iter().next().or_else(|| overview_of(word))
    });
    found.collect()
}

/// `states`, `timings`: all topics of a kind.
fn overview_of(word: &str) -> Option<TopicName> {
    let kind = Kind::of_word(word).filter(|kind| kind.plural() == word)?;
    Some(TopicName {
        kind: "list".to_owned(),
        name: kind.plural().to_owned(),
    })
}

fn name_of(topic: &Topic) -> TopicName {
    TopicName {
        kind: topic.kind.word().to_owned(),
        name: topic.name.clone(),
    }
}

/// Rules that set or read what the topic is, and those its text names.
fn rules(topic: &Topic, named: &[String], see: &[String], book: &Rulebook) -> Vec<RuleName> {
    let fact = match topic.kind {
        Kind::Key => Some(format!("sysctl.{}", topic.name)),
        Kind::Counter => Some(format!("counter.{}", topic.name)),
        _ => None,
    };
    let mut list: Vec<RuleName> = Vec::new();
    for rule in book.rules() {
        // Whatever a rule sets is among its facts; the rest of it is read only where it has to do with this.
        let reads = fact.as_ref().is_some_and(|fact| rule.reads(fact));
        let sets = reads
            && topic.kind == Kind::Key
            && rule.response().set.iter().any(|one| one.key == topic.name);
        let about = named.iter().chain(see).any(|id| *id == rule.id);
        let how = match (sets, reads, about) {
            (true, ..) => "sets",
            (_, true, _) => "reads",
            (_, _, true) => "about",
            _ => continue,
        };
        list.push(RuleName {
            rule: rule.id.clone(),
            how: how.to_owned(),
            title: rule.response().title.outline(),
        });
    }
    list
}
