//! The house: floors, import law, file ceiling, and what the manifest promises.
//!
//! The check is textual. It bans the spellings that would let it be fooled (`crate::{…}`, `crate::*`, `std::{…}`,
//! `super::` chains up to the root); a macro that expands to a path could slip past.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its own tree should stop there"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Every module below `src/`, and what it may import. Floors from the ground up.
const FLOORS: [(&str, &[&str]); 15] = [
    ("fact", &[]),
    ("catalog", &["fact"]),
    ("topic", &["fact", "catalog"]),
    ("timing", &["fact", "catalog"]),
    ("bootconf", &["fact", "catalog"]),
    ("assign", &["fact", "catalog", "bootconf"]),
    ("rule", &["fact", "catalog"]),
    ("check", &["fact", "catalog", "rule"]),
    ("lint", &["fact", "catalog", "assign", "rule", "check"]),
    ("plan", &["fact", "catalog", "rule", "check"]),
    ("apply", &["fact", "catalog", "rule", "check", "plan"]),
    (
        "render",
        &[
            "fact", "catalog", "topic", "timing", "rule", "check", "lint", "plan", "apply",
        ],
    ),
    ("export", &["fact", "catalog", "rule", "apply"]),
    ("host", &["fact", "catalog", "bootconf", "rule", "apply"]),
    (
        "cli",
        &[
            "fact", "catalog", "topic", "timing", "bootconf", "assign", "rule", "check", "lint",
            "plan", "apply", "render", "export", "host",
        ],
    ),
];

/// Compiled into `build.rs` only.
const BUILD: &str = "build";

/// What touches the outside world, in the only modules that may.
const SHELL: [&str; 2] = ["host", "cli"];

/// The outside world, as it is spelled.
const OUTSIDE: [&str; 13] = [
    "std::{",
    "std::fs",
    "std::env",
    "std::process",
    "std::net::Tcp",
    "std::thread",
    "std::time::Instant",
    "SystemTime",
    "std::io::stdin",
    "stdout()",
    "stderr()",
    "rustix::",
    "procfs::",
];

const CEILING: usize = 600;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else {
        return files;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The source files of each module with their text, comments removed.
fn modules() -> BTreeMap<String, Vec<(PathBuf, String)>> {
    let src = root().join("src");
    let mut modules: BTreeMap<String, Vec<(PathBuf, String)>> = BTreeMap::new();
    for file in rust_files(&src) {
        let below = file.strip_prefix(&src).unwrap().to_owned();
        let first = below.components().next().unwrap();
        let name = Path::new(first.as_os_str()).file_stem().unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        let code: Vec<&str> = text.lines().map(without_comment).collect();
        let name = name.to_string_lossy().into_owned();
        modules
            .entry(name)
            .or_default()
            .push((below, code.join("\n")));
    }
    modules
}

/// The line up to its comment; `//` of an address begins none.
fn without_comment(line: &str) -> &str {
    let mut comments = line.match_indices("//").map(|(at, _)| at);
    let begins = comments.find(|at| !line[..*at].ends_with(':'));
    begins.map_or(line, |at| &line[..at])
}

/// The code without what is compiled for tests only.
fn tested(code: &str) -> String {
    let mut kept = String::new();
    let mut lines = code.lines();
    while let Some(line) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            kept.push_str(line);
            kept.push('\n');
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let ends = |line: &str| {
            let own = line.len() - line.trim_start().len() == indent;
            own && !line.trim().starts_with('#') && line.trim_end().ends_with([';', '}'])
        };
        // The item behind it, with its other attributes.
        for line in lines.by_ref() {
            if ends(line) {
                break;
            }
        }
    }
    kept
}

#[test]
fn only_tests_are_left_out() {
    let code = "a\n#[cfg(test)]\n#[path = \"t.rs\"]\nmod tests;\nb\n#[cfg(test)]\nmod more {\n    use x;\n    fn y() {}\n}\nc // d\n";
    assert_eq!(tested(code), "a\nb\nc // d\n");
    assert_eq!(without_comment("c // d"), "c ");
    assert_eq!(without_comment("\"https://x\" // d"), "\"https://x\" ");
}

#[test]
fn every_module_has_a_floor() {
    let known: Vec<&str> = FLOORS.iter().map(|(name, _)| *name).collect();
    for name in modules().keys() {
        let outside_the_house = ["main", "lib", BUILD].contains(&name.as_str());
        assert!(
            outside_the_house || known.contains(&name.as_str()),
            "`src/{name}` has no floor"
        );
    }
}

#[test]
fn imports_only_look_down() {
    let mut offences = Vec::new();
    for (name, files) in modules() {
        let Some((_, allowed)) = FLOORS.iter().find(|(floor, _)| *floor == name) else {
            continue;
        };
        for (file, code) in files {
            for part in code.split("crate::").skip(1) {
                let target: String = part
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect();
                let own = target == name;
                if !own && !allowed.contains(&target.as_str()) {
                    offences.push(format!(
                        "src/{}: `{name}` imports `{target}`",
                        file.display()
                    ));
                }
            }
        }
    }
    assert!(offences.is_empty(), "{}", offences.join("\n"));
}

#[test]
fn no_spelling_hides_a_floor() {
    for files in modules().values() {
        for (file, code) in files {
            for hidden in [
                "crate::{",
                "crate::*",
                "super::super::super",
                "use tcptune::",
            ] {
                assert!(
                    !code.contains(hidden),
                    "src/{}: `{hidden}` hides its floor",
                    file.display()
                );
            }
            // As many steps up as the module lies deep lead to the root, where every floor is in reach.
            // (A file of tests is a module of the one that names it.)
            let stem = file.file_stem().unwrap_or_default().to_string_lossy();
            if stem == "lib" || stem.ends_with("tests") {
                continue;
            }
            let parts = file.iter().count();
            let depth = parts - usize::from(stem == "mod");
            let to_the_root = "super::".repeat(depth);
            let code = tested(code);
            for (floor, _) in FLOORS {
                let hidden = format!("{to_the_root}{floor}::");
                assert!(
                    !code.contains(&hidden),
                    "src/{}: `{hidden}` hides its floor",
                    file.display()
                );
            }
        }
    }
}

#[test]
fn only_the_shell_touches_the_world() {
    let mut offences = Vec::new();
    for (name, files) in modules() {
        if SHELL.contains(&name.as_str()) || ["main", BUILD].contains(&name.as_str()) {
            continue;
        }
        for (file, code) in files {
            let stem = file.file_stem().unwrap_or_default().to_string_lossy();
            if stem == "laws" || stem.ends_with("tests") {
                continue;
            }
            let tested = tested(&code);
            for word in OUTSIDE {
                if tested.contains(word) {
                    offences.push(format!("src/{}: `{word}`", file.display()));
                }
            }
        }
    }
    assert!(offences.is_empty(), "{}", offences.join("\n"));
}

#[test]
fn no_file_is_over_the_ceiling() {
    let folders = ["src", "tests", "benches"];
    let files = folders
        .iter()
        .flat_map(|folder| rust_files(&root().join(folder)))
        .chain([root().join("build.rs")]);
    for file in files {
        let lines = std::fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= CEILING, "{}: {lines} lines", file.display());
    }
}

#[test]
fn no_module_is_named_after_nothing() {
    for file in rust_files(&root().join("src")) {
        for part in file.strip_prefix(root()).unwrap().components() {
            let part = part.as_os_str().to_string_lossy();
            let stem = part.strip_suffix(".rs").unwrap_or(&part);
            for empty in [
                "util", "utils", "common", "helper", "helpers", "misc", "manager", "imp",
            ] {
                assert_ne!(stem, empty, "{}", file.display());
            }
        }
    }
}

/// `rust-version` is true when no dependency asks for more; that the code itself does not is held by
/// clippy's `incompatible_msrv`.
#[test]
fn no_dependency_asks_for_a_newer_compiler() {
    let version = Command::new(env!("CARGO")).arg("-vV").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    // What other platforms need need not be there, and is not built.
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .args(["--filter-platform", host.unwrap()])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let number = |version: &str| -> (u32, u32) {
        let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
        (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
    };
    let own = packages
        .iter()
        .find(|package| package["name"] == "tcptune")
        .and_then(|package| package["rust_version"].as_str())
        .map(number)
        .unwrap();
    for package in packages {
        if let Some(wanted) = package["rust_version"].as_str() {
            assert!(
                number(wanted) <= own,
                "{} asks for {wanted}",
                package["name"]
            );
        }
    }
}

#[test]
fn the_five_packages_keep_their_names() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let dependencies = manifest
        .split("[dependencies]")
        .nth(1)
        .and_then(|rest| rest.split("\n[").next())
        .unwrap();
    for name in ["sysctl", "clap", "serde", "serde_yaml", "procfs"] {
        assert!(
            dependencies
                .lines()
                .any(|line| line.starts_with(&format!("{name} ="))),
            "`{name}` is missing"
        );
    }
}
