//! `rules/catalog/*.yaml` to the tables of `src/catalog`.

mod counter;
mod key;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_yaml::Spanned;

/// Where an entry stands in the data: `conf.yaml:12:3`.
#[derive(Clone)]
struct Place {
    file: String,
    line: u64,
    column: u64,
}

impl Place {
    /// A fault at this place.
    fn fault(&self, what: &str) -> String {
        format!("{}:{}:{}: {what}", self.file, self.line, self.column)
    }
}

/// Reads the catalogue under `folder` and writes its tables to `out`.
pub(crate) fn generate(folder: &Path, out: &Path) -> Result<(), String> {
    let mut keys = Vec::new();
    let mut counters = Vec::new();
    for path in yaml_files(folder)? {
        if path.ends_with("counters.yaml") {
            counters.extend(entries(&path)?);
        } else {
            keys.extend(entries(&path)?);
        }
    }
    let mut code = key::tables(keys)?;
    code.push_str(&counter::table(counters)?);
    fs::write(out, code).map_err(|error| format!("{}: {error}", out.display()))
}

/// The data files in a fixed order.
fn yaml_files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let fault = |error| format!("{}: {error}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(fault)? {
        let path = entry.map_err(fault)?.path();
        if path.extension().is_some_and(|end| end == "yaml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The entries of one file with their places.
fn entries<T: DeserializeOwned>(path: &Path) -> Result<Vec<(Place, T)>, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let file = path.display().to_string();
    let list: Vec<Spanned<T>> =
        serde_yaml::from_str(&text).map_err(|error| format!("{file}: {error}"))?;
    Ok(list
        .into_iter()
        .map(|entry| {
            let location = entry.referenced;
            let place = Place {
                file: file.clone(),
                line: location.line(),
                column: location.column(),
            };
            (place, entry.value)
        })
        .collect())
}

/// A release such as `4.12` or `2.6.29`, as the code of a `Release`.
fn release(place: &Place, text: &str) -> Result<(String, [u16; 3]), String> {
    let mut numbers = [0_u16; 3];
    let parts: Vec<&str> = text.split('.').collect();
    if !(2..=3).contains(&parts.len()) {
        return Err(place.fault(&format!("`{text}` is no release such as \"4.12\"")));
    }
    for (number, part) in numbers.iter_mut().zip(&parts) {
        *number = part
            .parse()
            .map_err(|_| place.fault(&format!("`{text}` is no release such as \"4.12\"")))?;
    }
    let [major, minor, patch] = numbers;
    let code = format!("Release {{ major: {major}, minor: {minor}, patch: {patch} }}");
    Ok((code, numbers))
}

/// An optional release as code.
fn release_option(place: &Place, text: Option<&str>) -> Result<String, String> {
    Ok(match text {
        Some(text) => format!("Some({})", release(place, text)?.0),
        None => "None".to_owned(),
    })
}

/// The variant of `fact::Unit` for a unit of the data.
fn unit(
    place: &Place,
    name: Option<&str>,
    otherwise: &'static str,
) -> Result<&'static str, String> {
    Ok(match name {
        None => otherwise,
        Some("number") => "Number",
        Some("count") => "Count",
        Some("%") => "Percent",
        Some("bytes") => "Bytes",
        Some("pages") => "Pages",
        Some("s") => "Seconds",
        Some("ms") => "Milliseconds",
        Some("us") => "Microseconds",
        Some("ns") => "Nanoseconds",
        Some(other) => return Err(place.fault(&format!("`{other}` is no unit"))),
    })
}

/// A list of code fragments as a static slice.
fn slice(items: &[String]) -> String {
    let mut code = String::from("&[");
    for item in items {
        // Writing to a string cannot fail.
        let _ = write!(code, "{item}, ");
    }
    code.push(']');
    code
}
