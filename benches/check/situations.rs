//! What is measured: an idle namespace, this host, and ten thousand sockets.

use std::collections::BTreeMap;
use std::fs;
use std::thread::sleep;
use std::time::Duration;

use tcptune::fact::socket::TcpState;

use crate::measure::{CHECK, Line, SS, SYSCTL, TCPTUNE, duel, output, peak_memory};
use crate::namespace::inside;
use crate::sockets::{Crowd, expected};
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
    let _crowd = match Crowd::gather() {
        Ok(crowd) => crowd,
        Err(why) => return Ok(vec![Row::not_measured(WHAT, &why)]),
    };
    if let Some(why) = absent(&SS) {
        return Ok(vec![Row::not_measured(WHAT, &why), memory(WHAT)?]);
    }
    same_counts()?;
    let time = Row::faster(WHAT, duel(&CHECK, &SS, rounds)?, FACTOR);
    let rows = vec![time, memory(WHAT)?];
    // Were they to change meanwhile, the comparison would not be one.
    same_counts()?;
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

/// Waits until `ss` counts the sockets that were made, and makes sure that the program counts the same.
fn same_counts() -> Result<(), String> {
    let made = expected();
    let mut counted = by_ss()?;
    for _ in 0..200 {
        if counted == made {
            break;
        }
        sleep(Duration::from_millis(25));
        counted = by_ss()?;
    }
    let own = by_facts()?;
    if counted == made && own == made {
        Ok(())
    } else {
        Err(format!(
            "sockets by state, made: {made:?}, by ss: {counted:?}, by tcptune: {own:?}"
        ))
    }
}

fn by_ss() -> Result<BTreeMap<String, u64>, String> {
    let output = output("ss", &["-tanH"])?;
    let mut counts = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let state = line.split_whitespace().next().unwrap_or_default();
        *counts.entry(state.to_owned()).or_default() += 1;
    }
    Ok(counts)
}

fn by_facts() -> Result<BTreeMap<String, u64>, String> {
    let output = output(TCPTUNE, &["facts", "socket.", "--format", "json"])?;
    let facts: serde_json::Value =
        serde_json::from_slice(&output.stdout).map_err(|error| format!("facts: {error}"))?;
    let facts = facts.as_array().ok_or("facts: not a list")?;
    let count = |name: &str| {
        let fact = facts.iter().find(|fact| fact["name"] == name)?;
        fact["value"].as_str()?.parse::<u64>().ok()
    };
    let mut counts = BTreeMap::new();
    for state in TcpState::ALL {
        let name = format!("socket.{}", state.name());
        let found = count(&name).ok_or_else(|| format!("facts: no count of {name}"))?;
        if found > 0 {
            counts.insert(state.ss_name().to_owned(), found);
        }
    }
    Ok(counts)
}
