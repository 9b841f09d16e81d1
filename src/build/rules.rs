//! Turns `rules/<mechanism>/<id>.yaml` into compact data, so that no YAML is parsed at start.
//!
//! Whether a rule makes sense is not judged here: `cargo test` reads every rule with the same code
//! that reads site rules.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Writes `BUILT_IN`: file, mechanism, fields as JSON, explanation; the explanation apart, since only
/// `explain` and reports read it.
pub(crate) fn generate(folder: &Path, out: &Path) -> Result<(), String> {
    let mut files = Vec::new();
    for mechanism in sorted(folder)? {
        let catalog = mechanism.file_name().is_some_and(|name| name == "catalog");
        if mechanism.is_dir() && !catalog {
            files.extend(sorted(&mechanism)?.into_iter().filter(|file| is_rule(file)));
        }
    }
    let mut code = String::from(
        "/// Built-in rules: file, mechanism, fields as JSON, explanation.\n\
         static BUILT_IN: &[(&str, &str, &str, &str)] = &[\n",
    );
    for file in &files {
        let text =
            fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let mut fields: Value =
            serde_yaml::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
        let explain = fields
            .as_object_mut()
            .and_then(|fields| fields.remove("explain"));
        let explain = explain.as_ref().and_then(Value::as_str).unwrap_or_default();
        let mechanism = file
            .parent()
            .and_then(Path::file_name)
            .unwrap_or_default()
            .to_string_lossy();
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let shown = format!("rules/{mechanism}/{name}");
        let json = fields.to_string();
        writeln!(
            code,
            "    ({shown:?}, {mechanism:?}, {json:?}, {explain:?}),"
        )
        .map_err(|error| error.to_string())?;
    }
    code.push_str("];\n");
    fs::write(out, code).map_err(|error| format!("{}: {error}", out.display()))
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}

fn is_rule(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".yaml") && !name.ends_with(".test.yaml")
}
