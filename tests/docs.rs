//! What README.md says, held against the program.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its own tree should stop there"
)]

use std::path::Path;
use std::process::{Command, Output};

fn readme() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    std::fs::read_to_string(file).unwrap()
}

fn tcptune(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tcptune"))
        .args(args)
        .output()
        .unwrap()
}

/// The fenced YAML blocks, each with the file name in its first line.
fn yaml_blocks(text: &str) -> Vec<(String, String)> {
    text.split("```yaml\n")
        .skip(1)
        .map(|rest| {
            let block = rest.split("```").next().unwrap();
            let name = block.lines().next().unwrap();
            let name = name.strip_prefix("# ").unwrap().to_owned();
            (name, block.to_owned())
        })
        .collect()
}

#[test]
fn the_two_commands_stand_at_the_top() {
    let readme = readme();
    let commands: Vec<&str> = readme
        .lines()
        .take(12)
        .filter_map(|line| line.strip_prefix("    "))
        .collect();
    assert_eq!(commands, ["cargo run --release -- check", "cargo test"]);
}

#[test]
fn the_first_own_rule_passes_its_cases() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in yaml_blocks(&readme()) {
        let file = folder.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    let rules = folder.path().join("my-rules");
    let output = tcptune(&["rules", "test", rules.to_str().unwrap()]);
    let words = String::from_utf8(output.stdout).unwrap();
    assert_eq!(words, "2 passed, 0 failed\n");
    assert!(output.status.success());
}

#[test]
fn every_command_is_in_the_table() {
    let help = String::from_utf8(tcptune(&["--help"]).stdout).unwrap();
    let commands = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|word| *word != "help");
    let readme = readme();
    let mut seen = 0;
    for command in commands {
        seen += 1;
        assert!(
            readme.contains(&format!("| `tcptune {command}")),
            "{command}"
        );
    }
    assert!(seen >= 6, "{help}");
}

#[test]
fn every_built_in_rule_is_in_the_changelog() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("CHANGELOG.md");
    let changelog = std::fs::read_to_string(file).unwrap();
    let list = String::from_utf8(tcptune(&["rules", "list"]).stdout).unwrap();
    for line in list.lines() {
        let id = line.split_whitespace().next().unwrap();
        assert!(changelog.contains(&format!("`{id}`")), "{id}");
    }
}
