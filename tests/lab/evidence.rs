//! What the experiments saw, as a page: `rules/EVIDENCE.md`.
//!
//! The page is generated, never typed: `TCPTUNE_EVIDENCE=write cargo test --test lab` puts the row of each
//! experiment that runs in its place. Without that the page is only read: an experiment that measures
//! something else than its row says fails, so that the page cannot grow stale unseen.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

const HEAD: &str = "\
# Evidence

Every stable rule has an experiment on a live kernel. This page is written by the experiments
themselves (`TCPTUNE_EVIDENCE=write cargo test --test lab`); the numbers are those of the last such run.
Those of `softnet-drops`, `conntrack-full` and `orphan-limit` change settings of the whole machine for some
seconds and put them back, so they run with `TCPTUNE_LAB_HOST=1` only.

*before*: the symptom while the fault was there and the rule fired. *after*: the same measurement, made
again after the cure that the finding names: its change, or what it tells the program's owner to do. Where
a rule only informs, the two measurements show that what it says is true.

| rule | symptom | before | after | ratio | kernel |
|---|---|--:|--:|--:|---|
";

/// Notes what an experiment saw: the symptom with the fault and after the cure. The unit belongs into
/// `symptom`, which is the same in every run: "clients turned away of 400".
pub(crate) fn proved(rule: &str, symptom: &str, before: f64, after: f64) {
    let (low, high) = if before < after {
        (before, after)
    } else {
        (after, before)
    };
    assert!(
        low >= 0.0 && high > low,
        "{rule}: {before} before and {after} after prove nothing"
    );
    let ratio = if low == 0.0 {
        "all".to_owned()
    } else {
        format!("{}x", number(high / low))
    };
    let kernel = rustix::system::uname();
    let kernel = kernel.release().to_string_lossy();
    // The release; what follows is the name of somebody's build.
    let kernel = kernel.split('-').next().unwrap_or_default();
    let cells = [symptom, &number(before), &number(after), &ratio, kernel].map(str::to_owned);
    if std::env::var_os("TCPTUNE_EVIDENCE").is_some_and(|mode| mode == "write") {
        write(rule, &cells.join(" | "));
    } else if let Some(row) = rows().get(rule) {
        let written = row.split(" | ").next().unwrap_or_default();
        assert_eq!(
            written, symptom,
            "{rule}: TCPTUNE_EVIDENCE=write makes the page anew"
        );
    }
}

/// Up to three digits that count.
fn number(value: f64) -> String {
    let decimals = if value >= 100.0 || value.fract().abs() < 0.005 {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    format!("{value:.decimals$}")
}

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/EVIDENCE.md")
}

/// The rows of the page, by rule.
fn rows() -> BTreeMap<String, String> {
    let text = fs::read_to_string(page()).unwrap_or_default();
    let row = |line: &str| {
        let (rule, rest) = line.strip_prefix("| `")?.split_once("` | ")?;
        Some((rule.to_owned(), rest.strip_suffix(" |")?.to_owned()))
    };
    text.lines().filter_map(row).collect()
}

/// Puts one row in its place. Experiments run side by side: the lock is on the folder, the page is renamed
/// into place.
fn write(rule: &str, cells: &str) {
    let page = page();
    let folder = page.parent().expect("the page lies in a folder");
    let lock = File::open(folder).expect("the folder can be opened");
    flock(&lock, FlockOperation::LockExclusive).expect("the folder can be locked");
    let mut rows = rows();
    rows.insert(rule.to_owned(), cells.to_owned());
    let mut text = HEAD.to_owned();
    for (rule, cells) in rows {
        text.extend(["| `", &rule, "` | ", &cells, " |\n"]);
    }
    let fresh = folder.join("EVIDENCE.md.new");
    fs::write(&fresh, text).expect("the page can be written");
    fs::rename(&fresh, &page).expect("the page can be replaced");
}

#[test]
fn a_number_keeps_the_digits_that_count() {
    let shown = [0.0, 0.25, 3.456, 12.34, 335.0, 335.6].map(number);
    assert_eq!(shown, ["0", "0.25", "3.46", "12.3", "335", "336"]);
}
