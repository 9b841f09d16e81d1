//! How `tcptune` does among very many sockets, against the tools it replaces.
//!
//! `cargo bench --bench scale` runs it, as root; `-- --quick` with fewer sizes and rounds,
//! `-- --million` with a million sockets as well, `-- --markdown` for the table of a page. The sockets
//! are made here, in network namespaces that end with this program; nothing of the host is changed.
//!
//! Before anything is timed, all ways to count have to give the same numbers for sockets that stand
//! still. Each comparison is made in one sitting, the commands taking turns, and told as a ratio of
//! medians. Goals that are missed end the run with an error only where `TCPTUNE_BENCH_ENFORCE=1`.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]
#![expect(
    clippy::print_stderr,
    reason = "it takes minutes, and says how far it is"
)]

mod beside;
mod established;
mod filled;
mod flood;
#[path = "../../tests/lab/forged.rs"]
mod forged;
mod idle;
#[path = "../measured/mod.rs"]
mod measured;
mod owners;
mod plan;
mod rounds;
mod situations;
mod syn_recv;
mod table;
mod time_wait;
mod tools;
mod walks;

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use self::measured::crowd;
use self::measured::sitting::{as_mapped_root, judged, told, within};
use self::plan::Plan;
use self::table::Row;

/// Beyond this something hangs.
const LIMIT: Duration = Duration::from_secs(3000);

/// Mebibytes of memory, whatever the number of sockets.
const MEMORY: u64 = 12;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.split_first() {
        Some((first, more)) if first == crowd::HOLD => return told(crowd::hold(more)),
        Some((first, more)) if first == walks::WALK => {
            return told(walks::walk(more.first().map_or("", String::as_str)));
        }
        _ => {}
    }
    // `cargo test --all-targets` starts this program as well; tests never time anything.
    if !arguments.iter().any(|argument| argument == "--bench") {
        println!("nothing is measured here: run `cargo bench`");
        return ExitCode::SUCCESS;
    }
    if let Some(code) = as_mapped_root(&arguments) {
        return code;
    }
    let measured = Plan::of(&arguments).and_then(|plan| {
        let (rounds, is_markdown) = (plan.rounds, plan.markdown);
        let rows = within(LIMIT, move || situations::all(&plan))?;
        Ok((rows, rounds, is_markdown))
    });
    match measured {
        Ok((rows, rounds, is_markdown)) => {
            println!("Medians of {rounds} rounds, the commands taking turns.\n");
            let table = if is_markdown {
                table::markdown(&rows)
            } else {
                table::text(&rows)
            };
            print!("{table}");
            judged(rows.iter().any(Row::is_missed))
        }
        Err(error) => told(Err(error)),
    }
}
