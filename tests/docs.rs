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

/// The fenced YAML blocks.
fn yaml_blocks(text: &str) -> Vec<&str> {
    text.split("```yaml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect()
}

/// The file an example of the README belongs into, from the comment in its first line.
fn named(block: &str) -> &str {
    let path = block.lines().next().unwrap().strip_prefix("# ").unwrap();
    // Below the folder of the test, whatever the example says.
    path.trim_start_matches('/')
}

/// The file an example of the author's manual belongs into: a rule by its id, cases by their rule.
fn by_id(block: &str) -> String {
    let value = |field: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(field))?;
        line.split_whitespace().next()
    };
    match (value("id: "), value("rule: ")) {
        (Some(id), _) => format!("{id}.yaml"),
        (None, Some(rule)) => format!("{rule}.test.yaml"),
        (None, None) => panic!("neither a rule nor cases:\n{block}"),
    }
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
    for text in yaml_blocks(&readme()) {
        let file = folder.path().join(named(text));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    let rules = folder.path().join("my-rules");
    let output = tcptune(&["rules", "test", rules.to_str().unwrap()]);
    let words = String::from_utf8(output.stdout).unwrap();
    assert_eq!(words, "2 passed, 0 failed\n");
    assert!(output.status.success());
}

/// Each example of `rules/README.md` is what the engine reads, and the case comes out as written.
#[test]
fn the_examples_of_the_author_s_manual_pass() {
    let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/README.md");
    let manual = std::fs::read_to_string(manual).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("accept-queue");
    std::fs::create_dir(&rules).unwrap();
    let blocks = yaml_blocks(&manual);
    assert!(blocks.len() >= 4);
    for text in blocks {
        std::fs::write(rules.join(by_id(text)), text).unwrap();
    }
    let output = tcptune(&["rules", "test", folder.path().to_str().unwrap()]);
    let words = String::from_utf8(output.stdout).unwrap();
    let faults = String::from_utf8(output.stderr).unwrap();
    assert_eq!(words, "4 passed, 0 failed\n", "{faults}");
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

/// The table of the states: each is there once, as `ss` prints it, and the rules it names exist.
#[test]
fn the_eleven_states_are_answered_and_their_rules_exist() {
    const STATES: [&str; 11] = [
        "CLOSE-WAIT",
        "CLOSING",
        "ESTAB",
        "FIN-WAIT-1",
        "FIN-WAIT-2",
        "LAST-ACK",
        "LISTEN",
        "SYN-RECV",
        "SYN-SENT",
        "TIME-WAIT",
        "UNCONN",
    ];
    let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/README.md");
    let manual = std::fs::read_to_string(manual).unwrap();
    let list = String::from_utf8(tcptune(&["rules", "list"]).stdout).unwrap();
    let ids: Vec<&str> = list
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let (_, table) = manual.split_once("## The eleven states").unwrap();
    let rows = table
        .lines()
        .skip_while(|line| !line.starts_with("| state"))
        .take_while(|line| line.starts_with('|'))
        .skip(2);
    let mut seen = Vec::new();
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [state, fault, whose, helps, rules] = cells[..] else {
            panic!("not five cells: {row}")
        };
        seen.push(state.trim_matches('`'));
        assert!(
            [fault, whose, helps].iter().all(|cell| !cell.is_empty()),
            "{row}"
        );
        for rule in rules.split(", ").filter(|rule| *rule != "none") {
            let id = rule.trim_matches('`');
            assert!(ids.contains(&id), "{state} names {id}");
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, STATES);
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
