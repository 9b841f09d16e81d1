//! How fast `tcptune lint` reads what holds no setting, process start and all: megabytes of text on one core,
//! and 100,000 small files; and that four times of the worst text takes no more than about four times as long.
//!
//! `cargo bench --bench lint` runs it (`-- --quick`: a tenth of everything). Over text and small files, rounds
//! take turns with `grep -rn 'net\.ipv4\.' .` in the same folder, the search that people do by hand; it finds
//! nothing there either. Where a goal is missed, the run ends with an error only under
//! `TCPTUNE_BENCH_ENFORCE=1`.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

mod linear;

use std::env;
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

/// Goal on one core, in megabytes a second.
const RATE: f64 = 200.0;

/// Goal for 100,000 small files, in seconds.
const FILES: f64 = 5.0;

const PROGRAM: &str = env!("CARGO_BIN_EXE_tcptune");

/// Lines as pages, scripts and programs have them; words that begin like a key are among them.
const LINES: [&str; 6] = [
    "The network is reachable, and the subnet behind it answers on every internet address.\n",
    "    if let Some(packet) = queue.pop() { deliver(packet, Ethernet::II)?; } // no magnets\n",
    "| dotnet restore | 12 ms | planet, cabinet, clarinet | 0x1f2e3d4c5b6a7988 | done |\n",
    "- name: install packages\n  package: { name: [curl, netcat, netplan.io], state: present }\n",
    "for host in $HOSTS; do ssh \"$host\" systemctl restart networking; done\n",
    "größer als 数据 und mehr: kein Satz hat hier etwas mit Einstellungen zu tun\n",
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    // `cargo test --all-targets` starts this program as well; tests never time anything.
    if !arguments.iter().any(|argument| argument == "--bench") {
        println!("nothing is measured here: run `cargo bench`");
        return ExitCode::SUCCESS;
    }
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let met = text(quick)
        .and_then(|one| Ok(one & small_files(quick)?))
        .and_then(|both| Ok(both & linear::table(quick)?));
    match met {
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

/// Text without a setting, on one core.
fn text(quick: bool) -> io::Result<bool> {
    let (files, rounds) = if quick { (3, 3) } else { (32, 9) };
    let folder = tempfile::tempdir()?;
    let mut page = String::new();
    while page.len() < 8 * 1024 * 1024 {
        page.push_str(&LINES.concat());
    }
    for (number, end) in (0..files).zip(["txt", "md", "sh", "yaml", "conf", "rb"].iter().cycle()) {
        fs::write(folder.path().join(format!("{number}.{end}")), &page)?;
    }
    let megabytes = (files * page.len()) as f64 / 1e6;
    let (own, peer) = in_turns(folder.path(), rounds, true)?;
    let rate = megabytes / own;
    println!(
        "{megabytes:.0} MB of text, one core: {rate:.0} MB/s, goal {RATE:.0}: {}; grep {:.0} MB/s, ratio {:.2}",
        said(rate >= RATE),
        megabytes / peer,
        peer / own
    );
    Ok(rate >= RATE)
}

/// Many small files, on all cores.
fn small_files(quick: bool) -> io::Result<bool> {
    let (folders, rounds) = if quick { (100, 3) } else { (1000, 5) };
    let folder = tempfile::tempdir()?;
    let page = LINES.concat();
    for number in 0..folders {
        let below = folder.path().join(format!("{}/{number}", number % 20));
        fs::create_dir_all(&below)?;
        for number in 0..100 {
            fs::write(below.join(format!("{number}.md")), &page)?;
        }
    }
    let (own, peer) = in_turns(folder.path(), rounds, false)?;
    let share = f64::from(folders) / 1000.0;
    let goal = FILES * share;
    println!(
        "{} small files: {own:.2} s, goal {goal:.1} s: {}; grep {peer:.2} s, ratio {:.2}",
        folders * 100,
        said(own <= goal),
        peer / own
    );
    Ok(own <= goal)
}

const fn said(met: bool) -> &'static str {
    if met { "met" } else { "missed" }
}

/// The medians of both, in seconds. The first round of each warms the cache and is not counted.
fn in_turns(folder: &Path, rounds: usize, one_core: bool) -> io::Result<(f64, f64)> {
    let (mut own, mut peer) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        let times = [
            timed(folder, one_core, &[PROGRAM, "lint", "."], 0)?,
            // Nothing found is 1 to grep.
            timed(folder, one_core, &["grep", "-rn", r"net\.ipv4\.", "."], 1)?,
        ];
        if round > 0 {
            own.push(times[0]);
            peer.push(times[1]);
        }
    }
    Ok((median(&mut own), median(&mut peer)))
}

fn timed(folder: &Path, one_core: bool, words: &[&str], code: i32) -> io::Result<f64> {
    let pinned = ["taskset", "-c", "0"];
    let lead: &[&str] = if one_core { &pinned } else { &[] };
    let words: Vec<&str> = lead.iter().chain(words).copied().collect();
    let Some((program, words)) = words.split_first() else {
        return Err(io::Error::other("no program"));
    };
    let start = Instant::now();
    let status = Command::new(program)
        .args(words)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()?;
    let time = start.elapsed().as_secs_f64();
    if status.code() == Some(code) {
        Ok(time)
    } else {
        Err(io::Error::other(format!("{program} ended with {status}")))
    }
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(0.0)
}
