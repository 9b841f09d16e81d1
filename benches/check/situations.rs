//! What is measured: an idle namespace, this host, and ten thousand sockets.

use std::fs;

use crate::duel::duel;
use crate::measured::command::{CHECK, Line, SS, SYSCTL, TCPTUNE, peak_memory};
use crate::measured::counts::same_counts;
use crate::measured::namespace::inside;
use crate::sockets::gather;
use crate::table::Row;

/// At most this part of the time of `sysctl` on a host with nothing to do.
const SHARE: f64 = 0.25;
/// At least so many times as fast as `ss` among ten thousand sockets.
const FACTOR: f64 = 3.0;
/// Mebibytes of memory, whatever the number of sockets.
const MEMORY: u64 = 12;
/// Mebibytes of the program file.
const FILE: u64 = 4;

type Rows = Result<Vec<Row>, String>;

/// Every row of the table. An error: a command failed, or gave wrong numbers, which are not worth timing.
pub(crate) fn all(rounds: usize) -> Rows {
    let mut rows = match inside(|| idle("idle namespace", rounds)) {
        Ok(rows) => rows?,
        Err(why) => no_namespace("idle namespace", &why),
    };
    rows.extend(idle("this host", rounds)?);
    rows.extend(match inside(|| crowded(rounds)) {
        Ok(rows) => rows?,
        Err(why) => no_namespace("10,000 sockets", &why),
    });
    let file = fs::metadata(TCPTUNE).map_err(|error| format!("{TCPTUNE}: {error}"))?;
    rows.push(Row::size("program file", file.len(), FILE));
    Ok(rows)
}

fn no_namespace(what: &str, why: &str) -> Vec<Row> {
    let why = format!("no network namespace can be had ({why})");
    vec![Row::not_measured(what, &why)]
}

fn idle(what: &str, rounds: usize) -> Rows {
    let time = match absent(&SYSCTL) {
        Some(why) => Row::not_measured(what, &why),
        None => Row::share(what, duel(&CHECK, &SYSCTL, rounds)?, SHARE),
    };
    Ok(vec![time, memory(what)?])
}

fn crowded(rounds: usize) -> Rows {
    const WHAT: &str = "10,000 sockets";
    let (_crowd, made) = match gather() {
        Ok(gathered) => gathered,
        Err(why) => return Ok(vec![Row::not_measured(WHAT, &why)]),
    };
    if let Some(why) = absent(&SS) {
        return Ok(vec![Row::not_measured(WHAT, &why), memory(WHAT)?]);
    }
    same_counts(&made, &[&[]])?;
    let time = Row::faster(WHAT, duel(&CHECK, &SS, rounds)?, FACTOR);
    let rows = vec![time, memory(WHAT)?];
    // Were they to change meanwhile, the comparison would not be one.
    same_counts(&made, &[&[]])?;
    Ok(rows)
}

fn memory(what: &str) -> Result<Row, String> {
    let bytes = peak_memory(&CHECK)?;
    Ok(Row::size(&format!("{what}, peak memory"), bytes, MEMORY))
}

fn absent(line: &Line) -> Option<String> {
    let program = line.missing()?;
    Some(format!("`{program}` is not installed"))
}
