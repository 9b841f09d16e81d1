//! How long `tcptune check` takes, and how much memory, against the tools it replaces.
//!
//! `cargo bench` runs it (`-- --quick`: fewer rounds). Each comparison is made in one sitting, the
//! commands taking turns, and told as a ratio of medians, which a busy machine disturbs least. Goals
//! that are missed end the run with an error only where `TCPTUNE_BENCH_ENFORCE=1`.
//!
//! Nothing of the host is changed: settings are written, and sockets made, in network namespaces that
//! end with this program.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

mod duel;
#[path = "../measured/mod.rs"]
mod measured;
mod situations;
mod sockets;
mod table;

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use self::measured::crowd;
use self::measured::sitting::{as_mapped_root, judged, told, within};
use self::table::Row;

/// Beyond this something hangs.
const LIMIT: Duration = Duration::from_secs(150);

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let Some((crowd::HOLD, more)) = arguments.split_first().map(|(a, b)| (a.as_str(), b)) {
        return told(crowd::hold(more));
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
    match within(LIMIT, move || situations::all(rounds)) {
        Ok(rows) => {
            print!("{}", table::render(&rows, rounds));
            judged(rows.iter().any(Row::is_missed))
        }
        Err(error) => told(Err(error)),
    }
}
