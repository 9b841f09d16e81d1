//! How many assignments of real files are found, and how many are found that are none.
//!
//! The files are other people's and no part of the repository. `TCPTUNE_CORPUS` names a folder with them and a
//! `labels.json`: `{"files": [{"file", "kind", "assignments": [{"line", "key", "value", "commented", "via"}]}]}`.
//! An assignment may say `"hard"` (counted apart), `"mention"` (neither right nor wrong to find), and `"trail"`
//! (a comment behind the value, which loaders take for a part of it).

#![expect(clippy::print_stdout, reason = "the score is what the test is run for")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tcptune::assign::{self, Assignment};
use tcptune::catalog;

/// Precision and recall that are demanded over all kinds.
const DEMANDED: f64 = 0.97;

/// The key whose every assignment is to be found.
const RECYCLE: &str = "net.ipv4.tcp_tw_recycle";

#[derive(Deserialize)]
struct Labels {
    files: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    #[serde(rename = "file")]
    name: String,
    kind: String,
    assignments: Vec<Label>,
}

#[derive(Deserialize)]
struct Label {
    line: usize,
    key: String,
    value: String,
    commented: bool,
    via: String,
    trail: Option<String>,
    #[serde(default)]
    hard: bool,
    #[serde(default)]
    mention: bool,
}

impl Label {
    fn is(&self, found: &Assignment) -> bool {
        self.names(found) && self.holds(&found.value)
    }

    fn names(&self, found: &Assignment) -> bool {
        self.line == found.line && catalog::canonical(&self.key) == found.key
    }

    fn holds(&self, value: &str) -> bool {
        let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let expected = plain(&self.value);
        let trail = self.trail.as_deref().map(plain).unwrap_or_default();
        value == expected
            || value == format!("{expected} {trail}")
            || value == format!("{expected}{trail}")
    }
}

/// Labels found and missed, finds right and wrong.
#[derive(Default)]
struct Score {
    hits: u32,
    misses: u32,
    wrong: u32,
}

impl Score {
    fn recall(&self) -> f64 {
        ratio(self.hits, self.misses)
    }

    fn precision(&self) -> f64 {
        ratio(self.hits, self.wrong)
    }
}

/// The part of the first in both; of nothing all is right.
fn ratio(right: u32, other: u32) -> f64 {
    if right + other == 0 {
        1.0
    } else {
        f64::from(right) / f64::from(right + other)
    }
}

#[derive(Default)]
struct Scores {
    all: Score,
    hard: Score,
    recycle: Score,
    kinds: BTreeMap<String, Score>,
    vias: BTreeMap<String, Score>,
}

impl Scores {
    fn file(&mut self, file: &File, text: &str) {
        let found = assign::find(&file.name, text);
        let mut open: Vec<&Assignment> = found.iter().filter(|one| !one.commented).collect();
        for label in file.assignments.iter().filter(|label| !label.commented) {
            let hit = open.iter().position(|one| label.is(one));
            if let Some(at) = hit {
                open.remove(at);
            }
            if label.mention {
                continue;
            }
            if hit.is_none() {
                println!(
                    "missed {}:{} {} = {} ({})",
                    file.name, label.line, label.key, label.value, label.via
                );
            }
            let recycle = (label.key == RECYCLE).then_some(&mut self.recycle);
            let apart = if label.hard {
                &mut self.hard
            } else {
                &mut self.all
            };
            let kind = (!label.hard).then(|| self.kinds.entry(file.kind.clone()).or_default());
            let via = self.vias.entry(label.via.clone()).or_default();
            for score in [Some(apart), Some(via), kind, recycle]
                .into_iter()
                .flatten()
            {
                if hit.is_some() {
                    score.hits += 1;
                } else {
                    score.misses += 1;
                }
            }
        }
        for one in open {
            println!(
                "false {}:{}:{} {} = {} ({})",
                file.name,
                one.line,
                one.column,
                one.key,
                one.value,
                one.syntax.word()
            );
            self.all.wrong += 1;
            self.kinds.entry(file.kind.clone()).or_default().wrong += 1;
            let near = file.assignments.iter().find(|label| label.names(one));
            let via = near.map_or_else(
                || format!("none ({})", one.syntax.word()),
                |label| label.via.clone(),
            );
            self.vias.entry(via).or_default().wrong += 1;
        }
    }
}

fn show(name: &str, score: &Score) {
    println!(
        "{name:24} precision {:.3}  recall {:.3}  ({} found, {} missed, {} false)",
        score.precision(),
        score.recall(),
        score.hits,
        score.misses,
        score.wrong
    );
}

#[test]
fn assignments_of_real_files_are_found_and_nothing_else() {
    let Some(folder) = std::env::var_os("TCPTUNE_CORPUS").map(PathBuf::from) else {
        println!("skipped: TCPTUNE_CORPUS names no folder of labelled files");
        return;
    };
    let labels = std::fs::read_to_string(folder.join("labels.json")).unwrap();
    let labels: Labels = serde_json::from_str(&labels).unwrap();
    let mut scores = Scores::default();
    let mut read = 0;
    for file in &labels.files {
        match std::fs::read(folder.join(Path::new(&file.name))) {
            Ok(bytes) => {
                read += 1;
                scores.file(file, &String::from_utf8_lossy(&bytes));
            }
            Err(error) => println!("skipped: {}: {error}", file.name),
        }
    }
    println!();
    for (name, score) in scores.kinds.iter().chain(&scores.vias) {
        show(name, score);
    }
    show("hard", &scores.hard);
    show("tcp_tw_recycle", &scores.recycle);
    show("all", &scores.all);
    assert!(read > 0, "no labelled file is there");
    assert_eq!(
        scores.recycle.misses, 0,
        "assignments of {RECYCLE} are missed"
    );
    assert!(
        scores.all.precision() >= DEMANDED,
        "precision {:.3}",
        scores.all.precision()
    );
    assert!(
        scores.all.recall() >= DEMANDED,
        "recall {:.3}",
        scores.all.recall()
    );
}
