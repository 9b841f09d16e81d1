//! Turns `rules/profiles/*.yaml` into JSON, so that no YAML is parsed at start.
//!
//! Whether a profile makes sense is not judged here: `cargo test` reads each of them.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::rules::sorted;

/// Writes `BUILT_IN_PROFILES`.
pub(crate) fn generate(folder: &Path, out: &Path) -> Result<(), String> {
    let mut code = String::from(
        "/// The built-in profiles.\nstatic BUILT_IN_PROFILES: &[BuiltInProfile] = &[\n",
    );
    for file in sorted(folder)? {
        if file.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let fail = |error: String| format!("{}: {error}", file.display());
        let text = fs::read_to_string(&file).map_err(|error| fail(error.to_string()))?;
        let json: Value = serde_yaml::from_str(&text).map_err(|error| fail(error.to_string()))?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let file = format!("rules/profiles/{name}");
        let json = json.to_string();
        let entry = format!("    BuiltInProfile {{ file: {file:?}, json: {json:?} }},\n");
        code.push_str(&entry);
    }
    code.push_str("];\n");
    fs::write(out, code).map_err(|error| format!("{}: {error}", out.display()))
}
