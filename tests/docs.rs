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

/// The file an example belongs into, from the comment in its first line; below a folder of the test's own,
/// wherever it belongs.
fn named(block: &str) -> &str {
    let name = block.lines().next().unwrap().strip_prefix("# ").unwrap();
    name.trim_start_matches('/')
}

/// Puts the examples where they belong, below a folder.
fn laid_out<'t>(blocks: impl IntoIterator<Item = &'t str>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for text in blocks {
        let file = folder.path().join(named(text));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    folder
}

/// What stands indented behind a line, as far as it is indented.
fn shown<'t>(text: &'t str, line: &str) -> Vec<&'t str> {
    let start = text.lines().skip_while(|other| *other != line);
    start.map_while(|line| line.strip_prefix("    ")).collect()
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
    let folder = laid_out(yaml_blocks(&readme()));
    let rules = folder.path().join("my-rules");
    let output = tcptune(&["rules", "test", rules.to_str().unwrap()]);
    let words = String::from_utf8(output.stdout).unwrap();
    assert_eq!(words, "3 passed, 0 failed\n");
    assert!(output.status.success());
    // The next command of the README.
    let output = tcptune(&["rules", "lint", rules.to_str().unwrap()]);
    let words = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{words}");
}

/// The site of the README says what the README shows.
#[test]
fn the_site_of_the_readme_is_sound_and_printed_as_it_is() {
    let readme = readme();
    let folder = laid_out(yaml_blocks(&readme));
    let site = folder.path().join("etc/tcptune");
    let site = site.to_str().unwrap();
    // A recorded host with a finding of its own: the file lies in a copy of one folder.
    let host = folder.path().join("host");
    let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts/debian-12-6.1");
    std::fs::create_dir_all(host.join("sys/net/ipv4")).unwrap();
    std::os::unix::fs::symlink(tree.join("net"), host.join("net")).unwrap();
    std::fs::write(host.join("sys/net/ipv4/tcp_abort_on_overflow"), "1\n").unwrap();
    let output = tcptune(&["check", "--proc", host.to_str().unwrap(), "--config", site]);
    let page = String::from_utf8(output.stdout).unwrap();
    let waived = shown(
        &readme,
        "    WAIVED   abort-on-overflow  a full accept queue resets clients",
    );
    assert_eq!(waived.len(), 3);
    assert!(page.contains(&waived.join("\n")), "{page}");
    let list = shown(
        &readme,
        "    $ tcptune rules list --select abort-on-overflow,no-op-key",
    );
    let select = "abort-on-overflow,no-op-key";
    let output = tcptune(&["rules", "list", "--select", select, "--config", site]);
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        printed.replace(site, "/etc/tcptune"),
        list[1..].join("\n") + "\n"
    );
}

/// Each example of `rules/README.md` is what the engine reads, and the case comes out as written.
#[test]
fn the_examples_of_the_author_s_manual_pass() {
    let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/README.md");
    let manual = std::fs::read_to_string(manual).unwrap();
    let (site, blocks): (Vec<&str>, Vec<&str>) = yaml_blocks(&manual)
        .into_iter()
        .partition(|block| block.starts_with("# /etc/tcptune/"));
    assert!(blocks.len() >= 4);
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("accept-queue");
    std::fs::create_dir(&rules).unwrap();
    for text in blocks {
        std::fs::write(rules.join(by_id(text)), text).unwrap();
    }
    assert!(site.len() >= 2);
    let site = laid_out(site);
    let site = site.path().join("etc/tcptune");
    let output = tcptune(&["rules", "list", "--config", site.to_str().unwrap()]);
    let faults = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{faults}");
    let output = tcptune(&["rules", "test", folder.path().to_str().unwrap()]);
    let words = String::from_utf8(output.stdout).unwrap();
    let faults = String::from_utf8(output.stderr).unwrap();
    assert_eq!(words, "6 passed, 0 failed\n", "{faults}");
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
fn the_page_of_explain_is_printed_as_it_is() {
    let readme = readme();
    let command = "    $ tcptune explain connect --kernel 6.18";
    let lines = readme.lines().skip_while(|line| *line != command).skip(1);
    let block = lines.take_while(|line| line.is_empty() || line.starts_with("    "));
    let page: Vec<&str> = block
        .map(|line| line.strip_prefix("    ").unwrap_or(line))
        .collect();
    let page = page.join("\n");
    let page = page.trim_end();
    assert!(page.lines().count() > 5, "{page}");
    let out = tcptune(&["explain", "connect", "--kernel", "6.18"]);
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(text.starts_with(page), "{text}");
}

#[test]
fn every_example_of_a_topic_is_one() {
    let readme = readme();
    let (_, rest) = readme.split_once("| to explain | for example |").unwrap();
    let mut seen = 0;
    for row in rest
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'))
    {
        for example in row.split('`').skip(1).step_by(2) {
            let words = example.strip_prefix("tcptune explain ").unwrap_or(example);
            let out = tcptune(&["explain", words]);
            assert!(out.status.success(), "{example}: {out:?}");
            seen += 1;
        }
    }
    assert!(seen > 15, "{seen}");
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

#[test]
fn every_lint_is_in_the_author_s_manual() {
    let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/README.md");
    let manual = std::fs::read_to_string(manual).unwrap();
    for (code, _) in tcptune::check::LINTS {
        assert!(manual.contains(&format!("| `{code}` | ")), "{code}");
    }
}
