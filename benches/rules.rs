//! How long rules take: to load a thousand of a site's own, to judge by a thousand, to start with those of
//! the program.
//!
//! `cargo bench --bench rules` runs it (`-- --quick`: fewer rounds). The thousand are copies of the built-in
//! rules, explanations and all. Times are medians within this program. Goals that are missed end the run with
//! an error only where `TCPTUNE_BENCH_ENFORCE=1`.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

use std::env;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use tcptune::check::check;
use tcptune::fact::Snapshot;
use tcptune::host::{Moment, Needs, Source, Trust, collect, read_rule_files};
use tcptune::rule::{Layer, Problem, Rulebook};

/// How many rules a site has here.
const RULES: usize = 1000;

/// Goals, in milliseconds.
const LOAD: f64 = 150.0;
const JUDGE: f64 = 10.0;
const START: f64 = 1.0;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    // `cargo test --all-targets` starts this program as well; tests never time anything.
    if !arguments.iter().any(|argument| argument == "--bench") {
        println!("nothing is measured here: run `cargo bench`");
        return ExitCode::SUCCESS;
    }
    let quick = arguments.iter().any(|argument| argument == "--quick");
    match all(if quick { 5 } else { 25 }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn all(rounds: usize) -> Result<(), String> {
    let site = tempfile::tempdir().map_err(|error| error.to_string())?;
    lay_out(site.path()).map_err(|error| error.to_string())?;
    let book = load(site.path())?;
    if book.rules().len() < RULES {
        return Err(format!("{} rules are no thousand", book.rules().len()));
    }
    let snapshot = host(&book);
    let times = [
        (
            "1,000 rules of a site are read and checked",
            LOAD,
            median(rounds, || {
                load(site.path()).map(|book| drop(black_box(book)))
            })?,
        ),
        (
            "a host is judged by 1,000 rules",
            JUDGE,
            median(rounds, || {
                drop(black_box(check(&snapshot, &book)));
                Ok(())
            })?,
        ),
        (
            "the built-in rules are made ready",
            START,
            median(rounds * 4, || {
                let book = Rulebook::built_in();
                // Their conditions too, which are compiled at the first need.
                book.compile();
                drop(black_box(book));
                Ok(())
            })?,
        ),
    ];
    println!("| what | median | goal |");
    println!("|---|--:|--:|");
    for (what, goal, time) in times {
        println!("| {what} | {time:.2} ms | {goal} ms |");
    }
    let missed: Vec<&str> = times
        .iter()
        .filter(|(_, goal, time)| time > goal)
        .map(|(what, ..)| *what)
        .collect();
    let enforced = env::var_os("TCPTUNE_BENCH_ENFORCE").is_some_and(|value| value == "1");
    if enforced && !missed.is_empty() {
        return Err(format!("the goal is missed: {}", missed.join(", ")));
    }
    Ok(())
}

/// Writes a thousand rules: each built-in one again and again, under ids of its own.
fn lay_out(site: &Path) -> std::io::Result<()> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let built_in = read_rule_files(&own, Trust::Anyone).rules;
    for (at, file) in built_in.iter().cycle().take(RULES).enumerate() {
        let stem = Path::new(&file.name).file_stem().unwrap_or_default();
        let id = format!("{}-{at}", stem.to_string_lossy());
        let folder = site.join(&file.mechanism);
        fs::create_dir_all(&folder)?;
        let text = file.text.replacen(
            &format!("id: {}\n", stem.to_string_lossy()),
            &format!("id: {id}\n"),
            1,
        );
        fs::write(folder.join(format!("{id}.yaml")), text)?;
    }
    Ok(())
}

/// Loads a site over the built-in rules, as every run does.
fn load(site: &Path) -> Result<Rulebook, String> {
    let found = read_rule_files(site, Trust::Anyone);
    let (layer, broken) = Layer::of_files(&found.rules);
    let book = Rulebook::built_in();
    let (book, unknown) = book.overlaid(layer);
    match [found.problems, broken, unknown].concat().as_slice() {
        [] => Ok(book),
        problems => Err(told(problems)),
    }
}

fn told(problems: &[Problem]) -> String {
    let first = problems.first().map(ToString::to_string);
    format!("{} problems: {}", problems.len(), first.unwrap_or_default())
}

/// A recorded host with everything the rules ask for, seen twice.
fn host(book: &Rulebook) -> Snapshot {
    let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts/ports-exhausted-6.1");
    let source = Source::recorded(&tree);
    let needs = Needs::Facts(book.facts());
    let now = collect(&source, &needs, Moment::End(None));
    let mut earlier = now.clone();
    earlier.uptime_seconds = now.uptime_seconds.map(|seconds| seconds - 1.0);
    Snapshot::new(Some(earlier), now)
}

fn median(rounds: usize, mut run: impl FnMut() -> Result<(), String>) -> Result<f64, String> {
    let mut times = Vec::new();
    for _ in 0..rounds {
        let start = Instant::now();
        run()?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    Ok(times.get(times.len() / 2).copied().unwrap_or(f64::NAN))
}
