//! How long `tcptune check` takes, and how much memory, against the tools it replaces.
//!
//! `cargo bench` runs it (`-- --quick`: fewer rounds). Each comparison is made in one sitting, the
//! commands taking turns, and told as a ratio of medians, which a busy machine disturbs least. Goals
//! that are missed end the run with an error only where `TCPTUNE_BENCH_ENFORCE=1`.
//!
//! Nothing of the host is changed: settings are written, and sockets made, in network namespaces that
//! end with this program.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

mod measure;
mod namespace;
mod situations;
mod sockets;
mod table;

use std::env;
use std::process::{Command, ExitCode};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use self::table::Row;

/// Beyond this something hangs.
const LIMIT: Duration = Duration::from_secs(150);

/// Set in the run that has become root of a user namespace.
const MAPPED: &str = "TCPTUNE_BENCH_MAPPED";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if arguments
        .first()
        .is_some_and(|first| first == sockets::HOLD)
    {
        return told(sockets::hold(arguments.get(1).map_or("", String::as_str)));
    }
    // `cargo test --all-targets` starts this program as well; tests never time anything.
    if !arguments.iter().any(|argument| argument == "--bench") {
        println!("nothing is measured here: run `cargo bench`");
        return ExitCode::SUCCESS;
    }
    if let Some(code) = as_mapped_root(&arguments) {
        return code;
    }
    let rounds = if arguments.iter().any(|argument| argument == "--quick") {
        5
    } else {
        25
    };
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(situations::all(rounds)));
    match receiver.recv_timeout(LIMIT) {
        Ok(Ok(rows)) => judged(&rows, rounds),
        Ok(Err(error)) => told(Err(error)),
        Err(_) => told(Err(format!("not done after {} s", LIMIT.as_secs()))),
    }
}

fn judged(rows: &[Row], rounds: usize) -> ExitCode {
    print!("{}", table::render(rows, rounds));
    let enforced = env::var_os("TCPTUNE_BENCH_ENFORCE").is_some_and(|value| value == "1");
    if enforced && rows.iter().any(Row::is_missed) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

fn told(result: Result<(), String>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("the measurement failed: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Only root can make network namespaces, be it root of a user namespace: runs this program again as
/// such where that is possible. Reading costs the same there.
fn as_mapped_root(arguments: &[String]) -> Option<ExitCode> {
    if rustix::process::geteuid().is_root() || env::var_os(MAPPED).is_some() {
        return None;
    }
    let way = ["--user", "--map-root-user"];
    let probe = Command::new("unshare").args(way).arg("true").output();
    if !probe.is_ok_and(|output| output.status.success()) {
        return None;
    }
    let mut again = Command::new("unshare");
    again
        .args(way)
        .arg(env::current_exe().ok()?)
        .args(arguments);
    let status = again.env(MAPPED, "1").status().ok()?;
    Some(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
