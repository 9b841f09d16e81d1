//! The manual pages and the completions, read by the programs that they are for.

use std::collections::BTreeSet;
use std::fs;

use crate::root::{installed, sh, skip};

const PROGRAM: &str = env!("CARGO_BIN_EXE_tcptune");

/// A folder with the pages in it.
fn pages() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    sh(&format!("{PROGRAM} man {}", folder.path().display()));
    assert!(fs::read_dir(folder.path()).unwrap().count() > 15);
    folder
}

#[test]
fn groff_formats_every_page_without_a_warning() {
    if installed("man").is_none() {
        return skip("man is not installed");
    }
    let folder = pages();
    let said = sh(&format!(
        "for page in {}/*; do man --warnings -E UTF-8 -l -Tutf8 -Z \"$page\" >/dev/null || exit 1; done",
        folder.path().display()
    ));
    assert_eq!(said, "");
}

#[test]
fn mandoc_finds_nothing_to_complain_of_in_any_page() {
    if installed("mandoc").is_none() {
        return skip("mandoc is not installed");
    }
    let folder = pages();
    let said = sh(&format!(
        "mandoc -T lint -W warning {}/*",
        folder.path().display()
    ));
    assert_eq!(said, "");
}

#[test]
fn the_pages_go_into_a_folder_that_is_there_or_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("none");
    let (code, said) = crate::root::tried(&format!("{PROGRAM} man {}", nowhere.display()));
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("make its folder first"), "{said}");
    assert!(!nowhere.exists());
}

/// Every variable whose name stands in a file that reads the environment.
#[test]
fn the_page_names_every_variable_that_is_read() {
    let page = sh(&format!("{PROGRAM} man")).replace("\\-", "-");
    let page = page.replace("\\fB", " ").replace("\\fR", " ");
    let (_, page) = page.split_once(".SH ENVIRONMENT").unwrap();
    let section = page.split(".SH ").next().unwrap();
    let words = section.split(|c: char| !(c.is_ascii_uppercase() || c == '_'));
    let named: BTreeSet<&str> = words.collect();
    let cli = crate::root::repository().join("src/cli");
    let files = sh(&format!("grep -rl 'env::var' {}", cli.display()));
    let mut seen = 0;
    for file in files.lines() {
        let text = fs::read_to_string(file).unwrap();
        for word in text.split('"').skip(1).step_by(2) {
            let name = word.len() > 3 && word.chars().all(|c| c.is_ascii_uppercase() || c == '_');
            // The first is told to the pager; the others are errors by name.
            if name && word != "LESSSECURE" && !word.starts_with('E') {
                assert!(named.contains(word), "{file}: {word}");
                seen += 1;
            }
        }
    }
    assert!(seen >= 10, "{seen}");
}

/// The word that the shell would put there.
#[test]
fn bash_completes_commands_options_and_values() {
    let answers = |words: &str| {
        let count = words.split(' ').count() - 1;
        let line = format!(
            "bash -uc '. <({PROGRAM} completions bash)
             COMP_WORDS=({words}); COMP_CWORD={count}
             _tcptune tcptune \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD - 1]}}\"
             echo \"${{COMPREPLY[@]}}\"'"
        );
        let said = sh(&line);
        said.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(answers("tcptune com"), ["completions"]);
    assert_eq!(answers("tcptune check --fail-on h"), ["high"]);
    assert_eq!(answers("tcptune rules l"), ["list", "lint"]);
    assert_eq!(answers("tcptune check --dry"), ["--dry-run"]);
    assert_eq!(answers("tcptune gua"), Vec::<String>::new());
    sh(&format!("{PROGRAM} completions bash | bash -n"));
}

#[test]
fn fish_completes_commands_and_values() {
    if installed("fish").is_none() {
        return skip("fish is not installed");
    }
    let answers = |words: &str| {
        sh(&format!(
            "cd /; HOME=$(mktemp -d) && export HOME
             fish -c '{PROGRAM} completions fish | source; complete -C \"{words}\"'; rm -r \"$HOME\""
        ))
    };
    assert!(
        answers("tcptune ch").starts_with("check\t"),
        "{}",
        answers("tcptune ch")
    );
    let formats = answers("tcptune check --format n");
    let formats: Vec<&str> = formats
        .lines()
        .filter_map(|line| line.split('\t').next())
        .collect();
    assert_eq!(formats, ["nagios", "ndjson"]);
    assert_eq!(answers("tcptune gua"), "");
}

/// Zsh completes at a terminal alone: it is given one.
#[test]
fn zsh_completes_commands() {
    if installed("zsh").is_none() {
        return skip("zsh is not installed");
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().display();
    let said = sh(&format!(
        r#"{PROGRAM} completions zsh >{folder}/_tcptune && zsh -n {folder}/_tcptune
           cat >{folder}/ask <<'ASK'
zmodload zsh/zpty
zpty asked zsh -f -i
zpty -w asked "fpath=({folder} \$fpath); autoload -U compinit; compinit -D -u; PS1=; echo read''y"
zpty -r asked said '*ready*'
zpty -w -n asked $'tcptune hist\t'
sleep 0
zpty -r -m asked said '*history*' && print completed
zpty -d asked
ASK
           timeout 60 zsh -f {folder}/ask"#
    ));
    assert!(said.contains("completed"), "{said}");
}
