//! The queries of the README, run as they stand there by the real `DuckDB` over what the real program wrote.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::made::{Hosts, host, records, set, without_cookies};
use crate::run::skipped;

fn readme() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    std::fs::read_to_string(file).unwrap()
}

/// The section on many hosts.
fn section(readme: &str) -> &str {
    let (_, rest) = readme.split_once("\n## Fleet\n").unwrap();
    rest.split("\n## ").next().unwrap()
}

/// The Python that has `DuckDB`: from `TCPTUNE_DUCKDB`, else from where `.ci/run` installs it.
fn python() -> Option<PathBuf> {
    let file = match std::env::var_os("TCPTUNE_DUCKDB") {
        Some(file) => PathBuf::from(file),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("target/duckdb/bin/python"),
    };
    let found = Command::new(&file).args(["-c", "import duckdb"]).output();
    match found {
        Ok(output) if output.status.success() => Some(file),
        _ => {
            skipped(&format!(
                "no DuckDB in {}: .ci/run installs it, and TCPTUNE_DUCKDB names another Python",
                file.display()
            ));
            None
        }
    }
}

/// Prints the rows of a query as JSON.
const ASK: &str = "import duckdb, json, sys
rows = duckdb.execute(sys.stdin.read())
names = [column[0] for column in rows.description]
print(json.dumps([dict(zip(names, row)) for row in rows.fetchall()]))";

fn ask(python: &Path, query: &str, folder: &Path) -> Value {
    let mut child = Command::new(python)
        .args(["-c", ASK])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(query.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{query}\n{errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Twelve hosts: eight at the edge, four with data. Four have no SYN cookies, one listens with a short queue
/// among its like, and one was given by hand what its files do not say.
fn fleet() -> Hosts {
    let hosts = Hosts::new();
    for at in 0..12 {
        let role = if at < 8 { "edge" } else { "data" };
        let name = format!("{role}-{at:02}");
        let mut one = host(&name);
        one["labels"] = json!({ "role": role });
        let queue = if role == "edge" { 4096 } else { 128 };
        set(
            &mut one,
            "net.core.somaxconn",
            &json!({ "int": if at == 5 { 512 } else { queue } }),
        );
        if at % 3 == 0 {
            without_cookies(&mut one);
        }
        if at == 10 {
            set(
                &mut one,
                "net.ipv4.tcp_orphan_retries",
                &json!({ "int": 7 }),
            );
        }
        hosts.put(&format!("{name}.json"), &one);
    }
    hosts.write("broken.json", "{");
    std::fs::rename(hosts.path(""), hosts.around().join("snapshots")).unwrap();
    hosts
}

#[test]
fn the_queries_of_the_readme_find_what_was_put_there() {
    let readme = readme();
    let section = section(&readme);
    let queries: Vec<&str> = section
        .split("```sql\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert_eq!(
        queries.len(),
        3,
        "hosts per rule, outliers in a role, live and boot"
    );
    let command = section
        .lines()
        .filter_map(|line| line.strip_prefix("    tcptune check "))
        .find(|command| command.contains("-o fleet.ndjson"))
        .unwrap();
    let hosts = fleet();
    let words: Vec<&str> = command.split_whitespace().collect();
    hosts.check(&words).exits(1).complains("broken.json");
    let Some(python) = python() else { return };
    // Fields that no line has among the many a reader samples are found all the same.
    let file = hosts.around().join("fleet.ndjson");
    let written = std::fs::read_to_string(&file).unwrap();
    let mut plain = records(&written)
        .into_iter()
        .find(|record| record["result"] == "holds")
        .unwrap();
    plain.as_object_mut().unwrap().remove("label_role").unwrap();
    let stream = format!("{plain}\n").repeat(25_000) + &written;
    std::fs::write(&file, stream).unwrap();
    let rows = |query: &str| {
        ask(&python, query, hosts.around())
            .as_array()
            .unwrap()
            .clone()
    };

    let by_rule = rows(queries[0]);
    let cookies = by_rule
        .iter()
        .find(|row| row["rule"] == "syncookies-off")
        .unwrap();
    assert_eq!(
        (&cookies["hosts"], &cookies["severity"]),
        (&json!(4), &json!("medium"))
    );
    let boot = by_rule
        .iter()
        .find(|row| row["rule"] == "boot-differs-from-live")
        .unwrap();
    assert_eq!(boot["hosts"], 12);
    assert!(
        !by_rule
            .iter()
            .any(|row| row["rule"] == "accept-queue-overflow")
    );

    let outliers = rows(queries[1]);
    let seen: Vec<[&Value; 5]> = outliers
        .iter()
        .map(|row| ["role", "key", "host", "live", "usual"].map(|name| &row[name]))
        .collect();
    let (queue, cookies) = ("net.core.somaxconn", "net.ipv4.tcp_syncookies");
    let is = |row: [&str; 5]| {
        seen.iter()
            .any(|one| *one == row.map(|text| json!(text)).each_ref())
    };
    assert!(is(["edge", queue, "edge-05", "512", "4096"]), "{seen:?}");
    assert!(is(["edge", cookies, "edge-00", "0", "1"]), "{seen:?}");
    assert!(is(["data", cookies, "data-09", "0", "1"]), "{seen:?}");
    assert!(
        is(["data", "net.ipv4.tcp_orphan_retries", "data-10", "7", "0"]),
        "{seen:?}"
    );
    assert_eq!(
        seen.len(),
        6,
        "one queue, four times no cookies, one by hand: {seen:?}"
    );

    let boot = rows(queries[2]);
    let of = |key: &str| boot.iter().find(|row| row["key"] == key);
    let fin = of("net.ipv4.tcp_fin_timeout").unwrap();
    assert_eq!(
        (&fin["hosts"], &fin["live"], &fin["next_boot"]),
        (&json!(12), &json!("60"), &json!("15"))
    );
    let hand = of("net.ipv4.tcp_orphan_retries").unwrap();
    assert_eq!(
        (&hand["hosts"], &hand["such_as"], &hand["live"]),
        (&json!(1), &json!("data-10"), &json!("7"))
    );
    assert_eq!(of("net.ipv4.tcp_sack"), None, "what stays is not there");
}
