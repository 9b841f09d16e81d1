//! How long `tcptune explain` takes, process start and all, for every topic there is.
//!
//! `cargo bench --bench explain` runs it (`-- --quick`: fewer rounds). Rounds take turns with
//! `sysctl -n net.ipv4.tcp_fin_timeout`, the least a look at a setting can cost. The goal holds for the
//! slowest topic; where it is missed, the run ends with an error only under `TCPTUNE_BENCH_ENFORCE=1`.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

use std::env;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use tcptune::topic::{self, Kind};

/// Goal for any topic, in milliseconds.
const GOAL: f64 = 5.0;

const PROGRAM: &str = env!("CARGO_BIN_EXE_tcptune");

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    // `cargo test --all-targets` starts this program as well; tests never time anything.
    if !arguments.iter().any(|argument| argument == "--bench") {
        println!("nothing is measured here: run `cargo bench`");
        return ExitCode::SUCCESS;
    }
    let quick = arguments.iter().any(|argument| argument == "--quick");
    match all(if quick { 3 } else { 9 }) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) if env::var_os("TCPTUNE_BENCH_ENFORCE").is_none_or(|value| value != "1") => {
            ExitCode::SUCCESS
        }
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// What is asked for, and how long it took in each round.
struct Asked {
    kind: &'static str,
    words: String,
    times: Vec<f64>,
}

/// Whether the slowest topic meets the goal.
fn all(rounds: usize) -> Result<bool, String> {
    let mut asked: Vec<Asked> = Vec::new();
    let mut ask = |kind, words: String| {
        asked.push(Asked {
            kind,
            words,
            times: Vec::new(),
        });
    };
    for topic in topic::topics() {
        ask(topic.kind.word(), topic.qualified());
    }
    for kind in Kind::ALL {
        ask("all of a kind", kind.plural().to_owned());
    }
    ask("rule", "ports-exhausted".to_owned());
    let mut peer = Vec::new();
    for _ in 0..rounds {
        for one in &mut asked {
            one.times.push(timed(PROGRAM, &["explain", &one.words])?);
        }
        for _ in 0..20 {
            peer.push(timed("sysctl", &["-n", "net.ipv4.tcp_fin_timeout"])?);
        }
    }
    let peer = median(&mut peer);
    println!("sysctl -n of one key: {peer:.2} ms (median)");
    println!(
        "{:<15} {:>6} {:>9} {:>9}  slowest",
        "kind", "topics", "median ms", "worst ms"
    );
    let mut medians: Vec<(&str, f64, &str)> = Vec::new();
    for one in &mut asked {
        medians.push((one.kind, median(&mut one.times), &one.words));
    }
    let mut kinds: Vec<&str> = medians.iter().map(|(kind, ..)| *kind).collect();
    kinds.dedup();
    let mut worst = 0.0_f64;
    for kind in kinds {
        let mut own: Vec<(f64, &str)> = medians
            .iter()
            .filter(|(other, ..)| *other == kind)
            .map(|(_, time, words)| (*time, *words))
            .collect();
        own.sort_by(|a, b| a.0.total_cmp(&b.0));
        let middle = own.get(own.len() / 2).map_or(0.0, |(time, _)| *time);
        let Some((slowest, words)) = own.last() else {
            continue;
        };
        println!(
            "{kind:<15} {:>6} {middle:>9.2} {slowest:>9.2}  {words}",
            own.len()
        );
        worst = worst.max(*slowest);
    }
    let met = worst <= GOAL;
    println!(
        "any topic: {worst:.2} ms, goal {GOAL:.0} ms: {}; {:.1} times sysctl's look at one key",
        if met { "met" } else { "missed" },
        worst / peer
    );
    Ok(met)
}

fn timed(program: &str, words: &[&str]) -> Result<f64, String> {
    let start = Instant::now();
    let status = Command::new(program)
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(|error| format!("{program}: {error}"))?;
    let time = start.elapsed().as_secs_f64() * 1000.0;
    if status.success() {
        Ok(time)
    } else {
        Err(format!("{program} {words:?} ended with {status}"))
    }
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(0.0)
}
