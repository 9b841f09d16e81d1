//! The labels of a host in its records: each a field of its own, `label_role`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Value;

use crate::fact;

/// What the name of a field begins with.
const PREFIX: &str = "label_";

/// The labels of a host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels(pub BTreeMap<String, String>);

impl From<&fact::Labels> for Labels {
    fn from(labels: &fact::Labels) -> Self {
        let own = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        Self(labels.iter().map(own).collect())
    }
}

impl Serialize for Labels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(&format!("{PREFIX}{key}"), value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Labels {
    /// The other fields of the record pass by here too.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut labels = BTreeMap::new();
        for (name, value) in BTreeMap::<String, Value>::deserialize(deserializer)? {
            match (name.strip_prefix(PREFIX), value) {
                (Some(key), Value::String(text)) => {
                    labels.insert(key.to_owned(), text);
                }
                (Some(_), _) => return Err(D::Error::custom(format!("`{name}` is no text"))),
                (None, _) => {}
            }
        }
        Ok(Self(labels))
    }
}

impl JsonSchema for Labels {
    fn schema_name() -> Cow<'static, str> {
        "Labels".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "patternProperties": {
                "^label_[a-z][a-z0-9_]*$": {
                    "description": "A label of the host, as `--label` gave it.",
                    "type": "string",
                },
            },
        })
    }
}
