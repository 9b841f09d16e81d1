//! What a site calls a host: its role, its place, its owner.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Labels of a host, by name. No rule reads them: they are for whoever groups hosts afterwards.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>")]
pub struct Labels(BTreeMap<String, String>);

/// The longest name, in bytes: as long as a column may be called anywhere.
const LONGEST_KEY: usize = 50;
/// The longest value, in bytes.
const LONGEST_VALUE: usize = 256;

impl Labels {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names and their values.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// A label as it is given on a command line: `role=edge`. The error says what is wrong with it.
    pub fn parse(text: &str) -> Result<(String, String), String> {
        let Some((key, value)) = text.split_once('=') else {
            return Err("give KEY=VALUE, such as role=edge".to_owned());
        };
        sound(key, value)?;
        Ok((key.to_owned(), value.to_owned()))
    }

    /// The same labels and these; of two with one name the latter.
    #[must_use]
    pub fn and(mut self, more: &[(String, String)]) -> Self {
        self.0.extend(more.iter().cloned());
        self
    }
}

impl TryFrom<BTreeMap<String, String>> for Labels {
    type Error = String;

    fn try_from(labels: BTreeMap<String, String>) -> Result<Self, String> {
        for (key, value) in &labels {
            sound(key, value)?;
        }
        Ok(Self(labels))
    }
}

/// Refuses what would be no column, or one that differs from another only by its spelling.
fn sound(key: &str, value: &str) -> Result<(), String> {
    let begins = key.starts_with(|letter: char| letter.is_ascii_lowercase());
    let plain =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    if !begins || !key.chars().all(plain) || key.len() > LONGEST_KEY {
        return Err(format!(
            "a label is named by a lower-case letter and up to {} more, digits or `_`",
            LONGEST_KEY - 1
        ));
    }
    if value.is_empty() || value.len() > LONGEST_VALUE || value.chars().any(char::is_control) {
        return Err(format!(
            "the value of a label has 1 to {LONGEST_VALUE} bytes and no control characters"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_a_name_and_a_text() {
        let label = |key: &str, value: &str| Ok((key.to_owned(), value.to_owned()));
        assert_eq!(Labels::parse("role=edge"), label("role", "edge"));
        assert_eq!(Labels::parse("url=a=b"), label("url", "a=b"));
        assert_eq!(
            Labels::parse("site=K\u{f6}ln 2"),
            label("site", "K\u{f6}ln 2")
        );
        let long = format!("{}=x", "k".repeat(51));
        for bad in [
            "role",
            "=x",
            "Role=x",
            "1a=x",
            "a-b=x",
            "role=",
            "role=\u{1b}[2J",
            &long,
        ] {
            assert!(Labels::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_file_is_held_to_the_same() {
        let read = |text: &str| serde_json::from_str::<Labels>(text);
        assert_eq!(read(r#"{"role":"edge"}"#).unwrap().iter().len(), 1);
        for bad in [
            r#"{"Role":"x"}"#,
            r#"{"role":""}"#,
            r#"{"role":1}"#,
            r#"["role"]"#,
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_latter_of_two_holds() {
        let first = Labels::default().and(&[("role".to_owned(), "edge".to_owned())]);
        let both = first.and(&[("role".to_owned(), "core".to_owned())]);
        assert_eq!(both.iter().collect::<Vec<_>>(), [("role", "core")]);
    }
}
