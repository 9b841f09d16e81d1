//! The texts, one shape for each kind.

use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Kind, Source, Topic, spelling};

/// How sure a text is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// The source was read and the value or behaviour tried, or the source leaves no doubt.
    #[default]
    High,
    /// The source or the documentation was read, and nothing tried.
    Medium,
    /// From memory or second hand.
    Low,
}

impl Confidence {
    /// The word in pages and JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }

    /// What the word stands for.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::High => "the kernel's source was read or the behaviour was tried",
            Self::Medium => "from the documentation or the source; not tried",
            Self::Low => "from memory or second hand",
        }
    }
}

/// What every text has: where to read on, where it comes from, how sure it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Other topics, in any spelling.
    pub see: Vec<String>,
    /// Where the claims come from.
    pub sources: Vec<Source>,
    /// How sure they are.
    pub confidence: Confidence,
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
            #[serde(default)]
            see: Vec<String>,
            sources: Vec<Source>,
            #[serde(default)]
            confidence: Confidence,
        }

        impl $name {
            fn about(&self) -> About {
                About {
                    see: self.see.clone(),
                    sources: self.sources.clone(),
                    confidence: self.confidence,
                }
            }
        }
    )+};
}

texts! {
    /// A setting, or a family of settings.
    Key {
        /// What the kernel does with it, and for whom.
        does: String,
        /// What changes when it is raised, or switched on.
        up: Option<String>,
        /// What changes when it is lowered, or switched off.
        down: Option<String>,
        /// What changes with other values, where up and down say nothing.
        change: Option<String>,
        /// When to leave it alone.
        leave: Option<String>,
        /// Why it was removed or does nothing any more, and what to do instead.
        gone: Option<String>,
        /// What happened to it, by release, beside what the catalogue tells.
        #[serde(default)]
        history: Vec<String>,
        /// A trap.
        note: Option<String>,
        /// The times it feeds, by id.
        #[serde(default)]
        timings: Vec<String>,
    }

    /// A state of a TCP socket (RFC 9293 section 3.3.2).
    State {
        /// What it means.
        means: String,
        /// Who must act next.
        next: String,
        /// How long a socket stays in it when nothing is wrong.
        lasts: String,
        /// Whose sockets these are.
        whose: String,
        /// When many are a fault.
        fault: String,
        /// What helps.
        helps: String,
        /// How a socket comes into it.
        enter: Vec<String>,
        /// How it leaves it.
        leave: Vec<String>,
        /// The times that matter, by id.
        #[serde(default)]
        timings: Vec<String>,
        /// The rules about it.
        #[serde(default)]
        rules: Vec<String>,
    }

    /// A value of `errno`. Either all of `calls` to `fix`, or the three lines of `brief`.
    ErrorText {
        /// Its number on most machines (`include/uapi/asm-generic/errno.h`).
        number: i32,
        /// What strerror(3) says.
        text: String,
        /// Other names of the same number.
        #[serde(default)]
        aliases: Vec<String>,
        /// What it is, when socket calls give it, what to do.
        brief: Option<[String; 3]>,
        /// The calls that return it, each with when.
        #[serde(default)]
        calls: Vec<String>,
        /// The event behind it.
        event: Option<String>,
        /// What leads to it, the most likely first.
        #[serde(default)]
        causes: Vec<String>,
        /// How to tell the causes apart.
        #[serde(default)]
        tell: Vec<Symptom>,
        /// Which time-outs decide when it appears.
        until: Option<String>,
        /// Those times, by id.
        #[serde(default)]
        timings: Vec<String>,
        /// What to repair.
        fix: Option<String>,
        /// What is wrongly said about it.
        #[serde(default)]
        wrong: Vec<String>,
    }

    /// A counter of the kernel.
    Counter {
        /// What makes it rise.
        rises: String,
        /// What a rise means.
        means: String,
        /// False alarms, and what differs between kernels.
        beware: Option<String>,
    }

    /// A socket option that overrides a setting, or acts together with one.
    OptionText {
        /// The level to set it at: `IPPROTO_TCP`.
        level: String,
        /// What it takes.
        value: String,
        /// What it does.
        does: String,
        /// The settings it stands over.
        overrides: Vec<String>,
        /// How the two combine.
        how: String,
        /// The first release with it.
        since: Option<String>,
    }

    /// A time or a rate that follows from settings; see [`crate::timing`].
    TimingText {
        /// What it is.
        title: String,
        /// How it is worked out.
        formula: String,
        /// What ends then, and how a program sees it.
        means: String,
        /// What the number does not tell.
        beware: String,
        /// The settings it follows from.
        keys: Vec<String>,
    }

    /// What is often said and wrong.
    Myth {
        /// As people say it.
        claim: String,
        /// What is true, and how we know.
        truth: String,
        /// The topics it is about, in any spelling.
        about: Vec<String>,
    }

    /// How something works.
    Concept {
        /// What it is about.
        title: String,
        /// Paragraphs, lists and indented code.
        text: String,
    }
}

/// How one cause looks, and a command that shows it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Symptom {
    /// What there is to see.
    pub when: String,
    /// The command.
    pub run: String,
}

/// The text of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// Of a setting.
    Key(Key),
    /// Of a state.
    State(State),
    /// Of an error.
    Error(ErrorText),
    /// Of a counter.
    Counter(Counter),
    /// Of a socket option.
    Option(OptionText),
    /// Of a time.
    Timing(TimingText),
    /// Of a myth.
    Myth(Myth),
    /// Of a concept.
    Concept(Concept),
}

impl Text {
    /// What every text has.
    pub fn about(&self) -> About {
        match self {
            Self::Key(text) => text.about(),
            Self::State(text) => text.about(),
            Self::Error(text) => text.about(),
            Self::Counter(text) => text.about(),
            Self::Option(text) => text.about(),
            Self::Timing(text) => text.about(),
            Self::Myth(text) => text.about(),
            Self::Concept(text) => text.about(),
        }
    }

    /// The times it names.
    pub fn timings(&self) -> &[String] {
        match self {
            Self::Key(text) => &text.timings,
            Self::State(text) => &text.timings,
            Self::Error(text) => &text.timings,
            _ => &[],
        }
    }

    /// What it is in one line.
    pub fn short(&self) -> &str {
        match self {
            Self::Key(text) => first_sentence(&text.does),
            Self::State(text) => first_sentence(&text.means),
            Self::Error(text) => &text.text,
            Self::Counter(text) => first_sentence(&text.rises),
            Self::Option(text) => first_sentence(&text.does),
            Self::Timing(text) => &text.title,
            Self::Myth(text) => &text.claim,
            Self::Concept(text) => &text.title,
        }
    }
}

/// A text that does not have the shape of its kind: a fault of the program's own data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable(String);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the built-in text cannot be read: {}", self.0)
    }
}

impl std::error::Error for Unreadable {}

/// The text of a topic; `None` when there is none, as of a key that only its family knows.
///
/// # Errors
///
/// Fails when the program's own data is broken, which `cargo test` rules out.
pub fn text(topic: &Topic) -> Result<Option<Text>, Unreadable> {
    let Some(json) = spelling::entry(topic) else {
        return Ok(None);
    };
    let text = match topic.kind {
        Kind::Key => Text::Key(read(json)?),
        Kind::State => Text::State(read(json)?),
        Kind::Error => Text::Error(read(json)?),
        Kind::Counter => Text::Counter(read(json)?),
        Kind::Option => Text::Option(read(json)?),
        Kind::Timing => Text::Timing(read(json)?),
        Kind::Myth => Text::Myth(read(json)?),
        Kind::Concept => Text::Concept(read(json)?),
    };
    Ok(Some(text))
}

/// Every myth that names a topic; those that are about it before all else come first.
pub fn myths_about(topic: &Topic) -> Vec<Myth> {
    /// What has to be read to know whether the rest is wanted.
    #[derive(Deserialize)]
    struct Names {
        about: Vec<String>,
    }
    let own = spelling::own_words(topic);
    let means = |word: &String| match spelling::qualified(word) {
        Some((kind, rest)) => kind == topic.kind && own.contains(&spelling::plain(rest)),
        None => own.contains(&spelling::plain(word)),
    };
    let stored = spelling::stored_of(Kind::Myth);
    let wanted = stored.filter(|(_, json)| {
        let names: Result<Names, _> = serde_json::from_str(json);
        names.is_ok_and(|names| names.about.iter().any(means))
    });
    let mut about: Vec<Myth> = wanted.filter_map(|(_, json)| read(json).ok()).collect();
    about.sort_by_key(|myth| !myth.about.first().is_some_and(means));
    about
}

fn read<T: DeserializeOwned>(json: &str) -> Result<T, Unreadable> {
    serde_json::from_str(json).map_err(|error| Unreadable(error.to_string()))
}

/// Up to the first full stop that ends a sentence.
fn first_sentence(text: &str) -> &str {
    text.split_once(". ").map_or(text, |(first, _)| first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_ends_at_its_full_stop_and_not_inside_a_number() {
        assert_eq!(
            first_sentence("It takes 1.5 s. Then more."),
            "It takes 1.5 s"
        );
        assert_eq!(first_sentence("One."), "One.");
    }

    #[test]
    fn a_field_nobody_knows_is_refused() {
        let broken = read::<Concept>(r#"{"title":"x","text":"y","sources":[],"x":1}"#);
        assert!(broken.unwrap_err().to_string().contains("unknown field"));
    }
}
