//! The help of every command as one golden file. `BLESS=1 cargo test --test cli` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use crate::run::Tcptune;

#[test]
fn the_help_of_every_command_is_the_one_committed() {
    let mut pages = String::new();
    collect(&[], &mut pages);
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/help.txt");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&golden, &pages).unwrap();
    }
    let committed = std::fs::read_to_string(&golden).unwrap();
    assert!(
        committed == pages,
        "help has changed; look at it, then write it anew with BLESS=1\n{pages}"
    );
}

#[test]
fn help_fits_80_columns() {
    let mut pages = String::new();
    collect(&[], &mut pages);
    for line in pages.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

/// Appends the help of a command and of every command below it, as it names them itself.
fn collect(path: &[&str], pages: &mut String) {
    let ran = Tcptune::new()
        .args(path)
        .args(["--help"])
        .run()
        .exits(0)
        .quiet();
    let _ = write!(
        pages,
        "$ tcptune {}--help\n{}\n",
        path.iter()
            .fold(String::new(), |text, word| text + word + " "),
        ran.stdout
    );
    let commands = ran
        .stdout
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        // Names stand at two blanks, the rest of their descriptions further right.
        .filter_map(|line| {
            line.strip_prefix("  ")
                .filter(|rest| !rest.starts_with(' '))
        })
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help");
    for name in commands {
        let below: Vec<&str> = path.iter().copied().chain([name]).collect();
        collect(&below, pages);
    }
}
