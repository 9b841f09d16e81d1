//! How many saved hosts a second `tcptune check --snapshot DIR` judges, what a second thread brings, and that
//! memory does not grow with their number.
//!
//! `cargo bench --bench fleet` runs it (`-- --quick`: a tenth of the hosts). One snapshot of this host, with both
//! samples, becomes 10,000 by names and values, in a temporary folder (`TMPDIR`, 2 GB). Commands take turns in
//! one run and are told as ratios of medians. Peers only parse the same files: `python3` with `json.load`, and
//! `jq -c .`, on a tenth of the files. Goals that are missed end the run with an error only where
//! `TCPTUNE_BENCH_ENFORCE=1`.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

mod hosts;

use std::env;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Instant;

use self::hosts::Hosts;

const PROGRAM: &str = env!("CARGO_BIN_EXE_tcptune");

/// Goal for two threads against one.
const FASTER: f64 = 1.7;

/// Goal for the memory that a hundred times as many hosts take more, in MiB.
const MORE: f64 = 4.0;

/// What a peer does with the files that are named.
const LOAD: &str = "import json, sys\nfor name in sys.argv[1:]:\n    json.load(open(name))";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    // `cargo test --all-targets` starts this program as well; tests never time anything.
    if !arguments.iter().any(|argument| argument == "--bench") {
        println!("nothing is measured here: run `cargo bench --bench fleet`");
        return ExitCode::SUCCESS;
    }
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let (number, rounds) = if quick { (1_000, 3) } else { (10_000, 5) };
    match all(number, rounds) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) if env::var_os("TCPTUNE_BENCH_ENFORCE").is_none_or(|value| value != "1") => {
            ExitCode::SUCCESS
        }
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("the measurement failed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn all(number: usize, rounds: usize) -> io::Result<bool> {
    let hosts = Hosts::made(number)?;
    println!(
        "{number} snapshots of {} KB, {rounds} rounds, {} processors",
        hosts.size / 1000,
        std::thread::available_parallelism().map_or(1, usize::from)
    );
    let faster = threads(&hosts, rounds)?;
    peers(&hosts, rounds)?;
    let bounded = memory(&hosts)?;
    Ok(faster & bounded)
}

/// All hosts, on one thread and on two, as records and as a page.
fn threads(hosts: &Hosts, rounds: usize) -> io::Result<bool> {
    let folder = &hosts.folder();
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..rounds {
        let [one, two, page] = &mut times;
        one.push(timed(&mut check(
            &[folder],
            &["--jobs=1", "--format=ndjson"],
        ))?);
        two.push(timed(&mut check(
            &[folder],
            &["--jobs=2", "--format=ndjson"],
        ))?);
        page.push(timed(&mut check(&[folder], &["--jobs=2"]))?);
    }
    let [one, two, page] = times.map(median);
    let rate = |time: f64| hosts.number as f64 / time;
    let met = one / two >= FASTER;
    println!("records, 1 thread     {:>7.0} hosts/s", rate(one));
    println!(
        "records, 2 threads    {:>7.0} hosts/s  {:.2} times 1 thread (goal {FASTER}: {})",
        rate(two),
        one / two,
        said(met)
    );
    println!("page, 2 threads       {:>7.0} hosts/s", rate(page));
    Ok(met)
}

/// A tenth of the hosts, beside programs that only parse them.
fn peers(hosts: &Hosts, rounds: usize) -> io::Result<()> {
    let files = hosts.first(hosts.number / 10);
    let named: Vec<&PathBuf> = files.iter().collect();
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..rounds {
        let [own, python, jq] = &mut times;
        own.push(timed(&mut check(&named, &["--jobs=1", "--format=ndjson"]))?);
        python.push(timed(
            Command::new("python3").args(["-c", LOAD]).args(&files),
        )?);
        jq.push(timed(Command::new("jq").args(["-c", "."]).args(&files))?);
    }
    let [own, python, jq] = times.map(median);
    let rate = |time: f64| files.len() as f64 / time;
    println!(
        "the first {}, 1 thread {:>7.0} hosts/s",
        files.len(),
        rate(own)
    );
    for (name, time) in [("python3 json.load", python), ("jq -c .", jq)] {
        println!(
            "{name:<21} {:>7.0} hosts/s  {:.2} times as long as a judgement",
            rate(time),
            time / own
        );
    }
    Ok(())
}

/// The most memory of a run over a hundred hosts, and over all.
fn memory(hosts: &Hosts) -> io::Result<bool> {
    let mut met = true;
    for (format, output) in [("records", "--format=ndjson"), ("page", "--format=human")] {
        let few = peak(check(
            &hosts.first(100).iter().collect::<Vec<_>>(),
            &["--jobs=2", output],
        ))?;
        let all = peak(check(&[&hosts.folder()], &["--jobs=2", output]))?;
        let kept = all - few <= MORE;
        println!(
            "memory, {format:<8}      {few:.1} MiB for 100 hosts, {all:.1} MiB for {} (goal {MORE} MiB more: {})",
            hosts.number,
            said(kept)
        );
        met &= kept;
    }
    Ok(met)
}

const fn said(met: bool) -> &'static str {
    if met { "met" } else { "missed" }
}

fn check(snapshots: &[&PathBuf], options: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .arg("check")
        .args(options)
        .arg("--snapshot")
        .args(snapshots);
    command.stdin(Stdio::null());
    command
}

/// Seconds from start to end.
fn timed(command: &mut Command) -> io::Result<f64> {
    let start = Instant::now();
    let status = command.stdout(Stdio::null()).status()?;
    let time = start.elapsed().as_secs_f64();
    // 1 tells of findings.
    match status.code() {
        Some(0 | 1) => Ok(time),
        _ => Err(io::Error::other(format!("{command:?} ended with {status}"))),
    }
}

/// The most memory a command was seen with, in MiB. What it writes is read meanwhile, and it is looked at
/// after every piece; a page comes last, and what was read before it is what counts.
fn peak(mut command: Command) -> io::Result<f64> {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let Some(mut out) = child.stdout.take() else {
        return Err(io::Error::other("no output"));
    };
    let (mut peak, mut piece) = (0, vec![0; 1 << 16]);
    loop {
        let now = seen(&child);
        peak = peak.max(now.unwrap_or(0));
        let waits = rustix::event::PollFd::new(&out, rustix::event::PollFlags::IN);
        let timeout = rustix::event::Timespec {
            tv_sec: 0,
            tv_nsec: 5_000_000,
        };
        if rustix::event::poll(&mut [waits], Some(&timeout))? > 0 && out.read(&mut piece)? == 0 {
            break;
        }
    }
    child.wait()?;
    Ok(f64::from(peak) / 1024.0)
}

fn seen(child: &Child) -> Option<u32> {
    let status = fs::read_to_string(
        Path::new("/proc")
            .join(child.id().to_string())
            .join("status"),
    )
    .ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}
