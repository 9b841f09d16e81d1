//! `--format sarif`: SARIF 2.1.0, which code scanning reads.
//!
//! Own types for the small part of the format that is used; a test holds what they write against the
//! published schema.

use std::fmt::Write as _;
use std::io;

use serde::Serialize;

use super::{Linted, LintedLine, SkippedFile};

/// Where the format is published.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The folder the run was started in, to which relative paths belong.
const ROOT: &str = "%SRCROOT%";

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Driven<'a>,
    invocations: [Invocation; 1],
    column_kind: &'static str,
    results: Vec<Hit<'a>>,
}

#[derive(Serialize)]
struct Driven<'a> {
    driver: Driver<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver<'a> {
    name: &'a str,
    semantic_version: &'a str,
    rules: Vec<Described<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Described<'a> {
    id: &'a str,
    short_description: Message,
    #[serde(skip_serializing_if = "Option::is_none")]
    help_uri: Option<&'a str>,
    default_configuration: Level,
}

#[derive(Serialize)]
struct Level {
    level: &'static str,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Message,
    locations: [Location<'static>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Hit<'a> {
    rule_id: &'a str,
    rule_index: usize,
    level: &'static str,
    message: Message,
    locations: [Location<'a>; 1],
    properties: Properties<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'a> {
    physical_location: Physical<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical<'a> {
    artifact_location: Artifact,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Artifact {
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri_base_id: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region<'a> {
    start_line: u64,
    start_column: u64,
    snippet: Snippet<'a>,
}

#[derive(Serialize)]
struct Snippet<'a> {
    text: &'a str,
}

#[derive(Serialize)]
struct Properties<'a> {
    key: &'a str,
    value: &'a str,
    severity: &'a str,
    kernels: &'a [String],
}

/// Writes the result as a SARIF log of one run.
pub fn sarif(linted: &Linted, out: &mut impl io::Write) -> io::Result<()> {
    let mut rules: Vec<Described<'_>> = Vec::new();
    let mut results = Vec::new();
    for one in &linted.findings {
        let known = rules.iter().position(|rule| rule.id == one.rule);
        if known.is_none() {
            rules.push(described(one));
        }
        results.push(hit(one, known.unwrap_or(rules.len() - 1)));
    }
    let log = Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [Run {
            tool: Driven {
                driver: Driver {
                    name: &linted.tool.name,
                    semantic_version: &linted.tool.version,
                    rules,
                },
            },
            invocations: [Invocation {
                execution_successful: true,
                tool_execution_notifications: linted.skipped.iter().map(unread).collect(),
            }],
            column_kind: "unicodeCodePoints",
            results,
        }],
    };
    crate::render::json(&log, out)
}

fn described(one: &LintedLine) -> Described<'_> {
    Described {
        id: &one.rule,
        short_description: Message {
            text: plain(&one.title),
        },
        help_uri: one.url.as_deref(),
        default_configuration: Level {
            level: level(&one.severity),
        },
    }
}

fn hit(one: &LintedLine, rule_index: usize) -> Hit<'_> {
    Hit {
        rule_id: &one.rule,
        rule_index,
        level: level(&one.severity),
        message: Message {
            text: plain(&one.advice()),
        },
        locations: [Location {
            physical_location: Physical {
                artifact_location: artifact(&one.file),
                region: Some(Region {
                    start_line: one.line.max(1),
                    start_column: one.column.max(1),
                    snippet: Snippet { text: &one.source },
                }),
            },
        }],
        properties: Properties {
            key: &one.key,
            value: &one.value,
            severity: &one.severity,
            kernels: &one.kernels,
        },
    }
}

fn unread(one: &SkippedFile) -> Notification {
    Notification {
        level: "warning",
        message: Message {
            text: plain(&format!("{}: {}", one.fate(), one.why)),
        },
        locations: [Location {
            physical_location: Physical {
                artifact_location: artifact(&one.file),
                region: None,
            },
        }],
    }
}

/// SARIF has one level less than there are severities.
fn level(severity: &str) -> &'static str {
    match severity {
        "high" => "error",
        "medium" => "warning",
        _ => "note",
    }
}

/// A message in which no text of a file becomes a link.
fn plain(text: &str) -> String {
    text.replace("](", "] (")
}

fn artifact(path: &str) -> Artifact {
    let mut uri = String::new();
    if path.starts_with('/') {
        uri.push_str("file://");
    }
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // Writing into a `String` does not fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    Artifact {
        uri_base_id: (!path.starts_with('/')).then_some(ROOT),
        uri,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_becomes_an_address_that_stays_one() {
        let relative = artifact("a b/ü:c%.conf");
        assert_eq!(relative.uri, "a%20b/%C3%BC%3Ac%25.conf");
        assert_eq!(relative.uri_base_id, Some(ROOT));
        let absolute = artifact("/etc/sysctl.conf");
        assert_eq!(absolute.uri, "file:///etc/sysctl.conf");
        assert_eq!(absolute.uri_base_id, None);
    }

    #[test]
    fn a_text_becomes_no_link() {
        assert_eq!(plain("see [x](http://y)"), "see [x] (http://y)");
    }
}
