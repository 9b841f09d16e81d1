//! `rules/topics/` to the table of `src/topic`.
//!
//! Whether a text makes sense is not judged here: `cargo test` reads every entry with the same code
//! that reads it for an answer.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::rules::sorted;

/// The folder or file of a kind, its name in the program, and the field that names an entry. In the order
/// of `topic::Kind`, which the table is searched by.
const KINDS: [(&str, &str, &str); 8] = [
    ("sysctl", "Key", "key"),
    ("states", "State", "state"),
    ("errors", "Error", "errno"),
    ("counters", "Counter", "counter"),
    ("options", "Option", "option"),
    ("concepts", "Concept", "concept"),
    ("timings", "Timing", "timing"),
    ("myths", "Myth", "myth"),
];

/// Writes `TEXTS`: for each entry its kind, its name and its other fields as JSON, sorted; and `ERRORS`.
pub(crate) fn generate(folder: &Path, out: &Path) -> Result<(), String> {
    let mut texts = BTreeMap::new();
    for path in sorted(folder)? {
        if path.extension().is_some_and(|end| end == "md") {
            continue;
        }
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let Some(at) = KINDS.iter().position(|(name, ..)| *name == stem) else {
            return Err(format!("{}: no kind of topic", path.display()));
        };
        for file in files(&path)? {
            read(&file, at, &mut texts)?;
        }
    }
    let mut code = errors(&texts);
    code.push_str("pub(super) static TEXTS: &[(Kind, &str, &str)] = &[\n");
    for ((at, name), fields) in &texts {
        let (_, kind, _) = KINDS[*at];
        let _ = writeln!(code, "(Kind::{kind}, {name:?}, {fields:?}),");
    }
    code.push_str("];\n");
    fs::write(out, code).map_err(|error| format!("{}: {error}", out.display()))
}

/// Writes `ERRORS`: the other names of each error, which would else have to be looked for in its text.
fn errors(texts: &BTreeMap<(usize, String), String>) -> String {
    let mut code = String::from("pub(super) static ERRORS: &[(&str, &[&str])] = &[\n");
    for ((at, name), fields) in texts {
        let Ok(Value::Object(fields)) = serde_json::from_str(fields) else {
            continue;
        };
        if KINDS[*at].1 != "Error" {
            continue;
        }
        let mut names = Vec::new();
        names.extend(fields.get("number").map(Value::to_string));
        names.extend(
            fields
                .get("text")
                .and_then(Value::as_str)
                .map(str::to_owned),
        );
        let aliases = fields.get("aliases").and_then(Value::as_array);
        let aliases = aliases.into_iter().flatten().filter_map(Value::as_str);
        names.extend(aliases.map(str::to_owned));
        let _ = writeln!(code, "({name:?}, &{names:?}),");
    }
    code.push_str("];\n");
    code
}

/// A file by itself, or the files of a folder.
fn files(path: &Path) -> Result<Vec<PathBuf>, String> {
    if path.is_dir() {
        sorted(path)
    } else {
        Ok(vec![path.to_owned()])
    }
}

fn read(
    path: &Path,
    at: usize,
    texts: &mut BTreeMap<(usize, String), String>,
) -> Result<(), String> {
    let fault = |what: &str| format!("{}: {what}", path.display());
    let text = fs::read_to_string(path).map_err(|error| fault(&error.to_string()))?;
    let entries: Vec<Map<String, Value>> =
        serde_yaml::from_str(&text).map_err(|error| fault(&error.to_string()))?;
    let (_, _, field) = KINDS[at];
    for mut entry in entries {
        let name = entry.remove(field);
        let name = name
            .as_ref()
            .and_then(Value::as_str)
            .ok_or_else(|| fault(&format!("an entry without `{field}`")))?;
        let fields = Value::Object(entry).to_string();
        if texts.insert((at, name.to_owned()), fields).is_some() {
            return Err(fault(&format!("{name} is there twice")));
        }
    }
    Ok(())
}
