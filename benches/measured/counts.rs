//! How many sockets are in each state, by the names of `ss`: nothing is timed before all agree.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use tcptune::fact::socket::TcpState;

use super::command::{TCPTUNE, command, output};

pub(crate) type Counts = BTreeMap<String, u64>;

/// Waits until `ss` counts the sockets that were made, and makes sure that the program counts the same
/// in each of these ways, which are more arguments of `tcptune facts`.
pub(crate) fn same_counts(made: &Counts, ways: &[&[&str]]) -> Result<(), String> {
    let mut counted = by_ss()?;
    for _ in 0..200 {
        if counted == *made {
            break;
        }
        sleep(Duration::from_millis(25));
        counted = by_ss()?;
    }
    if counted != *made {
        return Err(format!("sockets, made: {made:?}, by ss: {counted:?}"));
    }
    for way in ways {
        let own = by_facts(way)?;
        if own != *made {
            return Err(format!("sockets, by ss: {made:?}, by {way:?}: {own:?}"));
        }
    }
    Ok(())
}

/// Line by line: a million of them are much text.
pub(crate) fn by_ss() -> Result<Counts, String> {
    let fault = |error: std::io::Error| format!("ss: {error}");
    let mut ss = command("ss", &["-tanH"]).stdout(Stdio::piped()).spawn();
    let ss = ss.as_mut().map_err(|error| format!("ss: {error}"))?;
    let mut counts = Counts::new();
    if let Some(output) = ss.stdout.take() {
        for line in BufReader::new(output).lines() {
            let line = line.map_err(fault)?;
            let state = line.split_whitespace().next().unwrap_or_default();
            match counts.get_mut(state) {
                Some(count) => *count += 1,
                None => _ = counts.insert(state.to_owned(), 1),
            }
        }
    }
    let status = ss.wait().map_err(fault)?;
    if status.success() {
        Ok(counts)
    } else {
        Err(format!("ss: {status}"))
    }
}

fn by_facts(more: &[&str]) -> Result<Counts, String> {
    let arguments = [&["facts", "socket.", "--format", "json"], more].concat();
    let output = output(TCPTUNE, &arguments)?;
    let facts: serde_json::Value =
        serde_json::from_slice(&output.stdout).map_err(|error| format!("facts: {error}"))?;
    let facts = facts.as_array().ok_or("facts: not a list")?;
    let count = |name: &str| {
        let fact = facts.iter().find(|fact| fact["name"] == name)?;
        fact["value"].as_str()?.parse::<u64>().ok()
    };
    let mut counts = Counts::new();
    for state in TcpState::ALL {
        let name = format!("socket.{}", state.name());
        let found = count(&name).ok_or_else(|| format!("facts: no count of {name}"))?;
        if found > 0 {
            counts.insert(state.ss_name().to_owned(), found);
        }
    }
    Ok(counts)
}
