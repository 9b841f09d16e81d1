//! How long the boot configuration takes to read: a usual host's, ten thousand files, fifty megabytes.
//!
//! `cargo bench --bench boot` runs it (`-- --quick`: fewer rounds). Times are medians within this program,
//! behind them the processor's share, which a busy machine disturbs less; beside them it runs as a program
//! of its own, taking turns with `systemd-analyze cat-config`, which reads the same files and prints them. Goals that are missed end the run with an error only where
//! `TCPTUNE_BENCH_ENFORCE=1`.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

mod trees;

use std::env;
use std::fmt;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};
use tcptune::bootconf::{Load, load};
use tcptune::fact::boot::Engine;
use tcptune::host::{BootTree, KernelKeys};

/// Asks this program to read a tree once and to end.
const READ: &str = "--read";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [first, root, ..] = arguments.as_slice()
        && first == READ
    {
        return told(read(Path::new(root), Engine::Systemd).map(|load| drop(black_box(load))));
    }
    // `cargo test --all-targets` starts this program as well; tests never time anything.
    if !arguments.iter().any(|argument| argument == "--bench") {
        println!("nothing is measured here: run `cargo bench`");
        return ExitCode::SUCCESS;
    }
    let quick = arguments.iter().any(|argument| argument == "--quick");
    told(all(quick))
}

fn told(result: Result<(), String>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn all(quick: bool) -> Result<(), String> {
    println!(
        "| files | systemd's rules | procps' rules | goal | as a program | systemd-analyze | ratio |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|");
    let mut missed = Vec::new();
    for situation in trees::SITUATIONS {
        let root = tempfile::tempdir().map_err(|error| error.to_string())?;
        (situation.lay_out)(root.path()).map_err(|error| error.to_string())?;
        let rounds = if quick { 5 } else { situation.rounds };
        let [systemd, procps] = both(root.path(), rounds)?;
        let (own, peer) = duel(root.path(), rounds.min(25))?;
        let ratio = peer.map_or("–".to_owned(), |peer| format!("{:.2}", own / peer));
        let peer = peer.map_or("not there".to_owned(), |peer| format!("{peer:.1} ms"));
        println!(
            "| {} | {systemd} | {procps} | {} ms | {own:.1} ms | {peer} | {ratio} |",
            situation.name, situation.goal
        );
        if systemd.wall.max(procps.wall) > situation.goal {
            missed.push(situation.name);
        }
    }
    let enforced = env::var_os("TCPTUNE_BENCH_ENFORCE").is_some_and(|value| value == "1");
    if enforced && !missed.is_empty() {
        return Err(format!("the goal is missed: {}", missed.join(", ")));
    }
    Ok(())
}

fn read(root: &Path, engine: Engine) -> Result<Load, String> {
    let tree = BootTree::open(root).map_err(|error| error.to_string())?;
    let keys = KernelKeys::open(Path::new("/proc"));
    Ok(load(&tree, &keys, engine, None))
}

/// Medians, in milliseconds.
struct Times {
    wall: f64,
    processor: f64,
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} ms ({:.2})", self.wall, self.processor)
    }
}

/// Both loaders' rules, which take turns.
fn both(root: &Path, rounds: usize) -> Result<[Times; 2], String> {
    let mut times = [(Vec::new(), Vec::new()), (Vec::new(), Vec::new())];
    for _ in 0..rounds {
        for (engine, (walls, processors)) in
            [Engine::Systemd, Engine::Procps].iter().zip(&mut times)
        {
            let (start, used) = (Instant::now(), processor());
            let load = read(root, *engine)?;
            walls.push(start.elapsed().as_secs_f64() * 1e3);
            processors.push(processor() - used);
            if load.definitions.is_empty() {
                return Err("nothing was read".to_owned());
            }
        }
    }
    Ok(times.map(|(walls, processors)| Times {
        wall: median(walls),
        processor: median(processors),
    }))
}

/// What this thread has used of the processor, in milliseconds.
fn processor() -> f64 {
    let used = clock_gettime(ClockId::ThreadCPUTime);
    used.tv_sec as f64 * 1e3 + used.tv_nsec as f64 / 1e6
}

/// Medians of this program and of its peer, which is not everywhere.
fn duel(root: &Path, rounds: usize) -> Result<(f64, Option<f64>), String> {
    let own = env::current_exe().map_err(|error| error.to_string())?;
    let (mut owns, mut peers) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let mut own = Command::new(&own);
        owns.push(timed(own.arg(READ).arg(root)).ok_or("this program does not run")?);
        let mut peer = Command::new("systemd-analyze");
        let mut option = std::ffi::OsString::from("--root=");
        option.push(root);
        peers.extend(timed(peer.arg(option).args([
            "--no-pager",
            "cat-config",
            "sysctl.d",
        ])));
    }
    let peer = (!peers.is_empty()).then(|| median(peers));
    Ok((median(owns), peer))
}

fn timed(command: &mut Command) -> Option<f64> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let start = Instant::now();
    let status = command.status().ok()?;
    let time = start.elapsed();
    status.success().then_some(time.as_secs_f64() * 1e3)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}
