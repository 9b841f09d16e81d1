//! JSON Schemas (draft 2020-12) of the files a site writes, for editors that complete and check while
//! somebody types. What expressions mean is beyond a schema: `tcptune rules test` reads them.

use serde_json::{Map, Value, json};

use crate::catalog::{self, KeySpec, Kind, Write};

use super::form::{CASES, DISABLING, Field, Form, PROFILE, RULE, TARGET, WAIVERS};

/// The schema of a rule file, and of one that disables a rule.
pub fn rule_schema() -> String {
    let mut rule = object(RULE);
    rule.insert(
        "if".to_owned(),
        json!({ "properties": { "maturity": { "const": "stable" } } }),
    );
    rule.insert("then".to_owned(), json!({ "required": ["lab"] }));
    let mut root = Map::new();
    root.insert("if".to_owned(), json!({ "required": ["disabled"] }));
    root.insert("then".to_owned(), Value::Object(object(DISABLING)));
    root.insert("else".to_owned(), Value::Object(rule));
    written("rule", "tcptune rule", root)
}

/// The schema of a file of cases.
pub fn case_schema() -> String {
    written("cases", "tcptune cases", object(CASES))
}

/// The schema of the site's file of waivers.
pub fn waiver_schema() -> String {
    let mut root = object(WAIVERS);
    // A file without a word yet.
    root.insert("type".to_owned(), json!(["object", "null"]));
    written("waivers", "tcptune waivers", root)
}

/// The schema of a profile.
pub fn profile_schema() -> String {
    written("profile", "tcptune profile", object(PROFILE))
}

fn written(name: &str, title: &str, root: Map<String, Value>) -> String {
    let mut schema = Map::new();
    let head = [
        (
            "$schema",
            "https://json-schema.org/draft/2020-12/schema".to_owned(),
        ),
        ("$id", format!("urn:tcptune:{name}:1")),
        ("title", title.to_owned()),
    ];
    schema.extend(head.map(|(name, value)| (name.to_owned(), value.into())));
    schema.extend(root);
    format!("{:#}\n", Value::Object(schema))
}

fn object(fields: &[Field]) -> Map<String, Value> {
    let mut properties = Map::new();
    for field in fields {
        let mut form = form(field.form);
        if let Some(form) = form.as_object_mut() {
            form.insert("description".to_owned(), field.says.into());
        }
        properties.insert(field.name.to_owned(), form);
    }
    let required: Vec<&str> = fields
        .iter()
        .filter(|field| field.must)
        .map(|field| field.name)
        .collect();
    let mut object = Map::new();
    object.insert("type".to_owned(), "object".into());
    object.insert("properties".to_owned(), Value::Object(properties));
    object.insert("required".to_owned(), required.into());
    object.insert("additionalProperties".to_owned(), false.into());
    object
}

fn form(form: Form) -> Value {
    match form {
        Form::Id => json!({
            "type": "string", "maxLength": 60, "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
        }),
        Form::Text => json!({ "type": "string" }),
        Form::Day => json!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" }),
        Form::Address => json!({ "type": "string", "pattern": "^https://" }),
        Form::True => json!({ "const": true }),
        Form::Flag => json!({ "type": "boolean" }),
        Form::Whole => json!({ "type": "integer", "minimum": 0 }),
        Form::Seconds => json!({ "type": "number", "minimum": 0 }),
        Form::Window => {
            json!({ "anyOf": [{ "type": "number", "minimum": 0 }, { "const": "none" }] })
        }
        Form::Word(words) => json!({ "enum": words() }),
        Form::Only(word) => json!({ "const": word }),
        Form::Expression | Form::Scalar => json!({ "type": ["string", "number", "boolean"] }),
        Form::Expressions => list(&self::form(Form::Expression)),
        Form::Texts => list(&self::form(Form::Text)),
        Form::Target => any_target(),
        Form::Targets => targets(),
        Form::Group(fields) => Value::Object(object(fields)),
        Form::Groups(fields) => list(&Value::Object(object(fields))),
        Form::Scalars => json!({
            "type": "object", "additionalProperties": self::form(Form::Scalar)
        }),
        Form::Values => json!({
            "type": "object", "additionalProperties": {
                "anyOf": [value(), {
                    "type": "object", "additionalProperties": false, "required": ["at_least"],
                    "properties": { "at_least": value() }
                }]
            }
        }),
        Form::Readings => json!({
            "type": "object", "additionalProperties": pair_or_one(&self::form(Form::Scalar))
        }),
        Form::Counts => pair_or_one(&self::form(Form::Whole)),
    }
}

/// One value, or a list of its parts.
fn value() -> Value {
    let one = form(Form::Scalar);
    json!({ "anyOf": [one, list(&one)] })
}

fn list(item: &Value) -> Value {
    json!({ "type": "array", "items": item })
}

/// One reading, or the earlier one and the one now.
fn pair_or_one(item: &Value) -> Value {
    let pair = json!({ "type": "array", "items": item, "minItems": 2, "maxItems": 2 });
    json!({ "anyOf": [item, pair] })
}

fn any_target() -> Value {
    let one = form(Form::Expression);
    json!({ "anyOf": [one, { "type": "array", "items": one, "minItems": 1, "maxItems": 3 }] })
}

/// Every key that may be set, with as many expressions as its value has numbers. Interfaces have keys of
/// their own, so others are taken too.
fn targets() -> Value {
    let writable = |spec: &&KeySpec| !spec.is_pattern() && spec.write == Write::Allowed;
    let keys = catalog::keys().iter().filter(writable);
    let properties: Map<String, Value> = keys
        .map(|spec| {
            let one = form(Form::Expression);
            let to = match spec.kind {
                Kind::Range => several(&one, 2),
                Kind::Triple => several(&one, 3),
                _ => one,
            };
            (spec.key.to_owned(), with_condition(&to))
        })
        .collect();
    json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": with_condition(&any_target()),
    })
}

fn several(item: &Value, count: usize) -> Value {
    json!({ "type": "array", "items": item, "minItems": count, "maxItems": count })
}

/// A target, or a target with the condition under which it is wanted.
fn with_condition(target: &Value) -> Value {
    let mut group = object(TARGET);
    if let Some(to) = group
        .get_mut("properties")
        .and_then(|all| all.get_mut("to"))
    {
        *to = target.clone();
    }
    json!({ "anyOf": [target, group] })
}
