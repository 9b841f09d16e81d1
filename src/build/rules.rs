//! Turns `rules/<mechanism>/<id>.yaml` into compact data, so that no YAML is parsed at start.
//!
//! Whether a rule makes sense is not judged here: `cargo test` reads every rule with the same code
//! that reads site rules.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

/// The words of a rule that every run reads beside its conditions, and the types that list them; all other fields
/// matter when it fires.
const WORDS: [(&str, &str); 5] = [
    ("severity", "Severity"),
    ("kind", "Kind"),
    ("maturity", "Maturity"),
    ("scope", "Scope"),
    ("owner", "Owner"),
];

/// How the names of facts begin.
const FACTS: [&str; 21] = [
    "assignment",
    "sysctl",
    "counter",
    "gauge",
    "socket",
    "listener",
    "destination",
    "definition",
    "setting",
    "boot",
    "default",
    "port",
    "host",
    "sockstat",
    "softnet",
    "window",
    "conntrack",
    "udp",
    "interface",
    "param",
    "waiver",
];

/// Parts of a value, which are no part of a fact's name.
const PARTS: [&str; 7] = ["min", "default", "max", "low", "high", "size", "count"];

/// The folder of the rules about texts, which are a book of their own.
const LINT: &str = "lint";

/// Writes `BUILT_IN`, and `LINT` for the rules about texts: for each rule what every run reads of it, its
/// response as JSON, its explanation, and the facts it reads.
pub(crate) fn generate(folder: &Path, out: &Path) -> Result<(), String> {
    let mut files = Vec::new();
    for mechanism in sorted(folder)? {
        let data = mechanism
            .file_name()
            .is_some_and(|name| name == "catalog" || name == "profiles" || name == "topics");
        if mechanism.is_dir() && !data {
            files.extend(sorted(&mechanism)?.into_iter().filter(|file| is_rule(file)));
        }
    }
    let is_lint = |file: &&PathBuf| file.parent().is_some_and(|folder| folder.ends_with(LINT));
    let (lint, host): (Vec<&PathBuf>, Vec<&PathBuf>) = files.iter().partition(is_lint);
    let mut code = String::new();
    for (name, what, files) in [("BUILT_IN", "hosts", host), ("LINT", "texts", lint)] {
        code.push_str("/// The built-in rules about ");
        code.push_str(what);
        code.push_str(".\nstatic ");
        code.push_str(name);
        code.push_str(": &[BuiltIn] = &[\n");
        for file in files {
            code.push_str(&entry(file)?);
        }
        code.push_str("];\n");
    }
    fs::write(out, code).map_err(|error| format!("{}: {error}", out.display()))
}

fn entry(file: &Path) -> Result<String, String> {
    let fail = |error: String| format!("{}: {error}", file.display());
    let text = fs::read_to_string(file).map_err(|error| fail(error.to_string()))?;
    let fields: Value = serde_yaml::from_str(&text).map_err(|error| fail(error.to_string()))?;
    let Value::Object(mut response) = fields else {
        return Err(fail("a rule must be a mapping".to_owned()));
    };
    let explain = response.remove("explain");
    let explain = explain.as_ref().and_then(Value::as_str).unwrap_or_default();
    let mut facts = BTreeSet::new();
    for (name, value) in &response {
        // Titles and addresses of pages: `sysctl.d(5)` is no fact.
        if name == "references" {
            continue;
        }
        let template = matches!(
            name.as_str(),
            "title" | "message" | "first" | "advise" | "cost"
        );
        scan(value, template, &mut facts);
        if let (true, Value::Object(keys)) = (name == "set", value) {
            facts.extend(keys.keys().map(|key| format!("sysctl.{key}")));
        }
    }
    let mut told = BTreeSet::new();
    if let Some(message) = response.get("message") {
        scan(message, true, &mut told);
    }
    let condition = condition(&mut response).map_err(fail)?;
    let mechanism = file.parent().and_then(Path::file_name).unwrap_or_default();
    let mechanism = mechanism.to_string_lossy();
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    Ok(format!(
        "    BuiltIn {{ file: {:?}, mechanism: {mechanism:?}, condition: Condition {{ {condition} }}, response: {:?}, \
         explain: {explain:?}, facts: &{facts:?}, told: &{told:?} }},\n",
        format!("rules/{mechanism}/{name}"),
        Value::Object(response).to_string(),
        facts = facts.iter().collect::<Vec<_>>(),
        told = told.iter().collect::<Vec<_>>(),
    ))
}

/// Takes what every run reads out of the fields of a rule, as the fields of a table.
fn condition(fields: &mut Map<String, Value>) -> Result<String, String> {
    let mut code = String::new();
    for (name, ty) in WORDS {
        let word = taken(fields, name)?.ok_or_else(|| format!("`{name}` is missing"))?;
        let _ = write!(code, "{name}: {ty}::{}, ", variant(&word));
    }
    let id = taken(fields, "id")?.ok_or("`id` is missing")?;
    let each = match taken(fields, "each")? {
        Some(word) => format!("Some(Subject::{})", variant(&word)),
        None => "None".to_owned(),
    };
    let when = taken(fields, "when")?.ok_or("`when` is missing")?;
    let past = match fields.get_mut("past") {
        Some(Value::Object(past)) => taken(past, "when")?,
        _ => None,
    };
    let requires = match fields.remove("requires") {
        Some(Value::Array(facts)) => facts,
        None => Vec::new(),
        Some(_) => return Err("`requires` must be a list".to_owned()),
    };
    // The facts themselves: of `sysctl.net.ipv4.tcp_mem.max` the key.
    let mut facts = Vec::new();
    for item in &requires {
        let mut named = BTreeSet::new();
        scan(item, false, &mut named);
        facts.extend(named);
    }
    if facts.len() != requires.len() {
        return Err("`requires` must be a list of facts".to_owned());
    }
    let _ = write!(
        code,
        "id: {id:?}, each: {each}, when: {when:?}, past: {past:?}, requires: &{facts:?}"
    );
    Ok(code)
}

/// The variant of a word: `netns` is `Netns`. Of a word that is none the compiler says so.
fn variant(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// Takes out a text.
fn taken(fields: &mut Map<String, Value>, name: &str) -> Result<Option<String>, String> {
    match fields.remove(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("`{name}` must be a text")),
    }
}

/// Finds the facts that expressions name; in a template they stand in braces.
///
/// A textual look, which `tests/rules.rs` holds against what the compiled expressions read.
fn scan(value: &Value, template: bool, facts: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if template => {
            for piece in text.split('{').skip(1) {
                names(piece.split('}').next().unwrap_or_default(), facts);
            }
        }
        Value::String(text) => names(text, facts),
        Value::Array(items) => items.iter().for_each(|item| scan(item, template, facts)),
        Value::Object(fields) => {
            for (name, value) in fields {
                let template = matches!(name.as_str(), "message" | "because" | "what");
                scan(value, template, facts);
            }
        }
        _ => {}
    }
}

fn names(expression: &str, facts: &mut BTreeSet<String>) {
    for line in expression.lines() {
        let code = line.split("//").next().unwrap_or_default();
        // Every second piece stands between quotes and is text.
        for piece in code.split(['"', '\'']).step_by(2) {
            let words = piece.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'));
            for word in words {
                let mut parts: Vec<&str> = word.split('.').collect();
                if parts.len() < 2 || !FACTS.contains(&parts[0]) {
                    continue;
                }
                let setting = ["sysctl", "boot", "default"].contains(&parts[0]);
                if setting && parts.last().is_some_and(|last| PARTS.contains(last)) {
                    parts.pop();
                }
                facts.insert(parts.join("."));
            }
        }
    }
}

pub(crate) fn sorted(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}

fn is_rule(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".yaml") && !name.ends_with(".test.yaml")
}
